"""For REST framework: its ``EXCEPTION_HANDLER``, and a renderer."""

# The renderer comes first: what the handler imports of REST framework may look for it here, by
# the setting DEFAULT_RENDERER_CLASSES.
from .renderers import ProblemJSONRenderer

# isort: split
from .handler import ExceptionHandler, exception_handler

__all__ = ["ExceptionHandler", "ProblemJSONRenderer", "exception_handler"]
