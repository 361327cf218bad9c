"""MySQL and MariaDB compare text without regard to case, and addresses differ by it."""

from typing import Any

from django.db import migrations

COLUMNS = (
    ("django_http_errors_permanencerule", "pattern", "varchar(500)"),
    ("django_http_errors_hidingrule", "pattern", "varchar(500)"),
    ("django_http_errors_errormessage", "path_prefix", "varchar(400)"),
)


def compare_by_bytes(apps: Any, schema_editor: Any) -> None:
    """Give the columns that hold addresses a binary collation, where the database has others."""
    if schema_editor.connection.vendor != "mysql":
        return
    for table, column, kind in COLUMNS:
        schema_editor.execute(
            f"ALTER TABLE `{table}` MODIFY `{column}` {kind}"
            " CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL"
        )


class Migration(migrations.Migration):
    # MariaDB and MySQL can do no DDL in a transaction.
    atomic = False

    dependencies = [("django_http_errors", "0001_initial")]

    operations = [migrations.RunPython(compare_by_bytes, migrations.RunPython.noop)]
