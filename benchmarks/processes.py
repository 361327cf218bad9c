"""The processes that are measured, as seen by what starts them."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import TemporaryFile
from typing import IO, Any

from .data import ROOT, Databases, environment
from .rows import Row, Side


class Unmeasurable(Exception):
    """Says why there is no figure."""


class Process:
    """A `worker.Worker` in a process of its own, and what it says."""

    def __init__(self, process: subprocess.Popen[str], log: IO[bytes]) -> None:
        self._process = process
        self._log = log

    def tell(self, act: str, /, **arguments: Any) -> None:
        """Have the worker do something; `hear` waits for it."""
        assert self._process.stdin is not None
        print(json.dumps([act, arguments]), file=self._process.stdin, flush=True)

    def hear(self) -> Any:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            self._log.seek(0)
            raise Unmeasurable(f"a worker has ended: {self._log.read().decode()}")
        reply = json.loads(line)
        if "fault" in reply:
            raise Unmeasurable(reply["fault"])
        return reply["is"]

    def ask(self, act: str, /, **arguments: Any) -> Any:
        self.tell(act, **arguments)
        return self.hear()

    def check(self, side: Side) -> None:
        """Raise if an answer isn't the one that is to be measured."""
        answer = self.ask("answer", name=side.request)
        found = (answer["status"], answer["content_type"], side.mark in answer["body"])
        if found != (side.status, side.content_type, True):
            raise Unmeasurable(f"{side} answers {answer}")


@contextmanager
def working(side: Side, row: Row, databases: Databases) -> Iterator[Process]:
    """Start a worker for a side of a row, and end it."""
    with TemporaryFile() as log:
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "benchmarks.worker"),
                *(row.mode, json.dumps(databases.contents(side.data))),
            ],
            cwd=ROOT,
            env=environment(side.stack, databases.url(side.data)),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
        try:
            yield Process(process, log)
        finally:
            process.kill()
            process.communicate()
