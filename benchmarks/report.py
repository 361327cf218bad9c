"""What was found: as a table, as JSON and as a picture."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Iterator, Sequence
from html import escape
from importlib.metadata import PackageNotFoundError, version
from statistics import median
from typing import Any

from .results import Result

HEADS = ("what", "against", "found", "95 in 100 are", "goal", "")
PACKAGES = ("Django", "djangorestframework", "drf-standardized-errors", "gunicorn")


def table(results: Sequence[Result]) -> str:
    """Return the table for a terminal."""
    lines = [HEADS, *(_cells(result) for result in results)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def _cells(result: Result) -> tuple[str, ...]:
    row = result.row
    goal = f"{'>=' if row.at_least else '<='} {_shown(row.goal, row.unit)}"
    if result.reason:
        return row.what, row.against, "-", "", goal, f"not measured: {_short(result)}"
    low, high = (_shown(each, "") if not row.unit else f"{each:.0f}" for each in result.interval)
    figure = _shown(result.figure, row.unit)
    verdict = "met" if result.met else "missed"
    return row.what, row.against, figure, f"{low} - {high}", goal, verdict


def _short(result: Result) -> str:
    """Return the last line of why there is no figure; the whole of a traceback is in the JSON."""
    return result.reason.strip().rpartition("\n")[2]


def _shown(figure: float, unit: str) -> str:
    return f"{figure:.0f} {unit}" if unit else f"{figure:.2f}"


def as_json(results: Sequence[Result]) -> str:
    """Return everything that was found, and where."""
    return json.dumps(
        {
            "python": platform.python_version(),
            "machine": platform.machine(),
            "processors": os.cpu_count(),
            "packages": dict(_versions()),
            "rows": [_members(result) for result in results],
        },
        indent=1,
    )


def _versions() -> Iterator[tuple[str, str]]:
    for name in PACKAGES:
        try:
            yield name, version(name)
        except PackageNotFoundError:
            continue


def _members(result: Result) -> dict[str, Any]:
    row = result.row
    members = {
        "what": row.what,
        "against": row.against,
        "unit": row.unit or "ratio",
        "goal": row.goal,
        "at_least": row.at_least,
        "met": result.met,
    }
    if result.reason:
        return members | {"reason": result.reason}
    return members | {
        "figure": result.figure,
        "interval": result.interval,
        "quartiles": result.quartiles,
        "microseconds": {name: median(each) for name, each in result.times.items()},
        "rounds": result.rounds,
    }


WIDTH, LINE, LEFT, SCALE = 920, 30, 340, 2.0
BAR = (WIDTH - LEFT - 120) / SCALE
INK, PALE, MET, MISSED = "#24292f", "#59636e", "#3f8fa5", "#d1603d"
STYLE = (
    f"text {{ font: 13px system-ui, sans-serif; fill: {INK} }}"
    f" .pale {{ font-size: 10.5px; fill: {PALE} }}"
    " .left { text-anchor: end } .middle { text-anchor: middle } .figure { font-weight: 600 }"
)


def picture(results: Sequence[Result]) -> str:
    """Return the ratios as bars, in SVG; where the same has several shapes, the worst of them."""
    drawn = _worst([each for each in results if not (each.reason or each.row.unit)])
    height = LINE * (len(drawn) + 2)
    size = f'width="{WIDTH}" height="{height}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" {size}>',
        "<title>What errors cost: the ratio to the peer, and the goal</title>",
        f"<style>{STYLE}</style>",
        f'<rect {size} fill="#fff"/>',
        *_axis(height),
    ]
    for number, result in enumerate(drawn):
        parts += _bar(result, LINE * (number + 1))
    return "\n".join([*parts, "</svg>", ""])


def _worst(results: Sequence[Result]) -> list[Result]:
    """Return `results`, less those of which there is a worse one but for what follows a colon."""
    kept: dict[tuple[str, str], Result] = {}
    for result in results:
        key = (result.row.what.partition(":")[0], result.row.against)
        if key not in kept or result.figure > kept[key].figure:
            kept[key] = result
    return list(kept.values())


def _axis(height: int) -> Iterator[str]:
    for tick in (0, 0.5, 1, 1.5, 2):
        x = LEFT + tick * BAR
        yield f'<path d="M{x:.1f} {LINE}V{height - LINE}" stroke="{PALE}" opacity="0.25"/>'
        yield _text(x, height - LINE / 2, f"{tick:g}", "pale middle")


def _bar(result: Result, top: float) -> Iterator[str]:
    row = result.row
    middle = top + LINE / 2
    color = MET if result.met else MISSED
    length = min(result.figure, SCALE) * BAR
    goal = LEFT + min(row.goal, SCALE) * BAR
    low, high = (LEFT + min(each, SCALE) * BAR for each in result.interval)
    yield _text(LEFT - 12, middle - 3, row.what, "left")
    yield _text(LEFT - 12, middle + 10, f"against {row.against}", "pale left")
    yield f'<rect x="{LEFT}" y="{top + 7}" width="{length:.1f}" height="16" fill="{color}"/>'
    yield f'<path d="M{low:.1f} {middle}H{high:.1f}" stroke="{INK}" stroke-width="1.5"/>'
    yield f'<path d="M{goal:.1f} {top + 3}v24" stroke="{INK}" stroke-width="2.5"/>'
    end = max(LEFT + length, goal, high) + 6
    wanted = f"goal {'≥' if row.at_least else '≤'} {row.goal:.2f}"
    yield _text(end, middle + 4, f"{result.figure:.2f}", "figure")
    yield _text(end + 34, middle + 4, wanted, "pale")


def _text(x: float, y: float, words: str, kind: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" class="{kind}">{escape(words)}</text>'
