"""Money as a person receives and deposits it: methods and accounts by their names, the open balance by default."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from simulator.quickbooks.state import Company, Record

_WANTED = {"amount", "date", "method", "account", "reference", "note", "customer"}


def payment_body(company: Company, invoice: Record, wanted: dict[str, Any]) -> dict[str, Any]:
    """More than is open stays unapplied. `customer`: somebody else pays, such as the parent."""
    if set(wanted) - _WANTED:
        raise ValueError(f"unknown keys {sorted(set(wanted) - _WANTED)}")
    left = Decimal(invoice.sale.open).scaleb(-2)
    amount = Decimal(str(wanted.get("amount", left)))
    body = {
        "CustomerRef": {"value": str(wanted.get("customer", invoice.fields["CustomerRef"]["value"]))},
        "TotalAmt": amount,
        "Line": [{"Amount": min(amount, left), "LinkedTxn": [{"TxnId": invoice.id, "TxnType": "Invoice"}]}],
        "TxnDate": str(wanted.get("date", "")),
        "PaymentRefNum": str(wanted.get("reference", "")),
        "PrivateNote": str(wanted.get("note", "")),
    }
    return body | _references(company, wanted)


def _references(company: Company, wanted: dict[str, Any]) -> dict[str, Any]:
    found = {}
    for key, name, entity in (
        ("method", "PaymentMethodRef", "PaymentMethod"),
        ("account", "DepositToAccountRef", "Account"),
    ):
        if key in wanted:
            found[name] = {"value": by_name(company, entity, str(wanted[key]))}
    return found


def allocation(company: Company, wanted: dict[str, Any], old: Record | None = None) -> dict[str, Any]:
    """One payment for several invoices, with credits used in it; each alone by its number or with an amount.

    Without an amount of its own the payment is what the invoices need beyond the credits.
    """
    if set(wanted) - _WANTED - {"invoices", "credits"}:
        raise ValueError(f"unknown keys {sorted(set(wanted) - _WANTED - {'invoices', 'credits'})}")
    names = {"date": "TxnDate", "reference": "PaymentRefNum", "note": "PrivateNote"}
    body: dict[str, Any] = {name: str(wanted[key]) for key, name in names.items() if key in wanted}
    if "customer" in wanted:
        body["CustomerRef"] = {"value": str(wanted["customer"])}
    paid = [_share(company, "Invoice", one, old) for one in wanted.get("invoices", [])]
    used = [_share(company, "CreditMemo", one, old) for one in wanted.get("credits", [])]
    if "invoices" in wanted or "credits" in wanted:
        body["Line"] = [*paid, *used]
    if "amount" in wanted or old is None:
        needed = sum(one["Amount"] for one in paid) - sum(one["Amount"] for one in used)
        body["TotalAmt"] = Decimal(str(wanted.get("amount", max(needed, 0))))
    return body | _references(company, wanted)


def _share(company: Company, entity: str, wanted: object, old: Record | None) -> dict[str, Any]:
    given: dict[str, Any] = wanted if isinstance(wanted, dict) else {"id": wanted}
    target = company.find(entity, str(given["id"]))
    if target is None:
        raise ValueError(f"no {entity} {given['id']!r}")
    free = target.sale.open + (target.sale.applied.get(old.id, 0) if old else 0)
    amount = Decimal(str(given.get("amount", Decimal(free).scaleb(-2))))
    return {"Amount": amount, "LinkedTxn": [{"TxnId": target.id, "TxnType": entity}]}


def by_name(company: Company, entity: str, name: str) -> str:
    """Its number, which may also be given instead of the name."""
    records = company.records[entity].values()
    found = next((one.id for one in records if name in {one.id, one.fields["Name"]}), None)
    if found is None:
        raise ValueError(f"no {entity} {name!r}")
    return found


def deposit_body(company: Company, wanted: dict[str, Any]) -> dict[str, Any]:
    links = [[{"TxnId": str(one), "TxnType": "Payment"}] for one in wanted["payments"]]
    account = by_name(company, "Account", str(wanted.get("account", "Checking")))
    return {
        "DepositToAccountRef": {"value": account},
        "TxnDate": str(wanted.get("date", "")),
        "Line": [{"LinkedTxn": one} for one in links],
    }
