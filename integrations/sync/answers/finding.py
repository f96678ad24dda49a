"""What a write whose answer was lost has left behind, whatever people have made of it since."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, TypeVar

from integrations.models import Kind, RecordLink, RemoteWrite
from integrations.quickbooks.bodies import money
from integrations.quickbooks.documents import Invoice, Payment
from integrations.sync.desk import Desk
from integrations.sync.mapping.marks import marked_id

EARLIER = timedelta(minutes=10)
"""Than the portal remembers: its clock and a vendor's differ, and stamps are whole seconds."""

Document = TypeVar("Document", Invoice, Payment)


def sent_about(write: RemoteWrite, clock_offset: timedelta) -> datetime:
    """By the vendor's clock, and early enough: nothing that the write has made is older."""
    return (write.sent_at or write.created_at) + clock_offset - EARLIER


def created_invoice(desk: Desk, write: RemoteWrite, wanted: Mapping[str, Any]) -> Invoice | None:
    """By its mark, under another number too; by all it was made with, where people took the mark: voiding does."""
    named = desk.quickbooks.find_invoices_numbered([wanted["DocNumber"]])
    since = sent_about(write, desk.quickbooks.clock_offset)
    free = free_of_ours(desk, write, named) or free_of_ours(
        desk, write, desk.quickbooks.list_invoices_changed(since)
    )
    if not free:
        young = [row for row in named if row.created_at is not None and row.created_at >= since]
        free = unlinked(desk, write, [row for row in young if is_unmarked_one(desk, wanted, row)])
    return min(free, key=lambda row: int(row.id) if row.id.isdecimal() else 0, default=None)


def is_unmarked_one(desk: Desk, wanted: Mapping[str, Any], invoice: Invoice) -> bool:
    """`wanted`: the body of a create. A voided one keeps number and customer."""
    marked = marked_id(desk.connection.realm_id, Kind.INVOICE, invoice.note)
    same = (invoice.number, invoice.customer_id) == (wanted["DocNumber"], wanted["CustomerRef"]["value"])
    total = sum(line["Amount"] for line in wanted["Line"])
    return not marked and same and (invoice.is_voided or money(invoice.total_cents) == total)


def free_of_ours(desk: Desk, write: RemoteWrite, rows: Iterable[Document]) -> list[Document]:
    """Those that bear this record's mark and are linked to no other."""
    realm = desk.connection.realm_id
    ours = [row for row in rows if marked_id(realm, write.kind, row.note) == write.coperniq_id]
    return unlinked(desk, write, ours)


def unlinked(desk: Desk, write: RemoteWrite, rows: list[Document]) -> list[Document]:
    links = RecordLink.objects.of(desk.connection, write.kind)
    found = links.filter(quickbooks_id__in=[row.id for row in rows])
    linked = set(found.values_list("quickbooks_id", flat=True))
    return [row for row in rows if row.id not in linked]
