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
"""How much earlier a document may have been created than the portal stored: clocks differ, stamps have whole seconds."""

Document = TypeVar("Document", QuickBooksInvoice, QuickBooksPayment)


def sent_not_before(write: RemoteWrite, clock_offset: timedelta) -> datetime:
    """The earliest moment, by the vendor's clock, at which the write can have created something."""
    return (write.sent_at or write.created_at) + clock_offset - _CLOCK_MARGIN


def unlinked_with_tag(ctx: SyncContext, write: RemoteWrite, rows: Iterable[Document]) -> list[Document]:
    """The documents that have this record's correlation tag and are not linked."""
    realm = ctx.connection.realm_id
    tagged = [row for row in rows if tagged_coperniq_id(realm, write.kind, row.note) == write.coperniq_id]
    return unlinked_rows(ctx, write, tagged)


def unlinked_rows(ctx: SyncContext, write: RemoteWrite, rows: list[Document]) -> list[Document]:
    links = RecordLink.objects.of(ctx.connection, write.kind)
    found = links.filter(quickbooks_id__in=[row.id for row in rows])
    linked = set(found.values_list("quickbooks_id", flat=True))
    return [row for row in rows if row.id not in linked]
