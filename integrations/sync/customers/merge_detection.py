"""Detect that a customer or job was merged into another one in QuickBooks, and make other runs wait for the answer.

People can merge only in QuickBooks' own pages. A merge leaves the merged record inactive and moves everything under it
(docs/vendors/quickbooks-online.md, 4.4). One event reports it; if that is lost, the moved records show the merge.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from integrations.errors import BlockedBy, RecordMissing
from integrations.messages.customers import CustomerMessage
from integrations.models import (
    Action,
    Direction,
    InboundEvent,
    Question,
    QuickBooksConnection,
    RecordLink,
    RunState,
    SyncRun,
)
from integrations.models.enums import OPEN
from integrations.quickbooks.records import Customer
from integrations.sync.customers.links import (
    coperniq_account_id_of,
    find_customer_link,
    invoice_links_of,
    job_links_under,
    links_to_record,
)
from integrations.sync.customers.naming import without_inactive_suffix
from integrations.sync.engine.context import SyncContext
from integrations.sync.engine.follow_ups import RequestedRun
from integrations.sync.engine.plan import Plan

_RECORDS_READ = 3


@dataclass(frozen=True)
class CustomerMerge:
    """`key` identifies the merge: an answer counts for this survivor and this version of the merged record only."""

    survivor: Customer
    key: str

    @property
    def name(self) -> str:
        return without_inactive_suffix(self.survivor.values["DisplayName"])


def read_customer_or_none(ctx: SyncContext, quickbooks_id: str) -> Customer | None:
    try:
        return ctx.quickbooks.read_customer(quickbooks_id)
    except RecordMissing:
        return None


def find_merge(ctx: SyncContext, links: list[RecordLink], current: Customer | None) -> CustomerMerge | None:
    """`current` is the record these links name, None if QuickBooks does not have it anymore."""
    if current is not None and current.is_active:
        return None
    survivor = None
    for found in filter(None, (read_customer_or_none(ctx, id_) for id_ in _possible_survivors(ctx, links))):
        survivor = found
        if found.is_active:
            break
    version = current.sync_token if current is not None else "gone"
    return CustomerMerge(survivor, f"{survivor.id} {version}") if survivor is not None else None


def _possible_survivors(ctx: SyncContext, links: list[RecordLink]) -> Iterator[str]:
    """From stored events first; jobs and invoices are read from QuickBooks only if those lead to no active survivor."""
    yield from _survivors_from_events(ctx.connection, links[0].quickbooks_id)
    moved_to = {_customer_of_jobs(ctx, links), _customer_of_invoices(ctx, links)} - {""}
    if len(moved_to) == 1:
        yield from moved_to - {links[0].quickbooks_id}


def _survivors_from_events(connection: QuickBooksConnection, quickbooks_id: str) -> Iterator[str]:
    """Each survivor in turn, because a survivor may itself have been merged since.

    Events from before the connection are ignored: another QuickBooks company may use the same ids.
    """
    events = InboundEvent.objects.filter(
        company=connection.company_id, record_type="customer", received_at__gte=connection.connected_at
    )
    seen = {quickbooks_id}
    while True:
        event = events.filter(detail__deleted_id=quickbooks_id).order_by("-id").first()
        if event is None or event.record_id in seen:
            return
        quickbooks_id = event.record_id
        seen.add(quickbooks_id)
        yield quickbooks_id


def _customer_of_jobs(ctx: SyncContext, links: list[RecordLink]) -> str:
    """The customer of an active job: an inactive one may itself have been merged, and keeps its old customer."""
    for job in job_links_under(ctx.connection, links)[-_RECORDS_READ:]:
        found = read_customer_or_none(ctx, job.quickbooks_id)
        if found is not None and found.is_active:
            return found.parent_id
    return ""


def _customer_of_invoices(ctx: SyncContext, links: list[RecordLink]) -> str:
    """The customer of one invoice that still exists: a merge moves all of them."""
    for link in invoice_links_of(ctx.connection, links[0].quickbooks_id)[-_RECORDS_READ:]:
        try:
            return ctx.quickbooks.read_invoice(link.quickbooks_id).customer_id
        except RecordMissing:
            continue
    return ""


def _merge_questions(connection: QuickBooksConnection, quickbooks_id: str) -> list[SyncRun]:
    """The runs that asked what becomes of the links to this record."""
    runs = SyncRun.objects.filter(
        connection=connection,
        direction=Direction.PULL,
        action=Action.NOTICE_CUSTOMER,
        quickbooks_id=quickbooks_id,
    )
    return list(runs.filter(question=Question.MERGED_CUSTOMER))


def find_pending_merge(ctx: SyncContext, quickbooks_customer_id: str) -> RecordLink | None:
    """The link of the merged customer or job, while the question about it is open."""
    questions = _merge_questions(ctx.connection, quickbooks_customer_id)
    is_open = any(run.state in OPEN for run in questions)
    return find_customer_link(ctx.connection, quickbooks_customer_id) if is_open else None


def was_merge_declined(ctx: SyncContext, quickbooks_id: str, merge: CustomerMerge) -> bool:
    """A person has decided that the links stay where they are, so this merge is not asked about again."""
    questions = _merge_questions(ctx.connection, quickbooks_id)
    return any(run.state == RunState.CANCELLED and run.question_subject == merge.key for run in questions)


def link_if_awaited(link: RecordLink) -> RecordLink | None:
    """The link if a run waits for it: storing it, even unchanged, releases that run."""
    waiting = SyncRun.objects.filter(connection=link.connection_id, state=RunState.WAITING)
    is_awaited = waiting.filter(waits_for_kind=link.kind, waits_for_id=link.coperniq_id).exists()
    return link if is_awaited else None


def request_merge_check(ctx: SyncContext, old_customer_id: str) -> None:
    """Queue a run that checks this customer or job for a merge, and asks the question."""
    owner = find_customer_link(ctx.connection, old_customer_id)
    if owner is None:
        return
    check = SyncRun.of(
        ctx.connection,
        Action.NOTICE_CUSTOMER,
        kind=owner.kind,
        coperniq_id=owner.coperniq_id,
        coperniq_account_id=coperniq_account_id_of(owner),
        quickbooks_id=old_customer_id,
        record_name=owner.coperniq_name,
    )
    ctx.follow_ups.append(RequestedRun(check))


def wait_if_merged(ctx: SyncContext, quickbooks_id: str) -> None:
    """Raises BlockedBy while a person has to decide what becomes of the links to a merged customer or job.

    It reads from QuickBooks, so call it only after a refusal or for an inactive record.
    """
    owner = find_customer_link(ctx.connection, quickbooks_id)
    if owner is None:
        return
    if find_pending_merge(ctx, quickbooks_id) is None:
        links = links_to_record(ctx.connection, owner.kind, quickbooks_id)
        merge = find_merge(ctx, links, read_customer_or_none(ctx, quickbooks_id))
        if merge is None or was_merge_declined(ctx, quickbooks_id, merge):
            return
        request_merge_check(ctx, quickbooks_id)
    raise _blocked_by_merge(owner)


def wait_if_refused(ctx: SyncContext, planned: Plan, path: str) -> None:
    """After a refusal: raises BlockedBy if the customer that the write names at `path` was merged."""
    values = planned.write.values if planned.write is not None else {}
    wait_if_merged(ctx, str(values.get(path, "")))


def _blocked_by_merge(owner: RecordLink) -> BlockedBy:
    name = without_inactive_suffix(owner.quickbooks_name)
    return BlockedBy(
        CustomerMessage.MERGE_PENDING(name=name, kind=owner.kind),
        kind=owner.kind,
        coperniq_id=owner.coperniq_id,
    )


def wait_for_survivor(ctx: SyncContext, quickbooks_id: str) -> None:
    """Raises BlockedBy while a person is asked whether links move to this customer.

    Its documents may belong to an account whose links move here.
    """
    held = SyncRun.objects.held().filter(connection=ctx.connection, action=Action.NOTICE_CUSTOMER)
    questions = held.filter(
        question=Question.MERGED_CUSTOMER, question_subject__startswith=f"{quickbooks_id} "
    )
    owners = (find_customer_link(ctx.connection, run.quickbooks_id) for run in questions)
    owner = next(filter(None, owners), None)
    if owner is not None:
        raise _blocked_by_merge(owner)


def wait_if_customer_merged(ctx: SyncContext, old: str, new: str) -> None:
    """Raises BlockedBy if an invoice went from customer `old` to `new` in QuickBooks because of a merge.

    Returns if a person moved this one invoice, or decided to leave the links where they are.
    """
    if old != new:
        wait_if_merged(ctx, old)
