"""``manage.py seed_demo``: what the demo site needs in its database."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import Permission, User
from django.core.management.base import BaseCommand
from django.core.management.color import no_style
from django.db import connection, transaction

from django_http_errors.models import HidingRule
from testproject.models import Document

# Each has its name as password.
USERS = {
    "admin": {"is_staff": True, "is_superuser": True},
    "editor": {"is_staff": False, "is_superuser": False},
    "reader": {"is_staff": False, "is_superuser": False},
}

DOCUMENTS = {
    1: {"title": "Opening hours", "body": "We are open from nine to five.", "public": True},
    2: {"title": "Plans", "body": "Only editors know what is planned.", "public": False},
    3: {"title": "Minutes", "body": "Only editors know what was said.", "public": False},
}


# Nobody learns what is below /vault/, not even that there is something.
VAULT = {"kind": "prefix", "pattern": "/vault/", "host": ""}


class Command(BaseCommand):
    """Makes the users, the documents and the rules, or puts them back to what they were."""

    help = "Make the users, the documents and the rules of the demo site; safe to repeat."

    @transaction.atomic
    def handle(self, *args: Any, **options: Any) -> None:
        for name, rights in USERS.items():
            self._user(name, rights)
        editor = User.objects.get(username="editor")
        editor.user_permissions.set([Permission.objects.get(codename="read_private_document")])
        for pk, fields in DOCUMENTS.items():
            Document.objects.update_or_create(pk=pk, defaults=fields)
        HidingRule.objects.update_or_create(
            **VAULT, defaults={"exempt": "nobody", "fold_client_errors": True, "enabled": True}
        )
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
