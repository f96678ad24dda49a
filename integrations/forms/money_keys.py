"""The keys of invoices and payments. What follows the dot names a payment method or a field."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from django.core.exceptions import ValidationError

from integrations.forms.draft import Draft
from integrations.forms.key import SWITCH, Key, chosen, refuse_other_currencies, switched
from integrations.forms.lists import find_account, find_item
from integrations.models import (
    ClosedBooks,
    MemoField,
    OnEnded,
    OnQuickBooksVoid,
    Owner,
    PaymentMethod,
    PushFrom,
    QuickBooksConnection,
    SyncSettings,
)

Find = Callable[[QuickBooksConnection, str], dict[str, Any] | None]

# Which value has to be an id of which stored list.
LISTED: dict[str, Find] = {
    "fallback_item": find_item,
    "difference_item": find_item,
    "deposit_account": find_account,
}
NO_ITEM = "QuickBooks has no active item with the id {id}. Choose a product or service from the list."
NO_ACCOUNT = (
    "QuickBooks has no active account with the id {id} that money can be deposited to. "
    "Choose one of the type Bank or Other Current Asset."
)


def write_invoice_sync(draft: Draft, _name: str, value: str) -> None:
    on = SWITCH[chosen(value, SWITCH)]
    if on and not draft.settings.invoice_sync:
        refuse_other_currencies(draft.connection)
    draft.settings.invoice_sync = on


def word(field: str, options: Iterable[str]) -> Key:
    """A key that is one of a handful of words."""

    def write(draft: Draft, _name: str, value: str) -> None:
        setattr(draft.settings, field, chosen(value, options))

    return Key(lambda draft, _: str(getattr(draft.settings, field)), write)


def listed(head: str, connection: QuickBooksConnection, value: str) -> str:
    if value and not LISTED[head](connection, value):
        sentence = NO_ACCOUNT if LISTED[head] is find_account else NO_ITEM
        raise ValidationError(sentence.format(id=value[:40]))
    return value


def item(field: str) -> Key:
    def write(draft: Draft, _name: str, value: str) -> None:
        """The same again changes nothing, even an item that QuickBooks no longer offers."""
        if value != getattr(draft.settings, field):
            setattr(draft.settings, field, listed(field, draft.connection, value))

    return Key(lambda draft, _: str(getattr(draft.settings, field)), write)


def write_deposit_account(draft: Draft, method: str, value: str) -> None:
    chosen(method, SyncSettings.METHODS)
    accounts = draft.settings.deposit_accounts
    if value != accounts.get(method, ""):
        listed("deposit_account", draft.connection, value)
        draft.settings.deposit_accounts = replaced(accounts, method, value)


def write_owner(draft: Draft, field: str, value: str) -> None:
    chosen(field, SyncSettings.OWNED)
    owner = chosen(value, Owner.values)
    draft.settings.owners = replaced(draft.settings.owners, field, "" if owner == Owner.LATER else owner)


def replaced(values: dict[str, str], name: str, value: str) -> dict[str, str]:
    """Without the name where the value is empty: that is the default."""
    kept = {key: old for key, old in values.items() if key != name}
    return {**kept, name: value} if value else kept


MONEY_KEYS = {
    "invoice_sync": Key(lambda draft, _: switched(draft.settings.invoice_sync), write_invoice_sync),
    "push_from": word("push_from", PushFrom.values),
    "on_declined": word("on_declined", OnEnded.values),
    "on_archived": word("on_archived", OnEnded.values),
    "on_quickbooks_void": word("on_quickbooks_void", OnQuickBooksVoid.values),
    "closed_books": word("closed_books", ClosedBooks.values),
    "memo_field": word("memo_field", MemoField.values),
    "fallback_item": item("fallback_item"),
    "difference_item": item("difference_item"),
    "deposit_account": Key(
        lambda draft, method: draft.settings.deposit_accounts.get(method, ""),
        write_deposit_account,
        lambda _sheet: SyncSettings.METHODS,
    ),
    "unknown_method": word("unknown_method", PaymentMethod.values),
    "owner": Key(
        lambda draft, field: draft.settings.owners.get(field, Owner.LATER.value),
        write_owner,
        lambda _sheet: SyncSettings.OWNED,
    ),
}
