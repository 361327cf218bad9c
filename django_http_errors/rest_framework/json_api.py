"""A problem as the errors of a JSON:API document (https://jsonapi.org/format/#error-objects)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.module_loading import import_string
from rest_framework.relations import ManyRelatedField, RelatedField

from ..core.pointers import json_pointer, names_in
from ..http.renderers import json_bytes
from ..problems import Problem

MEDIA_TYPE = "application/vnd.api+json"

# What an error object has a place of its own for; all others are its "meta".
_NOT_META = frozenset({"type", "title", "status", "detail", "code", "errors"})


class JSONAPIRenderer:
    """JSON:API for the errors that no view answers; to be named in ``HTTP_ERRORS["RENDERERS"]``."""

    media_type = MEDIA_TYPE

    def render(self, problem: Problem) -> bytes:
        """Return a document with the errors of `problem`."""
        return json_bytes({"errors": error_objects(problem.as_dict())})


def error_objects(members: Mapping[str, Any], serializer: Any = None) -> list[dict[str, Any]]:
    """Return the error objects that say a problem: one for each of its errors, or one for it.

    members: those of the problem on the wire
    serializer: the one that refused what was sent, if any: it knows what is a relationship
    """
    common: dict[str, Any] = {"status": str(members["status"]), "title": members["title"]}
    if members["type"] != "about:blank":
        common["links"] = {"type": members["type"]}
    meta = {name: value for name, value in members.items() if name not in _NOT_META}
    if meta:
        common["meta"] = meta
    parts = members.get("errors") or [members]
    return [{**common, **_own_members(part, serializer)} for part in parts]


def _own_members(part: Mapping[str, Any], serializer: Any) -> dict[str, Any]:
    own = {name: part[name] for name in ("detail", "code") if name in part}
    if "pointer" in part:
        own["source"] = {"pointer": _pointer(names_in(part["pointer"]), serializer)}
    elif "parameter" in part:
        own["source"] = {"parameter": part["parameter"]}
    return own


def _pointer(names: list[str], serializer: Any) -> str:
    """Return the pointer into the document that was sent, which the parser has flattened."""
    if not names or names[0] in ("id", "type"):
        return json_pointer("data", *names)
    field = getattr(serializer, "fields", {}).get(names[0])
    is_relation = isinstance(field, (RelatedField, ManyRelatedField))
    format_name = import_string("rest_framework_json_api.utils.format_field_name")
    return json_pointer(
        "data",
        "relationships" if is_relation else "attributes",
        format_name(names[0]),
        *names[1:],
    )
