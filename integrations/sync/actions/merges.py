"""A customer or job that went into another one in QuickBooks: how it is found out, and what waits until a person has
said what becomes of its links.

Merging exists only in QuickBooks' own pages. It leaves the merged-away record inactive, and takes everything that
named it along (docs/vendors/quickbooks-online.md, 4.4). One event tells of it; should that be lost, the moved records
themselves do.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.db import transaction

from integrations.errors import RecordMissing, Wait
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
from integrations.models.vocabulary import OPEN
from integrations.quickbooks.records import Customer
from integrations.sync.actions.linked_people import account_of, documents_of, jobs_under, links_at, owner_of
from integrations.sync.desk import Desk
from integrations.sync.matching import without_marker
from integrations.sync.plans import Plan

WITNESSES = 3


@dataclass(frozen=True)
class Merge:
    """`key` names this merge alone: what a person answered holds for this survivor and this version of the other."""

    survivor: Customer
    key: str

    @property
    def name(self) -> str:
        return without_marker(self.survivor.values["DisplayName"])


def read_person(desk: Desk, quickbooks_id: str) -> Customer | None:
    try:
        return desk.quickbooks.read_customer(quickbooks_id)
    except RecordMissing:
        return None


def find_merge(desk: Desk, links: list[RecordLink], current: Customer | None) -> Merge | None:
    """`current` is what these links stand for, None if QuickBooks does not have it any more."""
    if current is not None and current.is_active:
        return None
    survivor = None
    for found in filter(None, (read_person(desk, id_) for id_ in whereabouts(desk, links))):
        survivor = found
        if found.is_active:
            break
    version = current.sync_token if current is not None else "gone"
    return Merge(survivor, f"{survivor.id} {version}") if survivor is not None else None


def whereabouts(desk: Desk, links: list[RecordLink]) -> Iterator[str]:
    """What the webhooks told costs nothing; the records themselves are asked only if that leads nowhere."""
    yield from told_by_webhooks(desk.connection, links[0].quickbooks_id)
    witnessed = {jobs_parent(desk, links), documents_customer(desk, links)} - {""}
    if len(witnessed) == 1:
        yield from witnessed - {links[0].quickbooks_id}


def told_by_webhooks(connection: QuickBooksConnection, quickbooks_id: str) -> Iterator[str]:
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


def jobs_parent(desk: Desk, links: list[RecordLink]) -> str:
    """Of one in use: another may itself have been merged away, and stays where it was."""
    for job in jobs_under(desk.connection, links)[-WITNESSES:]:
        found = read_person(desk, job.quickbooks_id)
        if found is not None and found.is_active:
            return found.parent_id
    return ""


def documents_customer(desk: Desk, links: list[RecordLink]) -> str:
    """A merge takes all of them along, so one that QuickBooks still has says it for all."""
    documents = documents_of(desk.connection, links[0].quickbooks_id)
    invoices = [link for link in documents if link.kind == Kind.INVOICE]
    for link in invoices[-WITNESSES:]:
        try:
            return desk.quickbooks.read_invoice(link.quickbooks_id).customer_id
        except RecordMissing:
            continue
    return ""


def cards_of(connection: QuickBooksConnection, quickbooks_id: str) -> list[SyncRun]:
    runs = SyncRun.objects.filter(
        connection=connection,
        direction=Direction.PULL,
        action=Action.NOTICE_CUSTOMER,
        quickbooks_id=quickbooks_id,
    )
    return list(runs.filter(question=Question.MERGED_CUSTOMER))


def merge_pending(desk: Desk, quickbooks_customer_id: str) -> RecordLink | None:
    """The link of the merged-away customer or job, while nobody has answered what becomes of it."""
    cards = cards_of(desk.connection, quickbooks_customer_id)
    is_open = any(card.state in OPEN for card in cards)
    return owner_of(desk.connection, quickbooks_customer_id) if is_open else None


def was_left(desk: Desk, quickbooks_id: str, merge: Merge) -> bool:
    """Somebody has said that the links stay where they are: this very merge is not asked about again."""
    cards = cards_of(desk.connection, quickbooks_id)
    return any(card.state == RunState.CANCELLED and card.question_subject == merge.key for card in cards)


def awaited(link: RecordLink) -> RecordLink | None:
    """The link itself if somebody waits for it: storing it, though nothing in it has changed, lets them go on."""
    waiting = SyncRun.objects.filter(connection=link.connection_id, state=RunState.WAITING)
    is_awaited = waiting.filter(waits_for_kind=link.kind, waits_for_id=link.coperniq_id).exists()
    return link if is_awaited else None


def suspect(desk: Desk, run: SyncRun, old_customer_id: str) -> None:
    """Somebody met a customer that looks merged away: its own run looks, and asks the question."""
    owner = owner_of(desk.connection, old_customer_id)
    if owner is None:
        return
    asked = SyncRun.of(
        desk.connection,
        Action.NOTICE_CUSTOMER,
        kind=owner.kind,
        coperniq_id=owner.coperniq_id,
        coperniq_account_id=account_of(owner),
        quickbooks_id=old_customer_id,
        record_name=owner.coperniq_name,
    )
    with transaction.atomic():
        desk.lane.hold_fast()
        SyncRun.objects.ask(asked)


def wait_if_merged(desk: Desk, run: SyncRun, quickbooks_id: str) -> None:
    """Raises Wait while a person has to say what becomes of a merged customer or job; else returns.

    Costs reads, and so is for what was refused or found inactive.
    """
    owner = owner_of(desk.connection, quickbooks_id)
    if owner is None:
        return
    if merge_pending(desk, quickbooks_id) is None:
        links = links_at(desk.connection, owner.kind, quickbooks_id)
        merge = find_merge(desk, links, read_person(desk, quickbooks_id))
        if merge is None or was_left(desk, quickbooks_id, merge):
            return
        suspect(desk, run, quickbooks_id)
    raise answer_to(owner)


def wait_if_refused(desk: Desk, run: SyncRun, planned: Plan, path: str) -> None:
    """What QuickBooks refused may be a customer, named at `path`, that was merged: of that a person has to decide."""
    values = planned.write.values if planned.write is not None else {}
    wait_if_merged(desk, run, str(values.get(path, "")))


def answer_to(owner: RecordLink) -> Wait:
    return Wait(
        "merge_pending",
        f"“{without_marker(owner.quickbooks_name)}” was merged into another {owner.kind} in QuickBooks. Say under Held "
        "runs whether its links move there; this goes on by itself then.",
        kind=owner.kind,
        coperniq_id=owner.coperniq_id,
    )


def wait_for_survivor(desk: Desk, quickbooks_id: str) -> None:
    """Raises Wait while a person is asked whether links move to this one: what is its own may become theirs."""
    asked = SyncRun.objects.held().filter(connection=desk.connection, action=Action.NOTICE_CUSTOMER)
    cards = asked.filter(question=Question.MERGED_CUSTOMER, question_subject__startswith=f"{quickbooks_id} ")
    owners = (owner_of(desk.connection, card.quickbooks_id) for card in cards)
    owner = next(filter(None, owners), None)
    if owner is not None:
        raise answer_to(owner)


def explain(desk: Desk, run: SyncRun, link: RecordLink, old: str, new: str) -> None:
    """An invoice was of customer `old` and is `new`'s in QuickBooks now: Wait if that comes from a merge.

    Returns if somebody moved this one invoice, or the question was answered with leaving the links alone.
    """
    if old != new:
        wait_if_merged(desk, run, old)
