"""In which form: the Accept field (RFC 9110, section 12.5.1); bounded, and never raising."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

# A browser's field has some hundred characters and eight ranges. What is longer than this is no
# wish that could be met, and is treated as no wish at all.
LONGEST_FIELD = 8192
MOST_RANGES = 32
LONGEST_RANGE = 256
LONGEST_REMEMBERED = 512

# All quantifiers are possessive: no expression goes back over what it has read, so that its cost
# is linear in the length of the field.
_TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]++"
_QUOTED = r'"(?:[^"\\]++|\\.)*+"'
# One element of the list, whatever it is.
_ELEMENT = re.compile(r'(?:[^,"]++|"(?:[^"\\]++|\\.?)*+(?:"|\Z))*+,?')
_VALUE = rf"(?:{_TOKEN}|{_QUOTED})"
# A media type, its own parameters, the weight, and what follows that. A parameter may be missing
# between two semicolons.
_SEMICOLON = r"[ \t]*+;[ \t]*+"
_RANGE = re.compile(
    rf"[ \t]*+({_TOKEN}/{_TOKEN})"
    rf"((?:{_SEMICOLON}(?![qQ]=)(?:{_TOKEN}={_VALUE})?+)*+)"
    rf"(?:{_SEMICOLON}[qQ]=({_VALUE})(?:{_SEMICOLON}(?:{_TOKEN}={_VALUE})?+)*+)?+"
    r"[ \t]*+,?"
)
# Parameters that change nothing.
_IDLE = re.compile(rf'(?:{_SEMICOLON}(?:charset="?utf-8"?)?+)*+', re.IGNORECASE)
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


def _best(field: str, offers: tuple[str, ...], default: str) -> str | None:
    weights = _weights(field)
    if not weights:
        return default
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
    weight, *_, offer = max(ranked, default=(0, ""))
    return offer if weight else None


_remembered_best = lru_cache(maxsize=1024)(_best)


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
    if len(accept) > LONGEST_REMEMBERED:
        return _best(accept, offers, default)
    return _remembered_best(accept, offers, default)
