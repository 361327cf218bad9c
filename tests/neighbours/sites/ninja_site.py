"""Three APIs of django-ninja: registered before its routes are made, after that, and not at all."""

from typing import Annotated

from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest
from django.urls import path
from ninja import Field, Form, NinjaAPI, Query, Schema
from ninja.errors import HttpError, ValidationError
from ninja.security import HttpBasicAuth, HttpBearer
from ninja.throttling import AnonRateThrottle
from pydantic import model_validator

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
    "unreadable": lambda: ValidationError("secret"),
}


class Item(Schema):
    name: str
    in_stock: int = Field(alias="inStock")


class Order(Schema):
    items: list[Item]


class Counts(Schema):
    counts: dict[str, list[int]]


class Area(Schema):
    width: int = Field(0, alias="areaWidth")


class Filters(Schema):
    tags: list[int] = []
    size: int | float = 0
    area: Area
    low: int = 0
    high: int = 9

    @model_validator(mode="after")
    def in_order(self) -> "Filters":
        if self.low > self.high:
            raise ValueError("The other way round.")
        return self


class Bearer(HttpBearer):
    def authenticate(self, request: HttpRequest, token: str) -> str | None:
        return token if token == "good" else None


class Basic(HttpBasicAuth):
    def authenticate(self, request: HttpRequest, username: str, password: str) -> None:
        return None


def with_places(api: NinjaAPI) -> NinjaAPI:
    @api.post("/counts")
    def count(request: HttpRequest, counts: Counts) -> None: ...

    @api.get("/search")
    def search(
        request: HttpRequest,
        filters: Query[Filters],
        near: Annotated[list[int], Query(..., alias="nearTo")],
    ) -> None: ...

    @api.post("/search")
    def search_by_form(
        request: HttpRequest,
        filters: Form[Filters],
        near: Annotated[list[int], Form(..., alias="nearTo")],
    ) -> None: ...

    return api


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

    @api.post("/groups")
    def group(request: HttpRequest, name: str) -> None:
        Group.objects.create(name=name)
        raise PermissionDenied

    @api.get("/items/{int:pk}", auth=[Bearer(), Basic()], response={200: None, 404: Item})
    def item(request: HttpRequest, pk: int) -> None: ...

    @api.get("/numbers/{pk}")
    def number(request: HttpRequest, pk: int) -> None: ...

    @api.get("/seldom", throttle=[AnonRateThrottle("1/m")])
    def seldom(request: HttpRequest) -> str:
        return "fine"

    return with_places(api)


api = NinjaAPI(urls_namespace="registered")
register(api)
with_routes(api)
late = with_routes(NinjaAPI(urls_namespace="late"))
register(late)
plain = with_routes(NinjaAPI(urls_namespace="plain"))

urlpatterns = [path("api/", api.urls), path("late/", late.urls), path("plain/", plain.urls)]
