"""The same payment on both sides: what was recorded in Coperniq already is linked, not created again."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from integrations.coperniq.money import CoperniqInvoice, CoperniqPayment
from integrations.errors import BlockedBy, Choice, NeedsDecision
from integrations.models import Kind, Question, RecordLink, SyncRun
from integrations.quickbooks.bodies import money
from integrations.quickbooks.documents import QuickBooksPayment
from integrations.sync.engine.choices import DISCARD
from integrations.sync.engine.context import SyncContext
from integrations.sync.engine.coperniq_texts import read_quickbooks_tag
from integrations.sync.payments.duplicates import DUPLICATE_WINDOW, RECORD_BOTH
from integrations.sync.payments.mapping import paid_on


def find_same_in_coperniq(
    ctx: SyncContext,
    run: SyncRun,
    payment: QuickBooksPayment,
    cents: int,
    invoice: RecordLink,
    listed: list[CoperniqPayment],
    current: CoperniqInvoice,
) -> CoperniqPayment | None:
    """Our own of an earlier attempt, the one a person chose, or the same cheque entered there too."""
    links = RecordLink.objects.of(ctx.connection, Kind.PAYMENT)
    taken = set(links.filter(coperniq_parent_id=invoice.coperniq_id).values_list("coperniq_id", flat=True))
    free = [row for row in listed if row.id not in taken]
    realm = ctx.connection.realm_id
    for row in free:
        mark = read_quickbooks_tag(realm, Kind.PAYMENT, row.notes)
        if (mark.quickbooks_id, mark.part) == (payment.id, invoice.quickbooks_id):
            return row
    decided = run.answer_to(Question.SAME_PAYMENT)
    if decided.verb == "link":
        chosen = next((row for row in free if row.id == decided.target), None)
        return chosen or _hold_choice_gone(ctx, payment, cents, free)
    rows = [row for row in free if is_near(ctx, payment, cents, row)]
    if not rows or decided.key == RECORD_BOTH.key:
        return None
    _wait_if_asked(ctx, rows)
    if len(rows) == 1 and current.total_cents - current.paid_cents < cents:
        return rows[0]
    raise _hold_same_in_coperniq(rows, cents)


def is_near(ctx: SyncContext, payment: QuickBooksPayment, cents: int, row: CoperniqPayment) -> bool:
    on = paid_on(row, ZoneInfo(ctx.connection.company.time_zone))
    same = (
        row.amount_cents == cents
        and not read_quickbooks_tag(ctx.connection.realm_id, Kind.PAYMENT, row.notes).quickbooks_id
    )
    return same and on is not None and abs(on - payment.on) <= DUPLICATE_WINDOW


def _wait_if_asked(ctx: SyncContext, rows: list[CoperniqPayment]) -> None:
    """The push of that payment has asked a person about this very pair, or is about to ask again."""
    asked = SyncRun.objects.open().filter(
        connection=ctx.connection, action="push_payment", cause="probably_same_payment"
    )
    for row in rows:
        if asked.filter(coperniq_id=row.id).exists():
            raise BlockedBy(
                "waits_for_same_payment",
                "Waiting for your decision about the same payment in Coperniq.",
                kind=Kind.PAYMENT,
                coperniq_id=row.id,
            )


def _hold_choice_gone(
    ctx: SyncContext, payment: QuickBooksPayment, cents: int, free: list[CoperniqPayment]
) -> CoperniqPayment:
    rows = [row for row in free if is_near(ctx, payment, cents, row)]
    raise NeedsDecision(
        "choice_gone",
        "The chosen payment is not in Coperniq any more, or belongs to another one. Please choose again.",
        _choices_of(rows),
    )


def _hold_same_in_coperniq(rows: list[CoperniqPayment], cents: int) -> NeedsDecision:
    others = f" (and {len(rows) - 1} more like it)" if len(rows) > 1 else ""
    return NeedsDecision(
        "probably_same_payment",
        f"Coperniq already has a payment of ${money(cents):,} on this invoice{others}, made within a week of the one in "
        "QuickBooks. It is probably the same payment: link to it, or record both.",
        _choices_of(rows),
    )


def _choices_of(rows: list[CoperniqPayment]) -> list[Choice]:
    return [
        *(Choice(f"link:{row.id}", _label_of(row), Question.SAME_PAYMENT) for row in rows),
        RECORD_BOTH,
        DISCARD,
    ]


def _label_of(row: CoperniqPayment) -> str:
    on = f" of {row.paid_at:%B %-d, %Y}" if row.paid_at else ""
    told = f", reference {row.reference}" if row.reference else ""
    return f"Link to the payment{on}{told}"
