from integrations.models.connections import CoperniqConnection, QuickBooksConnection
from integrations.models.events import EventTally, InboundEvent, PhaseEntry
from integrations.models.lanes import Heartbeat, Lane
from integrations.models.links import RecordLink
from integrations.models.log import CallTally, Outcome, SyncLogEntry
from integrations.models.rules import FieldMapping, MatchingStrategy, PhaseTrigger, Reentry, SyncSettings
from integrations.models.runs import SyncRun
from integrations.models.vocabulary import Action, Direction, Kind, RunState
from integrations.models.writes import RemoteWrite

__all__ = [
    "Action",
    "CallTally",
    "CoperniqConnection",
    "Direction",
    "EventTally",
    "FieldMapping",
    "Heartbeat",
    "InboundEvent",
    "Kind",
    "Lane",
    "MatchingStrategy",
    "Outcome",
    "PhaseEntry",
    "PhaseTrigger",
    "QuickBooksConnection",
    "RecordLink",
    "Reentry",
    "RemoteWrite",
    "RunState",
    "SyncLogEntry",
    "SyncRun",
    "SyncSettings",
]
