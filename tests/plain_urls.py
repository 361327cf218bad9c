"""The same URLconf with Django's own handlers: what the site was before the app came."""

from .views import patterns

urlpatterns = patterns()
