"""The demo's OpenAPI document, proved against the running API by errors that are provoked.

Each of them is documented for its operation, by its media type, and is what its schema says; and
each that is documented comes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from functools import cache
from itertools import product
from typing import Any, NamedTuple

import pytest

pytest.importorskip("rest_framework")
pytest.importorskip("drf_spectacular")

import jsonschema
import yaml
from django.contrib.auth.models import Permission, User
from django.core.cache import cache as throttled
from django.db import transaction
from django.test import Client
from rest_framework.authtoken.models import Token

from testproject.management.commands.seed_demo import DOCUMENTS
from testproject.models import Document

from ..asking import JSON, PROBLEM

pytestmark = pytest.mark.django_db

GOOD = {"title": "A title", "body": "Words", "public": True}
# What is sent, and as what.
BODIES: list[tuple[bytes, str]] = [
    (b"{", JSON),
    (b"[]", JSON),
    (b"{}", JSON),
    (json.dumps({**GOOD, "title": 7 * [1], "public": "perhaps"}).encode(), JSON),
    (json.dumps({**GOOD, "title": "x" * 201}).encode(), JSON),
    (json.dumps(GOOD).encode(), JSON),
    (b"a,b", "text/csv"),
    (b"x" * 700, JSON),
]
MOST = 600  # bytes of a body
# How it is asked for: the Accept header, and what follows the path.
WAYS = [(JSON, ""), (PROBLEM, ""), ("application/pdf", ""), ("*/*", "?format=tar")]
KEYS = ("2", "999")
WHO = ("nobody", "wrong", "reader", "editor", "session")


class Answer(NamedTuple):
    operation: dict[str, Any]
    name: str
    response: Any


@pytest.fixture
def document() -> dict[str, Any]:
    return _document()


@cache
def _document() -> dict[str, Any]:
    """Return the document as the site serves it, to a browser and to a machine alike."""
    response = Client().get("/api/schema/")
    assert response.status_code == 200
    served: dict[str, Any] = yaml.safe_load(response.content)
    as_json = Client().get("/api/schema/", headers={"accept": "application/vnd.oai.openapi+json"})
    assert json.loads(as_json.content) == served
    return served


@pytest.fixture
def seeded() -> None:
    """Have the demo's users, with tokens, and its documents; none of its rules is about the API."""
    for name in ("reader", "editor"):
        user = User.objects.create(username=name)
        Token.objects.create(user=user, key=name)
    user.user_permissions.add(Permission.objects.get(codename="read_private_document"))
    for pk, fields in DOCUMENTS.items():
        Document.objects.create(pk=pk, **fields)


@pytest.fixture
def client(seeded: None) -> Callable[[str], Client]:
    """Return the client of somebody, once for all that is asked for: a session begins with it."""

    @cache
    def client(who: str) -> Client:
        asking = Client(raise_request_exception=False, enforce_csrf_checks=True)
        if who == "session":
            asking.force_login(User.objects.get(username="editor"))
        elif who != "nobody":
            asking.defaults["HTTP_AUTHORIZATION"] = f"Token {who}"
        return asking

    return client


def ask(
    asking: Client, method: str, path: str, way: tuple[str, str], body: tuple[bytes, str]
) -> Any:
    """Return the response to a request that leaves nothing behind."""
    accept, query = way
    content, content_type = body
    headers = {"accept": accept}
    with transaction.atomic():
        response = asking.generic(method, path + query, content, content_type, headers=headers)
        transaction.set_rollback(True)
    return response


def provoked(document: dict[str, Any], client: Callable[[str], Client]) -> Iterator[Answer]:
    """Yield the answer to each way of asking for each operation of the document."""
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            bodies = BODIES if "requestBody" in operation else [(b"", JSON)]
            keys = KEYS if "{id}" in path else ("",)
            for who, key in product(WHO, keys):
                # One thing is wrong at a time, beside who asks and what for.
                good = bodies[-3:-2] or bodies
                # Bodies that are wrong meet each who, and each key, and not each pair of those.
                all_bodies = bodies if key == keys[0] or who == "editor" else good
                asked = [*product(WAYS[1:], good), *product(WAYS[:1], all_bodies)]
                for way, body in asked:
                    address = path.replace("{id}", key)
                    response = ask(client(who), method.upper(), address, way, body)
                    yield Answer(operation, f"{method} {path}", response)


def validator(document: dict[str, Any], schema: dict[str, Any]) -> Any:
    # `validate()` would check the schemas anew each time.
    return jsonschema.Draft202012Validator({**schema, "components": document["components"]})


def check(document: dict[str, Any], answer: Answer) -> None:
    """Assert that an error is documented for its operation, and is what its schema says."""
    response, documented = answer.response, answer.operation["responses"]
    status = str(response.status_code)
    assert status in documented, answer.name
    media_type = response["Content-Type"].partition(";")[0]
    assert media_type in (JSON, PROBLEM)
    schema = documented[status]["content"][media_type]["schema"]
    validator(document, schema).validate(response.json())
    for name in documented[status].get("headers", ()):
        assert name in response, (answer.name, name)


def test_every_error_is_documented_and_every_documented_error_comes(
    document: dict[str, Any], client: Callable[[str], Client], settings
) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = MOST
    number, came = 0, set()
    for answer in provoked(document, client):
        throttled.clear()
        if answer.response.status_code >= 400:
            number += 1
            check(document, answer)
            came.add((answer.name, str(answer.response.status_code)))
    for _ in range(2):
        response = ask(client("reader"), "GET", "/api/throttled/", WAYS[0], (b"", JSON))
    answer = Answer(document["paths"]["/api/throttled/"]["get"], "get /api/throttled/", response)
    check(document, answer)
    came.add((answer.name, "429"))
    documented = {
        (f"{method} {path}", status)
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
        for status in operation["responses"]
        # A crash can come anywhere, and comes at one address.
        if status >= "400" and (status != "500" or path == "/api/crash/")
    }
    assert documented == came
    assert number > 400


def test_a_method_that_no_operation_has(
    document: dict[str, Any], client: Callable[[str], Client]
) -> None:
    """It is no operation's error, and a problem all the same."""
    for path, operations in document["paths"].items():
        for method in {"get", "post", "put", "patch", "delete"} - set(operations):
            address = path.replace("{id}", "1")
            response = ask(client("editor"), method.upper(), address, WAYS[0], (b"{}", JSON))
            # A scope hides which methods there are until its permissions are asked.
            assert response.status_code in (405, 404, 429), (method, path)
            problem = {"$ref": "#/components/schemas/Problem"}
            validator(document, problem).validate(response.json())
            throttled.clear()


def test_what_is_hidden_is_documented_as_missing(document: dict[str, Any]) -> None:
    for path, operations in document["paths"].items():
        if re.match("/api/documents/", path):
            for operation in operations.values():
                assert not {"401", "403"} & set(operation["responses"])
                assert "404" in operation["responses"]
