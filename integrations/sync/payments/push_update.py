"""A linked payment that was changed in Coperniq, or removed from it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from zoneinfo import ZoneInfo

from integrations.coperniq.money import CoperniqPayment
from integrations.errors import Choice, NeedsDecision, RecordMissing
from integrations.messages.choices import ChoiceLabel
from integrations.messages.payments import PaymentMessage
from integrations.models import Action, Question, RecordLink, SyncRun
from integrations.models.run_querysets import SyncRunQuerySet
from integrations.models.snapshots import CoperniqPaymentSnapshot, QuickBooksPaymentSnapshot
from integrations.quickbooks.bodies import money
from integrations.quickbooks.documents import FIRST_VERSION, QuickBooksPayment
from integrations.sync.engine.choices import DISCARD, RECORD_AGAIN, RETRY
from integrations.sync.engine.context import SyncContext
from integrations.sync.engine.follow_ups import requeue
from integrations.sync.engine.plan import Change, Plan, PlannedWrite
from integrations.sync.invoices.closed_period import refuse_closed
from integrations.sync.invoices.mapping import long_day
from integrations.sync.payments.allocation import PaymentAmounts, changed_amounts
from integrations.sync.payments.eligibility import refuse_amount, status_decision
from integrations.sync.payments.external import balance_of, refresh_invoice, was_taken_off
from integrations.sync.payments.mapping import (
    amount_and_date,
    cash_on,
    coperniq_payment_snapshot,
    has_same_amount_and_date,
    is_recorded_by_people,
    payment_line,
    payment_name,
    pays_elsewhere,
    quickbooks_payment_snapshot,
    without_line_extension,
)
from integrations.sync.payments.push_apply import unapplied_warning

_USE_COPERNIQ_PAYMENT = Choice("use_coperniq", ChoiceLabel.USE_COPERNIQ(), Question.SIDE)
_LEAVE_QUICKBOOKS_PAYMENT = Choice("use_quickbooks", ChoiceLabel.LEAVE_QUICKBOOKS(), Question.SIDE)


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
    if not link.payment_state.needs_applying and _is_less_here(ctx, link, current):
        link.payment_state = replace(link.payment_state, is_share=True)
    quickbooks = quickbooks_payment_snapshot(
        current, link.allocation_invoice_id, share=link.payment_state.is_share
    )
    is_fixed = (
        link.payment_state.is_share
        or is_recorded_by_people(link)
        or pays_elsewhere(current, link.allocation_invoice_id)
    )
    if run.has_taken(_LEAVE_QUICKBOOKS_PAYMENT) or (
        has_same_amount_and_date(coperniq, quickbooks) and not link.payment_state.needs_applying
    ):
        requeue(ctx.follow_ups, held_pulls(ctx, link))
        return _with_quickbooks(_plan_unchanged(run, link, coperniq), quickbooks, current)
    if is_fixed:
        settled = _plan_settled(run, link, coperniq, current)
        if settled is not None:
            requeue(ctx.follow_ups, held_pulls(ctx, link))
            return settled
        if not link.payment_state.needs_applying:
            _refuse_above_unapplied(run, link, coperniq, current)
    _refuse_conflict(run, link, coperniq, quickbooks, current)
    refuse_amount(payment)
    if current.is_deposited:
        message = PaymentMessage.DEPOSITED(payment=link.coperniq_name, coperniq=amount_and_date(coperniq))
        raise NeedsDecision(message, [RETRY, DISCARD])
    on = current.on if is_fixed else date.fromisoformat(coperniq.on)
    for day in (current.on, on):
        refuse_closed(ctx, day)
    return _plan_changed_payment(ctx, run, link, coperniq, current, invoice, on, is_fixed=is_fixed)


def held_pulls(ctx: SyncContext, link: RecordLink) -> SyncRunQuerySet:
    """The open question about a change of it in QuickBooks, which people may just have corrected."""
    held = SyncRun.objects.held().filter(connection=ctx.connection, action=Action.PULL_PAYMENT)
    return held.filter(quickbooks_id=link.quickbooks_id, allocation_invoice_id=link.allocation_invoice_id)


def _is_less_here(ctx: SyncContext, link: RecordLink, current: QuickBooksPayment) -> bool:
    """Whether the payment pays other invoices, or people took some of it off this one."""
    return pays_elsewhere(current, link.allocation_invoice_id) or was_taken_off(ctx, link, current)


def _plan_settled(
    run: SyncRun, link: RecordLink, coperniq: CoperniqPaymentSnapshot, current: QuickBooksPayment
) -> Plan | None:
    """The plan for a payment whose total stays, if its invoice has the money already; else None."""
    here = quickbooks_payment_snapshot(current, link.allocation_invoice_id, share=True)
    is_here = coperniq.amount == here.amount
    is_other = coperniq.amount != link.coperniq_payment.amount or link.payment_state.needs_applying
    if is_other and not is_here:
        return None
    settled = _plan_unchanged(run, link, coperniq)
    if is_here:
        is_share = link.payment_state.is_share or coperniq.amount != current.total_cents
        settled = _with_quickbooks(settled, here, current)
        settled = replace(settled, state=replace(link.payment_state, is_share=is_share, needs_applying=False))
    if coperniq.on == link.coperniq_payment.on:
        return settled
    return replace(settled, warnings=(PaymentMessage.DATE_LEFT(date=long_day(here.on)),), silent=False)


def _refuse_above_unapplied(
    run: SyncRun, link: RecordLink, coperniq: CoperniqPaymentSnapshot, current: QuickBooksPayment
) -> None:
    """Raises NeedsDecision if its invoice would need more than is unapplied of a payment whose total stays."""
    here = cash_on(current, link.allocation_invoice_id)
    if coperniq.amount - here > current.unapplied_cents:
        raise NeedsDecision(
            PaymentMessage.NOT_ENOUGH_UNAPPLIED(
                payment=run.record_name,
                coperniq=amount_and_date(coperniq),
                applied=money(here),
                total=money(current.total_cents),
                date=f"{current.on:%B %-d, %Y}",
                unapplied=money(current.unapplied_cents),
            ),
            [_LEAVE_QUICKBOOKS_PAYMENT, RETRY, DISCARD],
        )


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
    current = read_standing_payment(ctx, link)
    if current is None:
        message = PaymentMessage.MISSING_IN_QUICKBOOKS(payment=link.coperniq_name)
        raise NeedsDecision(message, [RECORD_AGAIN, RETRY, DISCARD])
    return current


def read_standing_payment(ctx: SyncContext, link: RecordLink) -> QuickBooksPayment | None:
    """None if it is voided or deleted."""
    try:
        current = ctx.quickbooks.read_payment(link.quickbooks_id)
    except RecordMissing:
        return None
    return None if current.is_voided else current


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
    current: QuickBooksPayment,
    invoice: RecordLink,
    on: date,
    *,
    is_fixed: bool,
) -> Plan:
    """Changes only what is on this invoice; the payment's other lines are sent back as read."""
    invoice_id = link.allocation_invoice_id or invoice.quickbooks_id
    others = [line for line in current.lines if (line.txn_type, line.txn_id) != ("Invoice", invoice_id)]
    applied = current.applied_to(invoice_id)
    quickbooks = quickbooks_payment_snapshot(current, invoice_id, share=is_fixed)
    now = PaymentAmounts(current.total_cents, applied, cash_on(current, invoice_id), is_fixed)
    new = changed_amounts(now, coperniq.amount)
    if is_fixed:  # its invoice has grown: it gets what people have not used elsewhere
        new = replace(new, wanted=min(new.wanted, applied + current.unapplied_cents))
    room = _room_on_invoice(ctx, link, invoice, new.wanted, applied)
    share = min(new.wanted, room)
    lines = [without_line_extension(line.raw) for line in others]
    values = {
        "TotalAmt": money(new.total),
        "TxnDate": on.isoformat(),
        "CustomerRef.value": customer_of_payment(link, current, invoice),
        "Line": [payment_line(invoice_id, share), *lines] if share else lines,
    }
    changes = _payment_changes(current, new.total, on, applied, share)
    state = replace(link.payment_state, needs_applying=False, is_share=is_fixed)
    if not changes:
        settled = _with_quickbooks(_plan_unchanged(run, link, coperniq), quickbooks, current)
        return replace(settled, state=state)
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
        state=state,
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
    current: QuickBooksPayment, total: int, on: date, applied: int, share: int
) -> tuple[Change, ...]:
    changes = (
        Change("TotalAmt", f"${money(current.total_cents):,}", f"${money(total):,}"),
        Change("TxnDate", current.on.isoformat(), on.isoformat()),
        Change("Applied to invoice", f"${money(applied):,}", f"${money(share):,}"),
    )
    return tuple(change for change in changes if change.before != change.after)
