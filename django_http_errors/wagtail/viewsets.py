"""Messages and rules in Wagtail's admin, with the sentences and the preview of Django's.

Who may do what is said by the permissions of groups, as for any snippet: nobody has to be staff.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from html import unescape
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django import forms
from django.contrib import admin
from django.contrib.admin.utils import quote
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.translation import gettext_lazy as _
from django.views import View
from wagtail.admin.forms import WagtailAdminModelForm
from wagtail.admin.panels import FieldPanel, MultiFieldPanel, ObjectList, Panel
from wagtail.admin.ui.tables import Column
from wagtail.snippets.bulk_actions.delete import DeleteBulkAction
from wagtail.snippets.views.snippets import (
    CreateView,
    DeleteView,
    EditView,
    HistoryView,
    IndexView,
    SnippetViewSet,
    SnippetViewSetGroup,
    UsageView,
)

from ..admin import ErrorMessageAdmin, HidingRuleAdmin, PermanenceRuleAdmin
from ..admin.base import BaseRuleAdmin
from ..admin.forms import ConfirmedForm, ConfirmedRuleForm, PreviewForm, offer_choices
from ..admin.missing_pages import hidden_keys, links_to_answers
from ..core.missing_pages import counter, shown_referrer
from ..http.csp import csp_nonce
from ..models import ErrorMessage, HidingRule, MissingPage, PermanenceRule
from ..rules.snapshot import snapshots

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


# Which admin of Django's knows the sentences and the preview of a model.
_ADMINS = {
    ErrorMessage: ErrorMessageAdmin,
    PermanenceRule: PermanenceRuleAdmin,
    HidingRule: HidingRuleAdmin,
}


def _admin_of(model: type[Any]) -> BaseRuleAdmin:
    return _ADMINS[model](model, admin.site)


class PreviewPanel(Panel):
    """What the values in the form would do, in a sentence and as a page, while one writes them."""

    def clone_kwargs(self) -> dict[str, Any]:
        kwargs: dict[str, Any] = super().clone_kwargs()
        del kwargs["help_text"]
        return kwargs

    class BoundPanel(Panel.BoundPanel):
        template_name = "django_http_errors/wagtail_preview.html"

        def get_context_data(self, parent_context: Any = None) -> dict[str, Any]:
            context: dict[str, Any] = super().get_context_data(parent_context)
            model = self.panel.model
            viewset, rule_admin = model.snippet_viewset, _admin_of(model)
            asking = PreviewForm(prefix="preview")
            pks = [self.instance.pk] if self.instance.pk else []
            return {
                **context,
                "preview": {
                    "url": reverse(viewset.get_url_name("preview"), args=pks),
                    "asking": [asking[each] for each in rule_admin.asks],
                    "nonce": csp_nonce(self.request),
                },
            }

        @property
        def media(self) -> forms.Media:
            return forms.Media(
                css={"all": ["django_http_errors/admin.css", "django_http_errors/wagtail.css"]},
                js=["django_http_errors/preview.js"],
            )


class RuleForm(WagtailAdminModelForm):
    """Notes who has edited a rule that says so."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            # Django's admin takes these for HTML, Wagtail's doesn't.
            field.help_text = unescape(str(field.help_text))
        offer_choices(self)

    def save(self, commit: bool = True) -> Any:
        rule = self.instance
        if isinstance(rule, PermanenceRule) and self.for_user is not None:
            rule.source = PermanenceRule.Source.ADMIN
            rule.author = self.for_user.get_username()[:150]
        return super().save(commit)


class PermanenceRuleForm(ConfirmedRuleForm, RuleForm):
    """Asks whether an editor means it where a rule is for everything that isn't found."""

    def missing_pages(self) -> QuerySet[MissingPage] | None:
        permission = "django_http_errors.view_missingpage"
        if self.for_user is None or not self.for_user.has_perm(permission):
            return None
        return _missing_pages(self.for_user)


class HidingRuleForm(ConfirmedForm, RuleForm):
    """Asks whether an editor means it where a rule hides the front or the login page."""


def _edit_handler(form_class: type[RuleForm], *groups: tuple[StrOrPromise, str]) -> Any:
    """Return what edits the fields of `groups`, each a heading and the names of its fields."""
    return ObjectList(
        [
            *(
                MultiFieldPanel([FieldPanel(each) for each in names.split()], heading=heading)
                for heading, names in groups
            ),
            PreviewPanel(heading=_("Preview")),
        ],
        base_form_class=form_class,
    )


class PreviewView(View):
    """Shows what the values in a form of Wagtail's would do; nothing is saved."""

    viewset: Any = None

    def post(self, request: HttpRequest, pk: int | None = None) -> HttpResponse:
        model, policy = self.viewset.model, self.viewset.permission_policy
        if not policy.user_has_permission(request.user, "add" if pk is None else "change"):
            raise PermissionDenied
        row = model() if pk is None else get_object_or_404(model, pk=pk)
        form_class = self.viewset.get_edit_handler().get_form_class()
        form = form_class(request.POST, request.FILES, instance=row, for_user=request.user)
        result, _asked = _admin_of(model).result_of(request, form)
        return TemplateResponse(
            request, "admin/django_http_errors/preview_result.html", {"result": result}
        )


class FilledInCreateView(CreateView):
    """Takes the values of fields from the address, as Django's admin does."""

    def get_initial_form_instance(self) -> Any:
        form_class = self.get_form_class()
        names = form_class.base_fields.keys() & self.request.GET.keys()
        fields = [self.model._meta.get_field(each) for each in names if hasattr(self.model, each)]
        values = {each.name: self.request.GET[each.name] for each in fields if not each.null}
        return self.model(**values)


class RowViewSet(SnippetViewSet):
    """The views of a model, but none that names rows to who may not see them."""

    copy_view_enabled = False

    def register_chooser_viewset(self) -> None:
        """Do nothing: it is open to all who may see the admin, and nothing refers to a row."""


class RuleViewSet(RowViewSet):
    """The views of a model, and one more, for the preview."""

    add_view_class = FilledInCreateView

    def get_urlpatterns(self) -> list[Any]:
        view = PreviewView.as_view(viewset=self)
        return [
            *super().get_urlpatterns(),
            path("preview/", view, name="preview"),
            path("preview/<int:pk>/", view, name="preview"),
        ]


class ErrorMessageViewSet(RuleViewSet):
    """What errors say."""

    model = ErrorMessage
    icon = "comment"
    list_display = ("__str__", "title", "enabled")
    list_filter = ("status", "language", "enabled")
    search_fields = ("status", "host", "path_prefix", "language", "title", "detail")
    edit_handler = _edit_handler(
        RuleForm,
        (_("Which errors"), "status language host path_prefix"),
        (_("What they say"), "title detail permanence"),
        (_("What visitors can do"), "action_label action_url"),
        ("", "enabled"),
    )


class PermanenceRuleViewSet(RuleViewSet):
    """Which addresses are gone, or will be there later."""

    model = PermanenceRule
    icon = "bin"
    list_display = ("pattern", "kind", "host", "permanence", "enabled", "author")
    list_filter = ("permanence", "kind", "source", "enabled")
    search_fields = ("pattern", "host", "reason", "replacement", "note", "author")
    edit_handler = _edit_handler(
        PermanenceRuleForm,
        (_("Which addresses"), "pattern kind host ignore_case"),
        (_("What they answer"), "permanence reason replacement expected_at"),
        (_("When"), "enabled valid_from valid_until announce"),
        (_("For editors"), "group note"),
        (_("Confirmation"), "confirm"),
    )


class HidingRuleViewSet(RuleViewSet):
    """What looks like what isn't there."""

    model = HidingRule
    icon = "view"
    list_display = ("pattern", "kind", "host", "exempt", "enabled")
    list_filter = ("enabled", "kind", "exempt", "fold_client_errors")
    search_fields = ("pattern", "host", "note")
    edit_handler = _edit_handler(
        HidingRuleForm,
        (_("Which addresses"), "pattern kind host"),
        (_("What is hidden, and from whom"), "exempt fold_client_errors enabled"),
        (_("For editors"), "note"),
        (_("Confirmation"), "confirm"),
    )


class WhatToDo(Column):
    """Links to what can be said of a missing page, for who may say it."""

    def get_value(self, instance: MissingPage) -> None:
        """Return nothing: it takes more than the row."""

    def get_cell_context_data(self, instance: MissingPage, parent_context: Any) -> Any:
        user = parent_context["request"].user
        context = super().get_cell_context_data(instance, parent_context)
        links = links_to_answers(instance, partial(_add_url, user), partial(_message_url, user))
        return {**context, "value": links}


def _add_url(user: Any, model: type[Any], values: Mapping[str, str]) -> str:
    viewset = model.snippet_viewset
    if not viewset.permission_policy.user_has_permission(user, "add"):
        return ""
    return f"{reverse(viewset.get_url_name('add'))}?{urlencode(values)}"


def _message_url(user: Any, pk: int) -> str:
    model: type[Any] = ErrorMessage
    viewset = model.snippet_viewset
    if not viewset.permission_policy.user_has_permission(user, "change"):
        return ""
    return reverse(viewset.get_url_name("edit"), args=[quote(pk)])


def _may_see_all(user: Any) -> bool:
    """Return whether `user` may see what was counted before an area was hidden."""
    rights = [f"django_http_errors.{each}_hidingrule" for each in ("view", "change")]
    return not snapshots.current().hiding or any(map(user.has_perm, rights))


def _may_see(user: Any, row: MissingPage) -> bool:
    return _may_see_all(user) or not snapshots.current().hiding.may_cover(row.path)


def _missing_pages(user: Any) -> QuerySet[MissingPage]:
    """Return those that `user` may see."""
    rows = MissingPage.objects.all()
    return rows if _may_see_all(user) else rows.exclude(pk__in=hidden_keys(rows))


class _ForWhoMaySeeIt:
    """A view of one missing page, which is not there for who may not see hidden areas."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        row: MissingPage = self.object  # type: ignore[attr-defined]
        if not _may_see(request.user, row):
            raise Http404
        return super().dispatch(request, *args, **kwargs)  # type: ignore[misc]


class MissingPageListView(IndexView):
    """The list, with what is due of what was counted."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        counter.write_if_due()
        return super().dispatch(request, *args, **kwargs)


class MissingPageEditView(_ForWhoMaySeeIt, EditView):
    """The form."""


class MissingPageDeleteView(_ForWhoMaySeeIt, DeleteView):
    """What asks whether to delete it."""


class MissingPageHistoryView(_ForWhoMaySeeIt, HistoryView):
    """Who has changed it."""


class MissingPageUsageView(_ForWhoMaySeeIt, UsageView):
    """Where it is used."""


class LinkedFrom(Column):
    """The last page with a link, for who may see it."""

    def get_value(self, instance: MissingPage) -> None:
        """Return nothing: it takes more than the row."""

    def get_cell_context_data(self, instance: MissingPage, parent_context: Any) -> Any:
        context = super().get_cell_context_data(instance, parent_context)
        referrer = instance.referrer
        if not _may_see_all(parent_context["request"].user):
            referrer = shown_referrer(referrer, snapshots.current().hiding)
        return {**context, "value": referrer}


class MissingPageViewSet(RowViewSet):
    """What visitors didn't find, the most often first."""

    model = MissingPage
    icon = "search"
    index_view_class = MissingPageListView
    edit_view_class = MissingPageEditView
    delete_view_class = MissingPageDeleteView
    history_view_class = MissingPageHistoryView
    usage_view_class = MissingPageUsageView
    list_display = (
        "path",
        "host",
        "hits",
        "last_seen",
        LinkedFrom("referrer", label=_("last page with a link to it")),
        WhatToDo("what_to_do", label=_("what to do")),
    )
    list_filter = ("ignored", "host")
    search_fields = ("path", "host")
    edit_handler = ObjectList([FieldPanel(each) for each in ("path", "host", "ignored")])

    def get_queryset(self, request: HttpRequest) -> Any:
        """Return what the list shows: ignored pages only where the filter asks for them."""
        rows = _missing_pages(request.user)
        return rows if request.GET.get("ignored") else rows.filter(ignored=False)


class ErrorPagesViewSetGroup(SnippetViewSetGroup):
    """An entry of the menu for all of them."""

    items = (ErrorMessageViewSet, PermanenceRuleViewSet, HidingRuleViewSet, MissingPageViewSet)
    menu_label = _("Error pages")
    menu_icon = "warning"
    menu_name = "error-pages"
    menu_order = 900


class DeleteRows(DeleteBulkAction):
    """What deletes many at once, and names none that the editor may not delete or see."""

    models = [each.model for each in ErrorPagesViewSetGroup.items]

    def get_all_objects_in_listing_query(self, parent_id: Any) -> Any:
        """Return what "select all" means: of missing pages, what the list shows by itself."""
        rows = super().get_all_objects_in_listing_query(parent_id)
        return rows.filter(ignored=False) if self.model is MissingPage else rows

    def check_perm(self, row: Any) -> bool:
        if isinstance(row, MissingPage) and not _may_see(self.request.user, row):
            return False
        return bool(super().check_perm(row))

    def get_actionable_objects(self) -> Any:
        rows, _others = super().get_actionable_objects()
        if not rows:
            raise PermissionDenied
        return rows, {"items_with_no_access": []}
