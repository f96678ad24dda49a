"""Texts of errors: what a vendor answered, and what went wrong inside the portal.

`{vendor}` is its name, `{detail}` its own text. Vendor codes: docs/vendors/quickbooks-online.md, 2.2.
"""

from __future__ import annotations

from integrations.causes import Cause
from integrations.messages.base import Catalog


class ErrorMessage(Catalog):
    UNEXPECTED = (Cause.UNEXPECTED, "{vendor} answered something unexpected: {detail}")
    UNEXPECTED_SHAPE = (Cause.UNEXPECTED_SHAPE, "The answer has no {wanted} at {path}. Please tell support.")
    LANE_LOST = (
        Cause.LANE_LOST,
        "Another worker has taken over this company. The portal continues by itself.",
    )
    CREDENTIAL_UNREADABLE = (
        Cause.CREDENTIAL_UNREADABLE,
        "A stored credential cannot be decrypted. Please ask support to check CREDENTIAL_KEYS, or connect again.",
    )
    THROTTLED = (
        Cause.THROTTLED,
        "{vendor} asks for a pause because of many requests. The portal tries again by itself.",
    )
    VENDOR_UNAVAILABLE = (
        Cause.VENDOR_UNAVAILABLE,
        "{vendor} cannot be reached at the moment. The portal tries again by itself.",
    )
    OUTCOME_UNKNOWN = (
        Cause.OUTCOME_UNKNOWN,
        "{vendor} did not confirm a change. The portal finds out what became of it before it writes again.",
    )
    ACCESS_LOST = (
        Cause.ACCESS_LOST,
        "{vendor} refuses access for this connection. Please connect it again under Integrations.",
    )
    GRANT_LOST = (
        Cause.GRANT_LOST,
        "The authorization of {vendor} has ended. Please re-authorize it under Integrations.",
    )
    NOT_ADMINISTRATOR = (
        Cause.NOT_ADMINISTRATOR,
        "Whoever connected {vendor} is no administrator there any more. Let an administrator connect it.",
    )
    APP_MISCONFIGURED = (
        Cause.APP_MISCONFIGURED,
        "{vendor} does not accept the portal's own credentials. Please ask support to check them. ({detail})",
    )
    REFUSED = (Cause.REFUSED, "{vendor} refused: {detail} Please correct this and try again.")
    SUBSCRIPTION_ENDED = (
        Cause.SUBSCRIPTION_ENDED,
        "The subscription or trial of this {vendor} company has ended. Please renew it there, then try again.",
    )
    RECORD_MISSING = (
        Cause.RECORD_MISSING,
        "{vendor} does not have this record any more, or does not show it. Please look for it in {vendor}.",
    )
    INACTIVE_REFERENCE = (
        Cause.INACTIVE_REFERENCE,
        "{vendor}: something this record needs is inactive or deleted. Please activate it there. ({detail})",
    )
    STALE_VERSION = (
        Cause.STALE_VERSION,
        "Somebody changed this record in {vendor} at the same moment. The portal reads it again by itself.",
    )
    NAME_TAKEN = (
        Cause.NAME_TAKEN,
        "{vendor} already has a customer, vendor or employee of this name. Please choose what to do.",
    )
    NUMBER_TAKEN = (
        Cause.NUMBER_TAKEN,
        "{vendor} already has a document with this number. Please choose what to do. ({detail})",
    )
    BOOKS_CLOSED = (
        Cause.BOOKS_CLOSED,
        "The books in {vendor} are closed for that date. Please reopen the period or change the date.",
    )
    HAS_BALANCE = (
        Cause.HAS_BALANCE,
        "{vendor} keeps this customer active: something is still open on it. Please settle that first.",
    )
    CANNOT_BE_LINKED = (
        Cause.CANNOT_BE_LINKED,
        "{vendor} cannot put this payment on its invoice, as a rule because they belong to different customers."
        " Please check the customer of both there, then try again.",
    )
    DEPOSITED = (
        Cause.DEPOSITED,
        "This payment is part of a bank deposit in {vendor}. Please take it out of the deposit there, then try again.",
    )
    NO_LINES = (
        Cause.NO_LINES,
        "{vendor} takes no invoice without lines. Please add one in Coperniq, then try again.",
    )
    BAD_AMOUNT = (
        Cause.BAD_AMOUNT,
        "{vendor} does not take an amount of this record, e.g. because it is negative or too large. Please check"
        " the amounts in Coperniq, then try again.",
    )
    BAD_QUANTITY = (
        Cause.BAD_QUANTITY,
        "{vendor} does not take a quantity of this record. Please check its lines in Coperniq, then try again.",
    )
    BAD_DISCOUNT = (
        Cause.BAD_DISCOUNT,
        "{vendor} misses the amount of a discount. Please check the discounts in Coperniq, then try again.",
    )
    BAD_DATE = (
        Cause.BAD_DATE,
        "{vendor} does not take a date of this record. Please check its dates in Coperniq, then try again.",
    )
    STOCK_DATE = (
        Cause.STOCK_DATE,
        "The date is earlier than {vendor} counts the stock of an item. Please choose a later date, or change the"
        " item's starting date there.",
    )
    TOO_LONG = (
        Cause.TOO_LONG,
        "A text of this record is longer than {vendor} takes. Please shorten it in Coperniq, then try again.",
    )
    UNLISTABLE = (
        Cause.UNLISTABLE,
        "QuickBooks cannot show this record: {detail} Perhaps it has an e-mail address that is none. Please correct it "
        "in QuickBooks, then try again.",
    )
    BAD_EMAIL = (
        Cause.BAD_EMAIL,
        "{vendor} does not take this e-mail address. Please correct it in Coperniq or {vendor}, then try again.",
    )
    EMAIL_REQUIRED = (
        Cause.EMAIL_REQUIRED,
        "{vendor} wants an e-mail address to send this to. Please give the customer one there, then try again.",
    )
    WRONG_CURRENCY = (
        Cause.WRONG_CURRENCY,
        "{vendor} does not take the currency of this record. Please check the currency of the customer there,"
        " then try again.",
    )
    INVALID_CUSTOMER = (
        Cause.INVALID_CUSTOMER,
        "{vendor} does not take the customer of this record. Please check that the customer is active there, then"
        " try again.",
    )
    TOO_DEEP = (
        Cause.TOO_DEEP,
        "{vendor} keeps customers below customers five levels deep at most. Please move this one up there, then"
        " try again.",
    )
    TAX_CODE = (
        Cause.TAX_CODE,
        "{vendor} does not take the sales tax of a line. Please check the sales tax settings there, then try again.",
    )
    BAD_ACCOUNT_TYPE = (
        Cause.BAD_ACCOUNT_TYPE,
        "{vendor} does not take the chosen account for this, since it is of another type. Please choose another"
        " one under Integrations, then try again.",
    )
    FEATURE_OFF = (
        Cause.FEATURE_OFF,
        "{vendor} does not offer this to your company: it is switched off there, or not part of its plan. Please"
        " switch it on there, or ask support.",
    )
    BUSINESS_RULE = (
        Cause.BUSINESS_RULE,
        "A rule of {vendor} forbids this: {detail} Please correct this and try again.",
    )
    PORTAL_BUG = (
        Cause.PORTAL_BUG,
        "{vendor} did not understand what the portal sent. That is a mistake of the portal: please tell support.",
    )
