"""The demo site of django-http-errors, which the tests drive too."""
