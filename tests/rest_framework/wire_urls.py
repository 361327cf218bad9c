"""An API whose renderers return what they shouldn't."""

from django.urls import path
from rest_framework.exceptions import NotFound

from .views import ODD_RESULTS, FailingRenderer, OddRenderer, raising

RENDERERS = {
    "failing": FailingRenderer,
    **{name: type("Odd", (OddRenderer,), {"result": each}) for name, each in ODD_RESULTS.items()},
}

urlpatterns = [
    path(f"api/{name}/", raising(NotFound, renderer_classes=[each]))
    for name, each in RENDERERS.items()
]
