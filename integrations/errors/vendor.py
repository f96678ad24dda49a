"""Exceptions for answers of either vendor, and for answers that did not arrive."""

from __future__ import annotations

import re
from datetime import datetime
from typing import ClassVar

from integrations.errors.portal import PortalError, Remedy

SECRET = re.compile(r"(?i)\b(?:eyJ|RT1-|AB\d\d)[\w.~+/=-]{4,}|(?<=Bearer )\S+|(?<=Token expired: )\S+")
VENDOR_NAMES = {"quickbooks": "QuickBooks", "coperniq": "Coperniq"}
DETAIL_LIMIT = 1000
DETAIL_IN_SENTENCE = 300


def masked(text: str) -> str:
    """The text without tokens: Intuit repeats the rejected token in the body of a 401.

    See docs/vendors/quickbooks-online.md, 2.1.
    """
    return SECRET.sub("…", text)


class VendorError(PortalError):
    """A vendor answered with an error, or did not answer (`status` 0).

    `wording` may contain {vendor} and {detail}. Every subclass but `OutcomeUnknown` means that the request was not
    applied.
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
        reason = self.detail[:DETAIL_IN_SENTENCE].rstrip() or "no reason given."
        if "{detail} " in self.wording and not reason.endswith((".", "!", "?", "…")):
            reason += "."  # another sentence follows
        super().__init__(self.wording.format(vendor=name, detail=reason))
        self.parameters = {"vendor": name, "detail": reason}


class Throttled(VendorError):
    remedy = Remedy.RETRY
    cause = "throttled"
    wording = "{vendor} asks for a pause because of many requests. The portal tries again by itself."
    # Intuit's advice (docs/vendors/quickbooks-online.md, 9); neither vendor documents a Retry-After header.
    pause_seconds: ClassVar[int] = 60


class Unavailable(VendorError):
    """A read failed, or a write was certainly not sent."""

    remedy = Remedy.RETRY
    cause = "vendor_unavailable"
    wording = "{vendor} cannot be reached at the moment. The portal tries again by itself."


class OutcomeUnknown(VendorError):
    """The answer to a write was lost: it may or may not have been applied."""

    remedy = Remedy.RETRY
    cause = "outcome_unknown"
    wording = (
        "{vendor} did not confirm a change. The portal finds out what became of it before it writes again."
    )


class AccessLost(VendorError):
    remedy = Remedy.RECONNECT
    cause = "access_lost"
    wording = "{vendor} refuses access for this connection. Please connect it again under Integrations."


class AuthorizationRevoked(AccessLost):
    cause = "grant_lost"
    wording = "The authorization of {vendor} has ended. Please re-authorize it under Integrations."


class NotAdministrator(AccessLost):
    cause = "not_administrator"
    wording = (
        "Whoever connected {vendor} is no administrator there any more. Let an administrator connect it."
    )


class AppMisconfigured(VendorError):
    """The portal's registration with Intuit is wrong, which only an operator can correct."""

    remedy = Remedy.CONFIGURE
    cause = "app_misconfigured"
    wording = (
        "{vendor} does not accept the portal's own credentials. Please ask support to check them. ({detail})"
    )


class Refused(VendorError):
    """The vendor refused this request; repeating it unchanged fails again."""

    cause = "refused"
    wording = "{vendor} refused: {detail} Please correct this and try again."
