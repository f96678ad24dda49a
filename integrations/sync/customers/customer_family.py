"""Whose money may be meant for an invoice: a customer of QuickBooks and the jobs below it."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Q, QuerySet

from integrations.models import Kind, QuickBooksConnection, RecordLink
from integrations.models.compiled import CompiledQuery


@dataclass(frozen=True)
class CustomerFamily:
    """The links of an account's customer and of its jobs, and the customer or job that the invoice is made out to."""

    links: tuple[RecordLink, ...]
    invoice_customer: str

    @property
    def ids(self) -> set[str]:
        return {link.quickbooks_id for link in self.links} | {self.invoice_customer}

    @property
    def parent_ids(self) -> set[str]:
        """The customer above, if the invoice is one of a job."""
        of_job = any(
            link.kind == Kind.JOB for link in self.links if link.quickbooks_id == self.invoice_customer
        )
        return {link.quickbooks_id for link in self.links if link.kind == Kind.CUSTOMER} if of_job else set()

    @property
    def payer_ids(self) -> set[str]:
        """Those whose unapplied money people put on the invoice: its own, and the customer above or the jobs below."""
        parents = self.parent_ids
        return {self.invoice_customer} | parents if parents else self.ids

    def link_of(self, kind: Kind, coperniq_id: str) -> RecordLink | None:
        return next((row for row in self.links if (row.kind, row.coperniq_id) == (kind, coperniq_id)), None)

    def name_of(self, customer_id: str) -> str:
        names = (link.quickbooks_name for link in self.links if link.quickbooks_id == customer_id)
        return next(names, "")


def family_of(
    connection: QuickBooksConnection, account_id: str, customer_id: str = "", project_id: str = ""
) -> CustomerFamily:
    """The family of an account of Coperniq, for an invoice of this customer or job; with the job of the project."""
    links = _links_of_account.rows(connection.pk, account_id, project_id)
    return CustomerFamily(
        tuple(link for link in links if account_id or link.coperniq_id == project_id), customer_id
    )


def _build_links_of_account(connection_id: int, account_id: str, project_id: str) -> QuerySet[RecordLink]:
    customer = Q(connection=connection_id, kind=Kind.CUSTOMER, coperniq_id=account_id)
    jobs = Q(connection=connection_id, kind=Kind.JOB, coperniq_account_id=account_id)
    job = Q(connection=connection_id, kind=Kind.JOB, coperniq_id=project_id)
    return RecordLink.objects.filter(customer | jobs | job).order_by("pk")


_links_of_account = CompiledQuery(_build_links_of_account)
