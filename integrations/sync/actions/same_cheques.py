"""The same cheque on both sides: what somebody recorded in QuickBooks already is linked, not recorded again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from integrations.coperniq.money import Payment
from integrations.errors import Choice, Hold, RecordMissing
from integrations.models import Action, ForeignPayment, Kind, Question, RecordLink, SyncRun
from integrations.quickbooks.bodies import money
from integrations.quickbooks.documents import Payment as QuickBooksPayment
from integrations.sync.actions.names import DISCARD
from integrations.sync.actions.strangers import balance_of
from integrations.sync.desk import Desk
from integrations.sync.mapping.payments import coperniq_image, pays_more, quickbooks_image
from integrations.sync.plans import Plan

RECORD_BOTH = Choice("record_both", "Record both", Question.SAME_PAYMENT)
SAME_CHEQUE = timedelta(days=7)


def candidates(desk: Desk, payment: Payment, invoice: RecordLink, on: date) -> list[ForeignPayment]:
    """Of the same amount on this invoice, within a week, and linked to no other payment."""
    near = ForeignPayment.objects.on_invoice(desk.connection, invoice.quickbooks_id).filter(
        amount_cents=payment.amount_cents, on__range=(on - SAME_CHEQUE, on + SAME_CHEQUE)
    )
    return list(near.exclude(quickbooks_id__in=linked_ids(desk, invoice)).order_by("pk"))


def linked_ids(desk: Desk, invoice: RecordLink) -> set[str]:
    """A payment may pay several invoices, and is linked once for each."""
    links = RecordLink.objects.of(desk.connection, Kind.PAYMENT)
    return set(links.filter(quickbooks_part=invoice.quickbooks_id).values_list("quickbooks_id", flat=True))


def plan_same(desk: Desk, run: SyncRun, payment: Payment, invoice: RecordLink, on: date) -> Plan | None:
    """The invoice is as QuickBooks has it now. Linked if both cannot be meant, else a person is asked."""
    rows = candidates(desk, payment, invoice, on)
    if not rows:
        return None
    if len(rows) > 1 or balance_of(invoice) >= payment.amount_cents:
        withdraw_others(desk, invoice, rows)
        raise probably_same(rows)
    return plan_link(desk, run, payment, invoice, on, rows[0].quickbooks_id, RecordLink.Rule.SAME_PAYMENT)


def withdraw_others(desk: Desk, invoice: RecordLink, rows: Sequence[ForeignPayment]) -> None:
    """The card of the other direction about the same pair: looked at anew, that run waits for the answer to this one."""
    asked = SyncRun.objects.held().filter(
        connection=desk.connection, action=Action.PULL_PAYMENT, cause="probably_same_payment"
    )
    same = asked.filter(quickbooks_part=invoice.quickbooks_id)
    same.filter(quickbooks_id__in=[row.quickbooks_id for row in rows]).requeue()


def probably_same(rows: Sequence[ForeignPayment]) -> Hold:
    one = rows[0]
    others = f" (and {len(rows) - 1} more like it)" if len(rows) > 1 else ""
    return Hold(
        "probably_same_payment",
        f"QuickBooks already has a payment of ${money(one.amount_cents):,} on this invoice, dated "
        f"{one.on:%B %-d, %Y}{others}. It is probably the same payment: link to it, or record both.",
        choices_of(rows),
    )


def choices_of(rows: Sequence[ForeignPayment]) -> list[Choice]:
    return [
        *(Choice(f"link:{row.quickbooks_id}", label_of(row), Question.SAME_PAYMENT) for row in rows),
        RECORD_BOTH,
        DISCARD,
    ]


def label_of(row: ForeignPayment) -> str:
    told = f", reference {row.reference}" if row.reference else ""
    return f"Link to the payment of {row.on:%B %-d, %Y}{told}"


def plan_link(
    desk: Desk,
    run: SyncRun,
    payment: Payment,
    invoice: RecordLink,
    on: date,
    payment_id: str,
    rule: RecordLink.Rule,
) -> Plan:
    """What was chosen is still looked at: the world may have changed since the page was shown."""
    found = read_on(desk, invoice, payment_id)
    if found is None:
        raise Hold(
            "choice_gone",
            "The chosen QuickBooks payment is not on this invoice any more, or belongs to another one. Please choose "
            "again.",
            choices_of(candidates(desk, payment, invoice, on)),
        )
    return linked_plan(desk, run, payment, invoice, found, rule)


def read_on(desk: Desk, invoice: RecordLink, payment_id: str) -> QuickBooksPayment | None:
    """The payment if it is on this invoice and nobody else's; one that is not is forgotten."""
    try:
        found = None if payment_id in linked_ids(desk, invoice) else desk.quickbooks.read_payment(payment_id)
    except RecordMissing:
        found = None
    if found is not None and found.applied_to(invoice.quickbooks_id):
        return found
    known = ForeignPayment.objects.on_invoice(desk.connection, invoice.quickbooks_id)
    known.filter(quickbooks_id=payment_id).delete()
    return None


def linked_plan(
    desk: Desk,
    run: SyncRun,
    payment: Payment,
    invoice: RecordLink,
    found: QuickBooksPayment,
    rule: RecordLink.Rule,
) -> Plan:
    part = invoice.quickbooks_id
    share = pays_more(found, part)
    return Plan(
        record_name=run.record_name,
        rule=rule,
        quickbooks_id=found.id,
        quickbooks_name=f"Payment of ${money(found.total_cents):,}",
        quickbooks_version=found.sync_token,
        quickbooks_at=found.updated_at,
        quickbooks_image=quickbooks_image(found, part, share=share),
        quickbooks_part=part,
        coperniq_image=coperniq_image(payment, ZoneInfo(desk.connection.company.time_zone)),
        number=payment.reference[:40],
        amount_cents=payment.amount_cents,
        written={"share": share},
        sentence=f"Linked to the payment of ${money(found.total_cents):,} that QuickBooks already had on this invoice.",
    )
