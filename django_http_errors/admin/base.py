"""What the admins of messages and of rules have in common."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db.models import DateTimeField, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.urls import get_script_prefix, path
from django.utils.html import format_html
from django.utils.http import escape_leading_slashes
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from ..http.csp import csp_nonce
from ..http.urls import bare_host, web_address
from ..importing.exporter import csv_lines
from ..importing.schema import ImportSchema
from ..models import BaseRule, MatchType, PermanenceRule
from ..rules import permanence
from .edits import EditsAdmin, bulk_edit
from .forms import UNCONFIRMED, DayField, DayWidget, PathRuleForm, PreviewForm, RuleForm

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


class BaseRuleAdmin(EditsAdmin):
    """Rows with a preview of what the values in the form would do, and edits of many at once."""

    actions = [
        "delete_selected",
        bulk_edit(
            "enable", gettext_lazy("Enable the selected %(verbose_name_plural)s"), enabled=True
        ),
        bulk_edit(
            "disable", gettext_lazy("Disable the selected %(verbose_name_plural)s"), enabled=False
        ),
    ]
    form = RuleForm
    formfield_overrides = {
        DateTimeField: {"form_class": DayField, "widget": DayWidget},
    }
    # How a file has the rows.
    schema: ImportSchema
    # The fields that `change_together` changes.
    changed_together: tuple[str, ...] = ()
    # What the rows are for, and what to do where there are none.
    intro: StrOrPromise = ""
    if_empty: StrOrPromise = ""
    # What the inputs of a field have beside what Django gives them.
    widget_attrs: Mapping[str, Mapping[str, str]] = {}
    # The fields of PreviewForm that this preview has.
    asks: tuple[str, ...] = ()

    class Media:
        css = {"all": ["django_http_errors/admin.css"]}
        js = ["django_http_errors/preview.js"]

    def formfield_for_dbfield(self, db_field: Any, request: Any, **kwargs: Any) -> Any:
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field is not None:
            field.widget.attrs.update(self.widget_attrs.get(db_field.name, {}))
        return field

    @admin.action(
        permissions=["view"],
        description=gettext_lazy("Export the selected %(verbose_name_plural)s as CSV"),
    )
    def export(self, request: HttpRequest, queryset: QuerySet[Any]) -> StreamingHttpResponse:
        return StreamingHttpResponse(
            csv_lines(queryset, Counter(), self.schema),
            content_type="text/csv; charset=utf-8",
            headers={"Content-Disposition": 'attachment; filename="selected.csv"'},
        )

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """Return what a new row begins with: what another one has, or what the address says."""
        original = request.GET.get("duplicate")
        row = original and self.get_object(request, original)
        if not row or not self.has_view_permission(request, row):
            return super().get_changeform_initial_data(request)
        fields = [each for each in self.opts.concrete_fields if each.editable]
        return {each.name: getattr(row, each.name) for each in fields if not each.primary_key}

    # The preview

    def preview_of(
        self, request: HttpRequest, row: Any, asked: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Return what ``preview_result.html`` says of `row`, saved or not.

        asked: the fields of PreviewForm
        """
        raise NotImplementedError

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view(require_POST(self.preview_view))
        name = self._url_name("preview")
        return [
            path("preview/", view, name=name),
            path("<path:object_id>/preview/", view, name=name),
            *super().get_urls(),
        ]

    def url_of(self, model: type[BaseRule], pk: int) -> str:
        """Return the address of the page for a row."""
        return self.url_for(model, "change", pk)

    def preview_view(self, request: HttpRequest, object_id: str | None = None) -> HttpResponse:
        """Show what the values in the form would do; nothing is saved."""
        row = None
        if object_id is not None:
            row = self.get_object(request, unquote(object_id))
            if row is None:
                raise Http404
        if not self._may_save(request, row):
            raise PermissionDenied
        form = self.get_form(request, row, change=row is not None)(
            request.POST, request.FILES, instance=row or self.model()
        )
        result, asked = self.result_of(request, form)
        return self.page(
            request,
            "preview_result" if asked.get("fragment") else "preview",
            title=_("Preview"),
            result=result,
        )

    def result_of(self, request: HttpRequest, form: Any) -> tuple[dict[str, Any], Any]:
        """Return what ``preview_result.html`` says of what was sent, and what was asked.

        form: of this model, bound to what was sent
        """
        asking = PreviewForm(request.POST, prefix="preview")
        is_valid = form.is_valid()
        asking.is_valid()
        asked = asking.cleaned_data
        result = {
            "errors": [*_errors(form), *_errors(asking)],
            **self.preview_of_form(request, form, is_valid, self._asked(request, asked)),
        }
        return result, asked

    def preview_of_form(
        self, request: HttpRequest, form: Any, is_valid: bool, asked: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Return what ``preview_result.html`` says of the values in `form`."""
        for name in form.errors:
            if name in form.initial:  # What is wrong is left as it was.
                setattr(form.instance, name, form.initial[name])
        return self.preview_of(request, form.instance, asked)

    def _may_save(self, request: HttpRequest, row: Any) -> bool:
        if row is None:
            return self.has_add_permission(request)
        return self.has_change_permission(request, row)

    def _asked(self, request: HttpRequest, asked: Mapping[str, Any]) -> dict[str, Any]:
        """Return the fields of PreviewForm, with what can be known in the place of blanks."""
        return {
            **asked,
            "nonce": asked.get("nonce") or csp_nonce(request),
            "site_host": bare_host(request.get_host()),
        }

    def render_change_form(
        self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any
    ) -> HttpResponse:
        obj = kwargs.get("obj")
        asking = PreviewForm(prefix="preview")
        for name in ("address", "host"):
            asking.fields[name].widget.attrs["placeholder"] = _("as above")
        pks = [] if obj is None else [obj.pk]
        context["preview"] = {
            "url": self._may_save(request, obj) and self.url("preview", *pks),
            "asking": [asking[each] for each in self.asks],
            "nonce": csp_nonce(request),
        }
        if obj is not None and request.method == "GET":
            context["result"] = self.preview_of(request, obj, self._asked(request, {}))
        return super().render_change_form(request, context, *args, **kwargs)

    def response_add(self, request: HttpRequest, obj: Any, *args: Any, **kwargs: Any) -> Any:
        response = super().response_add(request, obj, *args, **kwargs)
        self.say_what_was_saved(request, obj)
        return response

    def response_change(self, request: HttpRequest, obj: Any) -> HttpResponse:
        response = super().response_change(request, obj)
        self.say_what_was_saved(request, obj)
        return response

    def say_what_was_saved(self, request: HttpRequest, row: Any) -> None:
        """Say what the saved `row` does, and lead to where that can be seen."""
        summary = self.preview_of(request, row, self._asked(request, {})).get("summary", "")
        address = self.address_of(request, row)
        link = format_html('<a href="{}">{}</a>', address, _("View it")) if address else ""
        self.message_user(request, format_html("{} {}", summary, link))

    def address_of(self, request: HttpRequest, row: Any) -> str:
        """Return where it can be seen what `row` does, "" if there is no such place."""
        return ""

    def try_url(self, **asked: str) -> str:
        """Return where to try an address, "" if nobody has registered the rules here."""
        query = {key: value for key, value in asked.items() if value}
        return self.url_for(PermanenceRule, "try", query=query)


def _errors(form: Any) -> list[str]:
    """Return what is wrong with the values of `form`, less what is merely still to be done."""
    found = []
    for name, errors in form.errors.as_data().items():
        label = form.fields[name].label if name in form.fields else None
        for error in errors:
            if error.code not in {"required", UNCONFIRMED}:
                found += [f"{label}: {text}" if label else text for text in error.messages]
    return found


class PathRuleAdmin(BaseRuleAdmin):
    """What the admins of rules for addresses have in common: they warn, and wait for one."""

    form = PathRuleForm

    @admin.display(description=gettext_lazy("address"), ordering="pattern")
    def address(self, row: Any) -> str:
        return f"{row.host}{row.pattern}"

    def address_of(self, request: HttpRequest, row: Any) -> str:
        path = permanence.sample(row) if row.kind == MatchType.ROUTE else row.pattern
        # Two slashes would begin a host.
        address = get_script_prefix()[:-1] + escape_leading_slashes(web_address(path))
        is_elsewhere = row.host not in ("", bare_host(request.get_host()))
        return f"//{row.host}{address}" if is_elsewhere else address

    def warnings_of(self, request: HttpRequest, row: Any) -> list[str]:
        """Return what the editor who asks should know of `row`, each as a sentence."""
        raise NotImplementedError

    def say_what_was_saved(self, request: HttpRequest, row: Any) -> None:
        super().say_what_was_saved(request, row)
        for text in self.warnings_of(request, row):
            self.message_user(request, text, messages.WARNING)

    def preview_of_form(
        self, request: HttpRequest, form: Any, is_valid: bool, asked: Mapping[str, Any]
    ) -> dict[str, Any]:
        if is_valid:
            return self.preview_of(request, form.instance, asked)
        if form.unconfirmed:
            result = self.preview_of(request, form.instance, asked)
            text = _("%(what)s You have to confirm it when you save it.")
            warnings = [text % {"what": form.unconfirmed}, *result.get("warnings", ())]
            return {**result, "warnings": warnings}
        is_empty = not form.data.get("pattern", "").strip()
        return {
            "summary": _("Write an address to see what will happen.")
            if is_empty
            else _("This can not be saved yet.")
        }
