"""What the policies may know of a request."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.core.exceptions import DisallowedHost
from django.http import HttpRequest
from django.utils import timezone

from ..addresses import bare_host, path_key


@dataclass(frozen=True, slots=True)
class Facts:
    """A request as rules and messages see it.

    `path` is decoded, without the script prefix and the query string; `host` is in lower case,
    without the port, and "" if it isn't one of ours.
    """

    path: str
    host: str
    method: str
    language: str
    now: datetime

    @property
    def key(self) -> str:
        return path_key(self.path)

    @classmethod
    def of(cls, request: HttpRequest, language: str) -> Facts:
        try:
            host = bare_host(request.get_host())
        except DisallowedHost:
            host = ""
        return cls(request.path_info, host, request.method or "", language.lower(), timezone.now())
