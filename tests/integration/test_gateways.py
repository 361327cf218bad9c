"""Error pages as files, and servers that send them when Django gives no answer."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread
from typing import Any

import html5lib
import httpx
import pytest
from django.conf import global_settings
from django.core.management import CommandError, call_command
from django.test import override_settings

from django_http_errors.gateways.pages import STATUSES
from django_http_errors.gateways.snippets import language_patterns

from ..asking import HTML, JSON, PROBLEM
from ..factories import ErrorMessageFactory

PATH = "/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin"
NGINX = shutil.which("nginx", path=PATH)
LOCALE = "django.middleware.locale.LocaleMiddleware"
LANGUAGES = [(each, each) for each in ("en", "de", "ko", "pt-br", "zh-hans", "zh-hant")]

Export = Callable[..., Path]


@pytest.fixture
def export(tmp_path: Path, capsys: pytest.CaptureFixture[str], settings: Any) -> Export:
    """Write the pages of a site in English, German and Brazilian Portuguese."""
    settings.LANGUAGES = LANGUAGES
    settings.LANGUAGE_CODE = "en"
    settings.MIDDLEWARE = [LOCALE]

    def export(*words: str) -> Path:
        folder = tmp_path / "pages"
        call_command("export_error_pages", str(folder), *words)
        return folder

    return export


def members_of(file: Path) -> dict[str, Any]:
    members: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return members


def pages_in(folder: Path) -> set[str]:
    return {str(each.relative_to(folder)) for each in folder.glob("*/*")}


def told_in(folder: Path) -> dict[str, str]:
    """Return what servers are told, by the names of the files."""
    files = filter(Path.is_file, folder.iterdir())
    return {each.name: each.read_text(encoding="utf-8") for each in files}


@pytest.mark.django_db
def test_there_is_a_page_and_json_for_each_status_and_language(export: Export) -> None:
    folder = export()
    names = pages_in(folder)
    assert names == {
        f"{language}/{status}.{ending}"
        # The app has no words in Korean, nor in traditional Chinese.
        for language in ("en", "de", "pt-br", "zh-hans")
        for status in STATUSES
        for ending in ("html", "json")
    }
    for name in names:
        language, _, file = name.partition("/")
        content = (folder / name).read_text(encoding="utf-8")
        if name.endswith("json"):
            members = json.loads(content)
            assert str(members["status"]) == file[:3]
            # Nobody knows them here.
            assert not {"instance", "request_id"} & members.keys()
        else:
            html5lib.HTMLParser(strict=True).parse(content)
            assert f'<html lang="{language}"' in content
            assert not {"http:", "https:", "src=", "<link", "request-id"} & set(content.split('"'))
    assert members_of(folder / "en/502.json")["title"] == "Bad Gateway"
    assert members_of(folder / "de/502.json")["title"] != "Bad Gateway"


@pytest.mark.django_db
def test_what_is_asked_for_is_written(export: Export) -> None:
    folder = export("--status", "503", "--status", "451", "--language", "de")
    assert pages_in(folder) == {"de/451.html", "de/451.json", "de/503.html", "de/503.json"}
    # A page leads on: home where that helps, and to what it stands for itself.
    assert 'href="/">' in (folder / "de/451.html").read_text()
    assert 'href="">' in (folder / "de/503.html").read_text()
    assert "default de;" in (folder / "nginx-http.conf").read_text()


@pytest.mark.django_db
def test_what_is_left_of_an_earlier_export_is_named_and_can_be_cleared(
    export: Export, capsys: pytest.CaptureFixture[str]
) -> None:
    now = ("--status", "503", "--language", "en")
    folder = export("--status", "404", "--status", "503", "--language", "en", "--language", "de")
    others = {folder / name for name in ("en/about.html", "de-archive/404.txt", "notes.var")}
    for other in others:
        other.parent.mkdir(exist_ok=True)
        other.touch()
    assert "earlier" not in capsys.readouterr().err
    left = {"404.var", "netlify-redirects", "en/404.html", "en/404.json"}
    left |= {f"de/{status}.{ending}" for status in (404, 503) for ending in ("html", "json")}
    export(*now)
    said = capsys.readouterr().err
    assert "left of an earlier export" in said
    assert all(name in said for name in left)
    assert all((folder / name).exists() for name in left)
    export(*now, "--clear")
    assert "earlier" not in capsys.readouterr().err
    assert not [name for name in left if (folder / name).exists()]
    assert not (folder / "de").exists()
    assert all(map(Path.exists, others))
    assert pages_in(folder) >= {"en/503.html", "en/503.json"}
    export(*now, "--clear")


@pytest.mark.django_db
@pytest.mark.parametrize("status", ["404", "502", "503"])
def test_no_server_is_told_of_a_file_that_isnt_there(export: Export, status: str) -> None:
    folder = export("--status", status)
    told = told_in(folder)
    worker = told.pop("cloudflare-worker.js")
    named = set(re.findall(r"\b[\w-]+/\d{3}\.(?:html|json)\b", "".join(told.values())))
    assert named
    assert all((folder / name).exists() for name in named), named
    assert f"const pages = [{status}, ];" in worker
    assert ("netlify-redirects" in told) == (status == "404")
    # Cloudflare would take a file of that name for its own, and refuse it.
    assert "_redirects" not in told


@pytest.mark.django_db
def test_apache_without_a_proxy_is_told_of_none(export: Export) -> None:
    told = told_in(export("--status", "503"))["apache.conf"]
    assert re.search(r'<IfModule mod_proxy\.c>\s+ProxyPass "[^"]+" "!"\s+</IfModule>', told)


@pytest.mark.django_db
@pytest.mark.parametrize("is_asked_for", [True, False])
def test_what_has_no_words_in_a_language_is_there_in_english(
    export: Export, settings: Any, capsys: pytest.CaptureFixture[str], is_asked_for: bool
) -> None:
    settings.LANGUAGE_CODE = "en" if is_asked_for else "ko"
    asked = ["ko", "de", "en"] if is_asked_for else []
    folder = export("--status", "503", *(f"--language={each}" for each in asked))
    expected = {
        f"{language}/503" for language in ("en", "de", *([] if asked else ["pt-br", "zh-hans"]))
    }
    expected = {f"{name}.{ending}" for name in expected for ending in ("html", "json")}
    assert pages_in(folder) == expected
    assert f"{len(expected)} files" in capsys.readouterr().out
    assert '<html lang="en"' in (folder / "en/503.html").read_text(encoding="utf-8")
    told = told_in(folder)
    assert not [name for name, text in told.items() if re.search(r"\bko\b", text)]
    # English takes the place of what was to be first.
    assert "default en;" in told["nginx-http.conf"]
    assert "LanguagePriority en de" in told["apache.conf"]


@pytest.mark.django_db
def test_what_the_site_has_words_for_is_in_its_language(
    export: Export, project_pages: Any, settings: Any
) -> None:
    settings.LANGUAGE_CODE = "ko"
    project_pages({"404.html": "없음"})
    ErrorMessageFactory(status="503", path_prefix="", title="점검 중", detail="곧 돌아옵니다")
    statuses = ("--status", "404", "--status", "502", "--status", "503")
    folder = export(*statuses, "--language", "ko", "--language", "de")
    assert pages_in(folder) == {
        *("ko/404.html", "ko/503.html", "ko/503.json"),
        *("en/404.json", "en/502.html", "en/502.json"),
        *(f"de/{status}.{form}" for status in (404, 502, 503) for form in ("html", "json")),
    }
    assert members_of(folder / "ko/503.json")["title"] == "점검 중"
    told = told_in(folder)
    # Who asks for Korean, or for nothing, has what there is of it, and else English.
    missing = ["ko/404.json", "ko/502.html", "ko/502.json"]
    assert "default ko;" in told["nginx-http.conf"]
    assert re.findall(r'"(ko/.*)" en;', told["nginx-http.conf"]) == missing
    assert re.findall(r'"(ko/.*)" en\n', told["Caddyfile"]) == missing
    worker = told["cloudflare-worker.js"]
    assert re.findall(r'"(ko/\d.*?)"', worker) == missing
    assert re.findall("URI: (.*)", told["404.var"]) == [
        *("ko/404.html", "en/404.json", "en/404.json", "de/404.html", "de/404.json", "de/404.json")
    ]
    assert "LanguagePriority ko en de" in told["apache.conf"]
    assert re.findall(r"http-error status (\d+) .*/(\w+)/", told["haproxy.cfg"]) == [
        *(("404", "ko"), ("502", "en"), ("503", "ko"))
    ]
    assert told["netlify-redirects"].splitlines()[1:] == [
        *("/* /de/404.html 404 Language=de", "/* /ko/404.html 404 Language=ko"),
        "/* /ko/404.html 404",
    ]


@pytest.mark.django_db
def test_haproxy_and_netlify_are_told_of_the_english_page(export: Export) -> None:
    ErrorMessageFactory(status="429", path_prefix="", language="ko", title="잠시만", detail="곧")
    told = told_in(export("--language", "de", "--language", "ko"))
    korean = [line for line in told["haproxy.cfg"].splitlines() if '"^ko' in line]
    assert len(korean) == 2
    assert all("/en/503." in line and "Content-Language en " in line for line in korean)
    assert "/* /en/404.html 404 Language=ko" in told["netlify-redirects"]


@pytest.mark.parametrize("words", [["--status", "200"], ["--status", "x"], ["--language", "../.."]])
def test_what_cant_be_written_is_refused(export: Export, words: list[str]) -> None:
    with pytest.raises(CommandError):
        export(*words)


@pytest.mark.django_db
def test_a_folder_that_cant_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(CommandError, match="file"):
        call_command("export_error_pages", str(tmp_path / "file"), "--status", "503")


@pytest.mark.django_db
def test_the_words_are_the_editors_and_the_template_the_projects(
    export: Export, project_pages: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    page = '<link rel="stylesheet" href="/site.css">{{ problem.title }}{{ request_path }}'
    project_pages({"5xx.html": page})
    ErrorMessageFactory(status="503", path_prefix="", title="Back soon", detail="At {host}")
    ErrorMessageFactory(status="404", path_prefix="", title="Nothing", detail="Not at {path}")
    ErrorMessageFactory(status="404", path_prefix="/shop/", title="No product", detail="{path}")
    with override_settings(ALLOWED_HOSTS=["*", ".example.com", "www.example.com"]):
        folder = export("--language", "en")
    assert (folder / "en/503.html").read_text().endswith(">Back soon")
    assert members_of(folder / "en/503.json")["detail"] == "At www.example.com"
    assert members_of(folder / "en/404.json")["title"] == "Not Found"
    said = capsys.readouterr().err
    assert "en/503.html loads /site.css" in said
    assert "'Nothing'" in said
    assert "product" not in said


@pytest.mark.parametrize(
    ("languages", "patterns"),
    [
        (["en"], [("en", "en")]),
        (
            ["de", "pt-br", "de-at"],
            [("de-at", "de-at"), ("pt-br", "pt-br"), ("de", "de"), ("pt-br", "pt")],
        ),
        (
            ["zh-hans", "zh-hant"],
            [
                *(("zh-hans", "zh-hans"), ("zh-hant", "zh-hant")),
                *(("zh-hant", "zh-hk"), ("zh-hant", "zh-mo"), ("zh-hant", "zh-tw")),
                ("zh-hans", "zh"),
            ],
        ),
        (
            ["en", "zh-hans"],
            [
                *(("zh-hans", "zh-hans"), ("en", "zh-hant")),
                *(("en", "zh-hk"), ("en", "zh-mo"), ("en", "zh-tw"), ("en", "en")),
                ("zh-hans", "zh"),
            ],
        ),
        (["zh-hans"], [("zh-hans", "zh-hans"), ("zh-hans", "zh")]),
        (["en", "sr"], [("en", "sr-latn"), ("en", "en"), ("sr", "sr")]),
    ],
)
def test_the_longest_tag_is_looked_for_first(
    languages: list[str], patterns: list[tuple[str, str]], settings: Any
) -> None:
    settings.LANGUAGES = global_settings.LANGUAGES
    assert list(language_patterns(languages)) == patterns


def test_a_script_that_the_site_doesnt_have_has_the_nearest(settings: Any) -> None:
    """As Django has it: it doesn't know then that there are two."""
    settings.LANGUAGES = [(each, each) for each in ("en", "zh-hans")]
    assert ("zh-hans", "zh") in list(language_patterns(["en", "zh-hans"]))
    assert "zh-tw" not in dict(map(reversed, language_patterns(["en", "zh-hans"])))


# --- Behind nginx ---------------------------------------------------------------------------

CONFIGURATION = """
daemon off;
{user}
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    limit_req_zone $remote_addr zone=few:1m rate=1r/m;
    include {folder}/pages/nginx-http.conf;
    server {{
        listen 127.0.0.1:{port};
        client_max_body_size 1k;
        include {folder}/pages/nginx-server.conf;
        location / {{ proxy_pass http://127.0.0.1:{down}; }}
        location /slow/ {{ proxy_pass http://127.0.0.1:{silent}; proxy_read_timeout 50ms; }}
        location /closed/ {{ return 503; }}
        location /static/ {{ root {folder}; }}
        location /limited/ {{ limit_req zone=few; limit_req_status 429; root {folder}; }}
        location /django/ {{ proxy_pass http://127.0.0.1:{port}/closed/; }}
    }}
}}
"""


@pytest.fixture
def nginx(export: Export, tmp_path: Path) -> Iterator[str]:
    """Run nginx over the pages; what stands behind it is down, or says nothing."""
    if NGINX is None:
        pytest.skip("nginx isn't installed")
    # All that is said in Korean.
    ErrorMessageFactory(status="503", path_prefix="", language="ko", title="점검", detail="곧")
    export(*(f"--language={language}" for language, _name in LANGUAGES))
    with socket.socket() as down, socket.socket() as silent, socket.socket() as free:
        for each in (down, silent, free):
            each.bind(("127.0.0.1", 0))
        silent.listen()
        ports = {
            name: each.getsockname()[1]
            for name, each in (("down", down), ("silent", silent), ("port", free))
        }
        free.close()
        file = tmp_path / "nginx.conf"
        # Its worker would be another user where it is started by root, and couldn't read the pages.
        user = "user root;" if os.geteuid() == 0 else ""
        file.write_text(CONFIGURATION.format(folder=tmp_path, user=user, **ports))
        log = str(tmp_path / "error.log")
        with running([NGINX, "-c", str(file), "-e", log], ports["port"], tmp_path) as address:
            yield address


@contextmanager
def running(command: list[str], port: int, folder: Path) -> Iterator[str]:
    """Run a server that listens at `port` and may write to `folder`, and give its address."""
    own = {"HOME": str(folder), "XDG_CONFIG_HOME": str(folder), "XDG_DATA_HOME": str(folder)}
    process = subprocess.Popen(command, cwd=folder, env={**os.environ, **own})
    try:
        wait_for(port, process)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(10)


def wait_for(port: int, process: subprocess.Popen[Any]) -> None:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline and process.poll() is None:
        with socket.socket() as attempt:
            if attempt.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise RuntimeError(f"{process.args} did not start")


BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
# How it is asked for, and the file that is sent.
ASKED: list[tuple[str | None, str | None, str, str]] = [
    (BROWSER, "en-US,en;q=0.5", "en", "html"),
    (BROWSER, "en,de;q=0.5", "en", "html"),
    (BROWSER, "de-DE,de;q=0.9,en;q=0.8", "de", "html"),
    (BROWSER, "pt-PT,pt;q=0.9", "pt-br", "html"),
    (BROWSER, "zh-CN,zh;q=0.9", "zh-hans", "html"),
    (BROWSER, "zh-TW,zh;q=0.9,en;q=0.8", "en", "html"),
    (BROWSER, "zh-Hant-HK", "en", "html"),
    (BROWSER, "den,ko", "en", "html"),
    (BROWSER, "ko", "en", "html"),
    (PROBLEM, "ko-KR", "en", "json"),
    (PROBLEM, "DE", "de", "json"),
    (f"{JSON}, text/plain, */*", None, "en", "json"),
    ("application/vnd.api+json", "de", "de", "json"),
    ("*/*", "de", "de", "html"),
    (None, None, "en", "html"),
]


def check_sent(
    response: httpx.Response, folder: Path, status: int, language: str, ending: str
) -> None:
    assert response.status_code == status
    assert response.content == (folder / f"{language}/{status}.{ending}").read_bytes()
    form = {"html": f"{HTML}; charset=utf-8", "json": PROBLEM}[ending]
    assert response.headers["Content-Type"] == form
    assert response.headers["Content-Language"] == language
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    depends_on = response.headers["Vary"].lower().replace(" ", "").split(",")
    assert depends_on[:2] == ["accept", "accept-language"]


def ask_for(client: httpx.Client, accept: str | None, languages: str | None) -> None:
    """Let `client` ask for that from now on."""
    client.headers.clear()
    if accept:
        client.headers["Accept"] = accept
    if languages:
        client.headers["Accept-Language"] = languages


@pytest.mark.slow
@pytest.mark.django_db
def test_nginx_sends_them_when_django_gives_no_answer(nginx: str, tmp_path: Path) -> None:
    check = partial(check_sent, folder=tmp_path / "pages")
    with httpx.Client(base_url=nginx) as client:
        for accept, languages, language, ending in ASKED:
            ask_for(client, accept, languages)
            check(client.get("/"), status=502, language=language, ending=ending)
        german = {"Accept": PROBLEM, "Accept-Language": "de"}
        for form, ending in ((PROBLEM, "json"), (BROWSER, "html")):
            client.headers.update({**german, "Accept": form})
            check(client.post("/", data={"a": "b"}), status=502, language="de", ending=ending)
            check(client.get("/slow/"), status=504, language="de", ending=ending)
            check(client.get("/closed/"), status=503, language="de", ending=ending)
            check(client.get("/static/no.css"), status=404, language="de", ending=ending)
            check(client.post("/", content=b"x" * 2000), status=413, language="de", ending=ending)
            client.get("/limited/")
            check(client.get("/limited/"), status=429, language="de", ending=ending)
        for form, ending in ((PROBLEM, "json"), (BROWSER, "html")):
            client.headers.update({"Accept": form, "Accept-Language": "ko"})
            check(client.get("/closed/"), status=503, language="ko", ending=ending)
            check(client.get("/static/no.css"), status=404, language="en", ending=ending)
        # What comes from behind it is passed on, and nobody gets the files by their addresses.
        assert client.get("/django/").status_code == 503
        assert client.get("/.http-errors/de/502.html").status_code == 404


# --- Behind others --------------------------------------------------------------------------

CADDY = """
{{
    admin off
    auto_https off
}}
http://127.0.0.1:{port} {{
    import {folder}/Caddyfile
    handle /own/* {{
        reverse_proxy 127.0.0.1:{own}
    }}
    handle /static/* {{
        root * {folder}/static
        file_server
    }}
    handle {{
        reverse_proxy 127.0.0.1:{down}
    }}
}}
"""

HAPROXY = """
defaults
    mode http
    timeout connect 1s
    timeout client 5s
    timeout server 5s
frontend site
    bind 127.0.0.1:{port}
    {in_frontend}
    http-request deny deny_status 404 if {{ path_beg /static/ }}
    use_backend own if {{ path_beg /own/ }}
    default_backend site
backend site
    {in_backend}
    server first 127.0.0.1:{down} check inter 50ms fall 1
backend own
    server first 127.0.0.1:{own}
"""

MODULES = "mpm_event authz_core alias headers mime negotiation proxy proxy_http".split()
APACHE = """
ServerName localhost
User nobody
Group nogroup
PidFile {folder}/apache.pid
ErrorLog {folder}/apache.log
TypesConfig /dev/null
Listen 127.0.0.1:{port}
{modules}
<VirtualHost 127.0.0.1:{port}>
    DocumentRoot {folder}/static
    Include {folder}/apache.conf
    ProxyPass "/static/" "!"
    ProxyPass "/own/" "http://127.0.0.1:{own}/"
    ProxyPass "/" "http://127.0.0.1:{down}/" retry=0
</VirtualHost>
"""


def caddy(folder: Path, ports: dict[str, int]) -> list[str]:
    (folder / "Caddyfile.site").write_text(CADDY.format(folder=folder, **ports))
    return ["caddy", "run", "--adapter", "caddyfile", "--config", f"{folder}/Caddyfile.site"]


def haproxy(folder: Path, ports: dict[str, int]) -> list[str]:
    in_backend, heading, in_frontend = (
        (folder / "haproxy.cfg").read_text().partition("# In the frontend.")
    )
    told = {"in_backend": in_backend, "in_frontend": heading + in_frontend}
    (folder / "site.cfg").write_text(HAPROXY.format(**told, **ports))
    return ["haproxy", "-db", "-f", f"{folder}/site.cfg"]


def apache2(folder: Path, ports: dict[str, int]) -> list[str]:
    modules = "\n".join(
        f"LoadModule {name}_module /usr/lib/apache2/modules/mod_{name}.so" for name in MODULES
    )
    (folder / "site.conf").write_text(APACHE.format(folder=folder, modules=modules, **ports))
    return ["apache2", "-f", f"{folder}/site.conf", "-DFOREGROUND"]


class Own(BaseHTTPRequestHandler):
    """Answers as Django does: with an error of its own."""

    def do_GET(self) -> None:
        self.send_response(503)
        self.end_headers()
        self.wfile.write(b"own")

    def log_message(self, *args: Any) -> None: ...


@pytest.fixture
def public() -> Iterator[Path]:
    """A folder that others may read, which a server may turn into."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        (folder / "static").mkdir()
        yield folder


# What a browser adds that has the page in its cache, or a part of a download.
CONDITIONS = {
    "If-None-Match": "*",
    "If-Modified-Since": "Fri, 01 Jan 2100 00:00:00 GMT",
    "Range": "bytes=0-3",
}


@pytest.mark.slow
@pytest.mark.django_db
@pytest.mark.parametrize(
    ("configure", "down", "missing"),
    [(caddy, 502, True), (haproxy, 503, False), (apache2, 503, True)],
)
def test_others_send_them_when_django_gives_no_answer(
    export: Export, public: Path, configure: Any, down: int, missing: bool
) -> None:
    """missing: whether what isn't there is sent in all forms and languages, too."""
    if shutil.which(configure.__name__, path=PATH) is None:
        pytest.skip(f"{configure.__name__} isn't installed")
    asked = (f"--language={language}" for language, _name in LANGUAGES)
    shutil.copytree(export(*asked, "--served-from", str(public)), public, dirs_exist_ok=True)
    own = HTTPServer(("127.0.0.1", 0), Own)
    Thread(target=own.serve_forever, daemon=True).start()
    with socket.socket() as nobody, socket.socket() as free:
        for each in (nobody, free):
            each.bind(("127.0.0.1", 0))
        ports = {
            "own": own.server_port,
            "down": nobody.getsockname()[1],
            "port": free.getsockname()[1],
        }
        free.close()
        program, *arguments = configure(public, ports)
        command = [str(shutil.which(program, path=PATH)), *arguments]
        with running(command, ports["port"], public) as address:
            check_all(address, public, {"/": down, **({"/static/no.css": 404} if missing else {})})
    own.shutdown()
    own.server_close()


def check_all(address: str, folder: Path, statuses: dict[str, int]) -> None:
    with httpx.Client(base_url=address) as client:
        deadline = time.monotonic() + 10
        # HAProxy has to find out first that nobody is there.
        while "Vary" not in client.get("/").headers and time.monotonic() < deadline:
            time.sleep(0.05)
        for path, status in statuses.items():
            for accept, languages, language, ending in ASKED:
                ask_for(client, accept, languages)
                for method in ("GET", "POST"):
                    check_sent(client.request(method, path), folder, status, language, ending)
                response = client.get(path, headers=CONDITIONS)
                check_sent(response, folder, status, language, ending)
        # What no file has gets the page, and what Django answers is passed on.
        ask_for(client, "image/webp", "de")
        check_sent(client.get("/"), folder, statuses["/"], "de", "html")
        response = client.get("/own/")
        assert (response.status_code, response.content) == (503, b"own")
        assert client.get("/static/no.css").status_code == 404
