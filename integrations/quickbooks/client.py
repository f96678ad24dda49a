"""Reads and writes of one QuickBooks company (docs/vendors/quickbooks-online.md, 3 to 8).

Money is in dollars on the wire and in integer cents in every record here; quantities and unit prices are Decimals.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from integrations.errors import Refused, UnexpectedShape
from integrations.json_reader import JsonReader
from integrations.name_matching import email_keys
from integrations.quickbooks import query
from integrations.quickbooks.bodies import money
from integrations.quickbooks.changes import ChangedRecord, Changes, read_change, read_changes_document
from integrations.quickbooks.documents import (
    QuickBooksInvoice,
    QuickBooksPayment,
    parse_quickbooks_invoice,
    parse_quickbooks_payment,
)
from integrations.quickbooks.faults import UNREADABLE_QUERY, build, lost
from integrations.quickbooks.lists import (
    Item,
    LedgerAccount,
    PaymentMethod,
    read_item_record,
    read_ledger_account_record,
    read_payment_method_record,
)
from integrations.quickbooks.narrowing import IDS_AT_ONCE, is_about_content
from integrations.quickbooks.records import (
    CompanyInfo,
    Customer,
    Preferences,
    read_company_record,
    read_customer_record,
    read_preferences_record,
)
from integrations.quickbooks.wire import Wire

R = TypeVar("R")

OPERATIONS: dict[str, dict[str, str]] = {
    "create": {},
    "update": {},
    "delete": {"operation": "delete"},
    "void": {"operation": "update", "include": "void"},
}
VOID_INVOICE = {"operation": "void"}
"""The query parameters that void an invoice; payments use those of OPERATIONS.

See docs/vendors/quickbooks-online.md, 5.5 and 6.
"""
HIDES_INACTIVE = ("Customer", "Item")
"""Entities whose inactive records a query hides by default."""

_MOST_UNLISTABLE_CUSTOMERS = 100
"""Of a page: clients with a malformed e-mail address are many in some books."""


@dataclass(frozen=True)
class Answer:
    """The answer to a write.

    `record` is the entity as QuickBooks stored it, numbers as Decimal. After a delete it has little more than its id.
    """

    record: dict[str, Any] = field(repr=False)
    intuit_tid: str
    vendor_time: datetime | None

    @property
    def id(self) -> str:
        return JsonReader(self.record).identifier("Id")

    @property
    def is_deleted(self) -> bool:
        return JsonReader(self.record).text("status", "") == "Deleted"


class QuickBooksClient(Wire):
    """Client for one QuickBooks company; use one instance per thread. `Wire` documents the constructor.

    Every method may raise AccessLost (401 or 403), Throttled (429), Refused or one of its subclasses (a fault,
    docs/vendors/quickbooks-online.md, 2.2), Unavailable (no answer to a read, or a write that was never sent) and
    UnexpectedShape (a required field of a read is missing, or an id cannot be part of a path). Methods that read one
    record by id raise RecordMissing if it does not exist. Writes also raise OutcomeUnknown (the answer was lost, so
    the write may have been applied).
    """

    def read_company_info(self) -> CompanyInfo:
        """Name, country and subscription of the company (docs/vendors/quickbooks-online.md, 3).

        https://developer.intuit.com/app/developer/qbo/docs/api/accounting/all-entities/companyinfo
        """
        return read_company_record(self._read(f"companyinfo/{self._realm_id}", "CompanyInfo"))

    def read_preferences(self) -> Preferences:
        """The company's settings: currency, numbering, sales tax, closing date (docs/vendors/quickbooks-online.md, 3).

        https://developer.intuit.com/app/developer/qbo/docs/api/accounting/all-entities/preferences
        """
        return read_preferences_record(self._read("preferences", "Preferences"))

    def read_customer(self, customer_id: str) -> Customer:
        """One customer or job, active or not; balance in cents (docs/vendors/quickbooks-online.md, 4).

        https://developer.intuit.com/app/developer/qbo/docs/api/accounting/all-entities/customer
        """
        return read_customer_record(self._record("Customer", customer_id))

    def read_invoice(self, invoice_id: str) -> QuickBooksInvoice:
        """One invoice with its lines; amounts in cents, unit prices in dollars (docs/vendors/quickbooks-online.md, 5).

        https://developer.intuit.com/app/developer/qbo/docs/api/accounting/all-entities/invoice
        """
        return parse_quickbooks_invoice(self._record("Invoice", invoice_id))

    def read_payment(self, payment_id: str) -> QuickBooksPayment:
        """One payment with its allocations; amounts in cents (docs/vendors/quickbooks-online.md, 6).

        https://developer.intuit.com/app/developer/qbo/docs/api/accounting/all-entities/payment
        """
        return parse_quickbooks_payment(self._record("Payment", payment_id))

    def find_customers_named(self, names: Sequence[str]) -> list[Customer]:
        """Customers and jobs with one of these display names, active or not.

        The name of an inactive customer ends in " (deleted)".

        https://developer.intuit.com/app/developer/qbo/docs/api/accounting/all-entities/customer

        See docs/vendors/quickbooks-online.md, 4.1 and 7.2.
        """
        wanted = [name for name in dict.fromkeys(names) if name]
        return self._find_customers(query.one_of("DisplayName", wanted)) if wanted else []

    def find_customers_spelled_alike(self, words: Sequence[str]) -> list[Customer]:
        """Customers and jobs whose display name has these words in this order, active or not; case-insensitive.

        https://developer.intuit.com/app/developer/qbo/docs/api/accounting/all-entities/customer

        See docs/vendors/quickbooks-online.md, 7.2.
        """
        return self._find_customers(query.contains("DisplayName", *words))

    def find_names_of_others(self, names: Sequence[str]) -> dict[str, str]:
        """Which of these display names vendors or employees have, active or not: name as QuickBooks spells it → entity.

        https://developer.intuit.com/app/developer/qbo/docs/api/accounting/all-entities/vendor
        https://developer.intuit.com/app/developer/qbo/docs/api/accounting/all-entities/employee

        See docs/vendors/quickbooks-online.md, 0.6 and 7.2.
        """
        return self._names_of_others(query.one_of("DisplayName", list(dict.fromkeys(names))))

    def find_others_spelled_alike(self, words: Sequence[str]) -> dict[str, str]:
        """Vendors and employees whose display name has these words in this order: name → entity.

        https://developer.intuit.com/app/developer/qbo/docs/api/accounting/all-entities/vendor
        https://developer.intuit.com/app/developer/qbo/docs/api/accounting/all-entities/employee

        See docs/vendors/quickbooks-online.md, 7.2.
        """
        return self._names_of_others(query.contains("DisplayName", *words))

    def _names_of_others(self, condition: str) -> dict[str, str]:
        return {
            JsonReader(row, entity).text("DisplayName"): entity
            for entity in ("Vendor", "Employee")
            for row in self._rows(entity, [condition, query.ACTIVE_AND_INACTIVE])
        }

    def find_customers_with_email(self, email: str) -> list[Customer]:
        """Customers and jobs with this e-mail address, active or not; case-insensitive.

        The field may hold several addresses, so the query is a LIKE and the addresses are compared here.

        https://developer.intuit.com/app/developer/qbo/docs/api/accounting/all-entities/customer

        See docs/vendors/quickbooks-online.md, 4.1.
        """
        wanted = email.strip().casefold()
        found = self._find_customers(query.contains("PrimaryEmailAddr", wanted)) if wanted else []
        return [
            customer
            for customer in found
            if wanted in email_keys(customer.values["PrimaryEmailAddr.Address"])
        ]

    def list_customers(
        self, since: datetime | None, most_pages: int, first_page: int = 1
    ) -> Iterator[list[Customer]]:
        """Customers and jobs, active or not, all or those changed at or after `since`, a time of QuickBooks' clock.

        Page by page from `first_page`, so that those read before an error are known. Raises UnexpectedShape if they
        are more than `most_pages` pages of 1,000.

        https://developer.intuit.com/app/developer/qbo/docs/api/accounting/all-entities/customer

        See docs/vendors/quickbooks-online.md, 7.2.
        """
        conditions = [query.changed_since(since)] if since is not None else []
        conditions.append(query.ACTIVE_AND_INACTIVE)
        pages = self._pages(
            "Customer",
            conditions,
            first_page=first_page,
            most_pages=most_pages,
            most_refused=_MOST_UNLISTABLE_CUSTOMERS,
        )
        for rows in pages:
            yield [read_customer_record(row) for row in rows]

    def find_customers(self, ids: Sequence[str]) -> list[Customer]:
        """These customers or jobs as they are now, active or not; 100 per call.

        https://developer.intuit.com/app/developer/qbo/docs/api/accounting/all-entities/customer

        See docs/vendors/quickbooks-online.md, 7.2.
        """
        parts = [ids[start : start + IDS_AT_ONCE] for start in range(0, len(ids), IDS_AT_ONCE)]
        return [row for part in parts for row in self._find_customers(query.one_of("Id", part))]

    def find_invoices_numbered(self, numbers: Sequence[str]) -> list[QuickBooksInvoice]:
        """Invoices with one of these numbers; case-insensitive (docs/vendors/quickbooks-online.md, 5.1).

        Several invoices may have the same number.

        https://developer.intuit.com/app/developer/qbo/docs/api/accounting/all-entities/invoice
        """
        wanted = [number for number in dict.fromkeys(numbers) if number]
        rows = self._rows("Invoice", [query.one_of("DocNumber", wanted)]) if wanted else []
        return [parse_quickbooks_invoice(row) for row in rows]

    def find_payments(self, customer_id: str, total_cents: int | None = None) -> list[QuickBooksPayment]:
        """Payments of this customer, without those of its jobs, optionally only of this total in cents.

        https://developer.intuit.com/app/developer/qbo/docs/api/accounting/all-entities/payment

        See docs/vendors/quickbooks-online.md, 6 and 7.2.
        """
        conditions = [query.equals("CustomerRef", customer_id)]
        if total_cents is not None:
            conditions.append(query.equals("TotalAmt", str(money(total_cents))))
        return [parse_quickbooks_payment(row) for row in self._rows("Payment", conditions)]

    def find_payments_of(self, customer_ids: Sequence[str]) -> list[QuickBooksPayment]:
        """All payments of these customers and jobs, however old (docs/vendors/quickbooks-online.md, 7.2).

        https://developer.intuit.com/app/developer/qbo/docs/api/accounting/all-entities/payment
        """
        rows = self._rows("Payment", [query.one_of("CustomerRef", customer_ids)])
        return [parse_quickbooks_payment(row) for row in rows]

    def list_invoices_changed(self, since: datetime) -> list[QuickBooksInvoice]:
        """Invoices changed at or after `since`, without deleted ones (docs/vendors/quickbooks-online.md, 7.2 and 8.3).

        A payment changes its invoice too (docs/vendors/quickbooks-online.md, 0.2).

        https://developer.intuit.com/app/developer/qbo/docs/api/accounting/all-entities/invoice
        """
        return _readable(parse_quickbooks_invoice, self._rows("Invoice", [query.changed_since(since)]))

    def list_payments_changed(self, since: datetime) -> list[QuickBooksPayment]:
        """Payments changed at or after `since`, without deleted ones (docs/vendors/quickbooks-online.md, 7.2 and 8.3).

        https://developer.intuit.com/app/developer/qbo/docs/api/accounting/all-entities/payment
        """
        return _readable(parse_quickbooks_payment, self._rows("Payment", [query.changed_since(since)]))

    def read_changes(self, entities: Sequence[str], since: datetime) -> Changes:
        """Records of several entities changed since a time, deleted ones included, in one call.

        `since` is a time of QuickBooks' clock, at most 30 days ago. Answers stop at 1,000 records: then `is_full` is
        set.

        https://developer.intuit.com/app/developer/qbo/docs/learn/explore-the-quickbooks-online-api/change-data-capture

        See docs/vendors/quickbooks-online.md, 8.3.
        """
        params = {"entities": ",".join(entities), "changedSince": query.moment(since)}
        reply, document = self._send("GET", "cdc", params=params)
        if document.value is None:
            raise build(lost(write=False), reply, detail="the answer cannot be read")
        return read_changes_document(document, entities)

    def list_changed(self, entity: str, since: datetime) -> list[ChangedRecord]:
        """Records of an entity changed at or after `since`, however long ago, without deleted ones.

        https://developer.intuit.com/app/developer/qbo/docs/learn/explore-the-quickbooks-online-api/data-queries
        """
        return self._list(entity, query.changed_since(since))

    def find_those(self, entity: str, ids: Sequence[str]) -> list[ChangedRecord]:
        """These records as they are now, 100 per call. A missing one was deleted, or merged into another.

        https://developer.intuit.com/app/developer/qbo/docs/learn/explore-the-quickbooks-online-api/data-queries

        See docs/vendors/quickbooks-online.md, 7.2.
        """
        parts = [ids[start : start + IDS_AT_ONCE] for start in range(0, len(ids), IDS_AT_ONCE)]
        return [row for part in parts for row in self._list(entity, query.one_of("Id", part), part)]

    def is_listable(self, entity: str, record_id: str) -> bool:
        """Whether QuickBooks gives an answer that lists this record; True also if there is none."""
        try:
            self._query(
                query.select(entity, _conditions(entity, query.one_of("Id", [record_id])), start=1), entity
            )
        except Refused as error:
            if not is_about_content(error):
                raise
            return False
        return True

    def list_items(self) -> list[Item]:
        """All items, active or not; prices and costs in cents (docs/vendors/quickbooks-online.md, 7.1).

        The query names Sku, since "*" may leave it out according to third parties. If QuickBooks refuses that query,
        the plain one is sent.

        https://developer.intuit.com/app/developer/qbo/docs/api/accounting/all-entities/item
        """
        conditions = [query.ACTIVE_AND_INACTIVE]
        try:
            rows = self._rows("Item", conditions, columns="*, Sku")
        except Refused as error:
            if error.code not in UNREADABLE_QUERY:
                raise
            rows = self._rows("Item", conditions)
        return [read_item_record(row) for row in rows]

    def list_accounts(self) -> list[LedgerAccount]:
        """All accounts of the general ledger, active or not (docs/vendors/quickbooks-online.md, 7.1).

        https://developer.intuit.com/app/developer/qbo/docs/api/accounting/all-entities/account
        """
        return [read_ledger_account_record(row) for row in self._rows("Account", [query.ACTIVE_AND_INACTIVE])]

    def list_payment_methods(self) -> list[PaymentMethod]:
        """All payment methods, active or not (docs/vendors/quickbooks-online.md, 7.1).

        https://developer.intuit.com/app/developer/qbo/docs/api/accounting/all-entities/paymentmethod
        """
        rows = self._rows("PaymentMethod", [query.ACTIVE_AND_INACTIVE])
        return [read_payment_method_record(row) for row in rows]

    def write(self, entity: str, body: str, request_id: str, operation: str = "create") -> Answer:
        """Create, update, void or delete a record; amounts in `body` are in dollars.

        `body` is sent byte for byte. The same request id may be sent again with the same body: QuickBooks then
        returns the first answer (docs/vendors/quickbooks-online.md, 2). `operation` is create, update, void or
        delete; an update body has Id and SyncToken, and a stale SyncToken raises StaleVersion.

        https://developer.intuit.com/app/developer/qbo/docs/api/accounting/all-entities/customer (and /invoice,
        /payment, /item …)


        See docs/vendors/quickbooks-online.md, 2, 5.5, 6 and 8.1.
        """
        voids_invoice = (entity, operation) == ("Invoice", "void")
        params = {"requestid": request_id} | (VOID_INVOICE if voids_invoice else OPERATIONS[operation])
        reply, document = self._send("POST", entity.lower(), params=params, body=body.encode(), write=True)
        record = document.child(entity)
        if not isinstance(record.value, dict) or not record.identifier("Id", ""):
            raise build(lost(write=True), reply, detail="the answer cannot be read")
        return Answer(record.value, reply.intuit_tid, reply.vendor_time)

    def _list(self, entity: str, condition: str, ids: Sequence[str] = ()) -> list[ChangedRecord]:
        rows = self._rows(entity, _conditions(entity, condition), ids=ids)
        return [read_change(entity, JsonReader(row, entity)) for row in rows]

    def _find_customers(self, condition: str) -> list[Customer]:
        rows = self._rows("Customer", [condition, query.ACTIVE_AND_INACTIVE])
        return [read_customer_record(row) for row in rows]


def _conditions(entity: str, condition: str) -> list[str]:
    return [condition, query.ACTIVE_AND_INACTIVE] if entity in HIDES_INACTIVE else [condition]


def _readable(parse: Callable[[Mapping[str, Any]], R], rows: Iterable[Mapping[str, Any]]) -> list[R]:
    """Without those that the portal cannot read: such a record's own run says so, and the others go on."""
    found = []
    for row in rows:
        with suppress(UnexpectedShape):
            found.append(parse(row))
    return found
