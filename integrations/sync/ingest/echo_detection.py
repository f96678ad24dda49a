"""Is a reported change of QuickBooks the portal's own write, or known already?"""

from __future__ import annotations

from datetime import datetime, timedelta

from integrations.models import Kind, QuickBooksConnection, RecordLink, Vendor

TOLERANCE = timedelta(seconds=2)
"""Between the stamp of a record and when QuickBooks says that it happened."""


def is_echo(connection: QuickBooksConnection, kind: Kind, quickbooks_id: str, at: datetime | None) -> bool:
    """What happened to an invoice or payment `at` is known from QuickBooks' own answer."""
    links = list(RecordLink.objects.of(connection, kind).filter(quickbooks_id=quickbooks_id))
    if at is None or not links:
        return False
    seen = all(link.quickbooks_at is not None and at <= link.quickbooks_at + TOLERANCE for link in links)
    return seen or (kind == Kind.INVOICE and is_moved_by_payment(connection, quickbooks_id, at))


def is_moved_by_payment(connection: QuickBooksConnection, invoice_id: str, at: datetime) -> bool:
    """A payment moves the stamp of its invoice to its own (docs/vendors/quickbooks-online.md, 6).

    Only that moment is known, not everything before it: people may have edited the invoice meanwhile.
    """
    payments = RecordLink.objects.of(connection, Kind.PAYMENT).filter(quickbooks_part=invoice_id)
    return payments.filter(quickbooks_at__range=(at - TOLERANCE, at + TOLERANCE)).exists()


def is_known_end(connection: QuickBooksConnection, kind: Kind, quickbooks_id: str, how: str) -> bool:
    """The portal knows that it is "voided" or "deleted": it has done it itself, or somebody has looked since.

    No moment tells that, however close to a write of ours it is.
    """
    links = RecordLink.objects.of(connection, kind).filter(quickbooks_id=quickbooks_id)
    images = list(links.values_list("quickbooks_snapshot", flat=True))
    return bool(images) and all(image.get(how) for image in images)


def is_being_created(connection: QuickBooksConnection, kind: Kind) -> bool:
    """A notification may be faster than the answer to the write it tells of."""
    writes = connection.writes.open().filter(vendor=Vendor.QUICKBOOKS, kind=kind, operation="create")
    return writes.exists()
