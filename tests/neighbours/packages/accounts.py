"""Packages for users: who they are, how they sign in, and what they may."""

from __future__ import annotations

from ..recipes import HTML, JSON, PROBLEM, Asker, neighbour, routes_of

HANDLER = "django_http_errors.rest_framework.exception_handler"


@neighbour(
    "django-allauth",
    "allauth",
    apps=[
        "django.contrib.sites",
        "allauth",
        "allauth.account",
        "allauth.headless",
        "allauth.socialaccount",
    ],
    middleware=["allauth.account.middleware.AccountMiddleware"],
    urls=routes_of("allauth_site"),
    settings={
        "SITE_ID": 1,
        "AUTHENTICATION_BACKENDS": [
            "django.contrib.auth.backends.ModelBackend",
            "allauth.account.auth_backends.AuthenticationBackend",
        ],
        "ACCOUNT_RATE_LIMITS": {"login": "1/m/ip", "login_failed": "1/m/ip"},
        "HEADLESS_ENABLED": True,
    },
)
def allauth(ask: Asker) -> None:
    """429 by the URLconf's `handler429`; the headless API's answers are its own."""
    from django.core.cache import cache

    cache.clear()
    form = "login=jane&password=wrong"
    kind = "application/x-www-form-urlencoded"
    ask.client.enforce_csrf_checks = False
    for accept, sent in ((PROBLEM, PROBLEM), (HTML, "text/html; charset=utf-8")):
        for _time in range(3):
            response = ask("/accounts/login/", accept, "POST", form, kind)
        assert (response.status_code, response.problem.status) == (429, 429)
        assert response.headers["Content-Type"] == sent
    # Its own 401 and 400 have bodies: they say what an app can do next.
    response = ask("/_allauth/app/v1/auth/session", JSON)
    assert response.status_code == 401
    assert "flows" in response.json()["data"]
    response = ask("/_allauth/app/v1/auth/login", JSON, "POST", "{}")
    assert response.status_code in (400, 429)
    assert not hasattr(response, "problem")
    ask.problem("/_allauth/app/v1/nowhere", 404)
    ask.problem("/_allauth/app/v1/auth/login", 405)


@neighbour(
    "django-two-factor-auth",
    "two_factor",
    apps=[
        "django_otp",
        "django_otp.plugins.otp_static",
        "django_otp.plugins.otp_totp",
        "two_factor",
    ],
    middleware=["django_otp.middleware.OTPMiddleware"],
    urls=routes_of("two_factor_site"),
    settings={"LOGIN_URL": "two_factor:login"},
)
def two_factor(ask: Asker) -> None:
    """A view for the verified is 403 for who isn't; its redirect is a challenge, if one wants."""
    from django.test import override_settings

    with override_settings(HTTP_ERRORS={"LOGIN_CHALLENGE": True, "CHALLENGES": ["Session"]}):
        ask.start()
        ask.problem("/verified/", 401)
        assert ask("/verified/", HTML).status_code == 302
        ask.login()
        ask.problem("/verified/", 403)
    ask.start()


@neighbour(
    "django-guardian",
    "guardian",
    apps=["guardian"],
    top=["django_http_errors.middleware.HidingMiddleware"],
    urls=routes_of("guardian_site"),
    settings={
        "AUTHENTICATION_BACKENDS": [
            "django.contrib.auth.backends.ModelBackend",
            "guardian.backends.ObjectPermissionBackend",
        ],
    },
)
def guardian(ask: Asker) -> None:
    """Its 403 is the app's, and hidden where a view hides; who may see is shown."""
    from django.contrib.auth.models import Group
    from guardian.shortcuts import assign_perm

    group, _ = Group.objects.get_or_create(name="hidden")
    user = ask.login()
    ask.problem("/groups/hidden/", 403)
    ask.problem("/hidden-groups/hidden/", 404)
    hidden, missing = (
        {**ask(f"/hidden-groups/{name}/").json(), "instance": ""} for name in ("hidden", "none")
    )
    assert hidden == missing
    assign_perm("auth.change_group", user, group)
    assert ask("/hidden-groups/hidden/").status_code == 200
    group.delete()


@neighbour(
    "rules",
    "rules",
    apps=["rules"],
    urls=routes_of("rules_site"),
    settings={
        "AUTHENTICATION_BACKENDS": [
            "rules.permissions.ObjectPermissionBackend",
            "django.contrib.auth.backends.ModelBackend",
        ],
    },
)
def rules(ask: Asker) -> None:
    """Its mixin's 403 is the app's."""
    ask.login()
    ask.problem("/ruled/", 403)
    ask.start()
    ask.login(username="admin")
    assert ask("/ruled/").status_code == 200
    ask.start()


@neighbour(
    "django-rest-knox",
    "knox",
    apps=["rest_framework", "knox"],
    urls=routes_of("knox_site"),
    settings={
        "REST_FRAMEWORK": {
            "EXCEPTION_HANDLER": HANDLER,
            "DEFAULT_AUTHENTICATION_CLASSES": ["knox.auth.TokenAuthentication"],
            "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
            "DEFAULT_RENDERER_CLASSES": [
                "rest_framework.renderers.JSONRenderer",
                "django_http_errors.rest_framework.ProblemJSONRenderer",
            ],
        }
    },
)
def knox(ask: Asker) -> None:
    """401 with its challenge, for no token and for a wrong one."""
    from django.contrib.auth import get_user_model
    from knox.models import AuthToken

    for headers in ({}, {"authorization": "Token wrong"}):
        response = ask("/api/", **headers)
        assert response.headers["WWW-Authenticate"].startswith("Token")
        assert response.json()["status"] == response.status_code == 401
    user, _ = get_user_model().objects.get_or_create(username="jane")
    _, token = AuthToken.objects.create(user=user)
    assert ask("/api/", authorization=f"Token {token}").status_code == 200


@neighbour(
    "django-oauth-toolkit",
    "oauth2_provider",
    apps=["rest_framework", "oauth2_provider"],
    urls=routes_of("oauth_site"),
    settings={
        "LOGIN_URL": "/login/",
        "REST_FRAMEWORK": {
            "EXCEPTION_HANDLER": HANDLER,
            "DEFAULT_AUTHENTICATION_CLASSES": [
                "oauth2_provider.contrib.rest_framework.OAuth2Authentication"
            ],
            "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
        },
    },
)
def oauth_toolkit(ask: Asker) -> None:
    """Its token endpoint keeps OAuth's own errors (RFC 6749); a resource's 401 is a problem."""
    response = ask("/o/token/", method="POST", content_type="application/x-www-form-urlencoded")
    assert (response.status_code, next(iter(response.json()))) == (400, "error")
    response = ask("/api/", JSON, authorization="Bearer wrong")
    assert response.json()["status"] == response.status_code == 401
    assert response.headers["WWW-Authenticate"].startswith('Bearer realm="api"')
    # Its views for functions answer 403 without content.
    ask.problem("/protected/", 403)


@neighbour(
    "dj-rest-auth",
    "dj_rest_auth",
    apps=["rest_framework", "rest_framework.authtoken", "dj_rest_auth"],
    urls=routes_of("dj_rest_auth_site"),
    settings={"REST_FRAMEWORK": {"EXCEPTION_HANDLER": HANDLER}},
)
def dj_rest_auth(ask: Asker) -> None:
    """A login that fails says what was wrong, by name."""
    response = ask("/auth/login/", JSON, "POST", '{"username": "jane", "password": "wrong"}')
    members = response.json()
    assert response.status_code == members["status"] == 400
    (error,) = members["errors"]
    assert {"pointer", "parameter"}.isdisjoint(error)
    response = ask("/auth/login/", JSON, "POST", '{"username": "jane"}')
    (error,) = response.json()["errors"]
    assert error["pointer"] == "/password"
    assert ask("/auth/user/", JSON).json()["status"] in (401, 403)
