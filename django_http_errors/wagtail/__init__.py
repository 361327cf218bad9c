"""For Wagtail: ``"django_http_errors.wagtail"`` in ``INSTALLED_APPS``, behind Wagtail's own apps.

Messages and rules are edited in Wagtail's admin then, by everyone whose group may do so.
"""
