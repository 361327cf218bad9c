"""The address that was asked for, as far as an answer may send it back."""

from __future__ import annotations

import re
from urllib.parse import quote

from django.http import HttpRequest
from django.utils.http import escape_leading_slashes

from .urls import path_as_asked, web_address

LONGEST_ADDRESS = 2048
# What RFC 3986 lets stand in a path (section 3.3).
_SAFE_IN_PATHS = "/:@!$&'()*+,;=-._~"
_URI_PATH = re.compile(r"/(?:[A-Za-z0-9/:@!$&'()*+,;=._~-]++|%[0-9A-Fa-f]{2})*")
_PLAIN_PATH = re.compile(r"/(?:[A-Za-z0-9_.~-]++/?)*")


def address_of(request: HttpRequest) -> str:
    """Return the address of `request`, as far as it can be sent back."""
    return _own_path(web_address(request.get_full_path())) or instance_of(request)


def instance_of(request: HttpRequest) -> str:
    """Return the path of `request` as a URI reference (RFC 3986), "" if it can't be sent back.

    In the spelling of the client, where the server says it: a decoded path has lost that.
    """
    path = request.path
    asked = path_as_asked(request)
    if "%" not in asked and _PLAIN_PATH.fullmatch(path):
        return path if len(path) <= LONGEST_ADDRESS else ""
    if not _URI_PATH.fullmatch(asked):
        asked = quote(path, safe=_SAFE_IN_PATHS, errors="replace")
    return _own_path(asked)


def _own_path(address: str) -> str:
    """Return `address` so that it leads to no other site; "" if it can't be sent back.

    That is what is no path, or is too long. Behind two slashes a host begins.
    """
    address = escape_leading_slashes(address)
    return address if address.startswith("/") and len(address) <= LONGEST_ADDRESS else ""
