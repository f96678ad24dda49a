"""The account that a payment is deposited to in QuickBooks, and its payment method."""

from __future__ import annotations

from typing import Any, NamedTuple

from integrations.errors import BadAccountType, NameTaken, NeedsDecision
from integrations.messages import Message
from integrations.messages.payments import PaymentMessage
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
    """The account chosen for the Coperniq `method`, else the portal's own, which is created if need be.

    Raises NeedsDecision if payments cannot be deposited to it.
    """
    account_id = ctx.settings.deposit_accounts.get(method, "") or stored_account_id(ctx)
    if account_id:
        return _find_usable_account(ctx, account_id)
    with ctx.locked(LOCKS["Account"]):
        account_id = stored_account_id(ctx)
        if account_id:
            return _find_usable_account(ctx, account_id)
        account = _find_or_create_account(ctx, run)
        QuickBooksConnection.objects.filter(pk=ctx.connection.pk).update(payments_account_id=account.id)
    return account


def _find_usable_account(ctx: SyncContext, account_id: str) -> DepositAccount:
    """Reads the accounts again before it raises NeedsDecision: somebody may just have corrected the account."""
    try:
        return _require_usable(find_in_lookup(ctx, LookupName.ACCOUNTS, id=account_id), account_id)
    except NeedsDecision:
        refresh_lookup(ctx, LookupName.ACCOUNTS)
    return _require_usable(find_in_lookup(ctx, LookupName.ACCOUNTS, id=account_id), account_id)


def _find_or_create_account(ctx: SyncContext, run: SyncRun) -> DepositAccount:
    """Finds by its name an account that a lost response, or somebody a moment ago, has left behind."""
    resolve_pending_writes(ctx, run, "Account", ACCOUNT_NAME)
    row = _read_account_by_name(ctx)
    if row is not None:
        return _require_current_asset(row)
    try:
        return _create_account(ctx, run)
    except NameTaken:
        row = _read_account_by_name(ctx)
    if row is None:
        raise _unusable(PaymentMessage.ACCOUNT_NAME_TAKEN(account=ACCOUNT_NAME))
    return _require_current_asset(row)


def stored_account_id(ctx: SyncContext) -> str:
    """The id of the portal's account, "" before it exists. Read from the database: another thread may set it."""
    connections = QuickBooksConnection.objects.filter(pk=ctx.connection.pk)
    return connections.values_list("payments_account_id", flat=True).get()


def _read_account_by_name(ctx: SyncContext) -> dict[str, Any] | None:
    """Reads QuickBooks, not the stored list: a second account of that name is worse than one more call."""
    rows = refresh_lookup(ctx, LookupName.ACCOUNTS)
    name = ACCOUNT_NAME.casefold()
    return next((row for row in rows if row["name"].casefold().removesuffix(" (deleted)") == name), None)


def _require_usable(row: dict[str, Any] | None, account_id: str) -> DepositAccount:
    if row is None or not row["is_active"]:
        name = row["name"] if row else f"with id {account_id}"
        raise _unusable(PaymentMessage.ACCOUNT_INACTIVE(account=name))
    if row["account_type"] not in (BANK, ACCOUNT_TYPE):
        raise _unusable(PaymentMessage.ACCOUNT_OF_WRONG_TYPE(account=row["name"]))
    return DepositAccount(row["id"], row["name"])


def _require_current_asset(row: dict[str, Any]) -> DepositAccount:
    if row["account_type"] != ACCOUNT_TYPE:
        raise _unusable(
            PaymentMessage.ACCOUNT_NAME_OF_WRONG_TYPE(
                account=row["name"], found=row["account_type"], wanted=ACCOUNT_TYPE
            )
        )
    return _require_usable(row, row["id"])


def _unusable(message: Message) -> NeedsDecision:
    return NeedsDecision(message, [RETRY, DISCARD])


def _create_account(ctx: SyncContext, run: SyncRun) -> DepositAccount:
    values = {
        "Name": ACCOUNT_NAME,
        "AccountType": ACCOUNT_TYPE,
        "AccountSubType": ACCOUNT_SUBTYPE,
        "Description": "Payments recorded in Coperniq; a transfer to the bank empties it.",
    }
    try:
        account_id = create_shared_record(ctx, run, "Account", values)
    except BadAccountType as error:
        raise _unusable(PaymentMessage.ACCOUNT_REFUSED(account=ACCOUNT_NAME, wanted=ACCOUNT_TYPE)) from error
    return DepositAccount(account_id, ACCOUNT_NAME)


def payment_method_for(
    ctx: SyncContext, run: SyncRun, method: str
) -> tuple[dict[str, str], tuple[Message, ...]]:
    """The payload field for Coperniq's `method`, or none and a warning if QuickBooks has no usable method for it."""
    name = METHOD_NAMES.get(method)
    if name is None:
        return {}, (PaymentMessage.METHOD_UNKNOWN(method=method),) if method else ()
    method_id = _find_active_method(ctx, name) or _create_method(ctx, run, name)
    if not method_id:
        return {}, (PaymentMessage.METHOD_INACTIVE(method=name),)
    return {"PaymentMethodRef.value": method_id}, ()


def _find_active_method(ctx: SyncContext, name: str) -> str:
    rows = lookup_rows(ctx, LookupName.METHODS)
    active = (row for row in rows if row["is_active"] and row["name"].casefold() == name.casefold())
    found = next(active, None)
    return str(found["id"]) if found else ""


def _create_method(ctx: SyncContext, run: SyncRun, name: str) -> str:
    """The id, or "" if an inactive method has the name: the payment can be recorded without a method."""
    with ctx.locked(LOCKS["PaymentMethod"]):
        resolve_pending_writes(ctx, run, "PaymentMethod", name)
        refresh_lookup(ctx, LookupName.METHODS)
        found = _find_active_method(ctx, name)
        if found:
            return found
        kind = "CREDIT_CARD" if name == CARD_METHOD else "NON_CREDIT_CARD"
        try:
            return create_shared_record(ctx, run, "PaymentMethod", {"Name": name, "Type": kind})
        except NameTaken:
            refresh_lookup(ctx, LookupName.METHODS)
            return _find_active_method(ctx, name)
