"""Response handlers for accounts and payment methods created in QuickBooks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from integrations.messages.payments import PaymentMessage
from integrations.models import RemoteWrite
from integrations.quickbooks.client import QuickBooksClient
from integrations.quickbooks.lists import (
    LedgerAccount,
    PaymentMethod,
    read_ledger_account_record,
    read_payment_method_record,
)
from integrations.sync.engine.context import SyncContext
from integrations.sync.engine.follow_ups import FollowUp
from integrations.sync.engine.lookups import LookupName, refresh_lookup
from integrations.sync.engine.plan import AnsweredWrite, Prerequisite, RunResult, done
from integrations.sync.engine.responses import WriteResponse, load_body
from integrations.sync.payments.deposit_accounts import find_active_method, own_account, stored_account_id

_NamedRow = LedgerAccount | PaymentMethod


@dataclass(frozen=True)
class _SharedResponse:
    """Its result carries no QuickBooks id: the run that created the shared record is about a payment."""

    noun: str
    reader: Callable[[Mapping[str, Any]], _NamedRow]
    listing: Callable[[QuickBooksClient], list[LedgerAccount] | list[PaymentMethod]]
    is_there: Callable[[SyncContext, str], bool]
    remember: Callable[[SyncContext, str], tuple[FollowUp, ...]]

    def read(self, record: Mapping[str, Any]) -> _NamedRow:
        return self.reader(record)

    def on_response(self, ctx: SyncContext, write: RemoteWrite, sent: WriteResponse, body: str) -> RunResult:
        created = sent.record
        assert isinstance(created, LedgerAccount | PaymentMethod)  # what read() above returns
        return done(
            PaymentMessage.SHARED_RECORD_CREATED(noun=self.noun, name=created.name),
            intuit_tid=sent.intuit_tid,
            answered=AnsweredWrite(write, created.id, "", sent.intuit_tid),
            follow_ups=self.remember(ctx, created.id),
        )

    def exists(self, ctx: SyncContext, prerequisite: Prerequisite) -> bool:
        return self.is_there(ctx, prerequisite.key)

    def find_lost_write(self, ctx: SyncContext, write: RemoteWrite, body: str) -> WriteResponse | None:
        """An active record of the name serves, whoever created it: names are unique in these lists."""
        name = load_body(body)["Name"].casefold()
        named = (row for row in self.listing(ctx.quickbooks) if row.name.casefold() == name)
        found = next((row for row in named if row.is_active), None)
        return WriteResponse(found, "") if found else None


def _is_method_there(ctx: SyncContext, name: str) -> bool:
    refresh_lookup(ctx, LookupName.METHODS)
    return bool(find_active_method(ctx, name))


account_responses = _SharedResponse(
    "account",
    read_ledger_account_record,
    lambda client: client.list_accounts(),
    is_there=lambda ctx, _name: bool(stored_account_id(ctx)),
    remember=lambda ctx, id_: (own_account(ctx, id_),),
)
method_responses = _SharedResponse(
    "payment method",
    read_payment_method_record,
    lambda client: client.list_payment_methods(),
    is_there=_is_method_there,
    remember=lambda _ctx, _id: (),
)
