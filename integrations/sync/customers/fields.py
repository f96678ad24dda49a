"""Decide which fields of a QuickBooks customer the matching strategy lets the portal write, and plan that write."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from integrations.coperniq.records import CoperniqAccount
from integrations.messages import Message
from integrations.models import MatchingStrategy, RecordLink
from integrations.models.encryption import keyed_digest
from integrations.models.sync_state import CustomerState
from integrations.name_matching import email_addresses, email_keys
from integrations.quickbooks.records import ADDRESS_PARTS, LIMITS, NAME_PARTS, READ_ONLY, Customer
from integrations.sync.customers.mapping import EMAIL_PATH, TAX_PATH, WantedCustomer, is_same_name
from integrations.sync.engine.context import SyncContext
from integrations.sync.engine.plan import Change, Plan, PlannedWrite

Changes = dict[str, tuple[str, str]]
"""Path → (before, after)."""

_ADDRESS_PATHS = tuple(f"BillAddr.{part}" for part in ADDRESS_PARTS)
_PERSON_PATHS = ("GivenName", "FamilyName", *NAME_PARTS)
_NAME_PATHS = ("DisplayName", *_PERSON_PATHS)
_COMPOUND = {*_ADDRESS_PATHS, *_PERSON_PATHS}
_CLEARING_WAYS = 3


def strategy_of(ctx: SyncContext, link: RecordLink) -> str:
    """After a merge several accounts may share a customer: the first may overwrite it, the others fill empty fields."""
    strategy = ctx.settings.matching_strategy
    fills = link.is_additional and strategy == MatchingStrategy.REPLACE
    return MatchingStrategy.ENRICH if fills else strategy


def build_customer_changes(
    customer: Customer,
    wanted: WantedCustomer,
    state: CustomerState,
    strategy: str,
    *,
    exactly: bool = False,
    fills_name: bool = False,
) -> Changes:
    """An empty Coperniq value never clears a field.

    Enrich fills empty fields and updates those that still have the value the portal wrote; Replace overwrites. An
    address is one value, and so is a person's name: parts of two are never mixed. `exactly`: no part of them may be
    left that Coperniq does not have. `fills_name`: names follow Enrich.
    """
    if strategy == MatchingStrategy.SKIP:
        return {}
    name_strategy = MatchingStrategy.ENRICH if fills_name else strategy
    written = state.written_values
    changes: Changes = {}
    for path in (path for path in wanted.values if path not in _COMPOUND):
        by = name_strategy if path == "DisplayName" else strategy
        changes |= _changed_value(path, customer, wanted, written, by)
    for paths, by in ((_ADDRESS_PATHS, strategy), (_PERSON_PATHS, name_strategy)):
        changes |= _changed_compound(paths, customer, wanted, written, by, exactly=exactly)
    kept = _NAME_PATHS if state.keeps_name else ()
    return {path: pair for path, pair in changes.items() if path not in kept}


def _changed_value(
    path: str, customer: Customer, wanted: WantedCustomer, written: Mapping[str, str], strategy: str
) -> Changes:
    current, value = customer.values[path], wanted.values[path]
    gone = _emails_gone(value, current, written) if path == EMAIL_PATH and value else set()
    if gone:
        return {path: (current, _without_emails(value, current, gone))}
    if not value or _is_same_value(path, value, current, written):
        return {}
    if path == "CompanyName" and wanted.is_company_guessed:
        return {}
    if strategy == MatchingStrategy.REPLACE or _was_written_by_portal(path, current, customer, written):
        return {path: (current, value)}
    return {}


def _changed_compound(
    paths: Sequence[str],
    customer: Customer,
    wanted: WantedCustomer,
    written: Mapping[str, str],
    strategy: str,
    *,
    exactly: bool,
) -> Changes:
    """A company has no first and last name: what the portal wrote of them before Coperniq said so is cleared."""
    before = {path: value for path in paths if (value := _value_at(customer, path))}
    after = {path: value for path in paths if (value := wanted.values.get(path, ""))}
    of_portal = {path: value for path, value in before.items() if written.get(path) == value}
    if not after:
        return _changed_parts(of_portal, {}) if wanted.is_company and paths == _PERSON_PATHS else {}
    is_same = _is_same_person if paths == _PERSON_PATHS else _is_same_address
    if before == after or (not exactly and is_same(before, after)):
        return {}
    return (
        _changed_parts(before, after) if strategy == MatchingStrategy.REPLACE or of_portal == before else {}
    )


def _changed_parts(before: Mapping[str, str], after: Mapping[str, str]) -> Changes:
    pairs = {path: (before.get(path, ""), after.get(path, "")) for path in {**after, **before}}
    return {path: pair for path, pair in pairs.items() if pair[0] != pair[1]}


def _is_same_address(before: Mapping[str, str], after: Mapping[str, str]) -> bool:
    """Coperniq has no country."""
    return {path: value for path, value in before.items() if path != "BillAddr.Country"} == after


def _is_same_person(before: Mapping[str, str], after: Mapping[str, str]) -> bool:
    """Coperniq has a middle name among the first names, and neither title nor suffix."""
    given, middle = before.get("GivenName", ""), before.get("MiddleName", "")
    is_same_first = after.get("GivenName", "") in (given, f"{given} {middle}")
    return is_same_first and before.get("FamilyName") == after.get("FamilyName")


def _value_at(customer: Customer, path: str) -> str:
    """The value of a mapped field, or of another part of the billing address or the name; "" if there is none."""
    outer, _, part = path.partition(".")
    if outer == "BillAddr":
        return customer.address.get(part, "")
    return customer.values.get(path, "") or customer.name_parts.get(path, "")


def _is_same_value(path: str, value: str, current: str, written: Mapping[str, str]) -> bool:
    if path == TAX_PATH:  # QuickBooks answers it masked, so it is compared with what the portal wrote
        return bool(current) and written.get(TAX_PATH) == keyed_digest(value)
    if path == "DisplayName":
        return is_same_name(value, current)
    if path == EMAIL_PATH:  # people keep several addresses in this field, separated by commas
        return email_keys(value) <= email_keys(current)
    return value == current


def _emails_gone(value: str, current: str, written: Mapping[str, str]) -> set[str]:
    """The addresses that the portal wrote and that Coperniq does not have any more."""
    return (email_keys(written.get(EMAIL_PATH, "")) & email_keys(current)) - email_keys(value)


def _without_emails(value: str, current: str, gone: set[str]) -> str:
    """Coperniq's addresses and those that people added; only the latter that fit."""
    theirs = [each for each in email_addresses(current) if each.casefold() not in gone | email_keys(value)]
    while theirs and len(", ".join([value, *theirs])) > LIMITS[EMAIL_PATH]:
        theirs.pop()
    return ", ".join([value, *theirs])


def _was_written_by_portal(path: str, current: str, customer: Customer, written: Mapping[str, str]) -> bool:
    if not current:
        return True
    if path == TAX_PATH:
        return TAX_PATH in written
    return written.get(path) == current


def active_change(customer: Customer, *, active: bool) -> Changes:
    if customer.is_active == active:
        return {}
    return {"Active": (str(customer.is_active).lower(), str(active).lower())}


def build_customer_payload(changes: Changes, customer: Customer, clearing: int = 0) -> dict[str, object]:
    """An address is sent whole: Intuit does not document whether a partial one keeps the other parts.

    Nor does it document what clears a field (docs/vendors/quickbooks-online.md, 8.1). `clearing` is the number of
    writes that have not cleared what they should: an empty text comes first, then null, then the whole record.
    """
    values: dict[str, object] = {
        path: after == "true" if path == "Active" else after for path, (_, after) in changes.items()
    }
    if any(path.startswith("BillAddr.") for path in values):
        values = {**{f"BillAddr.{name}": value for name, value in customer.address.items()}, **values}
    cleared = [path for path, (_, after) in changes.items() if not after]
    if clearing == 0 or not cleared:
        return values
    if clearing == 1:
        return {**values, **dict.fromkeys(cleared, None)}
    kept = {path: value for path, value in values.items() if path not in cleared}
    outer = {path.partition(".")[0] for path in values}
    whole = {
        name: value
        for name, value in customer.record.items()
        if name not in outer and name not in READ_ONLY and "TaxIdentifier" not in name
    }
    return {**whole, **kept, "sparse": False}


def can_clear(customer: Customer, changes: Changes, clearing: int) -> bool:
    """Whether there is a way left. The whole record cannot be sent if it has a tax number: that is known masked only."""
    tax_numbers = {name for name in customer.record if "TaxIdentifier" in name} - set(changes)
    return clearing < (_CLEARING_WAYS - 1 if tax_numbers else _CLEARING_WAYS)


def uncleared(customer: Customer, changes: Sequence[Mapping[str, str]]) -> bool:
    """Whether QuickBooks still has a value that a write of these changes should have cleared."""
    return any(not change["after"] and _value_at(customer, change["field"]) for change in changes)


def displayed_changes(changes: Changes) -> tuple[Change, ...]:
    """As people read them; of a tax number only whether there is one."""
    return tuple(
        Change(path, *(("hidden" if value else "") if path == TAX_PATH else value for value in pair))
        for path, pair in changes.items()
    )


def _account_snapshot(account: CoperniqAccount, wanted: WantedCustomer) -> dict[str, object]:
    """The account as Coperniq last answered, with only a digest of the tax number."""
    tax = keyed_digest(wanted.values.get(TAX_PATH, ""))
    return {**wanted.values, TAX_PATH: tax, "is_active": account.is_active}


def plan_customer_create(
    account: CoperniqAccount, wanted: WantedCustomer, name: str, warnings: Sequence[Message] = ()
) -> Plan:
    values = {path: value for path, value in wanted.values.items() if value}
    values |= {"DisplayName": name, "CurrencyRef.value": "USD"}
    changes = displayed_changes({path: ("", value) for path, value in values.items()})
    return Plan(
        record_name=wanted.name,
        match_method="created",
        write=PlannedWrite("create", "Customer", values, changes),
        coperniq_snapshot=_account_snapshot(account, wanted),
        warnings=(*wanted.warnings, *warnings),
    )


def plan_customer_update(
    account: CoperniqAccount,
    wanted: WantedCustomer,
    customer: Customer,
    match_method: str,
    changes: Changes,
    clearing: int = 0,
) -> Plan:
    """Write the changes, or only link if there are none. `clearing` as for `build_customer_payload`."""
    write = PlannedWrite(
        "update",
        "Customer",
        build_customer_payload(changes, customer, clearing),
        displayed_changes(changes),
        customer.id,
        customer.sync_token,
    )
    return Plan(
        record_name=wanted.name,
        match_method=match_method,
        write=write if changes else None,
        quickbooks_id=customer.id,
        quickbooks_name=customer.values["DisplayName"],
        quickbooks_version=customer.sync_token,
        quickbooks_at=customer.updated_at,
        quickbooks_snapshot=customer.image,
        coperniq_snapshot=_account_snapshot(account, wanted),
        warnings=wanted.warnings if changes else (),
    )
