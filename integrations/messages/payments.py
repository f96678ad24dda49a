from __future__ import annotations

from integrations.causes import Cause
from integrations.messages.base import Catalog

_OR_CHOOSE_ANOTHER = ", or choose another account for payments on the QuickBooks page; then try again."


class PaymentMessage(Catalog):
    """Texts about payments. {payment} is the run's name of one, such as "$40.00 for invoice 1001"."""

    # Recorded, linked or unchanged
    RECORDED_IN_QUICKBOOKS = (Cause.NONE, "Recorded the payment of {payment} in QuickBooks.")
    VOIDED_IN_QUICKBOOKS = (
        Cause.NONE,
        "Voided the payment of {payment} in QuickBooks, because it was removed from Coperniq.",
    )
    CORRECTED_IN_QUICKBOOKS = (Cause.NONE, "Corrected the payment of {payment} in QuickBooks.")
    FOUND_IN_QUICKBOOKS = (
        Cause.NONE,
        "After a lost answer, the payment of {payment} was found in QuickBooks, where it had been recorded.",
    )
    RECORDED_IN_COPERNIQ = (Cause.NONE, "Recorded the payment of {payment} in Coperniq.")
    LINKED = (
        Cause.NONE,
        "Linked to the payment of ${amount:,} that {vendor} already had on this invoice.",
    )
    LINKED_UNAPPLIED = (
        Cause.NONE,
        "Linked to the payment of ${amount:,}, dated {date}, that QuickBooks already had. It is not applied to this "
        "invoice yet: apply it to invoice {invoice} in QuickBooks.",
    )
    APPLIED = (
        Cause.NONE,
        "Applied the payment that QuickBooks already had, dated {date}, and linked it to the payment of {payment}.",
    )
    REPLACED = (
        Cause.NONE,
        "The payment of {payment} ended in QuickBooks, where another one of the same money is dated {date}: Coperniq's "
        "payment is linked to that one now.",
    )
    ENTERED_AGAIN = (
        Cause.NONE,
        "The payment of {payment} was removed from Coperniq and entered again: it is linked to the payment that "
        "QuickBooks already has.",
    )
    UNCHANGED = (Cause.NONE, "QuickBooks already has the payment of {payment} as Coperniq has it.")
    DATE_LEFT = (
        Cause.WARNING,
        "In QuickBooks the payment keeps the date {date}: the portal does not change the date of a payment that people "
        "recorded or that pays other invoices.",
    )
    IS_RECORDED_AGAIN = (
        Cause.NONE,
        "The payment of {payment} is recorded again in QuickBooks, as you decided.",
    )
    SAME_ON_BOTH_SIDES = (Cause.NONE, "The payment of {payment} is the same in Coperniq and QuickBooks.")
    OFF_INVOICE_ON_BOTH_SIDES = (
        Cause.NONE,
        "The payment of {payment} was removed from Coperniq, and taken off the invoice in QuickBooks.",
    )
    LEFT_UNAPPLIED = (
        Cause.NONE,
        "QuickBooks still has ${amount:,} unapplied with the customer. If the money never came in, void the payment "
        "there.",
    )
    SHARED_RECORD_CREATED = (Cause.NONE, "Created the {noun} “{name}” in QuickBooks.")

    # Detected
    INVOICE_NOT_IN_COPERNIQ = (Cause.NONE, "Coperniq does not show this invoice any more.")
    COPERNIQ_PAYMENTS_READ = (Cause.NONE, "The payments of the invoice were checked.")
    PAID_IN_COPERNIQ = (Cause.NONE, "Coperniq shows invoice {invoice} as paid.")
    PAID_WITHOUT_PAYMENT = (
        Cause.PAID_WITHOUT_PAYMENT,
        "It has no payment there, so none was recorded in QuickBooks. Record the payment in Coperniq.",
    )
    DELETED_IN_QUICKBOOKS = (Cause.NONE, "The payment is not in QuickBooks any more.")
    ALLOCATIONS_READ = (Cause.NONE, "The invoices that this payment pays were checked.")
    NO_LINKED_INVOICE = (Cause.NONE, "The payment pays no invoice that is linked to Coperniq.")
    CREDIT_APPLIED = (
        Cause.CREDIT_APPLIED,
        "A credit was applied in QuickBooks: {credits}. No money came in, so no payment was recorded in Coperniq. The "
        "balance in Coperniq stays higher by that amount.",
    )

    # Warnings
    PARTLY_UNAPPLIED = (
        Cause.WARNING,
        "Only ${applied:,} was open on invoice {invoice}: the other ${unapplied:,} waits unapplied with the customer in "
        "QuickBooks.",
    )
    APPLIED_LESS = (
        Cause.WARNING,
        "Only ${applied:,} of it was not applied in QuickBooks, but Coperniq has ${amount:,}. Correct the payment in "
        "Coperniq, or record the other ${missing:,} in QuickBooks.",
    )
    UNAPPLIED_IN_QUICKBOOKS = (
        Cause.WARNING,
        "${unapplied:,} of the payment remains unapplied with the customer in QuickBooks.",
    )
    NOT_APPLIED = (
        Cause.WARNING,
        "QuickBooks did not apply ${amount:,} of it to the invoice: it waits unapplied with the customer. Apply it in "
        "QuickBooks by hand.",
    )
    AMOUNT_DIFFERS = (
        Cause.WARNING,
        "Coperniq recorded ${coperniq:,}, but QuickBooks has ${quickbooks:,}. Correct the payment in Coperniq.",
    )
    METHOD_UNKNOWN = (
        Cause.WARNING,
        "QuickBooks has no payment method for {method}, so the method is in the payment's memo instead.",
    )
    METHOD_INACTIVE = (
        Cause.WARNING,
        "The QuickBooks payment method “{method}” is inactive, so the payment has no method. Make it active there.",
    )

    # Not synced
    NOT_PAID_ANY_MORE = (Cause.NOT_PAID_ANY_MORE, "The payment does not pay this invoice any more.")
    INVOICE_NOT_LINKED = (Cause.INVOICE_NOT_LINKED, "Its invoice is not linked to Coperniq.")
    MADE_BY_PORTAL = (Cause.MADE_BY_PORTAL, "The portal created this payment and links it in another run.")
    ONLY_CREDITS = (
        Cause.ONLY_CREDITS,
        "Only credits pay this invoice: no money came in, so there is no payment to record.",
    )
    BEFORE_CUTOFF_IN_COPERNIQ = (
        Cause.BEFORE_CUT_OFF,
        "This payment was made while invoice syncing was off. Send it anyway if it belongs in QuickBooks.",
    )
    BEFORE_CUTOFF_IN_QUICKBOOKS = (
        Cause.BEFORE_CUT_OFF,
        "This payment was made while invoice syncing was off. Bring it over if it belongs in Coperniq.",
    )
    STATUS_NOT_SENT = (
        Cause.PAYMENT_STATUS,
        "Payments with the status {status} are not sent to QuickBooks, as you decided earlier.",
    )
    PAYMENT_GONE = (
        Cause.PAYMENT_GONE,
        "The payment is not in Coperniq any more, and nothing in QuickBooks is linked to it.",
    )
    ASKED_ALREADY = (Cause.ASKED_ALREADY, "There is already an open question about this payment.")
    INVOICE_LEFT_OUT = (
        Cause.INVOICE_LEFT_OUT,
        "Its invoice is not in QuickBooks, so the payment cannot be recorded there. Send the invoice, and its payments "
        "follow.",
    )

    LEFT_ELSEWHERE = (
        Cause.LEFT_ON_OTHER_INVOICE,
        "This money came from invoice {invoice} in QuickBooks, and Coperniq still counts it there, as you decided. Bring "
        "it over if it belongs here as well.",
    )

    LEFT_SAME_PAYMENT = (
        Cause.LEFT_SAME_PAYMENT,
        "Whether it is the payment of ${amount:,} dated {date} in Coperniq was left open, as you decided, so it was not "
        "recorded there. Record both if it is other money.",
    )

    # Waiting
    WAITS_FOR_MOVE = (
        Cause.WAITS_FOR_MOVED_PAYMENT,
        "Waiting for your decision about invoice {invoice}: this money was there before, and Coperniq counts it there.",
    )
    WAITS_FOR_ENDED = (
        Cause.WAITS_FOR_LINK,
        "The payment of {payment} has ended in QuickBooks, and this one may stand in its place: that is settled first.",
    )
    WAITS_FOR_LINK = (
        Cause.WAITS_FOR_LINK,
        "It replaces a payment that was changed in QuickBooks, and is about to be linked to that payment.",
    )
    WAITS_FOR_OWN_LINK = (
        Cause.WAITS_FOR_LINK,
        "The portal created it in QuickBooks, and waits for the answer. It looks at what was changed since then.",
    )
    WAITS_FOR_INVOICE_LINK = (
        Cause.WAITS_FOR_LINK,
        "The portal created its invoice in QuickBooks, and waits for the answer before it looks at the payment.",
    )
    WAITS_FOR_INVOICE = (Cause.WAITS_FOR_INVOICE, "Waiting for its invoice to be in QuickBooks.")
    WAITS_FOR_INVOICE_LINES = (
        Cause.WAITS_FOR_INVOICE,
        "Waiting for the lines of its invoice to be corrected in QuickBooks.",
    )
    WAITS_FOR_SAME_PAYMENT = (
        Cause.WAITS_FOR_SAME_PAYMENT,
        "Waiting for your decision about the same payment in Coperniq.",
    )

    # A person decides
    PROBABLY_SAME = (
        Cause.PROBABLY_SAME_PAYMENT,
        "{vendor} already has a payment of ${amount:,} on this invoice, dated {date}{others}. It is probably the same "
        "payment: link to it, or record both.",
    )
    PROBABLY_SAME_OPEN = (
        Cause.PROBABLY_SAME_PAYMENT,
        "On invoice {invoice} ${amount:,} less is open in QuickBooks than in Coperniq already, as the log says: for "
        "instance by a deposit on the invoice or a credit memo. This payment of ${amount:,} is probably the same money. "
        "If so, leave it; if it is other money, record both.",
    )
    PROBABLY_SAME_UNAPPLIED = (
        Cause.PROBABLY_SAME_PAYMENT,
        "QuickBooks already has a payment of ${total:,}{number}, dated {date}, for “{where}”: ${unapplied:,} of it is "
        "not applied to any invoice{others}. It is probably the same payment: apply it to invoice {invoice}, link to it "
        "as it is, or record both.",
    )
    PROBABLY_SAME_ELSEWHERE = (
        Cause.PROBABLY_SAME_PAYMENT,
        "QuickBooks already has a payment of ${total:,}{number}, dated {date}, on {where}{others}. It is probably the "
        "same payment: link to it where it is, or record both.",
    )
    PROBABLY_SAME_LINKED = (
        Cause.PROBABLY_SAME_PAYMENT,
        "QuickBooks already has a payment of ${total:,}{number}, dated {date}, on {where}{others}, and it is linked to "
        "another payment in Coperniq. If this one was entered twice, remove it in Coperniq and leave it here; if both "
        "came in, record both.",
    )
    PROBABLY_SAME_REMOVED = (
        Cause.PROBABLY_SAME_PAYMENT,
        "A payment of ${amount:,}, dated {date}, was removed from invoice {former} in Coperniq, and QuickBooks still has "
        "it there. This one is probably the same payment, entered on invoice {invoice}: move it there in QuickBooks too, "
        "or record both. Where moving is not offered, it is in a bank deposit: move it in QuickBooks by hand.",
    )
    SECOND_OF_NUMBER = (
        Cause.PROBABLY_SAME_PAYMENT,
        "QuickBooks has two payments of ${amount:,} with the number {number}: this one, dated {date}, and the payment of "
        "{payment}, dated {recorded}, which the portal recorded from Coperniq. If it is the same money, void one of them "
        "in QuickBooks and try again; if both came in, record both.",
    )
    APPLY_DEPOSITED = (
        Cause.DEPOSITED,
        "The payment of ${amount:,} is part of a bank deposit in QuickBooks, so the portal cannot apply it. Apply it to "
        "invoice {invoice} in QuickBooks by hand and link to it.",
    )
    NOTHING_OPEN = (
        Cause.ABOVE_BALANCE,
        "Nothing is open on invoice {invoice} in QuickBooks any more, so the payment cannot be applied to it.",
    )
    CHOICE_GONE = (
        Cause.CHOICE_GONE,
        "The payment you chose is not on this invoice in {vendor} any more, or is linked to another payment. Please "
        "choose again.",
    )
    STATUS_UNKNOWN = (
        Cause.PAYMENT_STATUS,
        "This payment has the status {status} in Coperniq. Is a payment with this status money received? Your answer "
        "also applies to later payments with this status.",
    )
    STATUS_CHANGED = (
        Cause.PAYMENT_STATUS,
        "The payment of {payment} now has the status {status} in Coperniq, but QuickBooks still has it. If the money "
        "never came in, void the payment in QuickBooks by hand; then leave this one.",
    )
    INVOICE_DECLINED = (
        Cause.INVOICE_DECLINED,
        "Invoice {invoice} is declined in Coperniq, but has a payment in QuickBooks. Reopen the invoice in Coperniq, "
        "then try again, or leave the payment.",
    )
    INVOICE_MISSING = (
        Cause.INVOICE_MISSING,
        "Coperniq does not show invoice {invoice} any more, so the payment cannot be recorded there. Restore the "
        "invoice, then try again, or leave the payment.",
    )
    INVOICE_ENDED = (
        Cause.INVOICE_ENDED,
        "Invoice {invoice} is voided or deleted in QuickBooks, so the payment cannot be applied to it. Record the "
        "payment in QuickBooks by hand, then leave this one.",
    )
    ABOVE_BALANCE = (
        Cause.ABOVE_BALANCE,
        "QuickBooks has a payment of ${amount:,} on invoice {invoice}, but only ${balance:,} is open on it in Coperniq. "
        "Compare the two invoices and their payments, then try again, or leave the payment.",
    )
    NOT_POSITIVE = (
        Cause.PAYMENT_NOT_POSITIVE,
        "This payment is zero or negative, perhaps a refund. QuickBooks records refunds in another way: record it there "
        "by hand, then leave this one.",
    )
    WITHOUT_DATE = (
        Cause.PAYMENT_WITHOUT_DATE,
        "This payment has no date in Coperniq. Enter one, then try again.",
    )
    CONFLICT = (
        Cause.CONFLICT,
        "The payment of {payment} was changed on both sides: Coperniq has {coperniq}, QuickBooks has {quickbooks}. "
        "Choose which one to use.",
    )
    NOT_ENOUGH_UNAPPLIED = (
        Cause.CONFLICT,
        "The payment of {payment} is now {coperniq} in Coperniq. In QuickBooks ${applied:,} of it pays this invoice, of "
        "a payment of ${total:,} dated {date}, and ${unapplied:,} is unapplied. The portal keeps the total of a "
        "payment that people recorded or that pays other invoices. Correct it in Coperniq or in QuickBooks and try "
        "again, or leave what QuickBooks has.",
    )
    MISSING_IN_QUICKBOOKS = (
        Cause.QUICKBOOKS_PAYMENT_MISSING,
        "The payment of {payment} was changed in Coperniq, but is voided or deleted in QuickBooks. If the money came in, "
        "record it again in QuickBooks; otherwise leave it.",
    )
    DEPOSITED = (
        Cause.DEPOSITED,
        "The payment of {payment} is now {coperniq} in Coperniq, but is already part of a bank deposit in QuickBooks. "
        "Remove it from the deposit there and try again, or leave it.",
    )
    VANISHED = (
        Cause.PAYMENT_VANISHED,
        "The payment of {payment} was removed from Coperniq, but QuickBooks still has it: ${total:,}, dated "
        "{on:%B %-d, %Y}. If the money never came in, void the payment in QuickBooks too. Where this is not offered, it "
        "is in a deposit, was recorded by people, or is not only for this invoice: take it off the invoice there, then "
        "try again.",
    )
    CHANGED_IN_QUICKBOOKS = (
        Cause.QUICKBOOKS_PAYMENT_CHANGED,
        "The payment of {payment} was changed in QuickBooks: it was {before}, and is now {now}. The portal cannot change "
        "payments in Coperniq. Correct it there by hand and check again, or leave it as it is.",
    )
    ENDED_IN_QUICKBOOKS = (
        Cause.QUICKBOOKS_PAYMENT_CHANGED,
        "The payment of {payment} was {now} in QuickBooks: it was {before}. Coperniq still counts it. If that was a "
        "mistake, record it again in QuickBooks. If the money never came in, remove it in Coperniq and check again, or "
        "leave it as it is.",
    )
    MOVED_IN_QUICKBOOKS = (
        Cause.QUICKBOOKS_PAYMENT_CHANGED,
        "The payment of {payment} was moved in QuickBooks: it was {before}, and is now {now}. Coperniq still counts it "
        "on invoice {invoice}, and the portal cannot change payments there. Correct or remove it there and check again: "
        "then the portal records what is elsewhere. If you leave it as it is, nothing is recorded elsewhere.",
    )

    # The account that payments are deposited to
    ACCOUNT_NAME_TAKEN = (
        Cause.DEPOSIT_ACCOUNT_UNUSABLE,
        "QuickBooks reports that the name “{account}” is taken. Look for it there" + _OR_CHOOSE_ANOTHER,
    )
    ACCOUNT_INACTIVE = (
        Cause.DEPOSIT_ACCOUNT_UNUSABLE,
        "The account “{account}” for payments is inactive or deleted in QuickBooks. Make it active there"
        + _OR_CHOOSE_ANOTHER,
    )
    ACCOUNT_OF_WRONG_TYPE = (
        Cause.DEPOSIT_ACCOUNT_UNUSABLE,
        "The account “{account}” is neither a bank account nor a current asset, so payments cannot be deposited to it. "
        "Change its type in QuickBooks" + _OR_CHOOSE_ANOTHER,
    )
    ACCOUNT_NAME_OF_WRONG_TYPE = (
        Cause.DEPOSIT_ACCOUNT_UNUSABLE,
        "QuickBooks has an account “{account}” of the type {found} instead of {wanted}. Rename it there"
        + _OR_CHOOSE_ANOTHER,
    )
    ACCOUNT_REFUSED = (
        Cause.DEPOSIT_ACCOUNT_UNUSABLE,
        "QuickBooks does not let the portal create the account “{account}”. Create it there by hand, with the "
        "type {wanted}" + _OR_CHOOSE_ANOTHER,
    )


class OpenMessage(Catalog):
    """Texts about what is open of an invoice on both sides. The parts of a difference follow each other in one line."""

    KNOWN = (Cause.NONE, "What is open on the invoice is known.")
    POSTPONED = (Cause.NONE, "What is open on the invoice is compared once its payments have been looked at.")
    EQUAL_AGAIN = (
        Cause.OPEN_EQUAL_AGAIN,
        "On invoice {invoice} the same amount is open in Coperniq and QuickBooks again: {quickbooks}.",
    )
    DIFFERS = (
        Cause.OPEN_DIFFERS,
        "On invoice {invoice} {quickbooks} is open in QuickBooks, and {coperniq} in Coperniq. The difference: {parts}.",
    )

    # Parts of a difference
    DEPOSIT = (Cause.OPEN_DIFFERS, "a deposit of {amount} on the invoice in QuickBooks")
    CREDIT_MEMO = (Cause.OPEN_DIFFERS, "a credit memo of {amount} applied in QuickBooks")
    JOURNAL_ENTRY = (Cause.OPEN_DIFFERS, "a journal entry of {amount} applied in QuickBooks")
    CREDIT = (Cause.OPEN_DIFFERS, "a credit of {amount} applied in QuickBooks")
    TAX = (Cause.OPEN_DIFFERS, "tax of {amount} in QuickBooks")
    TOTALS = (Cause.OPEN_DIFFERS, "{amount} between the totals of the invoice")
    UNAPPLIED = (
        Cause.OPEN_DIFFERS,
        "{amount} of a payment that waits unapplied with the customer in QuickBooks",
    )
    NOT_ON_INVOICE = (Cause.OPEN_DIFFERS, "{amount} of a payment that is not on this invoice in QuickBooks")
    ONLY_IN_QUICKBOOKS = (Cause.OPEN_DIFFERS, "{amount} paid in QuickBooks only")
    ABOVE_BALANCE = (
        Cause.OPEN_DIFFERS,
        "{amount} paid in QuickBooks only, which is more than what is open in Coperniq",
    )
    PAID_BACK = (Cause.OPEN_DIFFERS, "{amount} paid back in Coperniq only (a negative payment)")
    ONLY_IN_COPERNIQ = (Cause.OPEN_DIFFERS, "{amount} paid in Coperniq only")
    OTHER = (
        Cause.OPEN_DIFFERS,
        "{amount} for other reasons: compare the invoice and its payments on both sides",
    )
