"""Search for the document that a write with a lost answer may have created."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import TypeVar

from integrations.models import RecordLink, RemoteWrite
from integrations.quickbooks.documents import QuickBooksInvoice, QuickBooksPayment
from integrations.sync.engine.context import SyncContext
from integrations.sync.engine.correlation_tag import tagged_coperniq_id

_CLOCK_MARGIN = timedelta(minutes=10)
"""Than the portal remembers: its clock and a vendor's differ, and stamps are whole seconds."""

Document = TypeVar("Document", QuickBooksInvoice, QuickBooksPayment)


def sent_not_before(write: RemoteWrite, clock_offset: timedelta) -> datetime:
    """By the vendor's clock, and early enough: nothing that the write has made is older."""
    return (write.sent_at or write.created_at) + clock_offset - _CLOCK_MARGIN


def unlinked_with_tag(ctx: SyncContext, write: RemoteWrite, rows: Iterable[Document]) -> list[Document]:
    """Those that bear this record's mark and are linked to no other."""
    realm = ctx.connection.realm_id
    ours = [row for row in rows if tagged_coperniq_id(realm, write.kind, row.note) == write.coperniq_id]
    return unlinked_rows(ctx, write, ours)


def unlinked_rows(ctx: SyncContext, write: RemoteWrite, rows: list[Document]) -> list[Document]:
    links = RecordLink.objects.of(ctx.connection, write.kind)
    found = links.filter(quickbooks_id__in=[row.id for row in rows])
    linked = set(found.values_list("quickbooks_id", flat=True))
    return [row for row in rows if row.id not in linked]
