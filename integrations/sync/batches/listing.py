"""The rows of a list become records of a batch: which of them are chosen, and what would become of each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from django.db.models import QuerySet
from django.utils import timezone

from integrations.coperniq.money import CoperniqInvoice, UnreadableInvoice, parse_listed_invoice
from integrations.coperniq.records import Project, account_id_of, read_account_record, read_project_record
from integrations.errors import NeedsDecision
from integrations.item_matching import SEVERAL, ItemIndex
from integrations.json_reader import JsonReader
from integrations.messages.batches import BatchMessage
from integrations.messages.customers import CustomerMessage
from integrations.messages.invoices_push import InvoicePushMessage
from integrations.models import (
    Action,
    Batch,
    BatchRecord,
    CustomersOn,
    Finding,
    Kind,
    PhaseTrigger,
    PushFrom,
    RecordLink,
    Selection,
    SyncRun,
)
from integrations.quickbooks.bodies import dump
from integrations.sync.customers.mapping import job_name, primary_contact_id
from integrations.sync.customers.phase_order import has_reached
from integrations.sync.customers.phase_trigger import not_reached
from integrations.sync.engine.context import SyncContext
from integrations.sync.engine.listed import read_listed
from integrations.sync.engine.lookups import SOON, LookupName, lookup_rows
from integrations.sync.invoices.push_lines import wanted_lines
from integrations.sync.invoices.push_void import DECLINED

_LONGEST_LISTED = 40_000
_ACCOUNT_FIELDS = (
    "id", "number", "uid", "title", "address", "isActive", "primaryEmail", "primaryPhone", "street", "city",
    "state", "zipcode", "contacts", "custom", "updatedAt", "createdAt", "accountType",
)  # fmt: skip
"""What a customer is made of; other fields may have keys of third parties (docs/vendors/coperniq-api.md, 3.1)."""


# Projects


def projects_of(ctx: SyncContext, batch: Batch, rows: Sequence[JsonReader]) -> list[BatchRecord]:
    projects = [(read_project_record(row), row) for row in rows]
    triggers = {trigger.workflow_id: trigger for trigger in ctx.connection.triggers.all()}
    if batch.selection == Selection.INVOICES:
        return _projects_of_invoices(ctx, batch, projects, triggers)
    if batch.workflow_id:
        triggers = {key: trigger for key, trigger in triggers.items() if key == batch.workflow_id}
    coperniq = ctx.connection.company.coperniq
    chosen = [
        (project, row)
        for project, row in projects
        if project.workflow_id in triggers
        and has_reached(coperniq, triggers[project.workflow_id], project.phase)
    ]
    return project_records(ctx, batch, chosen)


def project_records(
    ctx: SyncContext, batch: Batch, projects: Sequence[tuple[Project, JsonReader]]
) -> list[BatchRecord]:
    """A row for each, and one for the customer of each that is sent."""
    linked = _linked(ctx, Kind.JOB, [project.id for project, _ in projects])
    jobs = [_job_record(batch, project, row, linked) for project, row in projects]
    sent = {job.account_id: job.coperniq_id for job in jobs if job.finding == Finding.CREATE}
    known = set(
        batch.records.filter(kind=Kind.CUSTOMER, coperniq_id__in=sent).values_list("coperniq_id", flat=True)
    )
    links = _linked(ctx, Kind.CUSTOMER, list(sent))
    customers = [
        BatchRecord(
            batch=batch,
            kind=Kind.CUSTOMER,
            coperniq_id=account_id,
            account_id=account_id,
            parent_id=project_id,
            name=links.get(account_id, ""),
            quickbooks_name=links.get(account_id, ""),
            finding=Finding.LINKED if account_id in links else Finding.UNKNOWN,
        )
        for account_id, project_id in sent.items()
        if account_id not in known
    ]
    return [*jobs, *customers]


def _job_record(batch: Batch, project: Project, row: JsonReader, linked: Mapping[str, str]) -> BatchRecord:
    record = BatchRecord(
        batch=batch,
        kind=Kind.JOB,
        coperniq_id=project.id,
        account_id=project.account_id,
        name=project.title[:500],
        number=project.number[:40],
        amount_cents=project.value_cents,
        quickbooks_name=linked.get(project.id) or job_name(project),
        finding=Finding.CREATE,
    )
    if row.value is not None:
        record.listed, record.listed_at = _listed({f"projects/{project.id}": row.value}), timezone.now()
    if project.id in linked:
        record.finding = Finding.LINKED
    elif not project.account_id:
        record.finding = Finding.ATTENTION
        record.detail = CustomerMessage.PROJECT_WITHOUT_ACCOUNT(project=project.title).text
    elif not project.is_active or project.status == "CANCELLED":
        state = "canceled" if project.is_active else "archived"
        record.finding = Finding.SKIPPED
        record.detail = BatchMessage.PROJECT_ENDED(project=project.title, state=state).text
    return record


def _projects_of_invoices(
    ctx: SyncContext,
    batch: Batch,
    projects: Sequence[tuple[Project, JsonReader]],
    triggers: Mapping[str, PhaseTrigger],
) -> list[BatchRecord]:
    """The projects of the chosen invoices that are sent with them; an invoice of another one says why it waits."""
    waiting: dict[str, list[BatchRecord]] = {}
    ids = [project.id for project, _ in projects]
    for record in batch.records.filter(kind=Kind.INVOICE, parent_id__in=ids, finding=Finding.WAITS):
        waiting.setdefault(record.parent_id, []).append(record)
    coperniq, sent = ctx.connection.company.coperniq, []
    for project, row in projects:
        trigger = triggers.get(project.workflow_id)
        reached = trigger is not None and has_reached(coperniq, trigger, project.phase)
        if reached and project.id in waiting:
            sent.append((project, row))
        for record in waiting.get(project.id, ()):
            record.finding = Finding.CREATE if reached else Finding.WAITS
            why = not_reached(project, trigger).text
            record.detail = "" if reached else BatchMessage.INVOICE_WAITS(why=why).text
    changed = [record for records in waiting.values() for record in records]
    return [*project_records(ctx, batch, sent), *changed]


# Invoices


def invoices_of(ctx: SyncContext, batch: Batch, rows: Sequence[JsonReader]) -> list[BatchRecord]:
    invoices = [(parse_listed_invoice(row), row) for row in rows]
    if batch.selection == Selection.PROJECTS:
        ids = [one.record_id for one, _ in invoices if isinstance(one, CoperniqInvoice)]
        chosen = set(
            batch.records.filter(kind=Kind.JOB, coperniq_id__in=ids).values_list("coperniq_id", flat=True)
        )
        invoices = [
            pair for pair in invoices if isinstance(pair[0], CoperniqInvoice) and pair[0].record_id in chosen
        ]
    else:
        invoices = [pair for pair in invoices if _is_open_since(ctx, batch, pair[0])]
    return invoice_records(ctx, batch, invoices)


def _is_open_since(ctx: SyncContext, batch: Batch, invoice: CoperniqInvoice | UnreadableInvoice) -> bool:
    """An invoice that cannot be read is among them, so that somebody hears of it."""
    assert batch.since is not None  # checked when the batch was made
    zone = ZoneInfo(ctx.connection.company.time_zone)
    if isinstance(invoice, UnreadableInvoice):
        return invoice.updated_at.astimezone(zone).date() >= batch.since
    made_at: datetime = invoice.created_at or invoice.updated_at
    ended = invoice.status in (DECLINED, "PAID") or invoice.is_archived
    is_open = not ended and invoice.total_cents > invoice.paid_cents
    return is_open and made_at.astimezone(zone).date() >= batch.since


def invoice_records(
    ctx: SyncContext, batch: Batch, invoices: Sequence[tuple[CoperniqInvoice | UnreadableInvoice, JsonReader]]
) -> list[BatchRecord]:
    linked = _linked(ctx, Kind.INVOICE, [invoice.id for invoice, _ in invoices])
    read = [one for one, _ in invoices if isinstance(one, CoperniqInvoice)]
    jobs = set(_linked(ctx, Kind.JOB, [one.record_id for one in read]))
    jobs |= set(
        batch.records.filter(
            kind=Kind.JOB,
            coperniq_id__in=[one.record_id for one in read],
            finding__in=(Finding.CREATE, Finding.LINKED),
        ).values_list("coperniq_id", flat=True)
    )
    customers = set(_linked(ctx, Kind.CUSTOMER, [one.account_id for one in read]))
    if ctx.settings.customers_on == CustomersOn.INVOICE:
        jobs |= {one.record_id for one in read}
        customers |= {one.account_id for one in read}
    sends_drafts = ctx.settings.push_from != PushFrom.SENT
    records = [
        _invoice_record(
            batch, invoice, row, linked, jobs=jobs, customers=customers, sends_drafts=sends_drafts
        )
        for invoice, row in invoices
    ]
    for record, (invoice, _) in zip(records, invoices, strict=True):
        if record.finding == Finding.CREATE and isinstance(invoice, CoperniqInvoice) and invoice.lines:
            _look_at_lines(ctx, record, invoice)
    return records


def _look_at_lines(ctx: SyncContext, record: BatchRecord, invoice: CoperniqInvoice) -> None:
    """Whether QuickBooks would take its lines, as far as that is known. A list may leave them out."""
    run = SyncRun.of(ctx.connection, Action.PUSH_INVOICE, coperniq_id=invoice.id)
    try:
        wanted_lines(ctx, run, invoice)
    except NeedsDecision as question:
        record.finding, record.detail = Finding.ATTENTION, question.sentence


def _invoice_record(
    batch: Batch,
    invoice: CoperniqInvoice | UnreadableInvoice,
    row: JsonReader,
    linked: Mapping[str, str],
    *,
    jobs: set[str],
    customers: set[str],
    sends_drafts: bool,
) -> BatchRecord:
    record = BatchRecord(
        batch=batch, kind=Kind.INVOICE, coperniq_id=invoice.id, account_id=invoice.account_id
    )
    record.version = invoice.version
    if isinstance(invoice, UnreadableInvoice):
        record.name, record.finding = f"Invoice with id {invoice.id}", Finding.ATTENTION
        record.detail = BatchMessage.INVOICE_UNREADABLE().text
        return record
    record.name = f"Invoice {invoice.number}" if invoice.number else f"Invoice with id {invoice.id}"
    record.parent_id = "" if invoice.record_id == invoice.account_id else invoice.record_id
    record.number, record.amount_cents = invoice.number[:40], invoice.total_cents
    record.paid_cents, record.quickbooks_name = invoice.paid_cents, linked.get(invoice.id, "")
    if invoice.lines and row.value is not None:
        record.listed, record.listed_at = _listed({f"invoices/{invoice.id}": row.value}), timezone.now()
    record.finding, record.detail = _finding_of_invoice(
        invoice,
        record,
        is_linked=invoice.id in linked,
        jobs=jobs,
        customers=customers,
        sends_drafts=sends_drafts,
    )
    return record


def _finding_of_invoice(
    invoice: CoperniqInvoice,
    record: BatchRecord,
    *,
    is_linked: bool,
    jobs: set[str],
    customers: set[str],
    sends_drafts: bool,
) -> tuple[Finding, str]:
    if is_linked:
        return Finding.LINKED, ""
    if invoice.status == DECLINED or invoice.is_archived:
        state = "declined" if invoice.status == DECLINED else "archived"
        message = InvoicePushMessage.ENDED_BEFORE_PUSH(invoice=record.name, state=state)
        return Finding.SKIPPED, message.text
    if invoice.status == "DRAFT" and not sends_drafts:
        return Finding.SKIPPED, InvoicePushMessage.STILL_A_DRAFT(invoice=record.name).text
    if record.parent_id and record.parent_id not in jobs:
        why = BatchMessage.WAITS_FOR_PROJECT(project=invoice.record_title or record.parent_id).text
        return Finding.WAITS, why
    if not record.parent_id and invoice.account_id not in customers:
        account = invoice.account_title or invoice.account_id
        return Finding.WAITS, BatchMessage.CUSTOMER_AT_PHASE(account=account).text
    return Finding.CREATE, ""


# Customers


def accounts_of(ctx: SyncContext, batch: Batch, rows: Sequence[JsonReader]) -> list[BatchRecord]:
    found = {row.identifier("id"): row for row in rows}
    records = _unlooked(batch).filter(coperniq_id__in=found)
    for record in records:
        row = found[record.coperniq_id]
        account = read_account_record(row)
        record.name, record.listed_at = account.title[:500], timezone.now()
        value = row.value if isinstance(row.value, dict) else {}
        kept = {key: below for key, below in value.items() if key in _ACCOUNT_FIELDS}
        record.version = primary_contact_id(account)
        record.listed = _listed({f"accounts/{account.id}": kept})
    return list(records)


def contacts_of(ctx: SyncContext, batch: Batch, rows: Sequence[JsonReader]) -> list[BatchRecord]:
    found = {row.identifier("id", ""): row.value for row in rows}
    records = [record for record in _unlooked(batch).filter(version__in=found) if record.version]
    for record in records:
        known = read_listed(record) | {f"contacts/{record.version}": found[record.version]}
        record.listed = _listed(known)
    return list(records)


def sites_of(ctx: SyncContext, batch: Batch, rows: Sequence[JsonReader]) -> list[BatchRecord]:
    found: dict[str, list[object]] = {}
    for row in rows:
        found.setdefault(account_id_of(row), []).append(row.value)
    records = list(_unlooked(batch).filter(coperniq_id__in=found))
    for record in records:
        known, path = read_listed(record), f"accounts/{record.coperniq_id}/sites"
        before = known.get(path)
        sites = [*(before if isinstance(before, list) else []), *found[record.coperniq_id]]
        record.listed = _listed(known | {path: sites})
    return list(records)


def _unlooked(batch: Batch) -> QuerySet[BatchRecord]:
    return batch.records.filter(kind=Kind.CUSTOMER, finding="")


def _linked(ctx: SyncContext, kind: Kind, ids: Iterable[str]) -> dict[str, str]:
    """Coperniq id → name in QuickBooks, of those that are linked."""
    links = RecordLink.objects.of(ctx.connection, kind).filter(coperniq_id__in=set(ids))
    return dict(links.values_list("coperniq_id", "quickbooks_name"))


def _listed(values: Mapping[str, object]) -> str:
    """ "" for a record that is too large to be kept: then it is read again."""
    text = dump(values)
    return text if len(text) <= _LONGEST_LISTED else ""


def items_of(ctx: SyncContext, batch: Batch) -> list[BatchRecord]:
    """Catalog items and their QuickBooks items. The portal never creates items in QuickBooks."""
    index = ItemIndex(lookup_rows(ctx, LookupName.ITEMS, SOON))
    rows = [row for row in lookup_rows(ctx, LookupName.CATALOG, SOON) if not row.get("is_archived")]
    linked = _linked(ctx, Kind.ITEM, [row["id"] for row in rows])
    records = []
    for row in rows:
        item, method = index.match(row)
        record = BatchRecord(batch=batch, kind=Kind.ITEM, coperniq_id=row["id"], name=row["name"][:500])
        record.number, record.quickbooks_name = (row.get("code") or "")[:40], linked.get(row["id"], "")
        record.finding = Finding.LINKED if row["id"] in linked else Finding.SKIPPED
        if row["id"] not in linked and item is not None:
            record.finding, record.quickbooks_name = Finding.MATCH, item["name"]
            record.parent_id, record.version, record.amount_cents = item["id"], method, item["price_cents"]
        elif record.finding == Finding.SKIPPED:
            several = method == SEVERAL
            record.detail = (BatchMessage.ITEM_SEVERAL if several else BatchMessage.ITEM_UNMATCHED)().text
        records.append(record)
    return records
