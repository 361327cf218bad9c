"""An error of every kind, raised and returned as ordinary views do it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping
from functools import wraps
from typing import Any

from django import forms
from django.contrib.admin.templatetags.admin_urls import admin_urlname
from django.contrib.auth import login
from django.contrib.auth.models import User
from django.core.exceptions import (
    BadRequest,
    PermissionDenied,
    RequestDataTooBig,
    SuspiciousOperation,
)
from django.core.handlers.asgi import ASGIRequest
from django.db import transaction
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseGone,
    HttpResponseNotAllowed,
    JsonResponse,
    StreamingHttpResponse,
)
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.http import urlencode
from django.views import View, defaults
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from django_http_errors import exceptions
from django_http_errors.core.statuses import STATUSES
from django_http_errors.decorators import (
    errors_exempt,
    hide_forbidden,
    require_acceptable,
    require_content_types,
)
from django_http_errors.models import ErrorMessage, PermanenceRule

from .models import Document

# What an exception is told, so that its answer has the fields that its status owes.
ARGUMENTS: Mapping[int, Mapping[str, Any]] = {
    # No scheme that makes a browser ask for a password in a window of its own.
    401: {"challenges": ['Session realm="demo"', 'Bearer realm="demo"']},
    405: {"allow": ["GET", "POST"]},
    406: {
        "available": [
            {"type": "text/html", "href": "/documents/1/", "language": "en"},
            {"type": "application/json", "href": "/api/documents/1/"},
        ]
    },
    407: {"challenges": ['Bearer realm="demo"']},
    413: {"retry_after": 300},
    415: {"accept": ["application/json", "text/csv"], "accept_encoding": ["identity"]},
    416: {"length": 1234},
    422: {
        "errors": [
            {"detail": "This field is required.", "pointer": "/title", "code": "required"},
            {"detail": "Enter a date.", "pointer": "/chapters/0/date", "code": "invalid"},
        ]
    },
    426: {"upgrade": ["HTTP/2.0"]},
    429: {"retry_after": 30},
    451: {"blocked_by": "https://court.example/"},
    503: {"retry_after": 120},
}

# Responses of Django's that are more than a status; the others are just that.
RESPONSES: Mapping[int, Callable[[], HttpResponse]] = {
    405: lambda: HttpResponseNotAllowed(["GET", "POST"]),
    410: HttpResponseGone,
}

BUILTIN: Mapping[str, type[Exception]] = {
    "http404": Http404,
    "permission-denied": PermissionDenied,
    "bad-request": BadRequest,
    "suspicious-operation": SuspiciousOperation,
    "data-too-big": RequestDataTooBig,
    "crash": ZeroDivisionError,
}

# What Django answers by itself, where a project has no templates for it.
DJANGO: Mapping[int, Callable[[HttpRequest], HttpResponse]] = {
    403: lambda request: defaults.permission_denied(request, PermissionDenied()),
    404: lambda request: defaults.page_not_found(request, Http404()),
    410: lambda request: HttpResponseGone(),
}

# The document that comes and goes. New ones get lower numbers, for a long time.
DELETED = 410

OWN_BODY = "own body"

SyncView = Callable[..., HttpResponse]


def asynchronous(view: SyncView) -> Callable[..., Coroutine[Any, Any, HttpResponse]]:
    """Return `view` as an async one; it must not block."""

    @wraps(view)
    async def wrapper(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return view(request, *args, **kwargs)

    return wrapper


def _require_error(status: int) -> None:
    if not 400 <= status <= 599:
        raise exceptions.NotFound(f"{status} is no status of an error: those go from 400 to 599.")


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """Show in cards what the app does, and list everything else that the site shows."""
    return render(
        request,
        "testproject/index.html",
        {
            "deleted": DELETED,
            "statuses": STATUSES.values(),
            "unregistered": [418, 499, 599],
            "builtin": BUILTIN,
        },
    )


@errors_exempt
@require_safe
def django_alone(request: HttpRequest, status: int) -> HttpResponse:
    """Answer what Django answers without the app."""
    if status not in DJANGO:
        raise Http404
    return DJANGO[status](request)


def _sign_in_as_editor(request: HttpRequest) -> None:
    """Sign the visitor in, who has sent a form with a token: this site is for one person only."""
    login(request, get_object_or_404(User, username="editor"))


@require_POST
def edit_message(request: HttpRequest) -> HttpResponse:
    """Lead an editor to the message for 404 below /shop/."""
    _sign_in_as_editor(request)
    place = {"status": "404", "path_prefix": "/shop/"}
    message = ErrorMessage.objects.filter(**place).first()
    if message is None:
        return redirect(f"{reverse(admin_urlname(ErrorMessage._meta, 'add'))}?{urlencode(place)}")
    return redirect(admin_urlname(ErrorMessage._meta, "change"), message.pk)


@require_POST
def try_address(request: HttpRequest) -> HttpResponse:
    """Lead an editor to what the admin says of an address."""
    _sign_in_as_editor(request)
    page = reverse(admin_urlname(PermanenceRule._meta, "try"))
    return redirect(f"{page}?{urlencode({'address': request.POST.get('address', '/')})}")


@require_POST
def delete_document(request: HttpRequest) -> HttpResponse:
    """Make a public document and delete it, and lead to where it was."""
    document = Document(pk=DELETED, title="Gone soon", body="A short life.", public=True)
    url = document.get_absolute_url()
    with transaction.atomic():
        document.save()
        document.delete()
    return redirect(url)


@csrf_exempt
def raise_status(request: HttpRequest, status: int) -> HttpResponse:
    """Raise the app's exception for `status`."""
    _require_error(status)
    if status in exceptions.EXCEPTIONS:
        raise exceptions.EXCEPTIONS[status](**ARGUMENTS.get(status, {}))
    raise exceptions.HttpError(status=status)


@csrf_exempt
def return_status(request: HttpRequest, status: int) -> HttpResponse:
    """Return Django's response for `status`, which has no content."""
    _require_error(status)
    return RESPONSES[status]() if status in RESPONSES else HttpResponse(status=status)


@csrf_exempt
def raise_builtin(request: HttpRequest, name: str) -> HttpResponse:
    """Raise the exception of Django's (or Python's) that `name` stands for."""
    if name not in BUILTIN:
        raise exceptions.NotFound
    raise BUILTIN[name]("This text is for the log, and must not be shown to anyone.")


@csrf_exempt
def own_body(request: HttpRequest, status: int) -> HttpResponse:
    """Return an error that has something to say for itself."""
    _require_error(status)
    return HttpResponse(OWN_BODY, status=status, content_type="text/plain")


@csrf_exempt
def stream(request: HttpRequest, status: int) -> StreamingHttpResponse:
    """Return an error whose content comes piece by piece."""
    _require_error(status)
    # Django reads an ordinary iterator to its end before an ASGI server gets the first piece.
    pieces = _pieces_later() if isinstance(request, ASGIRequest) else _pieces()
    return StreamingHttpResponse(pieces, status=status, content_type="text/plain")


def _pieces() -> Iterator[str]:
    yield OWN_BODY[:4]
    yield OWN_BODY[4:]


async def _pieces_later() -> AsyncIterator[str]:
    for piece in _pieces():
        yield piece


class CheckedOut(exceptions.Conflict):
    """A problem type of the site's own, whose page is below /problems/."""

    title = "Somebody else has this document"
    detail = "Wait until it is returned, or ask for a copy."

    def __init__(self, until: str = "2030-01-31") -> None:
        super().__init__(extensions={"until": until})


@require_safe
def checked_out(request: HttpRequest) -> HttpResponse:
    raise CheckedOut


@method_decorator(csrf_exempt, name="dispatch")
class NegotiatedView(View):
    """Gives HTML and JSON, takes JSON."""

    @method_decorator(require_acceptable("text/html", "application/json"))
    def get(self, request: HttpRequest) -> HttpResponse:
        if request.accepted_media_type == "application/json":  # type: ignore[attr-defined]
            return JsonResponse({"message": "This is JSON."})
        return render(request, "testproject/negotiated.html")

    @method_decorator(require_content_types("application/json"))
    def post(self, request: HttpRequest) -> HttpResponse:
        try:
            received = json.loads(request.body)
        except ValueError as error:
            raise exceptions.BadRequest("The content is not well-formed JSON.") from error
        return JsonResponse({"received": received})


class GreetingForm(forms.Form):
    """Asks for a name."""

    name = forms.CharField(max_length=100, label="Your name")


@require_http_methods(["GET", "HEAD", "POST"])
def form(request: HttpRequest) -> HttpResponse:
    """Show a form, and what was sent with it."""
    greeting = GreetingForm(request.POST or None)
    name = greeting.cleaned_data["name"] if greeting.is_valid() else ""
    return render(request, "testproject/form.html", {"form": greeting, "name": name})


def _show(request: HttpRequest, document: Document) -> HttpResponse:
    return render(request, "testproject/document.html", {"document": document})


@require_safe
def plain_document(request: HttpRequest, pk: int) -> HttpResponse:
    """Show a document; that there is a private one is no secret."""
    found = get_object_or_404(Document, pk=pk)
    if not found.is_readable_by(request.user):
        raise PermissionDenied
    return _show(request, found)


@hide_forbidden
def document(request: HttpRequest, pk: int) -> HttpResponse:
    """Show a document; one that the visitor may not read can't be told from one that isn't there.

    The view refuses just as the plain one does. Filtering by `readable_by` would ask the
    database the same question for both, and close the channel of time too.
    """
    response: HttpResponse = plain_document(request, pk)
    return response


def vault(request: HttpRequest) -> HttpResponse:
    """Exist, and let nobody in; a HidingRule hides that from everybody."""
    raise PermissionDenied
