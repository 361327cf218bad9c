"""A relay before a database: so that a real driver meets real failures, at any time."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress


class Relay:
    """Passes bytes on between the port of its own and that of a database, or doesn't.

    `refuse`: nobody listens, and what was open is cut. `hang`: it is as if the other side had
    died without a word, a new connection is taken and nothing ever comes. `serve`: all is well.
    """

    def __init__(self, port: int) -> None:
        self.target = ("127.0.0.1", port)
        self._open: set[socket.socket] = set()
        self._flows = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._listens = False
        self.taken = 0
        self.refuse()

    def serve(self) -> None:
        self._cut()
        self._flows.set()
        self._listen()

    def hang(self) -> None:
        self._flows.clear()
        self._listen()

    def refuse(self) -> None:
        self._listens = False
        with suppress(OSError):  # A listener that nobody waits at is closed just as well.
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._cut()

    def _cut(self) -> None:
        """Close what is open; each end of it hears of that."""
        self._flows.set()
        for each in list(self._open):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def _listen(self) -> None:
        if not self._listens:
            self._listens = True
            self._listener = socket.create_server(("127.0.0.1", self.port), backlog=128)
            threading.Thread(target=self._take, args=[self._listener], daemon=True).start()

    def _take(self, listener: socket.socket) -> None:
        with suppress(OSError):  # It was closed.
            while True:
                client, _ = listener.accept()
                self.taken += 1
                threading.Thread(target=self._relay, args=[client], daemon=True).start()

    def _relay(self, client: socket.socket) -> None:
        with client, suppress(OSError), socket.create_connection(self.target, 10) as server:
            server.settimeout(None)
            ends = {client, server}
            self._open |= ends
            back = threading.Thread(target=self._pass_on, args=[server, client], daemon=True)
            back.start()
            self._pass_on(client, server)
            back.join()
            self._open -= ends

    def _pass_on(self, source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while piece := source.recv(65536):
                self._flows.wait()
                sink.sendall(piece)
        # The other way has ended too then.
        for each in (source, sink):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)


@contextmanager
def relaying(port: int) -> Iterator[Relay]:
    """Relay to `port` until the end, all being well at first."""
    relay = Relay(port)
    relay.serve()
    try:
        yield relay
    finally:
        relay.refuse()
