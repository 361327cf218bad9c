"""Three APIs of django-ninja: registered before its routes are made, after that, and not at all."""

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest
from django.urls import path
from ninja import Field, NinjaAPI, Query, Schema
from ninja.errors import HttpError
from ninja.security import HttpBasicAuth, HttpBearer
from ninja.throttling import AnonRateThrottle

from django_http_errors import exceptions
from django_http_errors.ninja import register

RAISED = {
    "missing": lambda: Http404("secret"),
    "denied": lambda: PermissionDenied("secret"),
    "gone": exceptions.Gone,
    "busy": lambda: exceptions.ServiceUnavailable(retry_after=30),
    "own": lambda: HttpError(409, "Somebody was faster."),
    "crash": lambda: ZeroDivisionError("secret"),
    "fine": lambda: HttpError(202, "accepted"),
    "odd": lambda: KeyError("secret"),
}


class Item(Schema):
    name: str
    in_stock: int = Field(alias="inStock")


class Order(Schema):
    items: list[Item]


class Bearer(HttpBearer):
    def authenticate(self, request: HttpRequest, token: str) -> str | None:
        return token if token == "good" else None


class Basic(HttpBasicAuth):
    def authenticate(self, request: HttpRequest, username: str, password: str) -> None:
        return None


def with_routes(api: NinjaAPI) -> NinjaAPI:
    @api.get("/raise/{name}")
    def view(request: HttpRequest, name: str) -> None:
        raise RAISED[name]()

    @api.get("/async/{name}")
    async def async_view(request: HttpRequest, name: str) -> None:
        raise RAISED[name]()

    @api.post("/orders")
    def order(request: HttpRequest, order: Order, page: int = Query(1)) -> None: ...

    @api.post("/both")
    def both(request: HttpRequest, first: Item, second: Item) -> None: ...

    @api.get("/items/{int:pk}", auth=[Bearer(), Basic()], response={200: None, 404: Item})
    def item(request: HttpRequest, pk: int) -> None: ...

    @api.get("/numbers/{pk}")
    def number(request: HttpRequest, pk: int) -> None: ...

    @api.get("/seldom", throttle=[AnonRateThrottle("1/m")])
    def seldom(request: HttpRequest) -> str:
        return "fine"

    return api


api = NinjaAPI(urls_namespace="registered")
register(api)
with_routes(api)
late = with_routes(NinjaAPI(urls_namespace="late"))
register(late)
plain = with_routes(NinjaAPI(urls_namespace="plain"))

urlpatterns = [path("api/", api.urls), path("late/", late.urls), path("plain/", plain.urls)]
