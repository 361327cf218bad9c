"""What is known of a request while it is answered: the one object that the app keeps on it."""

from __future__ import annotations

from datetime import datetime, tzinfo
from enum import IntEnum
from typing import TYPE_CHECKING, Any

from django.core.exceptions import DisallowedHost
from django.http import HttpRequest
from django.utils import timezone

from ..http.urls import bare_host, exact_path, path_key

if TYPE_CHECKING:
    from ..hiding.policies import HidingPolicy
    from ..rules.snapshot import Snapshot

ATTRIBUTE = "http_errors_info"


class Shown(IntEnum):
    """What a view in a hiding scope has shown of the client's right to know the resource."""

    NOTHING = 0
    PERMITTED = 1  # A permission check let the request through.
    REVEALED = 2  # The view called `reveal`.


class RequestInfo:
    """What rules see of a request, and what the parts of the pipeline leave for each other.

    `path` is the `exact_path`, without script prefix and query string; `language` is the tag of
    the language of the answer, "" before that is known.

    Class attributes are the values of a request that nothing is known of: most requests
    succeed, and pay for none of it.
    """

    # HttpErrorsMiddleware and HidingMiddleware are still going to see the response.
    has_middleware = False
    has_hiding_middleware = False
    # Nothing but the view stands inside of HttpErrorsMiddleware, and it runs in the same thread:
    # nobody sees what a handler leaves to it.
    is_innermost = False
    language = ""
    request_id = ""
    has_made_request_id = False
    # The messages and rules that all of the answer goes by: asked for twice, an edit could come in
    # between.
    snapshot: Snapshot | None = None
    # The exception behind the answer, in DEBUG only; and whether nothing may be told of it.
    exception: BaseException | None = None
    is_silent = False
    # The primary key of the permanence rule that decided.
    rule: int | None = None
    # Whether there is a home page to lead to, which isn't what was asked for.
    has_home = True
    # Nobody has asked: it is found out what would be answered, and nothing is counted.
    is_rehearsal = False
    # Hiding: whether a scope covers the request, the policy of the view that was called, that
    # of the rule that covers the path (found out once), the request, the language and the time zone
    # before any view saw them, what a view has shown, and whether something was hidden.
    is_in_scope = False
    view_policy: HidingPolicy | None = None
    rule_policy: HidingPolicy | None = None
    has_looked_in_memory = False
    knows_rule_policy = False
    untouched_request: HttpRequest | None = None
    language_before_view: str | None = None
    time_zone_before_view: tzinfo | None = None
    shown = Shown.NOTHING
    # The policy that was found to hide nothing from who asks.
    exempted_by: HidingPolicy | None = None
    has_hidden = False
    # The database could not tell who the user is: asked again, it may make the request wait again.
    user_is_unknown = False
    _host: str | None = None
    _now: datetime | None = None

    def __init__(self, path: str, method: str = "GET", host: str | None = None) -> None:
        self.path = path
        self.method = method
        if host is not None:
            self._host = host

    @classmethod
    def of(cls, request: Any) -> RequestInfo:
        """Return the info of `request`, Django's or REST framework's, which always has one."""
        info: RequestInfo | None = request.__dict__.get(ATTRIBUTE)
        if info is None:
            request = getattr(request, "_request", request)
            info = request.__dict__.get(ATTRIBUTE)
        if info is None:
            info = cls(exact_path(request), request.method or "")
            setattr(request, ATTRIBUTE, info)
        return info

    def host(self, request: HttpRequest) -> str:
        """Return the host in lower case, without the port; "" if it isn't one of the site's."""
        if self._host is None:
            try:
                self._host = bare_host(request.get_host())
            except DisallowedHost:
                self._host = ""
        return self._host

    @property
    def now(self) -> datetime:
        """The time at which the answer was begun."""
        if self._now is None:
            self._now = timezone.now()
        return self._now

    @property
    def path_key(self) -> str:
        return path_key(self.path)
