"""The supervisor of the worker: wakes it for due work, and restarts a queue that has stopped."""

from __future__ import annotations

import logging
import time
from datetime import timedelta

from django.conf import settings
from django.db import Error, connection
from django.utils import timezone

from integrations import queue
from integrations.management.clock import Clock, bring_back_times
from integrations.management.cluster import Cluster
from integrations.models import (
    CompanyLease,
    CoperniqConnection,
    CustomerListRead,
    Heartbeat,
    InboundEvent,
    QuickBooksConnection,
    SyncRun,
)
from integrations.sync.engine.worker import find_due_leases

logger = logging.getLogger(__name__)

TICK_SECONDS = 0.5
HOUSEKEEPING_SECONDS = 2.0
START_SECONDS = 10.0  # on a busy machine, five Python processes take several seconds to start


class Supervisor:
    """`tick` does not raise if the database cannot be reached: it logs that once and tries again."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self.clock = Clock()
        self.last_housekeeping = float("-inf")
        self.database_is_away = False

    def tick(self) -> None:
        try:
            self.check()
            self.database_is_away = False
        except Error:
            if not self.database_is_away:
                logger.exception("The database does not answer; trying again")
            self.database_is_away = True
            connection.close()

    def check(self) -> None:
        if time.monotonic() - self.last_housekeeping > HOUSEKEEPING_SECONDS:
            self.last_housekeeping = time.monotonic()
            if self.clock.was_put_back():
                bring_back_times()
            Heartbeat.record(Heartbeat.SUPERVISOR)
            CompanyLease.objects.release_dead_owners()
            CoperniqConnection.objects.release_dead_owners()
            QuickBooksConnection.objects.release_dead_owners()
            CustomerListRead.objects.release_dead_owners()
            SyncRun.objects.release_reconnected()
            SyncRun.objects.release_switched_on()
            SyncRun.objects.cancel_archived()
            self.check_queue()
        if is_anything_due():
            # Also beside a loop that stays: that one has more to do than it can.
            queue.enqueue_loop()

    def check_queue(self) -> None:
        """Start the queue if it has ended, and kill it if it stands: its own checks do not notice that."""
        if not self.cluster.is_running():
            if self.cluster.was_started:
                logger.warning("The queue's processes have ended; starting them again")
            self.cluster.start()
            return
        if not Heartbeat.is_recent(Heartbeat.QUEUE):
            queue.enqueue_loop()
        stall = settings.WORKER_STALL_SECONDS
        if queue_silence() > timedelta(seconds=stall) and self.cluster.age > stall + START_SECONDS:
            logger.warning("The queue has stood for %s seconds; killing and starting it again", stall)
            self.cluster.kill()
            self.cluster.start()


def queue_silence() -> timedelta:
    """How long the queue has executed nothing."""
    latest = Heartbeat.latest(Heartbeat.WORKER_LOOP, Heartbeat.QUEUE)
    return timezone.now() - latest if latest else timedelta.max


def is_anything_due() -> bool:
    return (
        InboundEvent.objects.unplanned().exists()
        or find_due_leases().exists()
        or CoperniqConnection.objects.due_for_poll(timezone.now()).exists()
        or QuickBooksConnection.objects.due_for_changes(timezone.now()).exists()
        or CustomerListRead.objects.due(timezone.now()).exists()
    )
