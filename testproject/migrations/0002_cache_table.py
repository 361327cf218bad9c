from typing import Any

from django.core.management import call_command
from django.db import migrations


def create_cache_table(apps: Any, schema_editor: Any) -> None:
    """Make the table of the database cache, so that `migrate` is all that a new database needs."""
    call_command("createcachetable", database=schema_editor.connection.alias, verbosity=0)


class Migration(migrations.Migration):
    dependencies = [("testproject", "0001_initial")]

    # The table is only a cache: it may stay when the migrations are undone.
    operations = [migrations.RunPython(create_cache_table, migrations.RunPython.noop)]
