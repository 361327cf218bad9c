"""What the demo site is about: documents, some of which only some people may read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.urls import reverse

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User

    Reader = User | AnonymousUser

READ_PRIVATE = "testproject.read_private_document"


class DocumentQuerySet(models.QuerySet["Document"]):
    """Documents, and who may read them."""

    def readable_by(self, user: Reader) -> DocumentQuerySet:
        """Return the documents that `user` may read."""
        return self.all() if user.has_perm(READ_PRIVATE) else self.filter(public=True)


class Document(models.Model):
    """A text, public or for those with the permission to read private ones."""

    title = models.CharField(max_length=200)
    body = models.TextField()
    public = models.BooleanField(default=False)

    objects = DocumentQuerySet.as_manager()

    class Meta:
        ordering = ("pk",)
        permissions = (("read_private_document", "Can read private documents"),)

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("document", args=[self.pk])

    def is_readable_by(self, user: Reader) -> bool:
        """Return whether `user` may read this document."""
        return self.public or user.has_perm(READ_PRIVATE)
