"""Company, preferences and customers of QuickBooks (docs/vendors/quickbooks-online.md, 3 and 4)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from integrations.json_reader import JsonReader

CUSTOMER_PATHS = (
    "DisplayName",
    "GivenName",
    "FamilyName",
    "CompanyName",
    "PrimaryEmailAddr.Address",
    "PrimaryPhone.FreeFormNumber",
    "BillAddr.Line1",
    "BillAddr.City",
    "BillAddr.CountrySubDivisionCode",
    "BillAddr.PostalCode",
    "PrimaryTaxIdentifier",  # comes back masked: never write what was read
    "FullyQualifiedName",  # read only
)

ADDRESS_PARTS = (
    *("Line1", "Line2", "Line3", "Line4", "Line5"),
    *("City", "CountrySubDivisionCode", "PostalCode", "Country"),
)
"""In the order of an envelope."""

READ_ONLY = {
    *("Id", "SyncToken", "domain", "sparse", "MetaData", "FullyQualifiedName", "Level", "IsProject"),
    *("Balance", "BalanceWithJobs", "OpenBalanceDate", "V4IDPseudonym", "ClientEntityId"),
}
"""What is not sent back with a whole record."""
NAME_PARTS = ("Title", "MiddleName", "Suffix")
_OTHER_PHONES = ("AlternatePhone", "Mobile")

# Characters per field (docs/vendors/quickbooks-online.md, 4.1); no limit is published for PrimaryTaxIdentifier.
LIMITS = {
    "DisplayName": 500,
    "GivenName": 100,
    "FamilyName": 100,
    "CompanyName": 100,
    "PrimaryEmailAddr.Address": 100,
    "PrimaryPhone.FreeFormNumber": 30,
    "BillAddr.Line1": 500,
    "BillAddr.City": 255,
    "BillAddr.CountrySubDivisionCode": 255,
    "BillAddr.PostalCode": 30,
}
FORBIDDEN_NAME_CHARACTERS = ":\t\n"
"""Not allowed in DisplayName, GivenName and FamilyName (docs/vendors/quickbooks-online.md, 4.1)."""


@dataclass(frozen=True)
class CompanyInfo:
    """The company (docs/vendors/quickbooks-online.md, 3). `subscription_status` is PAID, TRIAL …, or "" if absent."""

    name: str
    legal_name: str
    country: str
    subscription_status: str


@dataclass(frozen=True)
class Preferences:
    home_currency: str
    multicurrency: bool
    custom_txn_numbers: bool
    using_sales_tax: bool
    book_close_on: date | None


@dataclass(frozen=True)
class Customer:
    """A customer, or a job if it has a `parent_id` (docs/vendors/quickbooks-online.md, 4).

    `values` has every path of `CUSTOMER_PATHS`, with "" for absent fields. `address` is the whole billing address,
    including lines that no mapping uses; `name_parts` are those of a person's name that none uses. `other_phones` and
    `shipping_address` are only read. `record` is all of it as QuickBooks answered. `balance_cents` is in cents and
    leaves out the jobs, `balance_with_jobs_cents` adds theirs.
    """

    id: str
    sync_token: str
    is_active: bool
    is_job: bool
    parent_id: str
    currency: str
    created_at: datetime | None
    updated_at: datetime | None
    balance_cents: int
    values: Mapping[str, str]
    address: Mapping[str, str]
    name_parts: Mapping[str, str] = field(default_factory=dict)
    other_phones: tuple[str, ...] = ()
    shipping_address: Mapping[str, str] = field(default_factory=dict)
    balance_with_jobs_cents: int = 0
    record: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @property
    def image(self) -> dict[str, Any]:
        """The snapshot that a link stores: mapped fields, active or not, the parent, and where its invoices go."""
        return {
            **self.values,
            "is_active": self.is_active,
            "parent": self.parent_id,
            "billing": self.billing,
        }

    @property
    def billing(self) -> dict[str, Any]:
        return {"email": self.values["PrimaryEmailAddr.Address"], "address": dict(self.address)}


def read_company_record(record: JsonReader) -> CompanyInfo:
    named = {row.text("Name", ""): row.text("Value", "") for row in record.children("NameValue")}
    return CompanyInfo(
        name=record.text("CompanyName"),
        legal_name=record.text("LegalName", ""),
        country=record.text("Country", ""),
        subscription_status=named.get("SubscriptionStatus", ""),
    )


def read_preferences_record(record: JsonReader) -> Preferences:
    currency = record.child("CurrencyPrefs")
    return Preferences(
        home_currency=currency.child("HomeCurrency").text("value", ""),
        multicurrency=currency.flag("MultiCurrencyEnabled", False),
        custom_txn_numbers=record.child("SalesFormsPrefs").flag("CustomTxnNumbers", False),
        using_sales_tax=record.child("TaxPrefs").flag("UsingSalesTax", False),
        book_close_on=record.child("AccountingInfoPrefs").day("BookCloseDate", None),
    )


def read_customer_record(raw: Mapping[str, Any]) -> Customer:
    record = JsonReader(raw, "Customer")
    stamps = record.child("MetaData")
    return Customer(
        id=record.identifier("Id"),
        sync_token=record.identifier("SyncToken"),
        is_active=record.flag("Active", True),
        is_job=record.flag("Job", False),
        parent_id=record.child("ParentRef").identifier("value", ""),
        currency=record.child("CurrencyRef").text("value", ""),
        created_at=stamps.moment("CreateTime", None),
        updated_at=stamps.moment("LastUpdatedTime", None),
        balance_cents=record.cents("Balance", 0),
        values={path: record.text_at(path) for path in CUSTOMER_PATHS},
        address=_address(record.child("BillAddr")),
        name_parts=_given(record, NAME_PARTS),
        other_phones=tuple(record.child(name).text("FreeFormNumber", "") for name in _OTHER_PHONES),
        shipping_address=_address(record.child("ShipAddr")),
        balance_with_jobs_cents=record.cents("BalanceWithJobs", record.cents("Balance", 0)),
        record=raw,
    )


def _address(record: JsonReader) -> dict[str, str]:
    """The address without Id, which is not stable (docs/vendors/quickbooks-online.md, 2), and without Lat and Long."""
    return _given(record, ADDRESS_PARTS)


def _given(record: JsonReader, names: Iterable[str]) -> dict[str, str]:
    values = {name: record.text(name, "") for name in names}
    return {name: value for name, value in values.items() if value}


def nest(values: Mapping[str, object]) -> dict[str, Any]:
    """Build a payload from dotted paths: {"BillAddr.City": "Tucson"} → {"BillAddr": {"City": "Tucson"}}."""
    payload: dict[str, Any] = {}
    for path, value in values.items():
        *parents, leaf = path.split(".")
        room = payload
        for parent in parents:
            room = room.setdefault(parent, {})
        room[leaf] = value
    return payload
