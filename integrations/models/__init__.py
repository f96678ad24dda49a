from integrations.models.connections import CoperniqConnection, PendingAuthorization, QuickBooksConnection
from integrations.models.decisions import Answer, Decisions, RunDecision
from integrations.models.enums import (
    Action,
    Direction,
    ItemlessLines,
    Kind,
    Question,
    RunState,
    Vendor,
)
from integrations.models.events import EventCount, InboundEvent, PhaseEntry
from integrations.models.leases import CompanyLease, Heartbeat
from integrations.models.links import RecordLink
from integrations.models.log import CallCount, Outcome, SyncLogEntry
from integrations.models.polled_state import ExternalPayment, LookupList, PolledInvoice
from integrations.models.rate_limits import RateLimitState
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
from integrations.models.runs import SyncRun, WriteCounts
from integrations.models.writes import RemoteWrite

__all__ = [
    "Action",
    "Answer",
    "CallCount",
    "ClosedBooks",
    "CompanyLease",
    "CoperniqConnection",
    "Decisions",
    "Direction",
    "EventCount",
    "ExternalPayment",
    "FieldMapping",
    "Heartbeat",
    "InboundEvent",
    "InvoiceSyncPeriod",
    "ItemlessLines",
    "Kind",
    "LookupList",
    "MatchingStrategy",
    "MemoField",
    "OnEnded",
    "OnQuickBooksVoid",
    "Outcome",
    "Owner",
    "PaymentMethod",
    "PendingAuthorization",
    "PhaseEntry",
    "PhaseTrigger",
    "PolledInvoice",
    "PushFrom",
    "Question",
    "QuickBooksConnection",
    "RateLimitState",
    "RecordLink",
    "Reentry",
    "RemoteWrite",
    "RunDecision",
    "RunState",
    "SyncLogEntry",
    "SyncRun",
    "SyncSettings",
    "Vendor",
    "WriteCounts",
]
