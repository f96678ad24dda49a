"""What the portal asks of one QuickBooks company (quickbooks-online.md §3 to §7)."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from integrations.errors import Refused
from integrations.parsing import Wild
from integrations.quickbooks import query
from integrations.quickbooks.bodies import money
from integrations.quickbooks.changes import Change, Changes, read_change, read_changes_document
from integrations.quickbooks.documents import Invoice, Payment, read_invoice_record, read_payment_record
from integrations.quickbooks.faults import UNREADABLE_QUERY, build, lost
from integrations.quickbooks.lists import (
    Item,
    LedgerAccount,
    PaymentMethod,
    read_item_record,
    read_ledger_account_record,
    read_payment_method_record,
)
from integrations.quickbooks.records import (
    CompanyInfo,
    Customer,
    Preferences,
    read_company_record,
    read_customer_record,
    read_preferences_record,
)
from integrations.quickbooks.wire import Wire

OPERATIONS: dict[str, dict[str, str]] = {
    "create": {},
    "update": {},
    "delete": {"operation": "delete"},
    "void": {"operation": "update", "include": "void"},
}
VOID_INVOICE = {"operation": "void"}
"""An invoice alone is voided at this address; payments and the like at the other (§5.5, §6)."""
IDS_AT_ONCE = 100
HIDES_INACTIVE = ("Customer", "Item")
"""Lists of names: of documents nothing is hidden."""


@dataclass(frozen=True)
class Answer:
    """`record` is the entity as QuickBooks stored it, numbers as Decimal. Of a deleted one little is left."""

    record: dict[str, Any] = field(repr=False)
    intuit_tid: str
    vendor_time: datetime | None

    @property
    def id(self) -> str:
        return Wild(self.record).identifier("Id")

    @property
    def is_deleted(self) -> bool:
        return Wild(self.record).text("status", "") == "Deleted"


class QuickBooksClient(Wire):
    """One per thread; how it is made is told by `Wire`."""

    def read_company_info(self) -> CompanyInfo:
        return read_company_record(self._read(f"companyinfo/{self._realm_id}", "CompanyInfo"))

    def read_preferences(self) -> Preferences:
        return read_preferences_record(self._read("preferences", "Preferences"))

    def read_customer(self, customer_id: str) -> Customer:
        return read_customer_record(self._record("Customer", customer_id))

    def read_invoice(self, invoice_id: str) -> Invoice:
        return read_invoice_record(self._record("Invoice", invoice_id))

    def read_payment(self, payment_id: str) -> Payment:
        return read_payment_record(self._record("Payment", payment_id))

    def find_customers_named(self, names: Sequence[str]) -> list[Customer]:
        """Customers and jobs of exactly these names, active or not. Inactive ones are named "… (deleted)"."""
        wanted = [name for name in dict.fromkeys(names) if name]
        return self._find_customers(query.one_of("DisplayName", wanted)) if wanted else []

    def find_customers_with_email(self, email: str) -> list[Customer]:
        """Case-insensitive, active or not. QuickBooks' field may hold several addresses (§4.1)."""
        wanted = email.strip().casefold()
        found = self._find_customers(query.contains("PrimaryEmailAddr", wanted)) if wanted else []
        return [customer for customer in found if wanted in _addresses(customer)]

    def find_invoices_numbered(self, numbers: Sequence[str]) -> list[Invoice]:
        """Case-insensitive; several invoices may have the same number (§5.1)."""
        wanted = [number for number in dict.fromkeys(numbers) if number]
        rows = self._rows("Invoice", [query.one_of("DocNumber", wanted)]) if wanted else []
        return [read_invoice_record(row) for row in rows]

    def find_payments(self, customer_id: str, total_cents: int | None = None) -> list[Payment]:
        """Of this very customer, not of its jobs."""
        conditions = [query.equals("CustomerRef", customer_id)]
        if total_cents is not None:
            conditions.append(query.equals("TotalAmt", str(money(total_cents))))
        return [read_payment_record(row) for row in self._rows("Payment", conditions)]

    def list_invoices_changed(self, since: datetime) -> list[Invoice]:
        """Deleted ones are not among them (§8.3). A payment changes its invoice too (§6)."""
        return [read_invoice_record(row) for row in self._rows("Invoice", [query.changed_since(since)])]

    def list_payments_changed(self, since: datetime) -> list[Payment]:
        """Deleted ones are not among them (§8.3)."""
        return [read_payment_record(row) for row in self._rows("Payment", [query.changed_since(since)])]

    def read_changes(self, entities: Sequence[str], since: datetime) -> Changes:
        """One call. `since` is by QuickBooks' clock and lies at most 30 days back (§8.3)."""
        params = {"entities": ",".join(entities), "changedSince": query.moment(since)}
        reply, document = self._send("GET", "cdc", params=params)
        if document.value is None:
            raise build(lost(write=False), reply, detail="the answer cannot be read")
        return read_changes_document(document, entities)

    def list_changed(self, entity: str, since: datetime) -> list[Change]:
        """However long ago and however many, but deleted ones are not among them."""
        return self._list(entity, query.changed_since(since))

    def find_those(self, entity: str, ids: Sequence[str]) -> list[Change]:
        """As they are now, one call for a hundred. Those that are missing are deleted, or merged into others."""
        parts = [ids[start : start + IDS_AT_ONCE] for start in range(0, len(ids), IDS_AT_ONCE)]
        return [row for part in parts for row in self._list(entity, query.one_of("Id", part))]

    def list_items(self) -> list[Item]:
        """Active or not. Sku is asked for by name, since "*" may leave it out; that is hearsay (§7.1),
        so where such a statement is refused the plain one has to do."""
        conditions = [query.ACTIVE_AND_INACTIVE]
        try:
            rows = self._rows("Item", conditions, columns="*, Sku")
        except Refused as error:
            if error.code not in UNREADABLE_QUERY:
                raise
            rows = self._rows("Item", conditions)
        return [read_item_record(row) for row in rows]

    def list_accounts(self) -> list[LedgerAccount]:
        """Active or not."""
        return [read_ledger_account_record(row) for row in self._rows("Account", [query.ACTIVE_AND_INACTIVE])]

    def list_payment_methods(self) -> list[PaymentMethod]:
        """Active or not."""
        rows = self._rows("PaymentMethod", [query.ACTIVE_AND_INACTIVE])
        return [read_payment_method_record(row) for row in rows]

    def write(self, entity: str, body: str, request_id: str, operation: str = "create") -> Answer:
        """`body` goes over the wire byte for byte; the same request id and body may be sent again (§2).

        `operation` is create, update, void or delete.
        """
        voids_invoice = (entity, operation) == ("Invoice", "void")
        params = {"requestid": request_id} | (VOID_INVOICE if voids_invoice else OPERATIONS[operation])
        reply, document = self._send("POST", entity.lower(), params=params, body=body.encode(), write=True)
        record = document.child(entity)
        if not isinstance(record.value, dict) or not record.identifier("Id", ""):
            raise build(lost(write=True), reply, detail="the answer cannot be read")
        return Answer(record.value, reply.intuit_tid, reply.vendor_time)

    def _list(self, entity: str, condition: str) -> list[Change]:
        hidden = [query.ACTIVE_AND_INACTIVE] if entity in HIDES_INACTIVE else []
        return [read_change(entity, Wild(row, entity)) for row in self._rows(entity, [condition, *hidden])]

    def _find_customers(self, condition: str) -> list[Customer]:
        rows = self._rows("Customer", [condition, query.ACTIVE_AND_INACTIVE])
        return [read_customer_record(row) for row in rows]


def _addresses(customer: Customer) -> set[str]:
    return set(re.split(r"[\s,;]+", customer.values["PrimaryEmailAddr.Address"].casefold()))
