"""Actions of people on runs: retry, decide, release, discard. Each is recorded in the audit log."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from accounts.audit import log_action
from accounts.models import User
from accounts.roles import Right, may
from integrations import queue
from integrations.messages.engine import EngineMessage
from integrations.models import Action, CompanyLease, Kind, Question, QuickBooksConnection, RunState, SyncRun
from integrations.models.runs import DISCARD, RETRY

MONEY = (Kind.INVOICE, Kind.PAYMENT)
RELEASE, BRING_OVER = "release", "bring_over"
AT_ONCE = 200
# A run that waits or has ended may offer an alternative: to send a skipped record, or to use an overridden value.
DECIDABLE = (RunState.HELD, RunState.WAITING, RunState.DONE)


def is_money(run: SyncRun) -> bool:
    """True for invoices and payments, and for merged customers, since their invoices move with them."""
    return run.kind in MONEY or run.action == Action.NOTICE_CUSTOMER


def may_decide(user: User, run: SyncRun) -> bool:
    """Finance decides about invoices and payments, company admins about customers and jobs too."""
    return may(user, run.company, Right.DECIDE if is_money(run) else Right.CONFIGURE)


def may_choose(user: User, run: SyncRun, choice: str) -> bool:
    """As `may_decide`; the choice to try again is open to everybody who may retry."""
    return may_decide(user, run) or (choice == RETRY and may(user, run.company, Right.RETRY))


def retryable(runs: QuerySet[SyncRun]) -> QuerySet[SyncRun]:
    """Held or pausing runs of working connections."""
    pausing = Q(state=RunState.QUEUED) & (Q(not_before__gt=timezone.now()) | Q(is_scheduled=True))
    return runs.filter(
        pausing | Q(state=RunState.HELD), connection__in=QuickBooksConnection.objects.syncing()
    )


def retry_all(runs: QuerySet[SyncRun], user: User) -> int:
    """Queue held and pausing runs at once; returns their number. Runs in other states are left alone."""
    ids = list(retryable(runs).order_by("pk").values_list("pk", flat=True))
    retried = sum(retry_some(ids[at : at + AT_ONCE], user) for at in range(0, len(ids), AT_ONCE))
    queue.wake()
    return retried


@transaction.atomic
def retry_some(ids: list[int], user: User) -> int:
    """Retry some runs in one transaction, which on SQLite delays webhooks and has to be short."""
    found = SyncRun.objects.filter(pk__in=ids).select_related("company").order_by("pk")
    retried = [run for run in found if _requeue(run)]
    for run in retried:
        log_action(
            company=run.company,
            user=user,
            verb="retry",
            target=target_of(run),
            before=state_of(run),
            after=RunState.QUEUED.label,
        )
    for company_id in {run.company_id for run in retried}:
        CompanyLease.notify(company_id)
    return len(retried)


def _requeue(run: SyncRun) -> bool:
    same = SyncRun.objects.filter(pk=run.pk, state=run.state)
    if run.state == RunState.HELD:
        return same.requeue() == 1
    pausing = same.filter(Q(not_before__isnull=False) | Q(is_scheduled=True))
    return pausing.release_scheduled() + pausing.ignore_pauses() > 0


def decide(run: SyncRun, choice: str, user: User, shown_subject: str = "") -> bool:
    """Take a choice; False if the run has changed since it was shown, for example to another plan."""
    before = state_of(run)
    if shown_subject and shown_subject != run.question_subject:
        return False
    with transaction.atomic():
        if not run.decide(choice, user):
            return False
        log_action(
            company=run.company,
            user=user,
            verb="decide",
            target=target_of(run),
            before=before,
            after=label_of(run, choice),
        )
    queue.wake()
    return True


@dataclass(frozen=True)
class BulkResult:
    """How many of the selected runs were decided, and why the others were left out."""

    decided: int = 0
    other_question: int = 0
    moved_on: int = 0
    not_allowed: int = 0

    @property
    def left_out(self) -> str:
        """One sentence for each reason, "" if every run was decided."""
        reasons = (
            (self.other_question, EngineMessage.LEFT_OUT_OTHER_QUESTION),
            (self.moved_on, EngineMessage.LEFT_OUT_MOVED_ON),
            (self.not_allowed, EngineMessage.LEFT_OUT_NOT_ALLOWED),
        )
        return " ".join(message(count=count).text for count, message in reasons if count)


def release_all(
    runs: QuerySet[SyncRun], questions: Sequence[Question], user: User, shown: Mapping[int, str] | None = None
) -> BulkResult:
    """Release the selected runs that ask one of `questions` and still show the subject that the page named.

    A run that asks anything else is left out, whatever the keys of its choices are.
    """
    return _decide_each(runs, RELEASE, user, lambda run: run.question in questions, shown or {})


def bring_over_all(runs: QuerySet[SyncRun], user: User) -> BulkResult:
    """Bring over what the selected runs have found in QuickBooks and left there."""
    return _decide_each(
        runs, BRING_OVER, user, lambda run: run.is_kept, {}, (RunState.HELD, RunState.WAITING)
    )


def discard_all(runs: QuerySet[SyncRun], user: User) -> BulkResult:
    return _decide_each(runs, DISCARD, user, lambda run: True, {})


def _decide_each(
    runs: QuerySet[SyncRun],
    choice: str,
    user: User,
    asks: Callable[[SyncRun], bool],
    shown: Mapping[int, str],
    states: Sequence[RunState] = (RunState.HELD,),
) -> BulkResult:
    count: Counter[str] = Counter()
    for run in runs.select_related("company").order_by("pk"):
        if run.state not in states:
            count["moved_on"] += 1
        elif not asks(run):
            count["other_question"] += 1
        elif not may_choose(user, run, choice):
            count["not_allowed"] += 1
        else:
            decided = decide(run, choice, user, shown.get(run.pk, ""))
            count["decided" if decided else "moved_on"] += 1
    return BulkResult(**count)


def state_of(run: SyncRun) -> str:
    return f"{run.get_state_display()}: {run.cause}" if run.cause else run.get_state_display()


def label_of(run: SyncRun, choice: str) -> str:
    """The key of a choice, which is stable, and the label of its button."""
    labels = {offered["key"]: offered["label"] for offered in run.choices}
    return f"{choice} ({labels[choice]})" if choice in labels else choice


def record_prefix(kind: str, coperniq_id: str, quickbooks_id: str = "") -> str:
    """The beginning of the audit log's targets of all runs of one record. A record not linked yet has a QuickBooks id."""
    return f"{kind} {coperniq_id or f'QuickBooks {quickbooks_id}'}: "


def target_of(run: SyncRun) -> str:
    return f"{record_prefix(run.kind, run.coperniq_id, run.quickbooks_id)}{run} (run {run.pk})"
