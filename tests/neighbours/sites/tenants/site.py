"""Tenants with rows of their own, or with one set of rows for all.

Run with the URL of an empty database and the setting that has the app: TENANT_APPS or SHARED_APPS.
"""

import sys
from concurrent.futures import ThreadPoolExecutor

import dj_database_url
import django
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.urls import path

LISTS = {
    "SHARED_APPS": ["django_tenants", "tests.neighbours.sites.tenants"],
    "TENANT_APPS": ["django.contrib.contenttypes"],
}


def secret(request):
    raise PermissionDenied


urlpatterns = [path("secret/", secret)]


def set_up(url, name):
    LISTS[name] = [*LISTS[name], "django_http_errors"]
    settings.configure(
        SECRET_KEY="not secret",
        ALLOWED_HOSTS=["*"],
        ROOT_URLCONF="__main__",
        DATABASES={
            "default": {**dj_database_url.parse(url), "ENGINE": "django_tenants.postgresql_backend"}
        },
        DATABASE_ROUTERS=["django_tenants.routers.TenantSyncRouter"],
        **LISTS,
        INSTALLED_APPS=[*LISTS["SHARED_APPS"], *LISTS["TENANT_APPS"]],
        MIDDLEWARE=[
            "django_tenants.middleware.main.TenantMainMiddleware",
            "django_http_errors.middleware.HidingMiddleware",
            "django_http_errors.middleware.HttpErrorsMiddleware",
        ],
        TENANT_MODEL="tenants.Tenant",
        TENANT_DOMAIN_MODEL="tenants.Domain",
        TEMPLATES=[
            {"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}
        ],
        HTTP_ERRORS={"CHALLENGES": ['Session realm="site"']},
        USE_TZ=True,
    )
    django.setup()


def make_tenants(*names):
    from django.core.management import call_command
    from django.db import connection

    from .models import Domain, Tenant

    call_command("migrate_schemas", shared=True, verbosity=0)
    with connection.schema_editor() as editor:
        for model in (Tenant, Domain):
            editor.create_model(model)
    for name in names:
        tenant = Tenant(schema_name=name)
        tenant.save(verbosity=0)
        Domain.objects.create(domain=f"{name}.example", tenant=tenant, is_primary=True)


def ask(name, path):
    """Return the status, and the title, that the host of a tenant answers with."""
    from django.test import Client

    headers = {"host": f"{name}.example", "accept": "application/problem+json"}
    response = Client(headers=headers).get(path)
    return response.status_code, response.json()["title"]


def check(expected):
    for question, answer in expected.items():
        found = ask(*question)
        assert found == answer, (question, found, answer)


def rows_of_their_own():
    from django.db import connection
    from django_tenants.utils import schema_context

    from django_http_errors.models import ErrorMessage, Generation, HidingRule, PermanenceRule
    from django_http_errors.rules import snapshot
    from django_http_errors.rules.snapshot import snapshots

    for name, gone in (("a", "/gone/"), ("b", "/other/"), ("c", "/gone/")):
        with schema_context(name):
            PermanenceRule.objects.create(pattern=gone)
            ErrorMessage.objects.create(status="404", title=f"Not in {name}")
    with schema_context("a"):
        HidingRule.objects.create(pattern="/secret/")
    table = Generation._meta.db_table
    with schema_context("c"), connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {table} RENAME TO {table}_away")
    expected = {
        ("a", "/secret/"): (404, "Not in a"),
        ("b", "/secret/"): (403, "Forbidden"),
        ("a", "/gone/"): (410, "Gone"),
        ("b", "/gone/"): (404, "Not in b"),
        ("a", "/other/"): (404, "Not in a"),
        ("b", "/other/"): (410, "Gone"),
        # What can't be read may hide anything.
        ("c", "/secret/"): (404, "Not Found"),
        ("c", "/gone/"): (404, "Not Found"),
    }
    # From the first request on, whichever that is.
    for question, answer in expected.items():
        snapshots.forget()
        check({question: answer, **expected})
    check(dict(reversed(expected.items())))

    # More tenants than are kept.
    snapshot.MOST_SOURCES = 2
    snapshots.forget()
    for _time in range(3):
        check(expected)
        assert len(snapshots) <= 2

    # In threads, which have a connection each.
    snapshots.forget()
    with ThreadPoolExecutor(4) as threads:
        for done in [threads.submit(lambda: (check(expected), connection.close())) for _ in "1234"]:
            done.result()

    # An edit in one is none in another.
    with schema_context("b"):
        PermanenceRule.objects.create(pattern="/gone/")
    check({**expected, ("b", "/gone/"): (410, "Gone")})
    with schema_context("c"), connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {table}_away RENAME TO {table}")
    snapshots.forget()
    check({("c", "/secret/"): (403, "Forbidden"), ("c", "/gone/"): (410, "Gone")})
    tombstones()


def tombstones():
    """Each is of the tenant whose object was deleted, whatever the schema is at the commit."""
    from django.contrib.contenttypes.models import ContentType
    from django.db import connection, transaction
    from django_tenants.utils import schema_context

    from django_http_errors.models import Edit, PermanenceRule
    from django_http_errors.tombstones import create_tombstone, leave_tombstone, remove_tombstone

    leave_tombstone(ContentType, url=lambda each: f"/{each.model}/")
    for name in ("a", "b", "c"):
        with schema_context(name):
            PermanenceRule.objects.all().delete()
            ContentType.objects.create(app_label="shop", model="lamp")
            ContentType.objects.create(app_label="shop", model=f"lamp_{name}")
    with schema_context("b"):
        with transaction.atomic(), schema_context("a"):
            ContentType.objects.get(model="lamp").delete()
        assert connection.schema_name == "b"
    check({("a", "/lamp/"): (410, "Gone"), ("b", "/lamp/"): (404, "Not in b")})
    # All tenants in one transaction; it is committed where there are no tables.
    connection.set_schema_to_public()
    with transaction.atomic():
        for name in ("a", "b", "c"):
            with schema_context(name):
                ContentType.objects.get(model=f"lamp_{name}").delete()
                create_tombstone("/old/")
        with schema_context("c"):
            remove_tombstone("/old/")
    assert connection.schema_name == "public"
    check(
        {
            ("a", "/lamp_a/"): (410, "Gone"),
            ("b", "/lamp_b/"): (410, "Gone"),
            ("c", "/lamp_c/"): (410, "Gone"),
            ("b", "/lamp_a/"): (404, "Not in b"),
            ("a", "/old/"): (410, "Gone"),
            ("b", "/old/"): (410, "Gone"),
            ("c", "/old/"): (404, "Not in c"),
        }
    )
    # Each edit has a number, by which other processes learn of it.
    for name in ("a", "b", "c"):
        with schema_context(name):
            assert not Edit.pending("default").exists(), name


def rows_for_all():
    from django_tenants.utils import schema_context

    from django_http_errors.models import ErrorMessage, HidingRule, PermanenceRule
    from django_http_errors.rules.snapshot import snapshots

    PermanenceRule.objects.create(pattern="/gone/")
    with schema_context("b"):
        ErrorMessage.objects.create(status="404", title="Not here")
        ErrorMessage.objects.create(status="404", host="b.example", title="Not in b")
        HidingRule.objects.create(pattern="/secret/", host="a.example")
    for _time in range(2):
        check(
            {
                ("a", "/gone/"): (410, "Gone"),
                ("b", "/gone/"): (410, "Gone"),
                ("a", "/x/"): (404, "Not here"),
                ("b", "/x/"): (404, "Not in b"),
                ("a", "/secret/"): (404, "Not here"),
                ("b", "/secret/"): (403, "Forbidden"),
            }
        )
        assert len(snapshots) == 1


def main():
    url, name = sys.argv[1:]
    set_up(url, name)
    make_tenants("a", "b", "c")
    {"TENANT_APPS": rows_of_their_own, "SHARED_APPS": rows_for_all}[name]()


if __name__ == "__main__":
    main()
