"""``manage.py explain_error``: why an address is answered as it is, and the answer."""

from __future__ import annotations

import re
from argparse import ArgumentParser
from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.http.request import split_domain_port
from django.utils.formats import date_format
from django.utils.timezone import localtime, now
from django.utils.translation import gettext as _

from ... import validators
from ...explaining import explanation
from ...http.urls import bare_host, default_host, without_script_prefix
from ...rules import messages
from ...rules.rows import PermanenceRow

_METHOD = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110, section 9.1


class Command(BaseCommand):
    """Prints the rules and messages that were considered, and the exact response."""

    help = (
        "Explains what an error at an address is answered with: which rules were considered, in"
        " order, and which decided, whose words it has, and the response itself. No view is called."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("address", help="the path, such as /old-shop/x")
        parser.add_argument("--status", type=int, default=404, help="404 if left out")
        parser.add_argument("--method", default="GET", help="GET if left out")
        parser.add_argument("--accept", default="", help="the Accept header of the client")
        parser.add_argument("--language", default="", help="the language of the client")
        parser.add_argument(
            "--host",
            default="",
            help="the host that is asked; the first of ALLOWED_HOSTS if left out, or localhost",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        asked = {
            name: options[name]
            for name in ("address", "status", "method", "accept", "language", "host")
        }
        _check(**asked)
        asked["host"] = asked["host"] or default_host()
        address = without_script_prefix(asked.pop("address"))
        explained = explanation.explain(address, **asked)
        for line in (
            *_view(explained, options["status"]),
            *_rules(explained, options["status"]),
            *_messages(explained),
            *_response(explained, options["method"]),
        ):
            self.stdout.write(line)


def _check(
    *, address: str, status: int, method: str, accept: str, language: str, host: str
) -> None:
    """Raise CommandError, saying what to write instead."""
    name, _port = split_domain_port(host)
    try:
        validators.no_control(accept)
        validators.path(re.split(r"[?#]", address)[0])
        if language:
            validators.language(language)
        if host:
            validators.host(name)
    except ValidationError as error:
        raise CommandError(" ".join(error.messages)) from error
    if not 400 <= status <= 599:
        raise CommandError(_("%d is no error. Give a status from 400 to 599.") % status)
    if not _METHOD.fullmatch(method):
        raise CommandError(_("%r is no method.") % method)


def _view(explained: explanation.Explanation, status: int) -> Iterator[str]:
    if explained.match is None:
        yield _("View: none. The URLconf %s has nothing at this address.") % explained.urlconf
    else:
        yield _("View: %(name)s answers at this address (%(route)s).") % {
            "name": explained.match.view_name,
            "route": f"/{explained.match.route}",
        }
        yield _("What follows is for the error that it may raise.")
    if explained.may_set_urlconf:
        names = ", ".join(explained.may_set_urlconf)
        text = _(
            "URLconf: %s may choose another one, by the host for instance; it isn't asked here."
        )
        yield text % names
    for each in explained.answered_by:
        yield _("A 404 there is answered by %s before any rule is asked.") % each
    if explained.handler:
        yield _(
            "Handler: %(handler)s answers %(status)ds here; rules and messages do nothing for it."
        ) % {"handler": explained.handler, "status": status}
    if wrapping := explanation.handler_around_the_apps(status):
        yield _(
            "Handler: %(handler)s calls the app's for %(status)ds here, and may answer by itself."
        ) % {"handler": wrapping, "status": status}
    if explained.answered_by or explained.handler:
        yield _("What follows is what the app would answer without that.")
    if explained.hidden_by is not None or explained.is_hidden_by_view:
        yield _(
            "Hidden: this is a 404 to all who may not know of it, and what follows is for the"
            " others."
        )
    name = bare_host(explained.request.META["HTTP_HOST"])
    if not explanation.is_own_host(name):
        yield _("Host: %s isn't in ALLOWED_HOSTS, and only what is for any host applies.") % name


def _rules(explained: explanation.Explanation, status: int) -> Iterator[str]:
    yield ""
    if not explained.rules:
        yield _("Rules: none covers this address.")
        return
    yield _("Rules, in order:")
    for number, each in enumerate(explained.rules, start=1):
        rule = each.rule
        where = f"{rule.host or _('any host')}, {rule.permanence}"
        outcome = _outcome(each, status, is_decided=any(one.decides for one in explained.rules))
        yield f"{number}. {rule.kind} {rule.pattern} ({where}): {outcome}"


def _outcome(each: explanation.Considered, status: int, *, is_decided: bool) -> str:
    if each.decides:
        return _("decides.")
    if not each.in_force:
        return _out_of_force(each.rule)
    if status != 404:
        return _("doesn't decide: rules are for a 404 only.")
    if not is_decided:
        return _("doesn't decide: the redirect goes before it.")
    return _("doesn't decide: one that goes before it does.")


def _out_of_force(rule: PermanenceRow) -> str:
    if rule.valid_until is not None and rule.valid_until <= now():
        return _("not in force: it ended at %s.") % _moment(rule.valid_until)
    return _("not in force: it begins at %s.") % _moment(rule.valid_from)


def _moment(moment: Any) -> str:
    return date_format(localtime(moment) if settings.USE_TZ else moment, "c")


def _messages(explained: explanation.Explanation) -> Iterator[str]:
    yield ""
    if not explained.messages:
        yield _("Messages: none, the words are the app's or the rule's.")
        return
    yield _("Messages, in order; what one leaves blank comes from the next:")
    for number, (message, given) in enumerate(messages.contributions(explained.messages), start=1):
        gives = _("gives %s.") % ", ".join(given) if given else _("gives nothing that is missing.")
        place = f"{message.host or _('any host')} {message.path_prefix or _('any path')}"
        status = message.status or _("any error")
        language = message.language or _("any language")
        yield f"{number}. {status}, {place}, {language}: {gives}"


def _response(explained: explanation.Explanation, method: str) -> Iterator[str]:
    response = explained.response
    yield ""
    yield f"HTTP/1.1 {response.status_code} {response.reason_phrase}"
    for name, value in response.headers.items():
        yield f"{name}: {value}"
    yield ""
    if method == "HEAD":
        yield _("(To HEAD the server sends no content.)")
    else:
        yield response.content.decode(errors="replace").removesuffix("\n")
