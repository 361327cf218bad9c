"""What servers and CDNs are told, so that they send the files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from django.template import Context

from ..http.renderers import own_engine

# The files, each by a template of the same name.
NAMES = (
    "nginx-http.conf",
    "nginx-server.conf",
    "Caddyfile",
    "apache.conf",
    "haproxy.cfg",
    "_redirects",
    "cloudflare-worker.js",
)

# Those that HAProxy 2.2 can have a page for.
_OF_HAPROXY = frozenset(
    {400, 401, 403, 404, 405, 407, 408, 410, 413, 425, 429, 500, 501, 502, 503, 504}
)

# Between equal wishes a page goes before JSON. A client that asks for plain JSON takes the same.
_VARIANTS = (
    ("html", "text/html;charset=utf-8;qs=1.0"),
    ("json", "application/problem+json;qs=0.6"),
    ("json", "application/json;qs=0.5"),
)


def snippets(
    folder: Path, statuses: Sequence[int], languages: Sequence[str]
) -> Iterator[tuple[str, str]]:
    """Yield the name and the text of each file for a server.

    folder: where the files are, for the server
    languages: the languages of the pages; the first is for those who ask for none of them
    """
    values = {
        "folder": str(folder),
        "statuses": statuses,
        "haproxy_statuses": _OF_HAPROXY,
        "languages": list(language_patterns(languages)),
        "default": languages[0],
        "default_first": languages,
    }
    for name in NAMES:
        template = own_engine().get_template(f"django_http_errors/gateways/{name}")
        text = template.render(Context(values, autoescape=False, use_l10n=False))
        if text:
            yield name, text
    for status in statuses:
        yield f"{status}.var", "\n".join(_type_map(status, languages))


def language_patterns(languages: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield each language with how an Accept-Language header for it begins, the longest first.

    Servers look at what is asked for first, and not at weights: browsers send the languages in
    their order. One that is there for a region alone is for all, as with Django: ``pt`` gets
    ``pt-br``.
    """
    bases: set[str] = set(languages)
    patterns = [(each, each) for each in languages]
    for each in languages:
        base = each.partition("-")[0]
        if base not in bases:
            bases.add(base)
            patterns.append((each, base))
    return iter(sorted(patterns, key=lambda pair: (-len(pair[1]), pair[1])))


def _type_map(status: int, languages: Sequence[str]) -> Iterator[str]:
    """Yield the lines of a type map for Apache, which reads weights of types and languages."""
    for language in languages:
        for ending, media_type in _VARIANTS:
            yield f"URI: {language}/{status}.{ending}"
            yield f"Content-Type: {media_type}"
            yield f"Content-Language: {language}"
            yield ""
