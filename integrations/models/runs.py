from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from django.db import IntegrityError, models, transaction
from django.db import connection as database
from django.db.models import Case, F, Q, Value, When
from django.utils import timezone
from django.utils.functional import cached_property

from accounts.models import Company, User
from integrations.errors import Choice
from integrations.messages.engine import EngineMessage
from integrations.models.batches import Batch
from integrations.models.connections import QuickBooksConnection
from integrations.models.decisions import Answer, Decisions, RunDecision, record_decisions
from integrations.models.durability import recoverable
from integrations.models.enums import OPEN, Action, Direction, Kind, Question, RunState
from integrations.models.events import InboundEvent, PhaseEntry
from integrations.models.leases import CompanyLease
from integrations.models.links import RecordLink
from integrations.models.run_querysets import NAME_LENGTH, SyncRunQuerySet

RETRY, DISCARD = "retry", "discard"
PUSHED_IDS = ("coperniq_id", "coperniq_parent_id", "coperniq_account_id")
PULLED_IDS = (*PUSHED_IDS, "quickbooks_id", "allocation_invoice_id")


@dataclass(frozen=True)
class WriteCounts:
    """Writes that concern a run: its own, open ones of its record, and all of the record with this Coperniq id."""

    coperniq_id: str
    of_run: int
    open: int
    of_record: int


class SyncRun(models.Model):
    """One intended execution of one action for one record. What is to be done is in these rows, not in the queue."""

    company_path: ClassVar[str] = "company"

    # Both are found by indexes that begin with them.
    company = models.ForeignKey(Company, on_delete=models.CASCADE, related_name="runs", db_index=False)
    connection = models.ForeignKey(
        QuickBooksConnection, on_delete=models.CASCADE, related_name="runs", db_index=False
    )
    direction = models.CharField(max_length=4, choices=Direction, default=Direction.PUSH)
    kind = models.CharField(max_length=10, choices=Kind)
    action = models.CharField(max_length=20, choices=Action)
    # A push is identified by the Coperniq id, a pull by the QuickBooks id.
    coperniq_id = models.CharField(max_length=80, blank=True)
    quickbooks_id = models.CharField(max_length=80, blank=True)
    # The QuickBooks invoice that a payment is allocated to; each allocation is pulled by a run of its own.
    allocation_invoice_id = models.CharField(max_length=80, blank=True)
    record_name = models.CharField(max_length=NAME_LENGTH, blank=True)
    # Of an invoice or payment as the run last read it: what is at stake while a person is asked.
    amount_cents = models.BigIntegerField(null=True, blank=True)
    # Runs of one Coperniq account are executed in order, by one thread at a time.
    coperniq_account_id = models.CharField(max_length=40, blank=True)
    coperniq_parent_id = models.CharField(max_length=80, blank=True)  # a payment's invoice

    state = models.CharField(max_length=10, choices=RunState, default=RunState.QUEUED)
    cause = models.CharField(max_length=60, blank=True)
    sentence = models.TextField(blank=True)
    # The values in the sentence.
    message_parameters = models.JSONField(default=dict, blank=True)
    not_before = models.DateTimeField(null=True, blank=True)
    # Asked for by a change that waits for the next sync. A held or waiting one is planned again then.
    is_scheduled = models.BooleanField(default=False)
    attempts = models.PositiveIntegerField(default=0)
    requested_count = models.PositiveIntegerField(default=1)
    executed_count = models.PositiveIntegerField(default=0)
    fence = models.PositiveBigIntegerField(default=0)
    # The SyncToken of the QuickBooks record as this run last read it, "" if it has not read it or found nothing.
    read_version = models.CharField(max_length=20, blank=True)

    preview = models.BooleanField(default=False)
    # A pull that found something to bring over while the direction was to QuickBooks only. It stays so, whatever
    # becomes of the run: only a person's choice brings that over.
    is_kept = models.BooleanField(default=False)
    planned = models.JSONField("planned changes", default=list, blank=True)
    # The question, if it is about a subject, and the subject: a plan's fingerprint, a phase entry, a merge.
    question = models.CharField(max_length=40, choices=Question, blank=True)
    question_subject = models.CharField(max_length=64, blank=True)
    choices = models.JSONField(default=list, blank=True)
    has_decisions = models.BooleanField(default=False)
    waits_for_kind = models.CharField(max_length=10, choices=Kind, blank=True)
    waits_for_id = models.CharField(max_length=80, blank=True)

    event = models.ForeignKey(
        InboundEvent, null=True, blank=True, on_delete=models.SET_NULL, related_name="runs"
    )
    entry = models.ForeignKey(
        PhaseEntry, null=True, blank=True, on_delete=models.SET_NULL, related_name="runs"
    )
    batch = models.ForeignKey(Batch, null=True, blank=True, on_delete=models.SET_NULL, related_name="runs")
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True, blank=True)

    objects = SyncRunQuerySet.as_manager()

    # Set by sync/engine/write_history.py while the run is executed.
    write_counts: WriteCounts | None = None
    # How many writes of this execution QuickBooks has stored without clearing what they should clear.
    uncleared_writes = 0

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["connection", "action", "coperniq_id"],
                condition=Q(state__in=["queued", "running", "waiting", "held"], direction="push"),
                name="one_open_run_per_record",
            ),
            models.UniqueConstraint(
                fields=["connection", "action", "quickbooks_id", "allocation_invoice_id"],
                condition=Q(state__in=["queued", "running", "waiting", "held"], direction="pull"),
                name="one_open_pull_per_record",
            ),
        ]
        indexes = [
            models.Index(
                fields=["company", "not_before"],
                condition=Q(state="queued", is_scheduled=False),
                name="queued_runs",
            ),
            models.Index(fields=["connection"], condition=Q(is_scheduled=True), name="scheduled_runs"),
            models.Index(fields=["company", "fence"], condition=Q(state="running"), name="running_runs"),
            models.Index(
                fields=["connection", "waits_for_kind", "waits_for_id"],
                condition=Q(state="waiting"),
                name="waiting_runs",
            ),
            models.Index(fields=["company", "state", "-id"], name="runs_by_state"),
            models.Index(fields=["cause"], condition=Q(state="held"), name="held_runs"),
            models.Index(fields=["connection", "state"], name="runs_of_a_connection"),
            models.Index(fields=["connection", "action", "quickbooks_id"], name="runs_of_a_record"),
            models.Index(fields=["connection", "action", "coperniq_id"], name="runs_of_a_pushed_record"),
        ]

    def __str__(self) -> str:
        return f"{self.get_action_display()} {self.record_name or self.coperniq_id or self.quickbooks_id}"

    @classmethod
    def of(
        cls, connection: QuickBooksConnection, action: Action, link: RecordLink | None = None, **values: Any
    ) -> SyncRun:
        """A run to pass to `objects.request`. The record's ids come from `link`, if given, and from `values`."""
        known: dict[str, Any] = {"kind": action.kind, "direction": action.direction}
        if link is not None:
            ids = PULLED_IDS if action.direction == Direction.PULL else PUSHED_IDS
            known |= {name: getattr(link, name) for name in ids} | {"record_name": link.coperniq_name}
        return cls(
            company_id=connection.company_id, connection=connection, action=action, **{**known, **values}
        )

    @property
    def title(self) -> str:
        """The record's name for people, or its id if it has not been read yet."""
        return self.record_name or f"{self.get_kind_display()} {self.coperniq_id or self.quickbooks_id}"

    @property
    def record_key(self) -> tuple[object, ...]:
        """Open runs with the same key are one run."""
        pulled = self.direction == Direction.PULL
        record = (self.quickbooks_id, self.allocation_invoice_id) if pulled else (self.coperniq_id,)
        return self.connection_id, self.action, self.direction, *record

    def join_request(self, other: SyncRun) -> None:
        """Take up another request for the same record before this one is stored."""
        self.requested_count += 1
        self.preview = self.preview and other.preview
        self.is_scheduled = self.is_scheduled and other.is_scheduled
        self.event, self.entry = other.event or self.event, other.entry or self.entry
        self.batch = self.batch or other.batch

    @property
    def is_open(self) -> bool:
        return self.state in OPEN

    @cached_property
    def decisions(self) -> Decisions:
        """The answers in force. A run without any answers costs no query."""
        return self.decision_rows.all().as_decisions() if self.has_decisions else Decisions()

    def answer_to(self, question: Question) -> Answer:
        return self.decisions.to(question)

    @property
    def is_wanted(self) -> bool:
        """Whether a person has answered a question about it, beyond how it is written: it is to be synced then."""
        return any(question != Question.PREVIEW for question in self.decisions)

    def has_taken(self, choice: Choice) -> bool:
        return self.answer_to(Question(choice.question)).key == choice.key

    def withdraw_answer(self, question: Question) -> None:
        self.decision_rows.filter(question=question).withdraw()
        self.forget_decisions_read()

    def forget_decisions_read(self) -> None:
        self.__dict__.pop("decisions", None)

    def claim(self, fence: int) -> bool:
        """Start an execution; False if the run is not queued any more. A later request leads to another execution.

        One statement claims the row and reads it. Written by hand, since the ORM's update returns no columns.
        """
        rows = SyncRun.objects.raw(
            f"UPDATE {self._meta.db_table} SET state = %s, fence = %s, attempts = attempts + 1, "  # noqa: S608 - the name of our table
            "executed_count = requested_count, updated_at = %s WHERE id = %s AND state = %s RETURNING *",
            [
                RunState.RUNNING,
                fence,
                database.ops.adapt_datetimefield_value(timezone.now()),
                self.pk,
                RunState.QUEUED,
            ],
        )
        with recoverable():
            claimed = list(rows)
        for row in claimed:
            for column in self._meta.concrete_fields:
                setattr(self, column.attname, getattr(row, column.attname))
            self.forget_decisions_read()
            self.write_counts, self.uncleared_writes = None, 0
        return bool(claimed)

    def settle(self, state: RunState, values: Mapping[str, Any]) -> bool:
        """Store the end of an execution; a run requested again meanwhile is queued. False if the lease was lost."""
        now = timezone.now()
        ended = now if state in (RunState.DONE, RunState.CANCELLED) else None
        requested_again = Q(requested_count__gt=F("executed_count"))
        settled = SyncRun.objects.filter(pk=self.pk, state=RunState.RUNNING, fence=self.fence).update(
            **values,
            state=Case(When(requested_again, then=Value(RunState.QUEUED)), default=Value(state)),
            finished_at=ended and Case(When(requested_again, then=Value(None)), default=Value(ended)),
            updated_at=now,
        )
        if settled and self.has_decisions:
            self.decision_rows.filter(run__requested_count__gt=F("run__executed_count")).withdraw_unbound()
        return settled == 1

    def decide(self, choice: str, user: User | None = None) -> bool:
        """Take one of the offered choices, "key:text" if it asks for a text.

        False if the run has changed since the page was shown.
        """
        known = [Choice(**each) for each in self.choices]
        offered = [each._replace(key=choice) for each in known if each.is_taken_by(choice)]
        if not offered:
            return False
        values: dict[str, Any] = {"state": RunState.QUEUED, "not_before": None, "attempts": 0}
        values["is_scheduled"] = False
        if choice == DISCARD:
            values = {"state": RunState.CANCELLED, "finished_at": timezone.now(), "is_scheduled": False}
        elif choice != RETRY:
            values |= {"has_decisions": True}
        with transaction.atomic():
            CompanyLease.notify(self.company_id)
            shown = SyncRun.objects.filter(
                pk=self.pk, choices=self.choices, question_subject=self.question_subject
            )
            changed = self._take(shown.offering(), values)
            if changed and choice == DISCARD:
                self._end_waiting()
            elif changed and choice != RETRY:
                record_decisions(self, [self._answer(each, user) for each in offered])
        return changed

    def _answer(self, choice: Choice, user: User | None) -> RunDecision:
        subject = self.question_subject if choice.question == self.question else ""
        return RunDecision(
            run=self, question=choice.question, answer=choice.key, subject=subject, decided_by=user
        )

    def _take(self, shown: SyncRunQuerySet, values: Mapping[str, Any]) -> bool:
        """Update the run; False if it has changed, or has ended and the record has another open run."""
        try:
            with transaction.atomic():
                return shown.update(**{"finished_at": None, **values}, updated_at=timezone.now()) == 1
        except IntegrityError:
            return False

    def _end_waiting(self) -> None:
        """Hold the runs that wait for this record, since nothing would release them.

        Those that wait for a payment wait for the answer to its question, and now have it: they are planned again.
        """
        waiting = SyncRun.objects.filter(state=RunState.WAITING, connection=self.connection_id)
        waiting = waiting.filter(waits_for_kind=self.kind, waits_for_id=self.coperniq_id)
        if self.kind == Kind.PAYMENT:
            waiting.requeue()
            return
        message = EngineMessage.WAITED_IN_VAIN(kind=self.kind)
        waiting.update(
            state=RunState.HELD,
            cause=message.cause,
            sentence=message.text,
            choices=[{"key": RETRY, "label": "Try again"}, {"key": DISCARD, "label": "Leave it"}],
            updated_at=timezone.now(),
        )
