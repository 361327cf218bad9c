"""Changing some fields of many rules at once: the page that asks which, and to what."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ..models import MatchType
from ..rules import permanence
from ..rules.rows import PermanenceRow
from .edits import selected
from .forms import DayWidget

if TYPE_CHECKING:
    from .base import BaseRuleAdmin


class TogetherForm(forms.Form):
    """For each of some fields: whether to change it, and to what."""

    def __init__(self, data: Any, rule_admin: BaseRuleAdmin, request: HttpRequest) -> None:
        super().__init__(data)
        self.opts = rule_admin.opts
        self.names = rule_admin.changed_together
        for name in self.names:
            field = rule_admin.formfield_for_dbfield(self.opts.get_field(name), request)
            field.required = False
            if not isinstance(field.widget, DayWidget):  # which names each of its two inputs
                field.widget.attrs["aria-label"] = capfirst(str(field.label))
            label = _("Change “%(field)s”") % {"field": capfirst(str(field.label))}
            self.fields[f"change_{name}"] = forms.BooleanField(label=label, required=False)
            self.fields[name] = field

    @property
    def pairs(self) -> list[tuple[Any, Any]]:
        """The box to tick and the input, of each field."""
        return [(self[f"change_{name}"], self[name]) for name in self.names]

    @property
    def values(self) -> dict[str, Any]:
        """What was valid of the fields that are to be changed."""
        chosen = filter(self._is_chosen, self.names)
        return {name: self.cleaned_data[name] for name in chosen if name in self.cleaned_data}

    def _is_chosen(self, name: str) -> bool:
        """Return whether a field is to be changed: it was ticked, or filled in."""
        data = self[name].data
        parts = data if isinstance(data, list) else [data]
        return bool(self.cleaned_data.get(f"change_{name}") or any(map(_is_filled, parts)))

    def clean(self) -> None:
        if not any(map(self._is_chosen, self.names)):
            self.add_error(None, _("Fill in or tick what is to be changed."))
        for name, value in self.values.items():
            try:
                # What a form of the model checks when it makes its row.
                self.opts.get_field(name).clean(value, None)  # type: ignore[union-attr]
            except ValidationError as error:
                self.add_error(name, error)


def _is_filled(part: object) -> bool:
    return part is not None and bool(str(part).strip())


@admin.action(
    permissions=["change"], description=gettext_lazy("Change dates, replacement, host or group")
)
def change_together(
    rule_admin: BaseRuleAdmin, request: HttpRequest, rows: QuerySet[Any]
) -> HttpResponse | None:
    """Ask what to change of the selected rows, and change it."""
    data = request.POST if "apply" in request.POST else None
    form = TogetherForm(data, rule_admin, request)
    if form.is_bound and form.is_valid():
        _keep_everything(form, rows)
    if form.is_bound and not form.errors:
        try:
            with transaction.atomic():
                rule_admin.edit(request, rows, _values(rule_admin, form.values))
        except IntegrityError:
            text = _(
                "Nothing was changed: some of them would be the same as others then, or end before"
                " they begin."
            )
            form.add_error(None, text)
        else:
            return None
    return rule_admin.page(
        request,
        "together",
        title=_("Change many at once"),
        form=form,
        count=rows.count(),
        action=change_together.__name__,
        media=rule_admin.media + form.media,
        **selected(request, rows),
    )


def _keep_everything(form: TogetherForm, rows: QuerySet[Any]) -> None:
    """Let no rule for everything move to another host: its editor has confirmed it for one."""
    candidates = Q(kind=MatchType.PREFIX, pattern="/") | Q(kind=MatchType.ROUTE)
    if "host" in form.values and any(
        permanence.covers_everything(PermanenceRow.of(each)) for each in rows.filter(candidates)
    ):
        text = _(
            "One of them is for everything that is not found. Change its host in its own form,"
            " which asks whether you mean it."
        )
        form.add_error("host", text)


def _values(rule_admin: BaseRuleAdmin, values: dict[str, Any]) -> dict[str, Any]:
    """Return `values` as a row has them that was saved by a form."""
    row = rule_admin.model(**values)
    row.normalise()
    values = {name: getattr(row, name) for name in values}
    # What is announced has a beginning.
    return {**values, "announce": False} if values.get("valid_from", "") is None else values
