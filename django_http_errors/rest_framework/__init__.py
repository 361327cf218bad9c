"""For REST framework: its ``EXCEPTION_HANDLER``, a renderer, and a mixin for single views."""

# The renderer comes first: what the handler imports of REST framework may look for it here, by
# the setting DEFAULT_RENDERER_CLASSES.
from .renderers import ProblemJSONRenderer

# isort: split
from .handler import (
    ExceptionHandler,
    ProblemDetailsMixin,
    exception_handler,
    problem_details,
    to_problem,
)

__all__ = [
    "ExceptionHandler",
    "ProblemDetailsMixin",
    "ProblemJSONRenderer",
    "exception_handler",
    "problem_details",
    "to_problem",
]
