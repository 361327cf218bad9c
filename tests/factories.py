"""Rows for tests."""

from __future__ import annotations

import factory

from django_http_errors.models import ErrorMessage, PermanenceRule


class ErrorMessageFactory(factory.django.DjangoModelFactory):
    """A message for a 404, each below an address of its own."""

    class Meta:
        model = ErrorMessage

    status = "404"
    path_prefix = factory.Sequence("/message-{}/".format)
    title = factory.Sequence("Title {}".format)
    detail = "Nothing is at {path}."


class PermanenceRuleFactory(factory.django.DjangoModelFactory):
    """A permanent rule, each for an address of its own."""

    class Meta:
        model = PermanenceRule

    pattern = factory.Sequence("/rule-{}/".format)
