"""The words in which sessions are asked for."""

import uuid
from datetime import datetime
from typing import TYPE_CHECKING, Any, Self

from django.db import models
from django.db.models import Count, F, OuterRef, Subquery, Sum, Value
from django.db.models.functions import Coalesce, Now

from controlplane.chat.models.indexed_messages import IndexedMessage
from controlplane.chat.models.lexemes import Matches, all_of, in_titles, owned, words_of_session

if TYPE_CHECKING:
    from controlplane.chat.models.sessions import ChatSession  # noqa: F401  # names the rows below

# Of a session whose title nobody can word, one for each of the first exchanges that are tried.
MOST_TITLE_TRIES = 3


class ChatSessionQuerySet(models.QuerySet["ChatSession"]):
    """The words in which sessions are asked for."""

    def owned_by(self, user_id: uuid.UUID) -> Self:
        """Keep the sessions of one user; another user's session is not found."""
        return self.filter(user_id=user_id)

    def existing(self) -> Self:
        """Leave out sessions that are being deleted."""
        return self.filter(deleted_at__isnull=True)

    def provisional(self) -> Self:
        """Keep those whose thread has not been seen at the Agent Server yet."""
        return self.filter(is_provisional=True)

    def seen(self) -> Self:
        """Keep those whose thread has been seen there."""
        return self.filter(is_provisional=False)

    def archived(self, archived: bool = True) -> Self:  # noqa: FBT001, FBT002  # reads as a word in a chain
        """Keep archived sessions, or those that are not."""
        return self.filter(is_archived=archived)

    def active(self) -> Self:
        """Keep those that take messages."""
        return self.filter(is_active=True, is_archived=False)

    def unused_since(self, moment: datetime) -> Self:
        """Keep what would be archived for want of use: neither changed nor restored since, and not pinned."""
        restored = models.Q(restored_at__isnull=True) | models.Q(restored_at__lt=moment)
        unused = self.existing().seen().filter(is_archived=False, is_pinned=False)
        return unused.filter(restored, updated_at__lt=moment)

    def retired_before(self, moment: datetime) -> Self:
        """Keep what was archived for want of use before a moment, is so still, and is not pinned."""
        archived = self.existing().seen().filter(is_archived=True, is_pinned=False)
        return archived.filter(retired_at__lt=moment)

    def pinned(self, pinned: bool = True) -> Self:  # noqa: FBT001, FBT002  # as above
        """Keep pinned sessions, or those that are not."""
        return self.filter(is_pinned=pinned)

    def tagged(self, tag: str, *, owner_id: uuid.UUID) -> Self:
        """Keep one owner's sessions with a tag."""
        wanted = all_of([owned("", owner_id), tag])
        return self.filter(Matches(words_of_session(), wanted), user_id=owner_id, tags__contains=[tag])

    def tagged_by_anybody(self, tag: str) -> Self:
        """Keep the sessions with a tag, whosever they are."""
        return self.filter(Matches(words_of_session(), all_of([tag])), tags__contains=[tag])

    def titled(self, query: str) -> Self:
        """Keep those whose title fulfils a query; one that was read for no owner finds everybody's."""
        return self.filter(Matches(words_of_session(), query))

    def about(self, query: str, *, owner_id: uuid.UUID) -> Self:
        """Keep one owner's sessions whose title or one message fulfils a query."""
        titles = self.model._default_manager.filter(
            Matches(words_of_session(), in_titles(query)), user_id=owner_id
        )
        messages = IndexedMessage.objects.filter(Matches(F("words"), query))
        found = titles.order_by().values("pk").union(messages.values("session_id"))
        return self.filter(pk__in=found, user_id=owner_id)

    def to_index(self) -> Self:
        """Keep those in which something was said that the index of messages has not seen."""
        return self.filter(index_wanted__gt=F("index_done"))

    def want_index(self) -> int:
        """Note that what was said has changed; the index follows."""
        return self.update(index_wanted=F("index_wanted") + 1)

    def untitled(self) -> Self:
        """Keep those for whose title nobody has found words."""
        return self.filter(
            title_origin=self.model.TitleOrigin.DEFAULT, title=self.model._meta.get_field("title").default
        )

    def want_title(self) -> int:
        """Note that there is something to name, unless it has been tried often enough or is being tried."""
        open_ones = self.untitled().filter(title_due_at__isnull=True, title_tries__lt=MOST_TITLE_TRIES)
        return open_ones.update(title_due_at=Now())

    def title_due(self) -> Self:
        """Keep those whose title is to be worded now."""
        return self.existing().untitled().filter(title_due_at__lte=Now(), title_tries__lt=MOST_TITLE_TRIES)

    def with_totals(self) -> Self:
        """Add what the ledger and the ratings say: `ledger_cost`, `ledger_tokens` and `feedback_count`.

        One subquery for each: joined in one query, the rows of one would multiply the sums of the other.
        """
        cost, tokens = (Sum(field) for field in ("total_cost", "total_tokens"))
        return self.annotate(
            ledger_cost=Coalesce(self._of_related("token_usage", cost), Value(0), output_field=cost_field()),
            ledger_tokens=Coalesce(self._of_related("token_usage", tokens), Value(0)),
            feedback_count=self._ratings(),
        )

    def _ratings(self) -> Coalesce | Value:
        # They belong to an app above this one, which sessions do without.
        if "message_feedback" not in self.model._meta.fields_map:
            return Value(0)
        return Coalesce(self._of_related("message_feedback", Count("pk")), Value(0))

    def _of_related(self, accessor: str, total: Any) -> Subquery:
        relation = self.model._meta.get_field(accessor)
        rows = relation.related_model._default_manager.filter(  # type: ignore[union-attr]  # a reverse key
            **{relation.field.name: OuterRef("pk")}  # type: ignore[union-attr]  # as above
        )
        grouped = rows.order_by().values(relation.field.name)  # type: ignore[union-attr]  # as above
        return Subquery(grouped.annotate(_total=total).values("_total"))


def cost_field() -> "models.DecimalField[Any, Any]":
    """Give the type of sums in US dollars."""
    return models.DecimalField(max_digits=30, decimal_places=9)
