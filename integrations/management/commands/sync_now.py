from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from django.utils import timezone

from accounts.models import Company
from integrations import queue
from integrations.batch_report import batch_shape, record_shape
from integrations.batches import create_batch
from integrations.connections.disconnection import NotConnected
from integrations.forms.batches import BatchForm
from integrations.management.json_command import CompanyCommand, Options
from integrations.messages.engine import EngineMessage
from integrations.models import Batch, CompanyLease, QuickBooksConnection, SyncRun
from integrations.status import is_idle, run_counts
from integrations.sync_schedule import (
    is_cdc_read,
    is_polled,
    is_syncing,
    release_some,
    request_cdc,
    request_poll,
    sync_all,
)

if TYPE_CHECKING:
    from django.core.management.base import CommandParser

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
        parser.add_argument(
            "--run", type=int, action="append", metavar="ID", help="Sync only this waiting run; repeatable."
        )
        parser.add_argument("--anyway", action="store_true", help="Send it although it would be left out.")

    def answer_for(self, company: Company, options: Options) -> Mapping[str, object]:
        seconds = options["wait"]
        if options["record"] is not None:
            return _sync_record(company, options)
        requested_at = timezone.now()
        if options["run"]:
            return {"released": release_some(company, options["run"], None)}
        sync_all(company, None)
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
        "polled": is_polled(company, requested_at),
        "looked": is_cdc_read(company, requested_at),
        "idle": is_idle(company),
        "runs": run_counts(company),
    }


def wait_for(company: Company, requested_at: datetime, seconds: float) -> bool:
    """Wait for a poll and a read of change data that began after the call; False if they take longer.

    One that was in progress at the call makes the next one due at its usual time, so it is requested again.
    """
    give_up_at = time.monotonic() + seconds
    while not (
        is_polled(company, requested_at)
        and is_cdc_read(company, requested_at)
        and not is_syncing(company)
        and is_idle(company)
    ):
        if time.monotonic() >= give_up_at:
            return False
        if request_poll(company, requested_at) or request_cdc(company, requested_at):
            queue.wake()
        time.sleep(CHECK_SECONDS)
    return True
