"""Which invoices and payments are synced at all: the cut-off, the switch, and records that came from the other side."""

from __future__ import annotations

from datetime import datetime, timedelta

from integrations.errors import BlockedBy, Choice, Skipped
from integrations.messages.invoices_push import InvoicePushMessage
from integrations.models import Action, InvoiceSyncPeriod, Kind, Question, RecordLink, SyncRun, SyncSettings
from integrations.sync.engine.context import SyncContext
from integrations.sync.engine.coperniq_texts import read_quickbooks_tag
from integrations.sync.engine.follow_ups import RequestedRun

SEND_ANYWAY = Choice("send_anyway", "Send it anyway", Question.INELIGIBLE)
_PULLS = {Kind.INVOICE: Action.PULL_INVOICE, Kind.PAYMENT: Action.NOTICE_ALLOCATIONS}


def refuse_while_off(settings: SyncSettings) -> None:
    """Raises Skipped while invoice syncing is off."""
    if not settings.invoice_sync:
        raise Skipped(InvoicePushMessage.SYNC_OFF())


def refuse_pulled_copy(ctx: SyncContext, run: SyncRun, kind: Kind, text: str) -> None:
    """Refuse a Coperniq record whose text has the tag of a QuickBooks record.

    Raises Skipped if that record is linked already: then this one is a copy. Otherwise requests the pull of that
    record, which finds this one by its tag and links both, and raises BlockedBy.
    """
    tag = read_quickbooks_tag(ctx.connection.realm_id, kind, text)
    if not tag.quickbooks_id:
        return
    if (
        RecordLink.objects.pulled(ctx.connection, kind, tag.quickbooks_id, tag.allocation_invoice_id)
        is not None
    ):
        raise Skipped(InvoicePushMessage.COPY_OF_LINKED())
    pull = SyncRun.of(
        ctx.connection,
        _PULLS[kind],
        quickbooks_id=tag.quickbooks_id,
        coperniq_account_id=run.coperniq_account_id,
    )
    ctx.follow_ups.append(RequestedRun(pull))
    raise BlockedBy(InvoicePushMessage.WAITS_FOR_LINK(), kind=kind, coperniq_id=run.coperniq_id)


def is_before_cutoff(ctx: SyncContext, made_at: datetime | None, clock_offset: timedelta) -> bool:
    """`made_at` is by the vendor's clock, which is `clock_offset` ahead of the portal's; compared in whole seconds."""
    period = InvoiceSyncPeriod.objects.latest_of(ctx.connection)
    if period is None or made_at is None:
        return False
    return made_at < (period.on_at + clock_offset).replace(microsecond=0)
