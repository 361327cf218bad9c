"""What the policies may know of a request."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import cached_property

from django.core.exceptions import DisallowedHost
from django.http import HttpRequest
from django.utils import timezone

from ..addresses import bare_host, path_key


class Facts:
    """A request as rules and messages see it; what takes time is found out when it is asked for.

    `path` is decoded, without the script prefix and the query string; `host` is in lower case,
    without the port, and "" if it isn't one of ours; `now` is the same whenever it is asked for.

    host: the name, or what finds it out; now: left out, the time at which it is first asked for
    """

    def __init__(
        self,
        path: str,
        host: str | Callable[[], str],
        method: str,
        language: str,
        now: datetime | None = None,
    ) -> None:
        self.path = path
        self.method = method
        self.language = language
        self._host = host
        self._now = now

    @cached_property
    def host(self) -> str:
        return self._host if isinstance(self._host, str) else self._host()

    @cached_property
    def now(self) -> datetime:
        return self._now or timezone.now()

    @cached_property
    def key(self) -> str:
        return path_key(self.path)

    @classmethod
    def of(cls, request: HttpRequest, language: str) -> Facts:
        def host() -> str:
            try:
                return bare_host(request.get_host())
            except DisallowedHost:
                return ""

        return cls(request.path_info, host, request.method or "", language.lower())
