"""The signals that the app sends."""

from django.dispatch import Signal

#: Sent for each response that is hidden, with what the client isn't told.
#:
#: It has the arguments `request`, `status` (the real one), `exception` (None if a view returned the
#: response), `user_id` (None: nobody is signed in) and `rule` (the primary key of the
#: HidingRule, None for a view under `hide_forbidden`).
forbidden_hidden = Signal()
