"""The admin's pages: preview, confirmation, export, and who may do it."""

from __future__ import annotations

import re

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.core.files.uploadedfile import SimpleUploadedFile

from django_http_errors.import_export import formats as file_formats
from django_http_errors.import_export import resources
from django_http_errors.importing.reader import formats
from django_http_errors.importing.schema import RULES as RULE_COLUMNS
from django_http_errors.models import ErrorMessage, MatchType, PermanenceRule

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("admin_site", "contexts")]

RULES = "/admin/django_http_errors/permanencerule/"
MESSAGES = "/admin/django_http_errors/errormessage/"
# The first recognises a file.
IMPORTED = {name: str(at) for at, name in enumerate(["", *formats(RULE_COLUMNS.columns)])}
AUTO, CSV, JSON = IMPORTED[""], IMPORTED["csv"], IMPORTED["json"]
EXPORTED = {"csv": "0", "json": "1"}


def upload(client, content: bytes, format: str = AUTO, where: str = RULES):
    file = SimpleUploadedFile("rules.csv", content)
    return client.post(f"{where}import/", {"import_file": file, "format": format})


def confirm(client, response, where: str = RULES):
    form = response.context["confirm_form"]
    return client.post(f"{where}process_import/", form.initial, follow=True)


def headings(page: str) -> list[str]:
    return re.findall(r'<th scope="col"[^>]*>(\w+)</th>', page)


def test_a_file_is_looked_at_and_then_imported(admin_client) -> None:
    PermanenceRule.objects.create(pattern="/same")
    PermanenceRule.objects.create(pattern="/changed")
    content = "\ufeffpattern;reason\n/new;<b>\n/same;\n/changed;Sold.\n".encode()
    response = upload(admin_client, content)
    verdicts = re.findall(r'<td class="import-type">(\w*)</td>', response.content.decode())
    assert verdicts == ["new", "changed"]
    page = response.content.decode()
    assert "1 new, 1 changed, 1 the same." in page
    assert "are shown." not in page
    assert headings(page) == ["Row", "Result", "Address"]
    changes = " ".join(re.sub(r"<[^>]+>", " ", page).split())
    assert "Reason: &lt;b&gt;" in changes
    assert "Reason: Sold." in changes
    assert "Gone" not in changes, "what stays as it is isn't named"
    assert "<b>" not in page
    assert PermanenceRule.objects.count() == 2
    response = confirm(admin_client, response)
    assert "1 new, 1 changed, 1 the same." in response.content.decode()
    assert set(PermanenceRule.objects.values_list("pattern", "source", "author")) == {
        ("/new", "import", "admin"),
        ("/same", "admin", ""),
        ("/changed", "import", "admin"),
    }
    assert sorted(LogEntry.objects.values_list("object_repr", "action_flag")) == [
        ("/changed", 2),
        ("/new", 1),
    ]


def test_invalid_rows_are_shown_with_their_lines_and_nothing_can_be_imported(admin_client) -> None:
    response = upload(admin_client, b'pattern,reason\n/a,"x\ny"\nb,\n/c,caf\x81\n/a,\n')
    assert "confirm_form" not in response.context
    page = response.content.decode()
    for text in (
        '<th scope="row">line 4</th>',
        "<li>column pattern: An address begins with a slash: /b</li>",
        '<th scope="row">line 5</th>',
        "<li>In the column reason, the byte 0x81",
        '<th scope="row">line 6</th>',
        "<li>Line 2 has the same kind, pattern, host already.</li>",
    ):
        assert text in page
    assert headings(page) == ["Row", "Address"]
    assert "3 invalid, 1 new, 0 changed, 0 the same." in page
    assert not PermanenceRule.objects.exists()


def test_errors_name_columns_as_the_file_does(admin_client) -> None:
    page = upload(admin_client, b"Source URL,Notes\nb,\n/a,\n").content.decode()
    assert '<th scope="row">line 2</th>' in page
    assert "<li>column Source URL: An address begins with a slash: /b</li>" in page
    page = upload(admin_client, b"/a\nb\n").content.decode()
    assert "<li>An address begins with a slash: /b</li>" in page


@pytest.mark.parametrize(
    ("content", "format", "message"),
    [
        (b"pattern,colour\n/a,red\n", CSV, "line 1: There is no column colour."),
        (b'pattern\n"/a', CSV, "line 2: This is no CSV"),
        (b'[\n{"pattern"}]', JSON, "line 2: This is no JSON"),
        (b"PK\x03\x04\n", AUTO, "line 1: This is a workbook"),
        (b"pattern\n", CSV, "No valid data to import"),
        (b"pattern\n/a\n", JSON, "line 1: This is no JSON"),
    ],
)
def test_a_file_that_is_none_is_an_error_of_the_form(
    admin_client, content: bytes, format: str, message: str
) -> None:
    response = upload(admin_client, content, format)
    (error,) = response.context["form"].errors["import_file"]
    assert message in error


def test_what_was_meant_or_left_out_is_shown(admin_client, settings) -> None:
    settings.ALLOWED_HOSTS = ["*"]
    content = b"Redirect gone /a\nRedirect 301 /b /c\nRedirectMatch 410 ^/<d>/(.*)\n"
    page = upload(admin_client, content).content.decode()
    assert "<li>line 2: Not gone (410) but 301: left out.</li>" in page
    kind = MatchType.PREFIX.label
    assert f"<li>line 3: ^/&lt;d&gt;/(.*) → /%3Cd%3E/ ({kind})</li>" in page
    response = upload(admin_client, b"https://a.example/old/\nhttps://a.example/x/*\n")
    confirm(admin_client, response)
    assert set(PermanenceRule.objects.values_list("kind", "host", "pattern")) == {
        ("exact", "a.example", "/old/"),
        ("prefix", "a.example", "/x/"),
    }


def test_each_row_says_what_it_is_for_and_what_it_does(admin_client) -> None:
    page = upload(admin_client, b"pattern,kind\n/pre/,prefix\n/pre/sub/*,\n/x/,\n").content.decode()
    names = re.findall(r'<th scope="row">([^<]*)</th>', page)
    below = "(this address and everything below it)"
    assert names == [f"/pre/ {below}", f"/pre/sub/ {below}", "/x/ (this address)"]
    assert page.count("<li>What has become of it: <ins>gone for good (410)</ins></li>") == 3


def test_a_rule_for_everything_is_confirmed_as_in_its_form(admin_client) -> None:
    told = "line 3: This rule is for every address of the site that is not found."
    response = upload(admin_client, b"url\n/a/\n/*\n")
    page = response.content.decode()
    box = '<input type="checkbox" name="all_the_same"'
    assert page.count(box) == page.count(told) == 1
    assert page.index(box) < page.index(told) < page.index("Import all the same")
    refused = confirm(admin_client, response).content.decode()
    assert "Nothing was imported: tick above the preview that you mean it." in refused
    assert not PermanenceRule.objects.exists()
    # What is known was confirmed once, and what is no rule for everything isn't asked for.
    response = upload(admin_client, b"url\n/a/\n/*\n")
    form = response.context["confirm_form"]
    admin_client.post(f"{RULES}process_import/", {**form.initial, "all_the_same": "on"})
    assert PermanenceRule.objects.count() == 2
    response = upload(admin_client, b"url,reason\n/*,x\n/b/,\n")
    assert box not in response.content.decode()
    assert "1 new, 1 changed" in confirm(admin_client, response).content.decode()


def test_a_site_that_skips_the_preview_has_nobody_confirm(admin_client, settings) -> None:
    settings.IMPORT_EXPORT_SKIP_ADMIN_CONFIRM = True
    upload(admin_client, b"url\n/*\n")
    assert PermanenceRule.objects.count() == 1


def test_a_template_can_be_filled_in(admin_client, client) -> None:
    """What it shows can be imported as it is."""
    for where, model in ((RULES, PermanenceRule), (MESSAGES, ErrorMessage)):
        address = f"{where}import/template/"
        assert f'href="{address}"' in admin_client.get(f"{where}import/").content.decode()
        template = admin_client.get(address)
        assert "attachment" in template["Content-Disposition"]
        confirm(admin_client, upload(admin_client, template.content, AUTO, where), where)
        assert model.objects.exists()
        assert client.get(address).status_code == 302


def test_a_long_preview_is_cut(admin_client, monkeypatch) -> None:
    monkeypatch.setattr(resources, "MOST_SHOWN", 2)
    response = upload(admin_client, b"/a/*\n/b/*\n/c/*\n/d/*\n")
    page = response.content.decode()
    assert page.count('<td class="import-type">') == 2
    assert headings(page) == ["Row", "Result", "Address"]
    for text in ("4 new, 0 changed, 0 the same.", "The first 2 that are", "<li>and 2 more</li>"):
        assert text in page
    confirm(admin_client, response)
    assert PermanenceRule.objects.count() == LogEntry.objects.count() == 4


def test_a_large_file_is_for_the_shell(admin_client, monkeypatch) -> None:
    monkeypatch.setattr(file_formats, "LARGEST_UPLOAD", 10)
    (error,) = upload(admin_client, b"/aaaaaaaaaaaaa\n").context["form"].errors["import_file"]
    assert "manage.py import_permanence_rules" in error


def test_a_file_that_is_lost_is_an_error_of_the_form(admin_client, monkeypatch) -> None:
    def fail(*args: object) -> None:
        raise OSError

    monkeypatch.setattr("import_export.tmp_storages.TempFolderStorage.read", fail)
    response = upload(admin_client, b"pattern\n/a\n")
    (error,) = response.context["form"].errors["import_file"]
    assert "OSError" in error


@pytest.mark.parametrize("storage", ["TempFolderStorage", "CacheStorage", "MediaStorage"])
@pytest.mark.parametrize("where", [RULES, MESSAGES])
def test_a_file_that_is_confirmed_twice_is_imported_once(
    admin_client, settings, tmp_path, storage: str, where: str
) -> None:
    settings.MEDIA_ROOT = tmp_path
    settings.IMPORT_EXPORT_TMP_STORAGE_CLASS = f"import_export.tmp_storages.{storage}"
    content = b"title\nNothing\n" if where == MESSAGES else b"/a\n"
    response = upload(admin_client, content, AUTO, where)
    page = confirm(admin_client, response, where).content.decode()
    assert "1 new, 0 changed, 0 the same." in page
    again = confirm(admin_client, response, where)
    assert again.redirect_chain == [(f"{where}import/", 302)]
    (message,) = again.context["messages"]
    assert (message.tags, str(message)) == (
        "warning",
        "This was imported already, or too long ago: choose the file again.",
    )
    assert PermanenceRule.objects.count() + ErrorMessage.objects.count() == 1


def test_what_else_fails_while_a_file_is_imported_is_not_taken_for_that(
    admin_client, monkeypatch
) -> None:
    def fail(*args: object, **kwargs: object) -> None:
        raise ConnectionError

    response = upload(admin_client, b"/a\n")
    monkeypatch.setattr(resources.SchemaResource, "import_data", fail)
    with pytest.raises(ConnectionError):
        confirm(admin_client, response)


# As themes of the admin have it: one that knows no other base.
CHANGE_LIST = """
{% extends "admin/change_list.html" %}
{% block object-tools-items %}{{ block.super }}{% endblock %}
"""


@pytest.mark.parametrize("where", [RULES, MESSAGES])
def test_a_theme_of_the_admin_takes_nothing_from_a_list(
    admin_client, settings, tmp_path, where: str
) -> None:
    settings.ROOT_URLCONF = "testproject.urls"
    theme = tmp_path / "admin/import_export/change_list.html"
    theme.parent.mkdir(parents=True)
    theme.write_text(CHANGE_LIST)
    settings.TEMPLATES = [{**each, "DIRS": [tmp_path]} for each in settings.TEMPLATES]
    page = admin_client.get(where).content.decode()
    assert page.count("http-errors-intro") == page.count("Try an address") == 1
    assert page.count("All error pages") == (where == MESSAGES)
    for name in ("import_link", "export_link", "addlink"):
        assert len(re.findall(rf'<li>\s*<a href=[^>]* class="{name}"', page)) == 1, name


def test_what_is_not_valid_any_more_when_it_is_confirmed_changes_nothing(
    admin_client, monkeypatch
) -> None:
    response = upload(admin_client, b"pattern,reason\n/a,\n/b,{path}\n")
    monkeypatch.setattr("django_http_errors.validators.PLACEHOLDERS", ())
    response = confirm(admin_client, response)
    assert "Nothing was imported" in response.content.decode()
    assert not PermanenceRule.objects.exists()
    assert not LogEntry.objects.exists()


@pytest.mark.parametrize("format", EXPORTED)
def test_what_was_exported_is_imported(admin_client, format: str) -> None:
    ErrorMessage.objects.create(status="404", title="=Nichts, da", language="de", detail="{path}")
    where = {"format": EXPORTED[format], **dict.fromkeys(_export_fields(admin_client), "on")}
    exported = admin_client.post(f"{MESSAGES}export/", where)
    assert "attachment" in exported["Content-Disposition"]
    ErrorMessage.objects.all().delete()
    confirm(admin_client, upload(admin_client, exported.content, AUTO, MESSAGES), MESSAGES)
    assert ErrorMessage.objects.get().title == "=Nichts, da"
    assert (b"'=Nichts" in exported.content) is (format == "csv")
    assert admin_client.post(f"{MESSAGES}export/", where).content == exported.content


def test_columns_are_called_as_the_admin_does(admin_client) -> None:
    """And in the language of who asks, on both pages; also after a file that is none."""
    german = {"HTTP_ACCEPT_LANGUAGE": "de"}
    page = admin_client.get(f"{RULES}export/", **german).content.decode()
    for text in ("Adresse (pattern)", "Grund (reason)", "Host"):
        assert text in page
    page = admin_client.get(f"{RULES}import/", **german).content.decode()
    assert "Adresse (pattern), Host, " in page
    file = SimpleUploadedFile("rules.csv", b"PK\x03\x04\n")
    sent = {"import_file": file, "format": AUTO}
    page = admin_client.post(f"{RULES}import/", sent, **german).content.decode()
    assert "Adresse (pattern), Host, " in page
    assert "Adressliste" in page
    sent = {"import_file": SimpleUploadedFile("rules.csv", b"/a\n"), "format": AUTO}
    page = admin_client.post(f"{RULES}import/", sent, **german).content.decode()
    assert "klicke" not in page


def test_a_page_for_columns_needs_no_script_in_it(admin_client) -> None:
    """A strict Content-Security-Policy refuses one, and the box that has it has no label."""
    page = admin_client.get(f"{RULES}export/").content.decode()
    assert not re.findall(r"<[^>]+ on\w+=", page)
    form = page[page.index('id="content"') :]
    for tag in re.findall(r"<(?:input|select) (?![^>]*(?:hidden|submit))[^>]*>", form):
        (name,) = re.findall(r' id="([^"]+)"', tag)
        assert f'<label for="{name}">' in form


def _export_fields(client) -> list[str]:
    form = client.get(f"{MESSAGES}export/").context["form"]
    return [name for name in form.fields if name.startswith("errormessageresource_")]


@pytest.mark.parametrize(("where", "count"), [(RULES, 9), (MESSAGES, 3)])
def test_a_format_is_recognised_unless_it_is_chosen(admin_client, where: str, count: int) -> None:
    form = admin_client.get(f"{where}import/").context["form"]
    choices = [(value, str(label)) for value, label in form.fields["format"].choices]
    assert choices[0] == (AUTO, "recognise it")
    assert len(choices) == count
    # The name of a file doesn't say which of them it is.
    assert "class" not in form.fields["format"].widget.attrs
    assert {"CSV", "JSON"} <= {label for _value, label in choices}
    form = admin_client.get(f"{where}export/").context["form"]
    assert [label for value, label in form.fields["format"].choices if value] == ["csv", "json"]


@pytest.mark.parametrize(
    ("codenames", "may_import", "may_export"),
    [
        ((), 403, 403),
        (("view",), 403, 200),
        (("view", "change"), 403, 200),
        (("view", "add"), 403, 200),
        (("view", "add", "change"), 200, 200),
    ],
)
def test_who_may_edit_may_import_and_who_may_look_may_export(
    client, django_user_model, codenames: tuple[str, ...], may_import: int, may_export: int
) -> None:
    user = django_user_model.objects.create_user("editor", is_staff=True)
    names = [f"{name}_permanencerule" for name in codenames]
    user.user_permissions.set(Permission.objects.filter(codename__in=names))
    client.force_login(user)
    assert client.get(f"{RULES}import/").status_code == may_import
    assert client.get(f"{RULES}export/").status_code == may_export
    assert client.post(f"{RULES}process_import/").status_code == may_import
    assert client.get(f"{MESSAGES}import/").status_code == 403
    assert client.get(f"{MESSAGES}export/").status_code == 403
