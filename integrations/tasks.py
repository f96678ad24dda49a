"""The tasks of the queue. They have no arguments: what they need to know is in the database."""

from collections.abc import Sequence

from integrations.models import Heartbeat
from integrations.sync.engine.worker import Job, WorkerLoop
from integrations.sync.ingest.coperniq_projects import due_coperniq_polls
from integrations.sync.ingest.quickbooks_cdc import due_cdc_reads
from integrations.sync.ingest.router import route_pending_events


def run_worker_loop() -> int:
    return WorkerLoop(periodic_jobs=(route_events, due_coperniq_polls, due_cdc_reads)).run()


def route_events() -> Sequence[Job]:
    """Quick and without a vendor call, so the worker loop does it itself."""
    route_pending_events()
    return ()


def record_queue_heartbeat() -> None:
    """Executed by a queue process: shows that the queue moves."""
    Heartbeat.record(Heartbeat.QUEUE)
