"""The documents in Django's admin."""

from django.contrib import admin

from .models import Document


@admin.register(Document)
class DocumentAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Documents."""

    list_display = ("title", "public")
    list_filter = ("public",)
    search_fields = ("title",)
