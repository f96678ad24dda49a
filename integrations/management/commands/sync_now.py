from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from accounts.models import Company
from integrations import queue
from integrations.batch_report import batch_shape, record_shape
from integrations.batches import create_batch
from integrations.connections.disconnection import NotConnected
from integrations.forms.batches import BatchForm
from integrations.management.json_command import CompanyCommand, Options
from integrations.messages.engine import EngineMessage
from integrations.models import Batch, CompanyLease, CoperniqConnection, QuickBooksConnection, SyncRun
from integrations.status import is_idle, run_counts

if TYPE_CHECKING:
    from django.core.management.base import CommandParser

    from integrations.models.connections import QuickBooksConnectionQuerySet

CHECK_SECONDS = 0.2
NOT_DONE = 2


class Command(CompanyCommand):
    help = (
        "Polls Coperniq and reads change data from QuickBooks now. "
        "With --wait: exit code 0 once both have been done since the call and nothing is left to do, else 2."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--ignore-pauses", action="store_true", help="Retries do not wait either.")
        parser.add_argument("--wait", type=float, metavar="SECONDS")
        parser.add_argument(
            "--record",
            metavar="KIND:NUMBER",
            help="Sync only this one: project:12345, invoice:1001, or its address.",
        )
        parser.add_argument("--anyway", action="store_true", help="Send it although it would be left out.")

    def answer_for(self, company: Company, options: Options) -> Mapping[str, object]:
        seconds = options["wait"]
        if options["record"] is not None:
            return _sync_record(company, options)
        requested_at = timezone.now()
        _request_poll(company, requested_at)
        CoperniqConnection.objects.filter(company=company).update(next_invoice_sweep_at=requested_at)
        quickbooks = QuickBooksConnection.objects.live().filter(company=company)
        quickbooks.filter(next_changes_at__gt=requested_at).update(next_changes_at=requested_at)
        if options["ignore_pauses"]:
            SyncRun.objects.filter(company=company).ignore_pauses()
            CompanyLease.notify(company.pk)
        queue.wake()
        if seconds is not None and not wait_for(company, requested_at, seconds):
            self.show(counts(company, requested_at))
            sys.exit(NOT_DONE)
        return counts(company, requested_at)


def _sync_record(company: Company, options: Options) -> Mapping[str, object]:
    """As a batch of one. With --wait until it is done, or until it is known why it is not sent."""
    connection = QuickBooksConnection.objects.of(company)
    if connection is None:
        raise NotConnected(EngineMessage.NOTHING_TO_SYNC().text)
    values = {"selection": "record", "record": options["record"]} | (
        {"anyway": "on"} if options["anyway"] else {}
    )
    batch = create_batch(connection, None, **BatchForm(connection, values).chosen)
    give_up_at = time.monotonic() + (options["wait"] or 0)
    while batch.state in Batch.UNFINISHED and time.monotonic() < give_up_at:
        time.sleep(CHECK_SECONDS)
        batch.refresh_from_db()
    return batch_shape(batch) | {"records": [record_shape(record) for record in batch.records.order_by("id")]}


def counts(company: Company, requested_at: datetime) -> Mapping[str, object]:
    return {
        "polled": _is_polled(company, requested_at),
        "looked": _is_cdc_read(company, requested_at),
        "idle": is_idle(company),
        "runs": run_counts(company),
    }


def wait_for(company: Company, requested_at: datetime, seconds: float) -> bool:
    """Wait for a poll and a read of change data that began after the call; False if they take longer.

    One that was in progress at the call makes the next one due at its usual time, so it is requested again.
    """
    give_up_at = time.monotonic() + seconds
    while not (
        _is_polled(company, requested_at) and _is_cdc_read(company, requested_at) and is_idle(company)
    ):
        if time.monotonic() >= give_up_at:
            return False
        if _request_poll(company, requested_at) or _request_cdc(company, requested_at):
            queue.wake()
        time.sleep(CHECK_SECONDS)
    return True


def _request_poll(company: Company, requested_at: datetime) -> bool:
    """Make a poll due; False if one has begun since. Raises NotConnected if none can begin."""
    quickbooks = QuickBooksConnection.objects.live().filter(company=company)
    connection = CoperniqConnection.objects.live().filter(company=company).first()
    if connection is None or not quickbooks.exists():
        raise NotConnected(EngineMessage.NOTHING_TO_SYNC().text)
    if _began_since(connection, requested_at):
        return False
    connection.make_poll_due(timezone.now())
    return True


def _request_cdc(company: Company, requested_at: datetime) -> bool:
    """Make a read of change data due if one that began before has ended. A failed read keeps its own retry time."""
    usual = timedelta(seconds=settings.QUICKBOOKS_CDC_SECONDS)
    overtaken = _awaiting_cdc(company, requested_at).filter(
        next_changes_at__gt=requested_at, next_changes_at__lt=requested_at + usual
    )
    return overtaken.update(next_changes_at=requested_at) > 0


def _is_cdc_read(company: Company, requested_at: datetime) -> bool:
    """True also if it cannot be read, for lack of access to QuickBooks."""
    return not _awaiting_cdc(company, requested_at).exists()


def _awaiting_cdc(company: Company, requested_at: datetime) -> QuickBooksConnectionQuerySet:
    quickbooks = QuickBooksConnection.objects.syncing().filter(company=company)
    return quickbooks.filter(Q(captured_at__isnull=True) | Q(captured_at__lt=requested_at))


def _began_since(connection: CoperniqConnection, requested_at: datetime) -> bool:
    started_at = connection.last_poll_started_at
    return started_at is not None and started_at >= requested_at


def _is_polled(company: Company, requested_at: datetime) -> bool:
    connection = CoperniqConnection.objects.get(company=company)
    started_at, ended_at = connection.last_poll_started_at, connection.last_poll_ended_at
    if started_at is None or ended_at is None:
        return False
    return _began_since(connection, requested_at) and ended_at >= started_at
