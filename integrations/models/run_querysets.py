from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Self

from django.db import IntegrityError, models, transaction
from django.db.models import Case, F, Q, Value, When
from django.utils import timezone

from integrations.causes import Cause
from integrations.models.connections import QuickBooksConnection
from integrations.models.enums import OPEN, Direction, RunState
from integrations.models.leases import LONG_AGO, CompanyLease

if TYPE_CHECKING:
    from integrations.models.runs import SyncRun

NAME_LENGTH = 500


class SyncRunQuerySet(models.QuerySet["SyncRun"]):
    def open(self) -> Self:
        return self.filter(state__in=OPEN)

    def due(self, now: datetime) -> Self:
        return self.filter(
            Q(not_before__isnull=True) | Q(not_before__lte=now),
            state=RunState.QUEUED,
            company__lease__paused_until__lte=now,
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
            state=RunState.HELD,
            cause=Cause.RECONNECT,
            sentence=sentence,
            choices=[],
            updated_at=timezone.now(),
        )

    def release_after_reconnect(self) -> int:
        return self.filter(cause=Cause.RECONNECT).requeue()

    def release_the_reconnected(self) -> int:
        """Those held by an answer that came in while a person was connecting again."""
        syncing = QuickBooksConnection.objects.syncing()
        return self.filter(connection__in=syncing, state=RunState.HELD).release_after_reconnect()

    def ignore_pauses(self) -> int:
        CompanyLease.objects.filter(company_id__in=self.values("company_id")).update(paused_until=LONG_AGO)
        return self.filter(state=RunState.QUEUED).update(not_before=None)

    def cancel_archived(self) -> int:
        """Runs of books a company has left, which ended while it was leaving."""
        archived = self.filter(connection__state=QuickBooksConnection.State.ARCHIVED)
        resting = (RunState.QUEUED, RunState.WAITING, RunState.HELD)
        return archived.filter(state__in=resting).update(
            state=RunState.CANCELLED, cause=Cause.CONNECTION_ARCHIVED
        )

    def recover(self, company_id: int, fence: int) -> int:
        """What a dead driver left running goes back to the queue; its attempt stays counted."""
        return self.filter(company_id=company_id, state=RunState.RUNNING, fence__lt=fence).update(
            state=RunState.QUEUED, updated_at=timezone.now()
        )

    def request(self, run: SyncRun) -> SyncRun:
        """Asking twice is asking once: the open run of this record is re-opened, else this one is stored."""
        run.record_name = run.record_name[:NAME_LENGTH]
        with transaction.atomic():
            # The lease is written before the run, as the scheduler does: in the other order the two could deadlock.
            CompanyLease.notify(run.company_id)
            found = self._request_open(run) or self._store(run) or self._request_open(run)
        assert found is not None  # the unique constraint that refused our row is the open run's
        return found

    def _open_like(self, run: SyncRun) -> Self:
        """Known by the record it comes from."""
        record = {"coperniq_id": run.coperniq_id}
        if run.direction == Direction.PULL:
            record = {"quickbooks_id": run.quickbooks_id, "quickbooks_part": run.quickbooks_part}
        return self.open().filter(
            connection_id=run.connection_id, action=run.action, direction=run.direction, **record
        )

    def _request_open(self, run: SyncRun) -> SyncRun | None:
        resting = Q(state__in=(RunState.HELD, RunState.WAITING))
        asked = self._open_like(run).update(
            requested_count=F("requested_count") + 1,
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
