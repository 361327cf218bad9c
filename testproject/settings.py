"""Settings of the demo site: an ordinary project that uses the app for all of its errors.

DJANGO_DEBUG=1 turns DEBUG on, MISSING_PAGES=1 counts what visitors don't find (`make demo` does),
DATABASE_URL names a database other than the SQLite file.
"""

import os
from importlib.util import find_spec
from pathlib import Path

import dj_database_url
import django
from django.utils.translation import gettext_lazy as _

if find_spec("MySQLdb") is None and find_spec("pymysql") is not None:
    # A driver for MariaDB in Python alone, where the one in C isn't installed.
    import pymysql  # type: ignore[import-untyped]

    pymysql.install_as_MySQLdb()

BASE_DIR = Path(__file__).resolve().parent.parent

# The site is served on this machine only, and every password on it is public.
SECRET_KEY = "django-insecure-the-demo-site-has-no-secrets"
DEBUG = os.environ.get("DJANGO_DEBUG") == "1"
ALLOWED_HOSTS = ["localhost", "127.0.0.1", "[::1]", "testserver"]

# REST framework is optional: without it the site is the same, less its API.
HAS_REST_FRAMEWORK = find_spec("rest_framework") is not None
# So is the import and export of rules in the admin.
HAS_IMPORT_EXPORT = find_spec("import_export") is not None
# Django brings a middleware for Content-Security-Policy since 6.0.
HAS_CSP = django.VERSION >= (6,)

INSTALLED_APPS = [
    "testproject",
    "django_http_errors",
    *(
        ["rest_framework", "rest_framework.authtoken", "drf_spectacular"]
        if HAS_REST_FRAMEWORK
        else []
    ),
    *(["import_export"] if HAS_IMPORT_EXPORT else []),
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    *(["django.middleware.csp.ContentSecurityPolicyMiddleware"] if HAS_CSP else []),
    # Behind what adds the same headers to every response, before all that knows the view.
    "django_http_errors.middleware.HidingMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    # Last, so that an error page is rendered where every other page is.
    "django_http_errors.middleware.HttpErrorsMiddleware",
]

ROOT_URLCONF = "testproject.urls"
WSGI_APPLICATION = "testproject.wsgi.application"
ASGI_APPLICATION = "testproject.asgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                *(["django.template.context_processors.csp"] if HAS_CSP else []),
            ],
        },
    },
]

DATABASES = {"default": dj_database_url.config(default=f"sqlite:///{BASE_DIR / 'db.sqlite3'}")}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# What is counted for throttling must be the same for all processes that serve the site.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "testproject_cache",
    },
}

LOGIN_REDIRECT_URL = "index"
LOGOUT_REDIRECT_URL = "index"

LANGUAGE_CODE = "en"
# All that the app speaks.
LANGUAGES = [
    ("ar", _("Arabic")),
    ("cs", _("Czech")),
    ("da", _("Danish")),
    ("de", _("German")),
    ("en", _("English")),
    ("es", _("Spanish")),
    ("fr", _("French")),
    ("he", _("Hebrew")),
    ("it", _("Italian")),
    ("ja", _("Japanese")),
    ("nl", _("Dutch")),
    ("pl", _("Polish")),
    ("pt-br", _("Brazilian Portuguese")),
    ("sv", _("Swedish")),
    ("tr", _("Turkish")),
    ("uk", _("Ukrainian")),
    ("zh-hans", _("Simplified Chinese")),
]
TIME_ZONE = "UTC"

STATIC_URL = "static/"
# Served from where the apps keep them, and looked up when asked for: no collectstatic needed.
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = True

if HAS_CSP:
    from django.utils.csp import CSP

    SECURE_CSP = {
        "default-src": [CSP.NONE],
        "script-src": [CSP.SELF],
        # The app's error page carries its style with it, under the nonce.
        "style-src": [CSP.SELF, CSP.NONCE],
        # REST framework's browsable API places a few of its buttons by style attributes.
        "style-src-attr": [CSP.UNSAFE_INLINE],
        "img-src": [CSP.SELF, "data:"],
        "font-src": [CSP.SELF],
        "connect-src": [CSP.SELF],
        "form-action": [CSP.SELF],
        "base-uri": [CSP.NONE],
        "frame-ancestors": [CSP.NONE],
    }

CSRF_FAILURE_VIEW = "django_http_errors.views.csrf_failure"

HTTP_ERRORS = {
    "CHALLENGES": ['Session realm="demo"'],
    # For clients that state no preference, and for all that the API's own views don't answer.
    "DEFAULT_MEDIA_TYPES": {"/api/": "application/problem+json"},
    "SITE_NAME": "django-http-errors",
    "MISSING_PAGES": os.environ.get("MISSING_PAGES") == "1",
}

REST_FRAMEWORK = {
    "EXCEPTION_HANDLER": "django_http_errors.rest_framework.exception_handler",
    "DEFAULT_RENDERER_CLASSES": [
        "rest_framework.renderers.JSONRenderer",
        "rest_framework.renderers.BrowsableAPIRenderer",
        # Last, so that it serves only those who accept nothing but problem details.
        "django_http_errors.rest_framework.ProblemJSONRenderer",
    ],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_AUTHENTICATION_CLASSES": [
        # The first one decides how to answer a stranger: this one has a challenge for a 401,
        # where SessionAuthentication would make it a 403.
        "rest_framework.authentication.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticatedOrReadOnly"],
    # Each operation is documented with the errors that it can have.
    "DEFAULT_SCHEMA_CLASS": "django_http_errors.rest_framework.openapi.AutoSchema",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "The documents of the demo site",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"request_id": {"()": "django_http_errors.http.request_ids.RequestIDFilter"}},
    "formatters": {
        "line": {"format": "%(asctime)s %(levelname)s [%(request_id)s] %(name)s: %(message)s"},
    },
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            "filters": ["request_id"],
            "formatter": "line",
        },
    },
    "root": {"handlers": ["console"], "level": "WARNING"},
    # Without the handlers that Django gives it, which would say everything twice.
    "loggers": {"django": {"level": "INFO"}},
}
