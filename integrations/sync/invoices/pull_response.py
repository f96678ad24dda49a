"""Store Coperniq's response to a write of an invoice, and find a write whose response was lost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any, cast
from zoneinfo import ZoneInfo

from integrations.coperniq.money import CoperniqInvoice, CoperniqInvoiceLine
from integrations.errors import RecordMissing
from integrations.json_reader import JsonReader
from integrations.messages import Message
from integrations.messages.invoices_pull import InvoicePullMessage
from integrations.models import Kind, RecordLink, RemoteWrite, SyncRun
from integrations.models.snapshots import CoperniqInvoiceSnapshot, QuickBooksInvoiceSnapshot
from integrations.quickbooks.bodies import money
from integrations.sync.engine.context import SyncContext
from integrations.sync.engine.plan import AnsweredWrite, Change, RunResult, done
from integrations.sync.engine.responses import WriteResponse, apply_plan, load_body
from integrations.sync.invoices.eligibility import waiting_pushes
from integrations.sync.invoices.mapping import coperniq_invoice_snapshot, day_of, is_numbered
from integrations.sync.invoices.pull_request import allocation_runs
from integrations.sync.invoices.pulled_copies import find_lost_copy
from integrations.sync.invoices.push_response import list_sentences
from integrations.sync.invoices.write_data import InvoiceOwner, PulledInvoiceData, PulledLines


def on_response(ctx: SyncContext, write: RemoteWrite, sent: WriteResponse, body: str) -> RunResult:
    invoice = cast("CoperniqInvoice", sent.record)
    data = PulledInvoiceData.from_json(write.response_data)
    link, before = _link_for_pull(ctx, write, data, invoice)
    is_new = link.pk is None
    _update_link(ctx, link, write, data, invoice)
    if sent.looked_for and data.owner is not None:
        edited = _edited_since_write(ctx, invoice, load_body(body))
        link.coperniq_invoice = _with_former_owner(link.coperniq_invoice.without(edited), data.owner)
    if is_new:
        link.coperniq_name = pulled_invoice_name(link.number, invoice.number)
    again = _keeps_removed_lines(link, data, invoice)
    if again:  # the lines have to be written once more
        link.quickbooks_invoice = link.quickbooks_invoice.with_values_of(before, ["lines"])
        link.invoice_state = replace(link.invoice_state, keeps_removed_lines=True)
    return done(
        _message_of(write, link, data),
        [*write.warnings, *([] if again else total_warnings(data.lines, invoice))],
        changes=[Change(**change) for change in write.changes],
        quickbooks_id=write.quickbooks_id,
        record_name=link.coperniq_name,
        link=link,
        answered=AnsweredWrite(write, write.quickbooks_id, link.quickbooks_version, ""),
        asks=_requests_of_new(ctx, link, found=sent.looked_for) if is_new else (),
        choices=data.choices,
        again=again or data.again,
    )


def _link_for_pull(
    ctx: SyncContext, write: RemoteWrite, data: PulledInvoiceData, invoice: CoperniqInvoice
) -> tuple[RecordLink, QuickBooksInvoiceSnapshot]:
    """The link with QuickBooks' snapshot of this write, and the snapshot before."""
    links = RecordLink.objects.of(ctx.connection, Kind.INVOICE)
    link = links.filter(quickbooks_id=write.quickbooks_id).first() or RecordLink(
        connection=ctx.connection,
        kind=Kind.INVOICE,
        coperniq_id=invoice.id,
        quickbooks_id=write.quickbooks_id,
        match_method=write.match_method,
    )
    apply_plan(link, write)
    before = link.quickbooks_invoice
    data.quickbooks.apply_to(link)
    return link, before


def _update_link(
    ctx: SyncContext, link: RecordLink, write: RemoteWrite, data: PulledInvoiceData, invoice: CoperniqInvoice
) -> None:
    """Store only the written fields of the response: a person may have changed the others since they were read."""
    answered = coperniq_invoice_snapshot(
        invoice, ZoneInfo(ctx.connection.company.time_zone), numbered=is_numbered(link, invoice)
    )
    if write.coperniq_id:
        planned = CoperniqInvoiceSnapshot.from_json(write.coperniq_snapshot)
        answered = planned.with_values_of(answered, data.fields)
    link.coperniq_invoice = answered
    if data.lines is not None:
        line_ids = {line.catalog_item_id: line.id for line in invoice.lines}
        paired = {line_ids[item]: line for item, line in data.lines.pairs.items() if item in line_ids}
        link.invoice_state = replace(link.invoice_state, line_ids=paired)


def pulled_invoice_name(number: str, own_number: str) -> str:
    """The number, and Coperniq's own if it differs: each side numbers by itself."""
    if not number or number == own_number:
        return f"Invoice {own_number}"
    return f"Invoice {number} ({own_number} in Coperniq)"


def _keeps_removed_lines(link: RecordLink, data: PulledInvoiceData, invoice: CoperniqInvoice) -> bool:
    """True if Coperniq kept lines that the update left out, which is not documented: the next plan sets them to zero.

    See docs/vendors/coperniq-api.md, A11.
    """
    sent = data.lines
    if sent is None or data.owner is not None or link.invoice_state.keeps_removed_lines:
        return False
    return any(line.catalog_item_id not in sent.catalog_ids and line.amount_cents for line in invoice.lines)


def total_warnings(sent: PulledLines | None, invoice: CoperniqInvoice) -> list[Message]:
    """Warn if Coperniq calculated another total than QuickBooks."""
    if sent is None or invoice.total_cents == sent.total_cents:
        return []
    totals = {"coperniq": money(invoice.total_cents), "quickbooks": money(sent.total_cents)}
    return [InvoicePullMessage.TOTAL_DIFFERS(**totals)]


def _message_of(write: RemoteWrite, link: RecordLink, data: PulledInvoiceData) -> Message:
    invoice = link.display_number
    if data.owner is not None:
        template = InvoicePullMessage.CREATED_COMBINED if data.fold_reasons else InvoicePullMessage.CREATED
        return template(
            invoice=invoice,
            place=f" on “{data.owner.name}”" if data.owner.name else "",
            total=money(link.amount_cents or 0),
            reasons=", ".join(data.fold_reasons),
        )
    if data.ended is not None:
        return InvoicePullMessage.DECLINED(invoice=invoice, ended=data.ended)
    fields = list_sentences([change["field"] for change in write.changes])
    return InvoicePullMessage.UPDATED(invoice=invoice, fields=fields)


def _requests_of_new(ctx: SyncContext, link: RecordLink, *, found: bool) -> list[SyncRun]:
    """Pulls of the payments on the invoice. After a lost response it is read again: payments may have been added.

    Pushes of invoices that could have been this one are planned again.
    """
    payment_ids = link.quickbooks_invoice.payments
    if found:
        try:
            payment_ids = ctx.quickbooks.read_invoice(link.quickbooks_id).payment_ids
        except RecordMissing:
            payment_ids = ()
    return [*allocation_runs(ctx, payment_ids, link.coperniq_account_id), *waiting_pushes(link)]


def find_lost_write(ctx: SyncContext, write: RemoteWrite, body: str) -> WriteResponse | None:
    owner = PulledInvoiceData.from_json(write.response_data).owner
    if owner is not None:
        wanted, zone = load_body(body), ZoneInfo(ctx.connection.company.time_zone)
        found = find_lost_copy(ctx, write, owner, lambda row: _has_values(row, wanted, zone))
        return WriteResponse(found, "", looked_for=True) if found else None
    try:
        current = ctx.coperniq.read_invoice(write.coperniq_id)
    except RecordMissing:
        return None
    zone = ZoneInfo(ctx.connection.company.time_zone)
    return WriteResponse(current, "") if _has_values(current, load_body(body), zone) else None


def _edited_since_write(ctx: SyncContext, current: CoperniqInvoice, wanted: Mapping[str, Any]) -> list[str]:
    """Fields that a person edited after a write whose response was lost. As unknown ones they count as changed."""
    zone = ZoneInfo(ctx.connection.company.time_zone)
    parts = {"due_date": "dueDate", "memo": "description", "lines": "lineItems"}
    sent = {name: {part: wanted[part]} for name, part in parts.items() if part in wanted}
    return [name for name, values in sent.items() if not _has_values(current, values, zone)]


def _with_former_owner(snapshot: CoperniqInvoiceSnapshot, owner: InvoiceOwner) -> CoperniqInvoiceSnapshot:
    """With the record it was created on, if a person moved it since: the next run asks about the move."""
    return replace(snapshot, record_id=owner.id) if snapshot.record_id else snapshot


def _has_values(current: CoperniqInvoice, wanted: Mapping[str, Any], zone: ZoneInfo) -> bool:
    due = JsonReader(dict(wanted)).moment("dueDate", None)
    rows = wanted.get("lineItems")
    return (
        ("dueDate" not in wanted or day_of(current.due_at, zone) == day_of(due, zone))
        and wanted.get("description", current.description).strip() == current.description.strip()
        and wanted.get("status", current.status) == current.status
        and (rows is None or sorted(map(_key_of_body, rows)) == sorted(map(_key_of_line, current.lines)))
    )


_LineKey = tuple[str, Decimal, Decimal, str]


def _key_of_body(row: Mapping[str, Any]) -> _LineKey:
    description = (row.get("description") or "").strip()
    return str(row["catalogItemId"]), Decimal(row["quantity"]), Decimal(row["unitPrice"]), description


def _key_of_line(line: CoperniqInvoiceLine) -> _LineKey:
    return line.catalog_item_id, line.quantity, line.unit_price, line.description.strip()
