"""Rules as files: imported again they are the same, and servers answer as the site does."""

from __future__ import annotations

import csv
import json
import re
import shutil
import socket
import subprocess
import time
from collections import Counter
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from django_http_errors.importing import exporter
from django_http_errors.importing.schema import RULES
from django_http_errors.models import PermanenceRule

from ..imports import import_rules

pytestmark = pytest.mark.django_db

NOW = timezone.now()
DAY = timedelta(days=1)


def make(*rows: str, **values: Any) -> None:
    """Make rules of texts such as "prefix www.example.com/old/"."""
    for row in rows:
        kind, _space, address = row.partition(" ")
        host, slash, path = address.partition("/")
        PermanenceRule.objects.create(kind=kind, host=host, pattern=slash + path, **values)


def exported(format: str) -> str:
    return "".join(exporter.FORMATS[format](PermanenceRule.objects.all(), Counter()))


def remarks(format: str) -> dict[str, int]:
    found: exporter.Remarks = Counter()
    list(exporter.FORMATS[format](PermanenceRule.objects.all(), found))
    return {str(text): count for text, count in found.items() if count}


def addresses(**values: Any) -> list[str]:
    return [f"{rule.kind} {rule}" for rule in PermanenceRule.objects.filter(**values)]


FORMULAS = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "'=1", "''-1", "'", "'x", "x=1", "\uff1d1"]
# Where a spreadsheet separates cells by semicolons or tabs: within a cell, which then is several.
FORMULAS_WITHIN = ["x;=1", 'x;"=1;', "x\t+1", "x\n-1", "x;'@a", "x\r\n\"'=1", ";;=1", "x;'y", "x;1"]


@pytest.mark.parametrize("text", [*FORMULAS, *FORMULAS_WITHIN])
def test_no_cell_is_a_formula_and_each_is_what_it_was(text: str) -> None:
    make("exact /a", note=text, reason=text, group="".join(text.split()))
    before = list(PermanenceRule.objects.values(*RULES.columns))
    content = exported("csv")
    cells = [cell for row in csv.reader(StringIO(content)) for cell in row]
    assert not [cell for cell in cells if re.match("[=+\\-@\t\r\uff1d]", cell)]
    assert re.search('[;\t\r\n]"*[=+\\-@\uff1d]', content) is None
    assert import_rules(content.encode()).counts["same"] == 1
    PermanenceRule.objects.all().delete()
    import_rules(content.encode())
    assert list(PermanenceRule.objects.values(*RULES.columns)) == before


@pytest.mark.parametrize("format", ["csv", "json"])
def test_all_is_exported_that_can_be_imported(format: str) -> None:
    assert import_rules(exported(format).encode(), format=format).counts == {}
    make("exact /a", permanence="temporary", expected_at=NOW, enabled=False)
    make("exact /b", valid_from=NOW, announce=True)
    make("prefix www.example.com/ä b/", valid_until=NOW - DAY, source="code", ignore_case=True)
    make("route /<int:x>/", reason='"a",\nb;', group="relaunch")
    before = list(PermanenceRule.objects.values(*RULES.columns))
    content = exported(format)
    PermanenceRule.objects.all().delete()
    assert import_rules(content.encode()).counts == {"new": 4}
    assert list(PermanenceRule.objects.values(*RULES.columns)) == before
    assert remarks(format) == {}


def test_json_is_a_list() -> None:
    assert json.loads(exported("json")) == []
    make("exact /a", "exact /b")
    assert [row["pattern"] for row in json.loads(exported("json"))] == ["/a", "/b"]


def test_a_redirects_file_says_what_is_gone() -> None:
    make("exact /lamps/7/", "exact /große lampen", "exact www.example.com/x")
    make("prefix /old/", "prefix /old/very/", "route /blog/<str:year>/<slug>/<path:rest>")
    assert exported("redirects").splitlines() == [
        "/lamps/7/ /410.html 410",
        "/gro%C3%9Fe%20lampen /410.html 410",
        "http://www.example.com/x /410.html 410",
        "https://www.example.com/x /410.html 410",
        "/old/very/ /410.html 410",
        "/old/very/* /410.html 410",
        "/old/ /410.html 410",
        "/old/* /410.html 410",
        "/blog/:year/:slug/* /410.html 410",
    ]
    assert remarks("redirects") == {str(exporter.EVEN_IF_THERE): 3}
    before = set(addresses())
    content = exported("redirects").encode()
    PermanenceRule.objects.all().delete()
    import_rules(content)
    # A prefix needs two lines: what is below it, and the address itself.
    assert set(addresses()) - before == {
        "exact /old/",
        "exact /old/very/",
        "route /blog/<str:year>/<str:slug>/<path:rest>",
    }
    assert before - set(addresses()) == {"route /blog/<str:year>/<slug>/<path:rest>"}


def test_a_redirects_file_has_no_wildcards_but_its_own() -> None:
    make("exact /wiki/M*A*S*H", "exact /:x", "exact /wiki/Help:*")
    make("prefix /music/:wumpscut/", "route /a*b/c d/:e/<str:x>/")
    assert exported("redirects").splitlines() == [
        "/wiki/M%2AA%2AS%2AH /410.html 410",
        "/%3Ax /410.html 410",
        "/wiki/Help:%2A /410.html 410",
        "/music/%3Awumpscut/ /410.html 410",
        "/music/%3Awumpscut/* /410.html 410",
        "/a%2Ab/c%20d/%3Ae/:x/ /410.html 410",
    ]


def test_what_a_redirects_file_cannot_say_is_counted() -> None:
    make("exact /a", "route /archive/<int:year>/")
    make("prefix /shop/", "prefix /sho/", "prefix /", "route /x/<str:y>/", "route /x/a/<str:y>")
    make("exact /shop", "prefix /shop/a/", "route /x/<int:y>/", permanence="temporary")
    make("exact /off", enabled=False)
    make("exact /later", "prefix /later/", valid_from=NOW + DAY)
    make("exact /until", valid_until=NOW + DAY)
    assert exported("redirects").splitlines() == [
        "/a /410.html 410",
        "/until /410.html 410",
        "/sho/ /410.html 410",
        "/sho/* /410.html 410",
    ]
    assert remarks("redirects") == {
        str(exporter.NOT_IN_FORCE): 3,
        str(exporter.ENDING): 1,
        str(exporter.TEMPORARY): 3,
        str(exporter.ABOVE_TEMPORARY): 4,
        str(exporter.ROUTES): 1,
        str(exporter.EVEN_IF_THERE): 1,
    }


@pytest.mark.parametrize(
    ("temporary", "permanent", "is_written"),
    [
        ("www.example.com/sale/", "/sale/", False),
        ("www.example.com/sale", "/sale/", False),
        ("/sale", "/sale/", False),
        ("/SALE", "/sale/", True),
        ("/SALE ignoring case", "/sale/", False),
        ("/sale", "www.example.com/sale/", True),
        ("shop.example.com/sale/", "www.example.com/sale/", True),
        ("www.example.com/sale", "www.example.com/sale/", False),
        ("/other/", "/sale/", True),
    ],
)
@pytest.mark.parametrize("is_older", [True, False])
def test_a_redirects_file_leaves_to_the_site_what_is_temporary_there(
    temporary: str, permanent: str, is_written: bool, is_older: bool
) -> None:
    """A host's own rule goes before one for any, and of equals the older one."""
    address = temporary.removesuffix(" ignoring case")
    first = {"permanence": "temporary", "ignore_case": temporary != address}
    pairs: list[tuple[str, dict[str, Any]]] = [
        (f"exact {address}", first),
        (f"exact {permanent}", {}),
    ]
    for row, values in pairs if is_older else pairs[::-1]:
        make(row, **values)
    has_own_host = address.startswith("www") and permanent.startswith("/")
    is_left_out = not is_written and (is_older or has_own_host)
    assert (exported("redirects") == "") == is_left_out
    assert remarks("redirects").get(str(exporter.AFTER_TEMPORARY), 0) == is_left_out
    assert remarks("redirects")[str(exporter.TEMPORARY)] == 1


def test_a_map_for_nginx() -> None:
    make("exact /lamps/7/", 'exact /große "lampen"', "exact /")
    make("prefix /old/", "prefix /old/very/")
    make("route /archive/<int:year>/<slug:name>/")
    make("prefix /a.b/", ignore_case=True)
    make("exact /old/kept", "prefix /old/a/", "route /x/<str:y>", permanence="temporary")
    header, text = exported("nginx").split("map $uri $gone {\n")
    assert all(line.startswith("#") for line in header.splitlines())
    assert set(text.splitlines()[:8]) == {
        "    default 0;",
        '    "/lamps/7" 1;',
        '    "/lamps/7/" 1;',
        '    "/große \\"lampen\\"" 1;',
        '    "/große \\"lampen\\"/" 1;',
        '    "/" 1;',
        '    "/old/kept" 0;',
        '    "/old/kept/" 0;',
    }
    assert text.splitlines()[8:] == [
        '    "~^/old/very(?:/|$)" 1;',
        '    "~^/old/a(?:/|$)" 0;',
        '    "~^/old(?:/|$)" 1;',
        '    "~*^/a\\\\.b(?:/|$)" 1;',
        '    "~^/archive/(?:[0-9]+)/(?:[-a-zA-Z0-9_]+)/?$" 1;',
        '    "~^/x/(?:[^/]+)/?$" 0;',
        "}",
    ]
    assert remarks("nginx") == {str(exporter.CASE): 3, str(exporter.EVEN_IF_THERE): 4}


def test_a_map_for_nginx_at_hosts() -> None:
    """What is temporary anywhere goes before what is gone at a host."""
    make("exact /a", "prefix /b/", "exact www.example.com/c", "prefix www.example.com/d/")
    make("route www.example.com/e/<int:x>/")
    make("exact /d/e", "prefix /d/f/", permanence="temporary")
    anywhere, here = exported("nginx").split("map ")[1:]
    assert anywhere.splitlines()[0] == "$uri $gone_anywhere {"
    assert {'    "/a" 1;', '    "/d/e" 0;'} <= set(anywhere.splitlines())
    assert "www" not in anywhere
    lines = here.splitlines()
    assert lines[:2] == ["$host$uri $gone {", "    default $gone_anywhere;"]
    assert set(lines[2:4]) == {'    "www.example.com/c" 1;', '    "www.example.com/c/" 1;'}
    assert lines[4:] == [
        '    "~^[^/]+/d/e/?$" $gone_anywhere;',
        '    "~^[^/]+/d/f(?:/|$)" $gone_anywhere;',
        '    "~^www\\\\.example\\\\.com/d(?:/|$)" 1;',
        '    "~^www\\\\.example\\\\.com/e/(?:[0-9]+)/?$" 1;',
        "}",
    ]


def test_a_map_for_nginx_has_no_entry_twice() -> None:
    """Nginx would not start."""
    make("exact /a", "exact /A", "exact /a/")
    make("exact /é", "exact /É")
    entries = re.findall(r'"(.*)" 1;', exported("nginx"))
    assert len(entries) == len({entry.encode().lower() for entry in entries}) == 6


def test_what_is_no_text_is_left_out_of_a_map() -> None:
    make("exact /a%0Ab", "exact /a")
    assert re.findall(r'"(.*)" 1;', exported("nginx")) in (["/a", "/a/"], ["/a/", "/a"])
    assert remarks("nginx")[str(exporter.NO_TEXT)] == 1


def test_a_map_for_nginx_can_be_imported() -> None:
    make("exact /100%25 \\x", "exact www.example.com/c", ignore_case=True)
    make("prefix /a.b+c/", "prefix www.example.com/d/", "route /<int:any1>/<slug:any2>")
    make("route /u/<uuid:any1>")
    before = set(addresses(kind="exact")) | set(addresses(kind="prefix"))
    content = exported("nginx").encode()
    PermanenceRule.objects.all().delete()
    report = import_rules(content)
    assert report.invalid == 0
    assert {each.rstrip("/") for each in addresses()} == {
        *(each.rstrip("/") for each in before),
        "route /<int:any1>/<slug:any2>",
        "route /u/<uuid:any1>",
    }


def test_what_is_temporary_in_a_map_is_no_part_of_what_is_imported() -> None:
    make("prefix /a/", "prefix /b/", "exact /d")
    make("exact /b/soon", "prefix /a/soon/", permanence="temporary")
    content = exported("nginx").encode()
    PermanenceRule.objects.all().delete()
    report = import_rules(content)
    assert {each.rstrip("/") for each in addresses()} == {"exact /d", "prefix /b"}
    assert [str(places) for text, places in report.remarks.items() if "left out" in text]
    assert [str(places) for text, places in report.remarks.items() if "/b/soon is left to" in text]


class TestCommand:
    """``manage.py export_permanence_rules``."""

    def run(self, *words: str) -> tuple[str, str]:
        out, err = StringIO(), StringIO()
        call_command("export_permanence_rules", *words, stdout=out, stderr=err)
        return out.getvalue(), err.getvalue()

    @pytest.mark.parametrize("format", exporter.FORMATS)
    def test_a_format_is_printed_or_written(self, format: str, tmp_path: Path) -> None:
        make("exact /ä", reason="a\nb")
        expected = exported(format)
        assert self.run("--format", format)[0] == expected
        file = tmp_path / "rules"
        assert self.run("--format", format, "--output", str(file))[0] == ""
        assert file.read_bytes().decode() == expected

    def test_csv_is_what_is_printed_otherwise(self) -> None:
        make("exact /a")
        assert self.run()[0] == exported("csv")

    def test_what_cannot_be_said_is_counted_beside(self) -> None:
        make("exact /a", "exact /b", permanence="temporary")
        assert self.run() == (exported("csv"), "")
        out, err = self.run("--format", "redirects")
        assert (out, err) == ("", f"2 {exporter.TEMPORARY}\n")

    def test_a_file_that_cannot_be_written(self, tmp_path: Path) -> None:
        with pytest.raises(CommandError, match="directory"):
            self.run("--output", str(tmp_path))


NGINX = """
daemon off; pid {0}/pid; error_log {0}/error.log; worker_processes 1;
events {{ worker_connections 16; }}
http {{
    access_log off;
    client_body_temp_path {0}/b; proxy_temp_path {0}/p; fastcgi_temp_path {0}/f;
    uwsgi_temp_path {0}/u; scgi_temp_path {0}/s;
    include {0}/gone.map;
    server {{
        listen unix:{0}/socket;
        if ($gone) {{ return 410; }}
        return 404;
    }}
}}
"""


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("nginx") is None, reason="nginx isn't installed")
@pytest.mark.parametrize("with_hosts", [False, True])
def test_nginx_answers_as_the_site_does(
    tmp_path: Path, client: Client, settings: Any, with_hosts: bool
) -> None:
    """But where something is temporary: that it leaves to the site."""
    settings.ALLOWED_HOSTS = ["*"]
    make("exact /old/kept/", 'exact /große "lampen"; {x}', "exact /100%25", "exact /a\\b")
    make("prefix /old/", "prefix /old/a/b/", "route /archive/<int:year>/<slug:name>/")
    make("prefix /a.b/", "exact /Case", ignore_case=True)
    make("exact /old/soon/", "prefix /old/a/", "route /x/<str:y>/", permanence="temporary")
    if with_hosts:
        make("exact a.example/here", "prefix a.example/d/", "route a.example/e/<int:x>/")
        make("exact /d/soon", permanence="temporary")
        make("exact a.example/100%25", permanence="temporary")
    paths = ["/old", "/old/", "/older", "/old/x/y", "/old/kept", "/old/soon", "/old/soon/"]
    paths += ["/old/a", "/old/a/x", "/old/a/b", "/old/a/b/c", '/große "lampen"; {x}/', "/a\\b"]
    paths += ["/100%", "/100%25", "/archive/1/b/", "/archive/1/b", "/archive/x/b/", "/A.B/c"]
    paths += ["/aXb/", "/case/", "/CASE", "/x/1", "/here", "/here/", "/d", "/d/x", "/d/soon"]
    paths += ["/d/soon/x", "/e/1/", "/e/x/"]
    (tmp_path / "gone.map").write_text(exported("nginx"), encoding="utf-8")
    (tmp_path / "conf").write_text(NGINX.format(tmp_path), encoding="utf-8")
    command = ["nginx", "-p", str(tmp_path), "-c", str(tmp_path / "conf")]
    with subprocess.Popen(command, stderr=subprocess.PIPE) as server:
        try:
            while not _listens(tmp_path / "socket"):
                assert server.poll() is None, server.communicate()[1].decode()
                time.sleep(0.02)
            for host in ("a.example", "b.example"):
                for path in map(quote, paths):
                    theirs = _status(tmp_path / "socket", host, path)
                    assert (path, theirs) == (path, client.get(path, HTTP_HOST=host).status_code)
        finally:
            server.terminate()


def _listens(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as connection:
        return connection.connect_ex(str(path)) == 0


def _status(path: Path, host: str, target: str) -> int:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(path))
        connection.sendall(f"GET {target} HTTP/1.0\r\nHost: {host}\r\n\r\n".encode())
        return int(connection.recv(1000).split()[1])
