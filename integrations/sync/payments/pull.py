"""QuickBooks payment to Coperniq payment, one for each linked invoice that it pays."""

from __future__ import annotations

from integrations.errors import Skipped
from integrations.messages.payments import PaymentMessage
from integrations.models import Kind, RecordLink, SyncRun
from integrations.quickbooks.documents import QuickBooksPayment
from integrations.sync.engine.context import SyncContext
from integrations.sync.engine.correlation_tag import read_coperniq_tag
from integrations.sync.engine.outbox import execute_plan
from integrations.sync.engine.plan import Plan, RunResult
from integrations.sync.invoices.one_way import plan_unless_kept
from integrations.sync.payments.pull_change import plan_payment_pull_change
from integrations.sync.payments.pull_create import plan_payment_pull_create
from integrations.sync.payments.pull_detect import cached_payment, read_payment_or_none


def plan(ctx: SyncContext, run: SyncRun) -> Plan:
    return plan_unless_kept(ctx, run, _plan_record)


def _plan_record(ctx: SyncContext, run: SyncRun) -> Plan:
    link = RecordLink.objects.pulled(
        ctx.connection, Kind.PAYMENT, run.quickbooks_id, run.allocation_invoice_id
    )
    read = read_payment_or_none if run.cause else cached_payment  # a repeated run needs the current state
    payment = read(ctx, run.quickbooks_id)
    run.read_version = payment.sync_token if payment is not None else ""
    if link is not None:
        run.record_name, run.coperniq_parent_id = link.coperniq_name, link.coperniq_parent_id
        run.amount_cents = link.amount_cents
        return plan_payment_pull_change(ctx, run, link, payment)
    if payment is None or payment.is_voided or not payment.applied_to(run.allocation_invoice_id):
        raise Skipped(PaymentMessage.NOT_PAID_ANY_MORE(), silent=True)
    invoice = RecordLink.objects.pulled(ctx.connection, Kind.INVOICE, run.allocation_invoice_id)
    if invoice is None:
        raise Skipped(PaymentMessage.INVOICE_NOT_LINKED(), silent=True)
    _refuse_created_by_portal(ctx, payment, invoice)
    return plan_payment_pull_create(ctx, run, payment, invoice)


def _refuse_created_by_portal(ctx: SyncContext, payment: QuickBooksPayment, invoice: RecordLink) -> None:
    """Its own run links it on the invoice it was created for. What people applied to other invoices is pulled."""
    tag = read_coperniq_tag(ctx.connection.realm_id, Kind.PAYMENT, payment.note)
    if tag.coperniq_id and tag.parent_id in ("", invoice.coperniq_id):
        raise Skipped(PaymentMessage.MADE_BY_PORTAL(), silent=True)


def apply(ctx: SyncContext, run: SyncRun, planned: Plan) -> RunResult:
    return execute_plan(ctx, run, planned)
