from integrations.models.batches import SENT, Batch, BatchRecord, Finding, Selection
from integrations.models.connections import CoperniqConnection, PendingAuthorization, QuickBooksConnection
from integrations.models.customer_matches import CustomerListRead, CustomerMatch, ListedCustomer
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
from integrations.models.frequency import Frequency
from integrations.models.leases import CompanyLease, Heartbeat
from integrations.models.links import RecordLink
from integrations.models.log import CallCount, Outcome, SyncLogEntry
from integrations.models.polled_state import ExternalInvoice, ExternalPayment, LookupList, PolledInvoice
from integrations.models.rate_limits import RateLimitState
from integrations.models.rules import (
    ClosedBooks,
    CustomersOn,
    FieldMapping,
    InvoiceSyncPeriod,
    MatchBy,
    MatchingStrategy,
    MemoField,
    Numbers,
    OnEnded,
    OnQuickBooksVoid,
    Owner,
    PaymentMethod,
    PhaseTrigger,
    PushFrom,
    Reentry,
    SyncDirection,
    SyncSettings,
)
from integrations.models.runs import SyncRun, WriteCounts
from integrations.models.writes import RemoteWrite

__all__ = [
    "SENT",
    "Action",
    "Answer",
    "Batch",
    "BatchRecord",
    "CallCount",
    "ClosedBooks",
    "CompanyLease",
    "CoperniqConnection",
    "CustomerListRead",
    "CustomerMatch",
    "CustomersOn",
    "Decisions",
    "Direction",
    "EventCount",
    "ExternalInvoice",
    "ExternalPayment",
    "FieldMapping",
    "Finding",
    "Frequency",
    "Heartbeat",
    "InboundEvent",
    "InvoiceSyncPeriod",
    "ItemlessLines",
    "Kind",
    "ListedCustomer",
    "LookupList",
    "MatchBy",
    "MatchingStrategy",
    "MemoField",
    "Numbers",
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
    "Selection",
    "SyncDirection",
    "SyncLogEntry",
    "SyncRun",
    "SyncSettings",
    "Vendor",
    "WriteCounts",
]
