"""The frozen value, and the addresses that it lets through."""

from __future__ import annotations

import copy
import dataclasses
import pickle
from collections.abc import Callable
from logging import LogRecord
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.utils.safestring import mark_safe
from django.utils.translation import gettext_lazy
from hypothesis import given
from hypothesis import strategies as st

from django_http_errors.http.urls import web_address
from django_http_errors.problems import (
    Action,
    InvalidPart,
    Permanence,
    Problem,
    Representation,
)

BARE = Problem(status=404, title="Not Found", detail="Nothing here.")
FULL = Problem(
    status=405,
    title="Method Not Allowed",
    detail="Not this one.",
    type="https://example.com/type",
    permanence=Permanence.PERMANENT,
    code="quota_exceeded",
    instance="/path/",
    request_id="id",
    retry_after=0,
    allow=("GET",),
    available=(Representation("text/html", "/x", "de"),),
    accept=("text/plain",),
    accept_encoding=("gzip",),
    errors=(InvalidPart("wrong", "/a", "invalid"),),
    challenges=("Basic",),
    length=1,
    upgrade=("h2c",),
    blocked_by="https://example.com/",
    actions=(Action("Home", "/", "start"),),
    headers=(("X-A", "b"),),
    extensions={"balance": 30, "accounts": [{"href": "/a"}]},
)


@pytest.mark.parametrize(
    "address",
    [
        "",
        "/",
        "/path/?a=b&c=d#e",
        "relative/path",
        "?query",
        "#fragment",
        "//host.example/path",
        "http://host.example/",
        "HTTPS://host.example:8000/a;b=c,d!$'()*+~[]@",
        "http://[::1]/",
        "mailto:legal@host.example",
        "/already%20quoted",
        "/a:b",
    ],
)
def test_a_harmless_address_passes_as_it_is(address: str) -> None:
    assert web_address(address) == address


@pytest.mark.parametrize(
    "address",
    [
        "javascript:alert(1)",
        " javascript:alert(1)",
        "\N{NO-BREAK SPACE}javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        "java\tscript:alert(1)",
        "java\r\nscript:alert(1)",
        "\x01javascript:alert(1)",
        "data:text/html,hello",
        "vbscript:x",
        "file:///etc/passwd",
        "blob:https://host.example/",
        "ftp://host.example/",
        "unknown:x",
        "http://[::1",
        "http://[nonsense]/",
        "http://\N{ACCOUNT OF}.example/",
    ],
)
def test_an_address_that_could_do_harm_or_cant_be_parsed_is_none(address: str) -> None:
    assert web_address(address) == ""


@pytest.mark.parametrize(
    ("address", "quoted"),
    [
        ("/a b", "/a%20b"),
        (" /trimmed\n", "/trimmed"),
        ("/<script>", "/%3Cscript%3E"),
        ('/"quotes"', "/%22quotes%22"),
        ("/a\r\nSet-Cookie: x=1", "/a%0D%0ASet-Cookie:%20x=1"),
        ("/back\\slash", "/back%5Cslash"),
        ("/{brace}|^`", "/%7Bbrace%7D%7C%5E%60"),
        ("/é/日本", "/%C3%A9/%E6%97%A5%E6%9C%AC"),
        ("/\x00\x7f", "/%00%7F"),
        ("/\ud800", "/?"),
    ],
)
def test_what_doesnt_belong_in_an_address_is_quoted(address: str, quoted: str) -> None:
    assert web_address(address) == quoted


def test_an_address_may_be_lazy() -> None:
    assert web_address(gettext_lazy("/lazy")) == "/lazy"


@given(st.text(st.characters()) | st.text("/:?#[]@<>\"'\\ \t\r\n%javscriptdh&;", max_size=30))
def test_no_text_makes_an_address_that_breaks_out(text: str) -> None:
    """The result goes into ``Link: <...>`` and ``href="..."`` as it is."""
    address = web_address(text)
    assert address.isascii()
    assert address.isprintable()
    assert not set(address) & set('<>" \\^`{|}')
    assert urlsplit(address).scheme in ("", "http", "https", "mailto")
    assert web_address(address) == address


@pytest.mark.conformance("rfc9457-3.1.1-type")
def test_a_bare_problem_has_the_members_that_every_problem_has() -> None:
    assert BARE.as_dict() == {
        "type": "about:blank",
        "title": "Not Found",
        "status": 404,
        "detail": "Nothing here.",
        "permanence": "unknown",
    }


def test_a_full_problem_has_every_member_of_the_contract_in_order() -> None:
    """`retry_after` 0 is known, and fields that are for the header only are no members."""
    assert list(FULL.as_dict().items()) == [
        ("type", "https://example.com/type"),
        ("title", "Method Not Allowed"),
        ("status", 405),
        ("detail", "Not this one."),
        ("instance", "/path/"),
        ("permanence", "permanent"),
        ("code", "quota_exceeded"),
        ("request_id", "id"),
        ("retry_after", 0),
        ("allow", ["GET"]),
        ("available", [{"type": "text/html", "href": "/x", "language": "de"}]),
        ("accept", ["text/plain"]),
        ("errors", [{"detail": "wrong", "pointer": "/a", "code": "invalid"}]),
        ("actions", [{"label": "Home", "href": "/"}]),
        ("balance", 30),
        ("accounts", [{"href": "/a"}]),
    ]


def test_an_empty_allow_is_told_and_an_unknown_one_is_not() -> None:
    """RFC 9110, section 10.2.1: an empty Allow means that the resource takes no method."""
    assert dataclasses.replace(BARE, allow=()).as_dict()["allow"] == []
    assert "allow" not in BARE.as_dict()


def test_members_are_plain_values() -> None:
    lazy = gettext_lazy("words")
    problem = Problem(
        status=400,
        title=lazy,
        detail=lazy,
        permanence=Permanence.TEMPORARY,
        errors=(InvalidPart(lazy),),
    )
    members = problem.as_dict()
    assert type(members["title"]) is type(members["detail"]) is type(members["permanence"]) is str
    assert members["errors"] == [{"detail": "words"}]
    assert type(members["errors"][0]["detail"]) is str


@pytest.mark.conformance("rfc9457-3.2-extensions")
@pytest.mark.parametrize("name", FULL.as_dict())
def test_an_extension_never_replaces_a_member_of_the_apps(name: str) -> None:
    """Not even one that isn't there: clients rely on its type."""
    bare = Problem(status=409, title="t", detail="d")
    for problem in (dataclasses.replace(FULL, extensions={}), bare):
        known = problem.as_dict()
        if name in ("balance", "accounts"):
            known[name] = "forged"
        assert dataclasses.replace(problem, extensions={name: "forged"}).as_dict() == known


@pytest.mark.parametrize(
    ("part", "members"),
    [
        (InvalidPart("d"), {"detail": "d"}),
        (InvalidPart("d", ""), {"detail": "d", "pointer": ""}),
        (InvalidPart("d", "/a/0", "c"), {"detail": "d", "pointer": "/a/0", "code": "c"}),
        (InvalidPart("d", parameter="page"), {"detail": "d", "parameter": "page"}),
        (Representation("t/s", "/"), {"type": "t/s", "href": "/"}),
        (Representation("t/s", "/", "en"), {"type": "t/s", "href": "/", "language": "en"}),
    ],
)
def test_parts_have_the_members_that_are_known(
    part: InvalidPart | Representation, members: dict[str, str]
) -> None:
    """The pointer "" is the whole body (RFC 6901, section 5), and not the same as none."""
    assert part.as_dict() == members


@pytest.mark.parametrize("value", [BARE, FULL.available[0], FULL.errors[0], FULL.actions[0]])
def test_values_are_frozen(value: object) -> None:
    for name in (dataclasses.fields(value)[0].name, "own"):
        with pytest.raises((dataclasses.FrozenInstanceError, TypeError)):
            setattr(value, name, "other")


# What each member of another problem may be.
OTHERS: dict[str, object] = {
    "status": 410,
    "permanence": Permanence.TEMPORARY,
    "retry_after": 7,
    "length": 7,
    "available": (Representation("text/csv", "/csv"),),
    "errors": (InvalidPart("other"),),
    "actions": (Action("Other", "/other/"),),
    "headers": (("X-Other", "b"),),
    "extensions": {"other": 1},
    **dict.fromkeys(("allow", "accept", "accept_encoding", "challenges", "upgrade"), ("other",)),
    **dict.fromkeys(("title", "detail", "type", "code", "instance", "request_id"), "other"),
    **dict.fromkeys(("blocked_by", "language"), "other"),
}


@pytest.mark.parametrize("name", [each.name for each in dataclasses.fields(Problem)])
def test_a_copy_has_other_members_as_dataclasses_have_it(name: str) -> None:
    value = OTHERS[name]
    for problem in (BARE, FULL):
        before = copy.deepcopy(problem)
        replaced = problem.replaced(**{name: value})
        assert replaced == dataclasses.replace(problem, **{name: value})
        assert getattr(replaced, name) == value
        assert type(replaced) is Problem
        assert problem == before != replaced


def test_a_copy_is_checked_as_well() -> None:
    assert BARE.replaced(blocked_by="javascript:alert()").blocked_by == ""
    with pytest.raises(TypeError):
        BARE.replaced(no_member="x")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Quota(Problem):
    """A problem of a project's, with a member of its own."""

    quota: int = 0

    def as_dict(self) -> dict[str, object]:
        return {**super().as_dict(), "quota": self.quota}


def test_a_copy_of_a_subclass_is_one() -> None:
    quota = Quota(status=429, title="Too many", detail="Enough.", quota=5)
    for each in (
        quota.replaced(request_id="id"),
        quota.translated("en"),
        copy.deepcopy(quota),
        pickle.loads(pickle.dumps(quota)),  # noqa: S301
    ):
        assert type(each) is Quota
        assert each.as_dict()["quota"] == 5


@pytest.mark.parametrize("problem", [BARE, FULL], ids=["bare", "full"])
def test_a_problem_can_be_copied_and_pickled(problem: Problem) -> None:
    """Task queues, parallel test runners and caches of responses do."""
    for same in (
        copy.copy(problem),
        copy.deepcopy(problem),
        pickle.loads(pickle.dumps(problem)),  # noqa: S301
    ):
        assert same == problem
        assert hash(same) == hash(problem)
        assert same.as_dict() == problem.as_dict()


# --- Nothing in it can be changed ------------------------------------------------------------


def test_what_is_given_is_copied() -> None:
    accounts, tags = [{"href": "/a"}], {1}
    extensions = {"accounts": accounts, "nested": {"list": [1]}, "tags": tags}
    problem = BARE.replaced(extensions=extensions)
    told = problem.as_dict()
    accounts.append({"href": "/b"})
    accounts[0]["href"] = "/c"
    extensions["nested"]["list"].append(2)  # type: ignore[call-overload, index]
    extensions["more"] = []
    tags.add(2)
    assert problem.as_dict() == told
    assert (told["accounts"], told["tags"]) == ([{"href": "/a"}], {1})


@pytest.mark.parametrize(
    "change",
    [
        lambda extensions: extensions.update(own=1),
        lambda extensions: extensions["accounts"].append(1),
        lambda extensions: extensions["accounts"][0].clear(),
        lambda extensions: extensions.__setitem__("balance", 1),
    ],
)
def test_extensions_can_only_be_read(change: Callable[[Any], Any]) -> None:
    with pytest.raises(AttributeError):
        change(FULL.extensions)
    assert FULL.extensions["balance"] == 30


def test_a_member_that_can_be_changed_is_not_the_problems() -> None:
    """What `as_dict` returns is for the caller to change."""
    FULL.as_dict()["accounts"].clear()  # type: ignore[attr-defined]
    FULL.as_dict()["allow"].clear()  # type: ignore[attr-defined]
    assert FULL.as_dict()["accounts"] == [{"href": "/a"}]
    assert FULL.as_dict()["allow"] == ["GET"]


@pytest.mark.parametrize(
    "name",
    [
        *("allow", "available", "accept", "accept_encoding", "errors", "challenges", "upgrade"),
        *("actions", "headers"),
    ],
)
def test_a_list_is_a_tuple(name: str) -> None:
    given = list(getattr(FULL, name))
    problem = BARE.replaced(**{name: given})
    given.clear()
    assert getattr(problem, name) == getattr(FULL, name)


def test_a_member_that_holds_itself_is_left_out(own_records: list[LogRecord]) -> None:
    circle: list[object] = []
    circle.append(circle)
    problem = BARE.replaced(extensions={"circle": circle, "balance": 30})
    assert dict(problem.extensions) == {"balance": 30}
    assert len(own_records) == 1


def test_a_member_that_is_nested_too_deep_is_left_out(own_records: list[LogRecord]) -> None:
    deep: list[object] = []
    for _level in range(5000):
        deep = [deep]
    problem = BARE.replaced(extensions={"deep": deep, "balance": 30})
    assert dict(problem.extensions) == {"balance": 30}
    (record,) = own_records
    assert "nested too deep" in record.getMessage()


@pytest.mark.parametrize(
    "make",
    [
        lambda text: BARE.replaced(title=text).title,
        lambda text: BARE.replaced(detail=text).detail,
        lambda text: Action(text, "/").label,
        lambda text: InvalidPart(text).detail,
    ],
)
def test_words_are_plain_text_whatever_their_type(make: Callable[[str], object]) -> None:
    """Or else two problems would be equal that are written differently into a page."""
    text = make(mark_safe("<b>x</b>"))
    assert type(text) is str
    assert text == "<b>x</b>"


def test_numbers_are_numbers() -> None:
    """True and 1.0 are equal to 1, and are written differently."""
    problem = BARE.replaced(retry_after=True, length=1.0)
    assert (type(problem.retry_after), type(problem.length)) == (int, int)


def test_two_problems_share_no_extensions() -> None:
    assert BARE.extensions == {}
    other = Problem(status=404, title="", detail="")
    assert BARE.extensions is not other.extensions or not hasattr(BARE.extensions, "update")


def test_permanence_has_the_words_of_the_contract() -> None:
    assert [str(each) for each in Permanence] == ["temporary", "permanent", "unknown"]
