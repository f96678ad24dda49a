"""What becomes of the links of a merged customer or job: a person decides, and all of them move or none."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction

from integrations.errors import Choice
from integrations.models import Kind, Outcome, Question, RecordLink, RunState, SyncRun
from integrations.models.links import MOVED_FROM
from integrations.quickbooks.records import Customer
from integrations.sync.customers.links import document_links_of, job_links_under, links_to_record
from integrations.sync.customers.merge_detection import CustomerMerge, link_if_awaited, was_merge_declined
from integrations.sync.customers.naming import without_inactive_suffix
from integrations.sync.engine.choices import DISCARD, RETRY
from integrations.sync.engine.context import SyncContext
from integrations.sync.engine.plan import Change, RunResult, done, nothing_to_do

_LEAVE_LINKS = Choice(DISCARD.key, "Leave them")
_NAME_LIMIT_ON_BUTTON = 80  # of a name on a button


def resolve_merge(ctx: SyncContext, run: SyncRun, links: list[RecordLink], merge: CustomerMerge) -> RunResult:
    """Answered for this very merge: done. Since then it went on, or the survivor is not in use: asked anew."""
    followers = _find_dependent_links(ctx, links)
    if run.answer_to(Question.MERGED_CUSTOMER).subject == merge.key and merge.survivor.is_active:
        return _move_links(ctx, links, followers, merge)
    if was_merge_declined(ctx, links[0].quickbooks_id, merge):
        sentence = f"The links of “{linked_name(links[0])}” were left as they are."
        return nothing_to_do(sentence, silent=True, link=link_if_awaited(links[0]))
    _withdraw_decision(ctx, run)
    return _ask_to_relink(ctx, links, len(links) + len(followers), merge)


def _find_dependent_links(ctx: SyncContext, links: list[RecordLink]) -> list[RecordLink]:
    """What QuickBooks took along: the jobs under it, and the documents that were its own."""
    return [
        *job_links_under(ctx.connection, links),
        *document_links_of(ctx.connection, links[0].quickbooks_id),
    ]


def _withdraw_decision(ctx: SyncContext, run: SyncRun) -> None:
    """It was for what was shown then; nobody has agreed to what is shown now."""
    if run.decisions:
        with transaction.atomic():
            ctx.lease.assert_owned()
            run.withdraw_answer(Question.MERGED_CUSTOMER)


def _ask_to_relink(
    ctx: SyncContext, links: Sequence[RecordLink], count: int, merge: CustomerMerge
) -> RunResult:
    old, new = linked_name(links[0]), merge.name
    choices: tuple[Choice, ...] = (RETRY, _LEAVE_LINKS)
    told = f"“{old}” was merged into “{new}” in QuickBooks"
    if merge.survivor.is_active:
        sharers = _links_of_survivor(ctx, links, merge)
        shared = (
            f" “{sharers[0].coperniq_name}” is linked to “{new}” too: both will share it." if sharers else ""
        )
        sentence = f"{told}: move {_count_links(count)} to “{new}”?{shared} What is new for “{old}” waits until then."
        choices = (
            Choice(
                "relink",
                f"Move {_count_links(count)} to “{new[:_NAME_LIMIT_ON_BUTTON]}”",
                Question.MERGED_CUSTOMER,
            ),
            *choices,
        )
    else:
        sentence = f"{told}, but “{new}” is inactive there by now. Make it active again in QuickBooks, then try again."
    return RunResult(
        RunState.HELD,
        Outcome.HELD,
        sentence,
        "customer_merged",
        choices=choices,
        question=Question.MERGED_CUSTOMER,
        question_subject=merge.key,
    )


def _links_of_survivor(
    ctx: SyncContext, links: Sequence[RecordLink], merge: CustomerMerge
) -> list[RecordLink]:
    return links_to_record(ctx.connection, links[0].kind, merge.survivor.id)


def _move_links(
    ctx: SyncContext, links: Sequence[RecordLink], followers: Sequence[RecordLink], merge: CustomerMerge
) -> RunResult:
    """All of it is in the ending, and the ending is stored in one transaction."""
    old, count = linked_name(links[0]), len(links) + len(followers)
    changes = [
        Change(f"{link.kind} {link.coperniq_name}", links[0].quickbooks_id, merge.survivor.id)
        for link in (*links, *followers)
    ]
    is_free = not any(link.quickbooks_part == "" for link in _links_of_survivor(ctx, links, merge))
    for place, link in enumerate(links):
        part = "" if is_free and place == 0 else f"merged {link.coperniq_id}"
        _point_at_survivor(link, merge.survivor, part)
    for link in followers:
        field = "parent" if link.kind == Kind.JOB else "customer"
        link.quickbooks_snapshot = {**link.quickbooks_snapshot, field: merge.survivor.id}
        link.written = {name: value for name, value in link.written.items() if name != MOVED_FROM}
    return done(
        f"Moved {_count_links(count)} from “{old}” to “{merge.name}”.",
        cause="relinked",
        changes=changes,
        link=links[0],
        other_links=[*links[1:], *followers],
    )


def _point_at_survivor(link: RecordLink, survivor: Customer, part: str) -> None:
    """What stands in the survivor the portal did not write for this account: under Enrich it is people's."""
    link.quickbooks_id, link.quickbooks_part = survivor.id, part
    link.quickbooks_name = survivor.values["DisplayName"]
    link.quickbooks_version, link.quickbooks_at = survivor.sync_token, survivor.updated_at
    link.quickbooks_snapshot, link.written = survivor.image, {}
    link.match_method = RecordLink.MatchMethod.CHOSEN


def linked_name(link: RecordLink) -> str:
    return without_inactive_suffix(link.quickbooks_name) or link.coperniq_name


def _count_links(count: int) -> str:
    return "1 link" if count == 1 else f"{count} links"
