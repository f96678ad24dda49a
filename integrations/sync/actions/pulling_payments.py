"""QuickBooks payment → a payment in Coperniq on each linked invoice it pays."""

from __future__ import annotations

from integrations.errors import Skip
from integrations.models import Kind, RecordLink, SyncRun
from integrations.quickbooks.documents import Payment
from integrations.sync.actions import bringing_payments, changed_payments
from integrations.sync.actions.allocations import read_payment, recent_payment
from integrations.sync.actions.invoices import refuse_while_off
from integrations.sync.desk import Desk
from integrations.sync.endings import Ending
from integrations.sync.mapping.marks import marked
from integrations.sync.plans import Plan
from integrations.sync.writing import carry_out


def plan(desk: Desk, run: SyncRun) -> Plan:
    refuse_while_off(desk.settings)
    link = RecordLink.objects.pulled(desk.connection, Kind.PAYMENT, run.quickbooks_id, run.quickbooks_part)
    read = read_payment if run.cause else recent_payment  # whoever looks again wants it as it is now
    payment = read(desk, run.quickbooks_id)
    if link is not None:
        run.record_name, run.coperniq_parent_id = link.coperniq_name, link.coperniq_parent_id
        return changed_payments.plan(desk, run, link, payment)
    if payment is None or payment.is_voided or not payment.applied_to(run.quickbooks_part):
        raise Skip("not_paid_any_more", "It does not pay this invoice any more.", silent=True)
    invoice = RecordLink.objects.pulled(desk.connection, Kind.INVOICE, run.quickbooks_part)
    if invoice is None:
        raise Skip("invoice_not_linked", "Its invoice is not linked.", silent=True)
    refuse_ours(desk, payment, invoice)
    return bringing_payments.plan(desk, run, payment, invoice)


def refuse_ours(desk: Desk, payment: Payment, invoice: RecordLink) -> None:
    """On the invoice the portal made it for its own run links it; what people put on others with it is theirs."""
    mark = marked(desk.connection.realm_id, Kind.PAYMENT, payment.note)
    if mark.coperniq_id and mark.parent_id in ("", invoice.coperniq_id):
        raise Skip("made_by_portal", "The portal made it itself, and links it.", silent=True)


def apply(desk: Desk, run: SyncRun, planned: Plan) -> Ending:
    return carry_out(desk, run, planned)
