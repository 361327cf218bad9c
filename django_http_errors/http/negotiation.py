"""In which form: the Accept field (RFC 9110, section 12.5.1); bounded, and never raising."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

# A browser's field has some hundred characters and eight ranges. What is longer than this is no
# wish that could be met, and is treated as no wish at all.
LONGEST_FIELD = 4096
MOST_RANGES = 32
LONGEST_RANGE = 256
LONGEST_REMEMBERED = 512

# The cost is linear in the length of the field: what repeats a character is possessive, and no two
# parts of an expression can begin alike, so that going back finds nothing to try. Only characters:
# possessive groups are wrong before Python 3.11.5 (CPython's issue 106052).
_TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]++"
_QUOTED = r'"(?:[^"\\]++|\\.)*"'
# One element of the list, whatever it is.
_ELEMENT = re.compile(r'(?:[^,"]++|"(?:[^"\\]++|\\.?)*(?:"|\Z))*,?')
_VALUE = rf"(?:{_TOKEN}|{_QUOTED})"
# A media type, its own parameters, the weight, and what follows that. A parameter may be missing
# between two semicolons.
_SEMICOLON = r"[ \t]*+;[ \t]*+"
_RANGE = re.compile(
    rf"[ \t]*+({_TOKEN}/{_TOKEN})"
    rf"((?:{_SEMICOLON}(?![qQ]=)(?:{_TOKEN}={_VALUE})?)*)"
    rf"(?:{_SEMICOLON}[qQ]=({_VALUE})(?:{_SEMICOLON}(?:{_TOKEN}={_VALUE})?)*)?"
    r"[ \t]*+,?"
)
# Parameters that change nothing.
_IDLE = re.compile(rf'(?:{_SEMICOLON}(?:charset="?utf-8"?)?)*', re.IGNORECASE)
_WEIGHT = re.compile(r"0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?")

# How exactly a range names a representation; of two with the same weight the exacter one wins,
# as a client that spells a type out wants it more than one that takes anything.
_EXACT, _SUBTYPES, _ANYTHING = 3, 2, 1


def _ranges(field: str) -> Iterator[tuple[str, bool, float]]:
    """Yield each well-formed range in `field`: its type, whether it has parameters, its weight."""
    end = 0
    for _ in range(MOST_RANGES):
        start, end = end, _ELEMENT.match(field, end).end()  # type: ignore[union-attr]
        if end == start:
            return
        found = _RANGE.fullmatch(field, start, end) if end - start <= LONGEST_RANGE else None
        if found is None:
            continue
        name, parameters, weight = found.groups()
        if weight is None:
            weight = "1"
        if _WEIGHT.fullmatch(weight):
            yield name.lower(), not _IDLE.fullmatch(parameters), float(weight)


def _weights(field: str) -> dict[str, float]:
    """Return the weight of each range in `field`; the highest one where a range is repeated.

    A range with parameters ("text/html;level=1") stands for its type as long as the type isn't
    named alone: none of the forms here has parameters that could matter. It doesn't exclude
    its type, though.
    """
    plain: dict[str, float] = {}
    parametrised: dict[str, float] = {}
    for name, has_parameters, weight in _ranges(field):
        weights = parametrised if has_parameters else plain
        weights[name] = max(weight, weights.get(name, 0))
    return {**{name: weight for name, weight in parametrised.items() if weight}, **plain}


# What comes nearest to a type that no form has: JSON to JSON, a page to a page, a text to what is
# read as one. A few lines of text are enough where nobody reads what is sent.
_ALIKE, _LEGIBLE, _SHORT, _FAR = 3, 2, 1, 0
_UNREAD = (
    *("image/", "audio/", "video/", "font/", "application/font-", "application/x-font-"),
    "application/vnd.ms-fontobject",
)
_JSON = re.compile(r"/.*json(?!p)")  # JSONP is a script.
_RUN = ("javascript", "ecmascript", "/wasm")


def _near(name: str) -> tuple[int, tuple[str, ...]]:
    """Return how near the forms come to the type `name`, and which: the nearest first."""
    if _JSON.search(name) or name == "application/problem+xml":
        return _ALIKE, ("application/problem+json", "application/json")
    if name.endswith("xhtml+xml"):
        return _ALIKE, ("text/html",)
    if name.startswith(_UNREAD) or name.endswith(_RUN):
        return _SHORT, ("text/plain",)
    if name.startswith("text/") and name != "text/*":
        return _LEGIBLE, ("text/plain",)
    return _FAR, ()


def _met(
    weights: dict[str, float], offers: tuple[str, ...], default: str
) -> tuple[float, int, str]:
    """Return what ranges with these weights prefer: its weight, how exactly they name it, it."""
    ranked = []
    for place, offer in enumerate(offers):
        for exactness, name in (
            (_EXACT, offer.lower()),
            (_SUBTYPES, offer.partition("/")[0].lower() + "/*"),
            (_ANYTHING, "*/*"),
        ):
            weight = weights.get(name)
            if weight is not None:
                favourite = exactness < _EXACT and offer == default
                ranked.append((weight, exactness, favourite, -place, offer))
                break
    weight, exactness, *_, offer = max(ranked, default=(0, 0, ""))
    return weight, exactness, offer


def _best(field: str, offers: tuple[str, ...], default: str) -> str | None:
    weights = _weights(field)
    if not weights:
        return default
    weight, _exactness, offer = _met(weights, offers, default)
    return offer if weight else None


def _nearest(field: str, offers: tuple[str, ...], default: str) -> str:
    weights = _weights(field)
    weight, exactness, met = _met(weights, offers, default)
    if weight and exactness == _EXACT:
        return met
    # What is excluded by its name is the last that is sent.
    left = tuple(offer for offer in offers if weights.get(offer) != 0) or offers
    nearest = met if weight else default if default in left else left[0]
    # Internet Explorer and Netscape named the pictures that they could show, and "*/*" for a page.
    takes_page = exactness == _SUBTYPES or "image/gif" in weights
    nearness = _SHORT if takes_page else _FAR
    for name, wished in weights.items():
        near, forms = _near(name)
        form = next((each for each in forms if each in left), None)
        if form and wished and (wished, near) > (weight, nearness):
            weight, nearness, nearest = wished, near, form
    return nearest


remembered_best = lru_cache(maxsize=1024)(_best)
remembered_nearest = lru_cache(maxsize=1024)(_nearest)


def best(accept: str | None, offers: Sequence[str], default: str | None = None) -> str | None:
    """Return the media type among `offers` that `accept` prefers, None if it accepts none.

    accept: the Accept field; None, an empty or an unusable one accepts anything
    offers: media types, the site's favourite first; ties go to the earlier one
    default: what is given to a client that takes anything, or any subtype of its type; the first
        offer if left out

    RFC 9110, section 12.5.1.
    """
    offers = tuple(offers)
    if default is None or default not in offers:
        default = offers[0]
    if not accept or len(accept) > LONGEST_FIELD:
        return default
    choose = _best if len(accept) > LONGEST_REMEMBERED else remembered_best
    return choose(accept, offers, default)


def nearest(accept: str, offers: Sequence[str], default: str) -> str:
    """Return the form among `offers` that `accept` prefers, or the nearest, for an error.

    An error has its status whatever the client accepts. What `best` returns is sent if the client
    names it by its own type. If not, a type that a form comes near to (``application/ld+json``)
    goes before a wildcard that weighs no more. What is left gets the default.

    accept: the Accept field, "" if there is none
    offers: media types in lower case, the site's favourite first
    default: the form for a client that takes anything; the first offer if it isn't one

    RFC 9110, section 12.5.1.
    """
    offers = tuple(offers)
    if default not in offers:
        default = offers[0]
    if not accept or len(accept) > LONGEST_FIELD:
        return default
    choose = _nearest if len(accept) > LONGEST_REMEMBERED else remembered_nearest
    return choose(accept, offers, default)
