"""The door for REST framework: ``REST_FRAMEWORK["EXCEPTION_HANDLER"]`` names it."""

from .handler import exception_handler
from .renderers import ProblemJSONRenderer

__all__ = ["ProblemJSONRenderer", "exception_handler"]
