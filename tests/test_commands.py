"""The commands of the shell: what they print, how they end, and what they refuse."""

from __future__ import annotations

import importlib.util
import io
import json
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.urls import clear_script_prefix, path, set_script_prefix

from django_http_errors.importing import importer
from django_http_errors.management.commands import import_permanence_rules as command
from django_http_errors.models import ErrorMessage, HidingRule, PermanenceRule

from .edits import edits_made

pytestmark = pytest.mark.django_db

Run = Callable[..., tuple[str, str]]


@pytest.fixture
def run() -> Run:
    """Call a command; its output and its errors are returned."""

    def call(*words: str, **options: object) -> tuple[str, str]:
        out, err = io.StringIO(), io.StringIO()
        call_command(*words, stdout=out, stderr=err, **options)
        return out.getvalue(), err.getvalue()

    return call


HOST = "Write the name of the host alone, without scheme, port and path: www.example.com"


def patterns() -> list[str]:
    return list(PermanenceRule.objects.order_by("pattern").values_list("pattern", flat=True))


class TestImport:
    """``manage.py import_permanence_rules``."""

    @pytest.fixture
    def file(self, tmp_path: Path) -> Callable[[str | bytes], str]:
        def write(content: str | bytes, name: str = "rules.csv") -> str:
            path = tmp_path / name
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
            return str(path)

        return write

    def test_a_file_is_imported_once(self, run: Run, file: Callable[[str], str]) -> None:
        name = file("pattern,reason\n/a,Sold.\n/b,\n")
        out, err = run("import_permanence_rules", name, "--author", "editor")
        assert (out, err) == ("2 rows: 2 new, 0 changed, 0 same, 0 invalid.\n", "")
        assert patterns() == ["/a", "/b"]
        assert set(PermanenceRule.objects.values_list("source", "author")) == {("import", "editor")}
        generation = edits_made()
        out, err = run("import_permanence_rules", name)
        assert (out, err) == ("2 rows: 0 new, 0 changed, 2 same, 0 invalid.\n", "")
        assert edits_made() == generation

    @pytest.mark.parametrize("format", ["", "json"])
    def test_json_is_recognised(self, run: Run, file: Callable[[str], str], format: str) -> None:
        name = file(json.dumps([{"pattern": "/a"}]))
        run("import_permanence_rules", name, *(["--format", format] if format else []))
        assert patterns() == ["/a"]

    def test_a_dry_run_says_so(self, run: Run, file: Callable[[str], str]) -> None:
        name = file("pattern\n/a\n")
        out, _err = run("import_permanence_rules", name, "--dry-run")
        assert out == (
            f"{name}: read as CSV\n"
            "1 row: 1 new, 0 changed, 0 same, 0 invalid.\n"
            "Nothing was changed: this was a dry run.\n"
        )
        assert patterns() == []

    def test_a_dry_run_names_the_fields_that_a_row_changes_and_empties(
        self, run: Run, file: Callable[[str], str], monkeypatch
    ) -> None:
        for pattern in ("/a", "/b", "/c"):
            PermanenceRule.objects.create(pattern=pattern, reason="Sold.", replacement="/x/")
        name = file("pattern,reason,replacement,note\n/a,New.,,x\n/b,,/x/,\n/c,Sold.,/x/,y\n")
        changes = [
            f"{name}, line 2: /a: changes reason, note; empties replacement",
            f"{name}, line 3: /b: empties reason",
            f"{name}, line 4: /c: changes note",
        ]
        out, _err = run("import_permanence_rules", name, "--dry-run")
        assert out.splitlines()[1:4] == changes
        monkeypatch.setattr(importer, "MOST_SHOWN", 2)
        importing = importer.Import.__init__.__kwdefaults__
        monkeypatch.setitem(importing, "most", 2)
        out, _err = run("import_permanence_rules", name, "--dry-run")
        assert out.splitlines()[2:4] == [changes[1], "... and 1 more changed row"]
        assert "changes" not in run("import_permanence_rules", name)[0]
        PermanenceRule.objects.update(note="")
        assert changes[2] in run("import_permanence_rules", name, verbosity=2)[0]

    def test_what_was_meant_or_left_out_is_said(self, run: Run, file: Callable[[str], str]) -> None:
        name = file("Redirect gone /a\nRedirect 301 /b /c\nRedirectMatch 410 ^/d/.*\n")
        out, err = run("import_permanence_rules", name)
        assert out == "2 rows: 2 new, 0 changed, 0 same, 0 invalid.\n"
        assert err.splitlines() == [
            f"{name}, line 2: Not gone (410) but 301: left out.",
            f"{name}, line 3: ^/d/.* → /d/ (this address and everything below it)",
        ]
        name = file("".join(f"/{number}/*\n" for number in range(importer.MOST_SHOWN + 2)))
        _out, err = run("import_permanence_rules", name)
        assert len(err.splitlines()) == importer.MOST_SHOWN + 1
        assert err.endswith("... and 2 more\n")

    def test_what_was_imported_in_batches_is_said(
        self, run: Run, file: Callable[[str], str]
    ) -> None:
        name = file("pattern\n/a\n/b\n/c\nd\n")
        with pytest.raises(CommandError, match=r"^2 rules were imported before. Fix the invalid"):
            run("import_permanence_rules", name, "--batch", "2")
        assert patterns() == ["/a", "/b"]
        name = file('pattern\n/e\n"/f')
        with pytest.raises(
            CommandError, match=r"^1 rule was imported before. .*line 3: This is no"
        ):
            run("import_permanence_rules", name, "--batch", "1")
        assert patterns() == ["/a", "/b", "/e"]

    @pytest.mark.parametrize("dry", [(), ("--dry-run",)])
    def test_invalid_rows_are_reported_with_their_lines(
        self, run: Run, file: Callable[[str], str], dry: tuple[str, ...]
    ) -> None:
        name = file('pattern,host,reason\n/a,,"one\ntwo"\nb,x y,\n/a,,\n')
        out, err = io.StringIO(), io.StringIO()
        with pytest.raises(CommandError, match="Nothing was imported") as caught:
            call_command("import_permanence_rules", name, *dry, stdout=out, stderr=err)
        assert caught.value.returncode != 0
        assert out.getvalue().endswith("3 rows: 1 new, 0 changed, 0 same, 2 invalid.\n")
        assert err.getvalue().splitlines() == [
            f"{name}, line 4: pattern: An address begins with a slash: /b",
            f"{name}, line 4: host: {HOST}",
            f"{name}, line 5: Line 2 has the same kind, pattern, host already.",
        ]
        assert patterns() == []

    def test_invalid_rows_can_be_left_out(self, run: Run, file: Callable[[str], str]) -> None:
        out, err = run("import_permanence_rules", file("pattern\n/a\nb\n"), "--skip-invalid")
        assert out == "2 rows: 1 new, 0 changed, 0 same, 1 invalid.\n"
        assert "line 3: pattern: An address begins with a slash: /b" in err
        assert patterns() == ["/a"]

    def test_not_all_of_many_invalid_rows_are_reported(
        self, run: Run, file: Callable[[str], str]
    ) -> None:
        count = importer.MOST_SHOWN + 7
        name = file("pattern\n" + "".join(f"{number}\n" for number in range(count)))
        _out, err = run("import_permanence_rules", name, "--skip-invalid")
        assert len(err.splitlines()) == importer.MOST_SHOWN + 1
        assert err.endswith("... and 7 more invalid rows\n")

    def test_what_a_terminal_would_obey_is_not_printed(
        self, run: Run, file: Callable[[bytes], str]
    ) -> None:
        name = file(b"pattern\n\x1b[31mred\x9b" + b"x" * 5000 + b"\n")
        _out, err = run("import_permanence_rules", name, "--skip-invalid")
        assert "\x1b" not in err
        assert all(len(line) < command.LONGEST_ERROR + len(name) + 50 for line in err.splitlines())

    @pytest.mark.parametrize(
        ("content", "message"),
        [
            (b"pattern,colour\n/a,red\n", "line 1: There is no column colour"),
            (b'pattern\n/a\n"/b', "line 3: This is no CSV: unexpected end of data"),
            (b'[{"pattern": "/a"},\n{"pattern"}]', "line 2: This is no JSON"),
            (b"", "line 1: The file is empty"),
        ],
    )
    def test_a_file_that_is_none_imports_nothing(
        self, run: Run, file: Callable[[bytes], str], content: bytes, message: str
    ) -> None:
        with pytest.raises(CommandError) as caught:
            run("import_permanence_rules", file(content), "--skip-invalid")
        assert str(caught.value).startswith("Nothing was imported. ")
        assert message in str(caught.value)
        assert patterns() == []

    def test_a_file_that_is_not_there(self, run: Run, tmp_path: Path) -> None:
        with pytest.raises(CommandError, match="No such file"):
            run("import_permanence_rules", str(tmp_path / "none.csv"))
        with pytest.raises(CommandError, match="directory"):
            run("import_permanence_rules", str(tmp_path))

    @pytest.mark.parametrize("size", ["0", "-1", "x", "1.5"])
    def test_a_batch_has_a_size(self, run: Run, size: str) -> None:
        with pytest.raises(CommandError, match="a number from 1 is expected"):
            run("import_permanence_rules", "-", f"--batch={size}")

    def test_a_name_is_not_endless(self, run: Run) -> None:
        with pytest.raises(CommandError, match="150 characters"):
            run("import_permanence_rules", "-", "--author", "x" * 151)

    def test_standard_input_is_a_file(self, run: Run, monkeypatch) -> None:
        content = io.TextIOWrapper(io.BytesIO(b"pattern\n/a\n"))
        monkeypatch.setattr(sys, "stdin", content)
        run("import_permanence_rules", "-", "--batch", "1")
        assert patterns() == ["/a"]
        assert not content.closed

    def test_it_can_be_silent(self, run: Run, file: Callable[[str], str]) -> None:
        name = file("pattern\n/a\n")
        assert run("import_permanence_rules", name, "--dry-run", verbosity=0) == ("", "")
        assert run("import_permanence_rules", name, verbosity=0) == ("", "")

    @pytest.mark.skipif(importlib.util.find_spec("tqdm") is None, reason="tqdm isn't installed")
    @pytest.mark.parametrize("terminal", [True, False])
    def test_a_terminal_is_shown_how_far_it_is(
        self, run: Run, file: Callable[[str], str], monkeypatch, terminal: bool
    ) -> None:
        class Terminal(io.StringIO):
            def isatty(self) -> bool:
                return terminal

        monkeypatch.setattr(sys, "stderr", shown := Terminal())
        run("import_permanence_rules", file("pattern\n/a\n/b\n"), "--batch", "1")
        assert ("0%" in shown.getvalue()) is terminal

    @pytest.mark.skipif(importlib.util.find_spec("tqdm") is None, reason="tqdm isn't installed")
    def test_of_a_pipe_nobody_knows_how_long_it_is(self, run: Run, monkeypatch) -> None:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"pattern\n/a\n")))
        monkeypatch.setattr(sys, "stderr", shown := io.StringIO())
        monkeypatch.setattr(shown, "isatty", lambda: True, raising=False)
        run("import_permanence_rules", "-")
        assert "B/s" in shown.getvalue()
        assert "%" not in shown.getvalue()

    def test_without_tqdm_nothing_is_shown(
        self, run: Run, file: Callable[[str], str], monkeypatch
    ) -> None:
        monkeypatch.setitem(sys.modules, "tqdm", None)
        monkeypatch.setattr(sys, "stderr", shown := io.StringIO())
        monkeypatch.setattr(shown, "isatty", lambda: True, raising=False)
        run("import_permanence_rules", file("pattern\n/a\n"))
        assert shown.getvalue() == ""
        assert patterns() == ["/a"]


class TestExplain:
    """``manage.py explain_error``."""

    def test_the_response_is_exactly_that_of_the_site(self, run: Run, client) -> None:
        PermanenceRule.objects.create(kind="prefix", pattern="/old-shop/", reason="It has closed.")
        accept = "application/json"
        out, _err = run("explain_error", "/old-shop/x", "--accept", accept)
        said, fields, body = out.rstrip("\n").rsplit("\n\n", 2)
        assert "1. prefix /old-shop/ (any host, permanent): decides." in said
        response = client.get("/old-shop/x", headers={"Accept": accept, "Host": "localhost"})
        status, *lines = fields.splitlines()
        assert status == "HTTP/1.1 410 Gone"
        # What other middleware adds to a response isn't the app's to know.
        headers = dict(line.split(": ", 1) for line in lines)
        for name in ("Content-Type", "Content-Language", "Cache-Control"):
            assert headers[name] == response.headers[name]
        assert json.loads(body) == response.json()

    def test_the_rules_are_listed_in_order_and_why_each_does_not_decide(self, run: Run) -> None:
        past, future = datetime(2020, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
        PermanenceRule.objects.create(pattern="/a/b", valid_until=past)
        PermanenceRule.objects.create(kind="prefix", pattern="/a/b/", valid_from=future)
        PermanenceRule.objects.create(
            kind="prefix", pattern="/a/", permanence="temporary", host="localhost"
        )
        PermanenceRule.objects.create(kind="route", pattern="/a/<slug:x>/")
        PermanenceRule.objects.create(pattern="/other")
        out, _err = run("explain_error", "/a/b?c=d")
        said = """
Rules, in order:
1. exact /a/b (any host, permanent): not in force: it ended at 2020-01-01T00:00:00+00:00.
2. prefix /a/b/ (any host, permanent): not in force: it begins at 2100-01-01T00:00:00+00:00.
3. prefix /a/ (localhost, temporary): decides.
4. route /a/<slug:x>/ (any host, permanent): doesn't decide: one that goes before it does.
"""
        assert said in out
        assert "HTTP/1.1 404 Not Found\n" in out

    @pytest.mark.parametrize(
        ("allowed", "host"),
        [
            (["127.0.0.1"], "127.0.0.1"),
            (["*", "shop.example", "www.shop.example"], "shop.example"),
            ([".shop.example"], "shop.example"),
            ([".shop.example", "www.example"], "www.example"),
            (["*"], "localhost"),
        ],
    )
    def test_the_site_is_asked_by_a_name_of_its_own(
        self, run: Run, settings, allowed: list[str], host: str
    ) -> None:
        settings.ALLOWED_HOSTS = allowed
        PermanenceRule.objects.create(pattern="/a", host=host)
        ErrorMessage.objects.create(status="410", host=host, title="Of a host")
        out, _err = run("explain_error", "/a", "--accept", "text/plain")
        assert f"1. exact /a ({host}, permanent): decides." in out
        assert "ALLOWED_HOSTS" not in out
        assert "410 Of a host" in out

    @pytest.mark.parametrize("address", ["/app/old/", "/app/old/?c=d"])
    def test_a_site_below_a_path_is_asked_as_visitors_ask(
        self, run: Run, settings, address: str
    ) -> None:
        settings.FORCE_SCRIPT_NAME = "/app"
        PermanenceRule.objects.create(pattern="/old/")
        PermanenceRule.objects.create(pattern="/app/old/", permanence="temporary")
        set_script_prefix("/app/")  # as `django.setup` does
        try:
            out, _err = run("explain_error", address, "--accept", "application/json")
        finally:
            clear_script_prefix()
        assert "1. exact /old/ (any host, permanent): decides." in out
        assert "/app/old/ (any" not in out
        assert json.loads(out.rsplit("\n\n", 1)[1])["instance"] == "/app/old/"

    def test_rules_are_for_a_404(self, run: Run) -> None:
        PermanenceRule.objects.create(pattern="/a")
        out, _err = run("explain_error", "/a", "--status", "403")
        assert "(any host, permanent): doesn't decide: rules are for a 404 only." in out
        assert "HTTP/1.1 403 Forbidden\n" in out

    def test_the_messages_are_listed_with_what_each_gives(self, run: Run) -> None:
        ErrorMessage.objects.create(status="404", path_prefix="/shop/", title="Sold out")
        ErrorMessage.objects.create(status="404", title="Nothing", detail="At {path}.")
        ErrorMessage.objects.create(title="Oh")
        ErrorMessage.objects.create(status="404", language="de", title="Nichts da")
        out, _err = run("explain_error", "/shop/x", "--accept", "text/plain", "--language", "en")
        assert "1. 404, any host /shop/, any language: gives title.\n" in out
        assert "2. 404, any host any path, any language: gives detail.\n" in out
        assert "3. any error, any host any path, any language: gives nothing that is" in out
        assert "\n\n404 Sold out\n\nAt /shop/x.\n" in out
        out, _err = run("explain_error", "/x", "--accept", "text/plain", "--language", "de")
        assert "1. 404, any host any path, de: gives title.\n" in out
        assert "\n\n404 Nichts da\n" in out

    def test_a_view_that_answers_is_named(self, run: Run) -> None:
        out, _err = run("explain_error", "/form/")
        assert out.startswith("View: form answers at this address (/form/).\n")
        out, _err = run("explain_error", "/nothing/here")
        assert out.startswith("View: none. The URLconf testproject.urls has nothing at this ")

    def test_the_sites_own_handler_is_named(self, run: Run, settings) -> None:
        out, _err = run("explain_error", "/x")
        assert "Handler" not in out
        settings.ROOT_URLCONF = type(
            "Urls", (), {"urlpatterns": [], "handler404": "django.views.defaults.page_not_found"}
        )
        line = (
            "Handler: django.views.defaults.page_not_found answers 404s here;"
            " rules and messages do nothing for it.\n"
            "What follows is what the app would answer without that.\n"
        )
        assert line in run("explain_error", "/x")[0]
        assert "Handler" not in run("explain_error", "/x", "--status", "403")[0]

    def test_a_handler_around_the_apps_is_named(self, run: Run, settings) -> None:
        settings.ROOT_URLCONF = type(
            "Urls", (), {"urlpatterns": [], "handler404": "tests.test_checks.calling_for_the_api"}
        )
        line = (
            "Handler: tests.test_checks.calling_for_the_api calls the app's for 404s here, and may"
            " answer by itself.\n"
        )
        assert line in run("explain_error", "/x")[0]
        for status in ("403", "410"):
            assert "Handler" not in run("explain_error", "/x", "--status", status)[0]

    def test_only_a_slash_that_django_appends_is_a_view(self, run: Run, settings) -> None:
        none = "View: none. The URLconf testproject.urls has nothing at this address.\n"
        PermanenceRule.objects.create(pattern="/form", permanence="temporary")
        out, _err = run("explain_error", "/form")
        redirected = (
            "A 404 there is answered by a redirect to /form/ before any rule is asked.\n"
            "What follows is what the app would answer without that.\n"
        )
        assert out.startswith(none + redirected)
        assert "exact /form (any host, temporary): doesn't decide: the redirect goes before" in out
        settings.APPEND_SLASH = False
        out, _err = run("explain_error", "/form")
        assert out.startswith(none)
        assert redirected not in out
        assert "exact /form (any host, temporary): decides." in out
        settings.ROOT_URLCONF = type(
            "Urls", (), {"urlpatterns": [path("robots.txt", lambda request: None)]}
        )
        assert run("explain_error", "/robots.txt/")[0].startswith("View: none.")

    def test_what_is_hidden_is_said_to_be(self, run: Run) -> None:
        """By a rule, or by the view."""
        HidingRule.objects.create(kind="prefix", pattern="/vault/")
        for address in ("/vault/secret/", "/documents/2/"):
            out, _err = run("explain_error", address, "--status", "403")
            assert "\nHidden: this is a 404 to all who may not know of it" in out, address
        assert "Hidden" not in run("explain_error", "/plain-documents/2/")[0]

    def test_a_new_project_has_hosts_of_its_own(self, run: Run, settings) -> None:
        """In DEBUG, Django takes some without ALLOWED_HOSTS."""
        settings.DEBUG, settings.ALLOWED_HOSTS = True, []
        assert "ALLOWED_HOSTS" not in run("explain_error", "/x")[0]

    def test_another_host_is_mentioned(self, run: Run, settings) -> None:
        settings.ALLOWED_HOSTS = ["www.example.com"]
        PermanenceRule.objects.create(pattern="/a", host="www.example.com")
        out, _err = run("explain_error", "/a", "--host", "www.example.com:8000")
        assert "1. exact /a (www.example.com, permanent): decides." in out
        assert "ALLOWED_HOSTS" not in out
        out, _err = run("explain_error", "/a", "--host", "other.example")
        assert "Host: other.example isn't in ALLOWED_HOSTS" in out
        assert "Rules: none covers this address." in out

    def test_head_has_no_content(self, run: Run) -> None:
        out, _err = run("explain_error", "/a", "--method", "HEAD")
        assert out.endswith("\n\n(To HEAD the server sends no content.)\n")

    @pytest.mark.parametrize(
        ("words", "message"),
        [
            (["old-shop"], "An address begins with a slash: /old-shop"),
            (["https://www.example.com/old"], "Write the host www.example.com in its own field"),
            (["/a\x00"], "Control characters are not allowed here."),
            (["/a", "--status", "200"], "200 is no error. Give a status from 400 to 599."),
            (["/a", "--status", "x"], "invalid int value: 'x'"),
            (["/a", "--method", "G T"], "'G T' is no method."),
            (["/a", "--method", ""], "'' is no method."),
            (["/a", "--language", "e!"], "Write a language tag such as de or pt-br."),
            (["/a", "--host", "http://x/"], "Write the name of the host alone"),
            (["/a", "--host", "a b"], "Write the name of the host alone"),
            (["/a", "--accept", "a\r\nb: c"], "Control characters are not allowed here."),
        ],
    )
    def test_invalid_input_is_refused(self, run: Run, words: list[str], message: str) -> None:
        with pytest.raises(CommandError) as caught:
            run("explain_error", *words)
        assert message in str(caught.value)

    @pytest.mark.parametrize("address", ["//[x", "//evil.example/a", "/%ff", "/%", "/a b", "/ä?ö"])
    def test_odd_addresses_are_explained(self, run: Run, address: str) -> None:
        out, _err = run("explain_error", address, "--accept", "application/json")
        assert "HTTP/1.1 404 Not Found\n" in out
