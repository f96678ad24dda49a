"""The codes that an invoice can meet: cause, the sentence a person reads, what was told.

See docs/vendors/quickbooks-online.md, 2.2.

Left out are those about names, balances and deposits (6080, 6220, 6240, 6280, 6540), which only other records meet.
"""

from __future__ import annotations

GONE = (
    "Object Not Found : Something you're trying to use has been made inactive. Check the fields with accounts, "
    "customers, items, vendors or employees."
)
BUG = "QuickBooks did not understand what the portal sent. That is a mistake of the portal: please tell support."
AMOUNT = (
    "QuickBooks does not take an amount of this record, e.g. because it is negative or too large. Please check the "
    "amounts in Coperniq, then try again."
)
DATE = "QuickBooks does not take a date of this record. Please check its dates in Coperniq, then try again."
FEATURE = (
    "QuickBooks does not offer this to your company: it is switched off there, or not part of its plan. Please switch "
    "it on there, or ask support."
)
ACCOUNT = (
    "QuickBooks does not take the chosen account for this, since it is of another type. Please choose another one "
    "under Integrations, then try again."
)
INACTIVE = (
    "QuickBooks: something this record needs is inactive or deleted. Please activate it there. "
    f"(Told by QuickBooks: {GONE})"
)

HELD: dict[str, tuple[str, str, str]] = {
    "500": ("feature_off", FEATURE, "Operation is not supported."),
    "610": ("inactive_reference", INACTIVE, GONE),
    "2500": (
        "inactive_reference",
        "QuickBooks: something this record needs is inactive or deleted. Please activate it there. (Told by "
        "QuickBooks: Invalid Reference Id : Names element id 12 not found)",
        "Invalid Reference Id : Names element id 12 not found",
    ),
    "2010": ("portal_bug", BUG, 'Property Name:Unrecognized field "X" specified is unsupported or invalid'),
    "2020": ("portal_bug", BUG, "Required parameter Line.DetailType is missing in the request"),
    "2030": ("portal_bug", BUG, "Id should be a valid number. Supplied value:1.5"),
    "2170": ("portal_bug", BUG, "Supplied value Perhaps is no value of EmailStatus"),
    "2050": (
        "too_long",
        "A text of this record is longer than QuickBooks takes. Please shorten it in Coperniq, then try again.",
        "Min:0 Max:21 supported. Supplied length:22",
    ),
    "2060": ("bad_date", DATE, "Date should be yyyy-MM-dd."),
    "2070": ("bad_date", DATE, "Date is out of range."),
    "2140": ("bad_amount", AMOUNT, "Amount is not valid."),
    "2290": ("bad_amount", AMOUNT, "Negative amount is not allowed."),
    "6070": ("bad_amount", AMOUNT, "Amount is not equal to UnitPrice * Qty."),
    "2160": (
        "bad_quantity",
        "QuickBooks does not take a quantity of this record. Please check its lines in Coperniq, then try again.",
        "Quantity is not valid.",
    ),
    "2210": (
        "bad_email",
        "QuickBooks does not take this e-mail address. Please correct it in Coperniq or QuickBooks, then try again.",
        "Email Address does not conform to the syntax rules of RFC 822.",
    ),
    "2220": (
        "wrong_currency",
        "QuickBooks does not take the currency of this record. Please check the currency of the customer there, then "
        "try again.",
        "Currency is not valid.",
    ),
    "2250": (
        "no_lines",
        "QuickBooks takes no invoice without lines. Please add one in Coperniq, then try again.",
        "At least one line is required",
    ),
    "5000": ("feature_off", FEATURE, "Deprecated field."),
    "5020": ("feature_off", FEATURE, "Feature is not in this subscription."),
    "5030": ("feature_off", FEATURE, "Feature is not supported."),
    "6000": (
        "business_rule",
        "A rule of QuickBooks forbids this: Told by QuickBooks: Business Validation Error: You must set a transaction "
        "amount. Please correct this and try again.",
        "Business Validation Error: You must set a transaction amount.",
    ),
    "6010": ("bad_account_type", ACCOUNT, "Account type is not valid."),
    "6430": ("bad_account_type", ACCOUNT, "You need to select a different type of account."),
    "6090": (
        "bad_discount",
        "QuickBooks misses the amount of a discount. Please check the discounts in Coperniq, then try again.",
        "Discount without amount or percent.",
    ),
    "6100": (
        "tax_code",
        "QuickBooks does not take the sales tax of a line. Please check the sales tax settings there, then try again.",
        "The tax code of a line must be TAX or NON",
    ),
    "6180": (
        "too_deep",
        "QuickBooks keeps customers below customers five levels deep at most. Please move this one up there, then try "
        "again.",
        "Too many levels.",
    ),
    "6190": (
        "subscription_ended",
        "The subscription or trial of this QuickBooks company has ended. Please renew it there, then try again.",
        "Subscription period has ended or canceled.",
    ),
    "6200": (
        "books_closed",
        "The books in QuickBooks are closed for that date. Please reopen the period or change the date.",
        "The account period has closed.",
    ),
    "6210": (
        "books_closed",
        "The books in QuickBooks are closed for that date. Please reopen the period or change the date.",
        "The account period has closed.",
    ),
    "6250": (
        "invalid_customer",
        "QuickBooks does not take the customer of this record. Please check that the customer is active there, then "
        "try again.",
        "Customer is not valid.",
    ),
    "6270": (
        "stock_date",
        "The date is earlier than QuickBooks counts the stock of an item. Please choose a later date, or change the "
        "item's starting date there.",
        "The date is earlier than the inventory start date of an item.",
    ),
    "6420": (
        "email_required",
        "QuickBooks wants an e-mail address to send this to. Please give the customer one there, then try again.",
        "An e-mail address is required.",
    ),
    "9999": (
        "refused",
        "QuickBooks refused: Told by QuickBooks: Something quite new. Please correct this and try again.",
        "Something quite new.",
    ),
}
UNKNOWN = (
    "QuickBooks did not confirm a change. The portal finds out what became of it before it writes again."
)
PAUSE = "QuickBooks asks for a pause because of many requests. The portal tries again by itself."
STALE = "Somebody changed this record in QuickBooks at the same moment. The portal reads it again by itself."
RETRIED = {
    "600": (400, "outcome_unknown", UNKNOWN),
    "2130": (400, "outcome_unknown", UNKNOWN),
    "3001": (429, "throttled", PAUSE),
    "5010": (400, "stale_version", STALE),
    "10000": (500, "outcome_unknown", UNKNOWN),
    "10100": (400, "outcome_unknown", UNKNOWN),
    "10200": (200, "outcome_unknown", UNKNOWN),
}
ACCESS = "QuickBooks refuses access for this connection. Please connect it again under Integrations."
NO_ADMIN = "Whoever connected QuickBooks is no administrator there any more. Let an administrator connect it."
RECONNECTED = {
    **dict.fromkeys(("100", "110", "130", "140", "150", "3200", "3202"), (401, ACCESS)),
    "3100": (403, ACCESS),
    "120": (401, NO_ADMIN),
}
