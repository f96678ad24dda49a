"""Exceptions for answers of either vendor, and for answers that did not arrive."""

from __future__ import annotations

import re
from datetime import datetime
from typing import ClassVar

from integrations.errors.portal import PortalError, Remedy
from integrations.messages.vendors import ErrorMessage

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

    Each subclass has its message, and the cause of that. Every subclass but `OutcomeUnknown` means that the request
    was not applied.
    """

    message: ClassVar[ErrorMessage] = ErrorMessage.UNEXPECTED

    def __init_subclass__(cls) -> None:
        cls.cause = cls.message.cause

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
        if "{detail} " in self.message.template and not reason.endswith((".", "!", "?", "…")):
            reason += "."  # another sentence follows
        message = self.message(vendor=name, detail=reason)
        super().__init__(message.text)
        self.parameters = message.parameters


class Throttled(VendorError):
    remedy = Remedy.RETRY
    message = ErrorMessage.THROTTLED
    # Intuit's advice (docs/vendors/quickbooks-online.md, 9); neither vendor documents a Retry-After header.
    pause_seconds: ClassVar[int] = 60


class Unavailable(VendorError):
    """A read failed, or a write was certainly not sent."""

    remedy = Remedy.RETRY
    message = ErrorMessage.VENDOR_UNAVAILABLE


class OutcomeUnknown(VendorError):
    """The answer to a write was lost: it may or may not have been applied."""

    remedy = Remedy.RETRY
    message = ErrorMessage.OUTCOME_UNKNOWN


class AccessLost(VendorError):
    remedy = Remedy.RECONNECT
    message = ErrorMessage.ACCESS_LOST


class AuthorizationRevoked(AccessLost):
    message = ErrorMessage.GRANT_LOST


class NotAdministrator(AccessLost):
    message = ErrorMessage.NOT_ADMINISTRATOR


class AppMisconfigured(VendorError):
    """The portal's registration with Intuit is wrong, which only an operator can correct."""

    remedy = Remedy.CONFIGURE
    message = ErrorMessage.APP_MISCONFIGURED


class Refused(VendorError):
    """The vendor refused this request; repeating it unchanged fails again."""

    message = ErrorMessage.REFUSED
