"""Accounts and payment methods: made once for all records, so that they have no link."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from integrations.models import RemoteWrite
from integrations.quickbooks.client import QuickBooksClient
from integrations.quickbooks.lists import (
    LedgerAccount,
    PaymentMethod,
    read_ledger_account_record,
    read_payment_method_record,
)
from integrations.sync.answers.invoices import load
from integrations.sync.answers.sent import Sent
from integrations.sync.desk import Desk
from integrations.sync.endings import Answered, Ending, done

Named = LedgerAccount | PaymentMethod


@dataclass(frozen=True)
class Shared:
    """The ending names no record of QuickBooks: the run's own is another one."""

    noun: str
    reader: Callable[[Mapping[str, Any]], Named]
    listing: Callable[[QuickBooksClient], list[LedgerAccount] | list[PaymentMethod]]

    def read(self, record: Mapping[str, Any]) -> Named:
        return self.reader(record)

    def ending_of(self, desk: Desk, write: RemoteWrite, sent: Sent, body: str) -> Ending:
        made = sent.record
        assert isinstance(made, LedgerAccount | PaymentMethod)  # what read() above made of the answer
        return done(
            f"Created the {self.noun} “{made.name}” in QuickBooks.",
            intuit_tid=sent.intuit_tid,
            answered=Answered(write, made.id, "", sent.intuit_tid),
        )

    def look_for(self, desk: Desk, write: RemoteWrite, body: str) -> Sent | None:
        """Names are unique in these lists, so that one of our name is ours or serves as well."""
        name = load(body)["Name"].casefold()
        named = (row for row in self.listing(desk.quickbooks) if row.name.casefold() == name)
        found = next((row for row in named if row.is_active), None)
        return Sent(found, "") if found else None


accounts = Shared("account", read_ledger_account_record, lambda client: client.list_accounts())
methods = Shared("payment method", read_payment_method_record, lambda client: client.list_payment_methods())
