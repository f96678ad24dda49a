"""Coperniq payment → QuickBooks payment on its invoice; and which payments an invoice has."""

from __future__ import annotations

from integrations.coperniq.money import Payment
from integrations.errors import (
    BooksClosed,
    BusinessRule,
    CannotBeLinked,
    Choice,
    Hold,
    InactiveReference,
    RecordMissing,
    Skip,
    Wait,
)
from integrations.models import InvoiceSyncPeriod, Kind, RecordLink, SyncRun
from integrations.sync import reference
from integrations.sync.actions import catching_up, creating_payments, noticing_payments, updating_payments
from integrations.sync.actions.insisting import insist_otherwise
from integrations.sync.actions.invoices import SEND_ANYWAY, refuse_while_off
from integrations.sync.actions.names import DISCARD, RETRY
from integrations.sync.desk import Desk
from integrations.sync.endings import Ending
from integrations.sync.mapping.payments import payment_name
from integrations.sync.plans import Plan

notice = noticing_payments.notice

LEAVE_STATUS = Choice("leave_status", "Never record payments of this status")
SEND_STATUS = Choice(SEND_ANYWAY.key, "Record payments of this status")
RECORDED_STATUSES = ("", "PAID")


def plan(desk: Desk, run: SyncRun) -> Plan:
    refuse_while_off(desk.settings)
    invoice = RecordLink.objects.pushed(desk.connection, Kind.INVOICE, run.coperniq_parent_id)
    link = catching_up.link_of(desk, run)
    payment = read_payment(desk, run, link)
    if link is not None:
        return updating_payments.plan(desk, run, payment, link)
    if invoice is None:
        raise wait_for_invoice(desk, run)
    run.record_name = payment_name(payment, invoice.number)
    refuse_status(desk, run, payment)
    refuse_amount(payment)
    refuse_older(desk, run, payment, invoice)
    return creating_payments.plan(desk, run, payment, invoice)


def apply(desk: Desk, run: SyncRun, planned: Plan) -> Ending:
    """Refused for the balance or the customer: the invoice is not what we last saw, so it is looked at again."""

    def look_at_invoice(desk: Desk) -> None:
        creating_payments.look_again(desk, run)

    remedies = {
        BusinessRule: look_at_invoice,
        CannotBeLinked: look_at_invoice,
        InactiveReference: reference.forget,
        BooksClosed: reference.read_preferences,
    }
    return insist_otherwise(desk, run, planned, plan, remedies)


def read_payment(desk: Desk, run: SyncRun, link: RecordLink | None) -> Payment:
    """From the list of the invoice, which every reader of these minutes shares: there is no other way to miss one."""
    try:
        listed = noticing_payments.recent_payments(desk, run.coperniq_parent_id)
    except RecordMissing:
        listed = []
    payment = next((row for row in listed if row.id == run.coperniq_id), None)
    if payment is not None:
        return payment
    if link is None:
        raise Skip(
            "payment_gone", "It is not in Coperniq any more, and never was in QuickBooks.", silent=True
        )
    run.record_name = link.coperniq_name
    raise updating_payments.vanished(link)


def wait_for_invoice(desk: Desk, run: SyncRun) -> Wait | Skip:
    if is_left_out(desk, run):
        return Skip(
            "invoice_left_out",
            "Its invoice is not in QuickBooks, so there is nothing to put the payment on. Send the invoice, and its "
            "payments follow.",
        )
    return Wait(
        "waits_for_invoice",
        "Waiting for its invoice to be in QuickBooks.",
        kind=Kind.INVOICE,
        coperniq_id=run.coperniq_parent_id,
    )


def is_left_out(desk: Desk, run: SyncRun) -> bool:
    """The invoice's last run ended without a link, and no other is under way."""
    runs = SyncRun.objects.filter(
        connection=desk.connection, action="push_invoice", coperniq_id=run.coperniq_parent_id
    )
    latest = runs.order_by("-id").first()
    return latest is not None and not latest.is_open


def refuse_status(desk: Desk, run: SyncRun, payment: Payment) -> None:
    """Coperniq documents no values (§3.8): what a person said of one is remembered."""
    if payment.status in RECORDED_STATUSES:
        return
    settings = desk.settings
    answers = {SEND_STATUS.key: "send", LEAVE_STATUS.key: "leave"}
    answer = answers.get(run.decision) or settings.payment_statuses.get(payment.status)
    if run.decision in answers and settings.payment_statuses.get(payment.status) != answer:
        settings.payment_statuses = {**settings.payment_statuses, payment.status: answer}
        settings.save(update_fields=["payment_statuses"])
    if answer == "send":
        return
    if answer == "leave":
        raise Skip(
            "payment_status", f"Payments with the status {payment.status} are left out, as you once decided."
        )
    raise Hold(
        "payment_status",
        f"This payment has the status {payment.status} in Coperniq, and nobody has said yet whether such payments "
        "are money received. Your answer is remembered for the others.",
        [SEND_STATUS, LEAVE_STATUS, RETRY, DISCARD],
    )


def refuse_amount(payment: Payment) -> None:
    if payment.amount_cents <= 0:
        raise Hold(
            "payment_not_positive",
            "This payment is zero or negative, perhaps a refund. QuickBooks records refunds in another way: do it "
            "there by hand, then leave this one.",
            [RETRY, DISCARD],
        )


def refuse_older(desk: Desk, run: SyncRun, payment: Payment, invoice: RecordLink) -> None:
    period = InvoiceSyncPeriod.objects.latest_of(desk.connection)
    if period is None or payment.created_at is None or SEND_ANYWAY.key == run.decision:
        return
    older = payment.created_at < (period.on_at - desk.coperniq.clock_behind).replace(microsecond=0)
    if older and not invoice.written.get("sent_anyway"):
        raise Skip(
            "before_cut_off",
            "This payment was made before invoice syncing was switched on. Send it anyway if it belongs into "
            "QuickBooks.",
            [SEND_ANYWAY],
        )
