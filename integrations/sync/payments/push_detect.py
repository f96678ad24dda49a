"""Which payments of a Coperniq invoice are new, changed or gone."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from django.db.models import QuerySet

from integrations.coperniq.money import CoperniqPayment
from integrations.errors import RecordMissing, Skipped
from integrations.models import Action, Kind, PolledInvoice, RecordLink, RunState, SyncLogEntry, SyncRun
from integrations.sync.engine.context import SyncContext
from integrations.sync.engine.plan import RunResult, done, nothing_to_do
from integrations.sync.invoices.eligibility import refuse_while_off
from integrations.sync.payments.mapping import coperniq_payment_snapshot, payment_name

_ASKED_AGAIN = ("invoice_left_out", "invoice_sync_off", "payment_gone")
"""Causes of a run that ended without a link, and may end otherwise by now."""
NO_PAYMENT = "paid_without_payment"


def detect(ctx: SyncContext, run: SyncRun) -> RunResult:
    """Reads the list once; the payments' own runs take it from memory."""
    refuse_off(ctx, run.coperniq_id)
    try:
        payments = read_coperniq_payments(ctx, run.coperniq_id)
    except RecordMissing:
        return nothing_to_do("Coperniq does not show this invoice any more.", silent=True)
    invoice = RecordLink.objects.pushed(ctx.connection, Kind.INVOICE, run.coperniq_id)
    asks = [_run_for(ctx, run, payment, invoice) for payment in payments if _is_new_or_changed(ctx, payment)]
    asks += [run_for_missing(ctx, run, link) for link in _missing_payments(ctx, run.coperniq_id, payments)]
    _store_seen(ctx, run, payments)
    if invoice is not None and not payments and lacks_payments(ctx, invoice):
        return done(
            f"Coperniq calls invoice {invoice.display_number} paid.",
            ["It has no payment there, so none was recorded in QuickBooks. Record it in Coperniq."],
            cause=NO_PAYMENT,
            record_name=run.record_name,
            asks=asks,
        )
    return nothing_to_do("Its payments were looked at.", silent=True, asks=asks)


def refuse_off(ctx: SyncContext, invoice_id: str) -> None:
    """What is passed over while syncing is off is news once it is on again."""
    try:
        refuse_while_off(ctx.settings)
    except Skipped:
        seen_invoice(ctx, invoice_id).update(version="")
        raise


def lacks_payments(ctx: SyncContext, invoice: RecordLink) -> bool:
    """Said once, not at every change of the invoice."""
    said = SyncLogEntry.objects.filter(
        connection=ctx.connection, kind=Kind.INVOICE, coperniq_id=invoice.coperniq_id, cause=NO_PAYMENT
    )
    return invoice.coperniq_snapshot.get("status") == "PAID" and not said.exists()


def read_coperniq_payments(ctx: SyncContext, invoice_id: str) -> list[CoperniqPayment]:
    payments = ctx.coperniq.list_payments(invoice_id)
    ctx.cache_set(("payments", invoice_id), payments)
    return payments


def cached_coperniq_payments(ctx: SyncContext, invoice_id: str) -> list[CoperniqPayment]:
    """As the payments were noticed a moment ago, else as they are now."""
    known = ctx.cache_get(("payments", invoice_id))
    return known if isinstance(known, list) else read_coperniq_payments(ctx, invoice_id)


def _is_new_or_changed(ctx: SyncContext, payment: CoperniqPayment) -> bool:
    """What was decided or left out is not asked again, unless the payment has changed since."""
    link = RecordLink.objects.pushed(ctx.connection, Kind.PAYMENT, payment.id)
    zone = ZoneInfo(ctx.connection.company.time_zone)
    if link is not None and link.coperniq_snapshot == coperniq_payment_snapshot(payment, zone):
        return False
    latest = latest_run(ctx, payment.id)
    if latest is None or latest.is_open or latest.cause in _ASKED_AGAIN:
        return True
    if link is not None and latest.state != RunState.CANCELLED:
        return True
    return payment.updated_at is not None and payment.updated_at > latest.created_at


def latest_run(ctx: SyncContext, payment_id: str) -> SyncRun | None:
    runs = SyncRun.objects.filter(connection=ctx.connection, action=Action.PUSH_PAYMENT)
    return runs.filter(coperniq_id=payment_id).order_by("-id").first()


def _missing_payments(ctx: SyncContext, invoice_id: str, payments: list[CoperniqPayment]) -> list[RecordLink]:
    """Linked, and not in the list any more. Who left one as it is has been asked already."""
    links = RecordLink.objects.of(ctx.connection, Kind.PAYMENT).filter(coperniq_parent_id=invoice_id)
    listed = {payment.id for payment in payments}
    gone = [link for link in links if link.coperniq_id not in listed and not link.written.get("ended")]
    return [link for link in gone if not _was_discarded(ctx, link)]


def _was_discarded(ctx: SyncContext, link: RecordLink) -> bool:
    latest = latest_run(ctx, link.coperniq_id)
    return latest is not None and latest.state == RunState.CANCELLED


def _run_for(ctx: SyncContext, run: SyncRun, payment: CoperniqPayment, invoice: RecordLink | None) -> SyncRun:
    number = invoice.display_number if invoice else run.record_name.removeprefix("Invoice ")
    return new_run(ctx, run, payment.id, payment_name(payment, number))


def run_for_missing(ctx: SyncContext, run: SyncRun, link: RecordLink) -> SyncRun:
    return new_run(ctx, run, link.coperniq_id, link.coperniq_name)


def new_run(ctx: SyncContext, run: SyncRun, payment_id: str, name: str) -> SyncRun:
    return SyncRun.of(
        ctx.connection,
        Action.PUSH_PAYMENT,
        coperniq_id=payment_id,
        coperniq_parent_id=run.coperniq_id,
        coperniq_account_id=run.coperniq_account_id,
        record_name=name,
        event=run.event,
    )


def _store_seen(ctx: SyncContext, run: SyncRun, payments: list[CoperniqPayment]) -> None:
    """What was paid when they were read: until it moves again there is no need to."""
    paid = sum(payment.amount_cents for payment in payments)
    told = run.event.detail.get("paid_cents", paid) if run.event is not None else paid
    seen_invoice(ctx, run.coperniq_id).update(payments_read_cents=told)


def seen_invoice(ctx: SyncContext, invoice_id: str) -> QuerySet[PolledInvoice]:
    return PolledInvoice.objects.filter(connection=ctx.connection.company.coperniq, invoice_id=invoice_id)
