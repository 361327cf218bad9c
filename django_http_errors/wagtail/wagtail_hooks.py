"""What Wagtail imports when it starts: registers the views of messages and rules."""

from __future__ import annotations

from wagtail import hooks
from wagtail.snippets.models import register_snippet

from .viewsets import DeleteRows, ErrorPagesViewSetGroup

register_snippet(ErrorPagesViewSetGroup)
# Behind Wagtail's own for all snippets, in the place of which it is.
hooks.register("register_bulk_action", DeleteRows, order=1)
