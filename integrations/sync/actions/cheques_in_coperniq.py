"""The same cheque on both sides, seen from QuickBooks: what Coperniq has already is linked, not recorded again."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from integrations.coperniq.money import Invoice as CoperniqInvoice
from integrations.coperniq.money import Payment as CoperniqPayment
from integrations.errors import Choice, Hold, Wait
from integrations.models import Kind, Question, RecordLink, SyncRun
from integrations.quickbooks.bodies import money
from integrations.quickbooks.documents import Payment
from integrations.sync.actions.names import DISCARD
from integrations.sync.actions.same_cheques import RECORD_BOTH, SAME_CHEQUE
from integrations.sync.desk import Desk
from integrations.sync.mapping.coperniq_texts import quickbooks_marked
from integrations.sync.mapping.payments import paid_on


def same_in_coperniq(
    desk: Desk,
    run: SyncRun,
    payment: Payment,
    cents: int,
    invoice: RecordLink,
    listed: list[CoperniqPayment],
    current: CoperniqInvoice,
) -> CoperniqPayment | None:
    """Our own of an earlier attempt, the one a person chose, or the same cheque entered there too."""
    links = RecordLink.objects.of(desk.connection, Kind.PAYMENT)
    taken = set(links.filter(coperniq_parent_id=invoice.coperniq_id).values_list("coperniq_id", flat=True))
    free = [row for row in listed if row.id not in taken]
    realm = desk.connection.realm_id
    for row in free:
        mark = quickbooks_marked(realm, Kind.PAYMENT, row.notes)
        if (mark.quickbooks_id, mark.part) == (payment.id, invoice.quickbooks_id):
            return row
    decided = run.answer_to(Question.SAME_PAYMENT)
    if decided.verb == "link":
        chosen = next((row for row in free if row.id == decided.target), None)
        return chosen or refuse_gone(desk, payment, cents, free)
    rows = [row for row in free if is_near(desk, payment, cents, row)]
    if not rows or decided.key == RECORD_BOTH.key:
        return None
    refuse_asked_already(desk, rows)
    if len(rows) == 1 and current.total_cents - current.paid_cents < cents:
        return rows[0]
    raise probably_same(rows, cents)


def is_near(desk: Desk, payment: Payment, cents: int, row: CoperniqPayment) -> bool:
    on = paid_on(row, ZoneInfo(desk.connection.company.time_zone))
    same = (
        row.amount_cents == cents
        and not quickbooks_marked(desk.connection.realm_id, Kind.PAYMENT, row.notes).quickbooks_id
    )
    return same and on is not None and abs(on - payment.on) <= SAME_CHEQUE


def refuse_asked_already(desk: Desk, rows: list[CoperniqPayment]) -> None:
    """The push of that payment has asked a person about this very pair, or is about to ask again."""
    asked = SyncRun.objects.open().filter(
        connection=desk.connection, action="push_payment", cause="probably_same_payment"
    )
    for row in rows:
        if asked.filter(coperniq_id=row.id).exists():
            raise Wait(
                "waits_for_same_payment",
                "Waiting for your decision about the same payment in Coperniq.",
                kind=Kind.PAYMENT,
                coperniq_id=row.id,
            )


def refuse_gone(desk: Desk, payment: Payment, cents: int, free: list[CoperniqPayment]) -> CoperniqPayment:
    rows = [row for row in free if is_near(desk, payment, cents, row)]
    raise Hold(
        "choice_gone",
        "The chosen payment is not in Coperniq any more, or belongs to another one. Please choose again.",
        choices_of(rows),
    )


def probably_same(rows: list[CoperniqPayment], cents: int) -> Hold:
    others = f" (and {len(rows) - 1} more like it)" if len(rows) > 1 else ""
    return Hold(
        "probably_same_payment",
        f"Coperniq already has a payment of ${money(cents):,} on this invoice{others}, made within a week of the one in "
        "QuickBooks. It is probably the same payment: link to it, or record both.",
        choices_of(rows),
    )


def choices_of(rows: list[CoperniqPayment]) -> list[Choice]:
    return [
        *(Choice(f"link:{row.id}", label_of(row), Question.SAME_PAYMENT) for row in rows),
        RECORD_BOTH,
        DISCARD,
    ]


def label_of(row: CoperniqPayment) -> str:
    on = f" of {row.paid_at:%B %-d, %Y}" if row.paid_at else ""
    told = f", reference {row.reference}" if row.reference else ""
    return f"Link to the payment{on}{told}"
