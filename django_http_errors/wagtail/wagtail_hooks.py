"""What Wagtail imports when it starts: registers the views of messages and rules."""

from __future__ import annotations

from wagtail.snippets.models import register_snippet

from .viewsets import ErrorPagesViewSetGroup

register_snippet(ErrorPagesViewSetGroup)
