"""Plan a payment that Coperniq does not have yet."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from integrations.coperniq.money import CoperniqInvoice, CoperniqPayment
from integrations.errors import BlockedBy, NeedsDecision, RecordMissing, Skipped
from integrations.messages import Message
from integrations.messages.payments import PaymentMessage
from integrations.models import Action, Kind, RecordLink, SyncRun, SyncSettings, Vendor
from integrations.models.sync_state import PaymentState
from integrations.quickbooks.bodies import money
from integrations.quickbooks.documents import QuickBooksPayment
from integrations.sync.engine import responses as engine_responses
from integrations.sync.engine.choices import DISCARD, RETRY
from integrations.sync.engine.context import SyncContext
from integrations.sync.engine.coperniq_texts import payment_notes, quickbooks_tag, reference_of
from integrations.sync.engine.follow_ups import requeue
from integrations.sync.engine.lookups import LookupName, find_in_lookup
from integrations.sync.engine.plan import Change, Plan, PlannedWrite
from integrations.sync.engine.responses import QuickBooksRead
from integrations.sync.invoices.compare import moment_of
from integrations.sync.invoices.eligibility import is_wanted, was_made_while_off
from integrations.sync.invoices.pull_create import BRING_OVER
from integrations.sync.payments.candidates import is_same_money
from integrations.sync.payments.duplicates import find_coperniq_counterpart, refuse_second_of_number
from integrations.sync.payments.eligibility import refuse_declined
from integrations.sync.payments.external import with_payment_applied
from integrations.sync.payments.mapping import (
    cash_on,
    coperniq_payment_snapshot,
    method_in_coperniq,
    quickbooks_payment_name,
    quickbooks_payment_snapshot,
)
from integrations.sync.payments.moved_money import skip_if_left_elsewhere, wait_for_moved_money
from integrations.sync.payments.pull_response import PulledPaymentData
from integrations.sync.payments.pulled_payments import origin_of
from integrations.sync.payments.push_update import read_standing_payment


def plan_payment_pull_create(
    ctx: SyncContext, run: SyncRun, payment: QuickBooksPayment, invoice: RecordLink
) -> Plan:
    cents = cash_on(payment, invoice.quickbooks_id)
    run.record_name = f"${money(cents):,} for invoice {invoice.display_number}"
    run.amount_cents = cents
    run.coperniq_parent_id, run.coperniq_account_id = invoice.coperniq_id, invoice.coperniq_account_id
    refuse_pull_before_cutoff(ctx, run, payment, invoice)
    if not cents:
        raise Skipped(PaymentMessage.ONLY_CREDITS(), silent=True)
    wait_for_moved_money(ctx, run, payment, invoice.quickbooks_id)
    skip_if_left_elsewhere(ctx, run, payment)
    listed = read_invoice_payments(ctx, invoice)
    current = ctx.coperniq.read_invoice(invoice.coperniq_id)
    found = find_coperniq_counterpart(ctx, run, payment, cents, invoice, listed, current)
    if found is not None:
        return _plan_pull_link(ctx, run, payment, cents, invoice, found)
    _wait_for_ended(ctx, payment, cents, invoice)
    refuse_second_of_number(ctx, payment, {cents, payment.total_cents})
    refuse_declined(current, invoice.display_number)
    _refuse_above_balance(cents, current, invoice)
    return _plan_new_pull(ctx, run, payment, cents, invoice)


def refuse_pull_before_cutoff(
    ctx: SyncContext, run: SyncRun, payment: QuickBooksPayment, invoice: RecordLink
) -> None:
    """Raises Skipped for an older payment, unless its invoice was pulled: an invoice is pulled with all its payments."""
    if invoice.match_method == RecordLink.MatchMethod.PULLED:
        return
    made_while_off = was_made_while_off(ctx, payment.created_at, ctx.quickbooks.clock_offset)
    if made_while_off and not is_wanted(run, BRING_OVER):
        raise Skipped(PaymentMessage.BEFORE_CUTOFF_IN_QUICKBOOKS(), [BRING_OVER])


def read_invoice_payments(ctx: SyncContext, invoice: RecordLink) -> list[CoperniqPayment]:
    """Raises NeedsDecision if Coperniq does not show the invoice any more."""
    try:
        return ctx.coperniq.list_payments(invoice.coperniq_id)
    except RecordMissing as error:
        message = PaymentMessage.INVOICE_MISSING(invoice=invoice.display_number)
        raise NeedsDecision(message, [RETRY, DISCARD]) from error


def _wait_for_ended(ctx: SyncContext, payment: QuickBooksPayment, cents: int, invoice: RecordLink) -> None:
    """Raises BlockedBy if a payment of the same amount has ended that this one may stand in place of.

    The run of that one links the two, and otherwise asks what becomes of it in Coperniq.
    """
    runs = SyncRun.objects.open().filter(connection=ctx.connection, action=Action.PULL_PAYMENT)
    runs = runs.filter(allocation_invoice_id=invoice.quickbooks_id)
    links = RecordLink.objects.of(ctx.connection, Kind.PAYMENT).filter(
        allocation_invoice_id=invoice.quickbooks_id,
        amount_cents=cents,
        quickbooks_id__in=runs.exclude(quickbooks_id=payment.id).values("quickbooks_id"),
    )
    alike = (link for link in links.order_by("pk") if is_same_money(link, payment.on, payment.reference))
    for link in alike:
        if not link.payment_state.ended and read_standing_payment(ctx, link) is None:
            requeue(ctx.follow_ups, runs.filter(quickbooks_id=link.quickbooks_id))
            message = PaymentMessage.WAITS_FOR_ENDED(payment=link.coperniq_name)
            raise BlockedBy(message, kind=Kind.PAYMENT, coperniq_id=link.coperniq_id)


def _refuse_above_balance(cents: int, current: CoperniqInvoice, invoice: RecordLink) -> None:
    balance = current.total_cents - current.paid_cents
    if cents > balance:
        message = PaymentMessage.ABOVE_BALANCE(
            amount=money(cents), invoice=invoice.display_number, balance=money(max(balance, 0))
        )
        raise NeedsDecision(message, [RETRY, DISCARD])


def _plan_new_pull(
    ctx: SyncContext, run: SyncRun, payment: QuickBooksPayment, cents: int, invoice: RecordLink
) -> Plan:
    settings: SyncSettings = ctx.settings
    name = _read_method_name(ctx, payment.method_id)
    method = method_in_coperniq(name)
    own_tag = quickbooks_tag(ctx.connection.realm_id, Kind.PAYMENT, payment.id, invoice.quickbooks_id)
    notes = payment_notes("" if method else name, payment.note, own_tag if settings.coperniq_tag else "")
    reference = reference_of(payment.reference, payment.id)
    values: dict[str, object] = {
        "amount": money(cents),
        "paymentMethod": method or settings.unknown_method,
        "paymentDate": moment_of(payment.on),
        "paymentReference": reference,
        **({"notes": notes} if notes else {}),
    }
    changes = (
        Change("Amount", "", f"${money(cents):,}"),
        Change("Date", "", payment.on.isoformat()),
        Change("Method", "", str(values["paymentMethod"])),
        Change("Reference", "", reference),
    )
    return _payment_pull_plan(
        run,
        payment,
        cents,
        invoice,
        match_method=RecordLink.MatchMethod.PULLED,
        write=PlannedWrite(
            "create", engine_responses.COPERNIQ_PAYMENT, values, changes, vendor=Vendor.COPERNIQ
        ),
        warnings=_unapplied_warning(payment),
    )


def _read_method_name(ctx: SyncContext, method_id: str) -> str:
    row = find_in_lookup(ctx, LookupName.METHODS, id=method_id) if method_id else None
    return str(row["name"]) if row is not None else ""


def _unapplied_warning(payment: QuickBooksPayment) -> tuple[Message, ...]:
    if not payment.unapplied_cents:
        return ()
    return (PaymentMessage.UNAPPLIED_IN_QUICKBOOKS(unapplied=money(payment.unapplied_cents)),)


def _plan_pull_link(
    ctx: SyncContext,
    run: SyncRun,
    payment: QuickBooksPayment,
    cents: int,
    invoice: RecordLink,
    found: CoperniqPayment,
) -> Plan:
    if payment.id not in invoice.quickbooks_invoice.payments:
        with_payment_applied(invoice, payment.id, payment.applied_to(invoice.quickbooks_id))
    Method = RecordLink.MatchMethod
    run.coperniq_id = found.id
    return _payment_pull_plan(
        run,
        payment,
        cents,
        invoice,
        match_method=Method.PULLED if origin_of(ctx, found) == payment.id else Method.SAME_PAYMENT,
        coperniq_snapshot=coperniq_payment_snapshot(
            found, ZoneInfo(ctx.connection.company.time_zone)
        ).as_json(),
        sentence=PaymentMessage.LINKED(amount=money(found.amount_cents), vendor="Coperniq"),
        other_links=(invoice,),
    )


def _payment_pull_plan(
    run: SyncRun, payment: QuickBooksPayment, cents: int, invoice: RecordLink, **values: Any
) -> Plan:
    """The link's snapshot holds only the money on this invoice if the payment pays more."""
    share = cents != payment.total_cents
    snapshot = quickbooks_payment_snapshot(payment, invoice.quickbooks_id, share=share).as_json()
    return Plan(
        **{
            "record_name": run.record_name,
            "quickbooks_id": payment.id,
            "quickbooks_name": quickbooks_payment_name(payment),
            "quickbooks_version": payment.sync_token,
            "quickbooks_at": payment.updated_at,
            "quickbooks_snapshot": snapshot,
            "allocation_invoice_id": invoice.quickbooks_id,
            "number": payment.reference[:40],
            "amount_cents": cents,
            "state": PaymentState(is_share=share),
            "response_data": PulledPaymentData(
                QuickBooksRead(
                    quickbooks_payment_name(payment), payment.sync_token, snapshot, payment.updated_at
                )
            ),
            **values,
        }
    )
