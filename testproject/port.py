"""The port that the demo is served at.

``python -m testproject.port`` says in one line what is wrong with $PORT, and which command works.
That is asked before anything is installed, and so without Django.
"""

from __future__ import annotations

import errno
import os
import socket
import sys

HOST = "127.0.0.1"
DEFAULT = "8000"


class PortError(Exception):
    """A port that the demo can't be served at, in words for the person who chose it."""


def chosen() -> str:
    """Return the port that the environment names, or the default."""
    return os.environ.get("PORT") or DEFAULT


def number(text: str) -> int:
    """Return the port that `text` names; raises PortError if that is none."""
    if not (text.isascii() and text.isdigit() and len(text) < 6 and 0 < int(text) < 65536):
        raise PortError(f"PORT is {text!r}. It should be a number from 1 to 65535.")
    return int(text)


def open_at(port: int) -> socket.socket:
    """Return a socket that listens at `port`; raises PortError if that is impossible."""
    try:
        return socket.create_server((HOST, port))
    except OSError as error:
        why = (
            f"Something is listening on {HOST}:{port} already"
            if error.errno == errno.EADDRINUSE
            else f"{HOST}:{port} can't be used ({error.strerror})"
        )
        raise PortError(f"{why}. Try: make demo PORT={_next_free(port)}") from error


def _next_free(port: int) -> int:
    # Those below 1024 are for root.
    for each in range(max(port + 1, int(DEFAULT) if port < 1024 else 0), 65536):
        try:
            socket.create_server((HOST, each)).close()
        except OSError:
            continue
        return each
    with socket.create_server((HOST, 0)) as listener:
        free: int = listener.getsockname()[1]
        return free


if __name__ == "__main__":
    try:
        open_at(number(chosen())).close()
    except PortError as problem:
        sys.exit(str(problem))
