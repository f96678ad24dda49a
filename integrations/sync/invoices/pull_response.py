"""Store Coperniq's response to a write of an invoice, and find a write whose response was lost."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any, cast
from zoneinfo import ZoneInfo

from integrations.coperniq.money import CoperniqInvoice, CoperniqInvoiceLine
from integrations.errors import Choice, RecordMissing
from integrations.json_reader import JsonReader
from integrations.messages import Message
from integrations.messages.invoices_pull import InvoicePullMessage
from integrations.models import Kind, RecordLink, RemoteWrite, SyncRun
from integrations.quickbooks.bodies import money
from integrations.sync.engine.context import SyncContext
from integrations.sync.engine.coperniq_texts import read_quickbooks_tag
from integrations.sync.engine.lost_writes import sent_not_before
from integrations.sync.engine.plan import AnsweredWrite, Change, RunResult, done
from integrations.sync.engine.responses import WriteResponse, apply_plan_metadata, load_body
from integrations.sync.invoices.mapping import coperniq_invoice_snapshot, day_of
from integrations.sync.invoices.push_response import allocation_runs, list_sentences


def on_response(ctx: SyncContext, write: RemoteWrite, sent: WriteResponse, body: str) -> RunResult:
    invoice = cast("CoperniqInvoice", sent.record)
    about = write.about["about"]
    link, before = _link_for_pull(ctx, write, invoice)
    is_new = link.pk is None
    _update_link(ctx, link, write, invoice)
    if about.get("found"):
        link.coperniq_snapshot |= _edited_since_write(ctx, invoice, load_body(body)) | _moved_since_write(
            about["record"], invoice
        )
    if is_new:
        link.coperniq_name = pulled_invoice_name(link.number, invoice.number)
    again = _keeps_removed_lines(link, about, invoice)
    if again:  # the lines have to be written once more
        link.quickbooks_snapshot = {**link.quickbooks_snapshot, "lines": before.get("lines")}
        link.invoice_state = replace(link.invoice_state, keeps_removed_lines=True)
    choices = [Choice(**choice) for choice in about.get("choices", ())]
    return done(
        _message_of(write, link),
        [*write.warnings, *([] if again else total_warnings(about, invoice))],
        changes=[Change(**change) for change in write.changes],
        quickbooks_id=write.quickbooks_id,
        record_name=link.coperniq_name,
        link=link,
        answered=AnsweredWrite(write, write.quickbooks_id, link.quickbooks_version, ""),
        asks=_payment_runs(ctx, link, found=bool(about.get("found"))) if is_new else (),
        choices=choices,
        again=again or bool(about.get("again")),
    )


def _link_for_pull(
    ctx: SyncContext, write: RemoteWrite, invoice: CoperniqInvoice
) -> tuple[RecordLink, dict[str, Any]]:
    """The link with QuickBooks' snapshot of this write, and the snapshot before."""
    links = RecordLink.objects.of(ctx.connection, Kind.INVOICE)
    link = links.filter(quickbooks_id=write.quickbooks_id).first() or RecordLink(
        connection=ctx.connection,
        kind=Kind.INVOICE,
        coperniq_id=invoice.id,
        quickbooks_id=write.quickbooks_id,
        match_method=write.match_method,
    )
    apply_plan_metadata(link, write.about)
    before = link.quickbooks_snapshot
    as_read = write.about["about"]["quickbooks"]
    link.quickbooks_name, link.quickbooks_version = as_read["name"], as_read["version"]
    link.quickbooks_snapshot = as_read["image"]
    link.quickbooks_at = datetime.fromisoformat(as_read["at"]) if as_read["at"] else link.quickbooks_at
    return link, before


def _update_link(ctx: SyncContext, link: RecordLink, write: RemoteWrite, invoice: CoperniqInvoice) -> None:
    """Store only the written fields of the response: a person may have changed the others since they were read."""
    answered = coperniq_invoice_snapshot(invoice, ZoneInfo(ctx.connection.company.time_zone))
    about = write.about["about"]
    written = {name: answered[name] for name in about["fields"]}
    link.coperniq_snapshot = {**write.coperniq_snapshot, **written} if write.coperniq_id else answered
    pairs = about.get("pairs")
    if pairs is not None:
        line_ids = {line.catalog_item_id: line.id for line in invoice.lines}
        paired = {line_ids[item]: line for item, line in pairs.items() if item in line_ids}
        link.invoice_state = replace(link.invoice_state, line_ids=paired)


def pulled_invoice_name(number: str, own_number: str) -> str:
    """The number, and Coperniq's own if it differs: each side numbers by itself."""
    if not number or number == own_number:
        return f"Invoice {own_number}"
    return f"Invoice {number} ({own_number} in Coperniq)"


def _keeps_removed_lines(link: RecordLink, about: Mapping[str, Any], invoice: CoperniqInvoice) -> bool:
    """True if Coperniq kept lines that the update left out, which is not documented: the next plan sets them to zero.

    See docs/vendors/coperniq-api.md, A11.
    """
    sent = about.get("sold")
    if sent is None or link.invoice_state.keeps_removed_lines:
        return False
    return any(line.catalog_item_id not in sent and line.amount_cents for line in invoice.lines)


def total_warnings(about: Mapping[str, Any], invoice: CoperniqInvoice) -> list[Message]:
    """Warn if Coperniq calculated another total than QuickBooks."""
    wanted = about.get("total")
    if wanted is None or invoice.total_cents == wanted:
        return []
    return [InvoicePullMessage.TOTAL_DIFFERS(coperniq=money(invoice.total_cents), quickbooks=money(wanted))]


def _message_of(write: RemoteWrite, link: RecordLink) -> Message:
    about, invoice = write.about["about"], link.display_number
    if not write.coperniq_id:
        template = InvoicePullMessage.CREATED_COMBINED if about.get("why") else InvoicePullMessage.CREATED
        return template(
            invoice=invoice,
            place=f" on “{about['place']}”" if about.get("place") else "",
            total=money(link.amount_cents or 0),
            reasons=", ".join(about.get("why", ())),
        )
    if "status" in about["fields"]:
        return InvoicePullMessage.DECLINED(invoice=invoice, ended=about["because"])
    fields = list_sentences([change["field"] for change in write.changes])
    return InvoicePullMessage.UPDATED(invoice=invoice, fields=fields)


def _payment_runs(ctx: SyncContext, link: RecordLink, *, found: bool) -> list[SyncRun]:
    """Pulls of the payments on the invoice. After a lost response it is read again: payments may have been added."""
    payment_ids = link.quickbooks_snapshot.get("payments", ())
    if found:
        try:
            payment_ids = ctx.quickbooks.read_invoice(link.quickbooks_id).payment_ids
        except RecordMissing:
            payment_ids = ()
    return allocation_runs(ctx, payment_ids, link.coperniq_account_id)


def find_lost_write(ctx: SyncContext, write: RemoteWrite, body: str) -> WriteResponse | None:
    if not write.coperniq_id:
        found = find_tagged_invoice(
            ctx, write.about["about"]["record"], write.quickbooks_id
        ) or _find_moved_invoice(ctx, write)
        write.about["about"]["found"] = found is not None
        return WriteResponse(found, "") if found else None
    try:
        current = ctx.coperniq.read_invoice(write.coperniq_id)
    except RecordMissing:
        return None
    zone = ZoneInfo(ctx.connection.company.time_zone)
    return WriteResponse(current, "") if _has_values(current, load_body(body), zone) else None


def _edited_since_write(
    ctx: SyncContext, current: CoperniqInvoice, wanted: Mapping[str, Any]
) -> dict[str, None]:
    """Fields that a person edited after a write whose response was lost. None makes the next plan see a change."""
    zone = ZoneInfo(ctx.connection.company.time_zone)
    parts = {"due_date": "dueDate", "memo": "description", "lines": "lineItems"}
    sent = {name: {part: wanted[part]} for name, part in parts.items() if part in wanted}
    return {name: None for name, values in sent.items() if not _has_values(current, values, zone)}


def _moved_since_write(record: Sequence[str], current: CoperniqInvoice) -> dict[str, str]:
    """The record it was created on, if a person moved it since: the next run asks about the move."""
    return {"record_id": record[1]} if current.record_id not in ("", record[1]) else {}


def find_tagged_invoice(
    ctx: SyncContext, record: Sequence[str], quickbooks_id: str
) -> CoperniqInvoice | None:
    """The unlinked invoice of `record`, ("projects" or "accounts", id), with the tag of this QuickBooks invoice."""
    kind, id_ = record
    rows = ctx.coperniq.list_invoices_of("projects" if kind == "projects" else "accounts", id_)
    return _first_tagged(ctx, rows, quickbooks_id)


def _find_moved_invoice(ctx: SyncContext, write: RemoteWrite) -> CoperniqInvoice | None:
    """A person may have moved it to another record, or deleted that record, before the portal found it."""
    rows = ctx.coperniq.list_invoices(sent_not_before(write, ctx.coperniq.clock_offset))
    return _first_tagged(ctx, rows, write.quickbooks_id)


def _first_tagged(ctx: SyncContext, rows: Iterable[object], quickbooks_id: str) -> CoperniqInvoice | None:
    for row in rows:
        if not isinstance(row, CoperniqInvoice):
            continue
        tag = read_quickbooks_tag(ctx.connection.realm_id, Kind.INVOICE, row.description)
        if tag.quickbooks_id == quickbooks_id and _is_unlinked(ctx, row.id):
            return row
    return None


def _is_unlinked(ctx: SyncContext, coperniq_id: str) -> bool:
    return RecordLink.objects.pushed(ctx.connection, Kind.INVOICE, coperniq_id) is None


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
