"""Closed periods are known before anything is written into them."""

from __future__ import annotations

from datetime import date, timedelta

from integrations.errors import Choice, NeedsDecision
from integrations.models import ClosedBooks, Question, SyncRun
from integrations.sync.engine.choices import DISCARD, RETRY
from integrations.sync.engine.context import SyncContext
from integrations.sync.engine.lookups import preferences, read_preferences

FIRST_OPEN_DAY = ClosedBooks.FIRST_OPEN_DAY.value


def open_day(ctx: SyncContext, run: SyncRun, on: date) -> tuple[date, tuple[str, ...]]:
    """The date of a new document, and a word about it where it had to be another."""
    closed_on = closed_for(ctx, on)
    if closed_on is None:
        return on, ()
    first = closed_on + timedelta(days=1)
    if (
        ctx.settings.closed_books == FIRST_OPEN_DAY
        or run.answer_to(Question.CLOSED_PERIOD).key == FIRST_OPEN_DAY
    ):
        return first, (
            f"It is dated {first:%B %-d, %Y} instead of {on:%B %-d, %Y}: the books are closed until then.",
        )
    raise NeedsDecision(
        "books_closed",
        f"The books are closed up to {closed_on:%B %-d, %Y}, and this is dated {on:%B %-d, %Y}. Reopen the period "
        f"in QuickBooks and try again, or date it {first:%B %-d, %Y}.",
        [Choice(FIRST_OPEN_DAY, f"Date it {first:%B %-d, %Y}", Question.CLOSED_PERIOD), RETRY, DISCARD],
    )


def refuse_closed(ctx: SyncContext, on: date) -> None:
    """What stands in the books is never dated anew."""
    closed_on = closed_for(ctx, on)
    if closed_on is not None:
        raise NeedsDecision(
            "books_closed",
            f"The books are closed up to {closed_on:%B %-d, %Y}, and this document is dated {on:%B %-d, %Y}, so it "
            "cannot be changed. Reopen the period in QuickBooks and try again, or leave it as it is.",
            [RETRY, DISCARD],
        )


def closed_for(ctx: SyncContext, on: date) -> date | None:
    """Up to when the books are closed, if that day is among them; read anew, for somebody may have reopened them."""
    closed_on = preferences(ctx).book_close_on
    if closed_on is not None and on <= closed_on:
        read_preferences(ctx)
        closed_on = ctx.connection.book_close_on
    return closed_on if closed_on is not None and on <= closed_on else None
