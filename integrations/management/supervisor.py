"""The worker's clock: finds work that nobody was woken for, and a queue that stands."""

from __future__ import annotations

import logging
import time
from datetime import timedelta

from django.conf import settings
from django.db import Error, connection
from django.utils import timezone

from integrations import queue
from integrations.management.cluster import Cluster
from integrations.models import (
    CompanyLease,
    CoperniqConnection,
    Heartbeat,
    InboundEvent,
    QuickBooksConnection,
    SyncRun,
)
from integrations.sync.engine.worker import find_due_leases

logger = logging.getLogger(__name__)

TICK_SECONDS = 0.5
QUIET = timedelta(seconds=2)
HOUSEKEEPING_SECONDS = 2.0
START_SECONDS = 10.0  # a busy machine takes its time to start Python five times over


class Clock:
    """`tick` never raises for a database that is away: it says so once and tries again."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self.last_housekeeping = float("-inf")
        self.database_is_away = False

    def tick(self) -> None:
        try:
            self.look_around()
            self.database_is_away = False
        except Error:
            if not self.database_is_away:
                logger.exception("The database does not answer; trying again")
            self.database_is_away = True
            connection.close()

    def look_around(self) -> None:
        if time.monotonic() - self.last_housekeeping > HOUSEKEEPING_SECONDS:
            self.last_housekeeping = time.monotonic()
            Heartbeat.beat(Heartbeat.CLOCK)
            CompanyLease.objects.release_dead_owners()
            CoperniqConnection.objects.release_dead_owners()
            QuickBooksConnection.objects.release_dead_owners()
            SyncRun.objects.release_the_reconnected()
            SyncRun.objects.cancel_archived()
            self.check_the_queue()
        if anything_due():
            queue.wake()

    def check_the_queue(self) -> None:
        """A queue that moves beats its heart. One that stands looks healthy to itself, so it is killed."""
        if not self.cluster.is_running():
            if self.cluster.was_started:
                logger.warning("The queue's processes have ended; starting them again")
            self.cluster.start()
            return
        silence = silence_of_the_queue()
        if silence > QUIET:
            queue.enqueue(queue.CANARY)
        stall = settings.WORKER_STALL_SECONDS
        if silence > timedelta(seconds=stall) and self.cluster.age > stall + START_SECONDS:
            logger.warning("The queue has stood for %s seconds; killing and starting it again", stall)
            self.cluster.kill()
            self.cluster.start()


def silence_of_the_queue() -> timedelta:
    latest = Heartbeat.latest(Heartbeat.PUMP, Heartbeat.CANARY)
    return timezone.now() - latest if latest else timedelta.max


def anything_due() -> bool:
    return (
        InboundEvent.objects.unplanned().exists()
        or find_due_leases().exists()
        or CoperniqConnection.objects.due_for_poll(timezone.now()).exists()
        or QuickBooksConnection.objects.due_for_changes(timezone.now()).exists()
    )
