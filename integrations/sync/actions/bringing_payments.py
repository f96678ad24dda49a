"""A QuickBooks payment on a linked invoice that Coperniq does not have yet."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from integrations.coperniq.money import Invoice as CoperniqInvoice
from integrations.coperniq.money import Payment as CoperniqPayment
from integrations.errors import Choice, Hold, RecordMissing, Skip, Wait
from integrations.models import Kind, RecordLink, SyncRun, SyncSettings, Vendor
from integrations.quickbooks.bodies import money
from integrations.quickbooks.documents import Payment
from integrations.sync import answers, reference
from integrations.sync.actions.both_sides import moment_of
from integrations.sync.actions.bringing_invoices import BRING_OVER
from integrations.sync.actions.cut_off import is_older
from integrations.sync.actions.names import DISCARD, RETRY
from integrations.sync.actions.same_cheques import RECORD_BOTH, SAME_CHEQUE
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
    paid_on,
    quickbooks_image,
)
from integrations.sync.plans import Change, Plan, PlannedWrite


def plan(desk: Desk, run: SyncRun, payment: Payment, invoice: RecordLink) -> Plan:
    cents = cash_on(payment, invoice.quickbooks_id)
    run.record_name = f"${money(cents):,} for invoice {invoice.number}"
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
    refuse_above_balance(cents, current, invoice)
    return create_plan(desk, run, payment, cents, invoice)


def refuse_older(desk: Desk, run: SyncRun, payment: Payment, invoice: RecordLink) -> None:
    """As with invoices; of one that a person or the rules brought over every payment belongs to it."""
    if run.decision or invoice.rule == RecordLink.Rule.PULLED:
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
            f"Coperniq does not show invoice {invoice.number} any more, so the payment has nowhere to go. Restore the "
            "invoice, then try again, or leave the payment.",
            [RETRY, DISCARD],
        ) from error


def same_in_coperniq(
    desk: Desk,
    run: SyncRun,
    payment: Payment,
    cents: int,
    invoice: RecordLink,
    listed: list[CoperniqPayment],
    current: CoperniqInvoice,
) -> CoperniqPayment | None:
    """Our own of an earlier attempt, the one a person chose, or the same cheque entered there too."""
    links = RecordLink.objects.of(desk.connection, Kind.PAYMENT)
    taken = set(links.filter(coperniq_parent_id=invoice.coperniq_id).values_list("coperniq_id", flat=True))
    free = [row for row in listed if row.id not in taken]
    realm = desk.connection.realm_id
    for row in free:
        mark = quickbooks_marked(realm, Kind.PAYMENT, row.notes)
        if (mark.quickbooks_id, mark.part) == (payment.id, invoice.quickbooks_id):
            return row
    chosen = run.latest_decision("link").removeprefix("link:")
    if chosen:
        return next((row for row in free if row.id == chosen), None) or refuse_gone(
            desk, payment, cents, free
        )
    rows = [row for row in free if is_near(desk, payment, cents, row)]
    if not rows or run.has_decided(RECORD_BOTH.key):
        return None
    refuse_asked_already(desk, rows)
    if len(rows) == 1 and current.total_cents - current.paid_cents < cents:
        return rows[0]
    raise probably_same(rows, cents)


def is_near(desk: Desk, payment: Payment, cents: int, row: CoperniqPayment) -> bool:
    on = paid_on(row, ZoneInfo(desk.connection.company.time_zone))
    same = (
        row.amount_cents == cents
        and not quickbooks_marked(desk.connection.realm_id, Kind.PAYMENT, row.notes).quickbooks_id
    )
    return same and on is not None and abs(on - payment.on) <= SAME_CHEQUE


def refuse_asked_already(desk: Desk, rows: list[CoperniqPayment]) -> None:
    """The push of that payment has asked a person about this very pair."""
    asked = SyncRun.objects.held().filter(
        connection=desk.connection, action="push_payment", cause="probably_same_payment"
    )
    for row in rows:
        if asked.filter(coperniq_id=row.id).exists():
            raise Wait(
                "waits_for_same_payment",
                "Waiting for your decision about the same payment in Coperniq.",
                kind=Kind.PAYMENT,
                coperniq_id=row.id,
            )


def refuse_gone(desk: Desk, payment: Payment, cents: int, free: list[CoperniqPayment]) -> CoperniqPayment:
    rows = [row for row in free if is_near(desk, payment, cents, row)]
    raise Hold(
        "choice_gone",
        "The chosen payment is not in Coperniq any more, or belongs to another one. Please choose again.",
        choices_of(rows),
    )


def probably_same(rows: list[CoperniqPayment], cents: int) -> Hold:
    others = f" (and {len(rows) - 1} more like it)" if len(rows) > 1 else ""
    return Hold(
        "probably_same_payment",
        f"Coperniq already has a payment of ${money(cents):,} on this invoice{others}, made within a week of the one in "
        "QuickBooks. It is probably the same payment: link to it, or record both.",
        choices_of(rows),
    )


def choices_of(rows: list[CoperniqPayment]) -> list[Choice]:
    return [*(Choice(f"link:{row.id}", label_of(row)) for row in rows), RECORD_BOTH, DISCARD]


def label_of(row: CoperniqPayment) -> str:
    on = f" of {row.paid_at:%B %-d, %Y}" if row.paid_at else ""
    told = f", reference {row.reference}" if row.reference else ""
    return f"Link to the payment{on}{told}"


def refuse_above_balance(cents: int, current: CoperniqInvoice, invoice: RecordLink) -> None:
    balance = current.total_cents - current.paid_cents
    if cents > balance:
        raise Hold(
            "above_balance",
            f"QuickBooks has ${money(cents):,} on invoice {invoice.number}, but only ${money(max(balance, 0)):,} is open "
            "on it in Coperniq. Compare the two invoices and their payments, then try again, or leave the payment.",
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
