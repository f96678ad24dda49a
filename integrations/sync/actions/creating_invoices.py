"""A Coperniq invoice that QuickBooks does not have yet."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from zoneinfo import ZoneInfo

from integrations.coperniq.money import Invoice
from integrations.errors import Choice, Hold, RecordMissing, Wait
from integrations.models import Kind, MemoField, RecordLink, SyncRun
from integrations.quickbooks.bodies import money
from integrations.quickbooks.documents import Invoice as QuickBooksInvoice
from integrations.sync.actions import items, numbers
from integrations.sync.actions.closing import open_day
from integrations.sync.actions.names import DISCARD, RETRY
from integrations.sync.desk import Desk
from integrations.sync.mapping.invoices import (
    DESCRIPTION_LIMIT,
    FIELDS,
    MEMO_LIMIT,
    MOST_LINES,
    NOTE_LIMIT,
    SUBTOTAL,
    Line,
    day_of,
    difference_line,
    line_payload,
    lines_of,
    quickbooks_image,
    suffixed_number,
)
from integrations.sync.mapping.marks import mark_of, with_mark
from integrations.sync.plans import Change, Plan, PlannedWrite

SHORTENED = Choice("send_anyway", "Send it with the long texts cut off")


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
        written={"line_order": [line.id for line in lines], "sent_anyway": run.decision == "send_anyway"},
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
        **memo_values(desk, run, invoice.description.strip()),
    }
    return values | ({"DueDate": due_on.isoformat()} if due_on else {}), warnings


def memo_values(desk: Desk, run: SyncRun, memo: str) -> dict[str, str]:
    """The mark is the note's last line, wherever the memo goes."""
    mark = mark_of(desk.connection.realm_id, Kind.INVOICE, run.coperniq_id)
    if desk.settings.memo_field == MemoField.CUSTOMER_MEMO:
        memo = fitting(run, "description", memo, MEMO_LIMIT)
        return {"PrivateNote": mark} | ({"CustomerMemo.value": memo} if memo else {})
    return {"PrivateNote": with_mark(fitting(run, "description", memo, NOTE_LIMIT - len(mark) - 1), mark)}


def fitting(run: SyncRun, what: str, text: str, limit: int) -> str:
    if len(text) <= limit:
        return text
    if run.decision == SHORTENED.key:
        return text[:limit].rstrip()
    raise Hold(
        "too_long",
        f"The {what} has {len(text):,} characters, and QuickBooks takes {limit:,}. Shorten it in Coperniq, "
        "or send it with the end cut off.",
        [SHORTENED, RETRY, DISCARD],
    )


def customer_of(desk: Desk, invoice: Invoice) -> str:
    """`record` has no type in Coperniq: the account itself if it has the account's id, else a project of it."""
    if invoice.record_id in ("", invoice.account_id):
        return customer_of_account(desk, invoice)
    link = RecordLink.objects.pushed(desk.connection, Kind.JOB, invoice.record_id)
    if link is not None and link.coperniq_account_id == invoice.account_id:
        return str(link.quickbooks_id)
    phase = phase_to_enter(desk, invoice)
    if link is not None:
        return str(link.quickbooks_id)
    raise Wait(
        "waits_for_job",
        f"Waiting for the job of “{invoice.record_title or invoice.record_id}”: it is made when the project {phase}.",
        kind=Kind.JOB,
        coperniq_id=invoice.record_id,
    )


def customer_of_account(desk: Desk, invoice: Invoice) -> str:
    if not invoice.account_id:
        raise Hold(
            "invoice_without_account",
            "This invoice belongs to no account in Coperniq, so there is no customer for it. Give it one, "
            "then try again.",
            [RETRY, DISCARD],
        )
    link = RecordLink.objects.pushed(desk.connection, Kind.CUSTOMER, invoice.account_id)
    if link is not None:
        return str(link.quickbooks_id)
    raise Wait(
        "waits_for_customer",
        f"Waiting for the customer of “{invoice.account_title or invoice.account_id}”: it is made when one of its "
        "projects enters a trigger phase.",
        kind=Kind.CUSTOMER,
        coperniq_id=invoice.account_id,
    )


def phase_to_enter(desk: Desk, invoice: Invoice) -> str:
    """Which phase the project has to enter. Reads the project, and refuses one of another account."""
    try:
        project = desk.coperniq.read_project(invoice.record_id)
    except RecordMissing as error:
        raise Hold(
            "project_missing",
            f"Coperniq does not show “{invoice.record_title or invoice.record_id}”, on which this invoice was raised. "
            "Restore it, or give the API key's user access to it, then try again.",
            [RETRY, DISCARD],
        ) from error
    if project.account_id and invoice.account_id and project.account_id != invoice.account_id:
        raise Hold(
            "account_mismatch",
            f"This invoice belongs to “{invoice.account_title}”, but its project “{project.title}” is of another "
            "account. Correct one of them in Coperniq, then try again.",
            [RETRY, DISCARD],
        )
    trigger = desk.connection.triggers.filter(workflow_id=project.workflow_id).first()
    return f"enters {trigger.phase_name}" if trigger else "enters a trigger phase; its workflow has none yet"


def wanted_lines(desk: Desk, run: SyncRun, invoice: Invoice) -> tuple[list[Line], list[RecordLink]]:
    lines, matches = items.with_matches(desk, lines_of(invoice))
    refuse_lines(invoice, lines)
    lines = [shortened(run, line) for line in with_difference(desk, invoice, lines)]
    return items.with_fallback(desk, lines), matches


def refuse_lines(invoice: Invoice, lines: Sequence[Line]) -> None:
    problem = ""
    if not lines:
        problem = "has no lines, and QuickBooks takes none without"
    elif invoice.total_cents < 0:
        problem = f"comes to ${money(invoice.total_cents):,}, and QuickBooks takes no invoice below zero"
    elif len(lines) > MOST_LINES:
        problem = f"has {len(lines):,} lines, and QuickBooks takes {MOST_LINES:,}"
    if problem:
        raise Hold(
            "not_an_invoice",
            f"This invoice {problem}. Change it in Coperniq, or record it in QuickBooks by hand.",
            [RETRY, DISCARD],
        )


def shortened(run: SyncRun, line: Line) -> Line:
    text = fitting(run, "text of a line", line.description, DESCRIPTION_LIMIT)
    return line if text == line.description else Line(**{**vars(line), "description": text})


def with_difference(desk: Desk, invoice: Invoice, lines: list[Line]) -> list[Line]:
    """Coperniq's total may have tax that its lines do not show."""
    difference = invoice.total_cents - sum(line.amount_cents for line in lines)
    if not difference:
        return lines
    item_id = desk.settings.difference_item
    if not item_id:
        raise Hold(
            "total_mismatch",
            f"Coperniq's total of ${money(invoice.total_cents):,} is ${money(difference):,} away from the sum of its "
            "lines, perhaps for tax. Correct it in Coperniq, or choose an item for tax and differences on the "
            "QuickBooks page; then try again.",
            [RETRY, DISCARD],
        )
    return [*lines, difference_line(difference, item_id)]


def changes_of(values: dict[str, Any], lines: Sequence[Line]) -> tuple[Change, ...]:
    shown = ("DocNumber", "TxnDate", "DueDate", "CustomerMemo.value")
    named = [Change(name, "", str(values[name])) for name in shown if values.get(name)]
    return (*named, *(Change(f"Line {n}", "", line_text(line)) for n, line in enumerate(lines, 1)))


def line_text(line: Line) -> str:
    quantity, price = line.quantity.normalize(), line.unit_price
    return f"{line.description}: {quantity:f} x ${price:,f} = ${money(line.amount_cents):,}"


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
        quickbooks_image=quickbooks_image(found, desk.settings.memo_field),
        coperniq_image={**image, **dict.fromkeys(FIELDS)} if ours else image,
        number=found.number,
        amount_cents=invoice.total_cents,
        written={"line_ids": dict(zip(order, sold, strict=False))},
        ending={"again": ours},
    )
