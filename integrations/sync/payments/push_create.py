"""Plan to create a payment in QuickBooks, or to link to one that is there already."""

from __future__ import annotations

from datetime import date
from zoneinfo import ZoneInfo

from integrations.causes import Cause
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
from integrations.sync.payments.candidates import Place, family_of_invoice, find_quickbooks_duplicates
from integrations.sync.payments.deposit_accounts import deposit_account_for, payment_method_for
from integrations.sync.payments.duplicates import (
    RECORD_BOTH,
    choice_gone,
    plan_duplicate,
    plan_link,
    remember_both,
)
from integrations.sync.payments.entered_again import refuse_entered_elsewhere
from integrations.sync.payments.external import (
    balance_of,
    read_earlier_payments,
    read_external_payments,
    read_payments_again,
    refresh_invoice,
)
from integrations.sync.payments.mapping import (
    METHOD_NAMES,
    coperniq_payment_snapshot,
    note_text,
    paid_on,
    payment_line,
    short_reference,
)
from integrations.sync.payments.push_apply import plan_apply, plan_move, unapplied_warning

_CANDIDATES_READ = 5


def plan_payment_create(
    ctx: SyncContext,
    run: SyncRun,
    payment: CoperniqPayment,
    invoice: RecordLink,
    removed: RecordLink | None = None,
) -> Plan:
    """`removed` is the link of a payment on another invoice that was removed in Coperniq, and may be this one."""
    day = paid_on(payment, ZoneInfo(ctx.connection.company.time_zone))
    if day is None:
        raise NeedsDecision(PaymentMessage.WITHOUT_DATE(), [RETRY, DISCARD])
    answered = _plan_answered(ctx, run, payment, invoice, day, removed)
    if answered is not None:
        return answered
    decided = run.answer_to(Question.SAME_PAYMENT)
    read_external_payments(ctx)
    if decided.key != RECORD_BOTH.key:
        read_earlier_payments(ctx, family_of_invoice(ctx, invoice))
    _refresh(ctx, payment, invoice, day)
    _refuse_ended_invoice(invoice)
    if decided.key != RECORD_BOTH.key:
        same = plan_duplicate(ctx, run, payment, invoice, day)
        if same is not None:
            return same
        if removed is not None:
            refuse_entered_elsewhere(ctx, invoice, removed)
        _refuse_open_already(ctx, run, payment, invoice)
    else:
        remember_both(ctx, payment, invoice, day)
    on, warnings = open_day(ctx, run, day)
    return _plan_new_payment(ctx, run, payment, invoice, on, warnings)


def _plan_answered(
    ctx: SyncContext,
    run: SyncRun,
    payment: CoperniqPayment,
    invoice: RecordLink,
    day: date,
    removed: RecordLink | None,
) -> Plan | None:
    """The plan that a person has chosen: to link it, to apply it, or to move it; else None."""
    decided = run.answer_to(Question.SAME_PAYMENT)
    if decided.verb == "link":
        chosen = RecordLink.MatchMethod.CHOSEN
        return plan_link(ctx, run, payment, invoice, day, decided.target, chosen)
    if decided.verb == "apply":
        return plan_apply(ctx, run, payment, invoice, day, decided.target)
    if decided.verb == "move":
        if removed is None or removed.quickbooks_id != decided.target:
            raise choice_gone(ctx, payment, invoice, day)
        return plan_move(ctx, run, payment, invoice, day, removed)
    return None


def _refresh(ctx: SyncContext, payment: CoperniqPayment, invoice: RecordLink, day: date) -> None:
    """Reads again what the plan depends on, if money would be left unapplied or a person would be asked."""
    found = find_quickbooks_duplicates(ctx, payment, invoice, day)
    on_invoice = any(each.place == Place.ON_INVOICE for each in found)
    if on_invoice or payment.amount_cents > balance_of(invoice):
        refresh_invoice(ctx, invoice)
    elsewhere = [each.id for each in found if each.place != Place.ON_INVOICE]
    if elsewhere:
        read_payments_again(ctx, elsewhere[:_CANDIDATES_READ])


def _refuse_open_already(
    ctx: SyncContext, run: SyncRun, payment: CoperniqPayment, invoice: RecordLink
) -> None:
    """Raises NeedsDecision if QuickBooks has this much less open for a reason that is no payment, such as a deposit.

    Once a person is asked, what is open is equal: this payment is the whole difference.
    """
    stored = invoice.coperniq_invoice
    is_asked = run.cause == Cause.PROBABLY_SAME_PAYMENT and stored.total is not None
    before = balance_of(invoice)
    is_equal = is_asked and (stored.total or 0) - stored.paid == before
    if invoice.open_difference_cents != payment.amount_cents and not is_equal:
        return
    refresh_invoice(ctx, invoice)
    if balance_of(invoice) - before < payment.amount_cents:
        message = PaymentMessage.PROBABLY_SAME_OPEN(
            invoice=invoice.display_number, amount=money(payment.amount_cents)
        )
        raise NeedsDecision(message, [RECORD_BOTH, RETRY, DISCARD])


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
