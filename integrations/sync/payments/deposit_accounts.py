"""The account that a payment is deposited to in QuickBooks, and its payment method."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from integrations.errors import BadAccountType, NameTaken, NeedsDecision
from integrations.messages import Message
from integrations.messages.payments import PaymentMessage
from integrations.models import QuickBooksConnection
from integrations.name_matching import canonical_name
from integrations.sync.engine.choices import DISCARD, RETRY
from integrations.sync.engine.context import SyncContext
from integrations.sync.engine.follow_ups import UpdatedConnection
from integrations.sync.engine.lookups import LookupName, find_in_lookup, lookup_rows, refresh_lookup
from integrations.sync.engine.plan import Change, PlannedWrite, Prerequisite
from integrations.sync.engine.shared_records import is_pending
from integrations.sync.payments.mapping import CARD_METHOD, METHOD_NAMES

_ACCOUNT_NAME = "Coperniq Payments"
ACCOUNT_TYPE, ACCOUNT_SUBTYPE = "Other Current Asset", "OtherCurrentAssets"
_BANK = "Bank"


class DepositAccount(NamedTuple):
    """`is_own`: the portal's own, which one plan creates and the next one finds. Names of others need not be unique."""

    id: str
    name: str
    is_own: bool = False


def deposit_account_for(ctx: SyncContext, method: str) -> DepositAccount:
    """The account chosen for the Coperniq `method`, else the portal's own, which is a prerequisite if there is none.

    Raises NeedsDecision if payments cannot be deposited to it.
    """
    chosen_id = ctx.settings.deposit_accounts.get(method, "")
    if chosen_id:
        return _find_usable_account(ctx, chosen_id)
    return _own_deposit_account(ctx)._replace(is_own=True)


def _own_deposit_account(ctx: SyncContext) -> DepositAccount:
    account_id = stored_account_id(ctx)
    if account_id:
        return _find_usable_account(ctx, account_id)
    row = None if is_pending(ctx, _OWN_ACCOUNT) else _read_account_by_name(ctx)
    if row is not None:
        account = _require_current_asset(row)
        ctx.follow_ups.append(own_account(ctx, account.id))
        return account
    try:
        return DepositAccount(ctx.require(_OWN_ACCOUNT), _ACCOUNT_NAME)
    except NameTaken as error:
        raise _unusable(PaymentMessage.ACCOUNT_NAME_TAKEN(account=_ACCOUNT_NAME)) from error
    except BadAccountType as error:
        message = PaymentMessage.ACCOUNT_REFUSED(account=_ACCOUNT_NAME, wanted=ACCOUNT_TYPE)
        raise _unusable(message) from error


def _find_usable_account(ctx: SyncContext, account_id: str) -> DepositAccount:
    """Reads the accounts again before it raises NeedsDecision: somebody may just have corrected the account."""
    try:
        return _require_usable(find_in_lookup(ctx, LookupName.ACCOUNTS, id=account_id), account_id)
    except NeedsDecision:
        refresh_lookup(ctx, LookupName.ACCOUNTS)
    return _require_usable(find_in_lookup(ctx, LookupName.ACCOUNTS, id=account_id), account_id)


def own_account(ctx: SyncContext, account_id: str) -> UpdatedConnection:
    """The portal's account from now on."""
    return UpdatedConnection(ctx.connection.pk, {"payments_account_id": account_id})


def stored_account_id(ctx: SyncContext) -> str:
    """The id of the portal's account, "" before it exists. Read from the database: another thread may set it."""
    connections = QuickBooksConnection.objects.filter(pk=ctx.connection.pk)
    return connections.values_list("payments_account_id", flat=True).get()


def _read_account_by_name(ctx: SyncContext) -> dict[str, Any] | None:
    """Reads QuickBooks, not the stored list: a second account of that name is worse than one more call."""
    rows = refresh_lookup(ctx, LookupName.ACCOUNTS)
    name = canonical_name(_ACCOUNT_NAME)
    return next((row for row in rows if canonical_name(row["name"]).removesuffix(" (deleted)") == name), None)


def _require_usable(row: dict[str, Any] | None, account_id: str) -> DepositAccount:
    if row is None or not row["is_active"]:
        name = row["name"] if row else f"with id {account_id}"
        raise _unusable(PaymentMessage.ACCOUNT_INACTIVE(account=name))
    if row["account_type"] not in (_BANK, ACCOUNT_TYPE):
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


def payment_method_for(ctx: SyncContext, method: str) -> tuple[dict[str, str], tuple[Message, ...]]:
    """The payload field for Coperniq's `method`, or none and a warning if QuickBooks has no usable method for it."""
    name = METHOD_NAMES.get(method)
    if name is None:
        return {}, (PaymentMessage.METHOD_UNKNOWN(method=method),) if method else ()
    try:
        method_id = find_active_method(ctx, name) or ctx.require(_method_prerequisite(name))
    except NameTaken:  # by an inactive one: the payment can be recorded without a method
        return {}, (PaymentMessage.METHOD_INACTIVE(method=name),)
    return {"PaymentMethodRef.value": method_id}, ()


def find_active_method(ctx: SyncContext, name: str) -> str:
    rows = lookup_rows(ctx, LookupName.METHODS)
    active = (row for row in rows if row["is_active"] and canonical_name(row["name"]) == canonical_name(name))
    found = next(active, None)
    return str(found["id"]) if found else ""


def _method_prerequisite(name: str) -> Prerequisite:
    kind = "CREDIT_CARD" if name == CARD_METHOD else "NON_CREDIT_CARD"
    return _prerequisite("PaymentMethod", {"Name": name, "Type": kind})


def _prerequisite(entity: str, values: Mapping[str, str]) -> Prerequisite:
    changes = tuple(Change(name, "", value) for name, value in values.items())
    return Prerequisite(PlannedWrite("create", entity, values, changes), values["Name"])


_OWN_ACCOUNT = _prerequisite(
    "Account",
    {
        "Name": _ACCOUNT_NAME,
        "AccountType": ACCOUNT_TYPE,
        "AccountSubType": ACCOUNT_SUBTYPE,
        "Description": "Payments recorded in Coperniq; a transfer to the bank empties it.",
    },
)
