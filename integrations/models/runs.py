from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar, Self

from django.db import IntegrityError, models, transaction
from django.db.models import Case, F, Q, Value, When
from django.utils import timezone

from accounts.models import Company
from integrations.models.connections import QuickBooksConnection
from integrations.models.events import InboundEvent, PhaseEntry
from integrations.models.lanes import LONG_AGO, Lane
from integrations.models.vocabulary import OPEN, RECONNECT, Action, Direction, Kind, RunState

NAME_LENGTH = 500


class SyncRunQuerySet(models.QuerySet["SyncRun"]):
    def open(self) -> Self:
        return self.filter(state__in=OPEN)

    def due(self, now: datetime) -> Self:
        return self.filter(
            Q(not_before__isnull=True) | Q(not_before__lte=now),
            state=RunState.QUEUED,
            company__lane__paused_until__lte=now,
            connection__in=QuickBooksConnection.objects.syncing(),
        )

    def unfinished(self) -> Self:
        return self.filter(state__in=(RunState.QUEUED, RunState.RUNNING))

    def held(self) -> Self:
        return self.filter(state=RunState.HELD)

    def offering(self) -> Self:
        """Where a choice can be taken: held ones, and ended ones whose ending left another way open."""
        return self.filter(state__in=(RunState.HELD, RunState.DONE))

    def requeue(self) -> int:
        """Held and waiting runs start afresh; an open decision stays with its run."""
        return self.filter(state__in=(RunState.HELD, RunState.WAITING)).update(
            state=RunState.QUEUED, not_before=None, attempts=0, updated_at=timezone.now()
        )

    def hold_for_reconnect(self, sentence: str) -> int:
        """Nothing can be done without access, and nothing is lost: re-authorizing releases them."""
        return self.filter(state=RunState.QUEUED).update(
            state=RunState.HELD, cause=RECONNECT, sentence=sentence, choices=[], updated_at=timezone.now()
        )

    def release_after_reconnect(self) -> int:
        return self.filter(cause=RECONNECT).requeue()

    def release_the_reconnected(self) -> int:
        """Those held by an answer that came in while a person was connecting again."""
        syncing = QuickBooksConnection.objects.syncing()
        return self.filter(connection__in=syncing, state=RunState.HELD).release_after_reconnect()

    def ignore_pauses(self) -> int:
        Lane.objects.filter(company_id__in=self.values("company_id")).update(paused_until=LONG_AGO)
        return self.filter(state=RunState.QUEUED).update(not_before=None)

    def cancel_sealed(self) -> int:
        """Runs of books a company has left, which ended while it was leaving."""
        sealed = self.filter(connection__state=QuickBooksConnection.State.SEALED)
        resting = (RunState.QUEUED, RunState.WAITING, RunState.HELD)
        return sealed.filter(state__in=resting).update(state=RunState.CANCELLED, cause="books_sealed")

    def recover(self, company_id: int, fence: int) -> int:
        """What a dead driver left running goes back to the queue; its attempt stays counted."""
        return self.filter(company_id=company_id, state=RunState.RUNNING, fence__lt=fence).update(
            state=RunState.QUEUED, updated_at=timezone.now()
        )

    def ask(self, run: SyncRun) -> SyncRun:
        """Asking twice is asking once: the open run of this record is re-opened, else this one is stored."""
        run.record_name = run.record_name[:NAME_LENGTH]
        with transaction.atomic():
            # The lane before the run, as the lane's own driver does: the other way round they could lock each other out.
            Lane.nudge(run.company_id)
            found = self._ask_open(run) or self._store(run) or self._ask_open(run)
        assert found is not None  # the unique constraint that refused our row is the open run's
        return found

    def _open_like(self, run: SyncRun) -> Self:
        return self.open().filter(
            connection_id=run.connection_id, action=run.action, coperniq_id=run.coperniq_id
        )

    def _ask_open(self, run: SyncRun) -> SyncRun | None:
        resting = Q(state__in=(RunState.HELD, RunState.WAITING))
        asked = self._open_like(run).update(
            asked=F("asked") + 1,
            state=Case(When(resting, then=Value(RunState.QUEUED)), default=F("state")),
            attempts=Case(
                When(resting, then=Value(0)), default=F("attempts"), output_field=models.IntegerField()
            ),
            # A run that pauses goes on pausing: being asked again is no reason to press a vendor in trouble.
            not_before=Case(When(resting, then=Value(None)), default=F("not_before")),
            # Shown only if all who asked want to see it first.
            preview=F("preview") if run.preview else False,
            event=run.event or F("event"),
            entry=run.entry or F("entry"),
            updated_at=timezone.now(),
        )
        return self._open_like(run).first() if asked else None

    def _store(self, run: SyncRun) -> SyncRun | None:
        try:
            with transaction.atomic():
                run.save(force_insert=True)
        except IntegrityError:
            return None
        return run


class SyncRun(models.Model):
    """One intended execution of one action for one record. The row is the truth, the queue only a nudge."""

    company_path: ClassVar[str] = "company"

    company = models.ForeignKey(Company, on_delete=models.CASCADE, related_name="runs")
    connection = models.ForeignKey(QuickBooksConnection, on_delete=models.CASCADE, related_name="runs")
    direction = models.CharField(max_length=4, choices=Direction, default=Direction.PUSH)
    kind = models.CharField(max_length=10, choices=Kind)
    action = models.CharField(max_length=20, choices=Action)
    coperniq_id = models.CharField(max_length=80)
    quickbooks_id = models.CharField(max_length=80, blank=True)
    record_name = models.CharField(max_length=NAME_LENGTH, blank=True)
    # Everything of one Coperniq account is done in order, by one thread.
    coperniq_account_id = models.CharField(max_length=40, blank=True)
    coperniq_parent_id = models.CharField(max_length=80, blank=True)  # a payment's invoice

    state = models.CharField(max_length=10, choices=RunState, default=RunState.QUEUED)
    cause = models.CharField(max_length=60, blank=True)
    sentence = models.TextField(blank=True)
    not_before = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveIntegerField(default=0)
    asked = models.PositiveIntegerField(default=1)
    answered = models.PositiveIntegerField(default=0)
    fence = models.PositiveBigIntegerField(default=0)

    preview = models.BooleanField(default=False)
    planned = models.JSONField("planned changes", default=list, blank=True)
    shown_plan = models.CharField(max_length=64, blank=True)
    released_plan = models.CharField(max_length=64, blank=True)
    choices = models.JSONField(default=list, blank=True)
    decision = models.CharField(max_length=120, blank=True)
    waits_for_kind = models.CharField(max_length=10, choices=Kind, blank=True)
    waits_for_id = models.CharField(max_length=80, blank=True)

    event = models.ForeignKey(
        InboundEvent, null=True, blank=True, on_delete=models.SET_NULL, related_name="runs"
    )
    entry = models.ForeignKey(
        PhaseEntry, null=True, blank=True, on_delete=models.SET_NULL, related_name="runs"
    )
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True, blank=True)

    objects = SyncRunQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["connection", "action", "coperniq_id"],
                condition=Q(state__in=["queued", "running", "waiting", "held"]),
                name="one_open_run_per_record",
            )
        ]
        indexes = [
            models.Index(fields=["company", "not_before"], condition=Q(state="queued"), name="queued_runs"),
            models.Index(fields=["company", "fence"], condition=Q(state="running"), name="running_runs"),
            models.Index(
                fields=["connection", "waits_for_kind", "waits_for_id"],
                condition=Q(state="waiting"),
                name="waiting_runs",
            ),
            models.Index(fields=["company", "state", "-id"], name="runs_by_state"),
            models.Index(fields=["cause"], condition=Q(state="held"), name="held_runs"),
        ]

    def __str__(self) -> str:
        return f"{self.get_action_display()} {self.record_name or self.coperniq_id}"

    @property
    def is_open(self) -> bool:
        return self.state in OPEN

    def claim(self, fence: int) -> bool:
        """Ours only if it is still queued; what is asked from here on makes one more execution."""
        claimed = SyncRun.objects.filter(pk=self.pk, state=RunState.QUEUED).update(
            state=RunState.RUNNING,
            fence=fence,
            attempts=F("attempts") + 1,
            answered=F("asked"),
            updated_at=timezone.now(),
        )
        if claimed:
            self.refresh_from_db()
        return claimed == 1

    def settle(self, state: RunState, values: Mapping[str, Any]) -> bool:
        """The end of one execution. Asked again meanwhile: queued once more, whatever came out."""
        now = timezone.now()
        ended = now if state in (RunState.DONE, RunState.CANCELLED) else None
        asked_again = Q(asked__gt=F("answered"))
        settled = SyncRun.objects.filter(pk=self.pk, state=RunState.RUNNING, fence=self.fence).update(
            **values,
            state=Case(When(asked_again, then=Value(RunState.QUEUED)), default=Value(state)),
            # A release was for what has been executed, not for what was asked since.
            decision=Case(When(asked_again, then=Value("")), default=F("decision")),
            finished_at=ended and Case(When(asked_again, then=Value(None)), default=Value(ended)),
            updated_at=now,
        )
        return settled == 1

    def decide(self, choice: str) -> bool:
        """Take one of the offered choices. False when the run has moved on since the page was shown."""
        if choice not in {offered["key"] for offered in self.choices}:
            return False
        values: dict[str, Any] = {"state": RunState.QUEUED, "not_before": None, "attempts": 0}
        if choice == "discard":
            values = {"state": RunState.CANCELLED, "finished_at": timezone.now()}
        elif choice == "release" and self.shown_plan:
            values |= {"released_plan": self.shown_plan}
        elif choice != "retry":
            values |= {"decision": choice}
        with transaction.atomic():
            Lane.nudge(self.company_id)
            shown = SyncRun.objects.filter(pk=self.pk, choices=self.choices, shown_plan=self.shown_plan)
            changed = self._take(shown.offering(), values)
            if changed and choice == "discard":
                self.hold_those_who_wait()
        return changed

    def _take(self, shown: SyncRunQuerySet, values: Mapping[str, Any]) -> bool:
        """One that has ended gives way to the record's open run."""
        try:
            with transaction.atomic():
                return shown.update(**{"finished_at": None, **values}, updated_at=timezone.now()) == 1
        except IntegrityError:
            return False

    def hold_those_who_wait(self) -> int:
        """Nothing would ever release them."""
        waiting = SyncRun.objects.filter(state=RunState.WAITING, connection=self.connection_id)
        return waiting.filter(waits_for_kind=self.kind, waits_for_id=self.coperniq_id).update(
            state=RunState.HELD,
            cause="waited_in_vain",
            sentence=f"The {self.kind} this waited for was left out. Try again once it is linked, or leave it.",
            choices=[{"key": "retry", "label": "Try again"}, {"key": "discard", "label": "Leave it"}],
            updated_at=timezone.now(),
        )
