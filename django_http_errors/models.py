"""What editors change: the words of errors, and which addresses are gone."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any, TypeVar

from django.core.exceptions import ValidationError
from django.core.validators import MaxLengthValidator
from django.db import models, router, transaction
from django.db.models import F, Q
from django.db.models.signals import post_save
from django.dispatch import Signal
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from . import validators
from .http.urls import decoded_path
from .problems import Permanence

# Sent in the process that made an edit: at once, and again when it is committed.
edited = Signal()

STATUSES = ("", "4xx", "5xx", *map(str, range(400, 600)))

T = TypeVar("T")


class Generation(models.Model):
    """One row with a number that every edit advances, in the edit's own transaction.

    Other processes see by it that their snapshot is old, without reading the rows.
    """

    ROW = 1

    number = models.BigIntegerField(default=0)

    class Meta:
        verbose_name = _("generation")

    def __str__(self) -> str:
        return str(self.number)

    @classmethod
    def advance(cls, using: str) -> int:
        """Return the next number, in the transaction that is open on `using`.

        Until that has ended nobody else gets one: the numbers are in the order of the commits.
        """
        rows = cls._base_manager.using(using)
        step = {"number": F("number") + 1}
        if not rows.filter(pk=cls.ROW).update(**step):
            rows.bulk_create([cls(pk=cls.ROW)], ignore_conflicts=True)
            rows.filter(pk=cls.ROW).update(**step)
        return cls.current(using)

    @classmethod
    def current(cls, using: str) -> int:
        """Return the number, 0 before the first edit."""
        rows = cls._base_manager.using(using).filter(pk=cls.ROW)
        return rows.values_list("number", flat=True).first() or 0


def committed() -> None:
    """Say that an edit is there for everybody; one object, to be found in `run_on_commit`."""
    edited.send(sender=Generation)


def advancing(using: str, edit: Callable[[int], T]) -> T:
    """Return what `edit` makes of the next generation, in the transaction that advances it."""
    with transaction.atomic(using=using):
        result = edit(Generation.advance(using))
        transaction.on_commit(committed, using=using)
    edited.send(sender=Generation)
    return result


class RuleQuerySet(models.QuerySet[Any]):
    """Rows whose every change advances the generation, the bulk ones included."""

    def enabled(self) -> RuleQuerySet:
        return self.filter(enabled=True)

    @property
    def _written(self) -> str:
        """The database that changes go to; `db` may be one that is only read."""
        using: str | None = self._db  # type: ignore[attr-defined]
        return using or router.db_for_write(self.model)

    def update(self, **values: Any) -> int:
        change = super().update
        return advancing(self._written, lambda number: change(**values, generation=number))

    update.alters_data = True  # type: ignore[attr-defined]

    def delete(self) -> tuple[int, dict[str, int]]:
        remove = super().delete
        return advancing(self._written, lambda number: remove())

    delete.alters_data = True  # type: ignore[attr-defined]
    delete.queryset_only = True  # type: ignore[attr-defined]

    def bulk_create(self, objs: Iterable[Any], *args: Any, **kwargs: Any) -> list[Any]:
        objs = list(objs)
        if kwargs.get("update_fields"):
            kwargs["update_fields"] = {*kwargs["update_fields"], "generation"}
        create = super().bulk_create

        def edit(number: int) -> list[Any]:
            for each in objs:
                each.normalise()
                each.generation = number
            return create(objs, *args, **kwargs)

        return advancing(self._written, edit)

    bulk_create.alters_data = True  # type: ignore[attr-defined]

    def bulk_update(self, objs: Iterable[Any], *args: Any, **kwargs: Any) -> int:
        objs = list(objs)
        for each in objs:
            each.normalise()
        return super().bulk_update(objs, *args, **kwargs)  # which calls `update`

    bulk_update.alters_data = True  # type: ignore[attr-defined]


class BaseRule(models.Model):
    """What messages and rules have in common."""

    host: models.CharField[str, str]

    enabled = models.BooleanField(_("enabled"), default=True)
    # The one that the last edit of this row made: who knows an older one reads the row again.
    generation = models.BigIntegerField(default=0, editable=False)

    objects = RuleQuerySet.as_manager()

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.normalise()
        if kwargs.get("update_fields") is not None:
            kwargs["update_fields"] = {*kwargs["update_fields"], "generation"}
        save = super().save

        def edit(number: int) -> None:
            self.generation = number
            save(*args, **kwargs)

        advancing(kwargs.get("using") or router.db_for_write(type(self), instance=self), edit)

    def delete(self, using: str | None = None, keep_parents: bool = False) -> Any:
        alias = using or router.db_for_write(type(self), instance=self)
        remove = super().delete
        return advancing(alias, lambda number: remove(using, keep_parents))

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
        self.host = self.host.strip().lower()


class ErrorMessage(BaseRule):
    """The words for some errors; what is left blank comes from the next less specific row."""

    PERMANENCES = [
        ("", _("as the status has it")),
        (Permanence.TEMPORARY.value, _("temporary")),
        (Permanence.PERMANENT.value, _("permanent")),
        (Permanence.UNKNOWN.value, _("unknown")),
    ]

    status = models.CharField(
        _("status"),
        max_length=3,
        blank=True,
        validators=[validators.status],
        help_text=_("A status such as 404, a class (4xx or 5xx), or blank for any error."),
    )
    language = models.CharField(
        _("language"),
        max_length=35,
        blank=True,
        validators=[validators.language],
        help_text=_("A language tag such as de or pt-br, or blank for any language."),
    )
    host = models.CharField(
        _("host"),
        max_length=253,
        blank=True,
        validators=[validators.host],
        help_text=_("A host name without scheme and port, or blank for any host."),
    )
    path_prefix = models.CharField(
        _("path prefix"),
        max_length=400,
        blank=True,
        validators=[validators.path],
        help_text=_("/shop/ stands for /shop and everything below it; blank for any path."),
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
        _("permanence"), max_length=9, blank=True, default="", choices=PERMANENCES
    )
    action_label = models.CharField(
        _("action"),
        max_length=100,
        blank=True,
        validators=[validators.no_control],
        help_text=_('What the link says, for instance "Contact the shop".'),
    )
    action_url = models.CharField(
        _("address of the action"), max_length=500, blank=True, validators=[validators.link]
    )

    class Meta:
        verbose_name = _("error message")
        verbose_name_plural = _("error messages")
        ordering = ["status", "host", "path_prefix", "language"]
        constraints = [
            models.UniqueConstraint(
                fields=["status", "language", "host", "path_prefix"],
                name="http_errors_message_unique",
                violation_error_message=_("There is a message for just this already."),
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

    def clean(self) -> None:
        self.normalise()
        if bool(self.action_label) != bool(self.action_url):
            field = "action_url" if self.action_label else "action_label"
            raise ValidationError({field: _("An action has a text and an address, or neither.")})


class MatchType(models.TextChoices):
    """How a pattern covers addresses."""

    EXACT = "exact", _("this address")
    PREFIX = "prefix", _("this address and everything below it")
    ROUTE = "route", _("all addresses of this route")


class PathRule(BaseRule):
    """A row that is for the addresses that a pattern covers, at one host or at any."""

    kind = models.CharField(
        _("kind"), max_length=6, choices=MatchType.choices, default=MatchType.EXACT
    )
    pattern = models.CharField(
        _("address"),
        max_length=500,
        validators=[validators.path],
        help_text=_(
            "Begins with a slash, without host and query: /old-shop/. A route is written as in a"
            " URLconf: /archive/&lt;int:year&gt;/."
        ),
    )
    host = models.CharField(
        _("host"),
        max_length=253,
        blank=True,
        default="",
        validators=[validators.host],
        help_text=_("A host name without scheme and port, or blank for any host."),
    )
    note = models.TextField(
        _("note"),
        max_length=4000,
        blank=True,
        validators=[validators.lines, MaxLengthValidator(4000)],
        help_text=_("For editors; never shown to visitors."),
    )

    class Meta:
        abstract = True

    def normalise(self) -> None:
        super().normalise()
        self.pattern = decoded_path(self.pattern)
        if self.pattern.endswith("//"):
            # The same addresses as with one slash, and to be found in the database by that.
            self.pattern = f"{self.pattern.rstrip('/')}/"

    def clean(self) -> None:
        self.normalise()
        try:
            validators.wildcards(self.pattern)
            if self.kind == MatchType.ROUTE:
                validators.route(self.pattern)
        except ValidationError as error:
            raise ValidationError({"pattern": error}) from error


class PermanenceRuleQuerySet(RuleQuerySet):
    """The questions that are asked of permanence rules."""

    def live(self, at: datetime | None = None) -> PermanenceRuleQuerySet:
        """Return the rules that are in force `at` a time, now if left out."""
        at = at or timezone.now()
        return self.filter(
            Q(valid_from=None) | Q(valid_from__lte=at),
            Q(valid_until=None) | Q(valid_until__gt=at),
            enabled=True,
        )

    def expired(self, at: datetime | None = None) -> PermanenceRuleQuerySet:
        """Return the enabled rules that were in force before a time, now if left out."""
        return self.filter(valid_until__lte=at or timezone.now(), enabled=True)

    def pending(self, at: datetime | None = None) -> PermanenceRuleQuerySet:
        """Return the enabled rules that will be in force after a time, now if left out."""
        return self.filter(valid_from__gt=at or timezone.now(), enabled=True)


class PermanenceRule(PathRule):
    """What a 404 at some addresses means: gone for good, or coming (back).

    RFC 9110, section 15.5.11: 410 "if the origin server knows, presumably through some
    configurable means". This is the means.
    """

    class Source(models.TextChoices):
        ADMIN = "admin", _("admin")
        IMPORT = "import", _("import")
        CODE = "code", _("code")

    class Answer(models.TextChoices):
        PERMANENT = "permanent", _("permanent: 410 Gone")
        TEMPORARY = "temporary", _("temporary: 404, and will be there")

    permanence = models.CharField(
        _("permanence"), max_length=9, choices=Answer.choices, default=Answer.PERMANENT
    )
    reason = models.TextField(
        _("reason"),
        max_length=4000,
        blank=True,
        validators=[validators.words, MaxLengthValidator(4000)],
        help_text=_("Shown to visitors. Blank for the words that the status has."),
    )
    replacement = models.CharField(
        _("replacement"),
        max_length=500,
        blank=True,
        validators=[validators.link],
        help_text=_("An address that visitors are offered instead; they are not redirected."),
    )
    expected_at = models.DateTimeField(
        _("expected at"),
        null=True,
        blank=True,
        help_text=_("When something temporary is going to be there."),
    )
    valid_from = models.DateTimeField(_("valid from"), null=True, blank=True)
    valid_until = models.DateTimeField(_("valid until"), null=True, blank=True)
    source = models.CharField(
        _("source"),
        max_length=6,
        choices=Source.choices,
        default=Source.ADMIN,
        editable=False,
    )
    # A name and no foreign key: the app doesn't need django.contrib.auth.
    author = models.CharField(_("author"), max_length=150, blank=True, editable=False)
    # Not auto_now: fixtures may leave them out, and an import restores what an export had.
    created_at = models.DateTimeField(_("created at"), default=timezone.now, editable=False)
    updated_at = models.DateTimeField(_("updated at"), default=timezone.now, editable=False)

    objects = PermanenceRuleQuerySet.as_manager()  # type: ignore[misc]

    class Meta:
        verbose_name = _("permanence rule")
        verbose_name_plural = _("permanence rules")
        ordering = ["pattern", "host", "kind"]
        # For the routes alone, and for what has changed since a generation.
        indexes = [models.Index(fields=["kind", "generation"], name="http_errors_permanence_new")]
        constraints = [
            models.UniqueConstraint(
                fields=["pattern", "host", "kind"],
                name="http_errors_permanence_unique",
                violation_error_message=_("There is a rule for just this already."),
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
                violation_error_message=_("A rule can't end before it begins."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.host}{self.pattern}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            self.updated_at = timezone.now()
        if kwargs.get("update_fields") is not None:
            kwargs["update_fields"] = {*kwargs["update_fields"], "updated_at"}
        super().save(*args, **kwargs)

    def clean(self) -> None:
        super().clean()
        if self.valid_from and self.valid_until and self.valid_from >= self.valid_until:
            raise ValidationError({"valid_until": _("A rule can't end before it begins.")})
        if self.expected_at and self.permanence != self.Answer.TEMPORARY:
            raise ValidationError(
                {"expected_at": _("Only what is temporary can be expected at some time.")}
            )


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
        _("exempt"),
        max_length=13,
        choices=Exempt.choices,
        default=Exempt.NOBODY,
        help_text=_("Who sees what is really the matter."),
    )
    fold_client_errors = models.BooleanField(
        _("hide every client error"),
        default=False,
        help_text=_(
            "Make a 404 of all 4xx, not only of 401 and 403: a 405 or a 400 says too that there"
            " is something."
        ),
    )

    class Meta:
        verbose_name = _("hiding rule")
        verbose_name_plural = _("hiding rules")
        ordering = ["pattern", "host", "kind"]
        constraints = [
            models.UniqueConstraint(
                fields=["pattern", "host", "kind"],
                name="http_errors_hiding_unique",
                violation_error_message=_("There is a rule for just this already."),
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
        if not self.confirmed:
            try:
                validators.hiding(self.kind, self.pattern)
            except ValidationError as error:
                raise ValidationError({"pattern": error}) from error


def _note_fixture(raw: bool, using: str, sender: Any, instance: BaseRule, **kwargs: Any) -> None:
    """Advance the generation for a row of a fixture, which doesn't come by `save`."""
    if raw:
        row = sender._base_manager.using(using).filter(pk=instance.pk)
        advancing(using, lambda number: row.update(generation=number))


for _model in (ErrorMessage, PermanenceRule, HidingRule):
    post_save.connect(_note_fixture, sender=_model)
