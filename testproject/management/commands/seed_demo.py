"""``manage.py seed_demo``: what the demo site needs in its database."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import Permission, User
from django.core.management.base import BaseCommand
from django.core.management.color import no_style
from django.db import connection, transaction
from django.db.models import Model, Q

from django_http_errors.models import ErrorMessage, HidingRule, PermanenceRule
from testproject.models import Document

# Each has its name as password.
USERS = {
    "admin": {"is_staff": True, "is_superuser": True},
    "editor": {"is_staff": True, "is_superuser": False},
    "reader": {"is_staff": False, "is_superuser": False},
}

DOCUMENTS = {
    1: {"title": "Opening hours", "body": "We are open from nine to five.", "public": True},
    2: {"title": "Plans", "body": "Only editors know what is planned.", "public": False},
    3: {"title": "Minutes", "body": "Only editors know what was said.", "public": False},
}


# Each: a model, what a row of it is for, and what it says.
ROWS: list[tuple[type[Model], dict[str, str], dict[str, Any]]] = [
    (
        PermanenceRule,
        {"kind": "prefix", "pattern": "/old-shop/", "host": ""},
        {"permanence": "permanent", "reason": "The shop at {path} has closed for good."},
    ),
    (
        PermanenceRule,
        {"kind": "exact", "pattern": "/summer-sale/", "host": ""},
        {"permanence": "temporary", "reason": "The summer sale will be back next year."},
    ),
    (
        PermanenceRule,
        {"kind": "route", "pattern": "/archive/<int:year>/", "host": ""},
        {"permanence": "permanent"},
    ),
    # Nobody learns what is below /vault/, not even that there is something.
    (
        HidingRule,
        {"kind": "prefix", "pattern": "/vault/", "host": ""},
        {"exempt": "nobody", "fold_client_errors": True},
    ),
    (
        ErrorMessage,
        {"status": "404", "language": "", "host": "", "path_prefix": "/shop/"},
        {
            "title": "No such product",
            "detail": "There is no product at {path}. Perhaps it is sold out.",
            "action_label": "Contact the shop",
            "action_url": "/form/",
        },
    ),
    (
        ErrorMessage,
        {"status": "503", "language": "", "host": "", "path_prefix": ""},
        {"title": "We will be right back", "detail": "We are working on the site for a while."},
    ),
    (
        ErrorMessage,
        {"status": "503", "language": "de", "host": "", "path_prefix": ""},
        {"title": "Wir sind gleich zurück", "detail": "Wir arbeiten eine Weile an der Website."},
    ),
]


class Command(BaseCommand):
    """Makes the users, the documents and the rules, or puts them back to what they were."""

    help = "Make the users, the documents and the rules of the demo site; safe to repeat."

    @transaction.atomic
    def handle(self, *args: Any, **options: Any) -> None:
        for name, rights in USERS.items():
            self._user(name, rights)
        editor = User.objects.get(username="editor")
        editor.user_permissions.set(
            Permission.objects.filter(
                Q(codename="read_private_document")
                | Q(content_type__app_label="django_http_errors")
            )
        )
        for pk, fields in DOCUMENTS.items():
            Document.objects.update_or_create(pk=pk, defaults=fields)
        for model, key, values in ROWS:
            model._default_manager.update_or_create(**key, defaults={"enabled": True, **values})
        self._count_on()
        self.stdout.write(f"Users {', '.join(USERS)}; documents {', '.join(map(str, DOCUMENTS))}.")

    def _user(self, name: str, rights: dict[str, bool]) -> None:
        user, _ = User.objects.update_or_create(
            username=name, defaults={"is_active": True, **rights}
        )
        # A new hash of the same password would end the user's sessions.
        if not user.check_password(name):
            user.set_password(name)
            user.save()

    def _count_on(self) -> None:
        """Let new documents come after these, where the database keeps count by itself."""
        with connection.cursor() as cursor:
            for statement in connection.ops.sequence_reset_sql(no_style(), [Document]):
                cursor.execute(statement)
