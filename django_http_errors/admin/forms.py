"""What an editor can ask: which error, at which address, for whom."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import get_language_info
from django.utils.translation import gettext_lazy as _

from .. import validators
from ..core.statuses import STATUSES
from ..http import renderers
from ..http.urls import bare_host, web_address

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")

_WHOLE = re.compile(r"https?://([^/?#]+)(.*)")
_PORT = re.compile(r":[0-9]+\Z")
_NONCE = re.compile(r"\A[A-Za-z0-9+/=_-]{1,128}\Z")


def language_name(code: str) -> str:
    """Return what the language with the tag `code` is called in the editor's own."""
    try:
        return str(get_language_info(code)["name_translated"])
    except KeyError:
        return code


def languages() -> list[tuple[str, Any]]:
    """Return the choices of a language: those of the site, and none."""
    return [("", _("as the site has it")), *settings.LANGUAGES]


def statuses() -> list[tuple[str, str]]:
    """Return the choices of a status: those that are registered."""
    return [(str(each.code), f"{each.code} {each.title}") for each in STATUSES.values()]


def media_types() -> list[str]:
    """Return the media types of the formats that the site answers in."""
    return list(renderers.renderers())


def path_in(address: str) -> str:
    """Return the path of `address` and its query string, as they go into a request.

    Raises ValidationError for what isn't the address of a page.
    """
    path, mark, query = address.partition("#")[0].partition("?")
    validators.path(path)
    return web_address(path) + mark + web_address(query)


class AskingForm(forms.Form):
    """At which address, in which language; what is left blank is as the page has it."""

    address = forms.CharField(
        label=_("Address"), max_length=2000, required=False, validators=[validators.no_control]
    )
    host = forms.CharField(label=_("Host"), max_length=253, required=False)
    language = forms.ChoiceField(label=_("Language"), choices=languages, required=False)

    field_order = ["address", "status", "method", "host", "language", "accept"]

    def clean_host(self) -> str:
        host: str = self.cleaned_data["host"]
        if host:
            validators.host(_PORT.sub("", host))
        return bare_host(host)

    def clean(self) -> None:
        """Take a whole address, as copied from a browser, apart."""
        address = self.cleaned_data.get("address") or ""
        whole = _WHOLE.fullmatch(address)
        if whole:
            self.cleaned_data["host"] = self.cleaned_data.get("host") or bare_host(whole[1])
            address = whole[2] or "/"
        try:
            self.cleaned_data["address"] = address and path_in(address)
        except ValidationError as error:
            self.add_error("address", error)


class PreviewForm(AskingForm):
    """What a preview is to be made for.

    `nonce` is what the page that shows it has in its Content-Security-Policy.
    """

    status = forms.ChoiceField(
        label=_("Status"),
        choices=lambda: [("", _("as the message has it")), *statuses()],
        required=False,
    )
    nonce = forms.RegexField(_NONCE, required=False, widget=forms.HiddenInput)
    fragment = forms.BooleanField(required=False, widget=forms.HiddenInput)


class TryForm(AskingForm):
    """Everything that a request can say."""

    status = forms.ChoiceField(label=_("Error"), choices=statuses, initial="404")
    method = forms.ChoiceField(label=_("Method"), choices=[(each, each) for each in METHODS])
    accept = forms.CharField(
        label=_("Accept"),
        max_length=1000,
        required=False,
        validators=[validators.no_control],
        widget=forms.TextInput({"list": "http-errors-media-types", "placeholder": "text/html"}),
    )
