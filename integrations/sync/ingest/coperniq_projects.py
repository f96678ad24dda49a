"""Poll Coperniq for changed projects, so that a lost webhook costs minutes and not the record."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Q, QuerySet
from django.utils import timezone

from integrations.connections.budget import is_scarce
from integrations.connections.clients import CallMeter, coperniq_client
from integrations.connections.coperniq_api_key import record_stages, workflow_rows
from integrations.connections.tokens import mark_key_refused
from integrations.coperniq.client import CoperniqClient
from integrations.coperniq.paging import PAGE_SIZE
from integrations.coperniq.records import Project, Workflow
from integrations.errors import AccessLost, PortalError
from integrations.models import CoperniqConnection, PhaseTrigger, QuickBooksConnection
from integrations.sync.ingest.claims import UnfinishedClaims
from integrations.sync.ingest.coperniq_invoices import poll_invoices
from integrations.sync.ingest.events import record_projects_seen
from integrations.sync.ingest.full_scan import projects_with_triggers, scan_projects_if_due

logger = logging.getLogger(__name__)

POLL_CLAIM = timedelta(seconds=120)
_REASON_LENGTH = 500
_POLL_OVERLAP = timedelta(minutes=5)
_WORKFLOWS_INTERVAL = timedelta(minutes=10)
_LONGEST_PAUSE = timedelta(minutes=15)

_unfinished = UnfinishedClaims()


def due_coperniq_polls() -> Sequence[Callable[[], int]]:
    """Polls that are due, claimed for this worker; each is a job for the worker's pool."""
    _unfinished.settle_again()
    now = timezone.now()
    due = CoperniqConnection.objects.due_for_poll(now)
    return [_poll_job(row, now) for row in due if claim_poll(row, now)]


def claim_poll(connection: CoperniqConnection, now: datetime) -> bool:
    """Postpone the next poll to the end of the claim, so that an event during this poll can make it due earlier."""
    claimed = connection.claim_poll(now, POLL_CLAIM)
    if claimed:
        CoperniqConnection.objects.filter(pk=connection.pk).update(next_poll_at=now + POLL_CLAIM)
    return claimed


def _poll_job(connection: CoperniqConnection, now: datetime) -> Callable[[], int]:
    return lambda: _poll(connection, now)


def _poll(connection: CoperniqConnection, now: datetime) -> int:
    """An error that is not foreseen is raised, but only after the claim is given back and the failure counted."""
    meter = CallMeter(connection.company_id)
    failed, left, because = True, None, ""
    try:
        client = coperniq_client(connection, meter)
        _poll_changes(connection, client, now)
        failed, left = False, client.calls_remaining
    except AccessLost as error:
        mark_key_refused(connection, error)
    except PortalError as error:
        because = error.sentence
        logger.warning("Poll of company %s: %s", connection.company_id, error.cause)
    finally:
        _unfinished.settle(meter.flush)
        _unfinished.settle(lambda: _finish_poll(connection, now, left, because, failed=failed))
    return 1


def _poll_changes(connection: CoperniqConnection, client: CoperniqClient, now: datetime) -> None:
    if _is_past(connection.workflows_read_at, _WORKFLOWS_INTERVAL, now):
        _store_workflows(connection, client.read_workflows(), now)
    poll_invoices(connection, client, now)
    triggers = list(PhaseTrigger.objects.filter(connection__in=_live_quickbooks_connection(connection)))
    if not triggers:
        return
    saved_at = min(trigger.saved_at for trigger in triggers)
    cursor = min(connection.projects_cursor_at or saved_at, now)
    changed = client.list_projects(cursor - _POLL_OVERLAP)
    record_stages(connection, changed)
    record_projects_seen(connection, projects_with_triggers(changed, triggers))
    if len(changed) >= PAGE_SIZE and _newest_stamp(changed, cursor) > cursor:
        # A change between two pages moves the other rows up, past the reader. Read the list again before the cursor
        # passes them: now they are on an earlier page.
        record_projects_seen(
            connection, projects_with_triggers(client.list_projects(cursor - _POLL_OVERLAP), triggers)
        )
    CoperniqConnection.objects.filter(pk=connection.pk).update(
        projects_cursor_at=_newest_stamp(changed, cursor)
    )
    if connection.next_sweep_at <= now and not is_scarce(connection.company_id, client.calls_remaining):
        scan_projects_if_due(connection, client, triggers, now)


def _live_quickbooks_connection(connection: CoperniqConnection) -> QuerySet[QuickBooksConnection]:
    return QuickBooksConnection.objects.live().filter(company=connection.company_id)


def _newest_stamp(projects: Iterable[Project], cursor: datetime) -> datetime:
    return max((project.updated_at for project in projects), default=cursor)


def _store_workflows(connection: CoperniqConnection, workflows: Iterable[Workflow], now: datetime) -> None:
    rows = CoperniqConnection.objects.filter(pk=connection.pk)
    rows.update(workflows=workflow_rows(workflows), workflows_read_at=now)


def _finish_poll(
    connection: CoperniqConnection, now: datetime, left: int | None, because: str, *, failed: bool
) -> None:
    """The next poll counts from the start of this one, unless an event has made it due earlier."""
    failures = connection.poll_failures + 1 if failed else 0
    scarce = is_scarce(connection.company_id, left)
    next_poll_at = now + _pause_after(failures, scarce=scarce)
    rows = CoperniqConnection.objects.filter(pk=connection.pk)
    rows.update(
        poll_claimed_until=now,
        poll_failures=failures,
        poll_failing_since=(connection.poll_failing_since or now) if failed else None,
        poll_failing_because=because[:_REASON_LENGTH],
        last_poll_ended_at=timezone.now(),
    )
    rows.filter(Q(next_poll_at=now + POLL_CLAIM) | Q(next_poll_at__gt=next_poll_at)).update(
        next_poll_at=next_poll_at
    )


def _pause_after(failures: int, *, scarce: bool) -> timedelta:
    """Back off after failures; the longest pause while few calls are left."""
    usual = timedelta(seconds=settings.COPERNIQ_POLL_SECONDS)
    longest = max(_LONGEST_PAUSE, usual)
    return longest if scarce else min(usual * 2 ** min(failures, 10), longest)


def _is_past(at: datetime | None, every: timedelta, now: datetime) -> bool:
    return at is None or now - at >= every
