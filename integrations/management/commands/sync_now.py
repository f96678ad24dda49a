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
from integrations.connections.disconnection import NotConnected
from integrations.management.json_command import CompanyCommand, Options
from integrations.messages.engine import EngineMessage
from integrations.models import CompanyLease, CoperniqConnection, QuickBooksConnection, SyncRun
from integrations.status import is_idle, run_counts

if TYPE_CHECKING:
    from django.core.management.base import CommandParser

    from integrations.models.connections import QuickBooksConnectionQuerySet

LOOK_EVERY_SECONDS = 0.2
NOT_DONE = 2


class Command(CompanyCommand):
    help = (
        "Polls now, and looks for changes in QuickBooks. "
        "With --wait: exit code 0 once a poll and a look begun after the call are over and nothing is left, else 2."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--ignore-pauses", action="store_true", help="Retries do not wait either.")
        parser.add_argument("--wait", type=float, metavar="SECONDS")

    def answer_for(self, company: Company, options: Options) -> Mapping[str, object]:
        seconds = options["wait"]
        asked_at = timezone.now()
        ask_for_poll(company, asked_at)
        CoperniqConnection.objects.filter(company=company).update(next_invoice_sweep_at=asked_at)
        books = QuickBooksConnection.objects.live().filter(company=company)
        books.filter(next_changes_at__gt=asked_at).update(next_changes_at=asked_at)
        if options["ignore_pauses"]:
            SyncRun.objects.filter(company=company).ignore_pauses()
            CompanyLease.notify(company.pk)
        queue.wake()
        if seconds is not None and not wait_for(company, asked_at, seconds):
            self.show(counts(company, asked_at))
            sys.exit(NOT_DONE)
        return counts(company, asked_at)


def counts(company: Company, asked_at: datetime) -> Mapping[str, object]:
    return {
        "polled": is_polled(company, asked_at),
        "looked": has_looked(company, asked_at),
        "idle": is_idle(company),
        "runs": run_counts(company),
    }


def wait_for(company: Company, asked_at: datetime, seconds: float) -> bool:
    """A poll or look under way when we asked makes the next one due as late as ever, so ours is asked for again."""
    give_up_at = time.monotonic() + seconds
    while not (is_polled(company, asked_at) and has_looked(company, asked_at) and is_idle(company)):
        if time.monotonic() >= give_up_at:
            return False
        if ask_for_poll(company, asked_at) or ask_for_look(company, asked_at):
            queue.wake()
        time.sleep(LOOK_EVERY_SECONDS)
    return True


def ask_for_poll(company: Company, asked_at: datetime) -> bool:
    """False when a poll has begun since. Raises NotConnected where none ever would."""
    books = QuickBooksConnection.objects.live().filter(company=company)
    connection = CoperniqConnection.objects.live().filter(company=company).first()
    if connection is None or not books.exists():
        raise NotConnected(EngineMessage.NOTHING_TO_SYNC().text)
    if began_since(connection, asked_at):
        return False
    connection.make_poll_due(timezone.now())
    return True


def ask_for_look(company: Company, asked_at: datetime) -> bool:
    """One that began before we asked is over. What has failed since then is left to its own time."""
    usual = timedelta(seconds=settings.QUICKBOOKS_CDC_SECONDS)
    overtaken = waiting_for_look(company, asked_at).filter(
        next_changes_at__gt=asked_at, next_changes_at__lt=asked_at + usual
    )
    return overtaken.update(next_changes_at=asked_at) > 0


def has_looked(company: Company, asked_at: datetime) -> bool:
    """Also where nobody can: without access to the books."""
    return not waiting_for_look(company, asked_at).exists()


def waiting_for_look(company: Company, asked_at: datetime) -> QuickBooksConnectionQuerySet:
    books = QuickBooksConnection.objects.syncing().filter(company=company)
    return books.filter(Q(captured_at__isnull=True) | Q(captured_at__lt=asked_at))


def began_since(connection: CoperniqConnection, asked_at: datetime) -> bool:
    started_at = connection.last_poll_started_at
    return started_at is not None and started_at >= asked_at


def is_polled(company: Company, asked_at: datetime) -> bool:
    connection = CoperniqConnection.objects.get(company=company)
    started_at, ended_at = connection.last_poll_started_at, connection.last_poll_ended_at
    if started_at is None or ended_at is None:
        return False
    return began_since(connection, asked_at) and ended_at >= started_at
