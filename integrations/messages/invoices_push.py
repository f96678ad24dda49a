"""What people read about invoices on their way from Coperniq to QuickBooks."""

from __future__ import annotations

from integrations.causes import Cause
from integrations.messages.base import Catalog

_BY_HAND = "Change it in Coperniq and try again, or record it in QuickBooks by hand."


class InvoicePushMessage(Catalog):
    # The invoice in Coperniq
    UNREADABLE = (
        Cause.ODD_INVOICE,
        "The portal cannot read this invoice from Coperniq: there is no {wanted} at {path}. Perhaps an amount has a "
        "fraction of a cent. Correct it in Coperniq, then try again.",
    )
    GONE = (Cause.INVOICE_GONE, "Coperniq no longer has this invoice, and it was never in QuickBooks.")
    MISSING_IN_COPERNIQ = (
        Cause.INVOICE_MISSING,
        "Coperniq no longer shows invoice {number}: it was deleted, or the API key's user has lost access to it. "
        "QuickBooks still has it, dated {on:%B %-d, %Y}, with ${total:,} open. If it was deleted on purpose, void it in "
        "QuickBooks too. Otherwise restore it in Coperniq or give access to it, then try again.",
    )
    MISSING_BUT_PAID = (
        Cause.INVOICE_MISSING,
        "Coperniq no longer shows invoice {number}: it was deleted, or the API key's user has lost access to it. "
        "QuickBooks still has it, dated {on:%B %-d, %Y}: ${total:,}, of which ${paid:,} is paid, and a paid invoice is "
        "not voided. If it was deleted on purpose, refund or move the payments in QuickBooks, then try again. Otherwise "
        "restore it in Coperniq or give access to it, then try again.",
    )
    ASKED_ALREADY = (Cause.ASKED_ALREADY, "A decision about this invoice is already pending.")
    SYNC_OFF = (
        Cause.INVOICE_SYNC_OFF,
        "Invoice and payment syncing is off. This goes on once it is switched on again.",
    )
    MADE_WHILE_OFF = (
        Cause.BEFORE_CUT_OFF,
        "{invoice} was created while invoice syncing was off. Send it anyway if it belongs in QuickBooks.",
    )
    STILL_A_DRAFT = (
        Cause.STILL_A_DRAFT,
        "{invoice} is still a draft in Coperniq. QuickBooks has no drafts, so the invoice is created there once it has "
        "been sent.",
    )
    ENDED_BEFORE_PUSH = (
        Cause.ENDED_BEFORE_PUSH,
        "{invoice} is {state} in Coperniq and was never in QuickBooks.",
    )
    COPY_OF_LINKED = (
        Cause.COPY_OF_LINKED,
        "Its text says that it came from QuickBooks, and another record in Coperniq is linked to the one there: it is "
        "probably a copy of that. If it is a record of its own, send it anyway.",
    )
    PERHAPS_BROUGHT_OVER = (
        Cause.PROBABLY_SAME_INVOICE,
        "The description of this invoice of ${total:,} begins with “QBO #{number}”, as that of an invoice brought over "
        "from QuickBooks. QuickBooks has invoice {found} of ${found_total:,}, dated {on:%B %-d, %Y}, which is linked to "
        "none in Coperniq. Are the two the same? Then link them; otherwise create another one.",
    )
    WAITS_FOR_LINK = (
        Cause.WAITS_FOR_LINK,
        "It came from QuickBooks and is about to be linked to the record it came from.",
    )
    NO_LINES = (Cause.NOT_AN_INVOICE, f"This invoice has no lines, and QuickBooks requires one. {_BY_HAND}")
    NEGATIVE_TOTAL = (
        Cause.NOT_AN_INVOICE,
        f"The total of this invoice is {{total}}, and QuickBooks accepts no invoice below zero. {_BY_HAND}",
    )
    TOO_MANY_LINES = (
        Cause.NOT_AN_INVOICE,
        f"This invoice has {{count:,}} lines, and QuickBooks accepts at most {{limit:,}}. {_BY_HAND}",
    )
    TOTAL_MISMATCH = (
        Cause.TOTAL_MISMATCH,
        "Coperniq's total of {total} differs by {difference} from the sum of the lines, perhaps because of tax. Correct "
        "it in Coperniq, or choose an active item for tax and differences on the QuickBooks page; then try again.",
    )
    TEXT_TOO_LONG = (
        Cause.TOO_LONG,
        "The {field} has {length:,} characters, and QuickBooks accepts {limit:,}. Shorten it in Coperniq, or send it "
        "with the end cut off.",
    )

    # Its customer in QuickBooks
    WITHOUT_ACCOUNT = (
        Cause.INVOICE_WITHOUT_ACCOUNT,
        "This invoice belongs to no account in Coperniq, so QuickBooks has no customer for it. Assign it to an account, "
        "then try again.",
    )
    PROJECT_MISSING = (
        Cause.PROJECT_MISSING,
        "Coperniq no longer shows “{project}”, the project of this invoice. Restore it, or give the API key's user "
        "access to it, then try again.",
    )
    ACCOUNT_MISMATCH = (
        Cause.ACCOUNT_MISMATCH,
        "This invoice belongs to “{account}”, but its project “{project}” belongs to another account. Correct one of "
        "them in Coperniq, then try again.",
    )
    WAITS_FOR_JOB = (
        Cause.WAITS_FOR_JOB,
        "Waiting for the job of “{project}”, which is created when the project enters {phase}.",
    )
    WAITS_FOR_TRIGGER_PHASE = (
        Cause.WAITS_FOR_JOB,
        "Waiting for the job of “{project}”, which is created when the project enters a trigger phase. No trigger phase "
        "has been chosen for its workflow yet.",
    )
    WAITS_FOR_PUSH = (Cause.WAITS_FOR_JOB, "Waiting for {what} of “{name}” to be created in QuickBooks.")
    ENTERED_BEFORE = (
        Cause.JOB_NOT_PUSHED,
        "“{project}” entered {phase} on {on:%B %-d, %Y}, before that became its trigger, so that its customer and job "
        "are not created by themselves. Send them now, and this invoice follows.",
    )
    PHASE_PASSED = (
        Cause.JOB_NOT_PUSHED,
        "“{project}” is in {current} and has passed {phase} by, its trigger, so that its customer and job are not "
        "created by themselves. Send them now, and this invoice follows.",
    )
    JOB_LEFT_OUT = (
        Cause.JOB_NOT_PUSHED,
        "“{project}” entered {phase} on {on:%B %-d, %Y}, but its customer or job was left out. Send them now, and this "
        "invoice follows.",
    )
    WAITS_FOR_CUSTOMER = (
        Cause.WAITS_FOR_CUSTOMER,
        "Waiting for the customer of “{account}”, which is created when one of its projects enters a trigger phase.",
    )

    # Its number and its date
    PROBABLY_SAME = (
        Cause.PROBABLY_SAME_INVOICE,
        "QuickBooks already has an invoice {number} of ${total:,} for this customer, dated {on:%B %-d, %Y}. It is "
        "probably the same invoice: link to it, or create another one.",
    )
    SAME_CAME_OVER = (
        Cause.PROBABLY_SAME_INVOICE,
        "QuickBooks already has an invoice {number} of ${total:,} for this customer, dated {on:%B %-d, %Y}, which came "
        "over to Coperniq as “{name}”. If this is the same bill, decline this one in Coperniq and leave it here; if it "
        "is another, create it with another number.",
    )
    TYPED_AGAIN = (
        Cause.PROBABLY_SAME_INVOICE,
        "Invoice {number} of ${total:,}, dated {on:%B %-d, %Y}, was deleted in Coperniq, and is still in QuickBooks. "
        "This one has the same customer, and the same total or number. It is probably the same bill typed again: link it "
        "to that invoice, or create another one.",
    )
    CHOICE_GONE = (
        Cause.CHOICE_GONE,
        "The chosen invoice has been deleted or voided in QuickBooks, or is linked to another invoice by now. Choose "
        "again.",
    )
    BILL_EMAIL_REFUSED = (
        Cause.WARNING,
        "QuickBooks refused “{email}” as the invoice's e-mail address, so it has none there.",
    )
    NUMBER_SHORTENED = (
        Cause.WARNING,
        "Number {wanted} is longer than QuickBooks accepts, so the invoice is {number} there.",
    )
    NUMBER_TAKEN = (
        Cause.WARNING,
        "QuickBooks already has a document {wanted}, so the invoice is {number} there.",
    )
    NUMBER_TO_TYPE = (
        Cause.WARNING,
        "QuickBooks may count on from that number: if it proposes {proposed} for your own next invoice, type {plain} "
        "instead.",
    )
    REDATED = (
        Cause.WARNING,
        "It is dated {first:%B %-d, %Y} instead of {on:%B %-d, %Y}, because the books are closed until then.",
    )
    CLOSED_PERIOD = (
        Cause.BOOKS_CLOSED,
        "The books are closed up to {closed_on:%B %-d, %Y}, and this is dated {on:%B %-d, %Y}. Reopen the period in "
        "QuickBooks and try again, or date it {first:%B %-d, %Y}.",
    )
    CLOSED_PERIOD_OF_DOCUMENT = (
        Cause.BOOKS_CLOSED,
        "The books are closed up to {closed_on:%B %-d, %Y}, and this document is dated {on:%B %-d, %Y}, so it cannot be "
        "changed. Reopen the period in QuickBooks and try again, or leave it as it is.",
    )

    # The linked invoice
    MOVED = (
        Cause.INVOICE_MOVED,
        "Invoice {number} was moved to another project or account in Coperniq. The portal does not move it in "
        "QuickBooks: move it there by hand if it should follow, then go on with it where it is in QuickBooks.",
    )
    DELETED_IN_QUICKBOOKS = (
        Cause.QUICKBOOKS_INVOICE_MISSING,
        "Invoice {number} was deleted in QuickBooks. Create it again, or leave it deleted.",
    )
    VOIDED_IN_QUICKBOOKS = (
        Cause.QUICKBOOKS_INVOICE_VOIDED,
        "Invoice {number} is voided in QuickBooks, so the change in Coperniq cannot be sent there. Decline it in "
        "Coperniq too, or create it again.",
    )
    REVIVED = (
        Cause.REVIVED,
        "Invoice {number} is in use again in Coperniq, but was voided or deleted in QuickBooks while it was not. "
        "QuickBooks cannot restore it: create it again, or leave it.",
    )
    ENDED_BUT_PAID = (
        Cause.DECLINED_BUT_PAID,
        "Invoice {number} was {state} in Coperniq, but payments of ${paid:,} are applied to it in QuickBooks, so it "
        "stays there. Refund or move the payments in QuickBooks, then try again, or leave the invoice.",
    )
    IN_STEP = (Cause.NONE, "Invoice {number} is in step with Coperniq already.")
    VOIDED_ALREADY = (Cause.NONE, "Invoice {number} is voided in QuickBooks already.")
    DELETED_ALREADY = (Cause.NONE, "Invoice {number} is deleted in QuickBooks already.")
    ENDED_ALREADY = (Cause.NONE, "Invoice {number} was voided or deleted in QuickBooks already.")

    BELOW_PAYMENTS = (
        Cause.INVOICE_BELOW_PAYMENTS,
        "Invoice {number} is ${total:,} in Coperniq now, but ${paid:,} is applied to it in QuickBooks, which refuses a "
        "total below that. Take ${freed:,} off the invoice in QuickBooks (refund it, or apply it to another invoice), "
        "then try again.",
    )

    # What was written
    CREATED = (Cause.NONE, "Created invoice {number} in QuickBooks, open and not e-mailed.")
    CREATED_BEFORE = (
        Cause.NONE,
        "Created invoice {number} in QuickBooks, open and not e-mailed. QuickBooks' answer was lost, so the portal "
        "looked the invoice up.",
    )
    UPDATED = (Cause.NONE, "Updated invoice {number} in QuickBooks.")
    UPDATED_FIELDS = (Cause.NONE, "Updated invoice {number} in QuickBooks: {fields}.")
    REPAIRED = (
        Cause.NONE,
        "Repaired invoice {number} in QuickBooks: the lines without an item have their amount now.",
    )
    VOIDED = (Cause.NONE, "Voided invoice {number} in QuickBooks, because it was {state} in Coperniq.")
    DELETED = (Cause.NONE, "Deleted invoice {number} in QuickBooks, because it was {state} in Coperniq.")
    AMOUNTS_DROPPED = (
        Cause.WARNING,
        "QuickBooks dropped the amounts of lines without a matching item. The portal sends those lines again with the "
        "item chosen for them.",
    )
    ITEM_ADDED = (Cause.WARNING, "QuickBooks added its item “{item}” to lines that have none in Coperniq.")
    TOTAL_DIFFERS = (
        Cause.WARNING,
        "The total is ${quickbooks:,} in QuickBooks and ${coperniq:,} in Coperniq: check the invoice in QuickBooks for "
        "tax, discounts or lines that were added there.",
    )
    PAYMENTS_FREED = (
        Cause.WARNING,
        "The invoice is smaller now than what was paid on it: ${freed:,} of that waits unapplied with the customer in "
        "QuickBooks. Refund it there, or apply it to another invoice.",
    )
    MESSAGE_KEPT = (
        Cause.WARNING,
        "QuickBooks kept the message to the customer, although it is empty in Coperniq. Clear it in QuickBooks by hand.",
    )
    DUE_DATE_UNCERTAIN = (
        Cause.WARNING,
        "Somebody changed the invoice in QuickBooks before the portal had the answer to its own change. Whether that "
        "changed the due date is unknown, so Coperniq gets the due date in QuickBooks.",
    )
