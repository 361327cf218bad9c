"""The admin of what visitors didn't find."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ..conf import http_errors
from ..models import ErrorMessage, MatchType, MissingPage, PermanenceRule
from ..rules.snapshot import snapshots
from . import advice
from .edits import EditsAdmin, bulk_edit, short_date


class IgnoredFilter(admin.SimpleListFilter):
    """Ignored pages are shown when they are asked for."""

    title = gettext_lazy("ignored")
    parameter_name = "ignored"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("yes", gettext_lazy("ignored")), ("all", gettext_lazy("ignored or not"))]

    def choices(self, changelist: Any) -> Any:
        first, *others = super().choices(changelist)
        yield {**first, "display": _("not ignored")}
        yield from others

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() == "all":
            return queryset
        return queryset.filter(ignored=self.value() == "yes")


class MissingPageAdmin(EditsAdmin):
    """Missing pages: how often, from where, and what to do about them."""

    intro = gettext_lazy(
        "What visitors asked for and did not find, how often, and where they came from. Behind each"
        " address there is what you can do about it."
    )
    if_empty = gettext_lazy(
        "Everything that visitors asked for was there, or nothing has been counted yet: what is"
        " counted comes here within a minute. Add a row only to have many addresses counted as"
        " one, such as /old-forum/*."
    )
    list_display = (
        "path",
        "hits",
        "last_seen_on",
        "referrer",
        "host_shown",
    )
    list_filter = (IgnoredFilter, "host")
    search_fields = ("path", "host", "referrer")
    readonly_fields = ("hits", "first_seen", "last_seen", "referrer")
    fields = ("path", "host", "ignored", *readonly_fields)
    actions = [
        bulk_edit("ignore", gettext_lazy("Ignore the selected pages"), ignored=True),
        bulk_edit("stop_ignoring", gettext_lazy("Stop ignoring the selected pages"), ignored=False),
        "remove_together",
        "delete_selected",
    ]

    @admin.display(description=gettext_lazy("host"), ordering="host")
    def host_shown(self, row: MissingPage) -> str:
        return row.host or _("any host")

    @admin.display(description=gettext_lazy("last seen"), ordering="last_seen")
    def last_seen_on(self, row: MissingPage) -> str:
        return short_date(row.last_seen)

    def get_list_display(self, request: HttpRequest) -> Any:
        may_view_rules = self.may_view(request, PermanenceRule)

        @admin.display(description=gettext_lazy("what to do"))
        def what_to_do(row: MissingPage) -> str:
            rules = snapshots.current().rules.covering(row.path, row.host)
            rule = next((each for each in rules if each.is_valid(timezone.now())), None)
            if rule is None:
                return links_to_answers(row, partial(self.add_url, request))
            if not may_view_rules:
                return _("Done")
            url = self.url_for(PermanenceRule, "change", rule.pk)
            return format_html('{} <a href="{}">{}</a>', _("Done:"), url, advice.name(rule))

        path, *others = super().get_list_display(request)
        return (path, what_to_do, *others)

    @admin.action(
        permissions=["add_rule"],
        description=gettext_lazy("Say what has become of the folder that the selected ones are in"),
    )
    def remove_together(self, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse | None:
        rows = [row for row in queryset if "*" not in row.path]
        folder = common_folder([row.path for row in rows])
        if folder == "/" or not rows:
            self.message_user(request, _("These pages have no folder in common."), messages.WARNING)
            return None
        hosts = {row.host for row in rows}
        values = {
            "kind": MatchType.PREFIX.value,
            "pattern": as_pattern(folder),
            "host": hosts.pop() if len(hosts) == 1 else "",
        }
        names = ", ".join(row.path for row in rows[:10])
        more = _(", and others") if len(rows) > 10 else ""
        self.message_user(request, _("The rule will cover: %(paths)s") % {"paths": names + more})
        return HttpResponseRedirect(self.add_url(request, PermanenceRule, values))

    def has_add_rule_permission(self, request: HttpRequest) -> bool:
        """Return whether the folder of some pages can be made a rule, for Django's actions."""
        return bool(self.add_url(request, PermanenceRule, {}))

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        # An action leads back here, and it would be said twice.
        if request.method == "GET" and not http_errors.MISSING_PAGES:
            self.message_user(
                request,
                _(
                    "Missing pages are not counted. Ask a developer to switch that on, with the"
                    ' setting HTTP_ERRORS = {"MISSING_PAGES": True}.'
                ),
                messages.INFO,
            )
        return super().changelist_view(request, extra_context)


def links_to_answers(
    row: MissingPage, add_url: Callable[[type[Any], Mapping[str, str]], str]
) -> SafeString:
    """Return links to what can be said of a missing page, "" for a pattern.

    add_url: returns the address of the form for a new row, with values filled in, "" for who may
        not add one
    """
    if "*" in row.path:
        return SafeString()
    found = [(add_url(model, values), label) for model, values, label in offers(row.path, row.host)]
    return format_html_join(" · ", '<a href="{}">{}</a>', (each for each in found if each[0]))


def offers(path: str, host: str) -> list[tuple[type[Any], dict[str, str], str]]:
    """Return what can be said of an address: the model of the row, its values, a label."""
    path = as_pattern(path)
    rule = {"pattern": path, "host": host}
    return [
        (PermanenceRule, rule, _("Gone for good")),
        (PermanenceRule, {**rule, "permanence": "temporary"}, _("Back later")),
        (ErrorMessage, {"status": "404", "path_prefix": path, "host": host}, _("Own words")),
    ]


def as_pattern(path: str) -> str:
    """Return the decoded `path` as an editor would write it: what would be decoded is encoded."""
    return path.replace("%", "%25").replace("?", "%3F").replace("#", "%23")


def common_folder(paths: list[str]) -> str:
    """Return the longest folder that all of `paths` are in, "/" if that is the site."""
    split = [path.rstrip("/").split("/")[1:-1] for path in paths]
    common = []
    for segments in zip(*split, strict=False):
        if len(set(segments)) > 1:
            break
        common.append(segments[0])
    return "/".join(["", *common, ""])
