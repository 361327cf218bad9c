"""A URLconf that names no handlers: it has the app's, which is in INSTALLED_APPS."""

from .views import patterns

urlpatterns = patterns()
