"""Which linked invoices a QuickBooks payment pays."""

from __future__ import annotations

from django.utils import timezone

from integrations.errors import RecordMissing, Skipped
from integrations.messages.payments import PaymentMessage
from integrations.models import (
    Action,
    ExternalPayment,
    Kind,
    RecordLink,
    RunState,
    SyncLogEntry,
    SyncRun,
)
from integrations.quickbooks.bodies import money
from integrations.quickbooks.documents import QuickBooksPayment
from integrations.sync.engine.context import SyncContext
from integrations.sync.engine.correlation_tag import tagged_coperniq_id
from integrations.sync.engine.plan import Change, RunResult, nothing_to_do
from integrations.sync.invoices.eligibility import refuse_while_off
from integrations.sync.payments.external import record_external_payments
from integrations.sync.payments.mapping import quickbooks_payment_name


def detect(ctx: SyncContext, run: SyncRun) -> RunResult:
    """Asks for a run for each allocation to a linked invoice. They find the payment read here in the context's cache."""
    refuse_while_off(ctx.settings)
    links = list(RecordLink.objects.of(ctx.connection, Kind.PAYMENT).filter(quickbooks_id=run.quickbooks_id))
    began_at = timezone.now()
    payment = read_payment_or_none(ctx, run.quickbooks_id)
    if payment is None:
        ExternalPayment.objects.filter(connection=ctx.connection, quickbooks_id=run.quickbooks_id).delete()
        runs = [_pull_run(ctx, run, link.allocation_invoice_id, link) for link in links]
        runs = [each for each in runs if not _was_pull_discarded(each, None)]
        return nothing_to_do(PaymentMessage.DELETED_IN_QUICKBOOKS(), silent=True, asks=runs)
    run.record_name = quickbooks_payment_name(payment)
    if not links and tagged_coperniq_id(ctx.connection.realm_id, Kind.PAYMENT, payment.note):
        raise Skipped(PaymentMessage.MADE_BY_PORTAL(), silent=True)
    record_external_payments(ctx.connection, [payment], began_at)
    if payment.total_cents == 0 and not payment.is_voided and not links:
        return _report_credits(ctx, run, payment)
    records = {invoice.quickbooks_id: invoice for invoice in _linked_invoices(ctx, payment)}
    records |= {
        link.allocation_invoice_id: link for link in links if link.allocation_invoice_id not in records
    }
    runs = [_pull_run(ctx, run, invoice_id, record) for invoice_id, record in records.items()]
    runs = [each for each in runs if not _was_pull_discarded(each, payment)]
    return nothing_to_do(PaymentMessage.ALLOCATIONS_READ(), silent=True, asks=runs)


def _was_pull_discarded(run: SyncRun, payment: QuickBooksPayment | None) -> bool:
    """Whether a person has left this version of the payment as it is. `payment` is None if it was deleted."""
    runs = SyncRun.objects.filter(connection=run.connection, action=run.action)
    same = runs.filter(quickbooks_id=run.quickbooks_id, allocation_invoice_id=run.allocation_invoice_id)
    latest = same.select_related("event").order_by("-id").first()
    if latest is None or latest.state != RunState.CANCELLED:
        return False
    seen_at = latest.event.occurred_at if latest.event is not None else None
    if payment is None or payment.updated_at is None or seen_at is None:
        return payment is None
    return payment.updated_at <= seen_at


def read_payment_or_none(ctx: SyncContext, payment_id: str) -> QuickBooksPayment | None:
    try:
        payment = ctx.quickbooks.read_payment(payment_id)
    except RecordMissing:
        payment = None
    ctx.cache_set(("QuickBooks payment", payment_id), (payment,))
    return payment


def cached_payment(ctx: SyncContext, payment_id: str) -> QuickBooksPayment | None:
    """As detection read it a moment ago, else as it is now."""
    known = ctx.cache_get(("QuickBooks payment", payment_id))
    if isinstance(known, tuple) and known:
        found = known[0]
        return found if isinstance(found, QuickBooksPayment) else None
    return read_payment_or_none(ctx, payment_id)


def _linked_invoices(ctx: SyncContext, payment: QuickBooksPayment) -> list[RecordLink]:
    """The linked invoices it pays, of any customer: a parent customer pays for its jobs."""
    paid = [line.txn_id for line in payment.lines if line.txn_type == "Invoice"]
    links = RecordLink.objects.of(ctx.connection, Kind.INVOICE).filter(quickbooks_id__in=paid)
    found = {link.quickbooks_id: link for link in links}
    return [found[id_] for id_ in dict.fromkeys(paid) if id_ in found]


def _report_credits(ctx: SyncContext, run: SyncRun, payment: QuickBooksPayment) -> RunResult:
    """Logs once, for each set of applied amounts, why the balance is lower in QuickBooks. Nothing is pulled."""
    applied = [
        (link.display_number, f"${money(payment.applied_to(link.quickbooks_id)):,}")
        for link in _linked_invoices(ctx, payment)
    ]
    if not applied:
        return nothing_to_do(PaymentMessage.NO_LINKED_INVOICE(), silent=True)
    message = PaymentMessage.CREDIT_APPLIED(
        credits=", ".join(f"{amount} on invoice {number}" for number, amount in applied)
    )
    changes = [Change(f"Credit on invoice {number}", "", amount) for number, amount in applied]
    logged = SyncLogEntry.objects.filter(
        company=ctx.connection.company_id,
        connection=ctx.connection,
        cause=message.cause,
        quickbooks_id=payment.id,
        changes=[change.as_dict() for change in changes],
    )
    return nothing_to_do(message, changes=changes, record_name=run.record_name, silent=logged.exists())


def _pull_run(ctx: SyncContext, run: SyncRun, invoice_id: str, record: RecordLink) -> SyncRun:
    """`record` is the link of the invoice that is paid, or of the payment."""
    return SyncRun.of(
        ctx.connection,
        Action.PULL_PAYMENT,
        quickbooks_id=run.quickbooks_id,
        allocation_invoice_id=invoice_id,
        coperniq_parent_id=record.coperniq_id if record.kind == Kind.INVOICE else record.coperniq_parent_id,
        coperniq_account_id=record.coperniq_account_id,
        event=run.event,
    )
