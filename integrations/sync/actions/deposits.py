"""Where the money of a payment lands in QuickBooks, and how it was paid."""

from __future__ import annotations

from typing import Any, NamedTuple

from integrations.errors import BadAccountType, Hold, NameTaken
from integrations.models import QuickBooksConnection, SyncRun
from integrations.sync import reference
from integrations.sync.actions.making import LOCKS, make, settle_left
from integrations.sync.actions.names import DISCARD, RETRY
from integrations.sync.desk import Desk
from integrations.sync.mapping.payments import CARD, METHODS
from integrations.sync.reference import Name

ACCOUNT_NAME = "Coperniq Payments"
ACCOUNT_TYPE, ACCOUNT_SUBTYPE = "Other Current Asset", "OtherCurrentAssets"
BANK = "Bank"


class Account(NamedTuple):
    id: str
    name: str


def account_for(desk: Desk, run: SyncRun, method: str) -> Account:
    account_id = desk.settings.deposit_accounts.get(method, "") or known_account(desk)
    if account_id:
        return account_with(desk, account_id)
    with desk.locked(LOCKS["Account"]):
        account_id = known_account(desk)
        if account_id:
            return account_with(desk, account_id)
        account = our_account(desk, run)
        QuickBooksConnection.objects.filter(pk=desk.connection.pk).update(payments_account_id=account.id)
    return account


def account_with(desk: Desk, account_id: str) -> Account:
    """Read anew before anybody is told that it is no use: perhaps it was put right this minute."""
    try:
        return usable(reference.find(desk, Name.ACCOUNTS, id=account_id), account_id)
    except Hold:
        reference.refreshed(desk, Name.ACCOUNTS)
    return usable(reference.find(desk, Name.ACCOUNTS, id=account_id), account_id)


def our_account(desk: Desk, run: SyncRun) -> Account:
    """Made once. What a lost answer left behind, or somebody made this moment, is found by its name."""
    settle_left(desk, run, "Account", ACCOUNT_NAME)
    row = find_named(desk)
    if row is not None:
        return usable_as_ours(row)
    try:
        return created(desk, run)
    except NameTaken:
        row = find_named(desk)
    if row is None:
        raise unusable(f"QuickBooks says that the name “{ACCOUNT_NAME}” is taken. Look for it there")
    return usable_as_ours(row)


def known_account(desk: Desk) -> str:
    """By id, whatever people call it by now. Read anew: another thread may have made it."""
    connections = QuickBooksConnection.objects.filter(pk=desk.connection.pk)
    return connections.values_list("payments_account_id", flat=True).get()


def find_named(desk: Desk) -> dict[str, Any] | None:
    """Looked up in QuickBooks itself: making it twice would be worse than one call."""
    rows = reference.refreshed(desk, Name.ACCOUNTS)
    return next((row for row in rows if plain(row["name"]) == ACCOUNT_NAME.casefold()), None)


def plain(name: str) -> str:
    return name.casefold().removesuffix(" (deleted)")


def usable(row: dict[str, Any] | None, account_id: str) -> Account:
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
    return Account(row["id"], row["name"])


def usable_as_ours(row: dict[str, Any]) -> Account:
    if row["account_type"] != ACCOUNT_TYPE:
        raise unusable(
            f"QuickBooks has an account “{row['name']}” of another type ({row['account_type']} instead of "
            f"{ACCOUNT_TYPE}). Rename it there"
        )
    return usable(row, row["id"])


def unusable(sentence: str) -> Hold:
    return Hold(
        "deposit_account_unusable",
        f"{sentence}, or choose another account for payments on the QuickBooks page; then try again.",
        [RETRY, DISCARD],
    )


def created(desk: Desk, run: SyncRun) -> Account:
    values = {
        "Name": ACCOUNT_NAME,
        "AccountType": ACCOUNT_TYPE,
        "AccountSubType": ACCOUNT_SUBTYPE,
        "Description": "Payments recorded in Coperniq; a transfer to the bank empties it.",
    }
    try:
        account_id = make(desk, run, "Account", values)
    except BadAccountType as error:
        raise unusable(
            f"QuickBooks does not let the portal make the account “{ACCOUNT_NAME}”. Make it there by hand, of the type "
            f"{ACCOUNT_TYPE}"
        ) from error
    return Account(account_id, ACCOUNT_NAME)


def method_for(desk: Desk, run: SyncRun, method: str) -> tuple[dict[str, str], tuple[str, ...]]:
    """Nothing where QuickBooks has no name for Coperniq's method, and a word about it."""
    name = METHODS.get(method)
    if name is None:
        return {}, unnamed(method)
    method_id = method_named(desk, name) or made_method(desk, run, name)
    if not method_id:
        return {}, (
            f"QuickBooks' payment method “{name}” is inactive, so the payment has none. Make it active there.",
        )
    return {"PaymentMethodRef.value": method_id}, ()


def unnamed(method: str) -> tuple[str, ...]:
    told = f"QuickBooks has no payment method for {method}: it is in the note instead."
    return (told,) if method else ()


def method_named(desk: Desk, name: str) -> str:
    rows = reference.rows(desk, Name.METHODS)
    active = (row for row in rows if row["is_active"] and row["name"].casefold() == name.casefold())
    found = next(active, None)
    return str(found["id"]) if found else ""


def made_method(desk: Desk, run: SyncRun, name: str) -> str:
    """ "" where an inactive one keeps its name: no reason not to record the money."""
    with desk.locked(LOCKS["PaymentMethod"]):
        settle_left(desk, run, "PaymentMethod", name)
        reference.refreshed(desk, Name.METHODS)
        found = method_named(desk, name)
        if found:
            return found
        kind = "CREDIT_CARD" if name == CARD else "NON_CREDIT_CARD"
        try:
            return make(desk, run, "PaymentMethod", {"Name": name, "Type": kind})
        except NameTaken:
            reference.refreshed(desk, Name.METHODS)
            return method_named(desk, name)
