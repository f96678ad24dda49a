"""Detect what became of a linked customer or job in QuickBooks: renamed, made inactive, deleted or merged."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction

from integrations.causes import Cause
from integrations.messages import Message
from integrations.messages.customers import CustomerMessage
from integrations.models import Outcome, RecordLink, RemoteWrite, RunState, SyncRun
from integrations.quickbooks.records import Customer
from integrations.sync.customers.links import (
    coperniq_account_id_of,
    links_to_record,
    missing_in_quickbooks,
)
from integrations.sync.customers.merge_detection import find_merge, link_if_awaited, read_customer_or_none
from integrations.sync.customers.merge_resolution import resolve_merge
from integrations.sync.customers.naming import INACTIVE_SUFFIX, without_inactive_suffix
from integrations.sync.engine.context import SyncContext
from integrations.sync.engine.follow_ups import requeue
from integrations.sync.engine.persistence import store_result
from integrations.sync.engine.plan import Change, RunResult, done, nothing_to_do
from integrations.sync.engine.recovery import resolve_open_write

_INACTIVE_CAUSES = (Cause.CUSTOMER_INACTIVE, Cause.JOB_INACTIVE, Cause.INACTIVE_REFERENCE)
"""Causes of runs that a customer or job which is active again may let go on."""


def detect(ctx: SyncContext, run: SyncRun) -> RunResult:
    links = links_to_record(ctx.connection, run.kind, run.quickbooks_id)
    if not links:
        return nothing_to_do(CustomerMessage.NOT_LINKED(kind=run.kind), silent=True)
    if not _ensure_account_order(ctx, run, links[0]):
        message = CustomerMessage.QUEUED_IN_ORDER()
        return RunResult(RunState.QUEUED, Outcome.NOTHING_TO_DO, message.text, silent=True)
    run.record_name = links[0].coperniq_name
    if _resolve_open_customer_writes(ctx, run, links):
        links = links_to_record(ctx.connection, run.kind, run.quickbooks_id)
    current = read_customer_or_none(ctx, run.quickbooks_id)
    merge = find_merge(ctx, links, current)
    if merge is not None:
        return resolve_merge(ctx, run, links, merge)
    if current is None:
        raise missing_in_quickbooks(links[0])
    if current.is_active:
        asked = SyncRun.objects.held().filter(connection=ctx.connection, cause__in=_INACTIVE_CAUSES)
        requeue(ctx.follow_ups, asked.filter(coperniq_account_id=run.coperniq_account_id))
    return _log_changes(links, current)


def _ensure_account_order(ctx: SyncContext, run: SyncRun, link: RecordLink) -> bool:
    """Give the run the ids of its link. False if it has to be queued again, behind the other runs of that account.

    Runs of one Coperniq account are executed in order, and an event from QuickBooks does not name the account.
    """
    account_id = coperniq_account_id_of(link)
    if (run.coperniq_id, run.coperniq_account_id) == (link.coperniq_id, account_id):
        return True
    is_in_order = run.coperniq_account_id == account_id
    run.coperniq_id, run.coperniq_account_id = link.coperniq_id, account_id
    with transaction.atomic():
        ctx.lease.assert_owned()
        SyncRun.objects.filter(pk=run.pk).update(
            coperniq_id=run.coperniq_id, coperniq_account_id=run.coperniq_account_id
        )
    return is_in_order


def _resolve_open_customer_writes(ctx: SyncContext, run: SyncRun, links: Sequence[RecordLink]) -> bool:
    """Find out what became of the portal's own unanswered writes to these records. True if there were any.

    Such a write must not be taken for a change by people, and its late answer must not undo a moved link.
    """
    writes = RemoteWrite.objects.open().filter(connection=ctx.connection, kind=run.kind)
    open_writes = list(writes.filter(coperniq_id__in=[link.coperniq_id for link in links]))
    for write in open_writes:
        with ctx.locked(f"write {write.pk}"):
            result = resolve_open_write(ctx, write)
            if result is not None:
                store_result(ctx, write.run or run, result)
    return bool(open_writes)


def _log_changes(links: Sequence[RecordLink], current: Customer) -> RunResult:
    """Compared with what was last stored, so that the portal's own writes are no changes."""
    changes = _customer_changes(max(links, key=lambda link: link.synced_at), current)
    if not changes:
        moved = [link for link in links if link.quickbooks_snapshot.get("billing") != current.billing]
        for link in moved:
            link.quickbooks_snapshot = {**link.quickbooks_snapshot, "billing": current.billing}
        message = CustomerMessage.NO_RELEVANT_CHANGE(
            name=without_inactive_suffix(current.values["DisplayName"])
        )
        first = links[0] if links[0] in moved else link_if_awaited(links[0])
        return nothing_to_do(message, silent=True, link=first, other_links=moved)
    for link in links:
        _refresh_link(link, current)
    messages = _change_messages(changes, current)
    deactivated = messages[-1].cause == Cause.CUSTOMER_MADE_INACTIVE
    return done(
        Message(messages[-1].cause, " ".join(map(str, messages))),
        [CustomerMessage.INACTIVE_TAKES_NO_DOCUMENTS()] if deactivated else [],
        cause=messages[-1].cause,
        changes=changes,
        link=links[0],
        other_links=links[1:],
    )


def _customer_changes(link: RecordLink, current: Customer) -> list[Change]:
    before, after = (
        without_inactive_suffix(link.quickbooks_name),
        without_inactive_suffix(current.values["DisplayName"]),
    )
    renamed = [Change("DisplayName", before, after)] if before != after else []
    was, now = _was_active(link), current.is_active
    switched = [Change("Active", str(was).lower(), str(now).lower())] if was != now else []
    return [*renamed, *switched]


def _was_active(link: RecordLink) -> bool:
    """Links stored before this was kept tell it only by the suffix that QuickBooks adds to inactive names."""
    return bool(link.quickbooks_snapshot.get("is_active", not link.quickbooks_name.endswith(INACTIVE_SUFFIX)))


def _refresh_link(link: RecordLink, current: Customer) -> None:
    """Leave the state and the mapped fields: the next push compares with those to decide what it may update."""
    link.quickbooks_name = current.values["DisplayName"]
    link.quickbooks_version, link.quickbooks_at = current.sync_token, current.updated_at
    link.quickbooks_snapshot = {
        **link.quickbooks_snapshot,
        "is_active": current.is_active,
        "billing": current.billing,
    }


def _change_messages(changes: Sequence[Change], current: Customer) -> list[Message]:
    """One for each change; that it is active or inactive now comes last."""
    name = without_inactive_suffix(current.values["DisplayName"])
    active = (
        CustomerMessage.CUSTOMER_ACTIVE_AGAIN if current.is_active else CustomerMessage.CUSTOMER_MADE_INACTIVE
    )
    return [
        active(name=name)
        if change.field == "Active"
        else CustomerMessage.CUSTOMER_RENAMED(before=change.before, after=name)
        for change in changes
    ]
