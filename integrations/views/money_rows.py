"""The settings of invoices and payments as the configuration page shows them: each a labelled choice."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from integrations.connections.reference import Rows
from integrations.forms.lists import accounts_offered, items_offered
from integrations.models import (
    ClosedBooks,
    InvoiceSyncPeriod,
    MemoField,
    OnEnded,
    OnQuickBooksVoid,
    Owner,
    PaymentMethod,
    PushFrom,
    QuickBooksConnection,
    ReferenceList,
    SyncSettings,
)
from integrations.status import BY_HAND, of_jobs_added_by_hand

Option = tuple[str, str]
EARLIER = 10
PAYMENTS_ACCOUNT = "Coperniq Payments"
OWNED = {"due_date": "due date", "memo": "description", "lines": "lines"}


@dataclass(frozen=True)
class Setting:
    """`key` is the key of `configure`; the form posts it as it stands."""

    key: str
    label: str
    value: str
    options: list[Option]
    help: str = ""


def invoice_card(connection: QuickBooksConnection, settings: SyncSettings) -> dict[str, Any]:
    periods = InvoiceSyncPeriod.objects.filter(connection=connection).order_by("-id")
    current = periods.filter(off_at__isnull=True).first() if settings.invoice_sync else None
    lists = ReferenceList.objects.filter(connection=connection, name=ReferenceList.Name.ITEMS)
    items, accounts = items_offered(connection), accounts_offered(connection)
    return {
        "by_hand": of_jobs_added_by_hand(connection),
        "by_hand_cause": BY_HAND,
        "period": current,
        "earlier_periods": list(periods.filter(off_at__isnull=False)[:EARLIER]),
        "usual": [*usual(settings), *item_settings(settings, items)],
        "deposits": deposits(settings, accounts),
        "advanced": advanced(settings),
        "lists_read_at": lists.values_list("read_at", flat=True).first(),
    }


def usual(settings: SyncSettings) -> list[Setting]:
    return [
        Setting("push_from", "Send an invoice to QuickBooks", settings.push_from, PushFrom.choices,
                "QuickBooks has no drafts: an invoice that is still a draft in Coperniq is an open one there."),
        Setting("on_declined", "If Coperniq declines an invoice", settings.on_declined, OnEnded.choices,
                "A paid invoice is never voided or deleted by itself: you are asked."),
        Setting("on_quickbooks_void", "If QuickBooks voids an invoice", settings.on_quickbooks_void,
                OnQuickBooksVoid.choices,
                "What becomes of it in Coperniq. If something is paid on it there, you are asked."),
        Setting("closed_books", "If the books are closed for its date", settings.closed_books,
                ClosedBooks.choices, "An invoice that is in QuickBooks already keeps its date."),
    ]  # fmt: skip


def item_settings(settings: SyncSettings, items: Rows) -> list[Setting]:
    offered = [(row["id"], item_label(row)) for row in items]
    return [
        Setting("fallback_item", "Item for lines without a match", settings.fallback_item,
                with_default("None: the line has no item", offered, settings.fallback_item),
                "Used if QuickBooks drops the amount of a line without an item."),
        Setting("difference_item", "Item for tax and differences", settings.difference_item,
                with_default("None: ask a person", offered, settings.difference_item),
                "If a total in Coperniq is more than its lines, the rest goes to this item."),
    ]  # fmt: skip


def item_label(row: dict[str, Any]) -> str:
    return f"{row['name']} ({row['sku']})" if row.get("sku") else str(row["name"])


def with_default(default: str, offered: Iterable[Option], value: str) -> list[Option]:
    """What is chosen stays visible, even when QuickBooks offers it no longer."""
    options = [("", default), *offered]
    if value not in dict(options):
        options.append((value, f"{value} (QuickBooks does not offer it any more)"))
    return options


def deposits(settings: SyncSettings, accounts: Rows) -> list[Setting]:
    offered = [(row["id"], f"{row['name']} ({row['account_type']})") for row in accounts]
    chosen = settings.deposit_accounts
    return [
        Setting(f"deposit_account.{method}", label, value, with_default(PAYMENTS_ACCOUNT, offered, value))
        for method, label in PaymentMethod.choices
        for value in [chosen.get(method, "")]
    ]


def advanced(settings: SyncSettings) -> list[Setting]:
    owners = [
        Setting(f"owner.{field}", f"If both sides changed the {OWNED[field]}",
                settings.owners.get(field, Owner.LATER.value), Owner.choices)
        for field in SyncSettings.OWNED
    ]  # fmt: skip
    return [
        Setting("on_archived", "If Coperniq archives an invoice", settings.on_archived, OnEnded.choices),
        Setting("memo_field", "The description goes to", settings.memo_field, MemoField.choices),
        Setting("unknown_method", "Payments by a method Coperniq does not know", settings.unknown_method,
                PaymentMethod.choices,
                "Coperniq records the payment as this; QuickBooks' own word for it goes into the payment's notes."),
        *owners,
    ]  # fmt: skip
