"""Views of REST framework that go wrong; imported only where that is installed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rest_framework.authentication import BaseAuthentication
from rest_framework.parsers import FormParser, JSONParser
from rest_framework.renderers import BaseRenderer, BrowsableAPIRenderer, JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView


class PlainView(APIView):
    """A view that depends on none of the project's defaults."""

    authentication_classes: Any = []
    permission_classes: Any = []
    throttle_classes: Any = []
    parser_classes = [JSONParser, FormParser]
    renderer_classes: Any = [JSONRenderer, BrowsableAPIRenderer]

    def get(self, request: Request, **kwargs: Any) -> Response:
        return Response({"fine": True})

    def post(self, request: Request, **kwargs: Any) -> Response:
        return Response(request.data)


class Raising(PlainView):
    """Raises what `make` returns, for any method that it takes."""

    make: Callable[[], BaseException] = ZeroDivisionError

    def get(self, request: Request, **kwargs: Any) -> Response:
        raise self.make()

    post = put = patch = delete = get


class Validating(PlainView):
    """Validates what is posted with `serializer_class`, and returns it if it is valid."""

    serializer_class: Any = None
    many = False

    def post(self, request: Request, **kwargs: Any) -> Response:
        serializer = self.serializer_class(data=request.data, many=self.many)
        serializer.is_valid(raise_exception=True)
        return Response(serializer.data)


def raising(make: Callable[[], BaseException], **attributes: Any) -> Any:
    return Raising.as_view(make=make, **attributes)


def challenging(challenge: str | None) -> type[BaseAuthentication]:
    """Return an authentication that knows nobody, and asks with `challenge` if there is one."""

    class Authentication(BaseAuthentication):
        def authenticate(self, request: Request) -> None:
            return None

        def authenticate_header(self, request: Request) -> str | None:
            return challenge

    return Authentication


class LinesRenderer(BaseRenderer):
    """A form of the project's own: a line for each member."""

    media_type = "application/x-lines"
    format = "lines"

    def render(self, data: Any, *args: Any, **kwargs: Any) -> str:
        return "".join(f"{name}: {value}\n" for name, value in data.items())


class OddRenderer(BaseRenderer):
    """Returns what `result` makes, whatever that is."""

    media_type = "application/x-odd"
    format = "odd"
    charset = None
    result: Callable[[Any], Any]

    def render(self, data: Any, *args: Any, **kwargs: Any) -> Any:
        return self.result()


# What isn't content, although Python lets a renderer return it.
ODD_RESULTS: dict[str, Callable[[Any], Any]] = {
    "dict": lambda self: {"a": 1},
    "empty-dict": lambda self: {},
    "list": lambda self: [b"a", b"b"],
    "empty-list": lambda self: [],
    "generator": lambda self: (each for each in [b"a"]),
    "none": lambda self: None,
    "number": lambda self: 7,
    "text-in-no-charset": lambda self: "text",
}


class FailingRenderer(JSONRenderer):
    """Writes successes only."""

    media_type = "application/x-failing"
    format = "failing"

    def render(self, data: Any, *args: Any, **kwargs: Any) -> bytes:
        if "status" in data:
            raise RuntimeError("secret of the renderer")
        return super().render(data, *args, **kwargs)
