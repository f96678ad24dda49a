"""What a write whose answer was lost has left behind, whatever people have made of it since."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import TypeVar

from integrations.models import RecordLink, RemoteWrite
from integrations.quickbooks.documents import Invoice, Payment
from integrations.sync.desk import Desk
from integrations.sync.mapping.marks import marked_id

EARLIER = timedelta(minutes=10)
"""Than the portal remembers: its clock and a vendor's differ, and stamps are whole seconds."""

Document = TypeVar("Document", Invoice, Payment)


def sent_about(write: RemoteWrite, clock_offset: timedelta) -> datetime:
    """By the vendor's clock, and early enough: nothing that the write has made is older."""
    return (write.sent_at or write.created_at) + clock_offset - EARLIER


def free_of_ours(desk: Desk, write: RemoteWrite, rows: Iterable[Document]) -> list[Document]:
    """Those that bear this record's mark and are linked to no other."""
    realm, links = desk.connection.realm_id, RecordLink.objects.of(desk.connection, write.kind)
    ours = [row for row in rows if marked_id(realm, write.kind, row.note) == write.coperniq_id]
    found = links.filter(quickbooks_id__in=[row.id for row in ours])
    linked = set(found.values_list("quickbooks_id", flat=True))
    return [row for row in ours if row.id not in linked]
