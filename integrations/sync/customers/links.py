"""Links of customers and jobs, and of the documents under them."""

from __future__ import annotations

from django.db.models import Q

from integrations.models import Kind, QuickBooksConnection, RecordLink
from integrations.models.links import MOVED_FROM

_CUSTOMER_KINDS = (Kind.CUSTOMER, Kind.JOB)
_DOCUMENT_KINDS = (Kind.INVOICE, Kind.PAYMENT)


def links_to_record(connection: QuickBooksConnection, kind: str, quickbooks_id: str) -> list[RecordLink]:
    """After a merge several accounts may stand for one customer; the one that was there first comes first."""
    found = RecordLink.objects.of(connection, kind).filter(quickbooks_id=quickbooks_id)
    return list(found.order_by("quickbooks_part", "id")) if quickbooks_id else []


def coperniq_account_id_of(link: RecordLink) -> str:
    return link.coperniq_account_id or (link.coperniq_id if link.kind == Kind.CUSTOMER else "")


def _parent_of_job(job: RecordLink) -> str | None:
    """As QuickBooks last answered; None of a link that is older than this memory."""
    parent = job.quickbooks_snapshot.get("parent")
    return None if parent is None else str(parent)


def job_links_under(connection: QuickBooksConnection, links: list[RecordLink]) -> list[RecordLink]:
    """The jobs of these customers, as far as they are linked."""
    accounts = [coperniq_account_id_of(link) for link in links if link.kind == Kind.CUSTOMER]
    jobs = RecordLink.objects.of(connection, Kind.JOB).filter(coperniq_account_id__in=accounts)
    return [job for job in jobs.order_by("id") if _parent_of_job(job) in (None, links[0].quickbooks_id)]


def document_links_of(connection: QuickBooksConnection, quickbooks_id: str) -> list[RecordLink]:
    """Those that were this customer's when QuickBooks last told, or when a person last knew."""
    found = RecordLink.objects.filter(connection=connection, kind__in=_DOCUMENT_KINDS)
    was = Q(quickbooks_snapshot__customer=quickbooks_id) | Q(**{f"written__{MOVED_FROM}": quickbooks_id})
    return list(found.filter(was).order_by("id"))


def find_customer_link(connection: QuickBooksConnection, quickbooks_id: str) -> RecordLink | None:
    """The link of this customer or job."""
    found = (link for kind in _CUSTOMER_KINDS for link in links_to_record(connection, kind, quickbooks_id))
    return next(found, None)
