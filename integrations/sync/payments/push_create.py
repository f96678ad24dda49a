"""Plan to create a payment in QuickBooks, or to link to one that is there already."""

from __future__ import annotations

from datetime import date
from zoneinfo import ZoneInfo

from integrations.coperniq.money import CoperniqPayment
from integrations.errors import NeedsDecision
from integrations.messages import Message
from integrations.messages.payments import PaymentMessage
from integrations.models import Kind, Question, RecordLink, SyncRun
from integrations.models.sync_state import PaymentState
from integrations.quickbooks.bodies import money
from integrations.sync.engine.choices import DISCARD, RETRY
from integrations.sync.engine.context import SyncContext
from integrations.sync.engine.correlation_tag import coperniq_tag, with_tag
from integrations.sync.engine.plan import Change, Plan, PlannedWrite
from integrations.sync.engine.refused_writes import was_too_long
from integrations.sync.invoices.closed_period import open_day
from integrations.sync.invoices.mapping import NOTE_LIMIT
from integrations.sync.payments.deposit_accounts import deposit_account_for, payment_method_for
from integrations.sync.payments.duplicates import (
    RECORD_BOTH,
    find_quickbooks_duplicates,
    plan_duplicate,
    plan_link,
)
from integrations.sync.payments.external import balance_of, read_external_payments, refresh_invoice
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
        raise NeedsDecision(PaymentMessage.WITHOUT_DATE(), [RETRY, DISCARD])
    decided = run.answer_to(Question.SAME_PAYMENT)
    if decided.verb == "link":
        chosen = RecordLink.MatchMethod.CHOSEN
        return plan_link(ctx, run, payment, invoice, day, decided.target, chosen)
    read_external_payments(ctx)
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
    """Whether money would be left unapplied or be linked to an external payment, by what is stored of the invoice."""
    too_much = payment.amount_cents > balance_of(invoice)
    return too_much or bool(find_quickbooks_duplicates(ctx, payment, invoice, day))


def _refuse_ended_invoice(invoice: RecordLink) -> None:
    if invoice.quickbooks_invoice.voided or invoice.quickbooks_invoice.deleted:
        message = PaymentMessage.INVOICE_ENDED(invoice=invoice.display_number)
        raise NeedsDecision(message, [RETRY, DISCARD])


def _plan_new_payment(
    ctx: SyncContext,
    run: SyncRun,
    payment: CoperniqPayment,
    invoice: RecordLink,
    on: date,
    warnings: tuple[Message, ...],
) -> Plan:
    applied = min(payment.amount_cents, balance_of(invoice))
    account = deposit_account_for(ctx, payment.method)
    method, method_warnings = payment_method_for(ctx, payment.method)
    values, shown = _payment_values(ctx, run, payment, invoice, on, applied)
    values |= method | {"DepositToAccountRef.value": account.id}
    names = dict.fromkeys(method, METHOD_NAMES.get(payment.method, ""))
    if account.is_own:
        names["DepositToAccountRef.value"] = account.name
    changes = (
        Change("TotalAmt", "", f"${money(payment.amount_cents):,}"),
        Change("TxnDate", "", on.isoformat()),
        Change("Applied to invoice", "", f"{invoice.display_number}: ${money(applied):,}"),
        Change("Deposited to", "", account.name),
        *(Change(name, "", value) for name, value in shown),
    )
    return Plan(
        record_name=run.record_name,
        match_method=RecordLink.MatchMethod.CREATED,
        write=PlannedWrite("create", "Payment", values, changes, stands_for=names),
        coperniq_snapshot=coperniq_payment_snapshot(
            payment, ZoneInfo(ctx.connection.company.time_zone)
        ).as_json(),
        number=payment.reference[:40],
        amount_cents=payment.amount_cents,
        warnings=(*warnings, *unapplied_warning(invoice, payment.amount_cents, applied), *method_warnings),
        state=PaymentState(),
        allocation_invoice_id=invoice.quickbooks_id,
    )


def unapplied_warning(invoice: RecordLink, total_cents: int, applied_cents: int) -> tuple[Message, ...]:
    if total_cents == applied_cents:
        return ()
    return (
        PaymentMessage.PARTLY_UNAPPLIED(
            applied=money(applied_cents),
            invoice=invoice.display_number,
            unapplied=money(total_cents - applied_cents),
        ),
    )


def _payment_values(
    ctx: SyncContext, run: SyncRun, payment: CoperniqPayment, invoice: RecordLink, on: date, applied: int
) -> tuple[dict[str, object], list[tuple[str, str]]]:
    """The payload, and the fields of it to list as changes.

    The customer is the invoice's as last read from QuickBooks: people may have moved the invoice there.
    """
    tag = coperniq_tag(ctx.connection.realm_id, Kind.PAYMENT, run.coperniq_id, run.coperniq_parent_id)
    reference = "" if was_too_long(run) else short_reference(payment)
    note = note_text(payment, reference)[: NOTE_LIMIT - len(tag) - 1]
    values: dict[str, object] = {
        "CustomerRef.value": invoice.quickbooks_invoice.customer,
        "CurrencyRef.value": "USD",
        "TotalAmt": money(payment.amount_cents),
        "TxnDate": on.isoformat(),
        "PrivateNote": with_tag(note, tag),
        "Line": [payment_line(invoice.quickbooks_id, applied)] if applied else [],
    }
    if reference:
        values["PaymentRefNum"] = reference
    shown = [("PaymentRefNum", reference), ("Payment method", METHOD_NAMES.get(payment.method, ""))]
    return values, [(name, value) for name, value in shown if value]


def payment_line(quickbooks_invoice_id: str, cents: int) -> dict[str, object]:
    return {"Amount": money(cents), "LinkedTxn": [{"TxnId": quickbooks_invoice_id, "TxnType": "Invoice"}]}
