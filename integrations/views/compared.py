"""A link's two snapshots side by side, each as its vendor last answered, with names and amounts as people read them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from accounts.models import Company
from accounts.scoping import rows_of
from integrations.models import FieldMapping, Kind, RecordLink, SyncLogEntry
from integrations.models.typed_json import UnreadableData
from integrations.views.record_names import as_day, as_words, named

# Stored as a digest, and returned masked by QuickBooks: of no use to a reader.
UNSHOWN = ("PrimaryTaxIdentifier",)
# Used by the engine only.
INTERNAL = ("version", "payments", "paid_since", "deleted", "memo_field")
IN_CENTS = ("total", "balance", "amount", "applied", "paid", "cash")
DAYS = ("on", "due_date", "TxnDate", "DueDate")
CODES = ("status", "method")
FIELD_NAMES = {
    **FieldMapping.NAMES,
    "Title": "Title",
    "MiddleName": "Middle name",
    "Suffix": "Suffix",
    **{f"BillAddr.Line{number}": f"Address line {number}" for number in range(2, 6)},
    "BillAddr.Country": "Country",
    "CurrencyRef.value": "Currency",
    "ParentRef.value": "Customer it belongs to",
    "BillWithParent": "Bill with parent",
    "Active": "Active",
    "Job": "Job",
    "DocNumber": "Number",
    "TxnDate": "Date",
    "DueDate": "Due date",
    "PrivateNote": "Memo on statement",
    "CustomerMemo.value": "Message on invoice",
    "CustomerMemo": "Message on invoice",
    "TotalAmt": "Total",
    "Balance": "Open balance",
    "Line": "Lines",
    "CustomerRef.value": "Customer",
    "BillEmail.Address": "Bill e-mail",
    "BillAddr": "Billing address",
    "EmailStatus": "E-mail status",
    "PaymentRefNum": "Reference",
    "PaymentMethodRef.value": "Payment method",
    "DepositToAccountRef.value": "Deposited to",
    "due_date": "Due date",
    "memo": "Description",
    "lines": "Lines",
    "number": "Number",
    "on": "Date",
    "total": "Total",
    "balance": "Open balance",
    "paid": "Paid",
    "amount": "Amount",
    "applied": "Applied to the invoice",
    "cash": "Of that, money and no credit",
    "method": "Payment method",
    "reference": "Reference",
    "account": "Deposited to",
    "status": "Status",
    "customer": "Customer",
    "record_id": "Raised on",
    "account_id": "Account",
    "archived": "Archived",
    "voided": "Voided",
    "deposited": "In a bank deposit",
    "name": "Name",
    "type": "Type",
    "sku": "SKU",
    "active": "Active",
    "income_account": "Income account",
}
ORDER = {path: place for place, path in enumerate(FIELD_NAMES)}


class Compared(NamedTuple):
    name: str
    coperniq: str
    quickbooks: str
    written_by_portal: bool
    """The value in QuickBooks is the one that the portal wrote."""


def link_of(company: Company, entry: SyncLogEntry) -> RecordLink | None:
    links = rows_of(company, RecordLink.objects.filter(kind=entry.kind, coperniq_id=entry.coperniq_id))
    return links.order_by("-pk").first() if entry.coperniq_id else None


def compared(link: RecordLink) -> list[Compared]:
    coperniq, quickbooks = link.coperniq_snapshot, link.quickbooks_snapshot
    if link.kind in (Kind.CUSTOMER, Kind.JOB):
        paths = [path for path in FieldMapping.DEFAULTS if path not in UNSHOWN]
        written = written_values(link)
        rows = [
            *(row_of(coperniq, quickbooks, path, written.get(path, "")) for path in paths),
            *project_rows(link),
        ]
    else:
        coperniq, quickbooks = named(link)
        found = {*coperniq, *quickbooks} - {*INTERNAL}
        # A database need not keep the order of the keys.
        paths = sorted(found, key=lambda path: (ORDER.get(path, len(ORDER)), path))
        rows = [row_of(coperniq, quickbooks, path) for path in paths]
    return [row for row in rows if row.coperniq or row.quickbooks]


def written_values(link: RecordLink) -> Mapping[str, str]:
    try:
        return link.customer_state.written_values
    except UnreadableData:  # the record's next run says so
        return {}


def project_rows(link: RecordLink) -> list[Compared]:
    """The values that a job's name is made of."""
    snapshot = link.coperniq_snapshot
    cents = snapshot.get("value_cents")
    value = f"${cents / 100:,.2f}" if isinstance(cents, int) else ""
    parts = {"Title": snapshot.get("title"), "Number": snapshot.get("number"), "Value": value}
    parts["Size (kW)"] = snapshot.get("size_kw")
    return [Compared(name, text(part), "", False) for name, part in parts.items()]


def row_of(
    coperniq: Mapping[str, object], quickbooks: Mapping[str, object], path: str, written: str = ""
) -> Compared:
    """`written` is the value that the portal wrote, "" if it wrote none."""
    current = text(quickbooks.get(path), path)
    by_portal = bool(current) and written == current
    name = FIELD_NAMES.get(path, path.removesuffix("_cents").replace("_", " "))
    return Compared(name, text(coperniq.get(path), path), current, by_portal)


def text(value: object, path: str = "") -> str:
    """Amounts in dollars; of lines only how many."""
    if isinstance(value, list | dict):
        return f"{len(value)} line{'' if len(value) == 1 else 's'}" if path in ("lines", "Line") else ""
    if isinstance(value, bool):
        return "Yes" if value else ""
    if (path.endswith("_cents") or path in IN_CENTS) and isinstance(value, int):
        return f"${value / 100:,.2f}"
    shown = "" if value is None else str(value)
    if path in DAYS:
        return as_day(shown)
    return as_words(shown) if path in CODES else shown
