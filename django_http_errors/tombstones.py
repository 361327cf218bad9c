"""Rules from code: when an object is deleted, the site knows that its page is gone for good."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import Any, NamedTuple, TypeVar
from urllib.parse import urlsplit

from django.conf import settings
from django.conf.urls.i18n import is_language_prefix_patterns_used
from django.core.exceptions import ImproperlyConfigured
from django.db import OperationalError, connections, models, router, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.signals import class_prepared, post_delete, post_save, pre_delete
from django.utils import translation
from django.utils.translation import gettext as _

from .http.urls import decoded_path, host_in, without_script_prefix
from .models import Edit, MatchType, PermanenceRule, PermanenceRuleQuerySet, in_schema
from .rules.snapshot import snapshots, start_thread

logger = logging.getLogger("django_http_errors")

M = TypeVar("M", bound=models.Model)

GetURL = Callable[[Any], str]
Condition = Callable[[Any], bool]

# Where the addresses of an object are kept on it, from before its deletion to after it; and on a
# queryset those of its objects, until each of them is asked for.
_ATTRIBUTE = "http_errors_tombstones"
# And, on what was asked to be deleted, as which children of a model it is.
_DELETED_AS = "http_errors_deleted_as"

# How many addresses are written in a transaction, and how many of a transaction's last hooks are
# looked at for the one that writes them.
_MOST_AT_ONCE = 500
_MOST_HOOKS = 10


def leave_tombstone(
    model: type[M] | None = None,
    *,
    url: GetURL | None = None,
    when: Condition | None = None,
    from_database: bool = True,
) -> Any:
    """Create a permanent rule for the URL of each object of `model` that is deleted.

    It is created when the deletion is committed; one that is rolled back leaves none. An object
    that is saved with such a URL, and that the public can see, removes its tombstone. Bulk
    deletions count: Django sends their signals.
    Call it in `AppConfig.ready()`, or decorate the model with it; it goes for the models that
    inherit from `model` too, each of whose objects is asked as what it is. Whatever fails is
    logged: the object is deleted, and saved, without a tombstone.

    model: a model, not abstract; left out, a decorator for one is returned
    url: gives the path of an object, `get_absolute_url()` if left out; "" for no tombstone; that of
        an absolute URL is for its host alone. Under `i18n_patterns` it is asked in each language
    when: returns whether the public can see the object; True if left out
    from_database: whether both are asked of the object as it is stored, which takes a query for
        each deletion; False: of the one in memory, which others may have changed

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

    In a transaction, when that is committed. A rule that is there already is left alone, and a
    failure is logged.

    url: a path, or an absolute URL, which is for its host alone
    note: for editors
    """
    with _nothing_raised():
        _when_committed(_alias(), {address: note for address in [_address(url)] if address})


def remove_tombstone(url: str) -> None:
    """Delete the rule that a tombstone is at `url`, where something is to be seen again.

    In a transaction, when that is committed. Rules that editors wrote stay, and a failure is
    logged.
    """
    with _nothing_raised():
        _when_committed(_alias(), {address: None for address in [_address(url)] if address})


class _Address(NamedTuple):
    """What a rule is for: a path, and a host or any ("").

    schema: that of the tenant, with django-tenants, "" where the rules are those of all
    """

    pattern: str
    host: str
    schema: str


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
        for signal, receiver in (
            (post_save, self.remove),
            (pre_delete, self.remember),
            (post_delete, self.create),
        ):
            signal.connect(receiver, sender=sender, weak=False, dispatch_uid=self.uid)

    def remember(
        self, sender: Any, instance: Any, using: str, origin: Any = None, **kwargs: Any
    ) -> None:
        # Before the deletion, as long as what the URL and the condition are made of is there.
        as_child = self._is_deleted_as_child(instance, sender, origin)
        addresses = () if as_child else self._addresses(instance, using, origin)
        own = sender._meta.concrete_model
        if own is not self.model._meta.concrete_model:
            _deleted_as(origin).setdefault(self._key(instance), []).append(own)
        known = instance.__dict__.setdefault(_ATTRIBUTE, {})
        known[self] = dict.fromkeys(addresses, _note(instance)) if addresses else {}

    def create(
        self, sender: Any, instance: Any, using: str, origin: Any = None, **kwargs: Any
    ) -> None:
        # Each was asked for. What is left wasn't deleted, and would be old the next time.
        getattr(origin, "__dict__", {}).get(_ATTRIBUTE, {}).pop((self, sender), None)
        changes = instance.__dict__.get(_ATTRIBUTE, {}).pop(self, {})
        as_child = self._is_deleted_as_child(instance, sender, origin)
        _deleted_as(origin).pop(self._key(instance), None)
        if changes and not as_child:
            with _nothing_raised():
                _when_committed(using, changes)

    def _is_deleted_as_child(self, instance: Any, sender: Any, origin: Any) -> bool:
        """Return whether a child of `sender` is deleted, which knows better where it was seen.

        With a child, Django deletes the parents that it is, and with a parent its children. All get
        the signals, in the order in which they can be deleted: children first.
        """
        own = sender._meta.concrete_model
        children = _deleted_as(origin).get(self._key(instance), ())
        return any(each is not own and issubclass(each, own) for each in children)

    def _key(self, instance: Any) -> tuple[_Tombstones, Any]:
        """Return what is the same for all that an object is: a child may have a key of its own."""
        return self, getattr(instance, self.model._meta.pk.attname)

    def remove(self, sender: Any, instance: Any, using: str, raw: bool, **kwargs: Any) -> None:
        # To load a fixture must not depend on what else there is.
        addresses = () if raw else self.addresses_of(instance)
        if addresses:
            with _nothing_raised():
                _when_committed(using, dict.fromkeys(addresses))

    def _addresses(self, instance: Any, using: str, origin: Any) -> tuple[_Address, ...]:
        """Return where the public could see `instance`, which is going to be deleted.

        origin: the queryset that deletes it, if one does; all of its objects are read at once
        """
        if not self.from_database:
            return self.addresses_of(instance)
        sender = type(instance)
        if isinstance(origin, models.QuerySet) and issubclass(sender, origin.model):
            found = origin.__dict__.setdefault(_ATTRIBUTE, {})
            if (self, sender) not in found:
                found[self, sender] = self._all_addresses(sender, using, origin)
            if instance.pk in found[self, sender]:
                addresses: tuple[_Address, ...] = found[self, sender].pop(instance.pk)
                return addresses
        return self.addresses_of(instance, using)

    def _all_addresses(
        self, sender: Any, using: str, origin: models.QuerySet[Any]
    ) -> dict[Any, tuple[_Address, ...]]:
        try:
            # The receiver of another signal may have unpublished some of them by now.
            keys = origin.using(using).order_by().values("pk")
            rows = sender._base_manager.using(using)
            # The key of a parent: a child may have another one.
            rows = rows.filter(**{f"{origin.model._meta.pk.name}__in": keys})
            with transaction.atomic(using=using):
                return {
                    each.pk: self.addresses_of(each)
                    for each in rows.iterator()
                    if not self._is_deleted_as_child(each, sender, origin)
                }
        except Exception:
            logger.exception("Objects that are deleted can't be read at once")
            return {}

    def addresses_of(self, instance: Any, using: str = "") -> tuple[_Address, ...]:
        """Return where the public can see `instance`.

        using: the database that it is read from anew, "" for none
        """
        try:
            if using:
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
        is_prefixed, is_default_prefixed = is_language_prefix_patterns_used(settings.ROOT_URLCONF)
        if not is_prefixed:
            yield self.get_url(instance)
            return
        languages = [language for language, _name in settings.LANGUAGES]
        if not is_default_prefixed:
            # It needn't be one of them: "en-us" is that of a new project.
            languages.append(settings.LANGUAGE_CODE)
        for language in dict.fromkeys(languages):
            with translation.override(language):
                yield self.get_url(instance)


# What is to be done at addresses: to create a rule with a note, or (None) to remove it.
_Changes = Mapping[_Address, str | None]


class _Hook:
    """What a transaction is to do at addresses when it is committed, the last word for each.

    Not before: who writes to the same address, or next to it, would wait for the transaction's end,
    or it for them, and two could wait for each other.
    """

    def __init__(self) -> None:
        self.changes: dict[_Address, str | None] = {}

    def write(self) -> None:
        with _nothing_raised():
            # What was committed may be in another database than the rules.
            _when_committed(_alias(), self.changes)

    @classmethod
    def of(cls, using: str) -> _Hook:
        """Return that of the transaction that is open on `using`.

        One for each savepoint that may still be rolled back to, which takes back that one alone.
        """
        connection: Any = connections[using]
        open_savepoints = set(connection.savepoint_ids) - {None}
        for savepoints, function, *_rest in islice(reversed(connection.run_on_commit), _MOST_HOOKS):
            hook = getattr(function, "__self__", None)
            if isinstance(hook, cls):
                if open_savepoints <= savepoints:
                    return hook
                break
        hook = cls()
        transaction.on_commit(hook.write, using=using, robust=True)
        return hook


def _when_committed(using: str, changes: _Changes) -> None:
    """Make `changes` when the transactions that are open are committed; at once if none is.

    That of a `TestCase` of Django's never is, so there they are made in it.

    using: the database that what they are for is in
    """
    for alias in (using, _alias()):
        connection: Any = connections[alias]
        is_in_test = any(each._from_testcase for each in connection.atomic_blocks)
        if connection.in_atomic_block and not is_in_test:
            _Hook.of(alias).changes.update(changes)
            return
    _write(changes)


def _write(changes: _Changes) -> None:
    """Make `changes`, each in its schema: the connection may be set to another one by now."""
    by_schema: dict[str, dict[_Address, str | None]] = {}
    for each, note in changes.items():
        by_schema.setdefault(each.schema, {})[each] = note
    for schema, own in by_schema.items():
        with _nothing_raised(), in_schema(_alias(), schema):
            _write_in(own, schema)


def _write_in(changes: _Changes, schema: str) -> None:
    """Make `changes`, and wait for nobody who has written to the same addresses.

    Where that would have to be, a thread does it: an import may take a minute to be committed.
    """
    if connections[_alias()].in_atomic_block:
        # A query that fails would break the whole transaction.
        with transaction.atomic(using=_alias()):
            _make(changes)
        return
    if _waiting.has_any_of(changes, schema):
        _waiting.add(changes, schema)  # Theirs come first.
        return
    try:
        _make(changes, _impatient_transaction)
    except OperationalError as error:
        if not _is_for_a_lock(error):
            raise
        _waiting.add(changes, schema)


class _Waiting:
    """Changes that wait for somebody's transaction; one thread makes them all.

    By the schema of the tenant, with django-tenants, and the address.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._changes: dict[str, dict[_Address, str | None]] = {}
        # What the thread is at.
        self._begun: tuple[str, _Changes] | None = None

    def has_any_of(self, changes: _Changes, schema: str) -> bool:
        """Return whether something is to be made at one of the same addresses."""
        with self._lock:
            begun = self._begun[1] if self._begun and self._begun[0] == schema else {}
            waiting = self._changes.get(schema, {})
            return any(each in waiting or each in begun for each in changes)

    def add(self, changes: _Changes, schema: str) -> None:
        with self._lock:
            self._changes.setdefault(schema, {}).update(changes)
            if self._begun is None:
                self._begun = schema, {}
                start_thread(self._make_all)

    def _make_all(self) -> None:
        while True:
            with self._lock:
                self._begun = self._changes.popitem() if self._changes else None
            if self._begun is None:
                return
            schema, changes = self._begun
            _write_patiently(changes, schema)


_waiting = _Waiting()

# How often a thread tries: each time, the database may wait for as long as it is set to.
_ATTEMPTS = 5


def _write_patiently(changes: _Changes, schema: str) -> None:
    """Make `changes`, however long it takes; what the thread does.

    schema: that of the tenant, with django-tenants
    """
    with _nothing_raised():
        connection: Any = connections[_alias()]
        try:
            if schema:
                connection.set_schema(schema)
            for left in reversed(range(_ATTEMPTS)):
                try:
                    _make(changes)
                except OperationalError as error:
                    if not left or not _is_for_a_lock(error):
                        raise
                else:
                    return
        finally:
            connection.close()


# What PostgreSQL (SQLSTATE) and MariaDB say to who waits too long for a lock, or for whom who waits
# for him.
_LOCK_ERRORS = frozenset({"55P03", "40P01", 1205, 1213})


def _is_for_a_lock(error: OperationalError) -> bool:
    cause: Any = error.__cause__
    # As psycopg has it, psycopg2, and the drivers of MariaDB.
    said = {getattr(cause, "sqlstate", None), getattr(cause, "pgcode", None), *error.args[:1]}
    return not said.isdisjoint(_LOCK_ERRORS)


def _transaction() -> AbstractContextManager[None]:
    return transaction.atomic(using=_alias())


@contextmanager
def _impatient_transaction() -> Iterator[None]:
    """Begin a transaction in which the database raises where it would wait for a lock."""
    connection: Any = connections[_alias()]
    if connection.vendor == "mysql":
        # MySQL waits for a second at least.
        before = _execute(connection, "SELECT @@innodb_lock_wait_timeout")
        most = 0 if connection.mysql_is_mariadb else 1
        put_back = f"SET innodb_lock_wait_timeout = {before}"
        _execute(connection, f"SET innodb_lock_wait_timeout = {most}")
        try:
            with _transaction():
                yield
                # Before the commit: what is done then, such as to number the edit, waits as ever.
                _execute(connection, put_back)
        except BaseException:
            _execute(connection, put_back)
            raise
        return
    with _transaction():
        if connection.vendor == "postgresql":
            _execute(connection, "SET LOCAL lock_timeout = '100ms'")
        yield


def _execute(connection: BaseDatabaseWrapper, statement: str) -> Any:
    """Execute `statement`, and return the one value that it gives, if it gives any."""
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchone()[0] if cursor.description else None


def _make(
    changes: _Changes, begin: Callable[[], AbstractContextManager[None]] = _transaction
) -> None:
    # All in one order: two who write to the same addresses don't wait for each other.
    addresses = sorted(changes)
    for start in range(0, len(addresses), _MOST_AT_ONCE):
        some = {each: changes[each] for each in addresses[start : start + _MOST_AT_ONCE]}
        # Nearly always nothing is to be removed or is there already, and then nothing is written.
        known = _known(some)
        new = [each for each in some if some[each] is not None and each not in known]
        old = [
            rule
            for each, rule in known.items()
            if some[each] is None and rule.source == PermanenceRule.Source.CODE
        ]
        if new or old:
            with begin():
                _create([(each, some[each] or "") for each in new])
                # One by one, since MariaDB looks for several by reading the whole table, and waits
                # for what others have written to it.
                for rule in old:
                    rule.delete()


def _known(addresses: Iterable[_Address]) -> dict[_Address, PermanenceRule]:
    """Return the exact rules that there are for `addresses`, in their order."""
    rows = _rules().filter(kind=MatchType.EXACT, pattern__in={each.pattern for each in addresses})
    found = {(each.pattern, each.host): each for each in rows}
    places = {each: (each.pattern, each.host) for each in addresses}
    return {each: found[place] for each, place in places.items() if place in found}


def _create(rules: list[tuple[_Address, str]]) -> None:
    # So few that their digests are noted, and that other processes need read no more than those.
    for start in range(0, len(rules), Edit.MOST_DIGESTS):
        _rules().bulk_create(
            [
                PermanenceRule(
                    kind=MatchType.EXACT,
                    pattern=address.pattern,
                    host=address.host,
                    source=PermanenceRule.Source.CODE,
                    note=note,
                )
                for address, note in rules[start : start + Edit.MOST_DIGESTS]
            ],
            # Somebody else may have made it since it was looked for.
            ignore_conflicts=True,
        )


def _alias() -> str:
    return router.db_for_write(PermanenceRule)


def _rules() -> PermanenceRuleQuerySet:
    return PermanenceRule.objects.using(_alias())


@contextmanager
def _nothing_raised() -> Iterator[None]:
    """Log what is raised."""
    try:
        yield
    except Exception:
        logger.exception("A tombstone could not be written")


def _note(instance: Any) -> str:
    try:
        return _("%(object)s was deleted.") % {"object": instance}
    except Exception:
        logger.exception("An object that leaves a tombstone can't be named")
        return ""


def _with_subclasses(model: type[M]) -> Iterator[type[M]]:
    yield model
    for each in model.__subclasses__():
        yield from _with_subclasses(each)


def _deleted_as(origin: Any) -> dict[Any, list[type[models.Model]]]:
    """Return as which children objects are deleted, as far as that is known, by their keys.

    origin: what was asked to be deleted; None where nobody says it
    """
    kept = getattr(origin, "__dict__", {})
    found: dict[Any, list[type[models.Model]]] = kept.setdefault(_DELETED_AS, {})
    return found


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
    path = without_script_prefix(decoded_path(parts.path))
    longest = PermanenceRule._meta.get_field("pattern").max_length or 0
    if not path.startswith("/") or len(path) > longest:
        return None
    return _Address(path, host_in(parts.netloc), snapshots.source().schema)
