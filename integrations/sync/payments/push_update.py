"""A linked payment that was changed in Coperniq, or removed from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from zoneinfo import ZoneInfo

from integrations.coperniq.money import CoperniqPayment
from integrations.errors import Choice, NeedsDecision, RecordMissing
from integrations.messages.payments import PaymentMessage
from integrations.models import Question, RecordLink, SyncRun
from integrations.models.snapshots import CoperniqPaymentSnapshot, QuickBooksPaymentSnapshot
from integrations.quickbooks.bodies import money
from integrations.quickbooks.documents import FIRST_VERSION, QuickBooksPayment
from integrations.sync.engine.choices import DISCARD, RETRY
from integrations.sync.engine.context import SyncContext
from integrations.sync.engine.plan import Change, Plan, PlannedWrite
from integrations.sync.invoices.closed_period import refuse_closed
from integrations.sync.payments.allocation import PaymentAmounts, changed_amounts
from integrations.sync.payments.eligibility import refuse_amount, status_decision
from integrations.sync.payments.external import balance_of, refresh_invoice, was_taken_off
from integrations.sync.payments.mapping import (
    amount_and_date,
    coperniq_payment_snapshot,
    has_same_amount_and_date,
    payment_name,
    quickbooks_payment_snapshot,
)
from integrations.sync.payments.push_create import payment_line, unapplied_warning

_USE_COPERNIQ_PAYMENT = Choice("use_coperniq", "Use what Coperniq has", Question.SIDE)
_LEAVE_QUICKBOOKS_PAYMENT = Choice("use_quickbooks", "Leave what QuickBooks has", Question.SIDE)


def plan_payment_update(
    ctx: SyncContext, run: SyncRun, payment: CoperniqPayment, link: RecordLink, invoice: RecordLink
) -> Plan:
    run.record_name = link.coperniq_name or payment_name(payment, invoice.display_number)
    coperniq = coperniq_payment_snapshot(payment, ZoneInfo(ctx.connection.company.time_zone))
    _refuse_status_change(ctx, run, link, coperniq)
    same = has_same_amount_and_date(coperniq, link.coperniq_payment)
    if same and not link.payment_state.needs_applying:
        return _plan_unchanged(run, link, coperniq)
    current = _read_quickbooks_payment(ctx, link)
    if not link.payment_state.needs_applying and was_taken_off(ctx, link, current):
        link.payment_state = replace(link.payment_state, is_share=True)
    quickbooks = quickbooks_payment_snapshot(
        current, link.allocation_invoice_id, share=link.payment_state.is_share
    )
    if run.has_taken(_LEAVE_QUICKBOOKS_PAYMENT) or (
        has_same_amount_and_date(coperniq, quickbooks) and not link.payment_state.needs_applying
    ):
        return _with_quickbooks(_plan_unchanged(run, link, coperniq), quickbooks, current)
    _refuse_conflict(run, link, coperniq, quickbooks, current)
    refuse_amount(payment)
    if current.is_deposited:
        message = PaymentMessage.DEPOSITED(payment=link.coperniq_name, coperniq=amount_and_date(coperniq))
        raise NeedsDecision(message, [RETRY, DISCARD])
    for day in (current.on, date.fromisoformat(coperniq.on)):
        refuse_closed(ctx, day)
    return _plan_changed_payment(ctx, run, link, coperniq, quickbooks, current, invoice)


def _refuse_status_change(
    ctx: SyncContext, run: SyncRun, link: RecordLink, coperniq: CoperniqPaymentSnapshot
) -> None:
    """Raises NeedsDecision e.g. for a check that bounced: a person decides what happens to it in QuickBooks."""
    status = coperniq.status or ""
    if link.coperniq_payment.status in (None, status) or status_decision(ctx.settings, status) == "send":
        return
    if run.has_taken(_LEAVE_QUICKBOOKS_PAYMENT):
        return
    raise NeedsDecision(
        PaymentMessage.STATUS_CHANGED(payment=run.record_name, status=status),
        [_LEAVE_QUICKBOOKS_PAYMENT, RETRY, DISCARD],
    )


def _plan_unchanged(run: SyncRun, link: RecordLink, coperniq: CoperniqPaymentSnapshot) -> Plan:
    return Plan.of(
        link,
        run.record_name,
        coperniq_snapshot=coperniq.as_json(),
        amount_cents=coperniq.amount,
        sentence=PaymentMessage.UNCHANGED(payment=run.record_name),
        silent=True,
    )


def _with_quickbooks(plan: Plan, quickbooks: QuickBooksPaymentSnapshot, current: QuickBooksPayment) -> Plan:
    """The plan with QuickBooks' payment as it was read."""
    return replace(
        plan,
        quickbooks_version=current.sync_token,
        quickbooks_at=current.updated_at,
        quickbooks_snapshot=quickbooks.as_json(),
    )


def _read_quickbooks_payment(ctx: SyncContext, link: RecordLink) -> QuickBooksPayment:
    try:
        current = ctx.quickbooks.read_payment(link.quickbooks_id)
    except RecordMissing:
        current = None
    if current is None or current.is_voided:
        message = PaymentMessage.MISSING_IN_QUICKBOOKS(payment=link.coperniq_name)
        raise NeedsDecision(message, [RETRY, DISCARD])
    return current


def _refuse_conflict(
    run: SyncRun,
    link: RecordLink,
    coperniq: CoperniqPaymentSnapshot,
    quickbooks: QuickBooksPaymentSnapshot,
    current: QuickBooksPayment,
) -> None:
    if _changed_in_quickbooks(link, quickbooks, current) and not run.has_taken(_USE_COPERNIQ_PAYMENT):
        raise NeedsDecision(
            PaymentMessage.CONFLICT(
                payment=run.record_name,
                coperniq=amount_and_date(coperniq),
                quickbooks=amount_and_date(quickbooks),
            ),
            [_USE_COPERNIQ_PAYMENT, _LEAVE_QUICKBOOKS_PAYMENT, RETRY, DISCARD],
        )


def _changed_in_quickbooks(
    link: RecordLink, quickbooks: QuickBooksPaymentSnapshot, current: QuickBooksPayment
) -> bool:
    """Of a payment found by its tag, without a snapshot, any version but the first counts as changed."""
    if not link.coperniq_snapshot:
        return current.sync_token != FIRST_VERSION
    return not has_same_amount_and_date(quickbooks, link.quickbooks_payment)


def _plan_changed_payment(
    ctx: SyncContext,
    run: SyncRun,
    link: RecordLink,
    coperniq: CoperniqPaymentSnapshot,
    quickbooks: QuickBooksPaymentSnapshot,
    current: QuickBooksPayment,
    invoice: RecordLink,
) -> Plan:
    """Changes only what is on this invoice; the payment's other lines are sent back as read."""
    invoice_id = link.allocation_invoice_id or invoice.quickbooks_id
    others = [line for line in current.lines if (line.txn_type, line.txn_id) != ("Invoice", invoice_id)]
    now = PaymentAmounts(
        total=current.total_cents,
        applied=quickbooks.applied,
        others=sum(line.amount_cents for line in others),
        synced=quickbooks.amount,
        is_share=link.payment_state.is_share,
    )
    new = changed_amounts(now, coperniq.amount)
    room = _room_on_invoice(ctx, link, invoice, new.wanted, current.applied_to(invoice_id))
    share = min(new.wanted, room)
    lines = [_without_line_extension(line.raw) for line in others]
    values = {
        "TotalAmt": money(new.total),
        "TxnDate": coperniq.on,
        "CustomerRef.value": customer_of_payment(link, current, invoice),
        "Line": [payment_line(invoice_id, share), *lines] if share else lines,
    }
    changes = _payment_changes(quickbooks, coperniq, share)
    if not changes:
        settled = _with_quickbooks(_plan_unchanged(run, link, coperniq), quickbooks, current)
        return replace(settled, state=replace(link.payment_state, needs_applying=False))
    return Plan(
        record_name=run.record_name,
        match_method=link.match_method,
        write=PlannedWrite("update", "Payment", values, changes, current.id, current.sync_token),
        quickbooks_snapshot=quickbooks.as_json(),
        allocation_invoice_id=invoice_id,
        coperniq_snapshot=coperniq.as_json(),
        number=link.number,
        amount_cents=coperniq.amount,
        warnings=unapplied_warning(invoice, new.wanted, share),
        state=replace(link.payment_state, needs_applying=False),
    )


def _room_on_invoice(
    ctx: SyncContext, link: RecordLink, invoice: RecordLink, wanted: int, applied: int
) -> int:
    """The cents of the payment that fit on the invoice, which is read again before any money is left unapplied."""
    if link.payment_state.needs_applying or wanted > applied + balance_of(invoice):
        refresh_invoice(ctx, invoice)
    return applied + balance_of(invoice)


def customer_of_payment(link: RecordLink, current: QuickBooksPayment, invoice: RecordLink) -> str:
    """A payment that QuickBooks did not apply to its invoice is moved to the invoice's current customer."""
    if link.payment_state.needs_applying:
        return invoice.quickbooks_invoice.customer
    return current.customer_id


def _payment_changes(
    quickbooks: QuickBooksPaymentSnapshot, coperniq: CoperniqPaymentSnapshot, share: int
) -> tuple[Change, ...]:
    changes = (
        Change("TotalAmt", f"${money(quickbooks.amount):,}", f"${money(coperniq.amount):,}"),
        Change("TxnDate", quickbooks.on, coperniq.on),
        Change("Applied to invoice", f"${money(quickbooks.applied):,}", f"${money(share):,}"),
    )
    return tuple(change for change in changes if change.before != change.after)


def _without_line_extension(raw: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in raw.items() if name != "LineEx"}


def hold_vanished(link: RecordLink) -> NeedsDecision:
    return NeedsDecision(PaymentMessage.VANISHED(payment=link.coperniq_name), [RETRY, DISCARD])
