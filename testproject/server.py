"""gunicorn in a process of its own, for the commands that show the site over real HTTP."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import deque
from contextlib import suppress
from http.client import HTTPConnection, HTTPException
from threading import Event, Thread
from typing import IO, Self

from django.conf import settings
from django.core.management.base import CommandError

from . import port as ports
from .port import HOST

SECONDS_TO_START = 30
SECONDS_TO_FINISH = 5
SECONDS_TO_STOP = 10


class Server:
    """The demo site behind gunicorn, as a context manager.

    What the server logs is held back until `show_log`, so that it doesn't tear apart what a
    command prints.

    port: 0 for any that is free; PortError if it can't be had
    """

    def __init__(self, port: int = 0) -> None:
        # The socket is opened here and handed on: this finds a free port, or sees that the
        # wanted one is taken, without a moment for anyone else to take it.
        with ports.open_at(port) as listener:
            self.port: int = listener.getsockname()[1]
            descriptor = listener.fileno()
            self.process = subprocess.Popen(  # noqa: S603 - the command is all ours
                [
                    *(sys.executable, "-m", "gunicorn", "testproject.wsgi"),
                    *("--bind", f"fd://{descriptor}", "--no-control-socket"),
                    # In one process, so that what an editor saves is in force with the next
                    # answer, and not within the seconds of REFRESH_SECONDS.
                    *("--workers", "1", "--threads", "8"),
                    # So that it has ended its worker before `stop` would end it alone.
                    *("--graceful-timeout", str(SECONDS_TO_FINISH)),
                ],
                cwd=settings.BASE_DIR,
                env={**os.environ, "MISSING_PAGES": "1"},
                pass_fds=[descriptor],
                stderr=subprocess.PIPE,
                text=True,
            )
        self.url = f"http://{HOST}:{self.port}"
        self._log_is_shown = Event()
        self._last_lines: deque[str] = deque(maxlen=30)
        self._reader = Thread(target=self._read_log, args=[self.process.stderr], daemon=True)
        self._reader.start()

    def __enter__(self) -> Self:
        try:
            self._wait_for_an_answer()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *exception: object) -> None:
        self.stop()

    def show_log(self) -> None:
        """Write to stderr what the server logs from now on."""
        self._log_is_shown.set()

    def wait(self) -> int:
        """Wait for the end of the server, and return its exit status."""
        return self.process.wait()

    def stop(self) -> None:
        """Let the server finish the requests that it is answering, and end it and its workers."""
        self.process.terminate()
        try:
            self.process.wait(SECONDS_TO_STOP)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self._reader.join(SECONDS_TO_STOP)

    def _wait_for_an_answer(self) -> None:
        # The port is open already: the request waits in its queue until a worker takes it.
        connection = HTTPConnection(HOST, self.port, timeout=SECONDS_TO_START)
        try:
            connection.request("HEAD", "/")
            connection.getresponse()
        except (OSError, HTTPException) as error:
            self.stop()
            log = "".join(self._last_lines)
            raise CommandError(f"gunicorn doesn't answer ({error}). It says:\n{log}") from error
        finally:
            connection.close()

    def _read_log(self, log: IO[str]) -> None:
        with log:
            for line in log:
                self._last_lines.append(line)
                if self._log_is_shown.is_set():
                    # A closed terminal is no reason to stop reading, which would block the server.
                    with suppress(OSError):
                        sys.stderr.write(line)
