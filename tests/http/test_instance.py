"""The address that was asked for, as an answer sends it back."""

from __future__ import annotations

import pytest
from django.test import AsyncRequestFactory, RequestFactory

from django_http_errors.http.instance import instance_of


@pytest.mark.parametrize("how", ["RAW_URI", "REQUEST_URI", "raw_path"])
@pytest.mark.parametrize(
    ("asked", "instance"),
    [
        ("/a;b=c/", "/a;b=c/"),
        ("/caf%E9/", "/caf%E9/"),
        ("/caf%c3%a9/%2Fx", "/caf%c3%a9/%2Fx"),
        ("//evil.example/%41;", "/%2Fevil.example/%41;"),
        # What isn't the path of a URI isn't sent back: the decoded path is, encoded.
        ("/<script>", "/%C3%A9;"),
        ("/%zz", "/%C3%A9;"),
        ("http://evil.example/", "/%C3%A9;"),
        ("/caf\u00e9", "/%C3%A9;"),
        ("", "/%C3%A9;"),
        ("/%E9" * 1000, ""),
    ],
)
def test_the_instance_is_spelt_as_the_client_did(how: str, asked: str, instance: str) -> None:
    if how == "raw_path":
        request = AsyncRequestFactory().get("/", query_string="q=secret")
        request.scope["raw_path"] = asked.encode("latin-1")
    else:
        request = RequestFactory().get("/")
        request.META[how] = f"{asked}?q=secret" if asked else ""
    request.path = request.path_info = "/\u00e9;"
    assert instance_of(request) == instance


@pytest.mark.parametrize("how", ["RAW_URI", "REQUEST_URI", "raw_path"])
@pytest.mark.parametrize(
    ("asked", "path"),
    [
        ("/a%2Fb/", "/a/b/"),
        ("/%7Euser/", "/~user/"),
        ("/%41bc/", "/Abc/"),
        ("/plain/", "/plain/"),
        ("//a//b", "//a//b"),
    ],
)
def test_a_plain_path_is_spelt_as_the_client_did_too(how: str, asked: str, path: str) -> None:
    """Decoded it has nothing in it that would have to be encoded."""
    if how == "raw_path":
        request = AsyncRequestFactory().get("/")
        request.scope["raw_path"] = asked.encode("latin-1")
    else:
        request = RequestFactory().get("/")
        request.META[how] = f"{asked}?q=%20"
    request.path = request.path_info = path
    # Behind two slashes a host would begin.
    assert instance_of(request) == asked.replace("//", "/%2F", 1)


def test_a_plain_path_is_what_it_is_where_the_server_says_nothing() -> None:
    request = RequestFactory().get("/a/b/")
    assert instance_of(request) == "/a/b/"
