"""JSON Pointers (RFC 6901), from names and back."""

from __future__ import annotations

from collections.abc import Iterable


def json_pointer(*names: object) -> str:
    """Return the JSON Pointer (RFC 6901) to what the names of members and indexes lead to."""
    return "".join(f"/{token(name)}" for name in names)


def token(name: object) -> str:
    """Return `name` as it stands in a JSON Pointer."""
    return str(name).replace("~", "~0").replace("/", "~1")


def after_names(names: Iterable[object], detail: str) -> str:
    """Return `detail` behind the dotted `names` that lead to what it is about.

    That is for what no pointer leads to, and no parameter is called: without its name nobody would
    know what is wrong.
    """
    name = ".".join(map(str, names))
    return f"{name}: {detail}" if name else detail


def names_in(pointer: str) -> list[str]:
    """Return the names of members and indexes that a JSON Pointer (RFC 6901) leads by."""
    return [name.replace("~1", "/").replace("~0", "~") for name in pointer.split("/")[1:]]
