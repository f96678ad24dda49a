"""The account that a payment is deposited to in QuickBooks, and its payment method."""

from __future__ import annotations

from typing import Any, NamedTuple

from integrations.errors import BadAccountType, NameTaken, NeedsDecision
from integrations.models import QuickBooksConnection, SyncRun
from integrations.sync.engine.choices import DISCARD, RETRY
from integrations.sync.engine.context import SyncContext
from integrations.sync.engine.lookups import LookupName, find_in_lookup, lookup_rows, refresh_lookup
from integrations.sync.engine.shared_records import LOCKS, create_shared_record, resolve_pending_writes
from integrations.sync.payments.mapping import CARD_METHOD, METHOD_NAMES

ACCOUNT_NAME = "Coperniq Payments"
ACCOUNT_TYPE, ACCOUNT_SUBTYPE = "Other Current Asset", "OtherCurrentAssets"
BANK = "Bank"


class DepositAccount(NamedTuple):
    id: str
    name: str


def deposit_account_for(ctx: SyncContext, run: SyncRun, method: str) -> DepositAccount:
    account_id = ctx.settings.deposit_accounts.get(method, "") or known_account(ctx)
    if account_id:
        return account_with(ctx, account_id)
    with ctx.locked(LOCKS["Account"]):
        account_id = known_account(ctx)
        if account_id:
            return account_with(ctx, account_id)
        account = _portal_account(ctx, run)
        QuickBooksConnection.objects.filter(pk=ctx.connection.pk).update(payments_account_id=account.id)
    return account


def account_with(ctx: SyncContext, account_id: str) -> DepositAccount:
    """Read anew before anybody is told that it is no use: perhaps it was put right this minute."""
    try:
        return usable(find_in_lookup(ctx, LookupName.ACCOUNTS, id=account_id), account_id)
    except NeedsDecision:
        refresh_lookup(ctx, LookupName.ACCOUNTS)
    return usable(find_in_lookup(ctx, LookupName.ACCOUNTS, id=account_id), account_id)


def _portal_account(ctx: SyncContext, run: SyncRun) -> DepositAccount:
    """Made once. What a lost answer left behind, or somebody made this moment, is found by its name."""
    resolve_pending_writes(ctx, run, "Account", ACCOUNT_NAME)
    row = find_portal_account(ctx)
    if row is not None:
        return _usable_as_portals(row)
    try:
        return create_portal_account(ctx, run)
    except NameTaken:
        row = find_portal_account(ctx)
    if row is None:
        raise unusable(f"QuickBooks says that the name “{ACCOUNT_NAME}” is taken. Look for it there")
    return _usable_as_portals(row)


def known_account(ctx: SyncContext) -> str:
    """By id, whatever people call it by now. Read anew: another thread may have made it."""
    connections = QuickBooksConnection.objects.filter(pk=ctx.connection.pk)
    return connections.values_list("payments_account_id", flat=True).get()


def find_portal_account(ctx: SyncContext) -> dict[str, Any] | None:
    """Looked up in QuickBooks itself: making it twice would be worse than one call."""
    rows = refresh_lookup(ctx, LookupName.ACCOUNTS)
    return next((row for row in rows if plain(row["name"]) == ACCOUNT_NAME.casefold()), None)


def plain(name: str) -> str:
    return name.casefold().removesuffix(" (deleted)")


def usable(row: dict[str, Any] | None, account_id: str) -> DepositAccount:
    if row is None or not row["is_active"]:
        name = row["name"] if row else f"with id {account_id}"
        raise unusable(
            f"The account “{name}” for payments is inactive or deleted in QuickBooks. Make it active there"
        )
    if row["account_type"] not in (BANK, ACCOUNT_TYPE):
        raise unusable(
            f"The account “{row['name']}” is no bank account or current asset, so it takes no payments. Give it "
            "another type there"
        )
    return DepositAccount(row["id"], row["name"])


def _usable_as_portals(row: dict[str, Any]) -> DepositAccount:
    if row["account_type"] != ACCOUNT_TYPE:
        raise unusable(
            f"QuickBooks has an account “{row['name']}” of another type ({row['account_type']} instead of "
            f"{ACCOUNT_TYPE}). Rename it there"
        )
    return usable(row, row["id"])


def unusable(sentence: str) -> NeedsDecision:
    return NeedsDecision(
        "deposit_account_unusable",
        f"{sentence}, or choose another account for payments on the QuickBooks page; then try again.",
        [RETRY, DISCARD],
    )


def create_portal_account(ctx: SyncContext, run: SyncRun) -> DepositAccount:
    values = {
        "Name": ACCOUNT_NAME,
        "AccountType": ACCOUNT_TYPE,
        "AccountSubType": ACCOUNT_SUBTYPE,
        "Description": "Payments recorded in Coperniq; a transfer to the bank empties it.",
    }
    try:
        account_id = create_shared_record(ctx, run, "Account", values)
    except BadAccountType as error:
        raise unusable(
            f"QuickBooks does not let the portal make the account “{ACCOUNT_NAME}”. Make it there by hand, of the type "
            f"{ACCOUNT_TYPE}"
        ) from error
    return DepositAccount(account_id, ACCOUNT_NAME)


def payment_method_for(ctx: SyncContext, run: SyncRun, method: str) -> tuple[dict[str, str], tuple[str, ...]]:
    """Nothing where QuickBooks has no name for Coperniq's method, and a word about it."""
    name = METHOD_NAMES.get(method)
    if name is None:
        return {}, unnamed(method)
    method_id = method_named(ctx, name) or _create_method(ctx, run, name)
    if not method_id:
        return {}, (
            f"QuickBooks' payment method “{name}” is inactive, so the payment has none. Make it active there.",
        )
    return {"PaymentMethodRef.value": method_id}, ()


def unnamed(method: str) -> tuple[str, ...]:
    told = f"QuickBooks has no payment method for {method}: it is in the note instead."
    return (told,) if method else ()


def method_named(ctx: SyncContext, name: str) -> str:
    rows = lookup_rows(ctx, LookupName.METHODS)
    active = (row for row in rows if row["is_active"] and row["name"].casefold() == name.casefold())
    found = next(active, None)
    return str(found["id"]) if found else ""


def _create_method(ctx: SyncContext, run: SyncRun, name: str) -> str:
    """ "" where an inactive one keeps its name: no reason not to record the money."""
    with ctx.locked(LOCKS["PaymentMethod"]):
        resolve_pending_writes(ctx, run, "PaymentMethod", name)
        refresh_lookup(ctx, LookupName.METHODS)
        found = method_named(ctx, name)
        if found:
            return found
        kind = "CREDIT_CARD" if name == CARD_METHOD else "NON_CREDIT_CARD"
        try:
            return create_shared_record(ctx, run, "PaymentMethod", {"Name": name, "Type": kind})
        except NameTaken:
            refresh_lookup(ctx, LookupName.METHODS)
            return method_named(ctx, name)
