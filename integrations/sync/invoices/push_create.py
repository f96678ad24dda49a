"""Plan an invoice that QuickBooks does not have yet."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from zoneinfo import ZoneInfo

from integrations.coperniq.money import CoperniqInvoice
from integrations.errors import BlockedBy, NeedsDecision, RecordMissing
from integrations.models import Kind, MemoField, RecordLink, SyncRun
from integrations.quickbooks.documents import QuickBooksInvoice
from integrations.sync.engine.choices import DISCARD, RETRY
from integrations.sync.engine.context import SyncContext
from integrations.sync.engine.coperniq_texts import memo_of
from integrations.sync.engine.correlation_tag import coperniq_tag, with_tag
from integrations.sync.engine.plan import Change, Plan, PlannedWrite
from integrations.sync.invoices.closed_period import open_day
from integrations.sync.invoices.mapping import (
    INVOICE_FIELDS,
    MEMO_LIMIT,
    NOTE_LIMIT,
    SUBTOTAL,
    day_of,
    invoice_lines_of,
    line_payload,
    quickbooks_invoice_snapshot,
    suffixed_number,
)
from integrations.sync.invoices.numbering import ExistingInvoice, choose_number
from integrations.sync.invoices.push_lines import fit_text, line_text, wanted_lines
from integrations.sync.invoices.push_response import allocation_runs
from integrations.sync.items.lines import InvoiceLine
from integrations.sync.items.push import has_unmatched


def plan_invoice_create(
    ctx: SyncContext, run: SyncRun, invoice: CoperniqInvoice, image: dict[str, Any]
) -> Plan:
    customer_id = _customer_id_of(ctx, invoice)
    lines, matches = wanted_lines(ctx, run, invoice)
    number = choose_number(ctx, run, wanted_number(invoice), customer_id, invoice.total_cents)
    if isinstance(number, ExistingInvoice):
        return _plan_link(ctx, run, invoice, image, number.invoice, number.match_method)
    values, warnings = _invoice_values(ctx, run, invoice, lines)
    warnings += renumbered(wanted_number(invoice), number)
    values |= {"CustomerRef.value": customer_id, "DocNumber": number}
    return Plan(
        record_name=run.record_name,
        match_method="created",
        write=PlannedWrite("create", "Invoice", values, _create_changes(values, lines)),
        coperniq_snapshot=image,
        number=number,
        amount_cents=invoice.total_cents,
        warnings=warnings,
        written={"line_order": [line.id for line in lines], "sent_anyway": bool(run.decisions)},
        learns=has_unmatched(lines),
        other_links=tuple(matches),
    )


def wanted_number(invoice: CoperniqInvoice) -> str:
    return invoice.number or invoice.id


def _invoice_values(
    ctx: SyncContext, run: SyncRun, invoice: CoperniqInvoice, lines: Sequence[InvoiceLine]
) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Not sent: QuickBooks must not e-mail what Coperniq has sent, or will."""
    zone = ZoneInfo(ctx.connection.company.time_zone)
    issued_on = day_of(invoice.issued_at or invoice.created_at or invoice.updated_at, zone)
    assert issued_on is not None  # updated_at is always there
    on, warnings = open_day(ctx, run, issued_on)
    due_on = day_of(invoice.due_at, zone)
    values = {
        "TxnDate": on.isoformat(),
        "EmailStatus": "NotSet",
        "CurrencyRef.value": "USD",
        "Line": [line_payload(line) for line in lines],
        **memo_values(ctx, run, memo_of(invoice.description)),
    }
    return values | ({"DueDate": due_on.isoformat()} if due_on else {}), warnings


def memo_values(ctx: SyncContext, run: SyncRun, memo: str) -> dict[str, str]:
    """The mark is the note's last line, wherever the memo goes."""
    mark = coperniq_tag(ctx.connection.realm_id, Kind.INVOICE, run.coperniq_id)
    if ctx.settings.memo_field == MemoField.CUSTOMER_MEMO:
        memo = fit_text(run, "description", memo, MEMO_LIMIT)
        return {"PrivateNote": mark} | ({"CustomerMemo.value": memo} if memo else {})
    return {"PrivateNote": with_tag(fit_text(run, "description", memo, NOTE_LIMIT - len(mark) - 1), mark)}


def _create_changes(values: dict[str, Any], lines: Sequence[InvoiceLine]) -> tuple[Change, ...]:
    shown = ("DocNumber", "TxnDate", "DueDate", "CustomerMemo.value")
    named = [Change(name, "", str(values[name])) for name in shown if values.get(name)]
    return (*named, *(Change(f"Line {n}", "", line_text(line)) for n, line in enumerate(lines, 1)))


def renumbered(wanted: str, number: str) -> tuple[str, ...]:
    if number == wanted:
        return ()
    if number == suffixed_number(wanted, 1):
        return (f"Coperniq's number {wanted} is longer than QuickBooks takes; there it is {number}.",)
    return (f"QuickBooks already has another document {wanted}, so this one is {number} there.",)


def _plan_link(
    ctx: SyncContext,
    run: SyncRun,
    invoice: CoperniqInvoice,
    image: dict[str, Any],
    found: QuickBooksInvoice,
    rule: RecordLink.MatchMethod,
) -> Plan:
    """It is in QuickBooks already: its lines are paired as they stand, so that later edits find them.

    One that bears our mark is then compared field by field: nobody knows which edits it has seen.
    """
    ours = rule == RecordLink.MatchMethod.ADOPTED
    sold = [line.id for line in found.lines if line.kind != SUBTOTAL]
    order = [line.id for line in invoice_lines_of(invoice)]
    return Plan(
        record_name=run.record_name,
        match_method=rule,
        quickbooks_id=found.id,
        quickbooks_name=f"Invoice {found.number}",
        quickbooks_version=found.sync_token,
        quickbooks_at=found.updated_at,
        quickbooks_snapshot=quickbooks_invoice_snapshot(found, ctx.settings.memo_field),
        coperniq_snapshot={**image, **dict.fromkeys(INVOICE_FIELDS)} if ours else image,
        number=found.number,
        amount_cents=invoice.total_cents,
        written={"line_ids": dict(zip(order, sold, strict=False))},
        ending={"again": ours, "asks": allocation_runs(ctx, found.payment_ids, run.coperniq_account_id)},
    )


def _customer_id_of(ctx: SyncContext, invoice: CoperniqInvoice) -> str:
    """`record` has no type in Coperniq: the account itself if it has the account's id, else a project of it."""
    if invoice.record_id in ("", invoice.account_id):
        return customer_of_account(ctx, invoice)
    link = RecordLink.objects.pushed(ctx.connection, Kind.JOB, invoice.record_id)
    if link is not None and link.coperniq_account_id == invoice.account_id:
        return str(link.quickbooks_id)
    phase = phase_to_enter(ctx, invoice)
    if link is not None:
        return str(link.quickbooks_id)
    raise BlockedBy(
        "waits_for_job",
        f"Waiting for the job of “{invoice.record_title or invoice.record_id}”: it is made when the project {phase}.",
        kind=Kind.JOB,
        coperniq_id=invoice.record_id,
    )


def customer_of_account(ctx: SyncContext, invoice: CoperniqInvoice) -> str:
    if not invoice.account_id:
        raise NeedsDecision(
            "invoice_without_account",
            "This invoice belongs to no account in Coperniq, so there is no customer for it. Give it one, "
            "then try again.",
            [RETRY, DISCARD],
        )
    link = RecordLink.objects.pushed(ctx.connection, Kind.CUSTOMER, invoice.account_id)
    if link is not None:
        return str(link.quickbooks_id)
    raise BlockedBy(
        "waits_for_customer",
        f"Waiting for the customer of “{invoice.account_title or invoice.account_id}”: it is made when one of its "
        "projects enters a trigger phase.",
        kind=Kind.CUSTOMER,
        coperniq_id=invoice.account_id,
    )


def phase_to_enter(ctx: SyncContext, invoice: CoperniqInvoice) -> str:
    """Which phase the project has to enter. Reads the project, and refuses one of another account."""
    try:
        project = ctx.coperniq.read_project(invoice.record_id)
    except RecordMissing as error:
        raise NeedsDecision(
            "project_missing",
            f"Coperniq does not show “{invoice.record_title or invoice.record_id}”, on which this invoice was raised. "
            "Restore it, or give the API key's user access to it, then try again.",
            [RETRY, DISCARD],
        ) from error
    if project.account_id and invoice.account_id and project.account_id != invoice.account_id:
        raise NeedsDecision(
            "account_mismatch",
            f"This invoice belongs to “{invoice.account_title}”, but its project “{project.title}” is of another "
            "account. Correct one of them in Coperniq, then try again.",
            [RETRY, DISCARD],
        )
    trigger = ctx.connection.triggers.filter(workflow_id=project.workflow_id).first()
    return f"enters {trigger.phase_name}" if trigger else "enters a trigger phase; its workflow has none yet"
