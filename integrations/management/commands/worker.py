from __future__ import annotations

import signal
import threading
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from config.database import limit_waits_of_worker
from integrations.connections.stored_access import log_unreadable
from integrations.management.cluster import Cluster, run_cluster
from integrations.management.supervisor import TICK_SECONDS, Supervisor

GRACE_SECONDS = 55.0  # longer than the worker loop runs


class Command(BaseCommand):
    help = "Executes the queue, wakes it for due work, and restarts it when it stands. Run one per machine."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--cluster-of", type=int, help="internal: be the queue of this supervisor")

    def handle(self, *args: Any, **options: Any) -> None:
        limit_waits_of_worker()
        if options["cluster_of"]:
            run_cluster(options["cluster_of"])
        else:
            log_unreadable()
            supervise()


def supervise() -> None:
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    cluster = Cluster()
    supervisor = Supervisor(cluster)
    while not stop.wait(TICK_SECONDS):
        supervisor.tick()
    cluster.stop(GRACE_SECONDS)
