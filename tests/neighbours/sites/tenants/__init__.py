"""The tenants of a site with django-tenants: an app, for it wants models."""
