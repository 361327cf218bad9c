"""The signals that the app sends."""

from django.dispatch import Signal

# Something is hidden: sent with what the client isn't told: request, status (the real one),
# exception (None if a view returned the response), user_id (None: nobody) and rule (the primary
# key of the HidingRule, None for a view under `hide_forbidden`).
forbidden_hidden = Signal()
