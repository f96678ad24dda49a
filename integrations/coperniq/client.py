"""What the portal asks of one Coperniq account (coperniq-api.md §3)."""

from datetime import datetime
from typing import Literal

from integrations.coperniq.money import (
    CatalogItem,
    Invoice,
    OddInvoice,
    Payment,
    read_catalog_item_record,
    read_invoice_record,
    read_listed_invoice,
    read_payment_record,
)
from integrations.coperniq.paging import newest_of_each, rows_of, whole_list
from integrations.coperniq.records import (
    Account,
    Contact,
    Project,
    Site,
    Workflow,
    read_account_record,
    read_contact_record,
    read_project_record,
    read_site_record,
    read_workflow_record,
)
from integrations.coperniq.wire import Wire
from integrations.parsing import path_segment


class CoperniqClient(Wire):
    """One per thread; how it is made is told by `Wire`."""

    def read_workflows(self) -> list[Workflow]:
        """One request: this list is not known to be paged (§2.4)."""
        rows, _ = rows_of(self._get("workflows"))
        return [read_workflow_record(row) for row in rows]

    def read_project(self, project_id: str) -> Project:
        return read_project_record(
            self._record(f"projects/{path_segment(project_id)}", include_archived="true")
        )

    def list_projects(self, updated_after: datetime | None) -> list[Project]:
        """Each project once, oldest change first. Archived ones too, as when read by id.

        Whether `updated_after` includes the moment itself is unknown: the caller overlaps (§2.4).
        """
        rows = self._changed("projects", updated_after, include_archived="true")
        return newest_of_each(map(read_project_record, rows))

    def read_account(self, account_id: str) -> Account:
        path = f"accounts/{path_segment(account_id)}"
        return read_account_record(self._record(path, include_archived="true", include_contacts="true"))

    def read_contact(self, contact_id: str) -> Contact:
        return read_contact_record(self._record(f"contacts/{path_segment(contact_id)}"), contact_id)

    def read_sites(self, account_id: str) -> list[Site]:
        """Only this account's, should the filter ever be ignored."""
        sites = {site.id: site for site in map(read_site_record, self._pages("sites", accountId=account_id))}
        return [site for site in sites.values() if site.account_id in ("", account_id)]

    def read_invoice(self, invoice_id: str) -> Invoice:
        return read_invoice_record(self._record(f"invoices/{path_segment(invoice_id)}"))

    def list_invoices(self, updated_after: datetime | None) -> list[Invoice | OddInvoice]:
        """Each invoice once, oldest change first; the caller overlaps as with projects.

        No parameter asks for archived ones (§2.4): whether they are among them is unknown.
        """
        return newest_of_each(map(read_listed_invoice, self._changed("invoices", updated_after)))

    def list_invoices_of(
        self, kind: Literal["projects", "accounts"], record_id: str
    ) -> list[Invoice | OddInvoice]:
        """Those raised on this very record, each once, oldest change first."""
        path = f"{kind}/{path_segment(record_id)}/invoices"
        with self._in_sight():
            return newest_of_each(map(read_listed_invoice, self._changed(path, None)))

    def list_payments(self, invoice_id: str) -> list[Payment]:
        """One request: this list takes no parameters (§2.4)."""
        answer = self._record(f"invoices/{path_segment(invoice_id)}/payments")
        return [read_payment_record(row, invoice_id) for row in whole_list(answer)]

    def list_catalog(self) -> list[CatalogItem]:
        """One request for all of it: paging is ignored, and there is no "changed since" (§2.4)."""
        return [read_catalog_item_record(row) for row in whole_list(self._get("catalog-items"))]

    def create_invoice(self, body: str) -> Invoice:
        return self._write("POST", "invoices", body, read_invoice_record)

    def update_invoice(self, invoice_id: str, body: str) -> Invoice:
        return self._write("PATCH", f"invoices/{path_segment(invoice_id)}", body, read_invoice_record)

    def create_payment(self, invoice_id: str, body: str) -> Payment:
        """For good: Coperniq can neither change nor delete a payment (§3.8)."""
        path = f"invoices/{path_segment(invoice_id)}/payments"
        return self._write("POST", path, body, lambda record: read_payment_record(record, invoice_id))

    def create_catalog_item(self, body: str) -> CatalogItem:
        return self._write("POST", "catalog-items", body, read_catalog_item_record)

    def update_catalog_item(self, item_id: str, body: str) -> CatalogItem:
        return self._write("PATCH", f"catalog-items/{path_segment(item_id)}", body, read_catalog_item_record)
