"""The task of the queue. It has no arguments: what it needs to know is in the database."""

from collections.abc import Sequence

from integrations.sync.engine.worker import Job, WorkerLoop
from integrations.sync.ingest.coperniq_projects import due_coperniq_polls
from integrations.sync.ingest.customer_mapping import due_mapping_reads
from integrations.sync.ingest.quickbooks_cdc import due_cdc_reads
from integrations.sync.ingest.router import route_pending_events
from integrations.sync_schedule import due_syncs

PERIODIC_JOBS = (due_syncs, due_coperniq_polls, due_cdc_reads, due_mapping_reads)


def run_worker_loop() -> int:
    """Executes what is due. Stays until its time is up if no other loop does."""
    return WorkerLoop(PERIODIC_JOBS, on_wakeup=route_events, may_stay=True).run()


def route_events() -> Sequence[Job]:
    """Quick and without a vendor call, so the worker loop does it itself."""
    route_pending_events()
    return ()
