"""Two records that a person merges, which the API cannot: docs/vendors/quickbooks-online.md, 4.4."""

from __future__ import annotations

from simulator.quickbooks import errors, rules
from simulator.quickbooks.company import PARENT, Company, Record, touch_ancestors
from simulator.quickbooks.list_rules import MAX_LEVELS
from simulator.quickbooks.rendering import balance_with_jobs
from simulator.quickbooks.responses import Json
from simulator.quickbooks.writing import RULES, existing

_POINTING = {
    "Customer": {"CustomerRef", "EntityRef"},
    "Vendor": {"VendorRef"},
    "Employee": {"EmployeeRef"},
    "Item": {"ItemRef", "GroupItemRef"},
    "Account": {
        *("IncomeAccountRef", "ExpenseAccountRef", "AssetAccountRef", "DepositToAccountRef"),
        *("ARAccountRef", "APAccountRef", "DiscountAccountRef", "AccountRef"),
    },
    "PaymentMethod": {"PaymentMethodRef"},
}


def merge(company: Company, entity: str, away_id: str, into_id: str) -> Record:
    """Everything that pointed at the one points at the other, and so do the jobs below it."""
    if entity not in _POINTING:
        raise errors.unsupported_operation(f"merge {entity}")
    away, survivor = existing(company, entity, away_id), existing(company, entity, into_id)
    _refuse(company, away, survivor)
    moved = entity == "Customer" and balance_with_jobs(company, away)
    for record in _pointing(company, away):
        _redirect(company, record, away, survivor)
    survivor.balance_cents += away.balance_cents
    survivor.unbilled_cents += away.unbilled_cents
    away.balance_cents = away.unbilled_cents = 0
    _version(company, survivor, new=bool(company.switch("merge_new_version")))
    if moved:
        touch_ancestors(company, away)
        touch_ancestors(company, survivor)
    _retire(company, away)
    company.changes.append((entity, survivor.id, "Merge", away.id))
    return survivor


def _refuse(company: Company, away: Record, survivor: Record) -> None:
    if away.id == survivor.id or not away.active or not survivor.active:
        raise errors.business("Only two different active records can be merged.")
    if away in company.ancestors(survivor):
        raise errors.business("A record cannot be merged into one below it.")
    if away.fields.get("Type") != survivor.fields.get("Type"):
        raise errors.business("Only records of one type can be merged.")
    levels = 1 + len(company.ancestors(survivor)) + company.depth_below(away)
    if away.entity == "Customer" and levels > MAX_LEVELS:
        raise errors.business("A customer can have at most five levels.", "6180", "Too many levels")


def _pointing(company: Company, away: Record) -> list[Record]:
    if away.entity == "Customer":
        kinds = ("Invoice", "Payment", "CreditMemo", "JournalEntry")
        forms = [one for kind in kinds for one in company.index.by(kind, "CustomerRef", away.id)]
        return [*forms, *company.children(away)]
    every = [one for records in company.records.values() for one in records.values()]
    return [one for one in every if one is not away and _redirected(one, away, "") != one.fields]


def _redirect(company: Company, record: Record, away: Record, survivor: Record) -> None:
    record.fields = _redirected(record, away, survivor.id)
    company.index.put(record)
    way = company.switch("merge_moves")
    if way != "silently":
        _version(company, record, new=way == "version")
        company.changed(record)


def _redirected(record: Record, away: Record, to: str) -> Json:
    pointers = _POINTING[away.entity] | ({PARENT} if record.entity == away.entity else set())
    return {name: _replaced(name, value, pointers, away.id, to) for name, value in record.fields.items()}


def _replaced(name: str, value: object, pointers: set[str], old: str, new: str) -> object:
    if isinstance(value, list):
        return [_replaced(name, one, pointers, old, new) for one in value]
    if not isinstance(value, dict):
        return value
    if name in pointers and value.get("value") == old:
        return {"value": new}
    return {inner: _replaced(inner, one, pointers, old, new) for inner, one in value.items()}


def _version(company: Company, record: Record, *, new: bool) -> None:
    record.sync_token += new
    record.updated = company.now()


def _retire(company: Company, away: Record) -> None:
    """Inactive under a name with the suffix, or removed without an event Delete, as the switch says."""
    if company.switch("merged_away") == "gone":
        company.remove(away)
        company.changes.pop()
        return
    name = "DisplayName" if "DisplayName" in away.fields else "Name"
    suffix = getattr(RULES[away.entity], "suffix", rules.SUFFIX)
    away.fields = {**away.fields, "Active": False, name: away.fields[name] + suffix}
    _version(company, away, new=True)
    company.index.put(away)
    if company.switch("merge_tells_of_merged_away"):
        company.changed(away)
