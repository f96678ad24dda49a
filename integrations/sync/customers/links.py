"""Stored links of customers and jobs, and of the invoices under them."""

from __future__ import annotations

from integrations.errors import NeedsDecision
from integrations.messages.customers import CustomerMessage
from integrations.models import Kind, QuickBooksConnection, RecordLink
from integrations.sync.customers.naming import without_inactive_suffix
from integrations.sync.engine.choices import DISCARD, RETRY


def links_to_record(connection: QuickBooksConnection, kind: str, quickbooks_id: str) -> list[RecordLink]:
    """After a merge several accounts may be linked to one customer; the account that was linked first comes first."""
    found = RecordLink.objects.of(connection, kind).filter(quickbooks_id=quickbooks_id)
    return list(found.order_by("is_additional", "id")) if quickbooks_id else []


def coperniq_account_id_of(link: RecordLink) -> str:
    return link.coperniq_account_id or (link.coperniq_id if link.kind == Kind.CUSTOMER else "")


def _parent_of_job(job: RecordLink) -> str | None:
    """The id of its customer as last read from QuickBooks; None if the link was stored before this was kept."""
    parent = job.quickbooks_snapshot.get("parent")
    return None if parent is None else str(parent)


def job_links_under(connection: QuickBooksConnection, links: list[RecordLink]) -> list[RecordLink]:
    """The linked jobs of these customers."""
    accounts = [coperniq_account_id_of(link) for link in links if link.kind == Kind.CUSTOMER]
    jobs = RecordLink.objects.of(connection, Kind.JOB).filter(coperniq_account_id__in=accounts)
    return [job for job in jobs.order_by("id") if _parent_of_job(job) in (None, links[0].quickbooks_id)]


def invoice_links_of(connection: QuickBooksConnection, quickbooks_id: str) -> list[RecordLink]:
    return list(RecordLink.objects.invoices_of_customer(connection, quickbooks_id).order_by("id"))


def find_customer_link(connection: QuickBooksConnection, quickbooks_id: str) -> RecordLink | None:
    """The first link to this QuickBooks customer or job."""
    kinds = (Kind.CUSTOMER, Kind.JOB)
    return next((link for kind in kinds for link in links_to_record(connection, kind, quickbooks_id)), None)


def linked_name(link: RecordLink) -> str:
    return without_inactive_suffix(link.quickbooks_name) or link.coperniq_name


def missing_in_quickbooks(link: RecordLink) -> NeedsDecision:
    is_job = link.kind == Kind.JOB
    message = CustomerMessage.JOB_MISSING if is_job else CustomerMessage.CUSTOMER_MISSING
    return NeedsDecision(message(name=linked_name(link)), [RETRY, DISCARD])
