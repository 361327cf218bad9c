"""What servers and CDNs are told, so that they send the files."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import NamedTuple

from django.conf import settings
from django.conf.locale import LANG_INFO
from django.template import Context

from ..core.languages import ENGLISH
from ..http.renderers import own_engine
from .pages import FORMS

# The files, each by a template of the same name.
NAMES = (
    "nginx-http.conf",
    "nginx-server.conf",
    "Caddyfile",
    "apache.conf",
    "haproxy.cfg",
    "netlify-redirects",
    "cloudflare-worker.js",
)

# Those that HAProxy 2.2 can have a page for.
_OF_HAPROXY = frozenset(
    {400, 401, 403, 404, 405, 407, 408, 410, 413, 425, 429, 500, 501, 502, 503, 504}
)

# The letters of a subtag for a script (RFC 5646, section 2.2.3).
_LENGTH_OF_SCRIPT = 4

# Between equal wishes a page goes before JSON. A client that asks for plain JSON takes the same.
_VARIANTS = (
    ("html", "text/html;charset=utf-8;qs=1.0"),
    ("json", "application/problem+json;qs=0.6"),
    ("json", "application/json;qs=0.5"),
)


class _Asked(NamedTuple):
    """What is asked for, and by status the language that is sent then, as a page and as JSON."""

    language: str
    pattern: str
    html: Mapping[int, str]
    json: Mapping[int, str]


def snippets(
    folder: Path, statuses: Sequence[int], languages: Sequence[str], pages: Collection[str]
) -> Iterator[tuple[str, str]]:
    """Yield the name and the text of each file for a server.

    folder: where the files are, for the server
    languages: those that pages were wanted in; the first is for those who ask for none of them
    pages: the names of the pages that there are
    """
    languages = _with_pages(languages, pages)
    default, patterns = languages[0], list(language_patterns(languages))
    missing = list(_missing(statuses, languages, pages))
    # Where the default has no page, the English one goes before all others.
    folders = list(dict.fromkeys([default, *([ENGLISH] if missing else []), *languages]))
    asked = [_asked(*each, statuses, missing) for each in (*patterns, (default, ""))]
    values = {
        "folder": str(folder),
        "statuses": statuses,
        "languages": patterns,
        # Apache reads the tags itself: these are others for it than they are for people.
        "renamed": [pair for pair in patterns if not _begins(*pair)],
        "default": default,
        "missing": missing,
        "folders": folders,
        "asked": asked,
        "haproxy_pages": [each for each in asked[-1].html.items() if each[0] in _OF_HAPROXY],
    }
    for name in NAMES:
        template = own_engine().get_template(f"django_http_errors/gateways/{name}")
        text = template.render(Context(values, autoescape=False, use_l10n=False))
        if text:
            yield name, text
    for status in statuses:
        yield f"{status}.var", "\n".join(_type_map(status, folders, pages))


def _with_pages(languages: Sequence[str], pages: Collection[str]) -> list[str]:
    """Return the languages that there are pages in, English in the place of any other."""
    found = {name.partition("/")[0] for name in pages}
    return list(dict.fromkeys(each if each in found else ENGLISH for each in languages))


def _missing(
    statuses: Sequence[int], languages: Sequence[str], pages: Collection[str]
) -> Iterator[str]:
    """Yield the names of the pages that there are in English alone."""
    for language, status, ending in product(languages, statuses, FORMS):
        file = f"{status}.{ending}"
        if f"{language}/{file}" not in pages and f"{ENGLISH}/{file}" in pages:
            yield f"{language}/{file}"


def _asked(
    language: str, pattern: str, statuses: Sequence[int], missing: Collection[str]
) -> _Asked:
    html, json = (
        {each: ENGLISH if f"{language}/{each}.{form}" in missing else language for each in statuses}
        for form in ("html", "json")
    )
    return _Asked(language, pattern, html, json)


def language_patterns(languages: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield each language with how an Accept-Language header for it begins, the longest first.

    Servers look at what is asked for first, and not at weights: browsers send the languages in
    their order. One that is there for a region alone is for all, as with Django: ``pt`` gets
    ``pt-br``. One in another script is another language: ``zh-tw`` doesn't get ``zh-hans``.
    """
    patterns = {each: each for each in languages}
    for each in languages:
        patterns.setdefault(each.partition("-")[0], each)
    for tag, language in _by_script(languages).items():
        found = max((each for each in patterns if _begins(tag, each)), key=len, default=None)
        if found is not None and patterns[found] != language:
            patterns[tag] = language
    pairs = ((language, pattern) for pattern, language in patterns.items())
    return iter(sorted(pairs, key=lambda pair: (-len(pair[1]), pair[1])))


def _by_script(languages: Sequence[str]) -> Mapping[str, str]:
    """Return tags for a script, by its name or as Django knows it, each with what is sent then.

    That is what the site answers: English, where it has a language without pages for it.
    """
    english = ENGLISH if ENGLISH in languages else languages[0]
    known = (*languages, *(str(code).lower() for code, _name in settings.LANGUAGES))
    scripts = {
        each: each if each in languages else english
        for each in known
        if len(each.partition("-")[2].partition("-")[0]) == _LENGTH_OF_SCRIPT
    }
    found = dict(scripts)
    for code, info in LANG_INFO.items():
        for each in info.get("fallback", ()):
            if each in scripts and code not in languages:
                found[code] = scripts[each]
    return found


def _begins(tag: str, beginning: str) -> bool:
    return f"{tag}-".startswith(f"{beginning}-")


def _type_map(status: int, folders: Sequence[str], pages: Collection[str]) -> Iterator[str]:
    """Yield the lines of a type map for Apache, which reads weights of types and languages."""
    for language, (ending, media_type) in product(folders, _VARIANTS):
        name = f"{language}/{status}.{ending}"
        if name in pages:
            yield f"URI: {name}"
            yield f"Content-Type: {media_type}"
            yield f"Content-Language: {language}"
            yield ""
