"""What other people's tests say where the app answers in Django's place: why, and which tests.

A test that is listed here passes without the app and fails with it. Any other that does so has
found a fault. Of a test that a version doesn't have, nothing is expected.
"""

from __future__ import annotations

from collections.abc import Mapping

DJANGO: Mapping[str, str] = {
    "The page has other words.": """
        auth_tests.test_remote_user.ASGISyncPathRemoteUserTest.test_csrf_validation_passes_after_process_request_login_async
        auth_tests.test_remote_user.AllowAllUsersRemoteUserBackendTest.test_csrf_validation_passes_after_process_request_login
        auth_tests.test_remote_user.AllowAllUsersRemoteUserBackendTest.test_csrf_validation_passes_after_process_request_login_async
        auth_tests.test_remote_user.CustomHeaderASGISyncPathRemoteUserTest.test_csrf_validation_passes_after_process_request_login_async
        auth_tests.test_remote_user.CustomHeaderRemoteUserTest.test_csrf_validation_passes_after_process_request_login
        auth_tests.test_remote_user.CustomHeaderRemoteUserTest.test_csrf_validation_passes_after_process_request_login_async
        auth_tests.test_remote_user.PersistentRemoteUserTest.test_csrf_validation_passes_after_process_request_login
        auth_tests.test_remote_user.PersistentRemoteUserTest.test_csrf_validation_passes_after_process_request_login_async
        auth_tests.test_remote_user.RemoteUserCustomTest.test_csrf_validation_passes_after_process_request_login
        auth_tests.test_remote_user.RemoteUserCustomTest.test_csrf_validation_passes_after_process_request_login_async
        auth_tests.test_remote_user.RemoteUserNoCreateTest.test_csrf_validation_passes_after_process_request_login
        auth_tests.test_remote_user.RemoteUserNoCreateTest.test_csrf_validation_passes_after_process_request_login_async
        auth_tests.test_remote_user.RemoteUserTest.test_csrf_validation_passes_after_process_request_login
        auth_tests.test_remote_user.RemoteUserTest.test_csrf_validation_passes_after_process_request_login_async
        view_tests.tests.test_csrf.CsrfViewTests.test_no_django_template_engine
        view_tests.tests.test_csrf.CsrfViewTests.test_no_cookies
        view_tests.tests.test_csrf.CsrfViewTests.test_no_referer
        view_tests.tests.test_csrf.CsrfViewTests.test_translation
        view_tests.tests.test_debug.DebugViewTests.test_403
        view_tests.tests.test_debug.NonDjangoTemplatesDebugViewTests.test_403
        view_tests.tests.test_defaults.DefaultsTests.test_page_not_found
    """,
    "What an exception says isn't shown, nor given to a template.": """
        admin_docs.test_views.TestModelDetailView.test_app_not_found
        admin_docs.test_views.TestModelDetailView.test_model_not_found
        generic_views.test_dates.DateDetailViewTests.test_year_out_of_range
        generic_views.test_dates.MonthArchiveViewTests.test_month_view_without_month_in_url
        sitemaps_tests.test_http.HTTPSitemapTests.test_empty_page
        sitemaps_tests.test_http.HTTPSitemapTests.test_no_section
        sitemaps_tests.test_http.HTTPSitemapTests.test_page_not_int
        view_tests.tests.test_debug.DebugViewTests.test_403_template
        view_tests.tests.test_defaults.DefaultsTests.test_custom_templates
    """,
    "The page is made once and remembered, so that the test client sees no context of it.": """
        handlers.tests.HandlerRequestTests.test_invalid_urls
    """,
    "In DEBUG, too, a client that asks for JSON gets JSON.": """
        view_tests.tests.test_debug.NonHTMLResponseExceptionReporterFilter.test_non_html_response_encoding
    """,
}

REST_FRAMEWORK: Mapping[str, str] = {
    "The data are the members of a problem.": """
        tests/authentication/test_authentication.py::IncorrectCredentialsTests::test_incorrect_credentials
        tests/authentication/test_authentication.py::NoAuthenticationClassesTests::test_permission_message_with_no_authentication_classes
        tests/test_pagination.py::TestPaginationIntegration::test_404_not_found_for_invalid_page
        tests/test_pagination.py::TestPaginationIntegration::test_404_not_found_for_zero_page
    """,
    "The data are the members of a problem, and REST framework's own words the app's.": """
        tests/test_decorators.py::DecoratorTestCase::test_metadata_class
        tests/test_generics.py::TestInstanceView::test_post_instance_view
        tests/test_generics.py::TestRootView::test_delete_root_view
        tests/test_generics.py::TestRootView::test_put_root_view
        tests/test_metadata.py::TestMetadata::test_none_metadata
    """,
    "What Django's exceptions, parsers and the CSRF check say isn't shown.": """
        tests/test_generics.py::TestFilterBackendAppliedToViews::test_get_instance_view_filters_out_name_with_filter_backend
        tests/test_testing.py::TestAPIRequestFactory::test_explicitly_enforce_csrf_checks
        tests/test_testing.py::TestAPITestClient::test_explicitly_enforce_csrf_checks
        tests/test_views.py::ClassBasedViewIntegrationTests::test_400_parse_error
        tests/test_views.py::FunctionBasedViewIntegrationTests::test_400_parse_error
    """,
    "What is wrong with the content is one flat list.": """
        tests/browsable_api/test_form_rendering.py::TestPostingListData::test_browsable_api
        tests/browsable_api/test_form_rendering.py::TestPostingListData::test_json_response
        tests/test_validation.py::TestMaxValueValidatorValidation::test_max_value_validation_fail
    """,
    "Where there is no template for an error, the page is the app's.": """
        tests/test_htmlrenderer.py::TemplateHTMLRendererTests::test_not_found_html_view
        tests/test_htmlrenderer.py::TemplateHTMLRendererTests::test_permission_denied_html_view
        tests/test_htmlrenderer.py::TemplateHTMLRendererTests::test_validation_error_html_view
    """,
    # By no other loader than these tests' is a page found for the app and not for the renderer.
    "A template that the app finds has no {{ detail }}, but the problem.": """
        tests/test_htmlrenderer.py::TemplateHTMLRendererExceptionTests::test_not_found_html_view_with_template
        tests/test_htmlrenderer.py::TemplateHTMLRendererExceptionTests::test_permission_denied_html_view_with_template
    """,
}

HEALTHCHECKS: Mapping[str, str] = {}

OSCAR: Mapping[str, str] = {}
