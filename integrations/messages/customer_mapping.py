"""What people read in the customer mapping: why a pair is suggested, and why one cannot be linked."""

from __future__ import annotations

from integrations.causes import Cause
from integrations.messages.base import Catalog


class SuggestionReason(Catalog):
    """Why two customers may be the same."""

    SAME_NAME = (Cause.SAME_CUSTOMER_NAME, "Same name")
    NEAR_NAME = (Cause.NEAR_CUSTOMER_NAME, "Nearly the same name")
    SAME_EMAIL = (Cause.SAME_CUSTOMER_EMAIL, "Same e-mail")
    SAME_TAX_NUMBER = (Cause.SAME_CUSTOMER_TAX_NUMBER, "Same tax number")
    SAME_PHONE = (Cause.SAME_CUSTOMER_PHONE, "Same phone")
    INACTIVE = (Cause.SUGGESTED_INACTIVE, "Inactive in QuickBooks")


class MappingMessage(Catalog):
    """Why nothing was decided."""

    ACCOUNT_BUSY = (
        Cause.ACCOUNT_BUSY,
        "“{account}” is being sent to QuickBooks at this moment. Try again in a minute.",
    )
    ACCOUNT_LINKED = (
        Cause.ACCOUNT_LINKED,
        "“{account}” is already linked to “{customer}” in QuickBooks.",
    )
    ACCOUNT_NOT_LISTED = (
        Cause.ACCOUNT_NOT_LISTED,
        "Coperniq has no account {account} that the mapping knows. Read both lists again if it is new.",
    )
    CUSTOMER_FOREIGN_CURRENCY = (
        Cause.MATCH_CURRENCY,
        "“{customer}” uses {currency} in QuickBooks, and the portal works in US dollars only. Choose another customer.",
    )
    CUSTOMER_GONE = (
        Cause.CHOICE_GONE,
        "QuickBooks no longer has “{customer}”: it was deleted, or merged into another customer. Choose another one, or "
        "read both lists again.",
    )
    CUSTOMER_UNKNOWN = (
        Cause.CHOICE_GONE,
        "QuickBooks has no customer with the id {id}. Look for it under its name, or read both lists again.",
    )
    CUSTOMER_INACTIVE = (
        Cause.MATCH_INACTIVE,
        "“{customer}” is inactive in QuickBooks. Make it active there first; or if it was merged into another customer, "
        "choose that one.",
    )
    CUSTOMER_IS_JOB = (
        Cause.CUSTOMER_IS_JOB,
        "“{customer}” is a sub-customer in QuickBooks. An account is linked to a customer that is under no other.",
    )
    CUSTOMER_LINKED = (
        Cause.MATCH_ALREADY_LINKED,
        "“{customer}” is already linked to “{account}”. Two Coperniq accounts cannot share one QuickBooks customer.",
    )
    CUSTOMER_RENAMED = (
        Cause.SUGGESTION_CHANGED,
        "“{before}” is called “{after}” in QuickBooks now. The list shows the new name: look at it and decide again.",
    )
    NO_CUSTOMER_CHOSEN = (Cause.NO_CUSTOMER_CHOSEN, "Say which customer in QuickBooks is meant.")
    NOTHING_SUGGESTED = (
        Cause.NOTHING_SUGGESTED,
        "Nothing is suggested for “{account}”. Choose a customer for it.",
    )
    SUGGESTED_ANOTHER = (
        Cause.SUGGESTION_CHANGED,
        "Another customer is suggested for “{account}” by now. Look at the list and decide again.",
    )
    LINK_IN_USE = (
        Cause.LINK_IN_USE,
        "“{account}” has been synced with “{customer}” since it was linked, so this cannot be undone here.",
    )
    SEVERAL_SUGGESTED = (
        Cause.SEVERAL_SUGGESTED,
        "Another customer could be “{account}” as well, so it was left for you to decide.",
    )
    WANTED_TWICE = (
        Cause.WANTED_TWICE,
        "“{customer}” is suggested for more than one account, so it was left for you to decide.",
    )
