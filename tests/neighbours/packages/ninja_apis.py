"""django-ninja and ninja-extra: every error of an API is a problem."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager

from ..recipes import BASE, HTML, JSON, PROBLEM, Asker, neighbour, routes_of

REGISTERED = {"HTTP_ERRORS": {"CHALLENGES": ["Session"], "EXCEPTIONS": {"builtins.KeyError": 409}}}


FORM = "application/x-www-form-urlencoded"

# What a client accepts, and is sent.
SENT = ((HTML, PROBLEM), ("*/*", PROBLEM), (None, PROBLEM), (JSON, JSON))

# More than the app says of errors, with the braces and names around each of them.
MOST_BYTES = 512 * 1024


@neighbour(
    "django-ninja",
    "ninja",
    top=["django_http_errors.middleware.HidingMiddleware"],
    urls=routes_of("ninja_site"),
    settings=REGISTERED,
)
def django_ninja(ask: Asker) -> None:
    for api in ("/api", "/late"):
        own_errors(ask, api)
        places(ask, api)
        bounded(ask, api)
        raised(ask, api)
        too_large(ask, api)
        described(ask, api)
        shown_to_staff(ask, api)
    # Without it no status changes its meaning.
    for path in ("/plain/raise", "/plain/async"):
        ask.problem(f"{path}/gone", 410)
        ask.problem(f"{path}/denied", 403)
        assert ask.problem(f"{path}/busy", 503)["retry_after"] == 30
        ask.problem(f"{path}/crash", 500)
        ask.problem(f"{path}/odd", 409)
        assert ask(f"{path}/missing").status_code == 404
        assert ask(f"{path}/own").json() == {"detail": "Somebody was faster."}


def own_errors(ask: Asker, api: str) -> None:
    """What ninja itself answers with: 400, 401, 405, 422 and 429."""
    response = ask(f"{api}/items/1")
    assert response.json()["status"] == response.status_code == 401
    challenges = 'Bearer realm="api", Basic realm="api", charset="UTF-8"'
    assert response.headers["WWW-Authenticate"] == challenges
    assert response.json()["detail"] != "Unauthorized"
    assert ask(f"{api}/items/1", authorization="Bearer good").status_code == 200
    response = ask(f"{api}/orders", method="PUT")
    assert (response.status_code, response.json()["allow"]) == (405, ["POST"])
    assert response.headers["Allow"] == "POST"
    content = {"items": [{"name": "a"}, {"inStock": "x"}]}
    members = ask.problem(f"{api}/orders?page=a", 422, method="POST", data=json.dumps(content))
    places = {
        each.get("pointer", each.get("parameter")): each["code"] for each in members["errors"]
    }
    assert places == {
        "page": "int_parsing",
        "/items/0/inStock": "missing",
        "/items/1/name": "missing",
        "/items/1/inStock": "int_parsing",
    }, places
    members = ask.problem(f"{api}/both", 422, method="POST", data='{"first": {"name": "a"}}')
    pointers = {each["pointer"] for each in members["errors"]}
    assert pointers == {"/first/inStock", "/second"}, pointers
    (error,) = ask.problem(f"{api}/numbers/one", 422)["errors"]
    assert error["detail"].startswith("pk: ")
    assert {"pointer", "parameter"}.isdisjoint(error)
    members = ask.problem(f"{api}/orders", 400, method="POST", data='{"secret: 1')
    assert "line 1, column 2" in members["detail"]
    assert "secret" not in str(members)
    ask(f"{api}/seldom")
    response = ask(f"{api}/seldom")
    assert response.status_code == response.json()["status"] == 429
    wait = response.json()["retry_after"]
    assert 0 < wait <= 60
    assert response.headers["Retry-After"] == str(wait)


def places(ask: Asker, api: str) -> None:
    """Members of a schema for a query or a form are named as they are sent."""
    # Something else than an object was sent, and no pointer leads to what is missing in it.
    for content in ("[1]", "[]", '"secret"', "0"):
        (error,) = ask.problem(f"{api}/orders", 422, method="POST", data=content)["errors"]
        assert error == {"detail": "items: Field required", "code": "missing"}
    content = '{"first": [1], "second": {"name": "a", "inStock": 1}}'
    errors = ask.problem(f"{api}/both", 422, method="POST", data=content)["errors"]
    said = [(each["pointer"], each["detail"].partition(":")[0]) for each in errors]
    assert said == [("/first", "name"), ("/first", "inStock")], said
    wrong = "tags=1&tags=x&size=x&areaWidth=x&nearTo=x"
    errors = ask.problem(f"{api}/search?{wrong}", 422)["errors"]
    parameters = [each["parameter"] for each in errors]
    assert parameters == ["tags", "size", "size", "areaWidth", "nearTo"], parameters
    (error,) = ask.problem(f"{api}/search?low=3&high=2&nearTo=1", 422)["errors"]
    assert {"pointer", "parameter"}.isdisjoint(error), error
    form = {"method": "POST", "content_type": FORM}
    errors = ask.problem(f"{api}/search", 422, data=wrong, **form)["errors"]
    pointers = [each["pointer"] for each in errors]
    assert pointers == ["/tags/1", "/size", "/size", "/areaWidth", "/nearTo/0"], pointers
    (error,) = ask.problem(f"{api}/search", 422, data="low=3&high=2&nearTo=1", **form)["errors"]
    assert {"pointer", "parameter"}.isdisjoint(error), error


def bounded(ask: Asker, api: str) -> None:
    """A long name isn't said again for each of the values that are wrong there."""
    counts = {"k" * 20_000: ["x"] * 1000, "short": ["x"]}
    response = ask(f"{api}/counts", method="POST", data=json.dumps({"counts": counts}))
    assert response.status_code == 422
    assert 1 < len(response.json()["errors"]) < 100
    assert len(response.content) < MOST_BYTES
    counts = {"k" * MOST_BYTES: ["x"], "short": ["x"]}
    members = ask.problem(f"{api}/counts", 422, method="POST", data=json.dumps({"counts": counts}))
    assert [each["pointer"] for each in members["errors"]] == ["/counts/short/0"]


def raised(ask: Asker, api: str) -> None:
    """What views raise, in JSON whatever the client says of other formats."""
    for path in (f"{api}/raise", f"{api}/async"):
        for name, status in {"missing": 404, "denied": 403, "gone": 410, "crash": 500}.items():
            assert "secret" not in str(ask.problem(f"{path}/{name}", status))
            for accept, sent in SENT:
                response = ask(f"{path}/{name}", accept)
                assert response.headers["Content-Type"] == sent
        members = ask.problem(f"{path}/busy", 503)
        assert (members["retry_after"], members["permanence"]) == (30, "temporary")
        assert ask.problem(f"{path}/own", 409)["detail"] == "Somebody was faster."
        assert ask.problem(f"{path}/odd", 409)["detail"] != "secret"
        assert "secret" not in str(ask.problem(f"{path}/unreadable", 422))
        assert ask(f"{path}/fine").status_code == 202


def too_large(ask: Asker, api: str) -> None:
    """What Django doesn't take is a problem, too, and in its security log as ever."""
    from django.test import override_settings

    for setting, path, content_type in (
        ("DATA_UPLOAD_MAX_MEMORY_SIZE", "/orders", JSON),
        ("DATA_UPLOAD_MAX_MEMORY_SIZE", "/search", FORM),
        ("DATA_UPLOAD_MAX_NUMBER_FIELDS", "/search", FORM),
    ):
        options = {"method": "POST", "data": "low=3&" * 10, "content_type": content_type}
        with override_settings(**{setting: 5}):
            for accept, sent in SENT:
                response = ask(f"{api}{path}", accept, **options)
                assert response.json()["status"] == response.status_code == 413
                assert response.headers["Content-Type"] == sent
                assert [each.name.rpartition(".")[0] for each in ask.logged] == ["django.security"]
            # Elsewhere the path decides, as before.
            assert ask("/nowhere/", "*/*").headers["Content-Type"].startswith(HTML)


def described(ask: Asker, api: str) -> None:
    """Each error that was provoked above is in the OpenAPI document."""
    document = ask(f"{api}/openapi.json", JSON).json()
    assert {"Problem", "ValidationProblem"} <= set(document["components"]["schemas"])

    def of(path: str, method: str) -> dict[str, str]:
        responses = document["paths"][f"{api}{path}"][method]["responses"]
        return {
            status: next(iter(each.get("content", {"": {}}).values()))
            .get("schema", {})
            .get("$ref", "")
            .rpartition("/")[2]
            for status, each in responses.items()
        }

    assert of("/orders", "post") == {
        "200": "",
        "400": "Problem",
        "413": "Problem",
        "422": "ValidationProblem",
        "default": "Problem",
    }
    # What the project says of a status stays.
    assert of("/items/{pk}", "get") == {
        "200": "",
        "404": "Item",
        "401": "Problem",
        "422": "ValidationProblem",
        "default": "Problem",
    }
    assert of("/seldom", "get") == {"200": "", "429": "Problem", "default": "Problem"}


def shown_to_staff(ask: Asker, api: str) -> None:
    """Who is exempt is asked where that is possible: in no event loop, before a roll-back."""
    from django.conf import settings
    from django.test import override_settings

    from django_http_errors.models import HidingRule
    from django_http_errors.rules.snapshot import snapshots

    rule = HidingRule.objects.create(pattern=f"{api}/", kind="prefix", exempt="staff")
    for middleware in (settings.MIDDLEWARE, BASE):
        with override_settings(MIDDLEWARE=middleware):
            for is_staff, status in ((False, 404), (True, 403)):
                ask.start()
                ask.login(username=f"staff: {is_staff}", is_staff=is_staff)
                denied(ask, f"{api}/async/denied", status)
                with atomic_requests():
                    denied(ask, f"{api}/raise/denied", status)
                    taken_back(ask, f"{api}/groups?name=new", status)
    ask.start()
    rule.delete()
    snapshots.forget()


def denied(ask: Asker, path: str, status: int, **options: str) -> None:
    assert ask.problem(path, status, **options)["status"] == status
    assert not [each for each in ask.logged if each.levelno >= logging.ERROR]


def taken_back(ask: Asker, path: str, status: int) -> None:
    from django.contrib.auth.models import Group

    denied(ask, path, status, method="POST")
    assert not Group.objects.exists()


@contextmanager
def atomic_requests() -> Iterator[None]:
    """Let each view run in a transaction of its own, which no async view can."""
    from django.db import connections

    default = connections.settings["default"]
    default["ATOMIC_REQUESTS"] = True
    try:
        yield
    finally:
        default["ATOMIC_REQUESTS"] = False


@neighbour(
    "django-ninja-extra", "ninja_extra", apps=["ninja_extra"], urls=routes_of("ninja_extra_site")
)
def ninja_extra(ask: Asker) -> None:
    default = ask.problem("/nowhere/", 404)["detail"]
    assert ask.problem("/api/shop/raise/missing", 404)["detail"] == default
    members = ask.problem("/api/shop/raise/own", 404)
    assert (members["detail"], members["code"]) == ("No such shop.", "no_shop")
    (error,) = ask.problem("/api/shop/raise/invalid", 400)["errors"]
    assert error == {"detail": "Too long.", "pointer": "/name", "code": "invalid"}
    response = ask("/api/shop/raise/long")
    assert response.status_code == 400
    assert 1 < len(response.json()["errors"]) < 100
    assert len(response.content) < MOST_BYTES
    response = ask("/api/shop/raise/throttled")
    assert (response.status_code, response.headers["Retry-After"]) == (429, "12")
    assert response.json()["retry_after"] == 12
    response = ask("/api/shop/raise/signed-out")
    assert (response.status_code, response.headers["WWW-Authenticate"]) == (
        401,
        'Session realm="site"',
    )
    assert "BREW" not in str(ask.problem("/api/shop/raise/method", 405))
    ask.problem("/api/shop/closed", 403)
    assert ask("/api/shop/closed", method="DELETE").json()["allow"] == ["GET"]
    assert "default" in str(ask("/api/openapi.json", JSON).json()["paths"])
