"""Rules from code: where an object is deleted, the site knows that its address is gone for good."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar
from urllib.parse import urlsplit

from django.db import models
from django.db.models.signals import post_delete, post_save, pre_delete
from django.utils.translation import gettext_lazy as _

from .addresses import decoded_path
from .models import Kind, PermanenceRule

M = TypeVar("M", bound=models.Model)

Address = Callable[[Any], str]
Condition = Callable[[Any], bool]

_ATTRIBUTE = "_http_errors_tombstone"


def leave_tombstone(
    model: type[M] | None = None,
    *,
    url: Address | None = None,
    when: Condition | None = None,
) -> Any:
    """Record a permanent rule for the address of each object of `model` that is deleted.

    In the same transaction, so that a deletion that is rolled back leaves none; an object that
    is saved at such an address removes its tombstone. Bulk deletions count: Django sends their
    signals. Call it in `AppConfig.ready()`, or decorate the model with it.

    model: a model, not abstract; left out, a decorator for one is returned
    url: gives the path of an object, `get_absolute_url()` if left out; "" for no tombstone
    when: tells whether the public could have seen the object; True if left out
    """
    if model is None:
        return lambda decorated: leave_tombstone(decorated, url=url, when=when)
    address = url or _absolute_url
    could_be_seen = when or _always

    def remember(sender: Any, instance: Any, **kwargs: Any) -> None:
        # Before the deletion, as long as what the address and the condition are made of is there.
        pattern = _pattern(address(instance)) if could_be_seen(instance) else ""
        setattr(instance, _ATTRIBUTE, pattern)

    def bury(sender: Any, instance: Any, using: str, **kwargs: Any) -> None:
        pattern = getattr(instance, _ATTRIBUTE, "")
        if pattern:
            PermanenceRule.objects.using(using).get_or_create(
                kind=Kind.EXACT,
                pattern=pattern,
                host="",
                defaults={
                    "source": PermanenceRule.Source.CODE,
                    "note": str(_("%(object)s was deleted.") % {"object": instance}),
                },
            )

    def dig_up(sender: Any, instance: Any, using: str, raw: bool, **kwargs: Any) -> None:
        pattern = "" if raw else _pattern(address(instance))
        if pattern:
            graves = PermanenceRule.objects.using(using).filter(
                kind=Kind.EXACT, pattern=pattern, source=PermanenceRule.Source.CODE
            )
            # Nearly always there is none, and then nothing is written.
            if graves.exists():
                graves.delete()

    for signal, receiver in ((pre_delete, remember), (post_delete, bury), (post_save, dig_up)):
        signal.connect(
            receiver,
            sender=model,
            weak=False,
            dispatch_uid=f"{__name__}.{receiver.__name__}.{model._meta.label}",
        )
    return model


def _absolute_url(instance: Any) -> str:
    url: str = instance.get_absolute_url()
    return url


def _always(instance: Any) -> bool:
    return True


def _pattern(url: str) -> str:
    """Return the path of `url` as a rule has it, "" if no rule can be for it."""
    path = decoded_path(urlsplit(url).path)
    longest = PermanenceRule._meta.get_field("pattern").max_length
    return path if path.startswith("/") and len(path) <= (longest or 0) else ""
