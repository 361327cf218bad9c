"""What the app's templates need, and Django's own tags can't do."""

from __future__ import annotations

from django import template
from django.utils.safestring import SafeString

register = template.Library()


@register.simple_block_tag
def captured(content: SafeString) -> str:
    """Return what a block has become, "" for blanks alone: it says whether there is a block.

    ``{% captured as name %}{% block name %}{% endblock %}{% endcaptured %}``
    """
    return content if content.strip() else ""
