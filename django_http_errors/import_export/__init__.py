"""Import and export in the admin, with django-import-export: the extra ``[import]``."""

from .admin import MessageImportExportMixin, RuleImportExportMixin
from .resources import ErrorMessageResource, PermanenceRuleResource

__all__ = [
    "ErrorMessageResource",
    "MessageImportExportMixin",
    "PermanenceRuleResource",
    "RuleImportExportMixin",
]
