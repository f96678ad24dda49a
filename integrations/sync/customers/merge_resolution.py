"""Move the links of a merged customer or job, all or none, as a person decides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from django.db import transaction

from integrations.errors import Choice
from integrations.messages.choices import ChoiceLabel
from integrations.messages.customers import CustomerMessage
from integrations.models import Kind, Outcome, Question, RecordLink, RunState, SyncRun
from integrations.models.sync_state import CustomerState
from integrations.quickbooks.records import Customer
from integrations.sync.customers.links import invoice_links_of, job_links_under, linked_name, links_to_record
from integrations.sync.customers.merge_detection import CustomerMerge, link_if_awaited, was_merge_declined
from integrations.sync.engine.choices import DISCARD, RETRY
from integrations.sync.engine.context import SyncContext
from integrations.sync.engine.plan import Change, RunResult, done, nothing_to_do

_LEAVE_LINKS = Choice(DISCARD.key, ChoiceLabel.LEAVE_LINKS())
_NAME_LIMIT_ON_BUTTON = 80


def resolve_merge(ctx: SyncContext, run: SyncRun, links: list[RecordLink], merge: CustomerMerge) -> RunResult:
    """Move the links if a person has agreed to this merge; else ask.

    The question is asked again if the survivor was merged in turn or made inactive since the answer.
    """
    dependents = _find_dependent_links(ctx, links)
    if run.answer_to(Question.MERGED_CUSTOMER).subject == merge.key and merge.survivor.is_active:
        return _move_links(ctx, links, dependents, merge)
    if was_merge_declined(ctx, links[0].quickbooks_id, merge):
        message = CustomerMessage.LINKS_LEFT(name=linked_name(links[0]))
        return nothing_to_do(message, silent=True, link=link_if_awaited(links[0]))
    _withdraw_decision(ctx, run)
    return _ask_to_relink(ctx, links, len(links) + len(dependents), merge)


def _find_dependent_links(ctx: SyncContext, links: list[RecordLink]) -> list[RecordLink]:
    """Links of what QuickBooks moves along in a merge: the customer's jobs and its own invoices."""
    return [
        *job_links_under(ctx.connection, links),
        *invoice_links_of(ctx.connection, links[0].quickbooks_id),
    ]


def _withdraw_decision(ctx: SyncContext, run: SyncRun) -> None:
    """An earlier answer was given for another merge than the one asked about now."""
    if run.decisions:
        with transaction.atomic():
            ctx.lease.assert_owned()
            run.withdraw_answer(Question.MERGED_CUSTOMER)


def _ask_to_relink(
    ctx: SyncContext, links: Sequence[RecordLink], count: int, merge: CustomerMerge
) -> RunResult:
    old, new = linked_name(links[0]), merge.name
    choices: tuple[Choice, ...] = (RETRY, _LEAVE_LINKS)
    if merge.survivor.is_active:
        moved = _count_links(count)
        shared = _links_of_survivor(ctx, links, merge)
        message = (
            CustomerMessage.CUSTOMER_MERGED_AND_SHARED(
                old=old, new=new, links=moved, other=shared[0].coperniq_name
            )
            if shared
            else CustomerMessage.CUSTOMER_MERGED(old=old, new=new, links=moved)
        )
        label = ChoiceLabel.MOVE_LINKS(links=moved, customer=new[:_NAME_LIMIT_ON_BUTTON])
        choices = (Choice("relink", label, Question.MERGED_CUSTOMER), *choices)
    else:
        message = CustomerMessage.CUSTOMER_MERGED_INTO_INACTIVE(old=old, new=new)
    return RunResult(
        RunState.HELD,
        Outcome.HELD,
        message.text,
        message.cause,
        choices=choices,
        question=Question.MERGED_CUSTOMER,
        question_subject=merge.key,
    )


def _links_of_survivor(
    ctx: SyncContext, links: Sequence[RecordLink], merge: CustomerMerge
) -> list[RecordLink]:
    return links_to_record(ctx.connection, links[0].kind, merge.survivor.id)


def _move_links(
    ctx: SyncContext, links: Sequence[RecordLink], dependents: Sequence[RecordLink], merge: CustomerMerge
) -> RunResult:
    """The result carries all links, so that they are stored in one transaction."""
    old, count = linked_name(links[0]), len(links) + len(dependents)
    changes = [
        Change(f"{link.kind} {link.coperniq_name}", links[0].quickbooks_id, merge.survivor.id)
        for link in (*links, *dependents)
    ]
    is_free = all(link.is_additional for link in _links_of_survivor(ctx, links, merge))
    for place, link in enumerate(links):
        link.is_additional = place > 0 or not is_free
        _point_at_survivor(link, merge.survivor)
    for link in dependents:
        if link.kind == Kind.JOB:
            link.quickbooks_snapshot = {**link.quickbooks_snapshot, "parent": merge.survivor.id}
        else:
            link.quickbooks_invoice = replace(link.quickbooks_invoice, customer=merge.survivor.id)
            link.invoice_state = replace(link.invoice_state, moved_from="")
    return done(
        CustomerMessage.LINKS_MOVED(links=_count_links(count), old=old, new=merge.name),
        changes=changes,
        link=links[0],
        other_links=[*links[1:], *dependents],
    )


def _point_at_survivor(link: RecordLink, survivor: Customer) -> None:
    """Nothing counts as written by the portal any more: the survivor's values are people's under Enrich."""
    link.quickbooks_id, link.quickbooks_name = survivor.id, survivor.values["DisplayName"]
    link.quickbooks_version, link.quickbooks_at = survivor.sync_token, survivor.updated_at
    link.quickbooks_snapshot, link.customer_state = survivor.image, CustomerState()
    link.match_method = RecordLink.MatchMethod.CHOSEN


def _count_links(count: int) -> str:
    return "1 link" if count == 1 else f"{count} links"
