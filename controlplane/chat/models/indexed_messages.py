"""Which words are in which message, and no more: what was said is not kept here."""

from typing import ClassVar

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models


class IndexedMessage(models.Model):
    """The words of one human or assistant message, without order or count, and its owner as one word more."""

    id = models.BigAutoField(primary_key=True)
    session = models.ForeignKey(
        "chat.ChatSession",
        on_delete=models.CASCADE,
        related_name="indexed_messages",
        db_index=False,
        editable=False,
    )
    message_id = models.CharField(max_length=200, editable=False)
    position = models.PositiveIntegerField(editable=False)
    words = SearchVectorField(editable=False)

    objects: ClassVar[models.Manager["IndexedMessage"]] = models.Manager()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["session", "message_id"], name="chat_indexed_message_once"),
        )
        # Straight into the index: a list of pending entries would be read by every search.
        indexes = (GinIndex(fields=["words"], name="chat_indexed_words", fastupdate=False),)

    def __str__(self) -> str:
        return self.message_id
