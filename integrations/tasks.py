"""What the queue calls. A task carries nothing but "wake up": all it needs to know is in the database."""

from collections.abc import Sequence

from integrations.models import Heartbeat
from integrations.sync.changes import due_changes
from integrations.sync.planning import plan_pending
from integrations.sync.polling import due_polls
from integrations.sync.pump import Errand, Pump


def pump() -> int:
    return Pump(chores=(plan_events, due_polls, due_changes)).run()


def plan_events() -> Sequence[Errand]:
    """Quick and local, so it is done between two looks at the lanes."""
    plan_pending()
    return ()


def canary() -> None:
    """Sung by whichever process takes tasks: as long as it is heard, the queue moves."""
    Heartbeat.beat(Heartbeat.CANARY)
