"""Plan a payment that QuickBooks does not have yet, unless it is there already."""

from __future__ import annotations

from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from integrations.coperniq.money import CoperniqPayment
from integrations.errors import NeedsDecision
from integrations.messages import Message
from integrations.models import Kind, Question, RecordLink, SyncRun
from integrations.quickbooks.bodies import money
from integrations.sync.engine.choices import DISCARD, RETRY
from integrations.sync.engine.context import SyncContext
from integrations.sync.engine.correlation_tag import coperniq_tag, with_tag
from integrations.sync.engine.plan import Change, Plan, PlannedWrite
from integrations.sync.engine.refused_writes import was_too_long
from integrations.sync.invoices.closed_period import open_day
from integrations.sync.invoices.mapping import NOTE_LIMIT
from integrations.sync.payments.deposit_accounts import deposit_account_for, payment_method_for
from integrations.sync.payments.duplicates import RECORD_BOTH, find_duplicates, plan_duplicate, plan_link
from integrations.sync.payments.external import balance_of, refresh_external_payments, refresh_invoice
from integrations.sync.payments.mapping import (
    METHOD_NAMES,
    coperniq_payment_snapshot,
    note_text,
    paid_on,
    short_reference,
)


def plan_payment_create(
    ctx: SyncContext, run: SyncRun, payment: CoperniqPayment, invoice: RecordLink
) -> Plan:
    day = paid_on(payment, ZoneInfo(ctx.connection.company.time_zone))
    if day is None:
        raise without_date()
    decided = run.answer_to(Question.SAME_PAYMENT)
    if decided.verb == "link":
        chosen = RecordLink.MatchMethod.CHOSEN
        return plan_link(ctx, run, payment, invoice, day, decided.target, chosen)
    refresh_external_payments(ctx)
    if _needs_refresh(ctx, payment, invoice, day):
        refresh_invoice(ctx, invoice)
    _refuse_ended_invoice(invoice)
    if decided.key != RECORD_BOTH.key:
        same = plan_duplicate(ctx, run, payment, invoice, day)
        if same is not None:
            return same
    on, warnings = open_day(ctx, run, day)
    return _plan_new_payment(ctx, run, payment, invoice, on, warnings)


def _needs_refresh(ctx: SyncContext, payment: CoperniqPayment, invoice: RecordLink, day: date) -> bool:
    """Before money is left unapplied, or taken for somebody else's, we see how the invoice stands now."""
    too_much = payment.amount_cents > balance_of(invoice)
    return too_much or bool(find_duplicates(ctx, payment, invoice, day))


def _refuse_ended_invoice(invoice: RecordLink) -> None:
    if invoice.quickbooks_snapshot.get("voided") or invoice.quickbooks_snapshot.get("deleted"):
        raise NeedsDecision(
            "invoice_ended",
            f"Invoice {invoice.display_number} is voided or deleted in QuickBooks, so the payment has nowhere to go. "
            "Record it in QuickBooks by hand, then leave this one.",
            [RETRY, DISCARD],
        )


def without_date() -> NeedsDecision:
    return NeedsDecision(
        "payment_without_date",
        "This payment has no date in Coperniq. Give it one, then try again.",
        [RETRY, DISCARD],
    )


def _plan_new_payment(
    ctx: SyncContext,
    run: SyncRun,
    payment: CoperniqPayment,
    invoice: RecordLink,
    on: date,
    warnings: tuple[Message | str, ...],
) -> Plan:
    applied = min(payment.amount_cents, balance_of(invoice))
    account = deposit_account_for(ctx, run, payment.method)
    method, unnamed = payment_method_for(ctx, run, payment.method)
    values, told = _payment_values(ctx, run, payment, invoice, on, applied)
    values |= method | {"DepositToAccountRef.value": account.id}
    changes = (
        Change("TotalAmt", "", f"${money(payment.amount_cents):,}"),
        Change("TxnDate", "", on.isoformat()),
        Change("Applied to invoice", "", f"{invoice.display_number}: ${money(applied):,}"),
        Change("Deposited to", "", account.name),
        *(Change(name, "", value) for name, value in told),
    )
    return Plan(
        record_name=run.record_name,
        match_method="created",
        write=PlannedWrite("create", "Payment", values, changes),
        coperniq_snapshot=coperniq_payment_snapshot(payment, ZoneInfo(ctx.connection.company.time_zone)),
        number=payment.reference[:40],
        amount_cents=payment.amount_cents,
        warnings=warnings + unapplied_warning(invoice, payment.amount_cents, applied) + unnamed,
        written={"part": invoice.quickbooks_id},
    )


def unapplied_warning(invoice: RecordLink, total: int, applied: int) -> tuple[str, ...]:
    if total == applied:
        return ()
    return (
        f"Only ${money(applied):,} was open on invoice {invoice.display_number}: the other ${money(total - applied):,} "
        "waits unapplied with the customer in QuickBooks.",
    )


def _payment_values(
    ctx: SyncContext, run: SyncRun, payment: CoperniqPayment, invoice: RecordLink, on: date, applied: int
) -> tuple[dict[str, Any], list[tuple[str, str]]]:
    """With the invoice's own customer, as QuickBooks answered it last: it may have been moved there."""
    mark = coperniq_tag(ctx.connection.realm_id, Kind.PAYMENT, run.coperniq_id, run.coperniq_parent_id)
    reference = "" if was_too_long(run) else short_reference(payment)
    note = note_text(payment, reference)[: NOTE_LIMIT - len(mark) - 1]
    values: dict[str, Any] = {
        "CustomerRef.value": invoice.quickbooks_snapshot["customer"],
        "CurrencyRef.value": "USD",
        "TotalAmt": money(payment.amount_cents),
        "TxnDate": on.isoformat(),
        "PrivateNote": with_tag(note, mark),
        "Line": [payment_line(invoice.quickbooks_id, applied)] if applied else [],
    }
    if reference:
        values["PaymentRefNum"] = reference
    told = [("PaymentRefNum", reference), ("Payment method", METHOD_NAMES.get(payment.method, ""))]
    return values, [(name, value) for name, value in told if value]


def payment_line(quickbooks_invoice_id: str, cents: int) -> dict[str, Any]:
    return {"Amount": money(cents), "LinkedTxn": [{"TxnId": quickbooks_invoice_id, "TxnType": "Invoice"}]}
