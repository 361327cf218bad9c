"""The settings: one dict, ``HTTP_ERRORS``, read when it is used.

Each setting is a row here: its default, and the function that checks a value and makes it
immutable. The pipeline reads `http_errors.NAME` and always gets a usable value: an ill-typed one
is replaced by the default, and reported by a system check (`setting_errors`). What was read is
kept until Django says that a setting has changed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Generic, NamedTuple, ParamSpec, TypeVar, cast, overload

from django.conf import settings
from django.core.signals import setting_changed
from django.utils.functional import Promise
from django.utils.module_loading import import_string

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

T = TypeVar("T")
P = ParamSpec("P")

LOCALE_MIDDLEWARE = "django.middleware.locale.LocaleMiddleware"

# What a header can be (RFC 9110, sections 5.1 and 5.5).
HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
HEADER_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")


class SettingError(NamedTuple):
    """A setting that can't be used: its name ("": all of them) and what is wrong with it."""

    name: str
    unknown: bool
    message: str


class Setting(Generic[T]):
    """One key of ``HTTP_ERRORS``.

    `validate` turns what the project wrote into the value that the pipeline uses and raises
    ValueError where it can't.
    """

    def __init__(self, default: object, validate: Callable[[object], T]) -> None:
        self.default = default
        self.validate = validate

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    @overload
    def __get__(self, instance: None, owner: type) -> Setting[T]: ...
    @overload
    def __get__(self, instance: object, owner: type) -> T: ...
    def __get__(self, instance: object, owner: type) -> T | Setting[T]:
        if instance is None:
            return self
        given = project_settings().get(self.name, self.default)
        try:
            value = self.validate(given)
        except ValueError:
            value = self.validate(self.default)
        # From now on Python finds it there, and doesn't come here.
        vars(instance)[self.name] = value
        return value


def project_settings() -> Mapping[str, object]:
    """Return the project's ``HTTP_ERRORS`` as it is now, {} where there is none to be read."""
    given = getattr(settings, "HTTP_ERRORS", None)
    return given if isinstance(given, dict) else {}


def _path(value: object) -> str:
    if not isinstance(value, str) or (value and "." not in value):
        raise ValueError("the path of a function, or an empty string, is expected")
    return value


def _header_name(value: object) -> str:
    if not isinstance(value, str) or (value and not HEADER_NAME.fullmatch(value)):
        raise ValueError("the name of a header, or an empty string, is expected")
    return value


def _text(value: object) -> StrOrPromise:
    # A lazy text is read when a page is made, in the language of that.
    if not isinstance(value, (str, Promise)):
        raise ValueError("a string is expected")
    return cast("StrOrPromise", value)


def _texts(value: object) -> tuple[str, ...]:
    if (
        not isinstance(value, (list, tuple))
        or not value
        or not all(isinstance(each, str) and each for each in value)
    ):
        raise ValueError("a list of at least one string is expected")
    return tuple(value)


def _challenges(value: object) -> tuple[str, ...]:
    challenges = _texts(value)
    if not all(each.strip() and HEADER_VALUE.fullmatch(each) for each in challenges):
        raise ValueError("a list of strings, each in one line (ISO 8859-1), is expected")
    return challenges


def _text_mapping(value: object) -> dict[str, str]:
    if not isinstance(value, dict) or not all(
        isinstance(each, str) for pair in value.items() for each in pair
    ):
        raise ValueError("a dict from string to string is expected")
    return dict(value)


def _is_error(status: object) -> bool:
    return isinstance(status, int) and 400 <= status <= 599


def _exceptions(value: object) -> dict[str, int | str]:
    if not isinstance(value, dict) or not all(
        isinstance(path, str) and (_is_error(each) or (isinstance(each, str) and "." in each))
        for path, each in value.items()
    ):
        raise ValueError(
            "a dict from the path of an exception to a status, a number from 400 to 599, or to the"
            " path of a function is expected"
        )
    return dict(value)


def _boolean(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError("True or False is expected")
    return value


def _seconds(value: object) -> float:
    if not isinstance(value, (int, float)) or not 0 <= value <= 3600:
        raise ValueError("a number of seconds, 0 to 3600, is expected")
    return float(value)


CACHE_CONTROL_DEFAULT = {"4xx": "no-store", "5xx": "no-store"}


def _cache_control(value: object) -> dict[object, str]:
    if not isinstance(value, dict) or not all(
        (_is_error(key) or key in ("4xx", "5xx"))
        and isinstance(directives, str)
        and HEADER_VALUE.fullmatch(directives)
        for key, directives in value.items()
    ):
        raise ValueError(
            'a dict from a status (a number from 400 to 599), "4xx" or "5xx" to a Cache-Control, in'
            " one line, is expected"
        )
    return {**CACHE_CONTROL_DEFAULT, **value}


MEDIA_TYPES_DEFAULT = {"/": "text/html"}
MEDIA_TYPE = re.compile(rf"{HEADER_NAME.pattern}/{HEADER_NAME.pattern}")


def _media_types_by_prefix(value: object) -> tuple[tuple[str, str], ...]:
    prefixes = {**MEDIA_TYPES_DEFAULT, **_text_mapping(value)}
    if not all(
        prefix.startswith("/") and MEDIA_TYPE.fullmatch(media_type)
        for prefix, media_type in prefixes.items()
    ):
        raise ValueError(
            "a dict from a path prefix, beginning with /, to a media type without parameters"
            " is expected"
        )
    longest_first = sorted(prefixes.items(), key=lambda item: len(item[0]), reverse=True)
    return tuple((prefix, media_type.lower()) for prefix, media_type in longest_first)


RENDERERS_DEFAULT = (
    "django_http_errors.http.renderers.HTMLRenderer",
    "django_http_errors.http.renderers.ProblemJSONRenderer",
    "django_http_errors.http.renderers.JSONRenderer",
    "django_http_errors.http.renderers.TextRenderer",
)


class HttpErrorsSettings:
    """The settings, a line each; the reference says what they mean."""

    CACHE_CONTROL = Setting({}, _cache_control)
    CHALLENGES = Setting(['Session realm="site"'], _challenges)
    DEFAULT_HANDLERS = Setting(True, _boolean)
    DEFAULT_MEDIA_TYPES = Setting({}, _media_types_by_prefix)
    EXCEPTIONS = Setting({}, _exceptions)
    LOGIN_CHALLENGE = Setting(False, _boolean)
    MISSING_PAGES = Setting(False, _boolean)
    RENDERERS = Setting(RENDERERS_DEFAULT, _texts)
    REFRESH_SECONDS = Setting(5, _seconds)
    REQUEST_ID = Setting("", _path)
    REQUEST_ID_HEADER = Setting("X-Request-ID", _header_name)
    SITE_NAME = Setting("", _text)

    @cached_property
    def request_id_key(self) -> str:
        """What the header REQUEST_ID_HEADER is called in `HttpRequest.META`."""
        return "HTTP_" + self.REQUEST_ID_HEADER.upper().replace("-", "_")

    @cached_property
    def has_forwarded_hosts(self) -> bool:
        """Whether the host of a request is the one that a server in front says."""
        return bool(settings.USE_X_FORWARDED_HOST)

    @cached_property
    def is_localised(self) -> bool:
        """Whether the language of an answer depends on who asks."""
        languages = {settings.LANGUAGE_CODE, *dict(settings.LANGUAGES)}
        return settings.USE_I18N and len(languages) > 1 and has_middleware(LOCALE_MIDDLEWARE)


http_errors = HttpErrorsSettings()


def forget_on_change(forget: Callable[[], object]) -> None:
    """Call `forget` whenever a setting changes, which Django says in tests."""
    setting_changed.connect(lambda **kwargs: forget(), weak=False)


def cached_until_settings_change(function: Callable[P, T]) -> Callable[P, T]:
    """Return `function` with a cache of what it returned, emptied when a setting changes."""
    cached = lru_cache(maxsize=512)(function)
    forget_on_change(cached.cache_clear)
    return cached  # type: ignore[return-value]


forget_on_change(vars(http_errors).clear)


@cached_until_settings_change
def installed_middleware() -> tuple[tuple[str, frozenset[str]], ...]:
    """Return each path of MIDDLEWARE, and beside it those of the classes that it is made from."""
    return tuple((path, _names_of(path)) for path in settings.MIDDLEWARE)


def _names_of(path: str) -> frozenset[str]:
    try:
        found = import_string(path)
    except Exception:  # noqa: BLE001 - the project's code; Django says that it can't be imported
        return frozenset({path})
    bases = found.__mro__ if isinstance(found, type) else ()
    return frozenset({path, *(f"{each.__module__}.{each.__qualname__}" for each in bases)})


def has_middleware(path: str) -> bool:
    """Return whether MIDDLEWARE has the class at `path`, or a subclass."""
    return any(path in names for _path, names in installed_middleware())


SETTINGS: Mapping[str, Setting[object]] = {
    name: value for name, value in vars(HttpErrorsSettings).items() if isinstance(value, Setting)
}


def setting_errors() -> Iterator[SettingError]:
    """Yield what is wrong with the project's ``HTTP_ERRORS``, for the system check."""
    given = getattr(settings, "HTTP_ERRORS", {})
    if not isinstance(given, dict):
        yield SettingError("", False, "a dict is expected")
        return
    for name, value in given.items():
        setting = SETTINGS.get(name)
        if setting is None:
            yield SettingError(str(name), True, "there is no such setting")
            continue
        try:
            setting.validate(value)
        except ValueError as error:
            yield SettingError(name, False, str(error))
