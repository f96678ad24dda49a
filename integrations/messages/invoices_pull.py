"""Messages about invoices that go from QuickBooks to Coperniq, and about fields that both sides changed."""

from integrations.causes import Cause
from integrations.messages.base import Catalog


class InvoicePullMessage(Catalog):
    """`ended` is "voided" or "deleted"; `coperniq` and `quickbooks` are the values of a field, or a total."""

    # done
    CREATED = (Cause.NONE, "Created invoice {invoice} in Coperniq{place}: ${total:,}.")
    CREATED_COMBINED = (
        Cause.NONE,
        "Created invoice {invoice} in Coperniq{place}: ${total:,}. Lines were combined because of: {reasons}.",
    )
    UPDATED = (Cause.NONE, "Updated invoice {invoice} in Coperniq: {fields}.")
    DECLINED = (Cause.NONE, "Declined invoice {invoice} in Coperniq, because it was {ended} in QuickBooks.")
    RELINKED = (
        Cause.NONE,
        "Found invoice {invoice} in Coperniq, created by the portal earlier, and linked it again.",
    )
    IN_STEP = (Cause.NONE, "Invoice {invoice} is in step on both sides already.")
    UNCHANGED = (Cause.NONE, "No synced field of invoice {invoice} has changed in QuickBooks.")
    ALREADY_ENDED = (
        Cause.NONE,
        "Invoice {invoice} was {ended} in QuickBooks, and is no longer active in Coperniq either.",
    )
    IS_CREATED_AGAIN = (Cause.NONE, "Invoice {invoice} is created again in QuickBooks, as you decided.")
    # warnings
    DEPOSIT = (Cause.WARNING, "QuickBooks has a deposit of ${deposit:,} on it, which Coperniq cannot show.")
    TOTAL_DIFFERS = (
        Cause.WARNING,
        "The total is ${coperniq:,} in Coperniq and ${quickbooks:,} in QuickBooks: compare the lines, and correct them "
        "in QuickBooks.",
    )
    OVERRIDDEN = (
        Cause.WARNING,
        "{field}: changed on both sides. The portal kept what {winner} has; {overridden} had {value}.",
    )
    FOLDED_LINES_KEPT = (
        Cause.WARNING,
        "The lines were changed in Coperniq too. The portal kept the lines of QuickBooks, because it had combined them "
        "for Coperniq.",
    )
    # one way
    ONE_WAY = (
        Cause.ONE_WAY,
        "{record} was {what} in QuickBooks. Coperniq stays as it is, because the direction is to QuickBooks only. Bring "
        "it over now, or when both ways are on again.",
    )
    KEPT_WHILE_ONE_WAY = (
        Cause.KEPT_WHILE_ONE_WAY,
        "{record} was {what} in QuickBooks while the direction was to QuickBooks only, and Coperniq was left as it was. "
        "Bring it over to Coperniq now, or leave both as they are.",
    )
    # skipped
    STALE_EVENT = (Cause.SEEN_ALREADY, "The portal has this change from QuickBooks already.")
    MADE_BY_PORTAL = (Cause.MADE_BY_PORTAL, "The portal created it in QuickBooks, and links it.")
    REFUSED_ALREADY = (Cause.ASKED_ALREADY, "What was refused is tried again in its own run.")
    ASKED_ALREADY = (Cause.ASKED_ALREADY, "A person has been asked about this already.")
    NOT_OF_PORTAL = (Cause.NOT_OF_PORTAL, "The portal neither created nor matched its customer.")
    JOB_ADDED_BY_HAND = (
        Cause.JOB_ADDED_BY_HAND,
        "It belongs to a job that was added by hand in QuickBooks under “{customer}”. Only jobs that are linked to a "
        "Coperniq project are synced.",
    )
    VOIDED_BEFORE_PULL = (Cause.VOIDED_BEFORE_PULL, "It is voided in QuickBooks, and never was in Coperniq.")
    DELETED_BEFORE_PULL = (
        Cause.DELETED_IN_QUICKBOOKS,
        "It is no longer in QuickBooks, and never was in Coperniq.",
    )
    DELETION_KNOWN = (
        Cause.DELETED_IN_QUICKBOOKS,
        "The portal knows already that it is no longer in QuickBooks.",
    )
    UNLISTABLE = (
        Cause.UNLISTABLE,
        "QuickBooks cannot show this invoice: perhaps it has an e-mail address that is none. Once that is corrected in "
        "QuickBooks, the portal reads the invoice again.",
    )
    OLDER_UNCHANGED = (
        Cause.OLDER_UNCHANGED,
        "It was created while invoice syncing was off, and nobody has changed it since.",
    )
    OLDER_AND_PAID = (
        Cause.OLDER_AND_PAID,
        "{record} was created while invoice syncing was off, and part or all of it is paid already. Bring it "
        "over if it belongs in Coperniq.",
    )
    # the same bill on both sides
    SAME_NOT_SENT = (
        Cause.PROBABLY_SAME_INVOICE,
        "Coperniq already has an invoice {other} of ${total:,} for this customer, which is not sent to QuickBooks. It is "
        "probably the same bill as invoice {number}, dated {on:%B %-d, %Y}: link the two, or bring this one over too.",
    )
    SAME_MADE_ALREADY = (
        Cause.PROBABLY_SAME_INVOICE,
        "QuickBooks has invoice {number} of ${total:,}, dated {on:%B %-d, %Y}, which was typed there before the portal "
        "created invoice {other} of the same customer and total from Coperniq. If it is the same bill, void one of the "
        "two in QuickBooks and leave this one; if it is another, bring it over.",
    )
    TYPED_AGAIN = (
        Cause.PROBABLY_SAME_INVOICE,
        "Invoice {other} of ${before:,} was deleted or voided in QuickBooks, and is still in Coperniq. QuickBooks has "
        "invoice {number} of ${total:,} of the same customer now, dated {on:%B %-d, %Y}. It is probably the same bill "
        "typed again: link the two, or bring this one over as another invoice.",
    )
    CHOICE_GONE = (
        Cause.CHOICE_GONE,
        "The chosen invoice has been declined or changed in Coperniq, or is linked to another invoice by now. Choose "
        "again.",
    )
    # waiting
    WAITS_FOR_LINK = (
        Cause.WAITS_FOR_LINK,
        "The portal created it in QuickBooks, and waits for the answer. It looks at what was changed since then.",
    )
    WAITS_FOR_SAME_INVOICE = (
        Cause.WAITS_FOR_SAME_INVOICE,
        "Waiting for your decision about the same invoice in Coperniq.",
    )
    # held
    WRONG_CURRENCY = (
        Cause.WRONG_CURRENCY,
        "This invoice is in {currency}, and Coperniq has US dollars only. Record it in Coperniq by hand.",
    )
    NOT_AN_INVOICE = (
        Cause.NOT_AN_INVOICE,
        "The total of this invoice is below zero. Correct it in QuickBooks, then try again.",
    )
    MOVED = (
        Cause.QUICKBOOKS_INVOICE_MOVED,
        "Invoice {invoice} was moved to another customer in QuickBooks. In Coperniq an invoice cannot be moved: move it "
        "back in QuickBooks, or let the portal go on with it where it is in Coperniq.",
    )
    FILLED_AGAIN = (
        Cause.QUICKBOOKS_INVOICE_FILLED_AGAIN,
        "Invoice {invoice} was voided in QuickBooks, and has a total of ${total:,} there again. In Coperniq it is no "
        "longer active. Void it in QuickBooks and create a new one there, which the portal copies to Coperniq, or leave "
        "it.",
    )
    ENDED_BUT_PAID = (
        Cause.ENDED_BUT_PAID,
        "Invoice {invoice} was {ended} in QuickBooks, but in Coperniq payments of ${paid:,} are recorded on it. Decide "
        "what to do with the payments, then try again, or leave the invoice.",
    )
    VOIDED = (
        Cause.QUICKBOOKS_INVOICE_VOIDED,
        "Invoice {invoice} was voided in QuickBooks. In Coperniq ${total:,} is still due on it. Decline it in Coperniq "
        "too, or leave it there.",
    )
    VOIDED_AND_EDITED = (
        Cause.QUICKBOOKS_INVOICE_VOIDED,
        "Invoice {invoice} was voided in QuickBooks, and changed in Coperniq, where ${total:,} is still due on it. "
        "Decline it in Coperniq too, or leave it there.",
    )
    DELETED = (
        Cause.QUICKBOOKS_INVOICE_DELETED,
        "Invoice {invoice} was deleted in QuickBooks. In Coperniq ${total:,} is still due on it. Create it again in "
        "QuickBooks if that was a mistake, decline it in Coperniq too, or leave it there.",
    )
    DELETED_AND_EDITED = (
        Cause.QUICKBOOKS_INVOICE_DELETED,
        "Invoice {invoice} was deleted in QuickBooks, and changed in Coperniq, where ${total:,} is still due on it. "
        "Create it again in QuickBooks if that was a mistake, decline it in Coperniq too, or leave it there.",
    )
    DELETED_BUT_PAID = (
        Cause.ENDED_BUT_PAID,
        "Invoice {invoice} was deleted in QuickBooks, but in Coperniq payments of ${paid:,} are recorded on it, of "
        "${total:,}. Create it again in QuickBooks if that was a mistake: what was paid on it there is applied to it "
        "again. Otherwise decide what to do with the payments, then try again, or leave the invoice.",
    )
    CONFLICT = (
        Cause.CONFLICT,
        "Invoice {invoice} was changed on both sides. {fields} Choose which side to keep.",
    )
    CONFLICT_FIELD = (
        Cause.CONFLICT,
        "{field}: {coperniq} in Coperniq, {quickbooks} in QuickBooks, {before} before.",
    )
    LINES_FOLDED = (
        Cause.LINES_FOLDED,
        "The lines of invoice {invoice} were changed in Coperniq to {coperniq}; QuickBooks has {quickbooks}. Coperniq "
        "cannot hold the lines of QuickBooks as they are, so the change has to be made in QuickBooks. Make it there, or "
        "put the lines of QuickBooks back into Coperniq.",
    )
    LINES_NOT_IN_COPERNIQ = (
        Cause.LINES_NOT_IN_COPERNIQ,
        "The lines of invoice {invoice} were changed in QuickBooks to {quickbooks}. In Coperniq it is {reason}, so the "
        "portal cannot make the change there. Change it in Coperniq by hand, or put the {coperniq} of Coperniq back into "
        "QuickBooks.",
    )
