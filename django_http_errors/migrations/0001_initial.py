from typing import Any

import django.core.validators
import django.utils.timezone
import django_http_errors.validators
from django.db import migrations, models

# MySQL and MariaDB compare text without regard to case, and paths differ by it.
CASE_SENSITIVE = (
    ("PermanenceRule", "pattern"),
    ("HidingRule", "pattern"),
    ("ErrorMessage", "path_prefix"),
    ("MissingPage", "path"),
)

# What scanners look for at every site, and what no site has as pages of its own: each is counted as
# one, and ignored. Rows, so that an editor may change and delete them.
NOISE = (
    "*/.aws/*",
    "*/.env*",
    "*/.git/*",
    "*/.ssh/*",
    "*/.svn/*",
    "*/.vscode/*",
    "*/.well-known/*.php",
    "*/_ignition/*",
    "*/actuator/*",
    "*/adminer*.php",
    "*/boaform/*",
    "*/cgi-bin/*",
    "*/phpinfo*.php",
    "*/phpmyadmin/*",
    "*/vendor/phpunit/*",
    "*/wp-*.php",
    "*/wp-admin/*",
    "*/wp-content/*",
    "*/wp-includes/*",
    "*/wp-json/*",
    "*/xmlrpc.php",
    "*.bak",
    "*.sql",
)


def ignore_noise(apps: Any, schema_editor: Any) -> None:
    """Add a row for each pattern of what scanners look for."""
    pages = apps.get_model("django_http_errors", "MissingPage").objects
    pages.using(schema_editor.connection.alias).bulk_create(
        pages.model(path=path, ignored=True) for path in NOISE
    )


def compare_by_bytes(apps: Any, schema_editor: Any) -> None:
    """Give the columns that hold paths a binary collation, where the database has others."""
    if schema_editor.connection.vendor != "mysql":
        return
    for model, name in CASE_SENSITIVE:
        meta = apps.get_model("django_http_errors", model)._meta
        field = meta.get_field(name)
        schema_editor.execute(
            f"ALTER TABLE `{meta.db_table}` MODIFY `{field.column}`"
            f" {field.db_type(schema_editor.connection)}"
            " CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL"
        )


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="Edit",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("number", models.BigIntegerField(db_index=True, default=None, null=True)),
                ("digests", models.JSONField(null=True)),
            ],
            options={
                "verbose_name": "edit of messages or rules",
            },
        ),
        migrations.CreateModel(
            name="Generation",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("number", models.BigIntegerField(default=0)),
            ],
            options={
                "verbose_name": "generation of edits",
            },
        ),
        migrations.CreateModel(
            name="UndoPart",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("action", models.CharField(db_index=True, max_length=32)),
                ("model", models.CharField(max_length=50)),
                ("user", models.CharField(max_length=150)),
                ("made_at", models.DateTimeField(db_index=True, default=django.utils.timezone.now)),
                ("rows", models.JSONField()),
            ],
            options={
                "verbose_name": "action that can be undone",
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="ErrorMessage",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("enabled", models.BooleanField(default=True, verbose_name="enabled")),
                (
                    "status",
                    models.CharField(
                        blank=True,
                        help_text="The number of the error. 404: there is nothing at the address.",
                        max_length=3,
                        validators=[django_http_errors.validators.status],
                        verbose_name="status",
                    ),
                ),
                (
                    "language",
                    models.CharField(
                        blank=True,
                        help_text="Whom these words are for. A message for any language is for all others too.",
                        max_length=35,
                        validators=[django_http_errors.validators.language],
                        verbose_name="language",
                    ),
                ),
                (
                    "host",
                    models.CharField(
                        blank=True,
                        help_text="Only if the site has several names: shop.example.com. Blank: all of them.",
                        max_length=253,
                        validators=[django_http_errors.validators.host],
                        verbose_name="host",
                    ),
                ),
                (
                    "path_prefix",
                    models.CharField(
                        blank=True,
                        help_text="/shop/ is for the shop and everything below it. Blank: the whole site.",
                        max_length=400,
                        validators=[django_http_errors.validators.path],
                        verbose_name="part of the site",
                    ),
                ),
                (
                    "title",
                    models.CharField(
                        blank=True,
                        max_length=200,
                        validators=[
                            django_http_errors.validators.words,
                            django_http_errors.validators.no_control,
                        ],
                        verbose_name="title",
                    ),
                ),
                (
                    "detail",
                    models.TextField(
                        blank=True,
                        help_text="What happened, and what the visitor can do. {path}, {method}, {status}, {host}, {request_id} and {retry_after} are replaced.",
                        max_length=4000,
                        validators=[
                            django_http_errors.validators.words,
                            django.core.validators.MaxLengthValidator(4000),
                        ],
                        verbose_name="detail",
                    ),
                ),
                (
                    "permanence",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("", "default"),
                            ("temporary", "temporary"),
                            ("permanent", "permanent"),
                            ("unknown", "unknown"),
                        ],
                        default="",
                        help_text="The sentence that says whether it is worth trying again.",
                        max_length=9,
                        verbose_name="does it last?",
                    ),
                ),
                (
                    "action_label",
                    models.CharField(
                        blank=True,
                        help_text="Below the words, for instance “Contact the shop”.",
                        max_length=100,
                        validators=[django_http_errors.validators.no_control],
                        verbose_name="text of the link",
                    ),
                ),
                (
                    "action_url",
                    models.CharField(
                        blank=True,
                        max_length=500,
                        validators=[django_http_errors.validators.link],
                        verbose_name="address of the link",
                    ),
                ),
            ],
            options={
                "verbose_name": "error message",
                "verbose_name_plural": "error messages",
                "ordering": ["status", "host", "path_prefix", "language"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("status", "language", "host", "path_prefix"),
                        name="http_errors_message_unique",
                        violation_error_message="There is one already.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "status__in",
                                (
                                    "",
                                    "4xx",
                                    "5xx",
                                    "400",
                                    "401",
                                    "402",
                                    "403",
                                    "404",
                                    "405",
                                    "406",
                                    "407",
                                    "408",
                                    "409",
                                    "410",
                                    "411",
                                    "412",
                                    "413",
                                    "414",
                                    "415",
                                    "416",
                                    "417",
                                    "418",
                                    "419",
                                    "420",
                                    "421",
                                    "422",
                                    "423",
                                    "424",
                                    "425",
                                    "426",
                                    "427",
                                    "428",
                                    "429",
                                    "430",
                                    "431",
                                    "432",
                                    "433",
                                    "434",
                                    "435",
                                    "436",
                                    "437",
                                    "438",
                                    "439",
                                    "440",
                                    "441",
                                    "442",
                                    "443",
                                    "444",
                                    "445",
                                    "446",
                                    "447",
                                    "448",
                                    "449",
                                    "450",
                                    "451",
                                    "452",
                                    "453",
                                    "454",
                                    "455",
                                    "456",
                                    "457",
                                    "458",
                                    "459",
                                    "460",
                                    "461",
                                    "462",
                                    "463",
                                    "464",
                                    "465",
                                    "466",
                                    "467",
                                    "468",
                                    "469",
                                    "470",
                                    "471",
                                    "472",
                                    "473",
                                    "474",
                                    "475",
                                    "476",
                                    "477",
                                    "478",
                                    "479",
                                    "480",
                                    "481",
                                    "482",
                                    "483",
                                    "484",
                                    "485",
                                    "486",
                                    "487",
                                    "488",
                                    "489",
                                    "490",
                                    "491",
                                    "492",
                                    "493",
                                    "494",
                                    "495",
                                    "496",
                                    "497",
                                    "498",
                                    "499",
                                    "500",
                                    "501",
                                    "502",
                                    "503",
                                    "504",
                                    "505",
                                    "506",
                                    "507",
                                    "508",
                                    "509",
                                    "510",
                                    "511",
                                    "512",
                                    "513",
                                    "514",
                                    "515",
                                    "516",
                                    "517",
                                    "518",
                                    "519",
                                    "520",
                                    "521",
                                    "522",
                                    "523",
                                    "524",
                                    "525",
                                    "526",
                                    "527",
                                    "528",
                                    "529",
                                    "530",
                                    "531",
                                    "532",
                                    "533",
                                    "534",
                                    "535",
                                    "536",
                                    "537",
                                    "538",
                                    "539",
                                    "540",
                                    "541",
                                    "542",
                                    "543",
                                    "544",
                                    "545",
                                    "546",
                                    "547",
                                    "548",
                                    "549",
                                    "550",
                                    "551",
                                    "552",
                                    "553",
                                    "554",
                                    "555",
                                    "556",
                                    "557",
                                    "558",
                                    "559",
                                    "560",
                                    "561",
                                    "562",
                                    "563",
                                    "564",
                                    "565",
                                    "566",
                                    "567",
                                    "568",
                                    "569",
                                    "570",
                                    "571",
                                    "572",
                                    "573",
                                    "574",
                                    "575",
                                    "576",
                                    "577",
                                    "578",
                                    "579",
                                    "580",
                                    "581",
                                    "582",
                                    "583",
                                    "584",
                                    "585",
                                    "586",
                                    "587",
                                    "588",
                                    "589",
                                    "590",
                                    "591",
                                    "592",
                                    "593",
                                    "594",
                                    "595",
                                    "596",
                                    "597",
                                    "598",
                                    "599",
                                ),
                            )
                        ),
                        name="http_errors_message_status",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("path_prefix", ""), ("path_prefix__startswith", "/"), _connector="OR"
                        ),
                        name="http_errors_message_path",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("permanence__in", ["", "temporary", "permanent", "unknown"])
                        ),
                        name="http_errors_message_permanence",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="HidingRule",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("enabled", models.BooleanField(default=True, verbose_name="enabled")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("exact", "this address"),
                            ("prefix", "this address and everything below it"),
                            ("route", "addresses that match a pattern"),
                        ],
                        default="exact",
                        max_length=6,
                        verbose_name="covers",
                    ),
                ),
                (
                    "pattern",
                    models.CharField(
                        help_text="What stands behind the name of the site: /old-shop/. You can paste it from your browser. A pattern has names in angle brackets: /archive/&lt;int:year&gt;/.",
                        max_length=500,
                        validators=[django_http_errors.validators.path],
                        verbose_name="address",
                    ),
                ),
                (
                    "host",
                    models.CharField(
                        blank=True,
                        default="",
                        help_text="Only if the site has several names: shop.example.com. Blank: all of them.",
                        max_length=253,
                        validators=[django_http_errors.validators.host],
                        verbose_name="host",
                    ),
                ),
                (
                    "note",
                    models.TextField(
                        blank=True,
                        help_text="For editors; never shown to visitors.",
                        max_length=4000,
                        validators=[
                            django_http_errors.validators.lines,
                            django.core.validators.MaxLengthValidator(4000),
                        ],
                        verbose_name="note",
                    ),
                ),
                (
                    "exempt",
                    models.CharField(
                        choices=[
                            ("nobody", "nobody"),
                            ("authenticated", "anyone who has signed in"),
                            ("staff", "staff"),
                        ],
                        default="nobody",
                        help_text="Who may see a page sees it, whatever is chosen here.",
                        max_length=13,
                        verbose_name="still shown the real error to",
                    ),
                ),
                (
                    "fold_client_errors",
                    models.BooleanField(
                        default=False,
                        help_text="Not only that something is refused: an error for a form that was filled in wrongly says too that there is something.",
                        verbose_name="hide every error from 400 to 499",
                    ),
                ),
            ],
            options={
                "verbose_name": "hidden area",
                "verbose_name_plural": "hidden areas",
                "ordering": ["pattern", "host", "kind"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("pattern", "host", "kind"),
                        name="http_errors_hiding_unique",
                        violation_error_message="There is one already.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", ["exact", "prefix", "route"])),
                        name="http_errors_hiding_kind",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("exempt__in", ["nobody", "authenticated", "staff"])),
                        name="http_errors_hiding_exempt",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("pattern__startswith", "/")),
                        name="http_errors_hiding_path",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="MissingPage",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "host",
                    models.CharField(blank=True, default="", max_length=253, verbose_name="host"),
                ),
                (
                    "path",
                    models.CharField(
                        help_text="What visitors did not find comes here by itself. Add an address with * in it to have everything that matches counted as one: *.php",
                        max_length=500,
                        validators=[django_http_errors.validators.no_control],
                        verbose_name="address",
                    ),
                ),
                (
                    "hits",
                    models.PositiveBigIntegerField(
                        default=0, editable=False, verbose_name="visits"
                    ),
                ),
                (
                    "first_seen",
                    models.DateTimeField(
                        default=django.utils.timezone.now, editable=False, verbose_name="first seen"
                    ),
                ),
                (
                    "last_seen",
                    models.DateTimeField(
                        default=django.utils.timezone.now, editable=False, verbose_name="last seen"
                    ),
                ),
                (
                    "referrer",
                    models.CharField(
                        blank=True,
                        default="",
                        editable=False,
                        max_length=500,
                        verbose_name="last page with a link to it",
                    ),
                ),
                (
                    "ignored",
                    models.BooleanField(
                        default=False,
                        help_text="Not shown in the list, but still counted.",
                        verbose_name="ignored",
                    ),
                ),
            ],
            options={
                "verbose_name": "missing page",
                "verbose_name_plural": "missing pages",
                "ordering": ["-hits", "host", "path"],
                "indexes": [
                    models.Index(fields=["hits", "last_seen"], name="http_errors_missing_rarest")
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("host", "path"),
                        name="http_errors_missing_unique",
                        violation_error_message="There is one already.",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="PermanenceRule",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("enabled", models.BooleanField(default=True, verbose_name="enabled")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("exact", "this address"),
                            ("prefix", "this address and everything below it"),
                            ("route", "addresses that match a pattern"),
                        ],
                        default="exact",
                        max_length=6,
                        verbose_name="covers",
                    ),
                ),
                (
                    "pattern",
                    models.CharField(
                        help_text="What stands behind the name of the site: /old-shop/. You can paste it from your browser. A pattern has names in angle brackets: /archive/&lt;int:year&gt;/.",
                        max_length=500,
                        validators=[django_http_errors.validators.path],
                        verbose_name="address",
                    ),
                ),
                (
                    "host",
                    models.CharField(
                        blank=True,
                        default="",
                        help_text="Only if the site has several names: shop.example.com. Blank: all of them.",
                        max_length=253,
                        validators=[django_http_errors.validators.host],
                        verbose_name="host",
                    ),
                ),
                (
                    "note",
                    models.TextField(
                        blank=True,
                        help_text="For editors; never shown to visitors.",
                        max_length=4000,
                        validators=[
                            django_http_errors.validators.lines,
                            django.core.validators.MaxLengthValidator(4000),
                        ],
                        verbose_name="note",
                    ),
                ),
                (
                    "permanence",
                    models.CharField(
                        choices=[
                            ("permanent", "gone for good (410)"),
                            ("temporary", "not there yet, or back later (404)"),
                        ],
                        default="permanent",
                        max_length=9,
                        verbose_name="what has become of it",
                    ),
                ),
                (
                    "reason",
                    models.TextField(
                        blank=True,
                        help_text="What visitors read. Blank: the built-in text.",
                        max_length=4000,
                        validators=[
                            django_http_errors.validators.words,
                            django.core.validators.MaxLengthValidator(4000),
                        ],
                        verbose_name="reason",
                    ),
                ),
                (
                    "replacement",
                    models.CharField(
                        blank=True,
                        help_text="A page that visitors are offered as a link. They are not sent there.",
                        max_length=500,
                        validators=[django_http_errors.validators.link],
                        verbose_name="replacement",
                    ),
                ),
                (
                    "expected_at",
                    models.DateTimeField(
                        blank=True,
                        help_text="When what is not there yet, or back later, is going to be there.",
                        null=True,
                        verbose_name="expected",
                    ),
                ),
                (
                    "valid_from",
                    models.DateTimeField(
                        blank=True,
                        help_text="Blank: from now on.",
                        null=True,
                        verbose_name="valid from",
                    ),
                ),
                (
                    "valid_until",
                    models.DateTimeField(
                        blank=True,
                        help_text="Blank: without end.",
                        null=True,
                        verbose_name="valid until",
                    ),
                ),
                (
                    "announce",
                    models.BooleanField(
                        default=False,
                        help_text="Until then, the pages at these addresses say in their headers that they are going to be removed (Sunset and Deprecation).",
                        verbose_name="announce it to programs",
                    ),
                ),
                (
                    "ignore_case",
                    models.BooleanField(
                        default=False,
                        help_text="/Old/ and /OLD/ are covered by /old/.",
                        verbose_name="capitals don't matter",
                    ),
                ),
                (
                    "group",
                    models.CharField(
                        blank=True,
                        db_index=True,
                        default="",
                        help_text="To find together what belongs together, such as “relaunch 2026”.",
                        max_length=100,
                        validators=[django_http_errors.validators.no_control],
                        verbose_name="group",
                    ),
                ),
                ("digest", models.BigIntegerField(default=0, editable=False)),
                (
                    "source",
                    models.CharField(
                        choices=[
                            ("admin", "a person"),
                            ("import", "a file"),
                            ("code", "the site itself"),
                        ],
                        default="admin",
                        editable=False,
                        max_length=6,
                        verbose_name="made by",
                    ),
                ),
                (
                    "author",
                    models.CharField(
                        blank=True, editable=False, max_length=150, verbose_name="author"
                    ),
                ),
                (
                    "hits",
                    models.PositiveBigIntegerField(
                        default=0, editable=False, verbose_name="visits"
                    ),
                ),
                (
                    "last_hit",
                    models.DateTimeField(
                        blank=True, editable=False, null=True, verbose_name="last visit"
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(
                        default=django.utils.timezone.now, editable=False, verbose_name="created at"
                    ),
                ),
                (
                    "updated_at",
                    models.DateTimeField(
                        default=django.utils.timezone.now, editable=False, verbose_name="updated at"
                    ),
                ),
            ],
            options={
                "verbose_name": "removed page",
                "verbose_name_plural": "removed pages",
                "ordering": ["pattern", "host", "kind"],
                "indexes": [
                    models.Index(
                        fields=["enabled", "digest"], name="http_errors_permanence_digest"
                    ),
                    models.Index(
                        fields=["announce", "valid_from"], name="http_errors_permanence_coming"
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("pattern", "host", "kind"),
                        name="http_errors_permanence_unique",
                        violation_error_message="There is one already.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", ["exact", "prefix", "route"])),
                        name="http_errors_permanence_kind",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("permanence__in", ["permanent", "temporary"])),
                        name="http_errors_permanence_permanence",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("pattern__startswith", "/")),
                        name="http_errors_permanence_path",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("valid_from", None),
                            ("valid_until", None),
                            ("valid_from__lt", models.F("valid_until")),
                            _connector="OR",
                        ),
                        name="http_errors_permanence_valid",
                        violation_error_message="This ends before it begins.",
                    ),
                ],
            },
        ),
        migrations.RunPython(compare_by_bytes, migrations.RunPython.noop, atomic=False),
        migrations.RunPython(
            ignore_noise, migrations.RunPython.noop, hints={"model_name": "missingpage"}
        ),
    ]
