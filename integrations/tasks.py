"""What the queue calls. A task carries nothing but "wake up": all it needs to know is in the database."""

from collections.abc import Sequence

from integrations.models import Heartbeat
from integrations.sync.engine.worker import Job, WorkerLoop
from integrations.sync.ingest.coperniq_projects import due_coperniq_polls
from integrations.sync.ingest.quickbooks_cdc import due_cdc_reads
from integrations.sync.ingest.router import route_pending_events


def pump() -> int:
    return WorkerLoop(chores=(plan_events, due_coperniq_polls, due_cdc_reads)).run()


def plan_events() -> Sequence[Job]:
    """Quick and local, so it is done between two looks at the leases."""
    route_pending_events()
    return ()


def canary() -> None:
    """Sung by whichever process takes tasks: as long as it is heard, the queue moves."""
    Heartbeat.beat(Heartbeat.CANARY)
