"""Which payments of a Coperniq invoice are new, changed or gone."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from integrations.causes import Cause
from integrations.coperniq.money import CoperniqPayment
from integrations.errors import RecordMissing
from integrations.messages.payments import PaymentMessage
from integrations.models import Action, Kind, PolledInvoice, RecordLink, RunState, SyncLogEntry, SyncRun
from integrations.sync.engine.context import SyncContext
from integrations.sync.engine.follow_ups import requeue
from integrations.sync.engine.plan import RunResult, done, nothing_to_do
from integrations.sync.invoices.eligibility import wait_while_off
from integrations.sync.payments.mapping import coperniq_payment_snapshot, payment_name

_RETRIED_CAUSES = (Cause.INVOICE_LEFT_OUT, Cause.INVOICE_SYNC_OFF, Cause.PAYMENT_GONE)
"""Causes of a run that ended without a link, and whose reason may be gone by now."""
_NAMING_PAYMENTS = (Cause.PROBABLY_SAME_PAYMENT, Cause.CHOICE_GONE)


def detect(ctx: SyncContext, run: SyncRun) -> RunResult:
    """Asks for a run for each new, changed or missing payment. They find the list read here in the context's cache."""
    wait_while_off(ctx.settings)
    try:
        payments = read_coperniq_payments(ctx, run.coperniq_id)
    except RecordMissing:
        _close_questions(ctx, run.coperniq_id, [])
        return nothing_to_do(PaymentMessage.INVOICE_NOT_IN_COPERNIQ(), silent=True)
    invoice = RecordLink.objects.pushed(ctx.connection, Kind.INVOICE, run.coperniq_id)
    number = invoice.display_number if invoice else run.record_name.removeprefix("Invoice ")
    runs = [
        _push_run(ctx, run, payment.id, payment_name(payment, number))
        for payment in payments
        if _is_new_or_changed(ctx, payment)
    ]
    missing = _missing_payments(ctx, run.coperniq_id, payments)
    runs += [_push_run(ctx, run, link.coperniq_id, link.coperniq_name) for link in missing]
    _store_payments_read(ctx, run, payments)
    _close_questions(ctx, run.coperniq_id, payments)
    if invoice is not None and not payments and _is_paid_without_payment(ctx, invoice):
        return done(
            PaymentMessage.PAID_IN_COPERNIQ(invoice=invoice.display_number),
            [PaymentMessage.PAID_WITHOUT_PAYMENT()],
            cause=Cause.PAID_WITHOUT_PAYMENT,
            record_name=run.record_name,
            asks=runs,
        )
    return nothing_to_do(PaymentMessage.COPERNIQ_PAYMENTS_READ(), silent=True, asks=runs)


def _is_paid_without_payment(ctx: SyncContext, invoice: RecordLink) -> bool:
    """False if that was logged already: it is not repeated at every change of the invoice."""
    logged = SyncLogEntry.objects.filter(
        connection=ctx.connection,
        kind=Kind.INVOICE,
        coperniq_id=invoice.coperniq_id,
        cause=Cause.PAID_WITHOUT_PAYMENT,
    )
    return invoice.coperniq_invoice.status == "PAID" and not logged.exists()


def read_coperniq_payments(ctx: SyncContext, invoice_id: str) -> list[CoperniqPayment]:
    payments = ctx.coperniq.list_payments(invoice_id)
    ctx.cache_set(("payments", invoice_id), payments)
    return payments


def cached_coperniq_payments(ctx: SyncContext, invoice_id: str) -> list[CoperniqPayment]:
    """As detection read them a moment ago, else as they are now."""
    known = ctx.cache_get(("payments", invoice_id))
    return known if isinstance(known, list) else read_coperniq_payments(ctx, invoice_id)


def _is_new_or_changed(ctx: SyncContext, payment: CoperniqPayment) -> bool:
    """What was decided or skipped is not pushed again, unless the payment has changed since."""
    link = RecordLink.objects.pushed(ctx.connection, Kind.PAYMENT, payment.id)
    zone = ZoneInfo(ctx.connection.company.time_zone)
    if link is not None and link.coperniq_payment == coperniq_payment_snapshot(payment, zone):
        return False
    latest = _latest_push(ctx, payment.id)
    if latest is None or latest.is_open or latest.cause in _RETRIED_CAUSES:
        return True
    if link is not None and latest.state != RunState.CANCELLED:
        return True
    return payment.updated_at is not None and payment.updated_at > latest.created_at


def _latest_push(ctx: SyncContext, payment_id: str) -> SyncRun | None:
    runs = SyncRun.objects.filter(connection=ctx.connection, action=Action.PUSH_PAYMENT)
    return runs.filter(coperniq_id=payment_id).order_by("-id").first()


def _missing_payments(ctx: SyncContext, invoice_id: str, payments: list[CoperniqPayment]) -> list[RecordLink]:
    """Linked, and not in the list any more, without those that a person has decided to leave."""
    links = RecordLink.objects.of(ctx.connection, Kind.PAYMENT).filter(coperniq_parent_id=invoice_id)
    listed = {payment.id for payment in payments}
    gone = [link for link in links if link.coperniq_id not in listed and not link.payment_state.ended]
    return [link for link in gone if not _was_push_discarded(ctx, link)]


def _close_questions(ctx: SyncContext, invoice_id: str, payments: list[CoperniqPayment]) -> None:
    """Plan again what asks about payments of the invoice that were removed from Coperniq: nothing is left to decide."""
    listed = {payment.id for payment in payments}
    held = SyncRun.objects.held().filter(connection=ctx.connection, coperniq_parent_id=invoice_id)
    linked = RecordLink.objects.of(ctx.connection, Kind.PAYMENT).values("coperniq_id")
    pushes = held.filter(action=Action.PUSH_PAYMENT).exclude(coperniq_id__in=listed)
    requeue(ctx.follow_ups, pushes.exclude(coperniq_id__in=linked))
    pulls = held.filter(action=Action.PULL_PAYMENT, cause__in=_NAMING_PAYMENTS)
    requeue(ctx.follow_ups, held.filter(pk__in=[pull.pk for pull in pulls if _linkable(pull) - listed]))


def _linkable(run: SyncRun) -> set[str]:
    """The payments that the question offers to link to."""
    verbs = (choice["key"].partition(":") for choice in run.choices)
    return {target for verb, _, target in verbs if verb == "link"}


def _was_push_discarded(ctx: SyncContext, link: RecordLink) -> bool:
    latest = _latest_push(ctx, link.coperniq_id)
    return latest is not None and latest.state == RunState.CANCELLED


def _push_run(ctx: SyncContext, run: SyncRun, payment_id: str, name: str) -> SyncRun:
    return SyncRun.of(
        ctx.connection,
        Action.PUSH_PAYMENT,
        coperniq_id=payment_id,
        coperniq_parent_id=run.coperniq_id,
        coperniq_account_id=run.coperniq_account_id,
        record_name=name,
        event=run.event,
    )


def _store_payments_read(ctx: SyncContext, run: SyncRun, payments: list[CoperniqPayment]) -> None:
    """Stores the paid cents as polled; the poller asks for the payments again when they change."""
    paid = sum(payment.amount_cents for payment in payments)
    polled = run.event.detail.get("paid_cents", paid) if run.event is not None else paid
    rows = PolledInvoice.objects.filter(connection=ctx.connection.company.coperniq)
    rows.filter(invoice_id=run.coperniq_id).update(payments_read_cents=polled)
