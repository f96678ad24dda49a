"""Decide which fields of a QuickBooks customer the matching strategy lets the portal write, and plan that write."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from integrations.coperniq.records import CoperniqAccount
from integrations.messages import Message
from integrations.models import MatchingStrategy, RecordLink
from integrations.models.encryption import keyed_digest
from integrations.quickbooks.records import Customer
from integrations.sync.customers.mapping import EMAIL_PATH, TAX_PATH, WantedCustomer, is_same_name
from integrations.sync.engine.context import SyncContext
from integrations.sync.engine.plan import Change, Plan, PlannedWrite

Changes = dict[str, tuple[str, str]]
"""Path → (before, after)."""


def strategy_of(ctx: SyncContext, link: RecordLink) -> str:
    """After a merge several accounts may share a customer: the first may overwrite it, the others fill empty fields."""
    strategy = ctx.settings.matching_strategy
    fills = link.is_additional and strategy == MatchingStrategy.REPLACE
    return MatchingStrategy.ENRICH if fills else strategy


def build_customer_changes(
    customer: Customer, wanted: WantedCustomer, written: Mapping[str, str], strategy: str
) -> Changes:
    """An empty Coperniq value never clears a field.

    Enrich fills empty fields and updates those that still have the value the portal wrote; Replace overwrites.
    """
    if strategy == MatchingStrategy.SKIP:
        return {}
    differing = {
        path: (customer.values[path], value)
        for path, value in wanted.values.items()
        if value and not _is_same_value(path, value, customer.values[path], written)
    }
    if strategy == MatchingStrategy.REPLACE:
        return differing
    return {
        path: pair
        for path, pair in differing.items()
        if _was_written_by_portal(path, pair[0], customer, written)
    }


def _is_same_value(path: str, value: str, current: str, written: Mapping[str, str]) -> bool:
    if path == TAX_PATH:  # QuickBooks answers it masked, so it is compared with what the portal wrote
        return bool(current) and written.get(TAX_PATH) == keyed_digest(value)
    if path == "DisplayName":
        return is_same_name(value, current)
    if path == EMAIL_PATH:  # people keep several addresses in this field, separated by commas
        return value.casefold() in {address.strip().casefold() for address in current.split(",")}
    return value == current


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


def build_customer_payload(changes: Changes, customer: Customer) -> dict[str, object]:
    """An address is sent whole: Intuit does not document whether a partial one keeps the other parts."""
    values: dict[str, object] = {
        path: after == "true" if path == "Active" else after for path, (_, after) in changes.items()
    }
    if any(path.startswith("BillAddr.") for path in values):
        values = {**{f"BillAddr.{name}": value for name, value in customer.address.items()}, **values}
    return values


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
    account: CoperniqAccount, wanted: WantedCustomer, customer: Customer, match_method: str, changes: Changes
) -> Plan:
    """Write the changes, or only link if there are none."""
    write = PlannedWrite(
        "update",
        "Customer",
        build_customer_payload(changes, customer),
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
