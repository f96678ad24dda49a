"""What a request body may hold, and how a wrong field is refused: docs/vendors/coperniq-api.md, 2.5 and 2.7."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, NoReturn


class Refused(Exception):
    """The answer to a request that broke a rule."""

    def __init__(self, status: int, code: str, message: str, field: str = "") -> None:
        super().__init__(message)
        self.status, self.code, self.message, self.field = status, code, message, field

    def as_dict(self) -> dict[str, str]:
        named = {"field": self.field} if self.field else {}
        return {"message": self.message, "code": self.code, **named}


def invalid(field: str, message: str) -> Refused:
    return Refused(400, "VALIDATION_ERROR", message, field)


def not_found(what: str) -> Refused:
    return Refused(404, "NOT_FOUND", f"{what} not found")


Json = dict[str, Any]
Check = Callable[[object, str], object]
Schema = Mapping[str, tuple[str, Check]]

LARGEST = 10**13
_EMAIL = re.compile(r"[^@\s,;]+@[^@\s,;]+\.[^@\s,;]+")
_EMAIL_SEPARATORS = re.compile(r"\s*[,;]\s*")


def parse_json(raw: bytes) -> Json:
    """Numbers with a point become Decimal: money never passes through a float on its way in."""
    try:
        found = json.loads(raw, parse_float=Decimal, parse_constant=_no_constant)
    except ValueError as reason:
        raise Refused(400, "INVALID_JSON", "Request body is not valid JSON") from reason
    if not isinstance(found, dict):
        raise Refused(400, "VALIDATION_ERROR", "Request body must be an object", "body")
    return found


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)


def read_fields(
    schema: Schema, body: Mapping[str, Any], required: Collection[str] = (), unknown: str = "ignore"
) -> Json:
    """`{attribute: stored value}` of the fields sent, refused at the first that is wrong."""
    for name in required:
        if body.get(name) is None:
            raise invalid(name, f"{name} is required")
    undocumented = sorted(set(body) - set(schema) - {"custom", "contacts"})
    if undocumented and unknown == "refuse":
        raise invalid(undocumented[0], f"{undocumented[0]} is not allowed")
    return {schema[name][0]: schema[name][1](value, name) for name, value in body.items() if name in schema}


def nullable(check: Check) -> Check:
    def checked(value: object, name: str) -> object:
        return None if value is None else check(value, name)

    return checked


def clearable(check: Check, empty: object) -> Check:
    """null clears a field that is stored as an empty value."""

    def checked(value: object, name: str) -> object:
        return empty if value is None else check(value, name)

    return checked


def text(value: object, name: str) -> str:
    if not isinstance(value, str):
        raise invalid(name, f"{name} must be a string")
    return value


def filled(value: object, name: str) -> str:
    if not text(value, name).strip():
        raise invalid(name, f"{name} must not be empty")
    return str(value)


def email(value: object, name: str) -> str:
    """One address or several in one field; whether that may be, `contacts.refuse_address_lists` says."""
    if not all(_EMAIL.fullmatch(one) for one in _EMAIL_SEPARATORS.split(text(value, name))):
        raise not_an_email(name)
    return str(value)


def not_an_email(name: str) -> Refused:
    return invalid(name, f"{name} must be a valid email")


def flag(value: object, name: str) -> bool:
    if not isinstance(value, bool):
        raise invalid(name, f"{name} must be a boolean")
    return value


def one_of(*allowed: str) -> Check:
    def checked(value: object, name: str) -> str:
        if value not in allowed or not isinstance(value, str):
            raise invalid(name, f"{name} must be one of {', '.join(allowed)}")
        return value

    return checked


def texts(value: object, name: str) -> list[str]:
    if not isinstance(value, list):
        raise invalid(name, f"{name} must be an array of strings")
    return [text(one, name) for one in value]


def address(value: object, name: str) -> str:
    """An array that holds exactly one line."""
    lines = texts(value, name)
    if len(lines) != 1:
        raise invalid(name, f"{name} must hold exactly one full address")
    return lines[0]


def identifier(value: object, name: str) -> int:
    """Ids are integers; some request schemas type them as strings, so both are taken."""
    if isinstance(value, str) and value.isascii() and value.isdigit():
        return int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise invalid(name, f"{name} must be an id")
    return value


def identifiers(value: object, name: str) -> list[int]:
    if not isinstance(value, list):
        raise invalid(name, f"{name} must be an array of ids")
    return list(dict.fromkeys(identifier(one, name) for one in value))


def decimal(value: object, name: str) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise invalid(name, f"{name} must be a number")
    number = Decimal(value)
    if abs(number) >= LARGEST:
        raise invalid(name, f"{name} is too large")
    return number


def money(value: object, name: str) -> int:
    """Dollars in, cents kept; a third decimal is rounded away."""
    return int((decimal(value, name) * 100).to_integral_value(ROUND_HALF_UP))


def integer(value: object, name: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise invalid(name, f"{name} must be an integer")
    return value
