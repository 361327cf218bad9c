from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="Document",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("title", models.CharField(max_length=200)),
                ("body", models.TextField()),
                ("public", models.BooleanField(default=False)),
            ],
            options={
                "ordering": ("pk",),
                "permissions": (("read_private_document", "Can read private documents"),),
            },
        ),
    ]
