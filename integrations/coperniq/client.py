"""Reads and writes of one Coperniq account (docs/vendors/coperniq-api.md, 3).

Coperniq publishes no page per operation; its reference is https://docs.coperniq.io/openapi.yaml. Money is in dollars
on the wire and in integer cents in every record here, unless a field says otherwise
(docs/vendors/coperniq-api.md, A1).
"""

from datetime import datetime
from itertools import islice
from typing import Literal

from integrations.coperniq.money import (
    CatalogItem,
    CoperniqInvoice,
    CoperniqPayment,
    UnreadableInvoice,
    parse_catalog_item,
    parse_coperniq_invoice,
    parse_coperniq_payment,
    parse_listed_invoice,
)
from integrations.coperniq.paging import MOST_PAGES, PAGE_SIZE, newest_of_each, rows_of, whole_list
from integrations.coperniq.records import (
    Contact,
    CoperniqAccount,
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
from integrations.json_reader import JsonReader, path_segment

ListName = Literal["accounts", "contacts", "invoices", "projects", "sites"]
_LIST_PARAMETERS: dict[ListName, dict[str, str]] = {
    "accounts": {"order_by": "asc", "include_archived": "true", "include_contacts": "true"},
    "contacts": {"order_by": "asc"},
    "invoices": {"order_by": "asc"},
    "projects": {"order_by": "asc", "include_archived": "true"},
    "sites": {},
}


class CoperniqClient(Wire):
    """Client for one Coperniq API key; use one instance per thread. `Wire` documents the constructor.

    Every method may raise AccessLost (the key is refused), Throttled (429), Refused (another 4xx), Unavailable (no
    answer to a read, or a write that was never sent) and UnexpectedShape (a required field of a read is missing, or
    an id cannot be part of a path). Methods that take a record's id also raise RecordMissing (404, or the key's user
    may not see it). Writes also raise OutcomeUnknown (the answer was lost, so the write may have been applied).
    """

    def read_workflows(self) -> list[Workflow]:
        """All workflows with their phases: `GET /workflows` (docs/vendors/coperniq-api.md, 3.5).

        One request, since this list is not documented to be paged (docs/vendors/coperniq-api.md, 2.4).
        """
        rows, _ = rows_of(self._get("workflows"))
        return [read_workflow_record(row) for row in rows]

    def read_project(self, project_id: str) -> Project:
        """One project, also if archived, with its phase instances: `GET /projects/{id}`.

        See docs/vendors/coperniq-api.md, 3.4.
        """
        return read_project_record(
            self._record(f"projects/{path_segment(project_id)}", include_archived="true")
        )

    def list_projects(self, updated_after: datetime | None) -> list[Project]:
        """Projects changed after a time, or all of them: `GET /projects` (docs/vendors/coperniq-api.md, 3.4).

        Each project once, oldest change first, archived ones included, without phase instances. It is unknown whether
        `updated_after` includes the time itself, so callers overlap their windows (docs/vendors/coperniq-api.md, 2.4).
        """
        rows = self._changed("projects", updated_after, include_archived="true")
        return newest_of_each(map(read_project_record, rows))

    def read_page(
        self, name: ListName, number: int, *, newest_first: bool = False
    ) -> tuple[list[JsonReader], bool]:
        """One page of a list, by number from 1, and whether another follows: `GET /{name}`.

        For lists that are too long to be read at once; rows may move between the pages meanwhile
        (docs/vendors/coperniq-api.md, 2.4).
        """
        order = {"order_by": "desc"} if newest_first else {}
        rows, has_more = rows_of(self._page(name, number, **_LIST_PARAMETERS[name] | order))
        more = len(rows) >= PAGE_SIZE if has_more is None else has_more
        return rows, more and bool(rows) and number < MOST_PAGES

    def list_newest_projects(self) -> list[Project]:
        """The 100 projects that changed last, in one request: `GET /projects` (docs/vendors/coperniq-api.md, 3.4)."""
        rows = self._pages("projects", order_by="desc", include_archived="true")
        return newest_of_each(map(read_project_record, islice(rows, PAGE_SIZE)))

    def read_account(self, account_id: str) -> CoperniqAccount:
        """One account, also if archived, with its contacts: `GET /accounts/{id}` (docs/vendors/coperniq-api.md, 3.1)."""
        path = f"accounts/{path_segment(account_id)}"
        return read_account_record(self._record(path, include_archived="true", include_contacts="true"))

    def list_accounts(self, page: int) -> tuple[list[CoperniqAccount], bool]:
        """A page of 100 accounts with their contacts, archived ones left out, and whether another may follow.

        `GET /accounts` (docs/vendors/coperniq-api.md, 3.1); `page` counts from 1.
        """
        rows, is_full = self._listed_page("accounts", page, include_contacts="true")
        return [read_account_record(row) for row in rows], is_full

    def list_contacts(self, page: int) -> tuple[list[Contact], bool]:
        """A page of 100 contacts, and whether another may follow: `GET /contacts` (docs/vendors/coperniq-api.md, 3.2)."""
        rows, is_full = self._listed_page("contacts", page)
        return [read_contact_record(row, "") for row in rows], is_full

    def _listed_page(self, path: str, page: int, **params: str) -> tuple[list[JsonReader], bool]:
        rows, has_more = rows_of(self._page(path, page, order_by="asc", **params))
        return rows, len(rows) >= PAGE_SIZE if has_more is None else has_more

    def read_contact(self, contact_id: str) -> Contact:
        """One contact: `GET /contacts/{id}` (docs/vendors/coperniq-api.md, 3.2)."""
        return read_contact_record(self._record(f"contacts/{path_segment(contact_id)}"), contact_id)

    def read_sites(self, account_id: str) -> list[Site]:
        """The structured addresses of an account: `GET /sites?accountId=` (docs/vendors/coperniq-api.md, 3.3).

        Rows of other accounts are dropped, in case the filter is ignored.
        """
        rows = self._listed.get(f"accounts/{account_id}/sites")
        found = rows.rows() if rows else self._pages("sites", accountId=account_id)
        sites = {site.id: site for site in map(read_site_record, found)}
        return [site for site in sites.values() if site.account_id in ("", account_id)]

    def read_invoice(self, invoice_id: str) -> CoperniqInvoice:
        """One invoice with its lines: `GET /invoices/{id}` (docs/vendors/coperniq-api.md, 3.7).

        Totals are in cents; unit prices and costs of lines are in dollars. An amount with a fraction of a cent raises
        UnexpectedShape.
        """
        return parse_coperniq_invoice(self._record(f"invoices/{path_segment(invoice_id)}"))

    def list_invoices(self, updated_after: datetime | None) -> list[CoperniqInvoice | UnreadableInvoice]:
        """Invoices changed after a time, or all of them: `GET /invoices` (docs/vendors/coperniq-api.md, 3.7).

        Each invoice once, oldest change first; callers overlap their windows as with projects. An invoice that cannot
        be read comes as `UnreadableInvoice`. No parameter asks for archived invoices, and it is unknown whether they are
        included (docs/vendors/coperniq-api.md, 2.4).
        """
        return newest_of_each(map(parse_listed_invoice, self._changed("invoices", updated_after)))

    def list_invoices_of(
        self, kind: Literal["projects", "accounts"], record_id: str
    ) -> list[CoperniqInvoice | UnreadableInvoice]:
        """Invoices raised on this project or account itself: `GET /{kind}/{id}/invoices`.

        Each invoice once, oldest change first. See docs/vendors/coperniq-api.md, 3.7.
        """
        path = f"{kind}/{path_segment(record_id)}/invoices"
        with self._in_sight():
            return newest_of_each(map(parse_listed_invoice, self._changed(path, None)))

    def list_payments(self, invoice_id: str) -> list[CoperniqPayment]:
        """All payments of an invoice, amounts in cents: `GET /invoices/{id}/payments`.

        One request: the list takes no parameters. An answer that announces more pages raises UnexpectedShape.
        See docs/vendors/coperniq-api.md, 3.8.
        """
        answer = self._record(f"invoices/{path_segment(invoice_id)}/payments")
        return [parse_coperniq_payment(row, invoice_id) for row in whole_list(answer)]

    def list_catalog(self) -> list[CatalogItem]:
        """All catalog items that are not deleted, prices and costs in cents: `GET /catalog-items`.

        One request: Coperniq ignores paging here and has no filter for changes (docs/vendors/coperniq-api.md, 2.4).
        See docs/vendors/coperniq-api.md, 3.12.
        """
        return [parse_catalog_item(row) for row in whole_list(self._get("catalog-items"))]

    def create_invoice(self, body: str) -> CoperniqInvoice:
        """Create an invoice from a JSON body, prices in dollars: `POST /invoices` (docs/vendors/coperniq-api.md, 3.7)."""
        return self._write("POST", "invoices", body, parse_coperniq_invoice)

    def update_invoice(self, invoice_id: str, body: str) -> CoperniqInvoice:
        """Change the fields in the JSON body; `lineItems` replaces all lines: `PATCH /invoices/{id}`.

        See docs/vendors/coperniq-api.md, 3.7 and A11.
        """
        return self._write("PATCH", f"invoices/{path_segment(invoice_id)}", body, parse_coperniq_invoice)

    def create_payment(self, invoice_id: str, body: str) -> CoperniqPayment:
        """Record a payment from a JSON body, amount in dollars: `POST /invoices/{id}/payments`.

        Coperniq can neither change nor delete a payment afterwards. See docs/vendors/coperniq-api.md, 3.8.
        """
        path = f"invoices/{path_segment(invoice_id)}/payments"
        return self._write("POST", path, body, lambda record: parse_coperniq_payment(record, invoice_id))

    def create_catalog_item(self, body: str) -> CatalogItem:
        """Create a catalog item from a JSON body, price and cost in dollars: `POST /catalog-items`.

        See docs/vendors/coperniq-api.md, 3.12.
        """
        return self._write("POST", "catalog-items", body, parse_catalog_item)

    def update_catalog_item(self, item_id: str, body: str) -> CatalogItem:
        """Change the fields in the JSON body, price and cost in dollars: `PATCH /catalog-items/{id}`.

        See docs/vendors/coperniq-api.md, 3.12.
        """
        return self._write("PATCH", f"catalog-items/{path_segment(item_id)}", body, parse_catalog_item)
