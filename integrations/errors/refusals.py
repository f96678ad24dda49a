"""Refusals of a request, each with what a bookkeeper can do about it (docs/vendors/quickbooks-online.md, 2.2)."""

import re

from integrations.errors.portal import Remedy
from integrations.errors.vendor import Refused
from integrations.messages.vendors import ErrorMessage


class SubscriptionEnded(Refused):
    message = ErrorMessage.SUBSCRIPTION_ENDED


class RecordMissing(Refused):
    message = ErrorMessage.RECORD_MISSING


class InactiveReference(Refused):
    message = ErrorMessage.INACTIVE_REFERENCE


class StaleVersion(Refused):
    remedy = Remedy.RETRY
    message = ErrorMessage.STALE_VERSION


class NameTaken(Refused):
    """The record that has the name is `holder_id`, a customer, vendor or employee; "" if QuickBooks did not name it.

    See docs/vendors/quickbooks-online.md, 2.2.
    """

    message = ErrorMessage.NAME_TAKEN

    @property
    def holder_id(self) -> str:
        found = re.search(r"\bId=(\d+)", self.detail)
        return found[1] if found else ""


class NumberTaken(Refused):
    """The document that has the number is `holder_id` and `holder_number`, "" if QuickBooks did not name it.

    See docs/vendors/quickbooks-online.md, 2.2.
    """

    message = ErrorMessage.NUMBER_TAKEN

    def _named(self, name: str) -> str:
        found = re.search(rf"\b{name}=([\w-]+)", self.detail)
        return found[1] if found else ""

    @property
    def holder_id(self) -> str:
        return self._named("TxnId")

    @property
    def holder_number(self) -> str:
        return self._named("DocNumber")


class BooksClosed(Refused):
    message = ErrorMessage.BOOKS_CLOSED


class HasBalance(Refused):
    message = ErrorMessage.HAS_BALANCE


class CannotBeLinked(Refused):
    message = ErrorMessage.CANNOT_BE_LINKED


class Deposited(Refused):
    message = ErrorMessage.DEPOSITED


class NoLines(Refused):
    message = ErrorMessage.NO_LINES


class BadAmount(Refused):
    message = ErrorMessage.BAD_AMOUNT


class BadQuantity(Refused):
    message = ErrorMessage.BAD_QUANTITY


class BadDiscount(Refused):
    message = ErrorMessage.BAD_DISCOUNT


class BadDate(Refused):
    message = ErrorMessage.BAD_DATE


class StockDate(Refused):
    message = ErrorMessage.STOCK_DATE


class TooLong(Refused):
    message = ErrorMessage.TOO_LONG


class BadEmail(Refused):
    message = ErrorMessage.BAD_EMAIL


class Unlistable(Refused):
    """QuickBooks refuses an answer because of a record in it."""

    message = ErrorMessage.UNLISTABLE


class EmailRequired(Refused):
    message = ErrorMessage.EMAIL_REQUIRED


class WrongCurrency(Refused):
    message = ErrorMessage.WRONG_CURRENCY


class InvalidCustomer(Refused):
    message = ErrorMessage.INVALID_CUSTOMER


class TooDeep(Refused):
    message = ErrorMessage.TOO_DEEP


class BadTaxCode(Refused):
    message = ErrorMessage.TAX_CODE


class BadAccountType(Refused):
    remedy = Remedy.CONFIGURE
    message = ErrorMessage.BAD_ACCOUNT_TYPE


class FeatureOff(Refused):
    remedy = Remedy.CONFIGURE
    message = ErrorMessage.FEATURE_OFF


class BusinessRule(Refused):
    message = ErrorMessage.BUSINESS_RULE


class PortalBug(Refused):
    """`detail` is the vendor's message, for programmers."""

    message = ErrorMessage.PORTAL_BUG
