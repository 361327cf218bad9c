"""What is asked: requests as clients send them, made before any clock runs."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from random import Random
from typing import Any
from urllib.parse import unquote

from .contents import Contents, old_address

HOST, PORT = "127.0.0.1", "8000"

BROWSER_ACCEPT = (
    "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;"
    "q=0.8,application/signed-exchange;v=b3;q=0.7"
)
BROWSER = {
    "host": f"{HOST}:{PORT}",
    "connection": "keep-alive",
    "sec-ch-ua": '"Chromium";v="138", "Not=A?Brand";v="8"',
    "sec-ch-ua-mobile": "?0",
    "sec-ch-ua-platform": '"Linux"',
    "upgrade-insecure-requests": "1",
    "user-agent": (
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko)"
        " Chrome/138.0.0.0 Safari/537.36"
    ),
    "accept": BROWSER_ACCEPT,
    "sec-fetch-site": "none",
    "sec-fetch-mode": "navigate",
    "sec-fetch-user": "?1",
    "sec-fetch-dest": "document",
    "accept-encoding": "gzip, deflate, br, zstd",
    "accept-language": "en-GB,en;q=0.9",
}
# A client of an API; no browser.
PROGRAM = {
    "host": f"{HOST}:{PORT}",
    "user-agent": "python-httpx/0.28.1",
    "accept": "application/json",
    "accept-encoding": "gzip, deflate",
    "connection": "keep-alive",
}


@dataclass(frozen=True, slots=True)
class Request:
    """A request; its path as it is sent, its fields by their names in small letters."""

    path: str
    headers: dict[str, str]
    method: str = "GET"
    body: bytes = b""

    def environ(self) -> dict[str, Any]:
        """Return the request as gunicorn hands it to a WSGI application."""
        environ = {
            "wsgi.errors": sys.stderr,
            "wsgi.version": (1, 0),
            "wsgi.multithread": False,
            "wsgi.multiprocess": True,
            "wsgi.run_once": False,
            "wsgi.input": BytesIO(self.body),
            "wsgi.input_terminated": True,
            "wsgi.url_scheme": "http",
            "SERVER_SOFTWARE": "gunicorn/23.0.0",
            "REQUEST_METHOD": self.method,
            "QUERY_STRING": "",
            "RAW_URI": self.path,
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": "127.0.0.1",
            "REMOTE_PORT": "50000",
            "SERVER_NAME": HOST,
            "SERVER_PORT": PORT,
            "PATH_INFO": unquote(self.path, "latin-1"),
            "SCRIPT_NAME": "",
        }
        for name, value in self.headers.items():
            key = name.upper().replace("-", "_")
            environ[key if key.startswith("CONTENT_") else f"HTTP_{key}"] = value
        return environ

    def scope(self) -> dict[str, Any]:
        """Return the request as uvicorn hands it to an ASGI application."""
        return {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "server": (HOST, int(PORT)),
            "client": ("127.0.0.1", 50000),
            "scheme": "http",
            "method": self.method,
            "root_path": "",
            "path": unquote(self.path),
            "raw_path": self.path.encode(),
            "query_string": b"",
            "headers": [(name.encode(), value.encode()) for name, value in self.headers.items()],
            "state": {},
        }


def random_address(random: Random) -> str:
    """Return an address where nothing is and nothing was, as scanners ask for."""
    depth = random.randint(1, 4)
    return "/" + "".join(f"{random.getrandbits(48):x}/" for _ in range(depth))


def gone(random: Random, contents: Contents, most: int | None = None) -> Request:
    """Return a request for where something was.

    most: how many such addresses are asked for; None for all, so that hardly any comes twice
    """
    number = random.randrange(min(most or contents.rows, contents.rows))
    return Request(old_address(number, contents.routes).path, BROWSER)


def missing_sibling(random: Random, contents: Contents) -> Request:
    """Return a request for where nothing was, beside where something was."""
    sibling = old_address(random.randrange(contents.rows), contents.routes).sibling
    # No route takes it, even if it has digits alone.
    return Request(sibling.format(f"no-{random.getrandbits(48):x}"), BROWSER)


# How many old addresses are asked for again and again, such as by links that others have.
ASKED_AGAIN = 50

# Accept fields that are made to be slow to read, by their shape; each as long as one likes.
HOSTILE: dict[str, Callable[[int], str]] = {
    "semicolons in quotes": lambda size: 'a/b;c="' + ";" * size,
    "spaced semicolons": lambda size: "a/b" + " ;" * size,
    "escaped quotes": lambda size: 'a/b;c="' + '\\"' * size,
    "parameters": lambda size: "a/b" + ";a=b" * size,
    "many ranges": lambda size: "a/b;q=0.1," * size,
    "many long ranges": lambda size: ("a/b" + ";a=b" * 30 + ",") * (size // 100),
    "malformed ranges": lambda size: ("a" * 120 + '"",') * (size // 100),
}
KILOBYTES = (4, 8)


def hostile_field(shape: str, kilobytes: int, random: Random) -> str:
    """Return an Accept field of that size that nobody has seen before."""
    size = kilobytes * 1024
    return (f"x/{random.getrandbits(64):x}," + HOSTILE[shape](size))[:size]


# Takes a source of chance, and what is in the database.
Maker = Callable[[Random, Contents], Request]


def _hostile(shape: str, kilobytes: int) -> Maker:
    def make(random: Random, contents: Contents) -> Request:
        accept = hostile_field(shape, kilobytes, random)
        return Request(random_address(random), {**BROWSER, "accept": accept})

    return make


# Every field of it but one is wrong, or isn't there.
INVALID_ORDER = json.dumps(
    {
        "address": {"city": "a name that is longer than twenty", "email": "nobody"},
        "lines": [{"product": "no slug", "quantity": 0}, {"product": "lamp", "quantity": "many"}],
        "wanted_on": "soon",
    }
).encode()
SENDER = {
    **PROGRAM,
    "content-type": "application/json",
    "content-length": str(len(INVALID_ORDER)),
}

# A request by its name.
REQUESTS: dict[str, Maker] = {
    "page": lambda random, contents: Request("/page/", BROWSER),
    "async page": lambda random, contents: Request("/async/page/", BROWSER),
    "missing": lambda random, contents: Request(random_address(random), BROWSER),
    "missing, JSON": lambda random, contents: Request(random_address(random), PROGRAM),
    "denied": lambda random, contents: Request("/denied/", BROWSER),
    "denied, JSON": lambda random, contents: Request("/denied/", PROGRAM),
    "missing sibling": missing_sibling,
    "gone": gone,
    "gone, again": lambda random, contents: gone(random, contents, ASKED_AGAIN),
    "API, missing": lambda random, contents: Request("/api/missing/", PROGRAM),
    "API, invalid": lambda random, contents: Request("/api/orders/", SENDER, "POST", INVALID_ORDER),
    **{
        f"{shape}, {kilobytes} KB": _hostile(shape, kilobytes)
        for kilobytes in KILOBYTES
        for shape in HOSTILE
    },
}
