"""The Coperniq record that an invoice of QuickBooks belongs to."""

from __future__ import annotations

from integrations.models import Kind, QuickBooksConnection, RecordLink
from integrations.sync.invoices.write_data import InvoiceOwner


def find_owner(connection: QuickBooksConnection, customer_id: str) -> RecordLink | None:
    """The link of its job or customer in QuickBooks."""
    for kind in (Kind.JOB, Kind.CUSTOMER):
        link = RecordLink.objects.pulled(connection, kind, customer_id)
        if link is not None:
            return link
    return None


def coperniq_account_of(owner: RecordLink) -> str:
    return owner.coperniq_id if owner.kind == Kind.CUSTOMER else owner.coperniq_account_id


def owner_place(owner: RecordLink) -> InvoiceOwner:
    return InvoiceOwner(owner.kind == Kind.JOB, owner.coperniq_id, owner.coperniq_name)
