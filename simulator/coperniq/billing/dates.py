"""Dates that are date-times: which hour of the day they hold depends on who wrote them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING

from simulator.coperniq import fields, listing
from simulator.coperniq.errors import invalid

if TYPE_CHECKING:
    from simulator.coperniq.company import Company

LOCAL = timezone(timedelta(hours=-6))
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_PICKED = {
    "midnight_utc": (timedelta(0), UTC),
    "noon_local": (timedelta(hours=12), LOCAL),
    "midnight_local": (timedelta(0), LOCAL),
    "end_of_day_local": (timedelta(days=1, milliseconds=-1), LOCAL),
}


def sent(company: Company) -> fields.Check:
    """As the API takes it."""

    def checked(value: object, name: str) -> datetime:
        text = fields.text(value, name)
        if _DAY.fullmatch(text) and company.switches["bare_dates"] == "accept":
            text += "T00:00:00Z"
        found = _in_utc(text, name)
        if company.switches["sent_time_of_day"] == "midnight_utc":
            return found.replace(hour=0, minute=0, second=0, microsecond=0)
        return found

    return checked


def picked(company: Company) -> fields.Check:
    """As a person picks it from a calendar; a whole date-time is taken as it is."""

    def checked(value: object, name: str) -> datetime:
        text = fields.text(value, name)
        if not _DAY.fullmatch(text):
            return _in_utc(text, name)
        hours, zone = _PICKED[company.switches["person_time_of_day"]]
        midnight = _in_utc(f"{text}T00:00:00Z", name).replace(tzinfo=zone)
        return (midnight + hours).astimezone(UTC)

    return checked


def _in_utc(text: str, name: str) -> datetime:
    try:
        return listing.moment(text, name).astimezone(UTC)
    except OverflowError as reason:
        raise invalid(name, f"{name} must be an ISO 8601 date-time") from reason
