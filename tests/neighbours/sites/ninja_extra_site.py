"""An API of ninja-extra, registered."""

from django.http import HttpRequest
from django.urls import path
from ninja_extra import ControllerBase, NinjaExtraAPI, api_controller, exceptions, http_get
from ninja_extra.permissions import IsAuthenticated

from django_http_errors.ninja import register

RAISED = {
    "missing": exceptions.NotFound,
    "own": lambda: exceptions.NotFound("No such shop.", code="no_shop"),
    "invalid": lambda: exceptions.ValidationError({"name": ["Too long."]}),
    "long": lambda: exceptions.ValidationError({"k" * 20_000: [{"name": ["Too long."]}] * 1000}),
    "throttled": lambda: exceptions.Throttled(12),
    "signed-out": exceptions.NotAuthenticated,
    "method": lambda: exceptions.MethodNotAllowed("BREW"),
}


@api_controller("/shop")
class Shop(ControllerBase):
    @http_get("/raise/{name}")
    def view(self, request: HttpRequest, name: str) -> None:
        raise RAISED[name]()

    @http_get("/closed", permissions=[IsAuthenticated])
    def closed(self, request: HttpRequest) -> None: ...


api = NinjaExtraAPI()
register(api)
api.register_controllers(Shop)

urlpatterns = [path("api/", api.urls)]
