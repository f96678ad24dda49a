"""Names instead of ids and codes in a record's snapshots, as people know them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from integrations.models import Kind, LookupList, RecordLink

_LISTS = {
    "account": LookupList.Name.ACCOUNTS,
    "income_account": LookupList.Name.ACCOUNTS,
    "method": LookupList.Name.METHODS,
}
_OWNERS = (("record_id", Kind.JOB), ("account_id", Kind.CUSTOMER))


def named(link: RecordLink) -> tuple[Mapping[str, object], Mapping[str, object]]:
    """Coperniq's and QuickBooks' snapshot of an invoice, payment or item, as stored but for ids that have a name."""
    coperniq, quickbooks = dict(link.coperniq_snapshot), dict(link.quickbooks_snapshot)
    for field, name in _LISTS.items():
        if quickbooks.get(field):
            quickbooks[field] = _name_in_list(link, name, str(quickbooks[field]))
    owners = RecordLink.objects.filter(connection=link.connection_id, kind__in=(Kind.JOB, Kind.CUSTOMER))
    if customer := quickbooks.get("customer"):
        found = owners.filter(quickbooks_id=customer).first()
        quickbooks["customer"] = found.quickbooks_name if found else f"QuickBooks customer {customer}"
    for field, kind in _OWNERS:
        if value := coperniq.get(field):
            found = owners.filter(coperniq_id=value, kind=kind).first()
            coperniq[field] = found.coperniq_name if found else f"Coperniq id {value}"
    return coperniq, quickbooks


def _name_in_list(link: RecordLink, name: str, entry_id: str) -> str:
    stored = LookupList.objects.filter(connection=link.connection_id, name=name).first()
    rows = stored.rows if stored is not None else []
    names = {str(row.get("id")): str(row.get("name") or "") for row in rows}
    return names.get(entry_id) or f"id {entry_id}"


def as_day(text: str) -> str:
    """“Mar 1, 2041” of an ISO date, other texts as they are."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return text
    return f"{day:%b} {day.day}, {day.year}"


def as_words(code: str) -> str:
    """“Partially paid” of Coperniq's PARTIALLY_PAID; names and abbreviations stay."""
    return code.replace("_", " ").capitalize() if code.isupper() and len(code) > 3 else code
