"""Find one record by its number, id or address, and whether it may be sent."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import parse_qs, urlsplit

from integrations.coperniq.client import ListName
from integrations.coperniq.records import Project
from integrations.errors import RecordMissing, UnexpectedShape
from integrations.json_reader import JsonReader
from integrations.messages.batches import BatchMessage
from integrations.models import Batch, BatchRecord, Finding, Kind, RecordLink
from integrations.sync.batches.listing import invoice_records, project_records
from integrations.sync.customers.phase_order import has_reached
from integrations.sync.customers.phase_trigger import not_reached
from integrations.sync.engine.context import SyncContext

_MOST_PAGES = 50
_LISTS: Mapping[Kind, ListName] = {Kind.JOB: "projects", Kind.INVOICE: "invoices", Kind.CUSTOMER: "accounts"}
_WORDS = {
    "project": Kind.JOB,
    "job": Kind.JOB,
    "invoice": Kind.INVOICE,
    "customer": Kind.CUSTOMER,
    "account": Kind.CUSTOMER,
    "client": Kind.CUSTOMER,
}
_NOUNS = {Kind.JOB: "project", Kind.INVOICE: "invoice", Kind.CUSTOMER: "account"}
_IN_COPERNIQ = re.compile(r"/(project|invoice|account|client)s?/(\d+)")
_NOTHING = JsonReader(None)


def wanted_records(ctx: SyncContext, batch: Batch) -> list[BatchRecord]:
    """The record, and of an invoice also its project if that has to be sent first."""
    kind, coperniq_id = _find(ctx, batch.wanted)
    build = {Kind.JOB: _project, Kind.INVOICE: _invoice, Kind.CUSTOMER: _customer}[kind]
    try:
        found = build(ctx, batch, coperniq_id) if coperniq_id else []
    except (RecordMissing, UnexpectedShape):
        found = []
    return found or [_not_found(batch, kind)]


def _not_found(batch: Batch, kind: Kind) -> BatchRecord:
    detail = BatchMessage.RECORD_NOT_FOUND(kind=_NOUNS[kind]).text
    return BatchRecord(
        batch=batch, kind=kind, coperniq_id="", name=batch.wanted, finding=Finding.SKIPPED, detail=detail
    )


def _find(ctx: SyncContext, wanted: str) -> tuple[Kind, str]:
    """Its kind, and its Coperniq id or ""."""
    if "://" in wanted:
        return _find_by_address(ctx, wanted)
    word, _, number = wanted.partition(":")
    kind, number = _WORDS.get(word.strip().lower(), Kind.INVOICE), number.strip().lstrip("#")
    if number.startswith("id="):
        return kind, number.removeprefix("id=")
    links = RecordLink.objects.of(ctx.connection, kind)
    known = links.filter(number=number).values_list("coperniq_id", flat=True).first()
    if known is None and kind == Kind.INVOICE:
        known = links.filter(coperniq_name=f"Invoice {number}").values_list("coperniq_id", flat=True).first()
    return kind, known or _find_in_list(ctx, kind, number) or number


def _find_by_address(ctx: SyncContext, address: str) -> tuple[Kind, str]:
    """An address of QuickBooks names the record there, one of Coperniq its own."""
    parts = urlsplit(address)
    query = parse_qs(parts.query)
    for parameter, kinds in (("txnId", (Kind.INVOICE,)), ("nameId", (Kind.JOB, Kind.CUSTOMER))):
        if parameter in query:
            links = ctx.connection.links.filter(kind__in=kinds, quickbooks_id=query[parameter][0])
            link = links.order_by("id").first()
            return (Kind(link.kind), link.coperniq_id) if link is not None else (kinds[0], "")
    found = _IN_COPERNIQ.findall(f"{parts.path}/{parts.fragment}")
    return (_WORDS[found[-1][0]], found[-1][1]) if found else (Kind.INVOICE, "")


def _find_in_list(ctx: SyncContext, kind: Kind, number: str) -> str:
    """The id of the record with this number, the ones changed last first."""
    for page in range(1, _MOST_PAGES + 1):
        rows, more = ctx.coperniq.read_page(_LISTS[kind], page, newest_first=True)
        for row in rows:
            if number in (row.text("number", ""), row.text("uid", "")):
                return row.identifier("id")
        if not more:
            break
    return ""


def _project(ctx: SyncContext, batch: Batch, project_id: str) -> list[BatchRecord]:
    project = ctx.coperniq.read_project(project_id)
    records = project_records(ctx, batch, [(project, _NOTHING)])
    _apply_phase(ctx, project, records[0])
    return records


def _apply_phase(ctx: SyncContext, project: Project, record: BatchRecord) -> None:
    trigger = ctx.connection.triggers.filter(workflow_id=project.workflow_id).first()
    reached = trigger is not None and has_reached(ctx.connection.company.coperniq, trigger, project.phase)
    if record.finding == Finding.CREATE and not reached:
        record.finding, record.detail = Finding.WAITS, not_reached(project, trigger).text


def _invoice(ctx: SyncContext, batch: Batch, invoice_id: str) -> list[BatchRecord]:
    invoice = ctx.coperniq.read_invoice(invoice_id)
    (record,) = invoice_records(ctx, batch, [(invoice, _NOTHING)])
    if record.finding != Finding.WAITS:
        return [record]
    if not record.parent_id:
        customer = BatchRecord(batch=batch, kind=Kind.CUSTOMER, coperniq_id=invoice.account_id)
        customer.account_id, customer.name, customer.finding = (
            invoice.account_id,
            invoice.account_title,
            Finding.WAITS,
        )
        customer.detail = record.detail
        return [record, customer]
    job, *others = _project(ctx, batch, record.parent_id)
    record.finding = Finding.CREATE if job.finding == Finding.CREATE else job.finding
    record.detail = "" if record.finding == Finding.CREATE else job.detail
    return [record, job, *others]


def _customer(ctx: SyncContext, batch: Batch, account_id: str) -> list[BatchRecord]:
    account = ctx.coperniq.read_account(account_id)
    link = RecordLink.objects.pushed(ctx.connection, Kind.CUSTOMER, account.id)
    record = BatchRecord(batch=batch, kind=Kind.CUSTOMER, coperniq_id=account.id, account_id=account.id)
    record.name, record.number, record.finding = account.title[:500], account.number[:40], Finding.LINKED
    if link is None:
        record.finding = Finding.WAITS
        record.detail = BatchMessage.CUSTOMER_AT_PHASE(account=account.title).text
    return [record]
