"""The live connection to one Coperniq account (coperniq-api.md §2, §3)."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

from integrations.coperniq.faults import VENDOR, error_for, out_of_sight, unreadable
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
from integrations.coperniq.paging import PAGE_SIZE, newest_of_each, pages, rows_of, whole_list
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
from integrations.errors import AccessLost, RecordMissing, UnreadableJson
from integrations.http import Call, Reply, VendorSession, clock_offset
from integrations.parsing import Wild, load_json, path_segment


class CoperniqClient:
    """One per thread. `on_call` counts the calls of a session made here; one handed in has its own."""

    def __init__(
        self,
        *,
        api_url: str,
        api_key: str,
        on_call: Callable[[Call], None] | None = None,
        session: VendorSession | None = None,
    ) -> None:
        self._base = api_url.rstrip("/")
        self._headers = {"x-api-key": api_key.strip(), "Accept": "application/json"}
        self._session = session or VendorSession(VENDOR, on_call=on_call)
        self._calls_remaining: int | None = None
        self._calls_made = 0
        self._clock_offset = timedelta(0)

    @property
    def timeout_seconds(self) -> float:
        """The longest one request may be under way; a list is read by several."""
        return self._session.timeout_seconds

    @property
    def calls_remaining(self) -> int | None:
        """Of today's, as the latest answer said; None where Coperniq does not tell (§2.3)."""
        return self._calls_remaining

    @property
    def calls_made(self) -> int:
        """By this client, answered or not."""
        return self._calls_made

    @property
    def clock_offset(self) -> timedelta:
        """Coperniq's clock minus ours, as of the latest answer."""
        return self._clock_offset

    @property
    def clock_behind(self) -> timedelta:
        """How far Coperniq's clock was behind ours in the latest answer; never negative."""
        return max(-self._clock_offset, timedelta(0))

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

    def list_payments(self, invoice_id: str) -> list[Payment]:
        """One request: this list takes no parameters (§2.4)."""
        answer = self._record(f"invoices/{path_segment(invoice_id)}/payments")
        return [read_payment_record(row, invoice_id) for row in whole_list(answer)]

    def list_catalog(self) -> list[CatalogItem]:
        """One request for all of it: paging is ignored, and there is no "changed since" (§2.4)."""
        return [read_catalog_item_record(row) for row in whole_list(self._get("catalog-items"))]

    def _record(self, path: str, **params: str) -> Wild:
        """A 403 may mean the key or only this record (A4): whether the key still opens anything tells which."""
        try:
            return self._get(path, **params)
        except AccessLost as error:
            if error.status != 403:
                raise
            self.read_workflows()
            raise out_of_sight(error) from error

    def _changed(self, path: str, updated_after: datetime | None, **params: str) -> Iterator[Wild]:
        since = {"updated_after": _moment(updated_after)} if updated_after else {}
        return self._pages(path, order_by="asc", **params, **since)

    def _pages(self, path: str, **params: str) -> Iterator[Wild]:
        return pages(path, lambda page: self._page(path, page, **params))

    def _page(self, path: str, page: int, **params: str) -> Wild:
        """What comes after a full last page is not documented: an empty list, or "not found"."""
        try:
            return self._get(path, page=str(page), page_size=str(PAGE_SIZE), **params)
        except RecordMissing:
            if page == 1:
                raise
            return Wild([], path)

    def _get(self, path: str, **params: str) -> Wild:
        self._calls_made += 1
        reply = self._session.send("GET", f"{self._base}/{path}", params=params, headers=self._headers)
        self._note(reply)
        error = error_for(reply)
        if error is not None:
            raise error
        try:
            return Wild(load_json(reply.body), path)
        except UnreadableJson:
            raise unreadable(reply) from None

    def _note(self, reply: Reply) -> None:
        self._clock_offset = clock_offset(reply)
        told = reply.headers.get("X-RateLimit-Remaining", "")
        if told.isdecimal():
            self._calls_remaining = int(told[:9])


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
