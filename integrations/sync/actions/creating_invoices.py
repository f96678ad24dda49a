"""A Coperniq invoice that QuickBooks does not have yet."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from zoneinfo import ZoneInfo

from integrations.coperniq.money import Invoice
from integrations.models import Kind, MemoField, RecordLink, SyncRun
from integrations.quickbooks.documents import Invoice as QuickBooksInvoice
from integrations.sync.actions import items, numbers
from integrations.sync.actions.closing import open_day
from integrations.sync.actions.invoice_customers import customer_of
from integrations.sync.actions.invoice_lines import fitting, line_text, wanted_lines
from integrations.sync.answers.invoices import allocations_of
from integrations.sync.desk import Desk
from integrations.sync.mapping.coperniq_texts import memo_of
from integrations.sync.mapping.invoices import (
    FIELDS,
    MEMO_LIMIT,
    NOTE_LIMIT,
    SUBTOTAL,
    Line,
    day_of,
    line_payload,
    lines_of,
    quickbooks_image,
    suffixed_number,
)
from integrations.sync.mapping.marks import mark_of, with_mark
from integrations.sync.plans import Change, Plan, PlannedWrite


def plan(desk: Desk, run: SyncRun, invoice: Invoice, image: dict[str, Any]) -> Plan:
    customer_id = customer_of(desk, invoice)
    lines, matches = wanted_lines(desk, run, invoice)
    try:
        number = numbers.choose_number(desk, run, wanted_number(invoice), customer_id, invoice.total_cents)
    except numbers.Found as found:
        return linked_plan(desk, run, invoice, image, found.invoice, found.rule)
    values, warnings = values_of(desk, run, invoice, lines)
    warnings += renumbered(wanted_number(invoice), number)
    values |= {"CustomerRef.value": customer_id, "DocNumber": number}
    return Plan(
        record_name=run.record_name,
        rule="created",
        write=PlannedWrite("create", "Invoice", values, changes_of(values, lines)),
        coperniq_image=image,
        number=number,
        amount_cents=invoice.total_cents,
        warnings=warnings,
        written={"line_order": [line.id for line in lines], "sent_anyway": bool(run.decisions)},
        learns=items.has_unmatched(lines),
        other_links=tuple(matches),
    )


def wanted_number(invoice: Invoice) -> str:
    return invoice.number or invoice.id


def values_of(
    desk: Desk, run: SyncRun, invoice: Invoice, lines: Sequence[Line]
) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Not sent: QuickBooks must not e-mail what Coperniq has sent, or will."""
    zone = ZoneInfo(desk.connection.company.time_zone)
    issued_on = day_of(invoice.issued_at or invoice.created_at or invoice.updated_at, zone)
    assert issued_on is not None  # updated_at is always there
    on, warnings = open_day(desk, run, issued_on)
    due_on = day_of(invoice.due_at, zone)
    values = {
        "TxnDate": on.isoformat(),
        "EmailStatus": "NotSet",
        "CurrencyRef.value": "USD",
        "Line": [line_payload(line) for line in lines],
        **memo_values(desk, run, memo_of(invoice.description)),
    }
    return values | ({"DueDate": due_on.isoformat()} if due_on else {}), warnings


def memo_values(desk: Desk, run: SyncRun, memo: str) -> dict[str, str]:
    """The mark is the note's last line, wherever the memo goes."""
    mark = mark_of(desk.connection.realm_id, Kind.INVOICE, run.coperniq_id)
    if desk.settings.memo_field == MemoField.CUSTOMER_MEMO:
        memo = fitting(run, "description", memo, MEMO_LIMIT)
        return {"PrivateNote": mark} | ({"CustomerMemo.value": memo} if memo else {})
    return {"PrivateNote": with_mark(fitting(run, "description", memo, NOTE_LIMIT - len(mark) - 1), mark)}


def changes_of(values: dict[str, Any], lines: Sequence[Line]) -> tuple[Change, ...]:
    shown = ("DocNumber", "TxnDate", "DueDate", "CustomerMemo.value")
    named = [Change(name, "", str(values[name])) for name in shown if values.get(name)]
    return (*named, *(Change(f"Line {n}", "", line_text(line)) for n, line in enumerate(lines, 1)))


def renumbered(wanted: str, number: str) -> tuple[str, ...]:
    if number == wanted:
        return ()
    if number == suffixed_number(wanted, 1):
        return (f"Coperniq's number {wanted} is longer than QuickBooks takes; there it is {number}.",)
    return (f"QuickBooks already has another document {wanted}, so this one is {number} there.",)


def linked_plan(
    desk: Desk,
    run: SyncRun,
    invoice: Invoice,
    image: dict[str, Any],
    found: QuickBooksInvoice,
    rule: RecordLink.Rule,
) -> Plan:
    """It is in QuickBooks already: its lines are paired as they stand, so that later edits find them.

    One that bears our mark is then compared field by field: nobody knows which edits it has seen.
    """
    ours = rule == RecordLink.Rule.ADOPTED
    sold = [line.id for line in found.lines if line.kind != SUBTOTAL]
    order = [line.id for line in lines_of(invoice)]
    return Plan(
        record_name=run.record_name,
        rule=rule,
        quickbooks_id=found.id,
        quickbooks_name=f"Invoice {found.number}",
        quickbooks_version=found.sync_token,
        quickbooks_at=found.updated_at,
        quickbooks_image=quickbooks_image(found, desk.settings.memo_field),
        coperniq_image={**image, **dict.fromkeys(FIELDS)} if ours else image,
        number=found.number,
        amount_cents=invoice.total_cents,
        written={"line_ids": dict(zip(order, sold, strict=False))},
        ending={"again": ours, "asks": allocations_of(desk, found.payment_ids, run.coperniq_account_id)},
    )
