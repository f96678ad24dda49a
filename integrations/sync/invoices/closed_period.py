"""Dates in a closed accounting period are found before anything is written to QuickBooks."""

from __future__ import annotations

from datetime import date, timedelta

from integrations.errors import Choice, NeedsDecision
from integrations.messages import Message
from integrations.messages.choices import ChoiceLabel
from integrations.messages.invoices_push import InvoicePushMessage
from integrations.models import ClosedBooks, Question, SyncRun
from integrations.sync.engine.choices import DISCARD, RETRY
from integrations.sync.engine.context import SyncContext
from integrations.sync.engine.lookups import preferences, read_preferences

_FIRST_OPEN_DAY = ClosedBooks.FIRST_OPEN_DAY.value


def open_day(ctx: SyncContext, run: SyncRun, on: date) -> tuple[date, tuple[Message, ...]]:
    """The date for a new document, with a warning if it is not `on`.

    Raises NeedsDecision if `on` is closed and neither the settings nor a person allow another date.
    """
    closed_on = _closing_date(ctx, on)
    if closed_on is None:
        return on, ()
    first = closed_on + timedelta(days=1)
    answer = run.answer_to(Question.CLOSED_PERIOD).key
    if _FIRST_OPEN_DAY in (ctx.settings.closed_books, answer):
        return first, (InvoicePushMessage.REDATED(first=first, on=on),)
    raise NeedsDecision(
        InvoicePushMessage.CLOSED_PERIOD(closed_on=closed_on, on=on, first=first),
        [Choice(_FIRST_OPEN_DAY, ChoiceLabel.DATE_IT(on=first), Question.CLOSED_PERIOD), RETRY, DISCARD],
    )


def refuse_closed(ctx: SyncContext, on: date) -> None:
    """Raises NeedsDecision for an existing document of a closed period: its date is never changed."""
    closed_on = _closing_date(ctx, on)
    if closed_on is not None:
        message = InvoicePushMessage.CLOSED_PERIOD_OF_DOCUMENT(closed_on=closed_on, on=on)
        raise NeedsDecision(message, [RETRY, DISCARD])


def _closing_date(ctx: SyncContext, on: date) -> date | None:
    """The last closed day if `on` is closed; read again first, because the period may have been reopened."""
    closed_on = preferences(ctx).book_close_on
    if closed_on is not None and on <= closed_on:
        read_preferences(ctx)
        closed_on = ctx.connection.book_close_on
    return closed_on if closed_on is not None and on <= closed_on else None
