"""What people read about the records they send together, and about a record they want synced now."""

from __future__ import annotations

from integrations.causes import Cause
from integrations.messages.base import Catalog


class BatchMessage(Catalog):
    ANOTHER_IS_UNDER_WAY = (
        Cause.NONE,
        "“{title}” is not finished yet. Let it finish or cancel it, then choose again.",
    )
    SYNC_IS_OFF = (
        Cause.INVOICE_SYNC_OFF,
        "Invoice and payment syncing is off. Switch it on first, or send the projects without their invoices.",
    )
    NO_TRIGGER = (Cause.NONE, "No trigger phase has been chosen for this workflow. Choose one first.")
    NO_SINCE = (Cause.NONE, "Say from which day on the invoices were created, as YYYY-MM-DD.")
    NO_RECORD = (
        Cause.NONE,
        "Say which record: “project” or “invoice” with its number, or paste its address.",
    )
    UNKNOWN_SELECTION = (Cause.NONE, "Choose what is to be sent: projects, invoices, items or one record.")
    NOT_READY = (Cause.NONE, "This was changed meanwhile. Look at the page again.")
    LOOKED_AT = (Cause.NONE, "Looked at the records. Nothing is sent before somebody starts it.")
    IS_LOOKED_AT = (Cause.NONE, "The records are being looked at. Nothing is sent before somebody starts it.")
    NO_SUCH_BATCH = (Cause.NONE, "There is no such batch.")
    NOTHING_TO_SEND = (Cause.NONE, "There is nothing to send.")
    ITEMS_LINKED = (Cause.NONE, "Linked {count} catalog items to their QuickBooks items.")
    FINISHED = (
        Cause.NONE,
        "“{title}” has been carried out: {sent} of {total} are in QuickBooks. Need attention: {attention}. "
        "Waiting or left out: {waiting}.",
    )

    # What the look at a record found
    SAME_NAME = (
        Cause.NONE,
        "Another account that is sent is called “{name}” too. You are asked about this one when it is sent.",
    )
    PROJECT_ENDED = (Cause.NONE, "“{project}” is {state} in Coperniq.")
    WAITS_FOR_ITS_CUSTOMER = (Cause.WAITS_FOR_CUSTOMER, "Waits until its customer is decided: {why}")
    NOT_REACHED = (
        Cause.JOB_NOT_PUSHED,
        "“{project}” is in {current}; the trigger is {phase}. It is sent when it enters that phase.",
    )
    NOT_REACHED_NO_TRIGGER = (
        Cause.JOB_NOT_PUSHED,
        "“{project}” is in {current}, and no trigger phase has been chosen for its workflow.",
    )
    CUSTOMER_AT_PHASE = (
        Cause.WAITS_FOR_CUSTOMER,
        "The customer “{account}” is not in QuickBooks yet: it is sent when a project of it enters the trigger phase.",
    )
    WAITS_FOR_PROJECT = (Cause.WAITS_FOR_JOB, "Goes to QuickBooks once its project “{project}” has.")
    INVOICE_WAITS = (Cause.WAITS_FOR_JOB, "Goes to QuickBooks once its project has: {why}")
    INVOICE_UNREADABLE = (Cause.ODD_INVOICE, "Coperniq's answer about this invoice cannot be read.")
    ITEM_UNMATCHED = (
        Cause.NONE,
        "No item in QuickBooks has its code or name. Choose one under Item matches.",
    )
    ITEM_SEVERAL = (Cause.NONE, "Several items in QuickBooks could be it. Choose one under Item matches.")
    RECORD_NOT_FOUND = (
        Cause.RECORD_MISSING,
        "Coperniq shows no {kind} with this number or id. Look at the number there, or paste the record's address.",
    )
