"""A linked customer or job that changed in QuickBooks: renamed, made inactive, deleted or merged."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction

from integrations.errors import NeedsDecision
from integrations.models import Outcome, RecordLink, RemoteWrite, RunState, SyncRun
from integrations.quickbooks.records import Customer
from integrations.sync.customers.links import coperniq_account_id_of, links_to_record
from integrations.sync.customers.merge_detection import find_merge, link_if_awaited, read_customer_or_none
from integrations.sync.customers.merge_resolution import linked_name, resolve_merge
from integrations.sync.customers.naming import INACTIVE_SUFFIX, without_inactive_suffix
from integrations.sync.engine.choices import DISCARD, RETRY
from integrations.sync.engine.context import SyncContext
from integrations.sync.engine.persistence import store_result
from integrations.sync.engine.plan import Change, RunResult, done, nothing_to_do
from integrations.sync.engine.recovery import resolve_open_write


def detect(ctx: SyncContext, run: SyncRun) -> RunResult:
    links = links_to_record(ctx.connection, run.kind, run.quickbooks_id)
    if not links:
        return nothing_to_do(f"No {run.kind} of Coperniq is linked to it.", silent=True)
    if not _ensure_account_order(ctx, run, links[0]):
        return RunResult(RunState.QUEUED, Outcome.NOTHING_TO_DO, "Looked at in its turn.", silent=True)
    run.record_name = links[0].coperniq_name
    if _resolve_open_customer_writes(ctx, run, links):
        links = links_to_record(ctx.connection, run.kind, run.quickbooks_id)
    current = read_customer_or_none(ctx, run.quickbooks_id)
    merge = find_merge(ctx, links, current)
    if merge is not None:
        return resolve_merge(ctx, run, links, merge)
    if current is None:
        raise _missing_record_question(links[0])
    return _log_changes(links, current)


def _ensure_account_order(ctx: SyncContext, run: SyncRun, link: RecordLink) -> bool:
    """Everything of one Coperniq account is done in order, and whoever asked need not have known which it is."""
    if (run.coperniq_id, run.coperniq_account_id) == (link.coperniq_id, coperniq_account_id_of(link)):
        return True
    in_line = run.coperniq_account_id == coperniq_account_id_of(link)
    run.coperniq_id, run.coperniq_account_id = link.coperniq_id, coperniq_account_id_of(link)
    with transaction.atomic():
        ctx.lease.assert_owned()
        SyncRun.objects.filter(pk=run.pk).update(
            coperniq_id=run.coperniq_id, coperniq_account_id=run.coperniq_account_id
        )
    return in_line


def _resolve_open_customer_writes(ctx: SyncContext, run: SyncRun, links: Sequence[RecordLink]) -> bool:
    """What the portal itself wrote, and got no answer to, is neither news nor may its answer turn a moved link back."""
    writes = RemoteWrite.objects.open().filter(connection=ctx.connection, kind=run.kind)
    left = list(writes.filter(coperniq_id__in=[link.coperniq_id for link in links]))
    for write in left:
        with ctx.locked(f"write {write.pk}"):
            ending = resolve_open_write(ctx, write)
            if ending is not None:
                store_result(ctx, write.run or run, ending)
    return bool(left)


def _missing_record_question(link: RecordLink) -> NeedsDecision:
    """Under the cause its push is held for."""
    return NeedsDecision(
        f"{link.kind}_missing",
        f"QuickBooks does not have the linked {link.kind} “{linked_name(link)}” any more, or does not show it. "
        "Look for it in QuickBooks: once it is there again, try again.",
        [RETRY, DISCARD],
    )


def _log_changes(links: Sequence[RecordLink], current: Customer) -> RunResult:
    """Compared with what was last known of it, so that what the portal did itself is none."""
    changes = _customer_changes(max(links, key=lambda link: link.synced_at), current)
    name = without_inactive_suffix(current.values["DisplayName"])
    if not changes:
        return nothing_to_do(
            f"“{name}” is as the portal knows it.", silent=True, link=link_if_awaited(links[0])
        )
    for link in links:
        _refresh_link(link, current)
    told = {change.field: change for change in changes}
    warnings = [INACTIVE] if "Active" in told and not current.is_active else []
    return done(
        " ".join(_change_messages(told, name, current)),
        warnings,
        cause=cause_of(told, current),
        changes=changes,
        link=links[0],
        other_links=links[1:],
    )


INACTIVE = (
    "QuickBooks takes no new invoices and payments for it until it is active again: make it active again there, "
    "if more is to come."
)


def _customer_changes(link: RecordLink, current: Customer) -> list[Change]:
    before, after = (
        without_inactive_suffix(link.quickbooks_name),
        without_inactive_suffix(current.values["DisplayName"]),
    )
    renamed = [Change("DisplayName", before, after)] if before != after else []
    was, now = _was_active(link), current.is_active
    turned = [Change("Active", str(was).lower(), str(now).lower())] if was != now else []
    return [*renamed, *turned]


def _was_active(link: RecordLink) -> bool:
    """Links older than this memory have only the name QuickBooks gives to inactive ones."""
    return bool(link.quickbooks_snapshot.get("is_active", not link.quickbooks_name.endswith(INACTIVE_SUFFIX)))


def _refresh_link(link: RecordLink, current: Customer) -> None:
    """Neither `written` nor the mapped fields: what may be updated is decided with those at the next entry."""
    link.quickbooks_name = current.values["DisplayName"]
    link.quickbooks_version, link.quickbooks_at = current.sync_token, current.updated_at
    link.quickbooks_snapshot = {**link.quickbooks_snapshot, "is_active": current.is_active}


def _change_messages(told: dict[str, Change], name: str, current: Customer) -> list[str]:
    found = []
    if "DisplayName" in told:
        found.append(f"“{told['DisplayName'].before}” is called “{name}” in QuickBooks now. The link stays.")
    if "Active" in told and current.is_active:
        found.append(f"“{name}” is active again in QuickBooks: what was held for it can be tried again.")
    elif "Active" in told:
        found.append(f"“{name}” was made inactive in QuickBooks.")
    return found


def cause_of(told: dict[str, Change], current: Customer) -> str:
    if "Active" not in told:
        return "customer_renamed"
    return "customer_active_again" if current.is_active else "customer_made_inactive"
