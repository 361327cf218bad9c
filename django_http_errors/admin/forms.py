"""What an editor can ask: which error, at which address, for whom."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, time
from typing import TYPE_CHECKING, Any

from django import forms
from django.conf import settings
from django.contrib.admin.widgets import AdminSplitDateTime
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db.models import QuerySet, UniqueConstraint
from django.utils import timezone
from django.utils.translation import get_language_info, gettext
from django.utils.translation import gettext_lazy as _

from .. import validators
from ..core.statuses import STATUSES
from ..http import representations
from ..http.urls import bare_host, web_address, without_script_prefix
from ..importing import addresses
from ..models import MatchType, MissingPage
from ..rules import permanence
from ..rules.rows import PermanenceRow
from .advice import everything

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

    ModelForm = forms.ModelForm[Any]
else:
    ModelForm = forms.ModelForm

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")

# What a message can be for, beside a single status.
CLASSES: Mapping[str, StrOrPromise] = {
    "": _("any error"),
    "4xx": _("4xx: every error from 400 to 499"),
    "5xx": _("5xx: every error from 500 to 599"),
}

_WHOLE = re.compile(r"(?:https?://|(?!https?://))([^/?#]+)(.*)", re.IGNORECASE)
_PORT = re.compile(r":[0-9]+\Z")
_NONCE = re.compile(r"\A[A-Za-z0-9+/=_-]{1,128}\Z")


def language_name(code: str) -> str:
    """Return what the language with the tag `code` is called in the editor's own, "" for none."""
    try:
        return str(get_language_info(code)["name_translated"])
    except KeyError:
        return code


def languages() -> list[tuple[str, Any]]:
    """Return the choices of a language: those of the site, and none."""
    return [("", _("default")), *settings.LANGUAGES]


def statuses() -> list[tuple[str, str]]:
    """Return the choices of a status: those that are registered."""
    return [(str(each.code), f"{each.code} {each.title}") for each in STATUSES.values()]


def status_choices() -> list[tuple[str, Any]]:
    """Return what a message can be for: any error, some, or one."""
    return [*CLASSES.items(), *statuses()]


def language_choices() -> list[tuple[str, Any]]:
    """Return the languages that a message can be for: those of the site, or any."""
    return [("", _("any language")), *((code.lower(), name) for code, name in settings.LANGUAGES)]


def media_types() -> list[str]:
    """Return the media types of the formats that the site answers in."""
    return list(representations.renderers())


def path_in(address: str) -> str:
    """Return the path of `address` and its query string, as they go into a request.

    Raises ValidationError for what isn't the address of a page.
    """
    path, mark, query = address.partition("#")[0].partition("?")
    validators.path(path)
    return web_address(path) + mark + web_address(query)


def split_site(address: str) -> tuple[str, str]:
    """Return the host that `address` begins with, "" if it begins with none, and the rest."""
    whole = validators.names_site(address) and _WHOLE.fullmatch(address)
    if not whole:
        return "", address
    return bare_host(whole[1]), without_script_prefix(whole[2] or "/")


# The errors of what an editor may mean all the same, and that of what wasn't confirmed.
TO_CONFIRM = frozenset({"covers_all", "covers_login", "no_effect"})
UNCONFIRMED = "unconfirmed"


def offer_choices(form: forms.BaseModelForm[Any]) -> None:
    """Let the fields of `form` that have few values be chosen from them.

    What a row has that isn't among them can be kept.
    """
    for name, choices in (("status", status_choices()), ("language", language_choices())):
        if name in form.fields:
            value = form[name].value() or ""
            kept = [] if value in dict(choices) else [(value, value)]
            form.fields[name].widget = forms.Select(choices=[*choices, *kept])


class DayWidget(AdminSplitDateTime):
    """Two inputs that say to a screen reader what they are for: up to Django 5.2 none has a label.

    label: that of the field
    """

    label: StrOrPromise | None = ""

    def get_context(self, name: str, value: Any, attrs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context(name, value, attrs)
        labels = context["date_label"], context["time_label"]
        for part, label in zip(context["widget"]["subwidgets"], labels, strict=True):
            part["attrs"]["aria-label"] = f"{self.label}, {label.rstrip(':')}"
        return context


class DayField(forms.SplitDateTimeField):
    """A date and a time; without a time it is the beginning of that day.

    What is beyond the calendar in UTC, where a database has it, is refused.
    """

    widget = DayWidget

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.widget.label = self.label

    def compress(self, data_list: Any) -> Any:
        if data_list and data_list[0] and not data_list[1]:
            data_list = [data_list[0], time.min]
        moment = super().compress(data_list)
        if moment is not None and timezone.is_aware(moment):
            try:
                moment.astimezone(UTC)
            except OverflowError as error:
                text = self.error_messages["invalid_date"]
                raise ValidationError(text, code="invalid_date") from error
        return moment


class Confirmation(forms.BooleanField):
    """By which an editor says that something is meant: no change of the row."""

    def __init__(self, **options: Any) -> None:
        super().__init__(required=False, **options)

    def has_changed(self, initial: Any, data: Any) -> bool:
        return False


class ConfirmedForm(ModelForm):
    """Refuses what an editor may not have meant, unless that was confirmed, and asks to confirm it.

    unconfirmed: what was refused, in words; "" for nothing
    """

    confirm = Confirmation(
        label=_("Save it all the same"),
        help_text=_(
            "Where the form refuses what you mean. It is needed each time that this is saved."
        ),
    )
    unconfirmed = ""

    def doubts(self) -> list[ValidationError]:
        """Return what an editor may not have meant, beside what the instance knows of itself."""
        return []

    def clean(self) -> Any:
        # Before the instance is validated, which asks for it.
        self.instance.confirmed = self.cleaned_data.get("confirm", False)
        return super().clean()

    def add_error(self, field: str | None, error: Any) -> None:
        """Add an error, to the form itself where its field isn't in it."""
        by_field = error.error_dict if hasattr(error, "error_dict") else {field: error}
        for name, each in by_field.items():
            super().add_error(name if name in self.fields else None, each)

    def _post_clean(self) -> None:
        super()._post_clean()  # type: ignore[misc]
        errors = _flat(self.errors.as_data())
        if self.instance.confirmed or any(each.code not in TO_CONFIRM for each in errors):
            return
        errors += self.doubts()
        if errors:
            self.unconfirmed = " ".join(text for each in errors for text in each.messages)
            self.errors.clear()
            text = gettext("%(what)s If you mean that, tick “%(box)s”.") % {
                "what": self.unconfirmed,
                "box": self.fields["confirm"].label,
            }
            self.add_error("pattern", ValidationError(text, code=UNCONFIRMED))

    @property
    def asks_to_confirm(self) -> bool:
        """Whether the box has to be shown: also for what is saved, and is going to be refused."""
        if self.is_bound:
            return bool(self.unconfirmed or self.instance.confirmed)
        if self.instance.pk is None:
            return False
        try:
            self.instance.clean()
        except ValidationError as error:
            return any(each.code in TO_CONFIRM for each in _flat(error.error_dict))
        return bool(self.doubts())


def _flat(errors: Mapping[str, list[ValidationError]]) -> list[ValidationError]:
    return [each for some in errors.values() for each in some]


class ConfirmedRuleForm(ConfirmedForm):
    """Asks whether an editor means it where a rule is for everything that isn't found."""

    def missing_pages(self) -> QuerySet[MissingPage] | None:
        """Return the missing pages that the editor may see, None for who may see none."""
        return None

    def doubts(self) -> list[ValidationError]:
        rule = PermanenceRow.of(self.instance)
        if not permanence.covers_everything(rule):
            return []
        seen = self.missing_pages()
        if seen is None:
            return [ValidationError(everything(rule), code="covers_all")]
        missing = seen.filter(ignored=False).exclude(path__contains="*")
        covered = missing.filter(host=rule.host) if rule.host else missing
        text = _(
            "This is for everything that is not found; of the %(all)d missing pages in the list it"
            " covers %(covered)d."
        )
        numbers = {"all": missing.count(), "covered": covered.count()}
        return [ValidationError(text, code="covers_all", params=numbers)]


class RuleForm(ModelForm):
    """The fields of a row, which knows the row that there is already for just the same."""

    def others(self) -> QuerySet[Any]:
        """Return the rows that may be named to the editor."""
        rows: QuerySet[Any] = self.instance._meta.model._default_manager.all()
        return rows

    @property
    def existing(self) -> Any:
        """The row that this one would be the same as, None if there is none to be named."""
        if not self.errors or NON_FIELD_ERRORS not in self.errors:
            return None
        meta = self.instance._meta
        unique = next(each for each in meta.constraints if isinstance(each, UniqueConstraint))
        key = {name: getattr(self.instance, name) for name in unique.fields}
        return self.others().filter(**key).exclude(pk=self.instance.pk).first()


class ErrorMessageForm(RuleForm):
    """A message, whose status and language are chosen from what there is."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer_choices(self)


class PathRuleForm(RuleForm):
    """A rule for addresses, which takes what people paste: a whole URL, another tool's wildcard.

    Where such an address is refused, `suggestion` says what was meant; ticked, it is taken.
    """

    SUGGESTED = "use_suggestion"

    def __init__(self, data: Any = None, *args: Any, **kwargs: Any) -> None:
        super().__init__(data, *args, **kwargs)
        if data is not None and data.get(self.SUGGESTED):
            changed = data.copy()
            changed.update({self.add_prefix(name): each for name, each in self._meant()[0].items()})
            self.data = changed

    def _meant(self) -> tuple[dict[str, str], list[str]]:
        """Return the values that what was sent for the pattern stands for, and what they lack."""
        sent = {name: self.data.get(self.add_prefix(name)) or "" for name in ("pattern", "host")}
        try:
            kind = self.data.get(self.add_prefix("kind")) or ""
            cells, left_out = addresses.offered(sent, kind)
        except ValidationError:
            return {}, []
        meant = {name: str(value) for name, value in cells.items() if value != sent.get(name)}
        if meant:
            meant["pattern"] = str(cells["pattern"])
        return meant, left_out

    @property
    def suggestion(self) -> str:
        """What to write instead of a pattern that is refused, in words; "" if nobody knows."""
        meant, left_out = self._meant() if "pattern" in self.errors else ({}, [])
        try:
            validators.path(meant.get("pattern", ""))
            if "host" in meant:
                validators.host(meant["host"])
        except ValidationError:
            return ""
        kind = dict(MatchType.choices).get(meant.get("kind", ""))
        host = meant.get("host") and _("at %(host)s") % {"host": meant["host"]}
        values = ", ".join(str(each) for each in (meant["pattern"], kind, host) if each)
        notes = " ".join(filter(None, (*left_out, validators.only_below(meant["pattern"]))))
        return f"{values}. {notes}" if notes else values


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
        host, address = split_site(self.cleaned_data.get("address") or "")
        if host:
            self.cleaned_data["host"] = self.cleaned_data.get("host") or host
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
        choices=lambda: [("", _("as above")), *statuses()],
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
