"""A process that has one stack, and asks it as it is told: a JSON object a line, in and out.

The stack's settings are in the environment; nothing is overridden while a clock runs.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import re
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random
from typing import Any, Protocol

from .asking import BROWSER, REQUESTS, Request
from .contents import Contents

SEED = 20


class Caller(Protocol):
    """Calls the handler as a server would."""

    def prepared(self, request: Request) -> Any:
        """Return what a server would make of `request`."""

    def call(self, prepared: Sequence[Any]) -> set[int]:
        """Have every one answered in full, and return the statuses that were seen."""

    def answer(self, request: Request) -> tuple[int, str, bytes]:
        """Return the status, the content type and the content of one answer."""


class WSGI:
    """One request after the other, in this thread."""

    def __init__(self) -> None:
        from django.core.wsgi import get_wsgi_application

        self.handler = get_wsgi_application()

    def prepared(self, request: Request) -> dict[str, Any]:
        return request.environ()

    def call(self, prepared: Sequence[dict[str, Any]]) -> set[int]:
        lines = set()

        def start_response(line: str, headers: list[tuple[str, str]]) -> None:
            lines.add(line)

        for environ in prepared:
            response = self.handler(environ, start_response)
            for _chunk in response:
                pass
            response.close()
        return {int(line[:3]) for line in lines}

    def answer(self, request: Request) -> tuple[int, str, bytes]:
        started: list[Any] = []
        response = self.handler(request.environ(), lambda *start: started.extend(start))
        body = b"".join(response)
        response.close()
        line, headers = started
        return int(line[:3]), dict(headers).get("Content-Type", ""), body


class ASGI:
    """One request after the other, in one event loop."""

    def __init__(self) -> None:
        from django.core.asgi import get_asgi_application

        self.handler = get_asgi_application()
        self.runner = asyncio.Runner()

    def prepared(self, request: Request) -> tuple[dict[str, Any], bytes]:
        return request.scope(), request.body

    def call(self, prepared: Sequence[tuple[dict[str, Any], bytes]]) -> set[int]:
        messages: list[dict[str, Any]] = []
        self.runner.run(self._call(prepared, messages))
        return {each["status"] for each in messages if "status" in each}

    async def _call(
        self, prepared: Sequence[tuple[dict[str, Any], bytes]], messages: list[dict[str, Any]]
    ) -> None:
        async def send(message: dict[str, Any]) -> None:
            messages.append(message)

        for scope, body in prepared:
            await self.handler(scope, _receiving(body), send)

    def answer(self, request: Request) -> tuple[int, str, bytes]:
        messages: list[dict[str, Any]] = []
        self.runner.run(self._call([self.prepared(request)], messages))
        start, *rest = messages
        fields = {name.decode().title(): value.decode() for name, value in start["headers"]}
        body = b"".join(each.get("body", b"") for each in rest)
        return start["status"], fields.get("Content-Type", ""), body


def _receiving(body: bytes) -> Callable[[], Any]:
    """Return a `receive` that gives `body`, and then waits for a client that stays."""
    messages = [{"type": "http.request", "body": body}]

    async def receive() -> dict[str, Any]:
        return messages.pop() if messages else await asyncio.get_running_loop().create_future()

    return receive


class Worker:
    """What a process can be told to do: its public methods.

    contents: what is in its database
    """

    def __init__(self, mode: str, contents: Contents) -> None:
        self.caller: Caller = {"wsgi": WSGI, "asgi": ASGI}[mode]()
        self.contents = contents
        self.random = Random(SEED)

    def request(self, name: str) -> Request:
        return REQUESTS[name](self.random, self.contents)

    def answer(self, name: str) -> dict[str, Any]:
        """Return the answer to one request, to be looked at."""
        status, content_type, body = self.caller.answer(self.request(name))
        return {"status": status, "content_type": content_type, "body": body.decode()}

    def status(self, path: str) -> int:
        """Return the status of the answer to one request for `path`."""
        return self.caller.answer(Request(path, BROWSER))[0]

    def settle(self, name: str, times: int) -> None:
        """Fill every cache, and let nothing of what is there by now be collected any more."""
        prepared = [self.caller.prepared(self.request(name)) for _ in range(times)]
        self.caller.call(prepared)
        gc.collect()
        gc.freeze()

    def batch(self, name: str, times: int) -> dict[str, Any]:
        """Return how long the process was at work for `times` requests."""
        prepared = [self.caller.prepared(self.request(name)) for _ in range(times)]
        gc.collect()
        start = time.process_time()
        statuses = self.caller.call(prepared)
        return {"seconds": time.process_time() - start, "statuses": sorted(statuses)}

    def first(self, name: str) -> dict[str, Any]:
        """Return how long a client waits for the first answer of the process."""
        prepared = [self.caller.prepared(self.request(name))]
        start = time.perf_counter()
        statuses = self.caller.call(prepared)
        return {"seconds": time.perf_counter() - start, "statuses": sorted(statuses)}

    def throughput(self, name: str, seconds: float) -> int:
        """Return how many requests are answered while the process is at work for so long."""
        end = time.process_time() + seconds
        times = 0
        while time.process_time() < end:
            self.caller.call([self.caller.prepared(self.request(name))])
            times += 1
        return times

    def memory(self) -> int:
        """Return how many bytes this process has for itself."""
        gc.collect()
        rollup = Path("/proc/self/smaps_rollup").read_text(encoding="ascii")
        return 1024 * sum(
            int(size) for size in re.findall(r"^Private_\w+: *(\d+)", rollup, re.MULTILINE)
        )

    def watch(self, name: str, probe: str, until: int, seconds: float, limit: float) -> float:
        """Return the longest time that a request took.

        seconds: for how long at least requests are made
        until: the status that `probe`, which is asked now and then, must have had in the end
        """
        start = time.perf_counter()
        longest, seen = 0.0, False
        while not seen or time.perf_counter() < start + seconds:
            if time.perf_counter() > start + limit:
                raise TimeoutError(f"{probe} was not answered with {until} in {limit} s")
            for request in (Request(probe, BROWSER), *(self.request(name) for _ in range(9))):
                prepared = [self.caller.prepared(request)]
                began = time.perf_counter()
                statuses = self.caller.call(prepared)
                longest = max(longest, time.perf_counter() - began)
                seen = seen or (request.path == probe and until in statuses)
        return longest

    def edit(self, pattern: str) -> None:
        """Say that what is at `pattern` is gone."""
        from django_http_errors.models import PermanenceRule

        PermanenceRule.objects.create(pattern=pattern)

    def profile(self, name: str, times: int) -> str:
        """Return where the time goes."""
        from pyinstrument import Profiler

        prepared = [self.caller.prepared(self.request(name)) for _ in range(times)]
        with Profiler(interval=0.0002, async_mode="disabled") as profiler:
            self.caller.call(prepared)
        return profiler.output_text(unicode=True, show_all=True)


def main(mode: str, contents: str) -> None:
    # The answers are written where nothing else is: what Django prints goes another way.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    worker = Worker(mode, Contents(*json.loads(contents)))
    for line in sys.stdin:
        name, arguments = json.loads(line)
        try:
            reply = {"is": getattr(worker, name)(**arguments)}
        except Exception:  # noqa: BLE001 - the other process hears of it
            reply = {"fault": traceback.format_exc()}
        print(json.dumps(reply), file=answers, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
