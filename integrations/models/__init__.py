from integrations.models.connections import CoperniqConnection, QuickBooksConnection
from integrations.models.decisions import Answer, Decisions, RunDecision
from integrations.models.events import EventTally, InboundEvent, PhaseEntry
from integrations.models.lanes import Heartbeat, Lane
from integrations.models.links import RecordLink
from integrations.models.log import CallTally, Outcome, SyncLogEntry
from integrations.models.noticing import ForeignPayment, ReferenceList, SeenInvoice
from integrations.models.pace import CallPace
from integrations.models.rules import (
    ClosedBooks,
    FieldMapping,
    InvoiceSyncPeriod,
    MatchingStrategy,
    MemoField,
    OnEnded,
    OnQuickBooksVoid,
    Owner,
    PaymentMethod,
    PhaseTrigger,
    PushFrom,
    Reentry,
    SyncSettings,
)
from integrations.models.runs import SyncRun
from integrations.models.vocabulary import (
    MONEY_ACTIONS,
    Action,
    Direction,
    ItemlessLines,
    Kind,
    Question,
    RunState,
    Vendor,
)
from integrations.models.writes import RemoteWrite

__all__ = [
    "MONEY_ACTIONS",
    "Action",
    "Answer",
    "CallPace",
    "CallTally",
    "ClosedBooks",
    "CoperniqConnection",
    "Decisions",
    "Direction",
    "EventTally",
    "FieldMapping",
    "ForeignPayment",
    "Heartbeat",
    "InboundEvent",
    "InvoiceSyncPeriod",
    "ItemlessLines",
    "Kind",
    "Lane",
    "MatchingStrategy",
    "MemoField",
    "OnEnded",
    "OnQuickBooksVoid",
    "Outcome",
    "Owner",
    "PaymentMethod",
    "PhaseEntry",
    "PhaseTrigger",
    "PushFrom",
    "Question",
    "QuickBooksConnection",
    "RecordLink",
    "Reentry",
    "ReferenceList",
    "RemoteWrite",
    "RunDecision",
    "RunState",
    "SeenInvoice",
    "SyncLogEntry",
    "SyncRun",
    "SyncSettings",
    "Vendor",
]
