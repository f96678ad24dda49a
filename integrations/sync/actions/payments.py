"""Coperniq payment → QuickBooks payment on its invoice; and which payments an invoice has."""

from __future__ import annotations

from integrations.coperniq.money import Payment
from integrations.errors import (
    BooksClosed,
    BusinessRule,
    CannotBeLinked,
    InactiveReference,
    RecordMissing,
    Skip,
    TooLong,
    Wait,
)
from integrations.models import Action, Kind, RecordLink, SyncRun
from integrations.models.run_sets import SyncRunQuerySet
from integrations.sync import reference
from integrations.sync.actions import (
    brought_over,
    catching_up,
    changed_payments,
    creating_payments,
    noticing_payments,
    payment_rules,
    updating_payments,
)
from integrations.sync.actions.insisting import insist_otherwise, nothing_to_mend
from integrations.sync.actions.strangers import doubt
from integrations.sync.desk import Desk
from integrations.sync.endings import Ending
from integrations.sync.mapping.payments import payment_name
from integrations.sync.plans import Plan

notice = noticing_payments.notice


def plan(desk: Desk, run: SyncRun) -> Plan:
    noticing_payments.refuse_off(desk, run.coperniq_parent_id)
    link = catching_up.link_of(desk, run)
    invoice = RecordLink.objects.pushed(desk.connection, Kind.INVOICE, run.coperniq_parent_id)
    payment = read_payment(desk, run, link)
    if invoice is None:
        raise wait_for_invoice(desk, run)
    if link is not None:
        return updating_payments.plan(desk, run, payment, link, invoice)
    if invoice.written.get("repair"):
        raise waits_for(run, "Waiting for the lines of its invoice to be put right in QuickBooks.")
    brought_over.refuse_theirs(desk, run, Kind.PAYMENT, payment.notes)
    run.record_name = payment_name(payment, invoice.told_number)
    if changed_payments.is_replaced_by(desk, payment, invoice):
        raise Wait(
            "waits_for_link",
            "It takes the place of a payment that was changed in QuickBooks, and is about to be linked with that.",
            kind=Kind.PAYMENT,
            coperniq_id=run.coperniq_id,
        )
    payment_rules.refuse_older(desk, run, payment, invoice)
    payment_rules.refuse_status(desk, run, payment)
    payment_rules.refuse_amount(payment)
    return creating_payments.plan(desk, run, payment, invoice)


def apply(desk: Desk, run: SyncRun, planned: Plan) -> Ending:
    """Refused for the balance, the customer or something gone: the invoice is perhaps not what we last saw."""

    def doubt_invoice(desk: Desk) -> None:
        doubt(desk, run.coperniq_parent_id)

    def doubt_all(desk: Desk) -> None:
        doubt_invoice(desk)
        reference.forget(desk)

    remedies = {
        BusinessRule: doubt_invoice,
        CannotBeLinked: doubt_invoice,
        InactiveReference: doubt_all,
        BooksClosed: reference.read_preferences,
        TooLong: nothing_to_mend,
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
    if asked_in_quickbooks(desk, link).requeue():
        raise Skip("asked_already", "A person has been asked about it already.", silent=True)
    raise updating_payments.vanished(link)


def asked_in_quickbooks(desk: Desk, link: RecordLink) -> SyncRunQuerySet:
    """The card about a change of it in QuickBooks: it is looked at anew, for people may just have put it right."""
    held = SyncRun.objects.held().filter(connection=desk.connection, action=Action.PULL_PAYMENT)
    return held.filter(quickbooks_id=link.quickbooks_id, quickbooks_part=link.quickbooks_part)


def wait_for_invoice(desk: Desk, run: SyncRun) -> Wait | Skip:
    if is_left_out(desk, run):
        return Skip(
            "invoice_left_out",
            "Its invoice is not in QuickBooks, so there is nothing to put the payment on. Send the invoice, and its "
            "payments follow.",
        )
    return waits_for(run, "Waiting for its invoice to be in QuickBooks.")


def waits_for(run: SyncRun, sentence: str) -> Wait:
    return Wait("waits_for_invoice", sentence, kind=Kind.INVOICE, coperniq_id=run.coperniq_parent_id)


def is_left_out(desk: Desk, run: SyncRun) -> bool:
    """The invoice's last run ended without a link, and no other is under way."""
    runs = SyncRun.objects.filter(
        connection=desk.connection, action="push_invoice", coperniq_id=run.coperniq_parent_id
    )
    latest = runs.order_by("-id").first()
    return latest is not None and not latest.is_open
