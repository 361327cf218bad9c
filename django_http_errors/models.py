"""What editors change: the words of errors, and which addresses are gone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache, partial
from itertools import chain, islice
from typing import Any, TypeVar

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.core.validators import MaxLengthValidator
from django.db import connections, models, router, transaction
from django.db.models import F, Q
from django.db.models.constants import OnConflict
from django.db.models.signals import post_save
from django.dispatch import Signal
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from . import validators
from .core.statements import insertion
from .http.urls import decoded_path, digest_of_rule, pattern_key
from .problems import Permanence

# Sent in the process that made an edit: at once, and again when it is committed.
edited = Signal()
# Sent with a permanence rule that is to be taken; receivers return a list of what keeps it from
# doing anything, in words.
examined = Signal()

STATUSES = ("", "4xx", "5xx", *map(str, range(400, 600)))

T = TypeVar("T")


class Generation(models.Model):
    """One row with a number, which grows when edits have been committed.

    Other processes see by it that their snapshot is old, without reading the rows.
    """

    ROW = 1

    number = models.BigIntegerField(default=0)

    class Meta:
        verbose_name = _("generation of edits")

    def __str__(self) -> str:
        return str(self.number)

    @classmethod
    def advance(cls, using: str) -> int:
        """Return the next number, in the transaction that is open on `using`.

        Until that has ended nobody else gets one: so it must be a short one, and never an edit's.
        """
        rows = cls._base_manager.using(using)
        step = {"number": F("number") + 1}
        if not rows.filter(pk=cls.ROW).update(**step):
            rows.bulk_create([cls(pk=cls.ROW)], ignore_conflicts=True)
            rows.filter(pk=cls.ROW).update(**step)
        return rows.values_list("number", flat=True).get(pk=cls.ROW)


class Edit(models.Model):
    """That messages or rules were written: a row of the writing transaction's own.

    So no transaction waits for another because both edit something, and an edit that is committed
    can't be missed, even if its process dies at once. The last ones are kept.

    number: the generation that has the edit, None as long as it isn't numbered
    digests: those of the heads of the permanence rules that were written; None: of too many
    """

    # How many digests are noted, and how many edits are kept.
    MOST_DIGESTS = 100
    KEPT = 1000

    number = models.BigIntegerField(null=True, default=None, db_index=True)
    digests = models.JSONField(null=True)

    class Meta:
        verbose_name = _("edit of messages or rules")

    def __str__(self) -> str:
        return str(self.number or _("not numbered"))

    @classmethod
    def pending(cls, using: str) -> models.QuerySet[Edit]:
        """Return the edits that have no number yet."""
        return cls._base_manager.using(using).filter(number=None)

    @classmethod
    def number_pending(cls, using: str) -> None:
        """Give the edits that are committed a number, in the order of which they can be read."""
        with transaction.atomic(using=using):
            number = Generation.advance(using)
            # One by one, by their keys: to find several at once, MariaDB may read the whole table
            # and wait for those that other transactions have written and not yet committed.
            keys = list(cls.pending(using).values_list("pk", flat=True)[: cls.KEPT])
            if not keys:
                transaction.set_rollback(True, using=using)
                return
            rows = cls._base_manager.using(using)
            for key in keys:
                rows.filter(pk=key).update(number=number)
            for key in rows.filter(number=number - cls.KEPT).values_list("pk", flat=True):
                rows.filter(pk=key).delete()


@contextmanager
def in_schema(using: str, schema: str) -> Iterator[None]:
    """Have the connection to `using` set to the `schema` of a tenant (django-tenants).

    schema: "" for whichever it is set to
    """
    connection: Any = connections[using]
    if schema in ("", getattr(connection, "schema_name", "")):
        yield
        return
    before = connection.tenant
    has_public = getattr(connection, "include_public_schema", True)
    connection.set_schema(schema)
    try:
        yield
    finally:
        connection.set_tenant(before, include_public=has_public)


@dataclass(frozen=True)
class Announcement:
    """What is done when an edit is committed; a class of its own, to be found in `run_on_commit`.

    using: the database that was edited
    schema: the one that its connection was set to, "" if it has none
    """

    using: str
    schema: str

    def publish(self) -> None:
        """Give the edits numbers and tell this process; Django logs a hook's name: a method's."""
        try:
            with in_schema(self.using, self.schema):
                Edit.number_pending(self.using)
        finally:
            # Here it is known also where it has no number: that it is pending says enough.
            edited.send(sender=Edit)

    @classmethod
    def due(cls, using: str) -> list[Announcement]:
        """Return those of the transaction that is open on `using`: none if it has no edits."""
        found = (getattr(hook[1], "__self__", None) for hook in connections[using].run_on_commit)
        return [each for each in found if isinstance(each, cls)]

    @classmethod
    def is_due(cls, using: str) -> bool:
        """Return whether the transaction that is open on `using` has edits."""
        return bool(cls.due(using))


def recorded(using: str, digests: Iterable[int], change: Callable[[], T]) -> T:
    """Return what `change` does, in a transaction that records it as an edit.

    using: the database that it changes
    digests: those of the heads of the permanence rules that it writes; asked for after it
    """
    with transaction.atomic(using=using):
        result = change()
        found = list(islice(dict.fromkeys(digests), Edit.MOST_DIGESTS + 1))
        are_noted = len(found) <= Edit.MOST_DIGESTS
        Edit._base_manager.using(using).create(digests=found if are_noted else None)
        announcement = Announcement(using, getattr(connections[using], "schema_name", None) or "")
        if announcement not in Announcement.due(using):
            transaction.on_commit(announcement.publish, using=using, robust=True)
    edited.send(sender=Edit)
    return result


class RuleQuerySet(models.QuerySet[Any]):
    """Rows whose every change is recorded as an edit, the bulk ones included."""

    def enabled(self) -> RuleQuerySet:
        return self.filter(enabled=True)

    @property
    def _written(self) -> str:
        """The database that changes go to; `db` may be one that is only read."""
        using: str | None = self._db  # type: ignore[attr-defined]
        return using or router.db_for_write(self.model)

    def update(self, **values: Any) -> int:
        change, values = super().update, _as_compared(values)
        return recorded(self._written, (), lambda: change(**values))

    update.alters_data = True  # type: ignore[attr-defined]

    def delete(self) -> tuple[int, dict[str, int]]:
        return recorded(self._written, (), super().delete)

    delete.alters_data = True  # type: ignore[attr-defined]
    delete.queryset_only = True  # type: ignore[attr-defined]

    def bulk_create(self, objs: Iterable[Any], *args: Any, **kwargs: Any) -> list[Any]:
        objs = list(objs)
        for each in objs:
            each.normalise()
        create = super().bulk_create
        return recorded(self._written, _digests_of(objs), lambda: create(objs, *args, **kwargs))

    bulk_create.alters_data = True  # type: ignore[attr-defined]

    def bulk_update(self, objs: Iterable[Any], *args: Any, **kwargs: Any) -> int:
        objs = list(objs)
        for each in objs:
            each.normalise()
        return super().bulk_update(objs, *args, **kwargs)  # which calls `update`

    bulk_update.alters_data = True  # type: ignore[attr-defined]

    def upsert(self, objs: Iterable[Any], key: Sequence[str], content: Sequence[str]) -> None:
        """Insert `objs`, whose primary keys may stay unknown, or update the rows that are there.

        As `bulk_create` with `update_conflicts` does, which takes twice as long for many rows: it
        composes a statement for each batch, and prepares every value.

        key: the fields of a unique constraint, by which a row is there already
        content: the fields of such a row to update
        """
        objs = list(objs)
        for each in objs:
            each.normalise()
        using = self._written
        recorded(using, _digests_of(objs), lambda: _upsert(self.model, using, objs, key, content))

    upsert.alters_data = True  # type: ignore[attr-defined]


def _as_compared(values: dict[str, Any]) -> dict[str, Any]:
    """Return the `values` of fields with a host as `BaseRule.normalise` writes it."""
    host = values.get("host")
    return {**values, "host": _bare(host)} if isinstance(host, str) else values


def _bare(host: str) -> str:
    return host.strip().lower()


def _upsert(
    model: type[models.Model],
    using: str,
    objs: list[Any],
    key: Sequence[str],
    content: Sequence[str],
) -> None:
    connection = connections[using]
    unknown: list[Any] = objs
    known: list[Any] = []
    if connection.vendor == "mysql":
        # It locks the gap before a row that it finds by another index than the primary key's, and
        # who writes there would wait.
        unknown, known = _by_primary_key(model, using, objs, key)
    for rows, are_known in ((unknown, False), (known, True)):
        if rows:
            _insert(model, using, rows, key, content, are_known=are_known)


def _by_primary_key(
    model: type[models.Model], using: str, objs: list[Any], key: Sequence[str]
) -> tuple[list[Any], list[Any]]:
    """Return those of `objs` that there are no rows for, and those that now have a row's key."""

    def place(row: Any) -> tuple[object, ...]:
        return tuple(getattr(row, name) for name in key)

    values = {name: {getattr(each, name) for each in objs} for name in key}
    selective = max(key, key=lambda name: len(values[name]))
    rows = model._base_manager.using(using).filter(**{f"{selective}__in": values[selective]})
    keys = {place(row): row.pk for row in rows.only("pk", *key)}
    for each in objs:
        each.pk = keys.get(place(each))
    return [each for each in objs if each.pk is None], [each for each in objs if each.pk]


def _insert(
    model: type[models.Model],
    using: str,
    objs: list[Any],
    key: Sequence[str],
    content: Sequence[str],
    *,
    are_known: bool,
) -> None:
    """Insert or update rows; those that `are_known` have a primary key."""
    connection = connections[using]
    meta: Any = model._meta
    fields = [each for each in meta.concrete_fields if are_known or not each.primary_key]
    updated = content
    if are_known:
        # Found by its primary key, a row may have another place by now.
        updated = _with_digest({"update_fields": [*key, *content]})["update_fields"]
    statement = insertion(
        connection,
        model,
        fields,
        OnConflict.UPDATE,
        updated=[meta.get_field(name).column for name in updated],
        unique=[meta.get_field(name).column for name in key],
    )
    # Most rows say the same in most fields.
    prepare = [
        lru_cache(maxsize=100)(partial(each.get_db_prep_save, connection=connection))
        for each in fields
    ]
    rows = [
        tuple(
            prepared(getattr(each, field.attname))
            for prepared, field in zip(prepare, fields, strict=True)
        )
        for each in objs
    ]
    with connection.cursor() as cursor:
        cursor.executemany(statement, rows)


def _digests_of(rows: Iterable[Any]) -> Iterator[int]:
    """Yield the digests of those of `rows` that have one, when they are asked for."""
    for each in rows:
        if isinstance(each, PermanenceRule):
            yield each.digest


class BaseRule(models.Model):
    """What messages and rules have in common."""

    host: models.CharField[str, str]

    enabled = models.BooleanField(_("enabled"), default=True)

    objects = RuleQuerySet.as_manager()

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.normalise()
        save = super().save
        using = kwargs.get("using") or router.db_for_write(type(self), instance=self)
        recorded(using, _digests_of([self]), lambda: save(*args, **kwargs))

    def delete(self, using: str | None = None, keep_parents: bool = False) -> Any:
        alias = using or router.db_for_write(type(self), instance=self)
        remove = super().delete
        return recorded(alias, (), lambda: remove(using, keep_parents))

    def clean_fields(self, exclude: Any = None) -> None:
        super().clean_fields(exclude)
        as_written = dict(self.__dict__)
        self.normalise()
        if self.__dict__ != as_written:
            super().clean_fields(exclude)  # It may have become longer.

    def normalise(self) -> None:
        """Write the fields that are compared in the one way they are compared in.

        Done again it changes nothing.
        """
        self.host = _bare(self.host)


class ErrorMessage(BaseRule):
    """The words for some errors; what is left blank comes from the next less specific row."""

    PERMANENCES = [
        ("", _("default")),
        (Permanence.TEMPORARY.value, _("temporary")),
        (Permanence.PERMANENT.value, _("permanent")),
        (Permanence.UNKNOWN.value, _("unknown")),
    ]

    status = models.CharField(
        _("status"),
        max_length=3,
        blank=True,
        validators=[validators.status],
        help_text=_("The number of the error. 404: there is nothing at the address."),
    )
    language = models.CharField(
        _("language"),
        max_length=35,
        blank=True,
        validators=[validators.language],
        help_text=_("Whom these words are for. A message for any language is for all others too."),
    )
    host = models.CharField(
        _("host"),
        max_length=253,
        blank=True,
        validators=[validators.host],
        help_text=_("Only if the site has several names: shop.example.com. Blank: all of them."),
    )
    path_prefix = models.CharField(
        _("part of the site"),
        max_length=400,
        blank=True,
        validators=[validators.path],
        help_text=_("/shop/ is for the shop and everything below it. Blank: the whole site."),
    )
    title = models.CharField(
        _("title"),
        max_length=200,
        blank=True,
        validators=[validators.words, validators.no_control],
    )
    detail = models.TextField(
        _("detail"),
        max_length=4000,
        blank=True,
        validators=[validators.words, MaxLengthValidator(4000)],
        help_text=_(
            "What happened, and what the visitor can do. {path}, {method}, {status}, {host},"
            " {request_id} and {retry_after} are replaced."
        ),
    )
    permanence = models.CharField(
        _("does it last?"),
        max_length=9,
        blank=True,
        default="",
        choices=PERMANENCES,
        help_text=_("The sentence that says whether it is worth trying again."),
    )
    action_label = models.CharField(
        _("text of the link"),
        max_length=100,
        blank=True,
        validators=[validators.no_control],
        help_text=_("Below the words, for instance “Contact the shop”."),
    )
    action_url = models.CharField(
        _("address of the link"), max_length=500, blank=True, validators=[validators.link]
    )

    class Meta:
        verbose_name = _("error message")
        verbose_name_plural = _("error messages")
        ordering = ["status", "host", "path_prefix", "language"]
        constraints = [
            models.UniqueConstraint(
                fields=["status", "language", "host", "path_prefix"],
                name="http_errors_message_unique",
                violation_error_message=_("There is one already."),
            ),
            models.CheckConstraint(
                condition=Q(status__in=STATUSES), name="http_errors_message_status"
            ),
            models.CheckConstraint(
                condition=Q(path_prefix="") | Q(path_prefix__startswith="/"),
                name="http_errors_message_path",
            ),
            models.CheckConstraint(
                condition=Q(permanence__in=["", "temporary", "permanent", "unknown"]),
                name="http_errors_message_permanence",
            ),
        ]

    def __str__(self) -> str:
        place = f"{self.host}{self.path_prefix}" or _("everywhere")
        return f"{self.status or _('any error')} · {place} · {self.language or _('any language')}"

    def normalise(self) -> None:
        super().normalise()
        self.path_prefix = decoded_path(self.path_prefix)
        self.language = self.language.strip().lower().replace("_", "-")

    def clean_fields(self, exclude: Any = None) -> None:
        super().clean_fields(exclude)
        words = {"title", "detail", "permanence", "action_label", "action_url"}
        # What isn't in a form, or was wrong there, is excluded.
        if words.isdisjoint(exclude or ()) and not any(getattr(self, name) for name in words):
            text = _("This says nothing. Write a title, a detail or a link, or say if it lasts.")
            raise ValidationError({NON_FIELD_ERRORS: ValidationError(text, code="required")})

    def clean(self) -> None:
        self.normalise()
        if bool(self.action_label) != bool(self.action_url):
            field = "action_url" if self.action_label else "action_label"
            raise ValidationError({field: _("A link has a text and an address, or neither.")})


class MatchType(models.TextChoices):
    """How a pattern covers addresses."""

    EXACT = "exact", _("this address")
    PREFIX = "prefix", _("this address and everything below it")
    ROUTE = "route", _("addresses that match a pattern")


class PathRule(BaseRule):
    """A row that is for the addresses that a pattern covers, at one host or at any."""

    kind = models.CharField(
        _("covers"), max_length=6, choices=MatchType.choices, default=MatchType.EXACT
    )
    pattern = models.CharField(
        _("address"),
        max_length=500,
        validators=[validators.path],
        help_text=_(
            "What stands behind the name of the site: /old-shop/. You can paste it from your"
            " browser. A pattern has names in angle brackets: /archive/&lt;int:year&gt;/."
        ),
    )
    host = models.CharField(
        _("host"),
        max_length=253,
        blank=True,
        default="",
        validators=[validators.host],
        help_text=_("Only if the site has several names: shop.example.com. Blank: all of them."),
    )
    note = models.TextField(
        _("note"),
        max_length=4000,
        blank=True,
        validators=[validators.lines, MaxLengthValidator(4000)],
        help_text=_("For editors; never shown to visitors."),
    )

    # How the pattern was written, where that is known: an escape in it (%2A) is no wildcard.
    written = ""

    class Meta:
        abstract = True

    def normalise(self) -> None:
        super().normalise()
        self.pattern = _normalised(self.pattern)

    def clean_fields(self, exclude: Any = None) -> None:
        self.written = self.pattern
        super().clean_fields(exclude)

    def clean(self) -> None:
        self.normalise()
        longest = getattr(self._meta.get_field("pattern"), "max_length", None) or 0
        if len(self.pattern) > longest:
            return  # That was refused; the expressions below take long for what is long.
        try:
            self._refuse_wildcards()
            if self.kind == MatchType.ROUTE:
                validators.route(self.pattern)
        except ValidationError as error:
            raise ValidationError({"pattern": error}) from error

    def _refuse_wildcards(self) -> None:
        as_written = "%" in self.written and _normalised(self.written) == self.pattern
        try:
            validators.wildcards(self.written if as_written else self.pattern, self.kind)
        except ValidationError:
            if not self._is_literal():
                raise

    def _is_literal(self) -> bool:
        """Return whether a wildcard stands for itself, since it is stored so."""
        if self._state.adding:
            return False
        # Without the primary key, which an import doesn't know.
        rows = type(self)._base_manager.using(self._state.db)
        return rows.filter(kind=self.kind, pattern=self.pattern).exists()


def _normalised(pattern: str) -> str:
    pattern = decoded_path(pattern)
    # The same addresses as with one slash, and to be found in the database by that.
    return f"{pattern.rstrip('/')}/" if pattern.endswith("//") else pattern


class PermanenceRuleQuerySet(RuleQuerySet):
    """The questions that are asked of permanence rules."""

    def update(self, **values: Any) -> int:
        change, values = models.QuerySet.update, _as_compared(values)
        if not {"kind", "pattern", "digest", "enabled"} & values.keys():
            return super().update(**values)
        moved = "digest" not in values and bool({"kind", "pattern"} & values.keys())
        rows = self.model._base_manager.using(self._written)
        keys = list(self.using(self._written).values_list("pk", flat=True))

        def edit() -> int:
            count: int = change(self, **values)
            for each in _batches(keys) if moved else ():
                moving = list(rows.filter(pk__in=each))
                for row in moving:
                    row.normalise()
                rows.bulk_update(moving, ["digest"])
            return count

        written = chain.from_iterable(
            rows.filter(pk__in=each).values_list("digest", flat=True) for each in _batches(keys)
        )
        return recorded(self._written, written, edit)

    update.alters_data = True  # type: ignore[attr-defined]

    def bulk_create(self, objs: Iterable[Any], *args: Any, **kwargs: Any) -> list[Any]:
        return super().bulk_create(objs, *args, **_with_digest(kwargs))

    bulk_create.alters_data = True  # type: ignore[attr-defined]

    def bulk_update(self, objs: Iterable[Any], fields: Any, *args: Any, **kwargs: Any) -> int:
        fields = _with_digest({"update_fields": fields})["update_fields"]
        return super().bulk_update(objs, fields, *args, **kwargs)

    bulk_update.alters_data = True  # type: ignore[attr-defined]

    def live(self, at: datetime | None = None) -> PermanenceRuleQuerySet:
        """Return the rules that are in force `at` a time, now if left out."""
        at = at or timezone.now()
        return self._all_enabled().filter(
            Q(valid_from=None) | Q(valid_from__lte=at), Q(valid_until=None) | Q(valid_until__gt=at)
        )

    def expired(self, at: datetime | None = None) -> PermanenceRuleQuerySet:
        """Return the enabled rules that were in force before a time, now if left out."""
        return self._all_enabled().filter(valid_until__lte=at or timezone.now())

    def pending(self, at: datetime | None = None) -> PermanenceRuleQuerySet:
        """Return the enabled rules that will be in force after a time, now if left out."""
        return self._all_enabled().filter(valid_from__gt=at or timezone.now())

    def _all_enabled(self) -> PermanenceRuleQuerySet:
        # Most are. Asked for by what they are, SQLite would find them by the index, and look up and
        # sort each: 100,000 take 0.9 s, and 0.04 s so.
        return self.exclude(enabled=False)


def _with_digest(kwargs: dict[str, Any]) -> dict[str, Any]:
    """Return `kwargs` where the digest is written with what it is made of."""
    fields = kwargs.get("update_fields")
    if fields is None or not {"kind", "pattern"} & set(fields):
        return kwargs
    return {**kwargs, "update_fields": [*dict.fromkeys([*fields, "digest"])]}


def _batches(keys: list[Any]) -> Iterator[list[Any]]:
    # Databases take only so many parameters.
    for start in range(0, len(keys), 500):
        yield keys[start : start + 500]


class PermanenceRule(PathRule):
    """What a 404 at some addresses means: gone for good, or coming (back).

    RFC 9110, section 15.5.11: 410 "if the origin server knows, presumably through some
    configurable means". This is the means.
    """

    # Set where somebody knows that the rule does nothing at present, and means it. Not kept.
    confirmed = False

    class Source(models.TextChoices):
        ADMIN = "admin", _("a person")
        IMPORT = "import", _("a file")
        CODE = "code", _("the site itself")

    class Answer(models.TextChoices):
        PERMANENT = "permanent", _("gone for good (410)")
        TEMPORARY = "temporary", _("not there yet, or back later (404)")

    permanence = models.CharField(
        _("what has become of it"),
        max_length=9,
        choices=Answer.choices,
        default=Answer.PERMANENT,
    )
    reason = models.TextField(
        _("reason"),
        max_length=4000,
        blank=True,
        validators=[validators.words, MaxLengthValidator(4000)],
        help_text=_("What visitors read. Blank: the built-in text."),
    )
    replacement = models.CharField(
        _("replacement"),
        max_length=500,
        blank=True,
        validators=[validators.link],
        help_text=_("A page that visitors are offered as a link. They are not sent there."),
    )
    expected_at = models.DateTimeField(
        _("expected"),
        null=True,
        blank=True,
        help_text=_("When what is not there yet, or back later, is going to be there."),
    )
    valid_from = models.DateTimeField(
        _("valid from"), null=True, blank=True, help_text=_("Blank: from now on.")
    )
    valid_until = models.DateTimeField(
        _("valid until"), null=True, blank=True, help_text=_("Blank: without end.")
    )
    announce = models.BooleanField(
        _("announce it to programs"),
        default=False,
        help_text=_(
            "Until then, the pages at these addresses say in their headers that they are going to"
            " be removed (Sunset and Deprecation)."
        ),
    )
    ignore_case = models.BooleanField(
        _("capitals don't matter"),
        default=False,
        help_text=_("/Old/ and /OLD/ are covered by /old/."),
    )
    group = models.CharField(
        _("group"),
        max_length=100,
        blank=True,
        default="",
        db_index=True,
        validators=[validators.no_control],
        help_text=_("To find together what belongs together, such as “relaunch 2026”."),
    )
    # What a process keeps of a rule, where there are too many to keep the rows.
    digest = models.BigIntegerField(default=0, editable=False)
    source = models.CharField(
        _("made by"),
        max_length=6,
        choices=Source.choices,
        default=Source.ADMIN,
        editable=False,
    )
    # A name and no foreign key: the app doesn't need django.contrib.auth.
    author = models.CharField(_("author"), max_length=150, blank=True, editable=False)
    # Counted in memory and written now and then, which is no edit: see `core.rule_visits`.
    hits = models.PositiveBigIntegerField(_("visits"), default=0, editable=False)
    last_hit = models.DateTimeField(_("last visit"), null=True, blank=True, editable=False)
    # Not auto_now: fixtures may leave them out, and an import restores what an export had.
    created_at = models.DateTimeField(_("created at"), default=timezone.now, editable=False)
    updated_at = models.DateTimeField(_("updated at"), default=timezone.now, editable=False)

    objects = PermanenceRuleQuerySet.as_manager()  # type: ignore[misc]

    class Meta:
        verbose_name = _("removed page")
        verbose_name_plural = _("removed pages")
        ordering = ["pattern", "host", "kind"]
        # The digests are read from it alone, and rules are looked up by it.
        indexes = [
            models.Index(fields=["enabled", "digest"], name="http_errors_permanence_digest"),
            models.Index(fields=["announce", "valid_from"], name="http_errors_permanence_coming"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["pattern", "host", "kind"],
                name="http_errors_permanence_unique",
                violation_error_message=_("There is one already."),
            ),
            models.CheckConstraint(
                condition=Q(kind__in=MatchType.values), name="http_errors_permanence_kind"
            ),
            models.CheckConstraint(
                condition=Q(permanence__in=["permanent", "temporary"]),
                name="http_errors_permanence_permanence",
            ),
            models.CheckConstraint(
                condition=Q(pattern__startswith="/"), name="http_errors_permanence_path"
            ),
            models.CheckConstraint(
                condition=Q(valid_from=None)
                | Q(valid_until=None)
                | Q(valid_from__lt=F("valid_until")),
                name="http_errors_permanence_valid",
                violation_error_message=_("This ends before it begins."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.host}{self.pattern}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            self.updated_at = timezone.now()
        if kwargs.get("update_fields") is not None:
            kwargs["update_fields"] = {*kwargs["update_fields"], "updated_at"}
        super().save(*args, **_with_digest(kwargs))

    def normalise(self) -> None:
        super().normalise()
        self.digest = _digest(self.pattern, self.kind)

    def clean(self) -> None:
        super().clean()
        if self.valid_from and self.valid_until and self.valid_from >= self.valid_until:
            raise ValidationError({"valid_until": _("This ends before it begins.")})
        if self.announce and not self.valid_from:
            raise ValidationError(
                {"valid_from": _("Say from when on it is removed: that is announced.")}
            )
        if self.expected_at and self.permanence != self.Answer.TEMPORARY:
            raise ValidationError(
                {"expected_at": _("Only what is not there yet, or back later, can be expected.")}
            )

    def full_clean(self, exclude: Any = None, *args: Any, **kwargs: Any) -> None:
        """Validate all of the rule, and refuse one that can't do anything at present.

        That is not done by `clean`, which an import calls for each row: an import remarks on it.
        """
        super().full_clean(exclude, *args, **kwargs)
        if self.confirmed or not self.enabled or "pattern" in (exclude or ()):
            return
        if self.valid_from and self.valid_from > timezone.now():
            return
        found = [
            text
            for _receiver, texts in examined.send_robust(type(self), rule=self)
            if isinstance(texts, list)
            for text in texts
        ]
        if found and not self._is_known():
            errors = [ValidationError(text, code="no_effect") for text in found]
            raise ValidationError({"pattern": errors})

    def _is_known(self) -> bool:
        """Return whether this is stored for the same addresses: somebody has been told then."""
        key = {"pk": self.pk, "kind": self.kind, "pattern": self.pattern, "host": self.host}
        return type(self)._base_manager.using(self._state.db).filter(**key).exists()

    def _is_literal(self) -> bool:
        """Return whether a wildcard stands for itself: in what the site had, or what is stored."""
        if self._state.adding:
            return self.source == self.Source.CODE
        return super()._is_literal()


class HidingRule(PathRule):
    """Paths at which the forbidden looks like the missing.

    RFC 9110, section 15.5.4: a server that wishes to hide a forbidden resource may answer 404.
    """

    # Set by a form where an editor says that the front page or the login page is meant. Not kept:
    # each edit is asked anew.
    confirmed = False

    class Exempt(models.TextChoices):
        NOBODY = "nobody", _("nobody")
        AUTHENTICATED = "authenticated", _("anyone who has signed in")
        STAFF = "staff", _("staff")

    exempt = models.CharField(
        _("still shown the real error to"),
        max_length=13,
        choices=Exempt.choices,
        default=Exempt.NOBODY,
        help_text=_("Who may see a page sees it, whatever is chosen here."),
    )
    fold_client_errors = models.BooleanField(
        _("hide every error from 400 to 499"),
        default=False,
        help_text=_(
            "Not only that something is refused: an error for a form that was filled in wrongly"
            " says too that there is something."
        ),
    )

    class Meta:
        verbose_name = _("hidden area")
        verbose_name_plural = _("hidden areas")
        ordering = ["pattern", "host", "kind"]
        constraints = [
            models.UniqueConstraint(
                fields=["pattern", "host", "kind"],
                name="http_errors_hiding_unique",
                violation_error_message=_("There is one already."),
            ),
            models.CheckConstraint(
                condition=Q(kind__in=MatchType.values), name="http_errors_hiding_kind"
            ),
            models.CheckConstraint(
                condition=Q(exempt__in=["nobody", "authenticated", "staff"]),
                name="http_errors_hiding_exempt",
            ),
            models.CheckConstraint(
                condition=Q(pattern__startswith="/"), name="http_errors_hiding_path"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.host}{self.pattern}"

    def clean(self) -> None:
        super().clean()
        # A blank pattern, which would be "/", is refused as that.
        if self.pattern and not self.confirmed:
            try:
                validators.hiding(self.kind, self.pattern)
            except ValidationError as error:
                raise ValidationError({"pattern": error}) from error


class MissingPage(models.Model):
    """What visitors didn't find: one row for each host and path, counted while it is switched on.

    A path with ``*`` is a pattern: whatever matches it is counted there, as one.
    """

    host = models.CharField(_("host"), max_length=253, blank=True, default="")
    path = models.CharField(
        _("address"),
        max_length=500,
        validators=[validators.no_control],
        help_text=_(
            "What visitors did not find comes here by itself. Add an address with * in it to have"
            " everything that matches counted as one: *.php"
        ),
    )
    hits = models.PositiveBigIntegerField(_("visits"), default=0, editable=False)
    first_seen = models.DateTimeField(_("first seen"), default=timezone.now, editable=False)
    last_seen = models.DateTimeField(_("last seen"), default=timezone.now, editable=False)
    referrer = models.CharField(
        _("last page with a link to it"), max_length=500, blank=True, default="", editable=False
    )
    ignored = models.BooleanField(
        _("ignored"), default=False, help_text=_("Not shown in the list, but still counted.")
    )

    class Meta:
        verbose_name = _("missing page")
        verbose_name_plural = _("missing pages")
        ordering = ["-hits", "host", "path"]
        indexes = [models.Index(fields=["hits", "last_seen"], name="http_errors_missing_rarest")]
        constraints = [
            models.UniqueConstraint(
                fields=["host", "path"],
                name="http_errors_missing_unique",
                violation_error_message=_("There is one already."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.host}{self.path}"


class UndoPart(models.Model):
    """Some of the rows that one action of an editor has changed, to take it back within an hour.

    action: the same for all parts of an action
    user: the primary key of who did it, as text: the app doesn't need django.contrib.auth
    rows: of each row its key, and its values before and after; None for no row
    """

    action = models.CharField(max_length=32, db_index=True)
    model = models.CharField(max_length=50)
    user = models.CharField(max_length=150)
    made_at = models.DateTimeField(default=timezone.now, db_index=True)
    rows = models.JSONField()

    class Meta:
        verbose_name = _("action that can be undone")
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.model} {self.action}"


def _note_fixture(raw: bool, using: str, sender: Any, instance: BaseRule, **kwargs: Any) -> None:
    """Record a row of a fixture as an edit, which doesn't come by `save`."""
    if not raw:
        return
    row = sender._base_manager.using(using).filter(pk=instance.pk)

    def change() -> None:
        # By another spelling of its host, or a wrong digest, it would never be found.
        instance.host = _bare(instance.host)
        values: dict[str, Any] = {"host": instance.host}
        if isinstance(instance, PermanenceRule):
            instance.digest = _digest(decoded_path(instance.pattern), instance.kind)
            values["digest"] = instance.digest
        row.update(**values)

    recorded(using, _digests_of([instance]), change)


def _digest(pattern: str, kind: str) -> int:
    return digest_of_rule(pattern_key(pattern), is_route=kind == MatchType.ROUTE)


for _model in (ErrorMessage, PermanenceRule, HidingRule):
    post_save.connect(_note_fixture, sender=_model)
