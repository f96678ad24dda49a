"""QuickBooks payment to Coperniq payment, one for each linked invoice that it pays."""

from __future__ import annotations

from integrations.errors import Skipped
from integrations.models import Kind, RecordLink, SyncRun
from integrations.quickbooks.documents import QuickBooksPayment
from integrations.sync.engine.context import SyncContext
from integrations.sync.engine.correlation_tag import read_coperniq_tag
from integrations.sync.engine.outbox import execute_plan
from integrations.sync.engine.plan import Plan, RunResult
from integrations.sync.invoices.eligibility import refuse_while_off
from integrations.sync.payments.pull_change import plan_payment_pull_change
from integrations.sync.payments.pull_create import plan_payment_pull_create
from integrations.sync.payments.pull_detect import cached_payment, read_payment_or_none


def plan(ctx: SyncContext, run: SyncRun) -> Plan:
    refuse_while_off(ctx.settings)
    link = RecordLink.objects.pulled(ctx.connection, Kind.PAYMENT, run.quickbooks_id, run.quickbooks_part)
    read = read_payment_or_none if run.cause else cached_payment  # whoever looks again wants it as it is now
    payment = read(ctx, run.quickbooks_id)
    if link is not None:
        run.record_name, run.coperniq_parent_id = link.coperniq_name, link.coperniq_parent_id
        return plan_payment_pull_change(ctx, run, link, payment)
    if payment is None or payment.is_voided or not payment.applied_to(run.quickbooks_part):
        raise Skipped("not_paid_any_more", "It does not pay this invoice any more.", silent=True)
    invoice = RecordLink.objects.pulled(ctx.connection, Kind.INVOICE, run.quickbooks_part)
    if invoice is None:
        raise Skipped("invoice_not_linked", "Its invoice is not linked.", silent=True)
    _refuse_portals_own(ctx, payment, invoice)
    return plan_payment_pull_create(ctx, run, payment, invoice)


def _refuse_portals_own(ctx: SyncContext, payment: QuickBooksPayment, invoice: RecordLink) -> None:
    """On the invoice the portal made it for its own run links it; what people put on others with it is theirs."""
    mark = read_coperniq_tag(ctx.connection.realm_id, Kind.PAYMENT, payment.note)
    if mark.coperniq_id and mark.parent_id in ("", invoice.coperniq_id):
        raise Skipped("made_by_portal", "The portal made it itself, and links it.", silent=True)


def apply(ctx: SyncContext, run: SyncRun, planned: Plan) -> RunResult:
    return execute_plan(ctx, run, planned)
