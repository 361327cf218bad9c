"""The app's admin of rules and messages reduced to import and export."""

from django.contrib import admin
from django.urls import path

from django_http_errors.import_export import MessageImportExportMixin, RuleImportExportMixin
from django_http_errors.models import ErrorMessage, PermanenceRule


class RuleAdmin(RuleImportExportMixin, admin.ModelAdmin):
    change_list_template = "admin/change_list.html"


class MessageAdmin(MessageImportExportMixin, admin.ModelAdmin):
    change_list_template = "admin/change_list.html"


site = admin.AdminSite()
site.register(PermanenceRule, RuleAdmin)
site.register(ErrorMessage, MessageAdmin)

urlpatterns = [path("admin/", site.urls)]
