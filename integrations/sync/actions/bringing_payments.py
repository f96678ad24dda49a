"""A QuickBooks payment on a linked invoice that Coperniq does not have yet."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from integrations.coperniq.money import Invoice as CoperniqInvoice
from integrations.coperniq.money import Payment as CoperniqPayment
from integrations.errors import Hold, RecordMissing, Skip
from integrations.models import Kind, RecordLink, SyncRun, SyncSettings, Vendor
from integrations.quickbooks.bodies import money
from integrations.quickbooks.documents import Payment
from integrations.sync import answers, reference
from integrations.sync.actions.both_sides import moment_of
from integrations.sync.actions.bringing_invoices import BRING_OVER
from integrations.sync.actions.cheques_in_coperniq import same_in_coperniq
from integrations.sync.actions.cut_off import is_older
from integrations.sync.actions.names import DISCARD, RETRY
from integrations.sync.actions.payment_rules import refuse_declined
from integrations.sync.desk import Desk
from integrations.sync.mapping.coperniq_texts import (
    payment_notes,
    quickbooks_mark,
    quickbooks_marked,
    reference_of,
)
from integrations.sync.mapping.payments import (
    cash_on,
    coperniq_image,
    method_in_coperniq,
    quickbooks_image,
)
from integrations.sync.plans import Change, Plan, PlannedWrite


def plan(desk: Desk, run: SyncRun, payment: Payment, invoice: RecordLink) -> Plan:
    cents = cash_on(payment, invoice.quickbooks_id)
    run.record_name = f"${money(cents):,} for invoice {invoice.told_number}"
    run.coperniq_parent_id, run.coperniq_account_id = invoice.coperniq_id, invoice.coperniq_account_id
    refuse_older(desk, run, payment, invoice)
    if not cents:
        raise Skip(
            "only_credits", "Only credits pay this invoice here: no money came in for it.", silent=True
        )
    listed = read_listed(desk, invoice)
    current = desk.coperniq.read_invoice(invoice.coperniq_id)
    found = same_in_coperniq(desk, run, payment, cents, invoice, listed, current)
    if found is not None:
        return linked_plan(desk, run, payment, cents, invoice, found)
    refuse_declined(current, invoice.told_number)
    refuse_above_balance(cents, current, invoice)
    return create_plan(desk, run, payment, cents, invoice)


def refuse_older(desk: Desk, run: SyncRun, payment: Payment, invoice: RecordLink) -> None:
    """As with invoices; of one that a person or the rules brought over every payment belongs to it."""
    if run.decisions or invoice.rule == RecordLink.Rule.PULLED:
        return
    if is_older(desk, payment.created_at, desk.quickbooks.clock_offset):
        raise Skip(
            "before_cut_off",
            "This payment was made before invoice syncing was switched on. Bring it over if it belongs into Coperniq.",
            [BRING_OVER],
        )


def read_listed(desk: Desk, invoice: RecordLink) -> list[CoperniqPayment]:
    try:
        return desk.coperniq.list_payments(invoice.coperniq_id)
    except RecordMissing as error:
        raise Hold(
            "invoice_missing",
            f"Coperniq does not show invoice {invoice.told_number} any more, so the payment has nowhere to go. Restore "
            "the invoice, then try again, or leave the payment.",
            [RETRY, DISCARD],
        ) from error


def refuse_above_balance(cents: int, current: CoperniqInvoice, invoice: RecordLink) -> None:
    balance = current.total_cents - current.paid_cents
    if cents > balance:
        raise Hold(
            "above_balance",
            f"QuickBooks has ${money(cents):,} on invoice {invoice.told_number}, but only ${money(max(balance, 0)):,} is "
            "open on it in Coperniq. Compare the two invoices and their payments, then try again, or leave the payment.",
            [RETRY, DISCARD],
        )


def create_plan(desk: Desk, run: SyncRun, payment: Payment, cents: int, invoice: RecordLink) -> Plan:
    settings: SyncSettings = desk.settings
    name = method_name(desk, payment.method_id)
    method = method_in_coperniq(name)
    mark = quickbooks_mark(desk.connection.realm_id, Kind.PAYMENT, payment.id, invoice.quickbooks_id)
    values: dict[str, Any] = {
        "amount": money(cents),
        "paymentMethod": method or settings.unknown_method,
        "paymentDate": moment_of(payment.on),
        "paymentReference": reference_of(payment.reference, payment.id),
        "notes": payment_notes("" if method else name, payment.note, mark),
    }
    changes = (
        Change("Amount", "", f"${money(cents):,}"),
        Change("Date", "", payment.on.isoformat()),
        Change("Method", "", str(values["paymentMethod"])),
        Change("Reference", "", values["paymentReference"]),
    )
    return base(
        run,
        payment,
        cents,
        invoice,
        rule=RecordLink.Rule.PULLED,
        write=PlannedWrite("create", answers.COPERNIQ_PAYMENT, values, changes, vendor=Vendor.COPERNIQ),
        warnings=left_over(payment),
    )


def method_name(desk: Desk, method_id: str) -> str:
    row = reference.find(desk, reference.Name.METHODS, id=method_id) if method_id else None
    return str(row["name"]) if row is not None else ""


def left_over(payment: Payment) -> tuple[str, ...]:
    if not payment.unapplied_cents:
        return ()
    return (f"${money(payment.unapplied_cents):,} of it wait unapplied with the customer in QuickBooks.",)


def linked_plan(
    desk: Desk, run: SyncRun, payment: Payment, cents: int, invoice: RecordLink, found: CoperniqPayment
) -> Plan:
    mark = quickbooks_marked(desk.connection.realm_id, Kind.PAYMENT, found.notes)
    rule = RecordLink.Rule.PULLED if mark.quickbooks_id else RecordLink.Rule.SAME_PAYMENT
    run.coperniq_id = found.id
    return base(
        run,
        payment,
        cents,
        invoice,
        rule=rule,
        coperniq_image=coperniq_image(found, ZoneInfo(desk.connection.company.time_zone)),
        sentence=f"Linked to the payment of ${money(found.amount_cents):,} that Coperniq already had on this invoice.",
    )


def base(run: SyncRun, payment: Payment, cents: int, invoice: RecordLink, **values: Any) -> Plan:
    """The link's image is of this invoice's share alone where the payment pays more."""
    part = invoice.quickbooks_id
    share = cents != payment.total_cents
    image = quickbooks_image(payment, part, share=share)
    return Plan(
        **{
            "record_name": run.record_name,
            "quickbooks_id": payment.id,
            "quickbooks_name": f"Payment of ${money(payment.total_cents):,}",
            "quickbooks_version": payment.sync_token,
            "quickbooks_at": payment.updated_at,
            "quickbooks_image": image,
            "quickbooks_part": part,
            "number": payment.reference[:40],
            "amount_cents": cents,
            "written": {"share": share},
            "about": {"quickbooks": told_of(payment, image)},
            **values,
        }
    )


def told_of(payment: Payment, image: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": f"Payment of ${money(payment.total_cents):,}",
        "version": payment.sync_token,
        "at": payment.updated_at.isoformat() if payment.updated_at else "",
        "image": image,
    }
