"""Refusals of a request, each with what a bookkeeper can do about it (docs/vendors/quickbooks-online.md, 2.2)."""

import re

from integrations.errors.portal import Remedy
from integrations.errors.vendor import Refused


class SubscriptionEnded(Refused):
    cause = "subscription_ended"
    wording = (
        "The subscription or trial of this {vendor} company has ended. Please renew it there, then try again."
    )


class RecordMissing(Refused):
    cause = "record_missing"
    wording = (
        "{vendor} does not have this record any more, or does not show it. Please look for it in {vendor}."
    )


class InactiveReference(Refused):
    cause = "inactive_reference"
    wording = (
        "{vendor}: something this record needs is inactive or deleted. Please activate it there. ({detail})"
    )


class StaleVersion(Refused):
    remedy = Remedy.RETRY
    cause = "stale_version"
    wording = (
        "Somebody changed this record in {vendor} at the same moment. The portal reads it again by itself."
    )


class NameTaken(Refused):
    cause = "name_taken"
    wording = "{vendor} already has a customer, vendor or employee of this name. Please choose what to do."


class NumberTaken(Refused):
    """The document that has the number is `holder_id` and `holder_number`, "" if QuickBooks did not name it.

    See docs/vendors/quickbooks-online.md, 2.2.
    """

    cause = "number_taken"
    wording = "{vendor} already has a document with this number. Please choose what to do. ({detail})"

    def _told(self, name: str) -> str:
        found = re.search(rf"\b{name}=([\w-]+)", self.detail)
        return found[1] if found else ""

    @property
    def holder_id(self) -> str:
        return self._told("TxnId")

    @property
    def holder_number(self) -> str:
        return self._told("DocNumber")


class BooksClosed(Refused):
    cause = "books_closed"
    wording = "The books in {vendor} are closed for that date. Please reopen the period or change the date."


class HasBalance(Refused):
    cause = "has_balance"
    wording = "{vendor} keeps this customer active: something is still open on it. Please settle that first."


class CannotBeLinked(Refused):
    cause = "cannot_be_linked"
    wording = (
        "{vendor} cannot put this payment on its invoice, as a rule because they belong to different customers."
        " Please check the customer of both there, then try again."
    )


class Deposited(Refused):
    cause = "deposited"
    wording = (
        "This payment is part of a bank deposit in {vendor}. Please take it out of the deposit there,"
        " then try again."
    )


class NoLines(Refused):
    cause = "no_lines"
    wording = "{vendor} takes no invoice without lines. Please add one in Coperniq, then try again."


class BadAmount(Refused):
    cause = "bad_amount"
    wording = (
        "{vendor} does not take an amount of this record, e.g. because it is negative or too large."
        " Please check the amounts in Coperniq, then try again."
    )


class BadQuantity(Refused):
    cause = "bad_quantity"
    wording = "{vendor} does not take a quantity of this record. Please check its lines in Coperniq, then try again."


class BadDiscount(Refused):
    cause = "bad_discount"
    wording = (
        "{vendor} misses the amount of a discount. Please check the discounts in Coperniq, then try again."
    )


class BadDate(Refused):
    cause = "bad_date"
    wording = (
        "{vendor} does not take a date of this record. Please check its dates in Coperniq, then try again."
    )


class StockDate(Refused):
    cause = "stock_date"
    wording = (
        "The date is earlier than {vendor} counts the stock of an item. Please choose a later date,"
        " or change the item's starting date there."
    )


class TooLong(Refused):
    cause = "too_long"
    wording = (
        "A text of this record is longer than {vendor} takes. Please shorten it in Coperniq, then try again."
    )


class BadEmail(Refused):
    cause = "bad_email"
    wording = "{vendor} does not take this e-mail address. Please correct it in Coperniq or {vendor}, then try again."


class EmailRequired(Refused):
    cause = "email_required"
    wording = "{vendor} wants an e-mail address to send this to. Please give the customer one there, then try again."


class WrongCurrency(Refused):
    cause = "wrong_currency"
    wording = (
        "{vendor} does not take the currency of this record. Please check the currency of the customer there,"
        " then try again."
    )


class InvalidCustomer(Refused):
    cause = "invalid_customer"
    wording = (
        "{vendor} does not take the customer of this record. Please check that the customer is active there,"
        " then try again."
    )


class TooDeep(Refused):
    cause = "too_deep"
    wording = (
        "{vendor} keeps customers below customers five levels deep at most. Please move this one up there,"
        " then try again."
    )


class BadTaxCode(Refused):
    cause = "tax_code"
    wording = (
        "{vendor} does not take the sales tax of a line. Please check the sales tax settings there,"
        " then try again."
    )


class BadAccountType(Refused):
    remedy = Remedy.CONFIGURE
    cause = "bad_account_type"
    wording = (
        "{vendor} does not take the chosen account for this, since it is of another type."
        " Please choose another one under Integrations, then try again."
    )


class FeatureOff(Refused):
    remedy = Remedy.CONFIGURE
    cause = "feature_off"
    wording = (
        "{vendor} does not offer this to your company: it is switched off there, or not part of its plan."
        " Please switch it on there, or ask support."
    )


class BusinessRule(Refused):
    cause = "business_rule"
    wording = "A rule of {vendor} forbids this: {detail} Please correct this and try again."


class PortalBug(Refused):
    """`detail` is the vendor's message, for programmers."""

    cause = "portal_bug"
    wording = "{vendor} did not understand what the portal sent. That is a mistake of the portal: please tell support."
