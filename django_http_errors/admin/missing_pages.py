"""The admin of what visitors didn't find."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import path
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from ..conf import http_errors
from ..http.urls import path_key
from ..models import ErrorMessage, MatchType, MissingPage, PermanenceRule
from ..rules.matching import Index
from ..rules.rows import MessageRow, PermanenceRow
from ..rules.snapshot import snapshots
from . import advice
from .edits import EditsAdmin, bulk_edit, short_date
from .filters import ColumnFilter

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


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


class HostFilter(ColumnFilter):
    """Pages at one host; not shown where there is only one."""

    title = gettext_lazy("host")
    parameter_name = "host"
    ANY = "*"
    MOST = 100

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        hosts = MissingPage.objects.order_by("host").values_list("host", flat=True).distinct()
        found = [(host or self.ANY, host or _("any host")) for host in hosts[: self.MOST]]
        return found if len(found) > 1 else []


class MissingPageList(ChangeList):
    """Pages that know what can be done about them, and show a host where there are several."""

    model_admin: MissingPageAdmin

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        hosts = {row.host for row in self.result_list if row.host}
        for row in self.result_list:
            row.to_do = self.model_admin.to_do(request, row, is_in_list=True)
            row.address = str(row) if len(hosts) > 1 else row.path


class MissingPageAdmin(EditsAdmin):
    """Missing pages: how often, from where, and what to do about them."""

    intro = gettext_lazy(
        "What visitors asked for and did not find, how often, and where they came from. Behind each"
        " address there is what you can do about it."
    )
    list_display = ("address", "what_to_do", "hits", "last_seen_on", "referrer")
    list_filter = (IgnoredFilter, HostFilter)
    search_fields = ("path", "host", "referrer")
    readonly_fields = ("what_to_do", "hits", "first_seen", "last_seen", "referrer")
    fields = ("path", "host", "ignored", *readonly_fields)
    actions = [
        bulk_edit("ignore", gettext_lazy("Ignore the selected pages"), ignored=True),
        bulk_edit("stop_ignoring", gettext_lazy("Stop ignoring the selected pages"), ignored=False),
        "remove_together",
        "delete_selected",
    ]

    @property
    def if_empty(self) -> StrOrPromise:
        """What the list says where there is nothing in it."""
        if http_errors.MISSING_PAGES:
            return _(
                "Everything that visitors asked for was there, or nothing has been counted yet:"
                " what is counted comes here within a minute. Add a row only to have many"
                " addresses counted as one, such as /old-forum/*."
            )
        return _("There is nothing here, since nothing is counted.")

    @admin.display(description=gettext_lazy("address"), ordering="path")
    def address(self, row: Any) -> str:
        return str(row.address)

    @admin.display(description=gettext_lazy("what to do"))
    def what_to_do(self, row: Any) -> str:
        return str(row.to_do)

    @admin.display(description=gettext_lazy("last seen"), ordering="last_seen")
    def last_seen_on(self, row: MissingPage) -> str:
        return short_date(row.last_seen)

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[MissingPageList]:
        return MissingPageList

    def get_object(self, request: HttpRequest, *args: Any) -> Any:
        row: Any = super().get_object(request, *args)
        if row is not None:
            row.to_do = self.to_do(request, row)
        return row

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        fields = super().get_fields(request, obj)
        return fields if obj else [each for each in fields if each not in self.readonly_fields]

    def to_do(self, request: HttpRequest, row: MissingPage, *, is_in_list: bool = False) -> str:
        """Return what has been done about a page, or what can be.

        is_in_list: whether it can be ignored there too; its own form has a field for that
        """
        found = [self._done(request, row) or self._links(request, row)]
        if is_in_list and self.has_change_permission(request):
            query = f"?{request.GET.urlencode()}" if request.GET else ""
            found.append(
                format_html(
                    '<button type="submit" class="http-errors-ignore" formaction="{}"'
                    ' name="ignored" value="{}">{}</button>',
                    self.url("ignore", row.pk) + query,
                    "" if row.ignored else "1",
                    _("Stop ignoring") if row.ignored else _("Ignore"),
                )
            )
        return _joined(found)

    def _done(self, request: HttpRequest, row: MissingPage) -> str:
        rules = snapshots.current().rules.covering(row.path, row.host)
        rule = next((each for each in rules if each.is_valid(timezone.now())), None)
        if rule is None:
            return ""
        if not self.may_view(request, PermanenceRule):
            return _("Done")
        url = self.url_for(PermanenceRule, "change", rule.pk)
        return format_html('{} <a href="{}">{}</a>', _("Done:"), url, advice.name(rule))

    def _links(self, request: HttpRequest, row: MissingPage) -> SafeString:
        may_view = self.may_view(request, ErrorMessage)
        return links_to_answers(
            row,
            partial(self.add_url, request),
            lambda pk: self.url_for(ErrorMessage, "change", pk) if may_view else "",
        )

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view(self.ignore_view)
        name = self._url_name("ignore")
        return [path("<path:object_id>/ignore/", view, name=name), *super().get_urls()]

    def ignore_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ignore a page, or no longer, and go back to the list as it was."""
        row = self.get_object(request, unquote(object_id))
        if row is None:
            raise Http404
        if not self.has_change_permission(request, row):
            raise PermissionDenied
        # A login that was asked for in between comes back by GET.
        if request.method == "POST":
            rows = MissingPage.objects.filter(pk=row.pk)
            self.edit(request, rows, {"ignored": bool(request.POST.get("ignored"))})
        query = f"?{request.GET.urlencode()}" if request.GET else ""
        return HttpResponseRedirect(self.url("changelist") + query)

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
        covered = list(_covered_by(PermanenceRule(**values)))
        names = ", ".join(covered[:10])
        text = ngettext(
            "The rule will cover %(count)d missing page: %(paths)s",
            "The rule will cover %(count)d missing pages: %(paths)s",
            len(covered),
        ) % {"count": len(covered), "paths": names}
        self.message_user(request, text + (_(", and others") if len(covered) > 10 else ""))
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


def _covered_by(rule: PermanenceRule) -> Iterator[str]:
    """Yield the paths in the list that `rule` would cover."""
    index = Index((PermanenceRow.of(rule),))
    rows = MissingPage.objects.exclude(path__contains="*").order_by("path", "host")
    for row in rows.only("path", "host"):
        if any(index.matching(row.path, row.host)):
            yield row.path


def links_to_answers(
    row: MissingPage,
    add_url: Callable[[type[Any], Mapping[str, str]], str],
    message_url: Callable[[int], str] = lambda pk: "",
) -> SafeString:
    """Return links to what can be said of a missing page, "" for a pattern.

    add_url: returns the address of the form for a new row, with values filled in, "" for who may
        not add one
    message_url: returns that of the form for a message that there is, "" for who may not view it
    """
    if "*" in row.path:
        return SafeString()
    message = _message_for(row)
    found = [
        (add_url(model, values), label)
        for model, values, label in offers(row.path, row.host)
        if model is not ErrorMessage or message is None
    ]
    shown: list[str] = [format_html('<a href="{}">{}</a>', *each) for each in found if each[0]]
    if message is not None:
        url, text = message_url(message.pk), _("Has a message")
        shown.append(format_html('<a href="{}">{}</a>', url, text) if url else text)
    return _joined(shown)


def _joined(found: Iterable[str]) -> SafeString:
    return format_html_join(" · ", "{}", ((each,) for each in found if each))


def _message_for(row: MissingPage) -> MessageRow | None:
    """Return the message for the part of the site that a page is in, in whatever language."""
    key = path_key(row.path)
    return next(
        (
            each
            for each in snapshots.current().messages
            if each.path_prefix and each.is_for(404, key, row.host, each.language)
        ),
        None,
    )


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
