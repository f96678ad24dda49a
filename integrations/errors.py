"""Every exception raised on purpose. Each names its remedy, so that nobody needs a list of exceptions."""

import re
from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import ClassVar, NamedTuple


class Remedy(StrEnum):
    RETRY = "retry"
    RECONNECT = "reconnect"
    CONFIGURE = "configure"
    INSPECT = "inspect"


class PortalError(Exception):
    """`sentence` is read by a bookkeeper and says the next step; `cause` is a stable key for grouping."""

    remedy: ClassVar[Remedy] = Remedy.INSPECT
    cause: str = "unexpected"

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


class UnreadableWebhook(PortalError):
    cause = "unreadable_webhook"


class UnreadableJson(PortalError):
    cause = "unreadable_json"


class UnexpectedShape(PortalError):
    """`path` is where in the document the reader was, e.g. "Customer.MetaData.LastUpdatedTime"."""

    cause = "unexpected_shape"

    def __init__(self, path: str, wanted: str) -> None:
        self.path = path
        super().__init__(f"The answer has no {wanted} at {path or 'its top'}. Please tell support.")


SECRET = re.compile(r"(?i)\b(?:eyJ|RT1-|AB\d\d)[\w.~+/=-]{4,}|(?<=Bearer )\S+|(?<=Token expired: )\S+")
VENDOR_NAMES = {"quickbooks": "QuickBooks", "coperniq": "Coperniq"}
DETAIL_LIMIT = 1000
DETAIL_IN_SENTENCE = 300


def masked(text: str) -> str:
    """Intuit repeats the rejected token in its 401 body (quickbooks-online.md §2.1)."""
    return SECRET.sub("…", text)


class VendorError(PortalError):
    """What a vendor answered, or that it did not answer (`status` 0).

    `wording` may name {vendor} and {detail}. Every class but `OutcomeUnknown` means: not applied.
    """

    wording: ClassVar[str] = "{vendor} answered something unexpected: {detail}"

    def __init__(
        self,
        *,
        vendor: str,
        status: int = 0,
        code: str = "",
        detail: str = "",
        intuit_tid: str = "",
        vendor_time: datetime | None = None,
    ) -> None:
        self.vendor = vendor
        self.status = status
        self.code = code
        self.detail = masked(detail)[:DETAIL_LIMIT]
        self.intuit_tid = intuit_tid
        self.vendor_time = vendor_time
        name = VENDOR_NAMES.get(vendor, vendor)
        told = self.detail[:DETAIL_IN_SENTENCE] or "no reason given."
        super().__init__(self.wording.format(vendor=name, detail=told))


class Throttled(VendorError):
    remedy = Remedy.RETRY
    cause = "throttled"
    wording = "{vendor} asks for a pause because of many requests. The portal tries again by itself."
    pause_seconds: ClassVar[int] = 60  # Intuit's advice (§9); neither vendor documents a Retry-After


class Unavailable(VendorError):
    """A read that failed, or a write that surely never arrived."""

    remedy = Remedy.RETRY
    cause = "vendor_unavailable"
    wording = "{vendor} cannot be reached at the moment. The portal tries again by itself."


class OutcomeUnknown(VendorError):
    """A write whose answer was lost: it may or may not have been applied."""

    remedy = Remedy.RETRY
    cause = "outcome_unknown"
    wording = (
        "{vendor} did not confirm a change. The portal finds out what became of it before it writes again."
    )


class AccessLost(VendorError):
    remedy = Remedy.RECONNECT
    cause = "access_lost"
    wording = "{vendor} refuses access for this connection. Please connect it again under Integrations."


class GrantLost(AccessLost):
    cause = "grant_lost"
    wording = "The authorization of {vendor} has ended. Please re-authorize it under Integrations."


class NotAdministrator(AccessLost):
    cause = "not_administrator"
    wording = (
        "Whoever connected {vendor} is no administrator there any more. Let an administrator connect it."
    )


class AppMisconfigured(VendorError):
    """The portal's own registration with Intuit is wrong: an operator's matter, not the company's."""

    remedy = Remedy.CONFIGURE
    cause = "app_misconfigured"
    wording = (
        "{vendor} does not accept the portal's own credentials. Please ask support to check them. ({detail})"
    )


class Refused(VendorError):
    """A definite refusal of this very request: repeating it unchanged is pointless."""

    cause = "refused"
    wording = "{vendor} refused: {detail} Please correct this and try again."


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
    """`holder_id` and `holder_number` name the document that has the number, where QuickBooks told (§2.2)."""

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


class Choice(NamedTuple):
    """A way out offered to a person; `key` is what the decision stores."""

    key: str
    label: str


class Hold(PortalError):
    """The run has to wait for a person, who picks one of the choices."""

    def __init__(self, cause: str, sentence: str, choices: Sequence[Choice] = ()) -> None:
        super().__init__(sentence)
        self.cause = cause
        self.choices = tuple(choices)


class Wait(PortalError):
    """The run waits for the link of another record, and is released when that appears."""

    def __init__(self, cause: str, sentence: str, *, kind: str, coperniq_id: str) -> None:
        super().__init__(sentence)
        self.cause = cause
        self.kind, self.coperniq_id = kind, coperniq_id


class LaneLost(PortalError):
    """Another worker holds the lane by now: nothing of what we know may be stored any more."""

    remedy = Remedy.RETRY
    cause = "lane_lost"

    def __init__(self) -> None:
        super().__init__("Another worker has taken over this company. The portal goes on by itself.")


class CredentialUnreadable(PortalError):
    remedy = Remedy.CONFIGURE
    cause = "credential_unreadable"

    def __init__(self) -> None:
        super().__init__("A stored credential cannot be opened. Please ask support to check CREDENTIAL_KEYS.")
