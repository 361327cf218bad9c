"""The admin of error messages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.forms import CheckboxInput
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ..core.statuses import STATUSES, error_status
from ..explaining.explanation import Explanation, is_own_host
from ..http.csp import csp_nonce
from ..http.urls import bare_host, web_address
from ..importing.schema import MESSAGES
from ..models import ErrorMessage
from ..rules.messages import Messages, contributions
from ..rules.rows import MessageRow
from ..rules.snapshot import Snapshot, snapshots
from .address import SEEN
from .answers import beside, in_every_format
from .base import BaseRuleAdmin
from .filters import ColumnFilter
from .forms import CLASSES, AskingForm, ErrorMessageForm, language_name

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

# Which error is shown where the message doesn't say.
SHOWN = {"": 404, "4xx": 404, "5xx": 500}
EXAMPLE = "/example/"


class StatusClassFilter(admin.SimpleListFilter):
    """Messages for client errors, for server errors, for any error."""

    title = gettext_lazy("error")
    parameter_name = "class"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, StrOrPromise]]:
        return [
            ("4", gettext_lazy("400 to 499")),
            ("5", gettext_lazy("500 to 599")),
            ("any", gettext_lazy("any error")),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        value = self.value()
        if value == "any":
            return queryset.filter(status="")
        return queryset.filter(status__startswith=value) if value in ("4", "5") else queryset


class LanguageFilter(ColumnFilter):
    """Messages in one of the languages that there are."""

    title = gettext_lazy("language")
    parameter_name = "language"
    ANY = "any"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        rows = model_admin.get_queryset(request).order_by("language")
        codes = rows.values_list("language", flat=True).distinct()
        return [
            (code or self.ANY, language_name(code) if code else _("any language")) for code in codes
        ]


class ErrorMessageAdmin(BaseRuleAdmin):
    """Messages as a matrix: which error, where, in which language, what it says."""

    form = ErrorMessageForm
    schema = MESSAGES
    actions = [*BaseRuleAdmin.actions, "export"]
    intro = gettext_lazy(
        "What visitors read when something goes wrong. Where there is no message, they read the"
        " built-in text."
    )
    if_empty = gettext_lazy(
        "There are no messages yet: visitors read the built-in text, in their language. Write one"
        " to say something else, on all of the site or on a part of it."
    )
    list_display = ("error", "where", "language_shown", "title_shown", "enabled")
    list_editable = ("enabled",)
    list_filter = (StatusClassFilter, LanguageFilter, "enabled")
    search_fields = ("status", "host", "path_prefix", "language", "title", "detail")
    fieldsets = (
        (
            gettext_lazy("Which errors"),
            {
                "fields": ("status", "language", "host", "path_prefix"),
                "description": gettext_lazy(
                    "Of several messages for an error, the more exact one goes first; what it"
                    " leaves blank comes from the next one."
                ),
            },
        ),
        (gettext_lazy("What they say"), {"fields": ("title", "detail", "permanence")}),
        (gettext_lazy("What visitors can do"), {"fields": ("action_label", "action_url")}),
        (None, {"fields": ("enabled",)}),
    )
    widget_attrs = {
        "path_prefix": {"placeholder": "/shop/"},
        "detail": {"rows": "5"},
    }
    asks = ("status", "address", "host", "language")

    def get_changelist_form(self, request: HttpRequest, **kwargs: Any) -> Any:
        # The list has no label for what is edited in it.
        on_off = CheckboxInput(attrs={"aria-label": _("enabled")})
        return super().get_changelist_form(request, widgets={"enabled": on_off}, **kwargs)

    @admin.display(description=gettext_lazy("status"), ordering="status")
    def error(self, row: ErrorMessage) -> StrOrPromise:
        if row.status in CLASSES:
            return CLASSES[row.status]
        return f"{row.status} {error_status(int(row.status)).title}"

    @admin.display(description=gettext_lazy("where"), ordering="path_prefix")
    def where(self, row: ErrorMessage) -> str:
        return f"{row.host}{row.path_prefix}" or _("everywhere")

    @admin.display(description=gettext_lazy("language"), ordering="language")
    def language_shown(self, row: ErrorMessage) -> str:
        return (
            f"{language_name(row.language)} ({row.language})" if row.language else _("any language")
        )

    @admin.display(description=gettext_lazy("title"), ordering="title")
    def title_shown(self, row: ErrorMessage) -> str:
        return row.title or _("built-in text")

    # The preview

    def preview_of(
        self, request: HttpRequest, row: ErrorMessage, asked: Mapping[str, Any]
    ) -> dict[str, Any]:
        status = int(asked.get("status") or SHOWN.get(row.status) or row.status)
        address = asked.get("address") or web_address(row.path_prefix) or EXAMPLE
        host = asked.get("host") or row.host or asked["site_host"]
        message = MessageRow.of(row)
        explanation, answers = beside(
            address,
            status=status,
            host=host,
            language=asked.get("language") or row.language,
            nonce=asked["nonce"],
            snapshot=_with(message),
        )
        return {
            "summary": _("A %(status)s at %(address)s says: %(answer)s.")
            % {
                "status": status,
                "address": explanation.request.path,
                "answer": f"{answers[0].status} {explanation.problem.title}",
            },
            "warnings": list(_notes(row, message, explanation, host)),
            "answers": answers,
        }

    def address_of(self, request: HttpRequest, row: ErrorMessage) -> str:
        if not any(self.may_view(request, model) for model in SEEN):
            return ""
        # Not every error can be had by going somewhere.
        return self.try_url(
            address=web_address(row.path_prefix) or EXAMPLE,
            status=str(SHOWN.get(row.status) or row.status),
            host=row.host,
            language=row.language,
        )

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view(self.preview_all_view)
        return [path("preview-all/", view, name=self._url_name("preview_all")), *super().get_urls()]

    def preview_all_view(self, request: HttpRequest) -> HttpResponse:
        """Show every status in every format."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        asking = AskingForm(request.GET or None)
        asked = asking.cleaned_data if asking.is_valid() else {}
        snapshot = snapshots.current()
        shown = [
            (
                entry,
                in_every_format(
                    asked.get("address") or EXAMPLE,
                    status=entry.code,
                    host=asked.get("host") or bare_host(request.get_host()),
                    language=asked.get("language") or "",
                    nonce=csp_nonce(request),
                    snapshot=snapshot,
                )[1],
            )
            for entry in STATUSES.values()
        ]
        return self.page(
            request,
            "preview_all",
            title=_("All error pages"),
            asking=asking,
            shown=shown,
        )


def _with(message: MessageRow) -> Snapshot:
    """Return the site's snapshot with `message` in the place of what is saved of it."""
    snapshot = snapshots.current()
    others = (each for each in snapshot.messages if each.pk != message.pk)
    return replace(snapshot, messages=Messages((*others, message)))


def _notes(
    row: ErrorMessage, message: MessageRow, explanation: Explanation, host: str
) -> list[str]:
    """Return why visitors may see something else than the message that is edited."""
    notes = []
    if not row.enabled:
        notes.append(_("The message is switched off. This is what it says when it is switched on."))
    if not is_own_host(host):
        notes.append(
            _("The site does not answer at %(host)s: it is not in ALLOWED_HOSTS.") % {"host": host}
        )
    given = dict(contributions(explanation.messages)).get(message)
    if given is None:
        notes.append(_("This message is not for what is shown here, and nothing comes from it."))
    elif not given and any((row.title, row.detail, row.permanence, row.action_label)):
        notes.append(_("More specific messages have all the words here, and none are from this."))
    return notes
