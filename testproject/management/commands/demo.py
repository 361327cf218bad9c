"""``manage.py demo``: the tour, and then the site to try for oneself."""

from __future__ import annotations

import signal
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser

from testproject import port as ports
from testproject.management.commands.seed_demo import USERS
from testproject.server import Server


class Command(BaseCommand):
    """Serves the demo site until Ctrl-C."""

    help = f"Print the tour of the demo site, then serve it on {ports.HOST} until Ctrl-C."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--port",
            default=ports.chosen(),
            help=f"Port to serve at; the default is $PORT, and without that {ports.DEFAULT}.",
        )

    def handle(self, *args: Any, port: str, **options: Any) -> None:
        # Both end the demo in the same way, even where a shell has told a job in the background
        # to ignore the one.
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.default_int_handler)
        try:
            with self._server(port) as server:
                self._show_tour(server.url)
                self._say_where(server.url)
                server.show_log()
                status = server.wait()
        except KeyboardInterrupt:
            self.stdout.write("\nStopped.")
        else:
            raise CommandError(f"gunicorn has ended with exit status {status}.")

    def _server(self, port: str) -> Server:
        try:
            return Server(ports.number(port))
        except ports.PortError as error:
            raise CommandError(str(error)) from error

    def _show_tour(self, url: str) -> None:
        try:
            call_command("tour", url=url, stdout=self.stdout)
        except CommandError as error:
            # What somebody has edited may spoil the tour; the site is there all the same.
            self.stderr.write(str(error))

    def _say_where(self, url: str) -> None:
        self.stdout.write(f"Serving {url}/ (admin: {url}/admin/) until Ctrl-C.")
        self.stdout.write(f"Accounts, each with its name as password: {', '.join(USERS)}.")
        self.stdout.flush()
