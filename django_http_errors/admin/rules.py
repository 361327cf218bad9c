"""The admin of permanence rules."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.urls import path
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ..conf import http_errors
from ..explaining.explanation import Explanation
from ..http.urls import decoded_path, digests_of_path, path_key, pattern_key, web_address
from ..importing.schema import RULES
from ..models import ErrorMessage, MatchType, MissingPage, PermanenceRule
from ..rules import permanence
from ..rules.matching import Index
from ..rules.messages import contributions
from ..rules.rows import PermanenceRow
from ..rules.snapshot import snapshots
from . import advice
from .address import NOT_SAID, try_address
from .answers import beside
from .base import PathRuleAdmin
from .edits import bulk_edit, short_date
from .filters import ColumnFilter
from .forms import ConfirmedRuleForm, PathRuleForm, TryForm
from .together import change_together

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

Answer = PermanenceRule.Answer

STATES: Mapping[str, tuple[StrOrPromise, Any]] = {
    "live": (gettext_lazy("in force, or overridden"), lambda rows: rows.live()),
    "pending": (advice.State.PENDING.label, lambda rows: rows.pending()),
    "expired": (advice.State.EXPIRED.label, lambda rows: rows.expired()),
    "disabled": (advice.State.DISABLED.label, lambda rows: rows.exclude(enabled=True)),
}


# Of the rules that could cover an address so many are looked at.
MOST_COVERING = 500
# Of what a search finds so many are fetched by their keys. Of more, the first are found soon.
MOST_FOUND_AT_ONCE = 500


class StateFilter(admin.SimpleListFilter):
    """Rules by their state, as far as the database knows it."""

    title = gettext_lazy("in force?")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, StrOrPromise]]:
        return [(key, label) for key, (label, _rows) in STATES.items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> Any:
        state = STATES.get(self.value() or "")
        return queryset if state is None else state[1](queryset)


class GroupFilter(ColumnFilter):
    """Rules of one group; not shown where there are none."""

    title = gettext_lazy("group")
    parameter_name = "group"
    MOST = 100

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        groups = PermanenceRule.objects.exclude(group="").order_by("group")
        names = groups.values_list("group", flat=True).distinct()[: self.MOST]
        return [(name, name) for name in names]


class UnusedFilter(admin.SimpleListFilter):
    """Rules that nobody has needed for long, though they are as old as that."""

    title = gettext_lazy("visits")
    parameter_name = "used"
    DAYS = 90

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("never", _("none in %(days)d days") % {"days": self.DAYS})]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() != "never":
            return queryset
        then = timezone.now() - timedelta(days=self.DAYS)
        unused = Q(last_hit=None) | Q(last_hit__lt=then)
        return queryset.filter(unused, created_at__lt=then)


def covering(address: str, host: str) -> list[int]:
    """Return the primary keys of the rules that cover the decoded `address`, switched off or not.

    host: "" for any
    """
    numbers = digests_of_path(path_key(address))
    # By the index of both.
    rows = PermanenceRule.objects.filter(enabled__in=(True, False), digest__in=numbers)
    if host:
        rows = rows.filter(host__in=("", host))
    rules = Index(map(PermanenceRow.of, rows[:MOST_COVERING]))
    return [each.rule.pk for each in rules.matching(address)]


class RuleList(ChangeList):
    """Rules that know their state: all of a page are compared with one snapshot."""

    def get_results(self, request: HttpRequest) -> None:
        if self.query:
            self._look_once()
        super().get_results(request)
        rules, now = snapshots.current().rules, timezone.now()
        for row in self.result_list:
            rule = PermanenceRow.of(row)
            row.answer = advice.answer(rule, now)
            row.state, row.shadow = advice.state(rule, rules, now, enabled=row.enabled)

    def _look_once(self) -> None:
        """Search all rules once and no more: they would be counted, and looked for again."""
        keys = self.queryset.order_by().values_list("pk", flat=True)[: MOST_FOUND_AT_ONCE + 1]
        found = list(keys)
        if len(found) <= MOST_FOUND_AT_ONCE:
            self.queryset = self.queryset.filter(pk__in=found)


class PermanenceRuleForm(ConfirmedRuleForm, PathRuleForm):
    """The fields, and that an editor means it where a rule is for everything that isn't found."""


class PermanenceRuleAdmin(PathRuleAdmin):
    """Rules: for which addresses, what they answer, and whether they do so at present."""

    form = PermanenceRuleForm
    schema = RULES
    intro = gettext_lazy(
        "Which addresses are gone for good, and which are not there yet or will be back. A rule"
        " never hides a page that exists: it does something only where there is nothing."
    )
    if_empty = gettext_lazy(
        "Nothing has been removed so far. When you take a page off the site, say here what has"
        " become of it: visitors read it, and search engines stop asking for what is gone for good."
    )
    list_display = ("address", "answer", "state", "kind", "made_by")
    list_filter = (StateFilter, GroupFilter, "permanence", "kind", "source")
    list_per_page = 50
    # To count them all takes as long as all the rest.
    show_full_result_count = False
    search_fields = ("pattern", "host", "reason", "replacement", "note", "author", "group")
    search_help_text = gettext_lazy(
        "An address, or a whole URL, finds what covers it too; anything else is looked for in"
        " addresses, reasons, notes and names."
    )
    actions = [
        *PathRuleAdmin.actions,
        change_together,
        bulk_edit(
            "make_permanent",
            gettext_lazy("Say that the selected ones are gone for good (410)"),
            permanence=Answer.PERMANENT.value,
            expected_at=None,
        ),
        bulk_edit(
            "make_temporary",
            gettext_lazy("Say that the selected ones will be back (404)"),
            permanence=Answer.TEMPORARY.value,
        ),
        "export",
    ]
    changed_together = ("valid_from", "valid_until", "replacement", "host", "group")
    radio_fields = {"kind": admin.VERTICAL, "permanence": admin.VERTICAL}
    readonly_fields = ("source", "author", "hits", "last_hit", "created_at", "updated_at")
    fieldsets = (
        (gettext_lazy("Which addresses"), {"fields": ("pattern", "kind", "host", "ignore_case")}),
        (
            gettext_lazy("What they answer"),
            {"fields": ("permanence", "reason", "replacement", "expected_at")},
        ),
        (gettext_lazy("When"), {"fields": ("enabled", "valid_from", "valid_until", "announce")}),
        (gettext_lazy("For editors"), {"fields": ("group", "note")}),
    )
    widget_attrs = {
        "pattern": {"placeholder": "/old-shop/"},
        "replacement": {"placeholder": "/new-shop/"},
        "reason": {"rows": "4"},
        "note": {"rows": "3"},
    }
    asks = ("language",)

    def get_form(self, request: HttpRequest, *arguments: Any, **options: Any) -> Any:
        form: Any = super().get_form(request, *arguments, **options)
        if self.may_view(request, MissingPage):
            pages = self.admin_site.get_model_admin(MissingPage)
            form.missing_pages = lambda _form: pages.get_queryset(request)
        return form

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        fieldsets = super().get_fieldsets(request, obj)
        if obj is None:
            return fieldsets
        origin = (gettext_lazy("Where it comes from"), {"fields": self.readonly_fields})
        return (*fieldsets, origin)

    def get_list_display(self, request: HttpRequest) -> Any:
        shown = super().get_list_display(request)
        if not http_errors.MISSING_PAGES:
            return shown
        # They have the room of who made a rule, which its form says.
        others = (each for each in shown[3:] if each != "made_by")
        return (*shown[:3], "hits", "last_hit_on", *others)

    def get_list_filter(self, request: HttpRequest) -> Any:
        filters = super().get_list_filter(request)
        return (*filters, UnusedFilter) if http_errors.MISSING_PAGES else filters

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Find what covers an address too, and what is said of a whole URL."""
        asked = TryForm({**NOT_SAID, "address": search_term})
        # As patterns are stored.
        path = asked.is_valid() and decoded_path(asked.cleaned_data["address"].partition("?")[0])
        if not path:
            return super().get_search_results(request, queryset, search_term)
        host = asked.cleaned_data["host"]
        if host:
            queryset = queryset.filter(host__in=("", host))
        found = Q(pk__in=covering(pattern_key(path), host)) | Q(pattern__icontains=path)
        return queryset.filter(found), False

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[RuleList]:
        return RuleList

    @admin.display(description=gettext_lazy("what has become of it"), ordering="permanence")
    def answer(self, row: Any) -> str:
        return str(row.answer)

    @admin.display(description=gettext_lazy("made by"), ordering="source")
    def made_by(self, row: PermanenceRule) -> str:
        return row.author or str(row.get_source_display())

    @admin.display(description=gettext_lazy("last visit"), ordering="last_hit")
    def last_hit_on(self, row: PermanenceRule) -> str | None:
        return short_date(row.last_hit) if row.last_hit else None

    @admin.display(description=gettext_lazy("in force?"))
    def state(self, row: Any) -> str:
        label = format_html(
            '<span class="http-errors-state {}">{}</span>', row.state.value, row.state.label
        )
        if row.shadow is None:
            return label
        link = format_html(
            '<a href="{}">{}</a>',
            self.url("change", row.shadow.pk),
            f"{row.shadow.host}{row.shadow.pattern}",
        )
        return format_html("{} {}", label, format_html(_("by {}"), link))

    def also_updated(self) -> dict[str, object]:
        return {"updated_at": timezone.now()}

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        obj.source = PermanenceRule.Source.ADMIN
        obj.author = request.user.get_username()[:150]
        super().save_model(request, obj, form, change)

    def warnings_of(self, request: HttpRequest, row: PermanenceRule) -> list[str]:
        rules, now = snapshots.current().rules, timezone.now()
        may_view = self.may_view(request, PermanenceRule)
        return advice.warnings(PermanenceRow.of(row), rules, now, may_view=may_view)

    # The preview

    def preview_of(
        self, request: HttpRequest, row: PermanenceRule, asked: Mapping[str, Any]
    ) -> dict[str, Any]:
        rule, now = PermanenceRow.of(row), timezone.now()
        address = permanence.sample(rule) if row.kind == MatchType.ROUTE else row.pattern
        # The page is that of the rule alone, and as if it were in force.
        in_force = replace(rule, valid_from=None, valid_until=None)
        rules = Index((in_force,))
        explanation, answers = beside(
            web_address(address),
            host=row.host or asked["site_host"],
            language=asked.get("language") or "",
            nonce=asked["nonce"],
            snapshot=replace(snapshots.current(), rules=rules),
        )
        return {
            "summary": advice.sentence(rule, now, enabled=row.enabled),
            "warnings": [
                *self.warnings_of(request, row),
                *_hidden_reason(rule, explanation, self.may_view(request, ErrorMessage)),
            ],
            "answers": answers,
        }

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view(lambda request: try_address(self, request))
        return [path("try/", view, name=self._url_name("try")), *super().get_urls()]


def _hidden_reason(
    rule: PermanenceRow, explanation: Explanation, may_view_messages: bool
) -> Iterator[str]:
    """Say so where visitors don't see the reason: the message for the final status goes first."""
    for message, given in contributions(explanation.messages):
        if not rule.reason or "detail" not in given:
            continue
        if not may_view_messages:
            yield _("Visitors do not see the reason: an error message replaces it.")
        else:
            row = ErrorMessage.objects.filter(pk=message.pk).first()
            yield _(
                "Visitors do not see the reason: the error message “%(message)s” replaces it."
            ) % {"message": row}
