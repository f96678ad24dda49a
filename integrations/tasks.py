"""The tasks of the queue. They have no arguments: what they need to know is in the database."""

from collections.abc import Sequence

from integrations import queue
from integrations.sync.engine.worker import Job, WorkerLoop
from integrations.sync.ingest.coperniq_projects import due_coperniq_polls
from integrations.sync.ingest.quickbooks_cdc import due_cdc_reads
from integrations.sync.ingest.router import route_pending_events

PERIODIC_JOBS = (due_coperniq_polls, due_cdc_reads)


def run_worker_loop() -> int:
    """Executes what is due and ends."""
    return WorkerLoop(PERIODIC_JOBS, on_wakeup=route_events).run()


def run_resident_loop() -> int:
    """Executed by one queue process at a time: waits for work, and queues its successor when its time is up."""
    return WorkerLoop(PERIODIC_JOBS, on_wakeup=route_events, successor=queue.RESIDENT_LOOP).run()


def route_events() -> Sequence[Job]:
    """Quick and without a vendor call, so the worker loop does it itself."""
    route_pending_events()
    return ()
