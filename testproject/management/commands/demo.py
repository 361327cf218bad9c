"""``manage.py demo``: the tour, and then the site to try for oneself."""

from __future__ import annotations

import errno
import os
import signal
from argparse import ArgumentTypeError
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser

from testproject.management.commands.seed_demo import USERS
from testproject.server import HOST, Server

DEFAULT_PORT = "8000"


def port_number(text: str) -> int:
    """Return the port that `text` names."""
    if not (text.isascii() and text.isdigit() and 0 < int(text) < 65536):
        raise ArgumentTypeError(f"the port is {text!r}, and should be a number from 1 to 65535")
    return int(text)


class Command(BaseCommand):
    """Serves the demo site until Ctrl-C."""

    help = f"Print the tour of the demo site, then serve it on {HOST} until Ctrl-C."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--port",
            default=os.environ.get("PORT") or DEFAULT_PORT,
            type=port_number,
            help=f"Port to serve at; the default is $PORT, and without that {DEFAULT_PORT}.",
        )

    def handle(self, *args: Any, port: int, **options: Any) -> None:
        # Both end the demo in the same way, even where a shell has told a job in the background
        # to ignore the one.
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.default_int_handler)
        try:
            with self._server(port) as server:
                call_command("tour", url=server.url, stdout=self.stdout)
                self._say_where(server.url)
                server.show_log()
                status = server.wait()
        except KeyboardInterrupt:
            self.stdout.write("\nStopped.")
        else:
            raise CommandError(f"gunicorn has ended with exit status {status}.")

    def _server(self, port: int) -> Server:
        try:
            return Server(port)
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise CommandError(
                    f"Something is listening on {HOST}:{port} already. Stop it, or choose another"
                    f" port: python manage.py demo --port {port + 1}"
                ) from error
            raise CommandError(f"{HOST}:{port} can't be used: {error.strerror}.") from error

    def _say_where(self, url: str) -> None:
        self.stdout.write(f"Serving {url}/ (admin: {url}/admin/) until Ctrl-C.")
        self.stdout.write(f"Accounts, each with its name as password: {', '.join(USERS)}.")
        self.stdout.flush()
