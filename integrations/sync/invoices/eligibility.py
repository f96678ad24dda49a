"""Which invoices and payments are synced at all: the cut-off, the switch, and records that came from the other side."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NoReturn

from integrations.causes import Cause
from integrations.errors import BlockedBy, Choice, Skipped
from integrations.messages.choices import ChoiceLabel
from integrations.messages.invoices_push import InvoicePushMessage
from integrations.models import (
    Action,
    Direction,
    InvoiceSyncPeriod,
    Kind,
    Question,
    RecordLink,
    RunState,
    SyncRun,
    SyncSettings,
)
from integrations.sync.engine.context import SyncContext
from integrations.sync.engine.coperniq_texts import read_quickbooks_tag
from integrations.sync.engine.follow_ups import RequestedRun

SEND_ANYWAY = Choice("send_anyway", ChoiceLabel.SEND_ANYWAY(), Question.INELIGIBLE)
_PULLS = {Kind.INVOICE: Action.PULL_INVOICE, Kind.PAYMENT: Action.NOTICE_ALLOCATIONS}


def wait_while_off(settings: SyncSettings) -> None:
    """Raises BlockedBy while invoice syncing is off: the run, with its answers, goes on once it is on again."""
    if not settings.invoice_sync:
        raise BlockedBy(InvoicePushMessage.SYNC_OFF())


def refuse_tagged_copy(ctx: SyncContext, run: SyncRun, kind: Kind, text: str) -> None:
    """Refuse a Coperniq record whose text has the tag of a QuickBooks record.

    Raises Skipped if that record is linked already: then this one is a copy. Otherwise waits for the pull of that
    record, which finds this one by its tag and links both.
    """
    tag = read_quickbooks_tag(ctx.connection.realm_id, kind, text)
    if not tag.quickbooks_id:
        return
    if (
        RecordLink.objects.pulled(ctx.connection, kind, tag.quickbooks_id, tag.allocation_invoice_id)
        is not None
    ):
        raise Skipped(InvoicePushMessage.COPY_OF_LINKED(), [SEND_ANYWAY])
    wait_for_pull(ctx, run, kind, tag.quickbooks_id)


def wait_for_pull(ctx: SyncContext, run: SyncRun, kind: Kind, quickbooks_id: str) -> NoReturn:
    """Request the pull of a QuickBooks record, which links it to this run's record. Raises BlockedBy."""
    pull = SyncRun.of(
        ctx.connection,
        _PULLS[kind],
        quickbooks_id=quickbooks_id,
        coperniq_account_id=run.coperniq_account_id,
    )
    ctx.follow_ups.append(RequestedRun(pull))
    raise BlockedBy(InvoicePushMessage.WAITS_FOR_LINK(), kind=kind, coperniq_id=run.coperniq_id)


def waiting_pushes(link: RecordLink) -> list[SyncRun]:
    """Pushes of other records of the account that wait for a pull: `link` may tell them what they are."""
    waiting = SyncRun.objects.filter(
        connection=link.connection_id,
        kind=link.kind,
        direction=Direction.PUSH,
        state=RunState.WAITING,
        cause=Cause.WAITS_FOR_LINK,
        coperniq_account_id=link.coperniq_account_id,
    )
    return [
        SyncRun.of(
            link.connection,
            Action(run.action),
            coperniq_id=run.coperniq_id,
            coperniq_parent_id=run.coperniq_parent_id,
            coperniq_account_id=run.coperniq_account_id,
        )
        for run in waiting.exclude(coperniq_id=link.coperniq_id)
    ]


def was_made_while_off(ctx: SyncContext, made_at: datetime | None, clock_offset: timedelta) -> bool:
    """`made_at` is by the vendor's clock, which is `clock_offset` ahead of the portal's."""
    period = InvoiceSyncPeriod.objects.latest_of(ctx.connection)
    return period is not None and made_at is not None and not period.accepts(made_at, clock_offset)


def is_chosen(run: SyncRun) -> bool:
    """Whether a person chose the record itself, by its question or for a batch: then it is accepted for good."""
    chosen = run.is_wanted or run.batch_id is not None
    return chosen or SyncRun.objects.of_record(run).filter(batch__isnull=False, executed_count__gt=0).exists()


def is_wanted(run: SyncRun, choice: Choice) -> bool:
    """Whether a person wants the record synced: answered any question of this run, or once took the choice for it."""
    return (
        run.is_wanted
        or SyncRun.objects.of_record(run)
        .filter(decision_rows__question=choice.question, decision_rows__answer=choice.key)
        .exists()
    )
