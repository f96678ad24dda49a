"""Plan a payment that Coperniq does not have yet."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from integrations.coperniq.money import CoperniqInvoice, CoperniqPayment
from integrations.errors import NeedsDecision, RecordMissing, Skipped
from integrations.models import Kind, RecordLink, SyncRun, SyncSettings, Vendor
from integrations.quickbooks.bodies import money
from integrations.quickbooks.documents import QuickBooksPayment
from integrations.sync.engine import responses as engine_responses
from integrations.sync.engine.choices import DISCARD, RETRY
from integrations.sync.engine.context import SyncContext
from integrations.sync.engine.coperniq_texts import (
    payment_notes,
    quickbooks_tag,
    read_quickbooks_tag,
    reference_of,
)
from integrations.sync.engine.lookups import LookupName, find_in_lookup
from integrations.sync.engine.plan import Change, Plan, PlannedWrite
from integrations.sync.invoices.compare import moment_of
from integrations.sync.invoices.eligibility import is_before_cutoff
from integrations.sync.invoices.pull_create import BRING_OVER
from integrations.sync.payments.duplicates_in_coperniq import find_same_in_coperniq
from integrations.sync.payments.eligibility import refuse_declined
from integrations.sync.payments.mapping import (
    cash_on,
    coperniq_payment_snapshot,
    method_in_coperniq,
    quickbooks_payment_snapshot,
)


def plan_payment_pull_create(
    ctx: SyncContext, run: SyncRun, payment: QuickBooksPayment, invoice: RecordLink
) -> Plan:
    cents = cash_on(payment, invoice.quickbooks_id)
    run.record_name = f"${money(cents):,} for invoice {invoice.display_number}"
    run.coperniq_parent_id, run.coperniq_account_id = invoice.coperniq_id, invoice.coperniq_account_id
    refuse_pull_before_cutoff(ctx, run, payment, invoice)
    if not cents:
        raise Skipped(
            "only_credits", "Only credits pay this invoice here: no money came in for it.", silent=True
        )
    listed = read_listed_payments(ctx, invoice)
    current = ctx.coperniq.read_invoice(invoice.coperniq_id)
    found = find_same_in_coperniq(ctx, run, payment, cents, invoice, listed, current)
    if found is not None:
        return _plan_link(ctx, run, payment, cents, invoice, found)
    refuse_declined(current, invoice.display_number)
    refuse_above_balance(cents, current, invoice)
    return _plan_new(ctx, run, payment, cents, invoice)


def refuse_pull_before_cutoff(
    ctx: SyncContext, run: SyncRun, payment: QuickBooksPayment, invoice: RecordLink
) -> None:
    """As with invoices; of one that a person or the rules brought over every payment belongs to it."""
    if run.decisions or invoice.match_method == RecordLink.MatchMethod.PULLED:
        return
    if is_before_cutoff(ctx, payment.created_at, ctx.quickbooks.clock_offset):
        raise Skipped(
            "before_cut_off",
            "This payment was made before invoice syncing was switched on. Bring it over if it belongs into Coperniq.",
            [BRING_OVER],
        )


def read_listed_payments(ctx: SyncContext, invoice: RecordLink) -> list[CoperniqPayment]:
    try:
        return ctx.coperniq.list_payments(invoice.coperniq_id)
    except RecordMissing as error:
        raise NeedsDecision(
            "invoice_missing",
            f"Coperniq does not show invoice {invoice.display_number} any more, so the payment has nowhere to go. "
            "Restore the invoice, then try again, or leave the payment.",
            [RETRY, DISCARD],
        ) from error


def refuse_above_balance(cents: int, current: CoperniqInvoice, invoice: RecordLink) -> None:
    balance = current.total_cents - current.paid_cents
    if cents > balance:
        raise NeedsDecision(
            "above_balance",
            f"QuickBooks has ${money(cents):,} on invoice {invoice.display_number}, but only "
            f"${money(max(balance, 0)):,} is open on it in Coperniq. Compare the two invoices and their payments, then "
            "try again, or leave the payment.",
            [RETRY, DISCARD],
        )


def _plan_new(
    ctx: SyncContext, run: SyncRun, payment: QuickBooksPayment, cents: int, invoice: RecordLink
) -> Plan:
    settings: SyncSettings = ctx.settings
    name = method_name(ctx, payment.method_id)
    method = method_in_coperniq(name)
    mark = quickbooks_tag(ctx.connection.realm_id, Kind.PAYMENT, payment.id, invoice.quickbooks_id)
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
    return _base_plan(
        run,
        payment,
        cents,
        invoice,
        match_method=RecordLink.MatchMethod.PULLED,
        write=PlannedWrite(
            "create", engine_responses.COPERNIQ_PAYMENT, values, changes, vendor=Vendor.COPERNIQ
        ),
        warnings=_unapplied_note(payment),
    )


def method_name(ctx: SyncContext, method_id: str) -> str:
    row = find_in_lookup(ctx, LookupName.METHODS, id=method_id) if method_id else None
    return str(row["name"]) if row is not None else ""


def _unapplied_note(payment: QuickBooksPayment) -> tuple[str, ...]:
    if not payment.unapplied_cents:
        return ()
    return (f"${money(payment.unapplied_cents):,} of it wait unapplied with the customer in QuickBooks.",)


def _plan_link(
    ctx: SyncContext,
    run: SyncRun,
    payment: QuickBooksPayment,
    cents: int,
    invoice: RecordLink,
    found: CoperniqPayment,
) -> Plan:
    mark = read_quickbooks_tag(ctx.connection.realm_id, Kind.PAYMENT, found.notes)
    rule = RecordLink.MatchMethod.PULLED if mark.quickbooks_id else RecordLink.MatchMethod.SAME_PAYMENT
    run.coperniq_id = found.id
    return _base_plan(
        run,
        payment,
        cents,
        invoice,
        match_method=rule,
        coperniq_snapshot=coperniq_payment_snapshot(found, ZoneInfo(ctx.connection.company.time_zone)),
        sentence=f"Linked to the payment of ${money(found.amount_cents):,} that Coperniq already had on this invoice.",
    )


def _base_plan(
    run: SyncRun, payment: QuickBooksPayment, cents: int, invoice: RecordLink, **values: Any
) -> Plan:
    """The link's image is of this invoice's share alone where the payment pays more."""
    part = invoice.quickbooks_id
    share = cents != payment.total_cents
    image = quickbooks_payment_snapshot(payment, part, share=share)
    return Plan(
        **{
            "record_name": run.record_name,
            "quickbooks_id": payment.id,
            "quickbooks_name": f"Payment of ${money(payment.total_cents):,}",
            "quickbooks_version": payment.sync_token,
            "quickbooks_at": payment.updated_at,
            "quickbooks_snapshot": image,
            "quickbooks_part": part,
            "number": payment.reference[:40],
            "amount_cents": cents,
            "written": {"share": share},
            "about": {"quickbooks": _quickbooks_as_read(payment, image)},
            **values,
        }
    )


def _quickbooks_as_read(payment: QuickBooksPayment, image: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": f"Payment of ${money(payment.total_cents):,}",
        "version": payment.sync_token,
        "at": payment.updated_at.isoformat() if payment.updated_at else "",
        "image": image,
    }
