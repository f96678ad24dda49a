"""A Coperniq payment that QuickBooks does not have yet: recorded on its invoice, unless it is there already."""

from __future__ import annotations

from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from integrations.coperniq.money import Payment
from integrations.errors import Hold
from integrations.models import Kind, Question, RecordLink, SyncRun
from integrations.quickbooks.bodies import money
from integrations.sync.actions import deposits, same_cheques
from integrations.sync.actions.closing import open_day
from integrations.sync.actions.names import DISCARD, RETRY
from integrations.sync.actions.refusals import was_too_long
from integrations.sync.actions.strangers import balance_of, look_again, meet_strangers
from integrations.sync.desk import Desk
from integrations.sync.mapping.invoices import NOTE_LIMIT
from integrations.sync.mapping.marks import mark_of, with_mark
from integrations.sync.mapping.payments import METHODS, coperniq_image, note_text, paid_on, short_reference
from integrations.sync.plans import Change, Plan, PlannedWrite


def plan(desk: Desk, run: SyncRun, payment: Payment, invoice: RecordLink) -> Plan:
    day = paid_on(payment, ZoneInfo(desk.connection.company.time_zone))
    if day is None:
        raise without_date()
    decided = run.answer_to(Question.SAME_PAYMENT)
    if decided.verb == "link":
        chosen = RecordLink.Rule.CHOSEN
        return same_cheques.plan_link(desk, run, payment, invoice, day, decided.target, chosen)
    meet_strangers(desk)
    if needs_a_look(desk, payment, invoice, day):
        look_again(desk, invoice)
    refuse_ended(invoice)
    if decided.key != same_cheques.RECORD_BOTH.key:
        same = same_cheques.plan_same(desk, run, payment, invoice, day)
        if same is not None:
            return same
    on, warnings = open_day(desk, run, day)
    return create_plan(desk, run, payment, invoice, on, warnings)


def needs_a_look(desk: Desk, payment: Payment, invoice: RecordLink, day: date) -> bool:
    """Before money is left unapplied, or taken for somebody else's, we see how the invoice stands now."""
    too_much = payment.amount_cents > balance_of(invoice)
    return too_much or bool(same_cheques.candidates(desk, payment, invoice, day))


def refuse_ended(invoice: RecordLink) -> None:
    if invoice.quickbooks_image.get("voided") or invoice.quickbooks_image.get("deleted"):
        raise Hold(
            "invoice_ended",
            f"Invoice {invoice.told_number} is voided or deleted in QuickBooks, so the payment has nowhere to go. "
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
    applied = min(payment.amount_cents, balance_of(invoice))
    account = deposits.account_for(desk, run, payment.method)
    method, unnamed = deposits.method_for(desk, run, payment.method)
    values, told = values_of(desk, run, payment, invoice, on, applied)
    values |= method | {"DepositToAccountRef.value": account.id}
    changes = (
        Change("TotalAmt", "", f"${money(payment.amount_cents):,}"),
        Change("TxnDate", "", on.isoformat()),
        Change("Applied to invoice", "", f"{invoice.told_number}: ${money(applied):,}"),
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
        warnings=warnings + left_over(invoice, payment.amount_cents, applied) + unnamed,
        written={"part": invoice.quickbooks_id},
    )


def left_over(invoice: RecordLink, total: int, applied: int) -> tuple[str, ...]:
    if total == applied:
        return ()
    return (
        f"Only ${money(applied):,} was open on invoice {invoice.told_number}: the other ${money(total - applied):,} "
        "waits unapplied with the customer in QuickBooks.",
    )


def values_of(
    desk: Desk, run: SyncRun, payment: Payment, invoice: RecordLink, on: date, applied: int
) -> tuple[dict[str, Any], list[tuple[str, str]]]:
    """With the invoice's own customer, as QuickBooks answered it last: it may have been moved there."""
    mark = mark_of(desk.connection.realm_id, Kind.PAYMENT, run.coperniq_id, run.coperniq_parent_id)
    reference = "" if was_too_long(run) else short_reference(payment)
    note = note_text(payment, reference)[: NOTE_LIMIT - len(mark) - 1]
    values: dict[str, Any] = {
        "CustomerRef.value": invoice.quickbooks_image["customer"],
        "CurrencyRef.value": "USD",
        "TotalAmt": money(payment.amount_cents),
        "TxnDate": on.isoformat(),
        "PrivateNote": with_mark(note, mark),
        "Line": [line_of(invoice.quickbooks_id, applied)] if applied else [],
    }
    if reference:
        values["PaymentRefNum"] = reference
    told = [("PaymentRefNum", reference), ("Payment method", METHODS.get(payment.method, ""))]
    return values, [(name, value) for name, value in told if value]


def line_of(quickbooks_invoice_id: str, cents: int) -> dict[str, Any]:
    return {"Amount": money(cents), "LinkedTxn": [{"TxnId": quickbooks_invoice_id, "TxnType": "Invoice"}]}
