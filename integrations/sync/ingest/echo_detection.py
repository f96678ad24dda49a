"""Is a reported change of QuickBooks the portal's own write, or known already?"""

from __future__ import annotations

from datetime import datetime

from integrations.models import Kind, QuickBooksConnection, RecordLink, RemoteWrite, Vendor
from integrations.models.writes import ECHO_TOLERANCE


def is_echo(connection: QuickBooksConnection, kind: Kind, quickbooks_id: str, at: datetime | None) -> bool:
    """True if the change `at` is known from QuickBooks' answer to a write, or older than what the portal has read.

    Notifications name no version. What a person edits within seconds of the portal's own write is found by change data,
    which do.
    """
    links = list(RecordLink.objects.of(connection, kind).filter(quickbooks_id=quickbooks_id))
    if at is None or not links:
        return False
    seen = all(RemoteWrite.objects.is_answer_to_own(link, at) for link in links)
    return seen or (kind == Kind.INVOICE and _is_moved_by_payment(connection, quickbooks_id, at))


def _is_moved_by_payment(connection: QuickBooksConnection, invoice_id: str, at: datetime) -> bool:
    """A payment sets the timestamp of its invoice to its own (docs/vendors/quickbooks-online.md, 6).

    Only that time is known, not everything before it: people may have edited the invoice meanwhile.
    """
    payments = RecordLink.objects.of(connection, Kind.PAYMENT).filter(allocation_invoice_id=invoice_id)
    return payments.filter(quickbooks_at__range=(at - ECHO_TOLERANCE, at + ECHO_TOLERANCE)).exists()


def is_known_end(connection: QuickBooksConnection, kind: Kind, quickbooks_id: str, how: str) -> bool:
    """True if the stored snapshot says that it is "voided" or "deleted".

    Times are not compared: even close to a write of the portal a person may have done it.
    """
    links = RecordLink.objects.of(connection, kind).filter(quickbooks_id=quickbooks_id)
    snapshots = list(links.values_list("quickbooks_snapshot", flat=True))
    return bool(snapshots) and all(snapshot.get(how) for snapshot in snapshots)


def is_being_created(connection: QuickBooksConnection, kind: Kind) -> bool:
    """A webhook may arrive before the answer to the write that caused it."""
    writes = connection.writes.open().filter(vendor=Vendor.QUICKBOOKS, kind=kind, operation="create")
    return writes.exists()
