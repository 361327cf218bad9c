"""The same URLconf with Django's own handlers: what the site was before the app came."""

from django.views.defaults import bad_request as handler400
from django.views.defaults import page_not_found as handler404
from django.views.defaults import permission_denied as handler403
from django.views.defaults import server_error as handler500

from .views import patterns

__all__ = ["handler400", "handler403", "handler404", "handler500", "urlpatterns"]

urlpatterns = patterns()
