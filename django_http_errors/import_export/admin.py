"""Import and export as an editor sees them: what an admin of messages or of rules mixes in."""

from __future__ import annotations

import csv
from io import StringIO
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import path, reverse
from django.utils.translation import gettext as _
from import_export.admin import ImportExportMixin
from import_export.formats import base_formats
from import_export.forms import ConfirmImportForm, SelectableFieldsExportForm
from import_export.results import Result, RowResult

from ..importing.rows import FileError
from . import formats
from .resources import ErrorMessageResource, PermanenceRuleResource, SchemaResource


class ConfirmForm(ConfirmImportForm):
    """Which file it was, and whether what the preview doubts is meant."""

    all_the_same = forms.BooleanField(required=False)


class ExportForm(SelectableFieldsExportForm):
    """Which columns to export: what the admin calls them, and what the file does."""

    def __init__(self, formats: Any, resources: Any, **kwargs: Any) -> None:
        super().__init__(formats, resources, **kwargs)
        for resource in resources:
            for label, column in resource.headings():
                field: Any = self.fields[self.create_boolean_field_name(resource, column)]
                field.label = label
                # Before the first one there would be a box to select all, which has no label, and
                # a script that a strict Content-Security-Policy refuses.
                field.initial_field = False


class UploadGoneError(Exception):
    """The file that was to be imported isn't kept any more."""


class SchemaImportExportMixin(ImportExportMixin):
    """Import for those who may do the same by hand, all of a file or nothing, and export."""

    resource: type[SchemaResource]
    confirm_form_class = ConfirmForm
    export_form_class = ExportForm
    change_list_template = "admin/django_http_errors/change_list.html"
    import_export_change_list_template = "admin/django_http_errors/change_list_import_export.html"
    import_template_name = "admin/django_http_errors/import.html"
    export_template_name = "admin/django_http_errors/export.html"

    def get_resource_classes(self, request: HttpRequest) -> list[type[SchemaResource]]:
        return [self.resource]

    def get_import_formats(self) -> list[type]:
        return formats.formats(self.resource.schema.columns)

    def get_export_formats(self) -> list[type]:
        return [formats.CSV, base_formats.JSON]

    def create_import_form(self, request: HttpRequest) -> Any:
        form = super().create_import_form(request)
        # One is chosen already, and isn't guessed by the name of the file: there may be anything in
        # one that ends with .csv.
        field = form.fields["format"]
        field.choices = [(value, label) for value, label in field.choices if value]
        field.widget.attrs.pop("class", None)
        return form

    def get_import_context_data(self, **kwargs: Any) -> dict[str, Any]:
        columns = [label for label, _column in self.resource.headings()]
        return {**super().get_import_context_data(**kwargs), "columns": columns}

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view(self.template_view)
        name = "{}_{}_import_template".format(*self.get_model_info())
        return [path("import/template/", view, name=name), *super().get_urls()]

    def template_view(self, request: HttpRequest) -> HttpResponse:
        """Send a file with all columns and a row or two, to be filled in."""
        if not self.has_import_permission(request):
            raise PermissionDenied
        schema = self.resource.schema
        columns = (*schema.key, *schema.content)
        out = StringIO(newline="")
        write = csv.DictWriter(out, columns)
        write.writeheader()
        for row in self.resource.examples:
            write.writerow({**{name: schema.default(name) for name in columns}, **row})
        return HttpResponse(
            out.getvalue().encode("utf-8-sig"),  # Excel takes it for another encoding without.
            content_type="text/csv; charset=utf-8",
            headers={"Content-Disposition": 'attachment; filename="template.csv"'},
        )

    # By default, django-import-export lets everybody import who may see the list.

    def has_import_permission(self, request: HttpRequest) -> bool:
        return bool(
            super().has_import_permission(request)
            and self.has_add_permission(request)
            and self.has_change_permission(request)
        )

    def has_export_permission(self, request: HttpRequest) -> bool:
        return bool(super().has_export_permission(request) and self.has_view_permission(request))

    def add_data_read_fail_error_to_form(self, form: Any, error: Exception) -> None:
        if isinstance(error, FileError):
            form.add_error("import_file", str(error))
        else:
            super().add_data_read_fail_error_to_form(form, error.__cause__ or error)

    def get_import_data_kwargs(self, **kwargs: Any) -> dict[str, Any]:
        return {
            **super().get_import_data_kwargs(**kwargs),
            # Where there is no preview there is nothing to confirm.
            "confirmed": self.is_skip_import_confirm_enabled()
            or kwargs["form"].cleaned_data.get("all_the_same", False),
            # What was valid in the preview may not be any more when it is confirmed.
            "rollback_on_validation_errors": True,
        }

    def get_tmp_storage_class(self) -> type[Any]:
        base: Any = super().get_tmp_storage_class()

        class Storage(base):
            def read(self) -> Any:
                try:
                    data = super().read()
                except OSError as error:
                    raise UploadGoneError from error
                if data is None:  # So says a cache.
                    raise UploadGoneError
                return data

        return Storage

    def process_import(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        try:
            response: HttpResponse = super().process_import(request, **kwargs)
        except UploadGoneError:
            text = _("This was imported already, or too long ago: choose the file again.")
            messages.warning(request, text)
            return self._redirect("import")
        return response

    def _redirect(self, page: str) -> HttpResponse:
        name = "admin:{}_{}_{}".format(*self.get_model_info(), page)
        return HttpResponseRedirect(reverse(name, current_app=self.admin_site.name))

    def process_result(self, result: Result, request: HttpRequest) -> HttpResponse:
        if result.is_unconfirmed:
            text = _("Nothing was imported: tick above the preview that you mean it.")
        elif result.has_errors() or result.has_validation_errors():
            text = _("Nothing was imported: try again, and look at the preview.")
        else:
            response: HttpResponse = super().process_result(result, request)
            return response
        messages.error(request, text)
        return self._redirect("changelist")

    def add_success_message(self, result: Result, request: HttpRequest) -> None:
        text = _("The file was imported: %(new)d new, %(changed)d changed, %(same)d the same.")
        text %= {
            "new": result.totals[RowResult.IMPORT_TYPE_NEW],
            "changed": result.totals[RowResult.IMPORT_TYPE_UPDATE],
            "same": result.totals[RowResult.IMPORT_TYPE_SKIP],
        }
        note_import = getattr(self, "note_import", None)
        if note_import is not None:
            log = not self.get_skip_admin_log()
            text = note_import(request, text, self.resource.schema, result.report, log=log)
        messages.success(request, text)

    def generate_log_entries(self, result: Result, request: HttpRequest) -> None:
        # An import doesn't know the keys of the rows, by which they have their histories. The app's
        # own admin looks them up for the undo, and writes the log then; one of a project's own may
        # have neither.
        if not hasattr(self, "note_import"):
            super().generate_log_entries(result, request)


class RuleImportExportMixin(SchemaImportExportMixin):
    """Import and export for the admin of permanence rules."""

    resource = PermanenceRuleResource


class MessageImportExportMixin(SchemaImportExportMixin):
    """Import and export for the admin of error messages."""

    resource = ErrorMessageResource
