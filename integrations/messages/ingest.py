"""Texts about events: why an event led to no run, and what the pollers and the recovery report."""

from __future__ import annotations

from enum import StrEnum

from integrations.causes import Cause
from integrations.messages.base import Catalog


class EventReason(StrEnum):
    """Why nothing follows from an event. Stored with it: where code asks for a reason, its value must not change."""

    NONE = ""
    NOT_CONNECTED = "QuickBooks is not connected"  # asked for
    SYNCING_OFF = "invoice syncing is off"
    ITEMS_CHANGED = "items are read again when they are next needed"
    LEFT_TO_CHANGE_DATA = "left to the next read of change data"
    NOT_A_PHASE = "not about a project entering a phase"
    NOT_IN_DOLLARS = "the QuickBooks company does not use US dollars"
    NO_TRIGGER = "no trigger for this phase"
    UNKNOWN_TYPE = "unknown type of notification"
    OTHER_RECORD = "records of this kind are not synced"
    OTHER_CHANGE = "changes of this kind are not synced"
    EMAILED = "an e-mail does not change the record"
    KNOWN = "the portal's own write, or already known"
    CUSTOMER_NOT_LINKED = "the customer is not linked"
    UNCHANGED = "unchanged since before the trigger was saved"
    UNROUTABLE = "the portal failed to look at it; support finds why in the worker's log"


class IngestMessage(Catalog):
    ADOPTED = (
        Cause.ADOPTED,
        "{document} in QuickBooks carries the portal's tag and was linked again instead of being created twice.",
    )
    RECONNECT = (
        Cause.RECONNECT,
        "Waiting for the connection to be authorized again under Integrations.",
    )
    CHANGES_TOO_OLD = (
        Cause.WARNING,
        "QuickBooks reports changes of 30 days only, and the last read was on {since:%B %-d, %Y}.",
    )
    CHANGES_REFUSED = (
        Cause.NONE,
        "QuickBooks refused to list the changed {names}, so that everything linked was compared.",
    )
    TOO_MANY_CHANGES = (
        Cause.WARNING,
        "QuickBooks reports 1,000 changes at once, and there were more of these: {names}.",
    )
