"""Messages of the connections, of the engine, and of rows that concern every kind of record."""

from integrations.causes import Cause
from integrations.messages.base import Catalog

_START_AGAIN = "Nothing was changed. Please start again with Connect under Integrations."


class EngineMessage(Catalog):
    # Connecting
    AUTHORIZATION_UNKNOWN = (
        Cause.NOT_CONNECTED,
        f"This answer from QuickBooks does not belong to a connection you started here. {_START_AGAIN}",
    )
    AUTHORIZATION_SIGNED_OUT = (
        Cause.NOT_CONNECTED,
        f"You were signed out while QuickBooks was asking you. {_START_AGAIN}",
    )
    AUTHORIZATION_OF_OTHER_COMPANY = (
        Cause.NOT_CONNECTED,
        f"You started this for another company than the one chosen now. {_START_AGAIN}",
    )
    AUTHORIZATION_EXPIRED = (Cause.NOT_CONNECTED, f"QuickBooks' answer came too late. {_START_AGAIN}")
    AUTHORIZATION_INCOMPLETE = (Cause.NOT_CONNECTED, f"QuickBooks' answer is incomplete. {_START_AGAIN}")
    COMPANY_UNREADABLE = (
        Cause.NOT_CONNECTED,
        f"QuickBooks described its company in an unknown way. {_START_AGAIN}",
    )
    QUICKBOOKS_COMPANY_IN_USE = (
        Cause.NOT_CONNECTED,
        "This QuickBooks company cannot be connected here, because it is already in use in this portal. "
        "Please choose another QuickBooks company, or write to support.",
    )
    COPERNIQ_ACCOUNT_IN_USE = (
        Cause.API_KEY_REFUSED,
        "This Coperniq account cannot be connected here, because it is already in use in this portal. "
        "Please use an API key of another Coperniq account, or write to support.",
    )
    QUICKBOOKS_CONNECTED_ELSEWHERE = (
        Cause.NOT_CONNECTED,
        "QuickBooks had ended the access, and its administrator has connected this QuickBooks company elsewhere since.",
    )
    NOTHING_TO_DISCONNECT = (
        Cause.NOT_CONNECTED,
        "QuickBooks is not connected, so there is nothing to disconnect.",
    )
    MISMATCH_DECIDED_ALREADY = (
        Cause.NOT_CONNECTED,
        "This has been decided already. Please look at the page again.",
    )
    API_KEY_REPLACED = (
        Cause.NOT_CONNECTED,
        "Another API key was entered meanwhile. Please look at the page again.",
    )
    COPERNIQ_NOT_CONNECTED = (
        Cause.NOT_CONNECTED,
        "Coperniq is not connected yet. Please enter its API key under Integrations first.",
    )
    NOTHING_TO_SYNC = (
        Cause.NOT_CONNECTED,
        "Both Coperniq and QuickBooks have to be connected before anything can be synced.",
    )
    API_KEY_EMPTY = (Cause.API_KEY_REFUSED, "Please paste the API key you created in Coperniq.")
    API_KEY_REFUSED = (
        Cause.API_KEY_REFUSED,
        "Coperniq refused this API key. Please copy it again, complete and without spaces, or create a new one there.",
    )

    # Runs
    LINKED_INVOICES_UNREADABLE = (
        Cause.RECONNECT,
        "Coperniq does not show {count} invoices any more that are linked to QuickBooks. The API key may have lost "
        "access to them. Check its user's role in Coperniq, then enter the key again under Integrations.",
    )
    CONNECTION_ARCHIVED = (
        Cause.CONNECTION_ARCHIVED,
        "The company has switched to another QuickBooks or Coperniq company since. Nothing of this was written.",
    )
    WAITED_IN_VAIN = (
        Cause.WAITED_IN_VAIN,
        "The {kind} this waited for was left out. Try again once it is linked, or leave it.",
    )
    PREVIEW = (
        Cause.PREVIEW,
        "Preview: “{name}” would be written to {vendor} as shown. Nothing was written.",
    )
    PREVIEW_CHANGED = (
        Cause.PREVIEW_CHANGED,
        "What would be written has changed since it was released. Look at it again.",
    )
    IN_STEP = (Cause.NONE, "“{name}” is in step with Coperniq already.")
    LINKED_TO_EXISTING = (
        Cause.NONE,
        "Linked to the {kind} “{name}” that QuickBooks already had ({match_method}).",
    )
    RETRIES_EXHAUSTED = (Cause.NONE, "{problem} It was tried {attempts} times and now waits for you.")
    UNEXPECTED_ERROR = (
        Cause.INTERNAL,
        "Something unexpected happened inside the portal. Please contact support.",
    )
    UNEXPECTED_TRIED_AGAIN = (
        Cause.INTERNAL,
        "Something unexpected happened inside the portal. It is tried again by itself.",
    )
    RESULT_NOT_STORED = (
        Cause.INTERNAL,
        "The portal could not store the result of this. Please contact support, then try again.",
    )

    # Selected runs that a person decides at once
    LEFT_OUT_OTHER_QUESTION = (Cause.NONE, "{count} left out: asks something else.")
    LEFT_OUT_MOVED_ON = (Cause.NONE, "{count} left out: has moved on since the page was shown.")
    LEFT_OUT_NOT_ALLOWED = (Cause.NONE, "{count} left out: is not yours to decide.")
