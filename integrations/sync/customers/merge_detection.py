"""A customer or job that was merged into another one in QuickBooks: how that is detected, and what waits for the answer.

Merging exists only in QuickBooks' own pages. It leaves the merged record inactive and moves everything that named it
(docs/vendors/quickbooks-online.md, 4.4). One event reports it; should that be lost, the moved records show it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.db import transaction

from integrations.errors import BlockedBy, RecordMissing
from integrations.models import (
    Action,
    Direction,
    InboundEvent,
    Kind,
    Question,
    QuickBooksConnection,
    RecordLink,
    RunState,
    SyncRun,
)
from integrations.models.enums import OPEN
from integrations.quickbooks.records import Customer
from integrations.sync.customers.linked import (
    coperniq_account_of,
    documents_of,
    find_owner,
    jobs_under,
    links_at,
)
from integrations.sync.customers.matching import without_marker
from integrations.sync.engine.context import SyncContext
from integrations.sync.engine.plan import Plan

_RECORDS_ASKED = 3


@dataclass(frozen=True)
class CustomerMerge:
    """`key` names this merge alone: what a person answered holds for this survivor and this version of the other."""

    survivor: Customer
    key: str

    @property
    def name(self) -> str:
        return without_marker(self.survivor.values["DisplayName"])


def read_customer_or_none(ctx: SyncContext, quickbooks_id: str) -> Customer | None:
    try:
        return ctx.quickbooks.read_customer(quickbooks_id)
    except RecordMissing:
        return None


def find_merge(ctx: SyncContext, links: list[RecordLink], current: Customer | None) -> CustomerMerge | None:
    """`current` is what these links stand for, None if QuickBooks does not have it any more."""
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
    """What the webhooks told costs nothing; the records themselves are asked only if that leads nowhere."""
    yield from _merges_notified(ctx.connection, links[0].quickbooks_id)
    witnessed = {jobs_parent(ctx, links), documents_customer(ctx, links)} - {""}
    if len(witnessed) == 1:
        yield from witnessed - {links[0].quickbooks_id}


def _merges_notified(connection: QuickBooksConnection, quickbooks_id: str) -> Iterator[str]:
    """One after the other: what it went into may itself have been merged before anybody looked.

    The company's earlier books had the same small ids, and their notifications say nothing of these.
    """
    told = InboundEvent.objects.filter(company=connection.company_id, record_type="customer")
    events = told.filter(received_at__gte=connection.connected_at)
    passed = {quickbooks_id}
    while True:
        event = events.filter(detail__deleted_id=quickbooks_id).order_by("-id").first()
        if event is None or event.record_id in passed:
            return
        quickbooks_id = event.record_id
        passed.add(quickbooks_id)
        yield quickbooks_id


def jobs_parent(ctx: SyncContext, links: list[RecordLink]) -> str:
    """Of one in use: another may itself have been merged away, and stays where it was."""
    for job in jobs_under(ctx.connection, links)[-_RECORDS_ASKED:]:
        found = read_customer_or_none(ctx, job.quickbooks_id)
        if found is not None and found.is_active:
            return found.parent_id
    return ""


def documents_customer(ctx: SyncContext, links: list[RecordLink]) -> str:
    """A merge takes all of them along, so one that QuickBooks still has says it for all."""
    documents = documents_of(ctx.connection, links[0].quickbooks_id)
    invoices = [link for link in documents if link.kind == Kind.INVOICE]
    for link in invoices[-_RECORDS_ASKED:]:
        try:
            return ctx.quickbooks.read_invoice(link.quickbooks_id).customer_id
        except RecordMissing:
            continue
    return ""


def _merge_runs(connection: QuickBooksConnection, quickbooks_id: str) -> list[SyncRun]:
    runs = SyncRun.objects.filter(
        connection=connection,
        direction=Direction.PULL,
        action=Action.NOTICE_CUSTOMER,
        quickbooks_id=quickbooks_id,
    )
    return list(runs.filter(question=Question.MERGED_CUSTOMER))


def merge_pending(ctx: SyncContext, quickbooks_customer_id: str) -> RecordLink | None:
    """The link of the merged-away customer or job, while nobody has answered what becomes of it."""
    cards = _merge_runs(ctx.connection, quickbooks_customer_id)
    is_open = any(card.state in OPEN for card in cards)
    return find_owner(ctx.connection, quickbooks_customer_id) if is_open else None


def was_merge_declined(ctx: SyncContext, quickbooks_id: str, merge: CustomerMerge) -> bool:
    """Somebody has said that the links stay where they are: this very merge is not asked about again."""
    cards = _merge_runs(ctx.connection, quickbooks_id)
    return any(card.state == RunState.CANCELLED and card.question_subject == merge.key for card in cards)


def link_if_awaited(link: RecordLink) -> RecordLink | None:
    """The link itself if somebody waits for it: storing it, though nothing in it has changed, lets them go on."""
    waiting = SyncRun.objects.filter(connection=link.connection_id, state=RunState.WAITING)
    is_awaited = waiting.filter(waits_for_kind=link.kind, waits_for_id=link.coperniq_id).exists()
    return link if is_awaited else None


def request_merge_check(ctx: SyncContext, run: SyncRun, old_customer_id: str) -> None:
    """Somebody met a customer that looks merged away: its own run looks, and asks the question."""
    owner = find_owner(ctx.connection, old_customer_id)
    if owner is None:
        return
    asked = SyncRun.of(
        ctx.connection,
        Action.NOTICE_CUSTOMER,
        kind=owner.kind,
        coperniq_id=owner.coperniq_id,
        coperniq_account_id=coperniq_account_of(owner),
        quickbooks_id=old_customer_id,
        record_name=owner.coperniq_name,
    )
    with transaction.atomic():
        ctx.lease.assert_owned()
        SyncRun.objects.request(asked)


def wait_if_merged(ctx: SyncContext, run: SyncRun, quickbooks_id: str) -> None:
    """Raises Wait while a person has to say what becomes of a merged customer or job; else returns.

    Costs reads, and so is for what was refused or found inactive.
    """
    owner = find_owner(ctx.connection, quickbooks_id)
    if owner is None:
        return
    if merge_pending(ctx, quickbooks_id) is None:
        links = links_at(ctx.connection, owner.kind, quickbooks_id)
        merge = find_merge(ctx, links, read_customer_or_none(ctx, quickbooks_id))
        if merge is None or was_merge_declined(ctx, quickbooks_id, merge):
            return
        request_merge_check(ctx, run, quickbooks_id)
    raise _wait_for_merge_answer(owner)


def wait_if_refused(ctx: SyncContext, run: SyncRun, planned: Plan, path: str) -> None:
    """What QuickBooks refused may be a customer, named at `path`, that was merged: of that a person has to decide."""
    values = planned.write.values if planned.write is not None else {}
    wait_if_merged(ctx, run, str(values.get(path, "")))


def _wait_for_merge_answer(owner: RecordLink) -> BlockedBy:
    return BlockedBy(
        "merge_pending",
        f"“{without_marker(owner.quickbooks_name)}” was merged into another {owner.kind} in QuickBooks. Say under Held "
        "runs whether its links move there; this goes on by itself then.",
        kind=owner.kind,
        coperniq_id=owner.coperniq_id,
    )


def wait_for_survivor(ctx: SyncContext, quickbooks_id: str) -> None:
    """Raises Wait while a person is asked whether links move to this one: what is its own may become theirs."""
    asked = SyncRun.objects.held().filter(connection=ctx.connection, action=Action.NOTICE_CUSTOMER)
    cards = asked.filter(question=Question.MERGED_CUSTOMER, question_subject__startswith=f"{quickbooks_id} ")
    owners = (find_owner(ctx.connection, card.quickbooks_id) for card in cards)
    owner = next(filter(None, owners), None)
    if owner is not None:
        raise _wait_for_merge_answer(owner)


def wait_if_customer_merged(ctx: SyncContext, run: SyncRun, link: RecordLink, old: str, new: str) -> None:
    """An invoice was of customer `old` and is `new`'s in QuickBooks now: Wait if that comes from a merge.

    Returns if somebody moved this one invoice, or the question was answered with leaving the links alone.
    """
    if old != new:
        wait_if_merged(ctx, run, old)
