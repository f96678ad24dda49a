"""A linked payment that was changed in QuickBooks. Coperniq's API cannot edit payments, so a person decides.

See docs/vendors/coperniq-api.md, 3.8.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from zoneinfo import ZoneInfo

from django.db.models import Q

from integrations.causes import Cause
from integrations.coperniq.money import CoperniqPayment
from integrations.errors import Choice, NeedsDecision, RecordMissing
from integrations.messages.choices import ChoiceLabel
from integrations.messages.payments import PaymentMessage
from integrations.models import Action, ExternalPayment, Kind, Question, RecordLink, RunState, SyncRun
from integrations.models.snapshots import QuickBooksPaymentSnapshot
from integrations.models.sync_state import PaymentEnd, PaymentState
from integrations.quickbooks.bodies import money
from integrations.quickbooks.documents import QuickBooksPayment
from integrations.sync.engine.choices import DISCARD, RECORD_AGAIN, RETRY
from integrations.sync.engine.context import SyncContext
from integrations.sync.engine.follow_ups import UpdatedLink, requeue
from integrations.sync.engine.plan import Plan
from integrations.sync.payments.candidates import DUPLICATE_WINDOW, find_successor
from integrations.sync.payments.external import was_taken_off
from integrations.sync.payments.mapping import (
    amount_and_date,
    coperniq_payment_snapshot,
    has_same_amount_and_date,
    paid_on,
    pays_elsewhere,
    pays_more,
    pays_others,
    quickbooks_payment_name,
    quickbooks_payment_snapshot,
)
from integrations.sync.payments.moved_money import (
    number_of_invoice,
    unapplied_warning_of,
    wait_for_moved_money,
)
from integrations.sync.payments.pull_detect import read_payment_or_none
from integrations.sync.payments.push_detect import cached_coperniq_payments, read_coperniq_payments

_LEAVE_COPERNIQ = Choice("leave_coperniq", ChoiceLabel.LEAVE_COPERNIQ(), Question.PAYMENT_CHANGED)
_RETRY_CORRECTED = Choice(RETRY.key, ChoiceLabel.CHECK_AGAIN())
_ENDED_CAUSES = (Cause.PAYMENT_VANISHED, Cause.QUICKBOOKS_PAYMENT_MISSING)
"""Of questions about a payment that one side does not have any more."""
_ENDED_TEXT = "voided, deleted or removed from the invoice"


def plan_payment_pull_change(
    ctx: SyncContext, run: SyncRun, link: RecordLink, payment: QuickBooksPayment | None
) -> Plan:
    """`payment` is None if it was deleted. Raises NeedsDecision if Coperniq's payment differs from it."""
    state = _state_with_share(ctx, link, payment)
    quickbooks = _current_snapshot(link, payment, share=state.is_share)
    version = payment.sync_token if payment else link.quickbooks_version
    if not _is_payment_changed(link, quickbooks):
        return _plan_settled(ctx, link, run, quickbooks, version, payment, state)
    before = link.coperniq_id
    coperniq = _find_in_coperniq(ctx, run, link, quickbooks)
    is_replaced = link.coperniq_id != before
    gone = _is_gone(quickbooks)
    successor = find_successor(ctx, link, link.allocation_invoice_id) if gone and coperniq else None
    if successor is not None:
        return _plan_successor(ctx, run, link, successor)
    equal = coperniq is None if gone else coperniq is not None and _is_equal(ctx, coperniq, quickbooks)
    may_record = coperniq is not None and link.match_method != RecordLink.MatchMethod.PULLED
    is_over = payment is None or payment.is_voided
    if may_record and is_over and run.has_taken(RECORD_AGAIN):
        return _plan_record_again(ctx, run, link, quickbooks, version)
    if equal or is_replaced or run.has_taken(_LEAVE_COPERNIQ):
        ended = None if coperniq is not None else PaymentEnd.ONLY_IN_QUICKBOOKS
        state = replace(state, ended=PaymentEnd.GONE_IN_QUICKBOOKS if gone else ended)
        settled = _plan_settled(ctx, link, run, quickbooks, version, payment, state)
        warnings = unapplied_warning_of(payment) if gone and coperniq is None else ()
        if not warnings:
            return settled
        message = PaymentMessage.OFF_INVOICE_ON_BOTH_SIDES(payment=run.record_name)
        return replace(settled, sentence=message, warnings=warnings)
    if payment is not None and quickbooks.amount > link.coperniq_payment.amount:
        wait_for_moved_money(ctx, run, payment, link.allocation_invoice_id)
    raise _hold_changed(ctx, link, payment, quickbooks, may_record=may_record and is_over)


def _plan_record_again(
    ctx: SyncContext, run: SyncRun, link: RecordLink, quickbooks: QuickBooksPaymentSnapshot, version: str
) -> Plan:
    """Leave it to the push, which also asks what may have to be asked about the new one."""
    return Plan.of(
        link,
        run.record_name,
        quickbooks_version=version,
        quickbooks_snapshot=quickbooks.as_json(),
        state=replace(link.payment_state, create_again=True),
        sentence=PaymentMessage.IS_RECORDED_AGAIN(payment=run.record_name),
        asks=(SyncRun.of(ctx.connection, Action.PUSH_PAYMENT, link),),
    )


def _plan_successor(ctx: SyncContext, run: SyncRun, link: RecordLink, row: ExternalPayment) -> Plan:
    """Coperniq's payment goes on as that payment. Questions about it are looked at again."""
    current = ctx.quickbooks.read_payment(row.quickbooks_id)
    share = pays_more(current, link.allocation_invoice_id)
    held = SyncRun.objects.held().filter(connection=ctx.connection, action=Action.PULL_PAYMENT)
    requeue(ctx.follow_ups, held.filter(quickbooks_id=current.id))
    return Plan.of(
        link,
        run.record_name,
        match_method=RecordLink.MatchMethod.SAME_PAYMENT,
        quickbooks_id=current.id,
        quickbooks_name=quickbooks_payment_name(current),
        quickbooks_version=current.sync_token,
        quickbooks_at=current.updated_at,
        quickbooks_snapshot=quickbooks_payment_snapshot(
            current, link.allocation_invoice_id, share=share
        ).as_json(),
        state=PaymentState(is_share=share),
        sentence=PaymentMessage.REPLACED(payment=run.record_name, date=f"{current.on:%B %-d, %Y}"),
    )


def _state_with_share(ctx: SyncContext, link: RecordLink, payment: QuickBooksPayment | None) -> PaymentState:
    """The link's state, with `is_share` set if Coperniq's payment is now only the money on this invoice.

    That is so if the payment pays other invoices too, which get payments of their own, or if people took some of it
    off, which then waits unapplied with the customer.
    """
    state = link.payment_state
    if payment is None:
        return state
    is_share = pays_others(payment, link.allocation_invoice_id) or was_taken_off(ctx, link, payment)
    return replace(state, is_share=True) if is_share else state


def _is_gone(quickbooks: QuickBooksPaymentSnapshot) -> bool:
    """Whether none of it is money on this invoice: it is voided, deleted, taken off, or now only a credit."""
    return not (quickbooks.applied and quickbooks.amount)


def _current_snapshot(
    link: RecordLink, payment: QuickBooksPayment | None, *, share: bool
) -> QuickBooksPaymentSnapshot:
    if payment is None:
        return replace(link.quickbooks_payment, amount=0, applied=0, cash=0, voided=True)
    return quickbooks_payment_snapshot(payment, link.allocation_invoice_id, share=share)


def _is_payment_changed(link: RecordLink, now: QuickBooksPaymentSnapshot) -> bool:
    """Whether something changed that Coperniq's payment states too.

    Deposits and money applied to the invoice later do not count, unless the link ended when the money was taken off.
    """
    before = link.quickbooks_payment
    if link.payment_state.ended == PaymentEnd.GONE_IN_QUICKBOOKS:
        return not _is_gone(now)
    if not has_same_amount_and_date(now, before):
        return True
    return now.applied < before.applied or (now.cash or 0) < (before.cash or 0)


def _find_in_coperniq(
    ctx: SyncContext, run: SyncRun, link: RecordLink, quickbooks: QuickBooksPaymentSnapshot
) -> CoperniqPayment | None:
    """Coperniq's payment as it is now, because people may just have corrected it, perhaps by entering a new one.

    The link is moved to such a new one.
    """
    try:
        payments = read_coperniq_payments(ctx, link.coperniq_parent_id)
    except RecordMissing:
        payments = []
    found = next((row for row in payments if row.id == link.coperniq_id), None)
    if found is None and not _is_gone(quickbooks):
        found = next(
            (
                row
                for row in payments
                if _is_unlinked_payment(ctx, row) and _is_replacement(ctx, row, quickbooks)
            ),
            None,
        )
        if found is not None:
            _move_link(ctx, run, link, found)
    return found


def _is_unlinked_payment(ctx: SyncContext, row: CoperniqPayment) -> bool:
    return RecordLink.objects.pushed(ctx.connection, Kind.PAYMENT, row.id) is None


def _is_replacement(ctx: SyncContext, row: CoperniqPayment, quickbooks: QuickBooksPaymentSnapshot) -> bool:
    """Whether `row` has the amount that QuickBooks has now, within a week: it was removed and entered again."""
    on = paid_on(row, ZoneInfo(ctx.connection.company.time_zone))
    near = on is not None and abs(on - date.fromisoformat(quickbooks.on)) <= DUPLICATE_WINDOW
    return near and row.amount_cents == quickbooks.amount


def _move_link(ctx: SyncContext, run: SyncRun, link: RecordLink, row: CoperniqPayment) -> None:
    run.coperniq_id = link.coperniq_id = row.id
    link.coperniq_payment = coperniq_payment_snapshot(row, ZoneInfo(ctx.connection.company.time_zone))
    ctx.follow_ups.append(UpdatedLink.of(link, "coperniq_id", "coperniq_snapshot"))


def requeue_replaced(ctx: SyncContext, row: CoperniqPayment, invoice: RecordLink) -> bool:
    """Whether `row` replaces a payment that was changed in QuickBooks; requeues the pull that asks about it, or keeps
    the change there, to link it."""
    held = SyncRun.objects.open().filter(
        Q(state=RunState.HELD, cause=Cause.QUICKBOOKS_PAYMENT_CHANGED) | Q(is_kept=True),
        connection=ctx.connection,
        action=Action.PULL_PAYMENT,
        allocation_invoice_id=invoice.quickbooks_id,
    )
    listed = {each.id for each in cached_coperniq_payments(ctx, invoice.coperniq_id)}
    for run in held:
        link = RecordLink.objects.pulled(
            ctx.connection, Kind.PAYMENT, run.quickbooks_id, run.allocation_invoice_id
        )
        if link is None or link.coperniq_id in listed:
            continue
        payment = read_payment_or_none(ctx, run.quickbooks_id)
        share = _state_with_share(ctx, link, payment).is_share
        if payment is not None and _is_replacement(ctx, row, _current_snapshot(link, payment, share=share)):
            return requeue(ctx.follow_ups, held.filter(pk=run.pk))
    return False


def _is_equal(ctx: SyncContext, payment: CoperniqPayment, quickbooks: QuickBooksPaymentSnapshot) -> bool:
    coperniq = coperniq_payment_snapshot(payment, ZoneInfo(ctx.connection.company.time_zone))
    return has_same_amount_and_date(coperniq, quickbooks)


def _plan_settled(
    ctx: SyncContext,
    link: RecordLink,
    run: SyncRun,
    quickbooks: QuickBooksPaymentSnapshot,
    version: str,
    payment: QuickBooksPayment | None,
    state: PaymentState,
) -> Plan:
    if state.ended:
        held = SyncRun.objects.held().filter(connection=ctx.connection, action=Action.PUSH_PAYMENT)
        requeue(ctx.follow_ups, held.filter(coperniq_id=link.coperniq_id, cause__in=_ENDED_CAUSES))
    return Plan.of(
        link,
        run.record_name,
        quickbooks_version=version,
        quickbooks_snapshot=quickbooks.as_json(),
        quickbooks_at=payment.updated_at if payment else None,
        state=state,
        sentence=PaymentMessage.SAME_ON_BOTH_SIDES(payment=run.record_name),
        silent=quickbooks == link.quickbooks_payment,
    )


def _hold_changed(
    ctx: SyncContext,
    link: RecordLink,
    payment: QuickBooksPayment | None,
    quickbooks: QuickBooksPaymentSnapshot,
    *,
    may_record: bool,
) -> NeedsDecision:
    ended = link.payment_state.ended == PaymentEnd.GONE_IN_QUICKBOOKS
    before = _ENDED_TEXT if ended else amount_and_date(link.quickbooks_payment)
    elsewhere = _elsewhere(ctx, link, payment) if payment is not None else []
    now = " and ".join([*([] if _is_gone(quickbooks) else [amount_and_date(quickbooks)]), *elsewhere])
    if not now:
        now = "a credit" if quickbooks.applied else "deleted" if payment is None else "voided"
    texts = {"payment": link.coperniq_name, "before": before, "now": now}
    moved = payment is not None and pays_elsewhere(payment, link.allocation_invoice_id)
    if moved:
        invoice = number_of_invoice(ctx, link.allocation_invoice_id)
        message = PaymentMessage.MOVED_IN_QUICKBOOKS(**texts, invoice=invoice)
    elif may_record:
        message = PaymentMessage.ENDED_IN_QUICKBOOKS(**texts)
    else:
        message = PaymentMessage.CHANGED_IN_QUICKBOOKS(**texts)
    return NeedsDecision(
        message,
        [*([RECORD_AGAIN] if may_record else []), _RETRY_CORRECTED, _LEAVE_COPERNIQ, DISCARD],
        compared=[{"field": "Payment", "before": before, "coperniq": before, "quickbooks": now}],
    )


def _elsewhere(ctx: SyncContext, link: RecordLink, payment: QuickBooksPayment) -> list[str]:
    """Where the rest of the payment is in QuickBooks, as people read it."""
    others = dict.fromkeys(line.txn_id for line in payment.lines if line.txn_type == "Invoice")
    others.pop(link.allocation_invoice_id, None)
    found = [
        f"${money(payment.applied_to(id_)):,} on invoice {number_of_invoice(ctx, id_)}" for id_ in others
    ]
    if payment.unapplied_cents:
        found.append(f"${money(payment.unapplied_cents):,} unapplied with the customer")
    return found
