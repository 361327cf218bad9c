"""Packages for REST framework: its errors are problems, in the package's format if it has one."""

from __future__ import annotations

import json
from collections.abc import Callable
from csv import DictReader
from io import StringIO
from typing import Any

from ..recipes import HTML, JSON, PROBLEM, Asker, neighbour

HANDLER = "django_http_errors.rest_framework.exception_handler"
PROBLEM_RENDERER = "django_http_errors.rest_framework.ProblemJSONRenderer"
JSON_API = "application/vnd.api+json"


def urls_of(name: str) -> Callable[[], list[Any]]:
    """Return what returns the routes of a site in `tests.neighbours.sites`."""

    def urls() -> list[Any]:
        from importlib import import_module

        found: list[Any] = import_module(f"tests.neighbours.sites.{name}").urlpatterns
        return found

    return urls


def framework(**settings: Any) -> dict[str, Any]:
    """Return the settings of a site with an API."""
    return {
        "REST_FRAMEWORK": {
            "EXCEPTION_HANDLER": HANDLER,
            "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer", PROBLEM_RENDERER],
            "DEFAULT_AUTHENTICATION_CLASSES": [],
            **settings.pop("REST_FRAMEWORK", {}),
        },
        "HTTP_ERRORS": {
            "CHALLENGES": ["Session"],
            "DEFAULT_MEDIA_TYPES": {"/api/": PROBLEM},
            **settings.pop("HTTP_ERRORS", {}),
        },
        **settings,
    }


# Camel case

CAMEL = "djangorestframework_camel_case"


@neighbour(
    "djangorestframework-camel-case",
    CAMEL,
    apps=["rest_framework"],
    middleware=[f"{CAMEL}.middleware.CamelCaseMiddleWare"],
    urls=urls_of("camel_case_site"),
    settings=framework(
        REST_FRAMEWORK={
            "DEFAULT_RENDERER_CLASSES": [
                f"{CAMEL}.render.CamelCaseJSONRenderer",
                f"{CAMEL}.render.CamelCaseBrowsableAPIRenderer",
                PROBLEM_RENDERER,
            ],
            "DEFAULT_PARSER_CLASSES": [
                f"{CAMEL}.parser.CamelCaseJSONParser",
                f"{CAMEL}.parser.CamelCaseFormParser",
            ],
        },
        JSON_CAMEL_CASE={"JSON_UNDERSCOREIZE": {"ignore_fields": ("as_is",)}},
    ),
)
def camel_case(ask: Asker) -> None:
    """Pointers, parameters and members have the client's spelling in every answer."""
    sent = {"shippingAddress": {"postalCode": ""}, "orderLines": [{"unitPrice": "x"}]}
    for accept in (PROBLEM, JSON):
        response = ask("/api/orders/", accept, method="POST", data=json.dumps(sent))
        assert response.headers["Content-Type"] == accept
        assert [each["pointer"] for each in response.json()["errors"]] == [
            "/shippingAddress/postalCode",
            "/orderLines/0/unitPrice",
        ]
        assert [each.pointer for each in response.problem.errors] == [
            "/shippingAddress/postalCode",
            "/orderLines/0/unitPrice",
        ]
    # What the package leaves alone, it leaves alone here.
    sent = {"shippingAddress": {"postalCode": "1"}, "orderLines": [], "asIs": {"left_alone": "x"}}
    sent["as_is"] = sent.pop("asIs")
    members = ask("/api/orders/", method="POST", data=json.dumps(sent)).json()
    assert [each["pointer"] for each in members["errors"]] == ["/asIs/left_alone"]
    form = "application/x-www-form-urlencoded"
    members = ask("/api/codes/", method="POST", data="postalCode=", content_type=form).json()
    assert [each["pointer"] for each in members["errors"]] == ["/postalCode"]
    for query, name in (
        ("?pageSize=x", "pageSize"),
        ("?page_size=x", "page_size"),
        ("", "pageSize"),
    ):
        (error,) = ask(f"/api/search/{query}").json()["errors"]
        assert error["parameter"] == name
    # Members, by the view's renderer, by the one for problems alone, and where no view answers.
    for accept in (PROBLEM, JSON, "*/*"):
        for path in ("/api/throttled/", "/api/plain/throttled/"):
            response = ask(path, accept)
            assert response.status_code == 429
            assert response.json()["retryAfter"] == 30
            assert "retry_after" not in response.json()
        assert ask("/api/crash/", accept).json()["requestId"]
        assert ask("/crash/", JSON).json()["requestId"]
    assert ask("/api/fine/", PROBLEM).json() == {"isFine": True}
    assert "retryAfter" in ask("/api/throttled/", HTML).content.decode()


# The format that is called JSON:API


@neighbour(
    "djangorestframework-jsonapi",
    "rest_framework_json_api",
    apps=["rest_framework", "rest_framework_json_api"],
    urls=urls_of("json_api_site"),
    settings=framework(
        REST_FRAMEWORK={
            "DEFAULT_PARSER_CLASSES": ["rest_framework_json_api.parsers.JSONParser"],
            "DEFAULT_RENDERER_CLASSES": [
                "rest_framework_json_api.renderers.JSONRenderer",
                "rest_framework_json_api.renderers.BrowsableAPIRenderer",
            ],
            "DEFAULT_METADATA_CLASS": "rest_framework_json_api.metadata.JSONAPIMetadata",
        },
        JSON_API_FORMAT_FIELD_NAMES="dasherize",
        HTTP_ERRORS={
            "DEFAULT_MEDIA_TYPES": {"/api/": JSON_API},
            "RENDERERS": [
                "django_http_errors.http.renderers.HTMLRenderer",
                "django_http_errors.http.renderers.ProblemJSONRenderer",
                "django_http_errors.http.renderers.JSONRenderer",
                "django_http_errors.http.renderers.TextRenderer",
                "django_http_errors.rest_framework.json_api.JSONAPIRenderer",
            ],
        },
    ),
    found=["W015"],
)
def json_api(ask: Asker) -> None:
    """The array of errors is valid, by the app's handler as by the package's own."""

    def errors(path: str, status: int, **options: Any) -> list[dict[str, Any]]:
        response = ask(path, JSON_API, **options)
        assert response.status_code == status, response.content
        assert response.headers["Content-Type"] == JSON_API
        return valid_errors(response.json(), status)

    new = {"type": "User", "attributes": {"first-name": "x" * 200}, "relationships": {}}
    new["relationships"] = {"groups": {"data": [{"type": "Group", "id": "999"}]}}
    created = {"method": "POST", "data": json.dumps({"data": new}), "content_type": JSON_API}
    found = errors("/api/users/", 400, **created)
    assert {each["source"]["pointer"]: each["code"] for each in found} == {
        "/data/attributes/username": "required",
        "/data/attributes/first-name": "max_length",
        "/data/relationships/groups": "does_not_exist",
    }
    (error,) = errors("/api/users/1/", 404)
    assert error["meta"]["permanence"] == "unknown"
    (error,) = errors("/api/users/?sort=shoe-size", 400)
    assert error["title"] == "Bad Request"
    (error,) = errors("/api/users/?page[number]=99", 404)
    assert error["source"] == {"parameter": "page[number]"}
    (error,) = errors("/api/users/", 405, method="DELETE")
    assert "GET" in error["meta"]["allow"]
    (error,) = errors("/api/own-type/", 409)
    assert error["links"]["type"] == "https://example.com/clash"
    assert error["code"] == "clash"
    # Where no view answers.
    errors("/api/nowhere/", 404)
    (error,) = errors("/api/crash/", 500)
    assert error["meta"]["request_id"]
    # Views that keep the package's handler answer as without the app.
    (error,) = errors("/api/kept/1/", 404)
    assert error["code"] == "not_found"
    assert "title" not in error
    page = ask("/api/users/1/", HTML)
    assert page.status_code == 404
    assert "&quot;errors&quot;: [" in page.content.decode()


# The members that https://jsonapi.org/format/1.0/#error-objects knows.
_OF_AN_ERROR = {"id", "links", "status", "code", "title", "detail", "source", "meta"}


def valid_errors(document: dict[str, Any], status: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = document["errors"]
    assert set(document) == {"errors"}
    assert found
    for each in found:
        assert set(each) <= _OF_AN_ERROR
        assert each["status"] == str(status)
        assert all(isinstance(each.get(name, ""), str) for name in ("code", "title", "detail"))
        assert set(each.get("source", {})) <= {"pointer", "parameter", "header"}
    return found


# Authentication


@neighbour(
    "djangorestframework-simplejwt",
    "rest_framework_simplejwt",
    apps=["rest_framework", "rest_framework_simplejwt.token_blacklist"],
    urls=urls_of("simplejwt_site"),
    settings=framework(
        REST_FRAMEWORK={
            "DEFAULT_AUTHENTICATION_CLASSES": [
                "rest_framework_simplejwt.authentication.JWTAuthentication"
            ],
            "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
        },
        SECRET_KEY="a key of more than thirty-two bytes for HMAC",
    ),
)
def simplejwt(ask: Asker) -> None:
    """Its codes are those of the problem, its challenge and its messages are kept."""
    response = ask("/api/fine/")
    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"] == 'Bearer realm="api"'
    members = ask.problem("/api/fine/", 401, authorization="Bearer wrong")
    assert members["code"] == "token_not_valid"
    assert members["messages"][0]["token_class"] == "AccessToken"
    assert "errors" not in members
    members = ask.problem("/api/fine/", 401, authorization="Bearer a b")
    assert members["code"] == "bad_authorization_header"
    wrong = {"method": "POST", "data": json.dumps({"username": "x", "password": "y"})}
    assert ask.problem("/api/token/", 401, **wrong)["code"] == "no_active_account"
    members = ask.problem("/api/token/", 400, method="POST", data="{}")
    assert [each["pointer"] for each in members["errors"]] == ["/username", "/password"]
    wrong = {"method": "POST", "data": json.dumps({"refresh": "x"})}
    assert ask.problem("/api/refresh/", 401, **wrong)["code"] == "token_not_valid"


# Filters


@neighbour(
    "django-filter",
    "django_filters",
    apps=["rest_framework", "django_filters"],
    urls=urls_of("filter_site"),
    settings=framework(),
)
def django_filter(ask: Asker) -> None:
    """What it refuses are query parameters."""
    members = ask.problem("/api/users/?since=x&kind=z&staff=1", 400)
    places = {each["parameter"]: each["code"] for each in members["errors"]}
    assert places == {"since": "invalid", "kind": "invalid_choice"}
    assert "pointer" not in str(members)
    (error,) = ask.problem("/api/strict/", 400)["errors"]
    assert (error["parameter"], error["code"]) == ("kind", "required")
    for wrong, right in (("logins_max", "logins_min"), ("logins_min", "logins_max")):
        (error,) = ask.problem(f"/api/users/?kind=a&{wrong}=x&{right}=1", 400)["errors"]
        assert error["parameter"] == wrong
    assert ask("/api/users/?kind=a").status_code == 200


# Renderers

XML, YAML, MSGPACK, CSV = (
    "application/xml",
    "application/yaml",
    "application/msgpack",
    "text/csv",
)


def rendered(ask: Asker, media_type: str, path: str = "/api/missing/") -> bytes:
    """Return the content of a 404 as `media_type`, labelled as that."""
    for each in (path, "/api/fine/"):
        response = ask(each, media_type)
        assert response.status_code == (200 if "fine" in each else 404)
        assert response.headers["Content-Type"].split(";")[0] == media_type
        if "fine" not in each:
            content = response.content
            assert response.headers["Content-Length"] == str(len(content))
            assert response.problem.status == 404
    return bytes(content)


@neighbour(
    "djangorestframework-csv",
    "rest_framework_csv",
    apps=["rest_framework"],
    urls=urls_of("renderers_site"),
    settings=framework(
        REST_FRAMEWORK={
            "DEFAULT_RENDERER_CLASSES": [
                "rest_framework_csv.renderers.CSVRenderer",
                "rest_framework.renderers.JSONRenderer",
            ]
        }
    ),
)
def csv(ask: Asker) -> None:
    (row,) = DictReader(StringIO(rendered(ask, CSV).decode()))
    assert row["status"] == "404"
    # Its other renderer returns a generator, for successes that are streamed: what is nearest to
    # CSV is text.
    response = ask("/api/streaming/missing/", CSV)
    assert response.status_code == 404
    assert response.content.startswith(b"404 ")
    assert response.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert response.headers["Content-Length"] == str(len(response.content))
    response = ask("/api/streaming/", CSV)
    assert response.status_code == 200
    assert response.streaming


@neighbour(
    "djangorestframework-xml",
    "rest_framework_xml",
    apps=["rest_framework"],
    urls=urls_of("renderers_site"),
    settings=framework(
        REST_FRAMEWORK={
            "DEFAULT_RENDERER_CLASSES": ["rest_framework_xml.renderers.XMLRenderer"],
            "DEFAULT_PARSER_CLASSES": ["rest_framework_xml.parsers.XMLParser"],
        }
    ),
)
def xml(ask: Asker) -> None:
    assert b"<status>404</status>" in rendered(ask, XML)
    response = ask("/api/fine/", XML, method="POST", data="<secret", content_type=XML)
    assert response.status_code == 400
    assert b"secret" not in response.content


@neighbour(
    "djangorestframework-yaml",
    "rest_framework_yaml",
    apps=["rest_framework"],
    urls=urls_of("renderers_site"),
    settings=framework(
        REST_FRAMEWORK={"DEFAULT_RENDERER_CLASSES": ["rest_framework_yaml.renderers.YAMLRenderer"]}
    ),
)
def yaml(ask: Asker) -> None:
    assert b"status: 404\n" in rendered(ask, YAML)
    response = ask("/api/fine/", YAML, method="POST", data="{}")
    assert response.headers["Content-Type"].split(";")[0] == YAML
    assert b"pointer: /name\n" in response.content


@neighbour(
    "djangorestframework-msgpack",
    "rest_framework_msgpack",
    apps=["rest_framework"],
    urls=urls_of("renderers_site"),
    settings=framework(
        REST_FRAMEWORK={
            "DEFAULT_RENDERER_CLASSES": ["rest_framework_msgpack.renderers.MessagePackRenderer"]
        }
    ),
)
def msgpack(ask: Asker) -> None:
    from msgpack import unpackb

    members = unpackb(rendered(ask, MSGPACK), raw=False)
    assert members["status"] == 404


# The document


@neighbour(
    "drf-spectacular",
    "drf_spectacular",
    apps=["rest_framework", "drf_spectacular"],
    urls=urls_of("spectacular_site"),
    settings=framework(
        REST_FRAMEWORK={
            "DEFAULT_SCHEMA_CLASS": "django_http_errors.rest_framework.openapi.AutoSchema"
        },
        SPECTACULAR_SETTINGS={"SERVE_INCLUDE_SCHEMA": False},
    ),
)
def spectacular(ask: Asker) -> None:
    """Each error that is provoked is in the document."""
    document = ask("/api/schema/", "application/vnd.oai.openapi+json").json()
    (operation,) = document["paths"]["/api/orders/"].values()
    documented = operation["responses"]
    assert set(documented) == {"201", "400", "404", "406", "409", "413", "415", "500"}
    assert {"Problem", "ValidationProblem", "SoldOutProblem"} <= set(
        document["components"]["schemas"]
    )
    seen = set()
    for options in (
        {"data": "{}"},
        {"data": "{"},
        {"data": '{"name": "sold"}'},
        {"data": "a", "content_type": "text/csv"},
        {"data": "{}", "accept": "image/png"},
    ):
        response = ask("/api/orders/", method="POST", **options)
        seen.add(str(response.status_code))
        assert response.headers["Content-Type"] in documented[str(response.status_code)]["content"]
    assert seen == {"400", "406", "409", "415"}


# Async views


@neighbour(
    "adrf",
    "adrf",
    apps=["rest_framework", "adrf"],
    urls=urls_of("adrf_site"),
    settings=framework(),
)
def adrf(ask: Asker) -> None:
    for name, status in {"missing": 404, "gone": 410, "invalid": 400, "denied": 403}.items():
        for kind in ("class", "function"):
            members = ask.problem(f"/api/{kind}/{name}/", status)
            assert ("errors" in members) == (name == "invalid")
    response = ask("/api/class/throttled/")
    assert (response.status_code, response.headers["Retry-After"]) == (429, "30")
    assert ask.problem("/api/class/crash/", 500)["request_id"]
    assert ask("/api/class/missing/", method="DELETE").json()["allow"] == ["GET", "HEAD", "OPTIONS"]
