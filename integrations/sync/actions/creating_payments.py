"""A Coperniq payment that QuickBooks does not have yet: recorded on its invoice, unless it is there already."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from integrations.coperniq.money import Payment
from integrations.errors import Choice, Hold, RecordMissing
from integrations.models import ForeignPayment, Kind, RecordLink, SyncRun
from integrations.quickbooks.bodies import money
from integrations.quickbooks.documents import Payment as QuickBooksPayment
from integrations.sync.actions import catching_up, deposits
from integrations.sync.actions.closing import open_day
from integrations.sync.actions.names import DISCARD, RETRY
from integrations.sync.desk import Desk
from integrations.sync.mapping.invoices import NOTE_LIMIT
from integrations.sync.mapping.invoices import quickbooks_image as invoice_image
from integrations.sync.mapping.marks import mark_of, with_mark
from integrations.sync.mapping.payments import (
    METHODS,
    REFERENCE_LIMIT,
    coperniq_image,
    note_text,
    paid_on,
    quickbooks_image,
)
from integrations.sync.plans import Change, Plan, PlannedWrite

RECORD_BOTH = Choice("record_both", "Record both")
SAME_CHEQUE = timedelta(days=7)


def plan(desk: Desk, run: SyncRun, payment: Payment, invoice: RecordLink) -> Plan:
    verb, _, chosen_id = run.decision.partition(":")
    if verb == "link":
        return link_plan(desk, run, payment, invoice, chosen(desk, chosen_id), RecordLink.Rule.CHOSEN)
    refuse_ended(invoice)
    zone = ZoneInfo(desk.connection.company.time_zone)
    day = paid_on(payment, zone)
    if day is None:
        raise without_date()
    if run.decision != RECORD_BOTH.key:
        same = same_cheque(desk, run, payment, invoice, day)
        if same is not None:
            return link_plan(desk, run, payment, invoice, same, RecordLink.Rule.SAME_PAYMENT)
    on, warnings = open_day(desk, run, day)
    return create_plan(desk, run, payment, invoice, on, warnings)


def refuse_ended(invoice: RecordLink) -> None:
    if invoice.quickbooks_image.get("voided") or invoice.quickbooks_image.get("deleted"):
        raise Hold(
            "invoice_ended",
            f"Invoice {invoice.number} is voided or deleted in QuickBooks, so the payment has nowhere to go. "
            "Record it in QuickBooks by hand, then leave this one.",
            [RETRY, DISCARD],
        )


def without_date() -> Hold:
    return Hold(
        "payment_without_date",
        "This payment has no date in Coperniq. Give it one, then try again.",
        [RETRY, DISCARD],
    )


def create_plan(
    desk: Desk, run: SyncRun, payment: Payment, invoice: RecordLink, on: date, warnings: tuple[str, ...]
) -> Plan:
    balance = max(int(invoice.quickbooks_image.get("balance", payment.amount_cents)), 0)
    applied = min(payment.amount_cents, balance)
    account = deposits.account_for(desk, run, payment.method)
    values, told = values_of(desk, run, payment, invoice, on, applied)
    values |= deposits.method_for(desk, run, payment.method) | {"DepositToAccountRef.value": account.id}
    over = payment.amount_cents - applied
    if over:
        warnings += (
            f"Only ${money(applied):,} was open on invoice {invoice.number}: the other ${money(over):,} waits "
            "unapplied with the customer in QuickBooks.",
        )
    changes = (
        Change("TotalAmt", "", f"${money(payment.amount_cents):,}"),
        Change("TxnDate", "", on.isoformat()),
        Change("Applied to invoice", "", f"{invoice.number}: ${money(applied):,}"),
        Change("Deposited to", "", account.name),
        *(Change(name, "", value) for name, value in told),
    )
    return Plan(
        record_name=run.record_name,
        rule="created",
        write=PlannedWrite("create", "Payment", values, changes),
        coperniq_image=coperniq_image(payment, ZoneInfo(desk.connection.company.time_zone)),
        number=payment.reference[:40],
        amount_cents=payment.amount_cents,
        warnings=warnings + unnamed_method(payment),
        written={"part": invoice.quickbooks_id},
    )


def values_of(
    desk: Desk, run: SyncRun, payment: Payment, invoice: RecordLink, on: date, applied: int
) -> tuple[dict[str, Any], list[tuple[str, str]]]:
    """With the invoice's own customer, as QuickBooks answered it last: it may have been moved there."""
    mark = mark_of(desk.connection.realm_id, Kind.PAYMENT, run.coperniq_id)
    note = note_text(payment)[: NOTE_LIMIT - len(mark) - 1]
    values: dict[str, Any] = {
        "CustomerRef.value": invoice.quickbooks_image["customer"],
        "CurrencyRef.value": "USD",
        "TotalAmt": money(payment.amount_cents),
        "TxnDate": on.isoformat(),
        "PrivateNote": with_mark(note, mark),
        "Line": [line_of(invoice.quickbooks_id, applied)] if applied else [],
    }
    reference = payment.reference.strip()
    if reference:
        values["PaymentRefNum"] = reference[:REFERENCE_LIMIT]
    method = METHODS.get(payment.method, "")
    told = [("PaymentRefNum", reference[:REFERENCE_LIMIT]), ("Payment method", method)]
    return values, [(name, value) for name, value in told if value]


def line_of(quickbooks_invoice_id: str, cents: int) -> dict[str, Any]:
    return {"Amount": money(cents), "LinkedTxn": [{"TxnId": quickbooks_invoice_id, "TxnType": "Invoice"}]}


def unnamed_method(payment: Payment) -> tuple[str, ...]:
    if not payment.method or payment.method in METHODS:
        return ()
    return (f"QuickBooks has no payment method for {payment.method}: it is in the note instead.",)


def same_cheque(
    desk: Desk, run: SyncRun, payment: Payment, invoice: RecordLink, on: date
) -> QuickBooksPayment | None:
    """What somebody recorded in QuickBooks already: linked if both cannot be meant, else a person is asked."""
    rows = candidates(desk, payment, invoice, on)
    if not rows:
        return None
    if len(rows) == 1:
        look_again(desk, run)
        invoice.refresh_from_db()
        if int(invoice.quickbooks_image.get("balance", 0)) < payment.amount_cents:
            return chosen(desk, rows[0].quickbooks_id)
    raise probably_same(rows)


def candidates(desk: Desk, payment: Payment, invoice: RecordLink, on: date) -> list[ForeignPayment]:
    near = ForeignPayment.objects.on_invoice(desk.connection, invoice.quickbooks_id).filter(
        amount_cents=payment.amount_cents, on__range=(on - SAME_CHEQUE, on + SAME_CHEQUE)
    )
    linked = RecordLink.objects.of(desk.connection, Kind.PAYMENT).values("quickbooks_id")
    return list(near.exclude(quickbooks_id__in=linked).order_by("pk"))


def probably_same(rows: Sequence[ForeignPayment]) -> Hold:
    one = rows[0]
    others = f" (and {len(rows) - 1} more like it)" if len(rows) > 1 else ""
    return Hold(
        "probably_same_payment",
        f"QuickBooks already has a payment of ${money(one.amount_cents):,} on this invoice, dated "
        f"{one.on:%B %-d, %Y}{others}. It is probably the same payment: link to it, or record both.",
        [
            *(
                Choice(f"link:{row.quickbooks_id}", f"Link to the payment of {row.on:%B %-d, %Y}")
                for row in rows
            ),
            RECORD_BOTH,
            DISCARD,
        ],
    )


def chosen(desk: Desk, payment_id: str) -> QuickBooksPayment:
    linked = RecordLink.objects.of(desk.connection, Kind.PAYMENT).filter(quickbooks_id=payment_id)
    try:
        found = None if linked.exists() else desk.quickbooks.read_payment(payment_id)
    except RecordMissing:
        found = None
    if found is None or found.is_voided:
        ForeignPayment.objects.filter(connection=desk.connection, quickbooks_id=payment_id).delete()
        raise Hold(
            "choice_gone",
            "The chosen QuickBooks payment is not there any more, or belongs to another one. Please choose again.",
            [RECORD_BOTH, RETRY, DISCARD],
        )
    return found


def link_plan(
    desk: Desk,
    run: SyncRun,
    payment: Payment,
    invoice: RecordLink,
    found: QuickBooksPayment,
    rule: RecordLink.Rule,
) -> Plan:
    return Plan(
        record_name=run.record_name,
        rule=rule,
        quickbooks_id=found.id,
        quickbooks_name=f"Payment of ${money(found.total_cents):,}",
        quickbooks_version=found.sync_token,
        quickbooks_image=quickbooks_image(found, invoice.quickbooks_id),
        quickbooks_part=invoice.quickbooks_id,
        coperniq_image=coperniq_image(payment, ZoneInfo(desk.connection.company.time_zone)),
        number=payment.reference[:40],
        amount_cents=payment.amount_cents,
        sentence=f"Linked to the payment of ${money(found.total_cents):,} that QuickBooks already had on this invoice.",
    )


def look_again(desk: Desk, run: SyncRun) -> None:
    """The invoice as it is in QuickBooks now, and who has paid on it there."""
    link = RecordLink.objects.pushed(desk.connection, Kind.INVOICE, run.coperniq_parent_id)
    if link is None:
        return
    try:
        current = desk.quickbooks.read_invoice(link.quickbooks_id)
    except RecordMissing:
        link.quickbooks_image = {**link.quickbooks_image, "deleted": True}
        link.save(update_fields=["quickbooks_image"])
        return
    fresh = invoice_image(current, desk.settings.memo_field)
    moving = ("balance", "payments", "customer", "voided")
    link.quickbooks_image = {**link.quickbooks_image, **{name: fresh[name] for name in moving}}
    link.save(update_fields=["quickbooks_image"])
    catching_up.note_foreign(desk.connection, desk.quickbooks.find_payments(current.customer_id))
