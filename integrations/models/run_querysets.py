from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Self

from django.db import IntegrityError, models, transaction
from django.db.models import Case, F, Q, Value, When
from django.db.models.functions import Cast
from django.utils import timezone

from integrations.causes import Cause
from integrations.models.connections import QuickBooksConnection
from integrations.models.enums import OPEN, Action, Direction, RunState
from integrations.models.leases import LONG_AGO, CompanyLease
from integrations.models.rules import SyncSettings

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
            is_scheduled=False,
            company__lease__paused_until__lte=now,
            connection__in=QuickBooksConnection.objects.syncing(),
        )

    def unfinished(self) -> Self:
        return self.filter(state__in=(RunState.QUEUED, RunState.RUNNING))

    def scheduled(self) -> Self:
        """Runs that wait for the next sync and for nothing else."""
        return self.open().filter(is_scheduled=True).exclude(state=RunState.HELD, cause=Cause.RECONNECT)

    def held(self) -> Self:
        return self.filter(state=RunState.HELD)

    def offering(self) -> Self:
        """Runs in whose state a choice may be taken: held ones, and waiting or ended ones that offer an alternative."""
        return self.filter(state__in=(RunState.HELD, RunState.WAITING, RunState.DONE))

    def naming(self, *, quickbooks_id: str = "", coperniq_id: str = "") -> Self:
        """Pushes with a choice that names this QuickBooks record, and pulls with one that names this Coperniq record."""
        named = Q(direction=Direction.PUSH, offered__contains=f':{quickbooks_id}"')
        named |= Q(direction=Direction.PULL, offered__contains=f':{coperniq_id}"')
        return self.alias(offered=Cast("choices", models.TextField())).filter(named)

    def offered_ids(self, connection: QuickBooksConnection) -> set[str]:
        """Ids of the customers and jobs of QuickBooks that pushes of customers and jobs ask about."""
        pushes = self.filter(connection=connection, action__in=(Action.PUSH_CUSTOMER, Action.PUSH_JOB))
        found = {""}
        for choices, parameters in pushes.values_list("choices", "message_parameters"):
            found |= {each["key"].partition(":")[2] for each in choices} | {parameters.get("holder_id", "")}
        return found - {""}

    def asking_about_customer(self, quickbooks_id: str) -> Self:
        """Pushes of customers and jobs that offer to choose it, or say that it has the name they need."""
        pushes = self.filter(action__in=(Action.PUSH_CUSTOMER, Action.PUSH_JOB))
        offering = pushes.naming(quickbooks_id=quickbooks_id).values("pk")
        return pushes.filter(Q(pk__in=offering) | Q(message_parameters__holder_id=quickbooks_id))

    def requeue(self) -> int:
        """Queue held and waiting runs again, without a pause. Answers in force are kept."""
        return self.filter(state__in=(RunState.HELD, RunState.WAITING)).update(
            state=RunState.QUEUED,
            not_before=None,
            attempts=0,
            is_scheduled=False,
            updated_at=timezone.now(),
        )

    def release_scheduled(self) -> int:
        """Let runs go on that wait for the next sync, and plan held and waiting ones again that changes ask for."""
        scheduled = self.filter(is_scheduled=True)
        # Without access they stay held.
        asked = scheduled.exclude(cause=Cause.RECONNECT, state=RunState.HELD).requeue()
        return asked + scheduled.open().update(is_scheduled=False)

    def hold_for_reconnect(self, sentence: str) -> int:
        """Hold queued runs for lack of access; `release_after_reconnect` releases them."""
        return self.filter(state=RunState.QUEUED).update(
            state=RunState.HELD,
            cause=Cause.RECONNECT,
            sentence=sentence,
            choices=[],
            updated_at=timezone.now(),
        )

    def release_after_reconnect(self) -> int:
        """What waits for the next sync waits on."""
        reconnected = self.filter(cause=Cause.RECONNECT)
        queued = reconnected.filter(state=RunState.HELD, is_scheduled=True).update(
            state=RunState.QUEUED, cause=Cause.NONE, sentence="", updated_at=timezone.now()
        )
        return queued + reconnected.requeue()

    def release_reconnected(self) -> int:
        """Release runs that were held by a late error while a person was connecting again."""
        syncing = QuickBooksConnection.objects.syncing()
        return self.filter(connection__in=syncing, state=RunState.HELD).release_after_reconnect()

    def release_switched_on(self) -> int:
        """Release runs that wait for invoice syncing to be on; one may have read the switch just before."""
        on = SyncSettings.objects.filter(invoice_sync=True).values("connection")
        waiting = self.filter(state=RunState.WAITING, cause=Cause.INVOICE_SYNC_OFF, connection__in=on)
        return waiting.requeue()

    def ignore_pauses(self) -> int:
        CompanyLease.objects.filter(company_id__in=self.values("company_id")).update(paused_until=LONG_AGO)
        return self.filter(state=RunState.QUEUED).update(not_before=None)

    def cancel_archived(self) -> int:
        """Cancel runs of archived connections that were being executed while the connection was archived."""
        archived = self.filter(connection__state=QuickBooksConnection.State.ARCHIVED)
        resting = (RunState.QUEUED, RunState.WAITING, RunState.HELD)
        return archived.filter(state__in=resting).update(
            state=RunState.CANCELLED, cause=Cause.CONNECTION_ARCHIVED
        )

    def recover(self, company_id: int, fence: int) -> int:
        """Queue the runs again that a former owner of the lease left running. Their attempt stays counted."""
        return self.filter(company_id=company_id, state=RunState.RUNNING, fence__lt=fence).update(
            state=RunState.QUEUED, updated_at=timezone.now()
        )

    def request(self, run: SyncRun) -> SyncRun:
        """Request the execution of a run: queue the open run of the same record and action again, or store this one."""
        run.record_name = run.record_name[:NAME_LENGTH]
        with transaction.atomic():
            # The lease is written before the run, as the scheduler does: in the other order the two could deadlock.
            CompanyLease.notify(run.company_id)
            found = self._request_open(run) or self._store(run) or self._request_open(run)
        assert found is not None  # the unique constraint refused our row because of an open run
        return found

    def request_all(self, runs: Sequence[SyncRun]) -> list[SyncRun]:
        """Request several runs of one company, in this order; the rows that were queued again or stored.

        Nobody else requests a run of the company between its notification and the commit, so that what is not open now
        can be stored by one statement.
        """
        if not runs:
            return []
        with transaction.atomic(savepoint=False):
            CompanyLease.notify(runs[0].company_id)
            records = Q(coperniq_id__in={run.coperniq_id for run in runs if run.direction == Direction.PUSH})
            records |= Q(
                quickbooks_id__in={run.quickbooks_id for run in runs if run.direction == Direction.PULL}
            )
            known = {run.record_key for run in self.open().filter(records, company_id=runs[0].company_id)}
            requested: list[SyncRun] = []
            new: dict[tuple[object, ...], SyncRun] = {}
            for run in runs:
                run.record_name = run.record_name[:NAME_LENGTH]
                if run.record_key in known:
                    requested.append(self.request(run))
                elif run.record_key in new:
                    new[run.record_key].join_request(run)
                else:
                    new[run.record_key] = run
            return requested + self.bulk_create(list(new.values()))

    def of_record(self, run: SyncRun) -> Self:
        """Runs of the same action for the same source record."""
        record = {"coperniq_id": run.coperniq_id}
        if run.direction == Direction.PULL:
            record = {"quickbooks_id": run.quickbooks_id, "allocation_invoice_id": run.allocation_invoice_id}
        return self.filter(
            connection_id=run.connection_id, action=run.action, direction=run.direction, **record
        )

    def _open_like(self, run: SyncRun) -> Self:
        return self.open().of_record(run)

    def _request_open(self, run: SyncRun) -> SyncRun | None:
        resting = Q(state__in=(RunState.HELD, RunState.WAITING))
        at_once = {
            "state": Case(When(resting, then=Value(RunState.QUEUED)), default=F("state")),
            "attempts": Case(
                When(resting, then=Value(0)), default=F("attempts"), output_field=models.IntegerField()
            ),
            # A pausing run keeps its pause, so that new requests do not add load to a vendor in trouble.
            "not_before": Case(When(resting, then=Value(None)), default=F("not_before")),
            "is_scheduled": False,
        }
        # What has begun is not stopped. A held run still asks until it is planned again, a lack of access ends by itself.
        marked = resting & ~Q(cause=Cause.RECONNECT)
        at_next_sync = {"is_scheduled": Case(When(marked, then=Value(True)), default=F("is_scheduled"))}
        requested = self._open_like(run).update(
            **(at_next_sync if run.is_scheduled else at_once),
            requested_count=F("requested_count") + 1,
            # Held for preview only if every request wants that.
            preview=F("preview") if run.preview else False,
            event=run.event or F("event"),
            entry=run.entry or F("entry"),
            batch=run.batch or F("batch"),
            updated_at=timezone.now(),
        )
        return self._open_like(run).first() if requested else None

    def _store(self, run: SyncRun) -> SyncRun | None:
        try:
            with transaction.atomic():
                run.save(force_insert=True)
        except IntegrityError:
            return None
        return run
