"""Edits of many rows: what they change, how they are taken back, and what the history says."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django.contrib import admin, messages
from django.contrib.admin import actions, helpers
from django.contrib.admin.models import ADDITION, CHANGE, DELETION, LogEntry
from django.contrib.admin.templatetags.admin_urls import admin_urlname
from django.contrib.admin.utils import model_ngettext
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import PermissionDenied
from django.db import connections, router, transaction
from django.db.models import Field, Model, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import NoReverseMatch, path, reverse
from django.utils import formats, timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import Truncator, capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, ngettext_lazy
from django.utils.translation import override as language_override

from ..importing.importer import Report
from ..importing.schema import ImportSchema
from . import statements, undo
from .advice import with_one_stop
from .undo import Change

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

    ModelAdmin = admin.ModelAdmin[Any]
else:
    ModelAdmin = admin.ModelAdmin

TEMPLATES = "admin/django_http_errors"

# Rows that are named before many are deleted; the others are counted.
MOST_NAMED = 20
# What of a value the history keeps.
LONGEST = 200

# What taking an action back is going to do, and has done, by what the action has.
_WILL_BE = {
    ADDITION: ngettext_lazy(
        "%(count)d %(name)s that was added will be deleted.",
        "%(count)d %(name)s that were added will be deleted.",
        "count",
    ),
    CHANGE: ngettext_lazy(
        "%(count)d %(name)s will be as before.", "%(count)d %(name)s will be as before.", "count"
    ),
    DELETION: ngettext_lazy(
        "%(count)d %(name)s that was deleted will be there again.",
        "%(count)d %(name)s that were deleted will be there again.",
        "count",
    ),
}
_IS = {
    ADDITION: ngettext_lazy(
        "%(count)d %(name)s was deleted.", "%(count)d %(name)s were deleted.", "count"
    ),
    CHANGE: ngettext_lazy(
        "%(count)d %(name)s is as before.", "%(count)d %(name)s are as before.", "count"
    ),
    DELETION: ngettext_lazy(
        "%(count)d %(name)s is there again.", "%(count)d %(name)s are there again.", "count"
    ),
}

Action = Callable[["EditsAdmin", HttpRequest, "QuerySet[Any]"], None]


def bulk_edit(name: str, description: StrOrPromise, **values: object) -> Action:
    """Return an action of the changelist that gives `values` to the selected rows."""

    @admin.action(permissions=["change"], description=description)
    def action(edits_admin: EditsAdmin, request: HttpRequest, rows: QuerySet[Any]) -> None:
        edits_admin.edit(request, rows, values)

    action.__name__ = name
    return action


class EditsAdmin(ModelAdmin):
    """Edits of many rows that can be taken back for an hour, and a history with the values."""

    delete_selected_confirmation_template = f"{TEMPLATES}/delete_selected.html"

    def _url_name(self, page: str) -> str:
        return f"{self.opts.app_label}_{self.opts.model_name}_{page}"

    def url(self, page: str, *args: object) -> str:
        """Return the address of one of the pages for this model."""
        return self.url_for(self.model, page, *args)

    def url_for(
        self, model: type[Model], page: str, *args: object, query: Mapping[str, str] | None = None
    ) -> str:
        """Return the address of a page of the admin for `model`, "" if that isn't registered."""
        name = admin_urlname(model._meta, SafeString(page))
        try:
            url = reverse(name, args=args, current_app=self.admin_site.name)
        except NoReverseMatch:
            return ""
        return f"{url}?{urlencode(query)}" if query else url

    def add_url(self, request: HttpRequest, model: type[Model], values: Mapping[str, str]) -> str:
        """Return the address of the form for a new `model`, "" for who may not add one."""
        site = self.admin_site
        if site.is_registered(model) and site.get_model_admin(model).has_add_permission(request):
            return self.url_for(model, "add", query=values)
        return ""

    def may_view(self, request: HttpRequest, model: type[Model]) -> bool:
        """Return whether rows of `model` may be shown, which needn't be the model of this admin."""
        site = self.admin_site
        return site.is_registered(model) and site.get_model_admin(model).has_view_permission(
            request
        )

    def page(self, request: HttpRequest, template: str, **context: Any) -> HttpResponse:
        """Return a page of the admin that isn't one of Django's."""
        request.current_app = self.admin_site.name
        return TemplateResponse(
            request,
            f"{TEMPLATES}/{template}.html",
            {
                **self.admin_site.each_context(request),
                "opts": self.opts,
                "media": self.media,
                **context,
            },
        )

    # Edits

    def edit(self, request: HttpRequest, rows: QuerySet[Any], values: Mapping[str, object]) -> None:
        """Give `values` to those of `rows` that have others, and say how many that were."""
        using = router.db_for_write(self.model)
        rows = rows.using(using).exclude(**values)
        with transaction.atomic(using=using):
            changed = list(self._values(rows))
            pk = self.opts.pk.attname
            changes = [
                Change(row[pk], {name: row[name] for name in values}, values) for row in changed
            ]
            if changed:
                rows.update(**values, **self.also_updated())
            names = {row[pk]: statements.named(self.model, row) for row in changed}
            self.log_changes(request, changes, names)
            action = undo.keep(request.user.pk, self.model, changes) if changed else None
        text = ngettext(
            "%(count)d %(name)s was changed.", "%(count)d %(name)s were changed.", len(changed)
        ) % {"count": len(changed), "name": model_ngettext(self.opts, len(changed))}
        self.message_user(request, self.with_undo(text, action), messages.SUCCESS)

    def _values(self, rows: QuerySet[Any]) -> Iterable[dict[str, Any]]:
        """Return the columns of `rows`, in no order: to make instances takes twice as long."""
        names = [field.attname for field in self.opts.concrete_fields]
        return rows.order_by().values(*names).iterator(undo.PART)

    def also_updated(self) -> dict[str, object]:
        """Return what an edit of many sets besides."""
        return {}

    # Deletion

    @admin.action(
        permissions=["delete"],
        description=gettext_lazy("Delete selected %(verbose_name_plural)s"),
    )
    def delete_selected(self, request: HttpRequest, queryset: QuerySet[Any]) -> Any:
        """Do what Django does, and let its page ask for all rows without naming each."""
        response = actions.delete_selected(self, request, queryset)
        if isinstance(response, TemplateResponse):
            response.context_data |= selected(request, queryset)  # type: ignore[operator]
        return response

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Return what Django's page about a deletion says; of many rows the first, and a number."""
        if not isinstance(objs, QuerySet) or self.opts.related_objects:
            return super().get_deleted_objects(objs, request)
        count = objs.count()
        named = [str(row) for row in objs[:MOST_NAMED]]
        if count > len(named):
            named.append(_("and %(count)d more") % {"count": count - len(named)})
        lacking = set() if self.has_delete_permission(request) else {self.opts.verbose_name}
        return named, {self.opts.verbose_name_plural: count}, lacking, []

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        self._delete(request, self.model._default_manager.filter(pk=obj.pk), obj.delete)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        self._delete(request, queryset, queryset.delete)

    def _delete(self, request: HttpRequest, rows: QuerySet[Any], delete: Callable[[], Any]) -> None:
        if not self.has_add_permission(request):
            # What `undo_view` asks for: to keep the rows would be of no use.
            delete()
            return
        using = router.db_for_write(self.model)
        pk = self.opts.pk.attname
        with transaction.atomic(using=using):
            changes = (Change(row[pk], row, None) for row in self._values(rows.using(using)))
            action = undo.keep(request.user.pk, self.model, changes)
            delete()
        # For the message that says what was deleted.
        request.http_errors_undo = action  # type: ignore[attr-defined]

    # Undo

    def message_user(self, request: HttpRequest, message: Any, *args: Any, **kwargs: Any) -> None:
        action = request.__dict__.pop("http_errors_undo", None)
        super().message_user(request, self.with_undo(message, action), *args, **kwargs)

    def with_undo(self, text: str, action: str | None) -> str:
        """Return `text` and a link to take `action` back.

        action: what it is known by; "" if it can't be taken back, None if there is nothing to be
        """
        if action is None:
            return text
        if not action:
            most = formats.number_format(undo.MOST_ROWS, force_grouping=True)
            why = _("This can't be undone: it was more than %(most)s.") % {"most": most}
            return f"{text} {why}"
        address = self.url("undo", action)
        link = format_html('<a href="{}">{}</a>', address, _("Undo"))
        return format_html("{} {} ({}).", text, link, _("possible for an hour"))

    def note_import(
        self, request: HttpRequest, text: str, schema: ImportSchema, report: Report, *, log: bool
    ) -> str:
        """Keep what an import has changed, and return `text` and a link to take it back.

        log: whether to note it in the histories of the rows, too
        """
        # A list, since the keys of the rows have to be looked up for it.
        changes = list(undo.of_import(schema, report))
        if not changes:
            return text
        if log:
            rows = (each.row for each in undo.written(report))
            names = {each.pk: str(row) for each, row in zip(changes, rows, strict=True)}
            # One without a key was deleted before it could be looked up.
            self.log_changes(request, (each for each in changes if each.pk is not None), names)
        return self.with_undo(text, undo.keep(request.user.pk, self.model, changes))

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view(self.undo_view)
        name = self._url_name("undo")
        return [path("undo/<slug:action>/", view, name=name), *super().get_urls()]

    def undo_view(self, request: HttpRequest, action: str) -> HttpResponse:
        """Ask whether to take an action back, and do it; for the one who did it."""
        parts = undo.kept(request.user.pk, self.model, action)
        first = parts.first()
        if first is None:
            text = _(
                "This can't be undone here: it was undone, is more than an hour ago, or somebody"
                " else did it."
            )
            self.message_user(request, text, messages.WARNING)
            return HttpResponseRedirect(self.url("changelist"))
        was_deleted = _flag(Change(*first.rows[0])) == DELETION
        may = self.has_add_permission if was_deleted else self.has_change_permission
        if not may(request):
            raise PermissionDenied
        if request.method == "POST":
            self._undo(request, parts)
            return HttpResponseRedirect(self.url("changelist"))
        changes = (Change(*row) for part in parts.iterator(1) for row in part.rows)
        return self.page(
            request,
            "undo",
            title=_("Undo"),
            made_at=first.made_at,
            texts=self._counted(changes, _WILL_BE),
        )

    def _counted(self, changes: Iterable[Change], texts: Mapping[int, Any]) -> list[str]:
        """Return what of `texts` there is of each kind of `changes`, and of how many rows."""
        counts = Counter(map(_flag, changes))
        return [
            str(text % {"count": counts[flag], "name": model_ngettext(self.opts, counts[flag])})
            for flag, text in texts.items()
            if counts[flag]
        ]

    def _undo(self, request: HttpRequest, parts: Any) -> None:
        with transaction.atomic(using=router.db_for_write(self.model)):
            undone = undo.undo(self.model, parts)
            changes = (Change(each.pk, each.after, each.before) for each in undone.changes)
            self.log_changes(request, changes, undone.names)
        for text in self._counted(undone.changes, _IS):
            self.message_user(request, text, messages.SUCCESS)
        if undone.left:
            text = ngettext(
                "%(count)d was changed since then, and stays as it is.",
                "%(count)d were changed since then, and stay as they are.",
                undone.left,
            ) % {"count": undone.left}
            self.message_user(request, text, messages.WARNING)

    # The history

    def log_changes(
        self, request: HttpRequest, changes: Iterable[Change], names: Mapping[Any, str]
    ) -> None:
        """Note `changes` in the histories of their rows.

        names: what each row is called, by its primary key
        """
        # As Django writes it for its forms: translated when it is shown.
        with language_override(None):
            labels = {
                field.attname: str(capfirst(field.verbose_name))
                for field in self.opts.concrete_fields
            }
        self._log(
            request,
            (
                (
                    str(each.pk),
                    names.get(each.pk, str(each.pk)),
                    _flag(each),
                    json.dumps(_change_message(each, labels)),
                )
                for each in changes
            ),
        )

    def log_deletions(self, request: HttpRequest, queryset: QuerySet[Any]) -> Any:
        """Note that all of `queryset` are deleted."""
        self._log(request, ((str(row.pk), str(row), DELETION, "[]") for row in queryset))

    def _log(self, request: HttpRequest, entries: Iterable[tuple[str, str, int, str]]) -> None:
        """Write an entry for each row: its key, its name, what became of it, and a message.

        By hand: Django's `bulk_create` takes twenty times as long for many.
        """
        using = router.db_for_write(LogEntry)
        connection = connections[using]
        of_model = ContentType.objects.get_for_model(self.model, for_concrete_model=False)
        same = {
            "action_time": timezone.now(),
            "user": request.user.pk,
            "content_type": of_model.pk,
        }
        names = (*same, "object_id", "object_repr", "action_flag", "change_message")
        fields: dict[str, Any] = {name: LogEntry._meta.get_field(name) for name in names}
        quote = connection.ops.quote_name
        columns = ", ".join(quote(field.column) for field in fields.values())
        table, places = quote(LogEntry._meta.db_table), ", ".join(["%s"] * len(fields))
        statement = f"INSERT INTO {table} ({columns}) VALUES ({places})"  # noqa: S608
        # As the database takes them: not every one has UUIDs, which the keys of users may be.
        begin = [fields[name].get_db_prep_save(same[name], connection) for name in same]
        rows = [(*begin, key, name[:200], flag, message) for key, name, flag, message in entries]
        if rows:
            # In one transaction: SQLite would write to the disk for each.
            with transaction.atomic(using=using), connection.cursor() as cursor:
                cursor.executemany(statement, rows)

    def construct_change_message(
        self, request: HttpRequest, form: Any, formsets: Any, add: bool = False
    ) -> Any:
        message: Any = super().construct_change_message(request, form, formsets, add)
        for each in message:
            if "changed" in each:
                each["changed"]["values"] = {
                    name: [_bounded(form.initial.get(name)), _bounded(form.cleaned_data.get(name))]
                    for name in form.changed_data
                }
        return message

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: Any = None
    ) -> HttpResponse:
        response = super().history_view(request, object_id, extra_context)
        for entry in getattr(response, "context_data", {}).get("action_list", ()):
            text = self.text_of_change(entry)
            if text:
                entry.get_change_message = partial(str, text)
        return response

    def text_of_change(self, entry: LogEntry) -> str:
        """Return what `entry` has of old and new values, in words, or that it is a deletion."""
        if entry.action_flag == DELETION:
            return _("Deleted.")  # Django would say that nothing was changed.
        try:
            (message,) = json.loads(entry.change_message)
            values = message["changed"]["values"]
        except (ValueError, KeyError, TypeError):
            return ""
        fields = {field.name: field for field in self.opts.concrete_fields}
        changed = "; ".join(
            f"{capfirst(fields[name].verbose_name)}: {_shown(fields[name], old)}"
            f" → {_shown(fields[name], new)}"
            for name, (old, new) in values.items()
            if name in fields
        )
        return with_one_stop(_("Changed %(what)s.") % {"what": changed}) if changed else ""


def _flag(change: Change) -> int:
    """Return what became of a row, as the history calls it."""
    if change.before is None:
        return ADDITION
    return DELETION if change.after is None else CHANGE


def _change_message(change: Change, labels: Mapping[str, str]) -> list[dict[str, Any]]:
    if change.before is None or change.after is None:
        return [{"added": {}}] if change.before is None else []
    # Of an import the key is known on one side only, since nothing changes it.
    values = {
        name: [_bounded(change.before[name]), _bounded(value)]
        for name, value in change.after.items()
        if name in change.before and change.before[name] != value
    }
    return [{"changed": {"fields": [labels[name] for name in values], "values": values}}]


def selected(request: HttpRequest, rows: QuerySet[Any]) -> dict[str, Any]:
    """Return what ``selected.html`` needs to ask for the same `rows` again."""
    return {
        "action_checkbox_name": helpers.ACTION_CHECKBOX_NAME,
        "select_across": request.POST.get("select_across", "0"),
        "keys": request.POST.getlist(helpers.ACTION_CHECKBOX_NAME),
        "first": rows.values_list("pk", flat=True).first(),
    }


def _bounded(value: object) -> object:
    """Return the `value` of a field as the history has it."""
    kept = undo.plain(value)
    if isinstance(kept, str) and len(kept) > LONGEST:
        return Truncator(kept).chars(LONGEST)
    return kept


def short_date(moment: datetime) -> str:
    """Return the day of `moment` where the site is, as short as the language has it."""
    return formats.date_format(_local(moment), "SHORT_DATE_FORMAT")


def _local(moment: datetime) -> datetime:
    return timezone.localtime(moment) if timezone.is_aware(moment) else moment


def _shown(field: Field[Any, Any], kept: object) -> str:
    """Return a value that the history `kept`, as editors read it."""
    if isinstance(kept, bool):
        return _("Yes") if kept else _("No")
    if field.choices and kept is not None:
        return str(dict(field.flatchoices).get(kept, kept))
    if kept is None or kept == "":
        return _("nothing")
    try:
        value = field.to_python(kept)
    except Exception:  # noqa: BLE001 - the field may have been another one at that time
        return str(kept)
    if isinstance(value, datetime):
        return formats.date_format(_local(value), "SHORT_DATETIME_FORMAT")
    return _("“%(text)s”") % {"text": kept} if isinstance(kept, str) else str(kept)
