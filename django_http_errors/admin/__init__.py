"""The admin, as an editor sees it: messages, rules, and trying an address."""

from __future__ import annotations

from django.apps import apps
from django.contrib import admin
from django.utils.module_loading import import_string

from ..models import ErrorMessage, HidingRule, MissingPage, PermanenceRule
from .base import BaseRuleAdmin
from .hiding import HidingRuleAdmin
from .messages import ErrorMessageAdmin
from .missing_pages import MissingPageAdmin
from .rules import PermanenceRuleAdmin

__all__ = ["ErrorMessageAdmin", "HidingRuleAdmin", "MissingPageAdmin", "PermanenceRuleAdmin"]


def with_import_export(rule_admin: type[BaseRuleAdmin], mixin: str) -> type[BaseRuleAdmin]:
    """Return `rule_admin`, with import and export where django-import-export is installed."""
    if not apps.is_installed("import_export"):
        return rule_admin
    # By name: without the package its subpackage can't be imported.
    base = import_string(f"django_http_errors.import_export.{mixin}")
    return type(rule_admin.__name__, (base, rule_admin), {"__module__": __name__})


admin.site.register(ErrorMessage, with_import_export(ErrorMessageAdmin, "MessageImportExportMixin"))
admin.site.register(
    PermanenceRule, with_import_export(PermanenceRuleAdmin, "RuleImportExportMixin")
)
admin.site.register(HidingRule, HidingRuleAdmin)
admin.site.register(MissingPage, MissingPageAdmin)
