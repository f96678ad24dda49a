"""What every printed record shares: times in UTC with a Z, money in dollars, the shape before the renaming."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING, Any

from simulator.coperniq import addresses

if TYPE_CHECKING:
    from datetime import datetime
    from decimal import Decimal

    from simulator.coperniq.company import Company
    from simulator.coperniq.records import Stamped, User

Json = dict[str, Any]
_LEGACY = {"accountId": "clientId", "account": "client", "accounts": "clients", "number": "uid"}


def moment(company: Company, when: datetime | None) -> str | None:
    if when is None:
        return None
    precision = company.switches["timestamp_form"]
    return when.astimezone(UTC).replace(tzinfo=None).isoformat(timespec=precision) + "Z"


def dollars(cents: int | None) -> int | float | None:
    """The JSON number of an amount; a double holds two decimals exactly enough to print them again."""
    if cents is None:
        return None
    return cents // 100 if cents % 100 == 0 else cents / 100


def number(value: Decimal | None) -> int | float | None:
    if value is None:
        return None
    return int(value) if value == value.to_integral_value() else float(value)


def user_summary(user: User | None) -> Json | None:
    if user is None:
        return None
    return {
        "id": user.id,
        "firstName": user.first_name,
        "lastName": user.last_name,
        "email": user.email,
        "avatarUrl": None,
    }


def stamps(company: Company, record: Stamped) -> Json:
    return {
        "createdBy": user_summary(record.created_by),
        "updatedBy": user_summary(record.updated_by),
        "createdAt": moment(company, record.created_at),
        "updatedAt": moment(company, record.updated_at),
    }


def shaped(company: Company, found: Json) -> Json:
    if not company.switches["legacy_shape"]:
        return found
    return {_LEGACY.get(name, name): value for name, value in found.items()}


def address_parts(company: Company, address: str) -> Json:
    return addresses.split(address) if company.switches["address_parts"] else {}
