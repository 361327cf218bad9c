"""The members of a problem as schemas, for what describes an API (OpenAPI 3.0 and 3.1)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

MEDIA_TYPE = "application/problem+json"


def _text(description: str, **keywords: Any) -> dict[str, Any]:
    return {"type": "string", "description": description, **keywords}


def _list(of: Mapping[str, Any], description: str) -> dict[str, Any]:
    return {"type": "array", "items": dict(of), "description": description}


def _members(*required: str, **properties: Any) -> dict[str, Any]:
    return {"type": "object", "required": list(required), "properties": properties}


_ERROR = _members(
    "detail",
    detail=_text("What is wrong, for a person."),
    code=_text("A machine's word for it."),
    pointer=_text("Where it is in the content that was sent: a JSON Pointer (RFC 6901)."),
    parameter=_text("The query parameter that it is about."),
)
_REPRESENTATION = _members(
    "type",
    "href",
    type=_text("A media type."),
    href=_text("Where it is.", format="uri-reference"),
    language=_text("The tag of its language."),
)
_ACTION = _members(
    "label",
    "href",
    label=_text("What can be done, for a person."),
    href=_text("Where it is done.", format="uri-reference"),
)

PROBLEM: Mapping[str, Any] = {
    "title": "Problem",
    "description": "Problem details (RFC 9457). There may be further members.",
    **_members(
        *("type", "title", "status", "detail", "permanence"),
        type=_text(
            "The problem type; about:blank where no more than the status is meant.",
            format="uri-reference",
        ),
        title=_text("Short, and the same for every occurrence."),
        status={"type": "integer", "minimum": 400, "maximum": 599},
        detail=_text("The explanation of the situation, for a person."),
        instance=_text("The path of the request.", format="uri-reference"),
        permanence=_text(
            "Whether the situation lasts.", enum=["temporary", "permanent", "unknown"]
        ),
        code=_text("A machine's word for the case."),
        request_id=_text("The id of the request, for the support."),
        retry_after={
            "type": "integer",
            "minimum": 0,
            "description": "Seconds to wait before the request is sent again.",
        },
        allow=_list({"type": "string"}, "405: the methods that are allowed."),
        available=_list(_REPRESENTATION, "406: the representations that there are."),
        accept=_list({"type": "string"}, "415: the media types that are taken."),
        errors=_list(_ERROR, "What is wrong with what was sent."),
        actions=_list(_ACTION, "Links to what can be done now."),
    ),
}


def with_errors(problem: Mapping[str, Any], errors: Mapping[str, Any]) -> dict[str, Any]:
    """Return the schema of a `problem` that has `errors`.

    These are a property once more: for generators of code (openapi-typescript), what has no
    properties has no members at all.
    """
    return {"allOf": [problem, _members("errors", errors=errors)]}


VALIDATION_PROBLEM: Mapping[str, Any] = {
    "title": "ValidationProblem",
    "description": "A problem that says what is wrong with what was sent.",
    **with_errors({"$ref": "#/components/schemas/Problem"}, PROBLEM["properties"]["errors"]),
}

SCHEMAS: Mapping[str, Mapping[str, Any]] = {
    "Problem": PROBLEM,
    "ValidationProblem": VALIDATION_PROBLEM,
}


def content(name: str = "Problem") -> dict[str, Any]:
    """Return the content of a response that is a problem, by the `name` of its schema."""
    return {MEDIA_TYPE: {"schema": {"$ref": f"#/components/schemas/{name}"}}}
