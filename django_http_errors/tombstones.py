"""Rules from code: when an object is deleted, the site knows that its page is gone for good."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured
from django.db import models
from django.db.models.signals import class_prepared, post_delete, post_save, pre_delete
from django.urls import get_script_prefix
from django.utils.translation import gettext_lazy as _

from .http.urls import decoded_path
from .models import MatchType, PermanenceRule

logger = logging.getLogger("django_http_errors")

M = TypeVar("M", bound=models.Model)

GetURL = Callable[[Any], str]
Condition = Callable[[Any], bool]

# Where a pattern is kept on an object, from before its deletion to after it.
_ATTRIBUTE = "http_errors_tombstone_pattern"


def leave_tombstone(
    model: type[M] | None = None,
    *,
    url: GetURL | None = None,
    when: Condition | None = None,
) -> Any:
    """Create a permanent rule for the URL of each object of `model` that is deleted.

    In the same transaction, so that a deletion that is rolled back leaves none; an object that
    is saved with such a URL removes its tombstone. Bulk deletions count: Django sends their
    signals. Call it in `AppConfig.ready()`, or decorate the model with it; it goes for the
    proxies of the model too. A URL or a condition that raises is logged: the object is
    deleted, and saved, without it.

    model: a model, not abstract; left out, a decorator for one is returned
    url: gives the path of an object, `get_absolute_url()` if left out; "" for no tombstone
    when: returns whether the public could have seen the object; True if left out
    """
    if model is None:
        return lambda decorated: leave_tombstone(decorated, url=url, when=when)
    if url is None and not hasattr(model, "get_absolute_url"):
        raise ImproperlyConfigured(f"{model._meta.label} has no get_absolute_url(); give a url")
    _Tombstones(model, url or _absolute_url, when or _always).connect()
    return model


@dataclass(frozen=True, slots=True)
class _Tombstones:
    """Those of a model, and the receivers of the signals that leave and remove them."""

    model: type[models.Model]
    get_url: GetURL
    could_be_seen: Condition

    def connect(self) -> None:
        for each in _with_subclasses(self.model):
            self.connect_to(each)
        class_prepared.connect(
            self.connect_to, weak=False, dispatch_uid=f"{__name__}.{self.model._meta.label}"
        )

    def connect_to(self, sender: Any, **kwargs: Any) -> None:
        # Django sends the signals of a proxy, which is the same thing by another name, as its own.
        is_ours = issubclass(sender, self.model)
        if is_ours and sender._meta.concrete_model is self.model._meta.concrete_model:
            receivers = (
                (pre_delete, self.remember),
                (post_delete, self.create_tombstone),
                (post_save, self.delete_tombstone),
            )
            for signal, receiver in receivers:
                name = f"{__name__}.{receiver.__name__}"
                signal.connect(receiver, sender=sender, weak=False, dispatch_uid=name)

    def remember(self, sender: Any, instance: Any, **kwargs: Any) -> None:
        # Before the deletion, as long as what the URL and the condition are made of is there.
        setattr(instance, _ATTRIBUTE, self.pattern_of(instance, self.could_be_seen))

    def create_tombstone(self, sender: Any, instance: Any, using: str, **kwargs: Any) -> None:
        pattern = getattr(instance, _ATTRIBUTE, "")
        if pattern:
            PermanenceRule.objects.using(using).get_or_create(
                kind=MatchType.EXACT,
                pattern=pattern,
                host="",
                defaults={
                    "source": PermanenceRule.Source.CODE,
                    "note": str(_("%(object)s was deleted.") % {"object": instance}),
                },
            )

    def delete_tombstone(
        self, sender: Any, instance: Any, using: str, raw: bool, **kwargs: Any
    ) -> None:
        pattern = "" if raw else self.pattern_of(instance, _always)
        if pattern:
            rules = PermanenceRule.objects.using(using).filter(
                kind=MatchType.EXACT, pattern=pattern, source=PermanenceRule.Source.CODE
            )
            # Nearly always there is none, and then nothing is written.
            if rules.exists():
                rules.delete()

    def pattern_of(self, instance: Any, condition: Condition) -> str:
        """Return the pattern for the URL of `instance`, "" if it has none."""
        try:
            return _pattern(self.get_url(instance)) if condition(instance) else ""
        except Exception:
            logger.exception(
                "Whether %s %r has a tombstone can't be found out",
                self.model._meta.label,
                instance.pk,
            )
            return ""


def _with_subclasses(model: type[M]) -> Iterator[type[M]]:
    yield model
    for each in model.__subclasses__():
        yield from _with_subclasses(each)


def _absolute_url(instance: Any) -> str:
    url: str = instance.get_absolute_url()
    return url


def _always(instance: Any) -> bool:
    return True


def _pattern(url: str) -> str:
    """Return the path of `url` as a rule has it, "" if no rule can be for it.

    None is for a URL with a query or a fragment: its page is that of others too.
    """
    parts = urlsplit(url or "")
    if parts.query or parts.fragment:
        return ""
    path = decoded_path(parts.path)
    prefix = get_script_prefix()
    if path.startswith(prefix):
        path = path[len(prefix) - 1 :]
    longest = PermanenceRule._meta.get_field("pattern").max_length
    return path if path.startswith("/") and len(path) <= (longest or 0) else ""
