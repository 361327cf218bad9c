"""The admin of what visitors didn't find."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import quote
from urllib.parse import unquote as percent_decoded

from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import path
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from .. import validators
from ..conf import http_errors
from ..core.missing_pages import counter, shown_referrer
from ..http.urls import INVISIBLE, ascii_host, bare_host, path_key
from ..importing.addresses import SIGN
from ..models import ErrorMessage, HidingRule, MatchType, MissingPage, PermanenceRule
from ..rules.matching import Index
from ..rules.rows import MessageRow, PermanenceRow
from ..rules.snapshot import snapshots
from . import advice
from .edits import EditsAdmin, bulk_edit, short_date
from .filters import ColumnFilter
from .forms import ConfirmedForm, RuleForm, split_site

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
        rows = model_admin.get_queryset(request).order_by("host")
        hosts = rows.values_list("host", flat=True).distinct()
        found = [(host or self.ANY, host or _("any host")) for host in hosts[: self.MOST]]
        return found if len(found) > 1 else []


class MissingPageForm(ConfirmedForm, RuleForm):
    """A pattern of an editor's; what is counted by itself can only be ignored.

    It takes what people paste: a whole URL, escapes.
    """

    pasted_host = ""

    def clean_host(self) -> str:
        sent: str = self.cleaned_data["host"]
        named, rest = split_site(sent)
        host = ascii_host(named or bare_host(sent))
        if host:
            validators.host(sent if named and rest != "/" else host)
        return host

    def clean_path(self) -> str:
        if "path" not in self.changed_data:
            saved: str = self.instance.path
            return saved  # It has been decoded.
        sent: str = self.cleaned_data["path"]
        self.pasted_host, text = split_site(sent)
        if not text.startswith(("/", "*")):
            raise ValidationError(
                _("An address begins with a slash: /%(value)s"), "slash", {"value": text}
            )
        if mark := re.search(r"[?#]", text):
            raise ValidationError(
                _("What stands behind %(mark)s is not compared. Write only %(path)s"),
                "query",
                {"mark": mark[0], "path": text[: mark.start()]},
            )
        if "*" not in text:
            raise ValidationError(
                _(
                    "Write a * for what differs, as in /old-forum/*. Single addresses come by"
                    " themselves."
                ),
                "no_asterisk",
            )
        return percent_decoded(text)

    def clean(self) -> Any:
        pasted = ascii_host(self.pasted_host)
        if pasted and {"host", "path"} <= self.cleaned_data.keys():
            if self.cleaned_data["host"] in ("", pasted):
                self.cleaned_data["host"] = pasted
            else:
                text = _("Write the host %(host)s in its own field, and here only %(path)s")
                values = {"host": pasted, "path": self.cleaned_data["path"]}
                self.add_error("path", ValidationError(text, "host", values))
        return super().clean()

    def doubts(self) -> list[ValidationError]:
        if "path" not in self.fields or self.instance.path.strip("*/"):
            return []
        text = _("This is for everything that is not found: no address would be listed any more.")
        return [ValidationError(text, code="covers_all")]


def hidden_keys(rows: QuerySet[MissingPage]) -> list[int]:
    """Return the keys of those of `rows` that are in a hidden area; 10,000 take 0.1 s."""
    is_hidden = snapshots.current().hiding.may_cover
    return [pk for pk, path in rows.order_by().values_list("pk", "path") if is_hidden(path)]


class MissingPageList(ChangeList):
    """Pages that know what can be done about them, and show a host where there are several."""

    model_admin: MissingPageAdmin

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        hosts = {row.host for row in self.result_list if row.host}
        for row in self.result_list:
            self.model_admin.complete(request, row, is_in_list=True)
            row.address = str(row) if len(hosts) > 1 else row.path

    def get_ordering_field(self, field_name: Any) -> Any:
        # Django offers no other order, and yet takes one from the address.
        is_offered = field_name in (self.sortable_by or ())
        return super().get_ordering_field(field_name) if is_offered else None


class MissingPageAdmin(EditsAdmin):
    """Missing pages: how often, from where, and what to do about them."""

    intro = gettext_lazy(
        "What visitors asked for and did not find, how often, and where they came from. Behind each"
        " address there is what you can do about it."
    )
    form = MissingPageForm
    list_display = ("address", "what_to_do", "hits", "last_seen_on", "linked_from")
    list_filter = (IgnoredFilter, HostFilter)
    search_fields = ("path", "host", "referrer")
    readonly_fields = ("what_to_do", "hits", "first_seen", "last_seen", "linked_from")
    fields = ("path", "host", "ignored", *readonly_fields)
    actions = [
        bulk_edit("ignore", gettext_lazy("Ignore the selected pages"), ignored=True),
        bulk_edit("stop_ignoring", gettext_lazy("Stop ignoring the selected pages"), ignored=False),
        "remove_together",
        "delete_selected",
    ]

    class Media:
        css = {"all": ["django_http_errors/admin.css"]}

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

    @admin.display(description=gettext_lazy("last page with a link to it"), ordering="referrer")
    def linked_from(self, row: Any) -> str:
        return row.shown_referrer or str(self.get_empty_value_display())

    # What was counted before an area was hidden stays, for those who may see hidden areas.

    def _may_see_all(self, request: HttpRequest) -> bool:
        return not snapshots.current().hiding or self.may_view(request, HidingRule)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows = super().get_queryset(request)
        if self._may_see_all(request):
            return rows
        hidden = request.__dict__.get("http_errors_hidden")
        if hidden is None:
            # A list asks several times.
            hidden = hidden_keys(rows)
            request.http_errors_hidden = hidden  # type: ignore[attr-defined]
        return rows.exclude(pk__in=hidden)

    # Nor does an order tell where a link was, or a search, or a filter in the address.

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest) -> bool:
        is_secret = lookup.partition("__")[0] == "referrer" and not self._may_see_all(request)
        return not is_secret and super().lookup_allowed(lookup, value, request)

    def get_search_fields(self, request: HttpRequest) -> Any:
        fields = super().get_search_fields(request)
        return fields if self._may_see_all(request) else [x for x in fields if x != "referrer"]

    def get_sortable_by(self, request: HttpRequest) -> Any:
        columns = super().get_sortable_by(request)
        if self._may_see_all(request):
            return columns
        return [each for each in columns if each != "linked_from"]

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[MissingPageList]:
        return MissingPageList

    def get_object(self, request: HttpRequest, *args: Any) -> Any:
        row: Any = super().get_object(request, *args)
        if row is not None:
            self.complete(request, row)
        return row

    def complete(self, request: HttpRequest, row: Any, *, is_in_list: bool = False) -> None:
        """Add to `row` what is shown of it to who asks."""
        row.to_do = self.to_do(request, row, is_in_list=is_in_list)
        row.shown_referrer = row.referrer
        if not self._may_see_all(request):
            row.shown_referrer = shown_referrer(row.referrer, snapshots.current().hiding)

    def get_form(self, request: HttpRequest, *arguments: Any, **options: Any) -> Any:
        form: Any = super().get_form(request, *arguments, **options)
        form.others = lambda _form: self.get_queryset(request)
        return form

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        fields = super().get_readonly_fields(request, obj)
        return fields if obj is None or "*" in obj.path else (*fields, "path", "host")

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
        covered = list(_covered_by(PermanenceRule(**values), self.get_queryset(request)))
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
        counter.write_if_due()
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


def _covered_by(rule: PermanenceRule, rows: QuerySet[Any]) -> Iterator[str]:
    """Yield the paths of `rows` that `rule` would cover."""
    index = Index((PermanenceRow.of(rule),))
    rows = rows.exclude(path__contains="*").order_by("path", "host")
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
    """Return what can be said of an address: the model of the row, its values, a label.

    Not what has no room for the address.
    """
    pattern = as_pattern(path)
    found: list[tuple[type[Any], str, dict[str, str], str]] = [
        (PermanenceRule, "pattern", {}, _("Gone for good")),
        (PermanenceRule, "pattern", {"permanence": "temporary"}, _("Back later")),
        (ErrorMessage, "path_prefix", {"status": "404"}, _("Own words")),
    ]
    return [
        (model, {**values, field: pattern, "host": host}, label)
        for model, field, values, label in found
        if len(pattern) <= model._meta.get_field(field).max_length
    ]


# What is decoded, cut off, or means something in a pattern of this tool or another one.
_SIGNS = re.compile(rf"[%?#{INVISIBLE}]|{SIGN}|\s+\Z")


def as_pattern(path: str) -> str:
    """Return the decoded `path` as an editor would write it, so that it stands for itself."""
    return _SIGNS.sub(lambda found: quote(found[0], safe=""), path)


def common_folder(paths: list[str]) -> str:
    """Return the longest folder that all of `paths` are in, "/" if that is the site.

    What others are below is their folder, and in it, as it is for a rule.
    """
    split = {tuple(path.rstrip("/").split("/")[1:]) for path in paths}
    common = []
    for segments in zip(*split, strict=False):
        if len(set(segments)) > 1:
            break
        common.append(segments[0])
    if len(split) == 1:
        del common[-1:]
    return "/".join(["", *common, ""])
