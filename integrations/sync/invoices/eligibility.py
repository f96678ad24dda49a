"""Which invoices and payments are synced at all: the cut-off, the switch, and records that came from the other side."""

from __future__ import annotations

from datetime import datetime, timedelta

from integrations.errors import BlockedBy, Choice, Skipped
from integrations.models import Action, InvoiceSyncPeriod, Kind, Question, RecordLink, SyncRun, SyncSettings
from integrations.sync.engine.context import SyncContext
from integrations.sync.engine.coperniq_texts import read_quickbooks_tag

SEND_ANYWAY = Choice("send_anyway", "Send it anyway", Question.INELIGIBLE)


def refuse_while_off(settings: SyncSettings) -> None:
    if not settings.invoice_sync:
        raise Skipped(
            "invoice_sync_off",
            "Invoice and payment syncing is off. Once it is on again, changes of linked invoices are made up for.",
        )


_PULLS = {Kind.INVOICE: Action.PULL_INVOICE, Kind.PAYMENT: Action.NOTICE_ALLOCATIONS}


def refuse_pulled_copy(ctx: SyncContext, run: SyncRun, kind: Kind, text: str) -> None:
    """Its own run links it, or finds it by the mark where a database from a backup has forgotten the link."""
    mark = read_quickbooks_tag(ctx.connection.realm_id, kind, text)
    if not mark.quickbooks_id:
        return
    link = RecordLink.objects.pulled(ctx.connection, kind, mark.quickbooks_id, mark.part)
    if link is not None:
        raise Skipped(
            "copy_of_linked",
            "It was copied in Coperniq from one that came from QuickBooks, with its mark. Remove the last line of its "
            "text if it is an invoice of its own.",
        )
    SyncRun.objects.request(
        SyncRun.of(
            ctx.connection,
            _PULLS[kind],
            quickbooks_id=mark.quickbooks_id,
            coperniq_account_id=run.coperniq_account_id,
        )
    )
    raise BlockedBy(
        "waits_for_link",
        "It came from QuickBooks, and is about to be linked with what it came from.",
        kind=kind,
        coperniq_id=run.coperniq_id,
    )


def is_before_cutoff(ctx: SyncContext, made_at: datetime | None, clock_offset: timedelta) -> bool:
    """`made_at` is by the vendor's clock, which is `clock_offset` ahead of ours; compared down to the second."""
    period = InvoiceSyncPeriod.objects.latest_of(ctx.connection)
    if period is None or made_at is None:
        return False
    return made_at < (period.on_at + clock_offset).replace(microsecond=0)
