from integrations.models.connections import CoperniqConnection, QuickBooksConnection
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
    RunState,
    Vendor,
)
from integrations.models.writes import RemoteWrite

__all__ = [
    "MONEY_ACTIONS",
    "Action",
    "CallPace",
    "CallTally",
    "ClosedBooks",
    "CoperniqConnection",
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
    "QuickBooksConnection",
    "RecordLink",
    "Reentry",
    "ReferenceList",
    "RemoteWrite",
    "RunState",
    "SeenInvoice",
    "SyncLogEntry",
    "SyncRun",
    "SyncSettings",
    "Vendor",
]
