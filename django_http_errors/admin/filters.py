"""Filters that several lists have in common."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest


class ColumnFilter(admin.SimpleListFilter):
    """Rows by one of the values that the column `parameter_name` has.

    ANY: what stands in the address of the list for a blank one, which is for any
    """

    ANY = ""

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        value = self.value()
        if value is None:
            return queryset
        column = str(self.parameter_name)
        return queryset.filter(**{column: "" if value == self.ANY else value})
