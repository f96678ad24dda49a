"""The addresses of a form: the customer's own where none is given, and how they read after an update."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from simulator.quickbooks.state import Company, Record

ADDRESSES = ("BillAddr", "ShipAddr")


def settle_addresses(company: Company, record: Record) -> None:
    customer = company.find("Customer", record.fields["CustomerRef"]["value"])
    if customer is None:
        return
    fallback = customer.fields.get("BillAddr")
    for name in ADDRESSES:
        given = customer.fields.get(name) or fallback
        if name not in record.fields and given:
            record.fields[name] = dict(given)


def as_text(company: Company, record: Record, address: dict[str, Any]) -> dict[str, Any]:
    """Names on the first two lines, the rest joined on those below, as recorded after an update."""
    customer = company.find("Customer", record.fields["CustomerRef"]["value"])
    fields = customer.fields if customer else {}
    person = " ".join(str(fields[one]) for one in ("GivenName", "FamilyName") if fields.get(one))
    named = [one for one in (person, str(fields.get("DisplayName", ""))) if one]
    streets = [address[f"Line{n}"] for n in range(1, 6) if f"Line{n}" in address]
    town = ", ".join(str(address[one]) for one in ("City", "CountrySubDivisionCode") if address.get(one))
    last = "  ".join(one for one in (town, str(address.get("PostalCode", ""))) if one)
    shown = [*named[:2], *(one for one in streets if one not in named), last]
    return {f"Line{n}": line for n, line in enumerate([one for one in shown if one][:5], 1)}
