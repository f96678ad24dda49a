"""The live connection to one QuickBooks company (quickbooks-online.md §2, §7)."""

import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

from integrations.errors import Unavailable, UnexpectedShape
from integrations.http import Call, Reply, VendorSession, path_segment
from integrations.parsing import Wild
from integrations.quickbooks import query
from integrations.quickbooks.faults import VENDOR, build, error_for, is_token_rejected, lost, read_document
from integrations.quickbooks.records import (
    CompanyInfo,
    Customer,
    Preferences,
    read_company_record,
    read_customer_record,
    read_preferences_record,
)

MINOR_VERSION = "75"
MOST_PAGES = 100
TOKEN_SECONDS = 10.0
"""A renewal of the access token that takes longer is not waited for with a request in hand."""


@dataclass(frozen=True)
class Answer:
    """`record` is the entity as QuickBooks stored it, numbers as Decimal."""

    record: dict[str, Any] = field(repr=False)
    intuit_tid: str
    vendor_time: datetime | None


class QuickBooksClient:
    """One per thread. `on_call` counts the calls of a session made here; one handed in has its own.

    `access_token("")` gives a valid token, `access_token(rejected)` a newer one than the rejected.
    """

    def __init__(
        self,
        *,
        api_url: str,
        realm_id: str,
        access_token: Callable[[str], str],
        on_call: Callable[[Call], None] | None = None,
        session: VendorSession | None = None,
    ) -> None:
        self._realm_id = path_segment(realm_id)
        self._base = f"{api_url.rstrip('/')}/v3/company/{self._realm_id}"
        self._access_token = access_token
        self._session = session or VendorSession(VENDOR, on_call=on_call)

    @property
    def timeout_seconds(self) -> float:
        """The longest a request of any method here may be under way, a renewed token included."""
        return TOKEN_SECONDS + self._session.timeout_seconds

    def read_company_info(self) -> CompanyInfo:
        return read_company_record(self._read(f"companyinfo/{self._realm_id}", "CompanyInfo"))

    def read_preferences(self) -> Preferences:
        return read_preferences_record(self._read("preferences", "Preferences"))

    def read_customer(self, customer_id: str) -> Customer:
        record = self._read(f"customer/{path_segment(customer_id)}", "Customer")
        return read_customer_record(_as_object(record))

    def find_customers_named(self, names: Sequence[str]) -> list[Customer]:
        """Customers and jobs of exactly these names, active or not. Inactive ones are named "… (deleted)"."""
        wanted = [name for name in dict.fromkeys(names) if name]
        return self._find_customers(query.one_of("DisplayName", wanted)) if wanted else []

    def find_customers_with_email(self, email: str) -> list[Customer]:
        """Case-insensitive, active or not. QuickBooks' field may hold several addresses (§4.1)."""
        wanted = email.strip().casefold()
        found = self._find_customers(query.contains("PrimaryEmailAddr", wanted)) if wanted else []
        return [customer for customer in found if wanted in _addresses(customer)]

    def write(self, entity: str, body: str, request_id: str, operation: str = "") -> Answer:
        """`body` goes over the wire byte for byte; the same request id and body may be sent again (§2)."""
        params = {"requestid": request_id} | ({"operation": operation} if operation else {})
        reply, document = self._send("POST", entity.lower(), params=params, body=body.encode(), write=True)
        record = document.child(entity)
        if not isinstance(record.value, dict) or not record.identifier("Id", ""):
            raise build(lost(write=True), reply, detail="the answer cannot be read")
        return Answer(record.value, reply.intuit_tid, reply.vendor_time)

    def _find_customers(self, condition: str) -> list[Customer]:
        found: dict[str, Customer] = {}
        for page in range(MOST_PAGES):
            start = 1 + page * query.PAGE_SIZE
            statement = query.select("Customer", [condition, query.ACTIVE_AND_INACTIVE], start=start)
            rows = self._query(statement, "Customer")
            found |= {customer.id: customer for customer in map(read_customer_record, rows)}
            if len(rows) < query.PAGE_SIZE:
                return list(found.values())
        raise UnexpectedShape("QueryResponse.Customer", "last page")

    def _query(self, statement: str, entity: str) -> list[Mapping[str, Any]]:
        """Without the entity there are no rows (§7.3); without QueryResponse this is no answer to a query."""
        response = self._read("query", "QueryResponse", query=statement)
        if entity in _as_object(response) and not isinstance(response.child(entity).value, list):
            raise UnexpectedShape(f"QueryResponse.{entity}", "list")
        return [_as_object(row) for row in response.children(entity)]

    def _read(self, path: str, key: str, **params: str) -> Wild:
        reply, document = self._send("GET", path, params=params)
        if document.value is None:
            raise build(lost(write=False), reply, detail="the answer cannot be read")
        found = document.child(key)
        _as_object(found)
        return found

    def _send(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str],
        body: bytes | None = None,
        write: bool = False,
    ) -> tuple[Reply, Wild]:
        started = time.monotonic()
        params = {"minorversion": MINOR_VERSION, **params}
        ask = partial(
            self._session.send, method, f"{self._base}/{path}", params=params, body=body, write=write
        )
        token = self._token("", started)
        reply = ask(headers=_headers(token))
        document = read_document(reply)
        if is_token_rejected(reply, document):
            reply = ask(headers=_headers(self._token(token, started)))
            document = read_document(reply)
        error = error_for(reply, document, write=write)
        if error is not None:
            raise error
        return reply, document

    def _token(self, rejected: str, started: float) -> str:
        token = self._access_token(rejected)
        if time.monotonic() - started > TOKEN_SECONDS:
            raise Unavailable(vendor=VENDOR, detail="the renewal of the access token took too long")
        return token


def _headers(token: str) -> dict[str, str]:
    return {
        "Authorization": f"Bearer {token}",
        "Accept": "application/json",
        "Content-Type": "application/json",
    }


def _as_object(found: Wild) -> dict[str, Any]:
    if not isinstance(found.value, dict):
        raise UnexpectedShape(found.path, "record")
    return found.value


def _addresses(customer: Customer) -> set[str]:
    return set(re.split(r"[\s,;]+", customer.values["PrimaryEmailAddr.Address"].casefold()))
