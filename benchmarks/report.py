"""What was found, as a table."""

from __future__ import annotations

from collections.abc import Sequence

from .measuring import Result

HEADS = ("what", "against", "ratio", "95 % of", "goal", "")


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
    goal = f"{row.goal:.2f}"
    if result.reason:
        return (row.what, row.against, "-", "", goal, f"not measured: {result.reason}")
    low, high = result.interval
    verdict = "met" if result.met else "missed"
    return (row.what, row.against, f"{result.figure:.3f}", f"{low:.3f} - {high:.3f}", goal, verdict)
