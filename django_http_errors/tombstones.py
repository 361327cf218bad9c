"""Rules from code: when an object is deleted, the site knows that its page is gone for good."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar
from urllib.parse import urlsplit

from django.conf import settings
from django.conf.urls.i18n import is_language_prefix_patterns_used
from django.core.exceptions import ImproperlyConfigured
from django.db import models, router, transaction
from django.db.models import Q
from django.db.models.signals import class_prepared, post_delete, post_save, pre_delete
from django.urls import get_script_prefix
from django.utils import translation
from django.utils.translation import gettext as _

from .http.urls import bare_host, decoded_path
from .models import MatchType, PermanenceRule, PermanenceRuleQuerySet

logger = logging.getLogger("django_http_errors")

M = TypeVar("M", bound=models.Model)

GetURL = Callable[[Any], str]
Condition = Callable[[Any], bool]

# Where the addresses of an object are kept on it, from before its deletion to after it.
_ATTRIBUTE = "http_errors_tombstones"


def leave_tombstone(
    model: type[M] | None = None,
    *,
    url: GetURL | None = None,
    when: Condition | None = None,
    from_database: bool = True,
) -> Any:
    """Create a permanent rule for the URL of each object of `model` that is deleted.

    A deletion that is rolled back leaves none; an object that is saved with such a URL, and that
    the public can see, removes its tombstone. Bulk deletions count: Django sends their signals.
    Call it in `AppConfig.ready()`, or decorate the model with it; it goes for the models that
    inherit from `model` too. Whatever fails is logged: the object is deleted, and saved, without a
    tombstone.

    model: a model, not abstract; left out, a decorator for one is returned
    url: gives the path of an object, `get_absolute_url()` if left out; "" for no tombstone; that of
        an absolute URL is for its host alone. Under `i18n_patterns` it is asked in each language
    when: returns whether the public can see the object; True if left out
    from_database: whether both are asked of the object as it is stored, which takes a query for
        each one that is deleted; False: of the one in memory, which others may have changed

    Raises ImproperlyConfigured for a model without `get_absolute_url()` if no `url` is given.
    """
    if model is None:
        return lambda decorated: leave_tombstone(
            decorated, url=url, when=when, from_database=from_database
        )
    if url is None and not hasattr(model, "get_absolute_url"):
        raise ImproperlyConfigured(f"{model._meta.label} has no get_absolute_url(); give a url")
    _Tombstones(model, url or _absolute_url, when or _always, from_database).connect()
    return model


def create_tombstone(url: str, *, note: str = "") -> None:
    """Create a permanent rule for `url`, for what is moved or removed without Django's signals.

    A rule that is there already is left alone, and a failure is logged.

    url: a path, or an absolute URL, which is for its host alone
    note: for editors
    """
    _create([address for address in [_address(url)] if address], note)


def remove_tombstone(url: str) -> None:
    """Delete the rule that a tombstone is at `url`, where something is to be seen again.

    Rules that editors wrote stay, and a failure is logged.
    """
    _remove([address for address in [_address(url)] if address])


class _Address(NamedTuple):
    """What a rule is for: a path, and a host or any ("")."""

    pattern: str
    host: str


@dataclass(frozen=True)
class _Tombstones:
    """Those of a model, and the receivers of the signals that leave and remove them."""

    model: type[models.Model]
    get_url: GetURL
    can_be_seen: Condition
    from_database: bool

    @property
    def uid(self) -> str:
        """What a registration that is made twice is known by, so that it counts once."""
        return f"{__name__}.{self!r}"

    def connect(self) -> None:
        for each in _with_subclasses(self.model):
            self.connect_to(each)
        class_prepared.connect(self.connect_to, weak=False, dispatch_uid=self.uid)

    def connect_to(self, sender: Any, **kwargs: Any) -> None:
        if not issubclass(sender, self.model):
            return
        receivers: list[tuple[Any, Any]] = [(post_save, self.remove)]
        # With a child, Django deletes the parent that it is, and sends its signals too. To save it
        # sends those of the child alone. Those of a proxy are always its own.
        if sender._meta.concrete_model is self.model._meta.concrete_model:
            receivers += [(pre_delete, self.remember), (post_delete, self.create)]
        for signal, receiver in receivers:
            signal.connect(receiver, sender=sender, weak=False, dispatch_uid=self.uid)

    def remember(self, sender: Any, instance: Any, using: str, **kwargs: Any) -> None:
        # Before the deletion, as long as what the URL and the condition are made of is there.
        known = instance.__dict__.setdefault(_ATTRIBUTE, {})
        known[self] = self.addresses_of(instance, using if self.from_database else "")

    def create(self, sender: Any, instance: Any, using: str, **kwargs: Any) -> None:
        addresses = instance.__dict__.get(_ATTRIBUTE, {}).pop(self, ())
        if addresses:
            _when_certain(using, lambda: _create(addresses, instance))

    def remove(self, sender: Any, instance: Any, using: str, raw: bool, **kwargs: Any) -> None:
        # To load a fixture must not depend on what else there is.
        addresses = () if raw else self.addresses_of(instance)
        if addresses:
            _when_certain(using, lambda: _remove(addresses))

    def addresses_of(self, instance: Any, using: str = "") -> tuple[_Address, ...]:
        """Return where the public can see `instance`.

        using: the database that it is read from anew, "" for none
        """
        try:
            if using:
                # The receiver of another signal may have unpublished it by now.
                rows = type(instance)._base_manager.using(using)
                instance = rows.filter(pk=instance.pk).first() or instance
            if not self.can_be_seen(instance):
                return ()
            found = dict.fromkeys(_address(url) for url in self._urls(instance))
            return tuple(address for address in found if address)
        except Exception:
            logger.exception(
                "Whether %s %r has a tombstone can't be found out",
                self.model._meta.label,
                instance.pk,
            )
            return ()

    def _urls(self, instance: Any) -> Iterator[str]:
        if not is_language_prefix_patterns_used(settings.ROOT_URLCONF)[0]:
            yield self.get_url(instance)
            return
        for language, _name in settings.LANGUAGES:
            with translation.override(language):
                yield self.get_url(instance)


def _when_certain(using: str, write: Callable[[], None]) -> None:
    """Call `write` in the transaction of the database `using`, or after it.

    After it where the rules are in another database, which knows nothing of a rollback here.
    """
    if using == _alias():
        write()
    else:
        transaction.on_commit(write, using=using, robust=True)


def _create(addresses: Iterable[_Address], what: object) -> None:
    """Create the rules for `addresses`, where there are none.

    what: the object that was deleted, or a note
    """
    with _nothing_raised():
        note = what if isinstance(what, str) else _("%(object)s was deleted.") % {"object": what}
        for address in addresses:
            _rules().get_or_create(
                kind=MatchType.EXACT,
                pattern=address.pattern,
                host=address.host,
                defaults={"source": PermanenceRule.Source.CODE, "note": note},
            )


def _remove(addresses: Iterable[_Address]) -> None:
    with _nothing_raised():
        wanted = Q()
        for address in addresses:
            wanted |= Q(pattern=address.pattern, host=address.host)
        rules = _rules().filter(wanted, kind=MatchType.EXACT, source=PermanenceRule.Source.CODE)
        # Nearly always there is none, and then nothing is written. One by one, since MariaDB looks
        # for several by reading the whole table, and waits for what others have written to it.
        for each in rules if wanted else ():
            each.delete()


def _alias() -> str:
    return router.db_for_write(PermanenceRule)


def _rules() -> PermanenceRuleQuerySet:
    return PermanenceRule.objects.using(_alias())


@contextmanager
def _nothing_raised() -> Iterator[None]:
    """Log what is raised, and let the transaction around it go on."""
    try:
        alias = _alias()
        # Only there could a query that fails break more than itself.
        is_within = transaction.get_connection(alias).in_atomic_block
        with transaction.atomic(using=alias) if is_within else nullcontext():
            yield
    except Exception:
        logger.exception("A tombstone could not be written")


def _with_subclasses(model: type[M]) -> Iterator[type[M]]:
    yield model
    for each in model.__subclasses__():
        yield from _with_subclasses(each)


def _absolute_url(instance: Any) -> str:
    url: str = instance.get_absolute_url()
    return url


def _always(instance: Any) -> bool:
    return True


def _address(url: str) -> _Address | None:
    """Return what a rule for `url` is for, None if no rule can be for it.

    None is for a URL with a query or a fragment: its page is that of others too.
    """
    parts = urlsplit(url or "")
    if parts.query or parts.fragment:
        return None
    path = decoded_path(parts.path)
    prefix = get_script_prefix()
    if path.startswith(prefix):
        path = path[len(prefix) - 1 :]
    longest = PermanenceRule._meta.get_field("pattern").max_length or 0
    if not path.startswith("/") or len(path) > longest:
        return None
    return _Address(path, bare_host(parts.netloc))
