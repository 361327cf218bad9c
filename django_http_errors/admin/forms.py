"""What an editor can ask: which error, at which address, for whom."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import get_language_info
from django.utils.translation import gettext_lazy as _

from .. import validators
from ..core.statuses import STATUSES
from ..http import renderers
from ..http.urls import bare_host, web_address
from ..importing import addresses
from ..models import MatchType

if TYPE_CHECKING:
    ModelForm = forms.ModelForm[Any]
else:
    ModelForm = forms.ModelForm

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


class PathRuleForm(ModelForm):
    """A rule for addresses, which takes what people paste: a whole URL, another tool's wildcard.

    Where such an address is refused, `suggestion` says what was meant; ticked, it is taken.
    """

    SUGGESTED = "use_suggestion"

    def __init__(self, data: Any = None, *args: Any, **kwargs: Any) -> None:
        super().__init__(data, *args, **kwargs)
        if data is not None and data.get(self.SUGGESTED):
            changed = data.copy()
            changed.update({self.add_prefix(name): each for name, each in self._meant().items()})
            self.data = changed

    def _meant(self) -> dict[str, str]:
        """Return the values of fields that what was sent for the pattern stands for."""
        sent = {name: self.data.get(self.add_prefix(name)) or "" for name in ("pattern", "host")}
        try:
            cells, _remarks = addresses.understood(sent)
        except ValidationError:
            return {}
        return {name: str(value) for name, value in cells.items() if value != sent.get(name)}

    @property
    def suggestion(self) -> str:
        """What to write instead of a pattern that is refused, in words; "" if nobody knows."""
        meant = self._meant() if "pattern" in self.errors else {}
        try:
            validators.path(meant.get("pattern", ""))
        except ValidationError:
            return ""
        kind = dict(MatchType.choices).get(meant.get("kind", ""))
        host = meant.get("host") and _("at %(host)s") % {"host": meant["host"]}
        return ", ".join(str(each) for each in (meant["pattern"], kind, host) if each)


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
