"""Typed reading of a vendor's JSON.

Every reader takes a key and returns a value of its type, or raises UnexpectedShape. If a default is given, it
replaces a field that is absent, null or of another type: vendors add and change fields without notice
(docs/vendors/coperniq-api.md, 8), and one unusual optional field must not stop a whole list.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from enum import Enum
from typing import Final, Literal, NoReturn, TypeVar

from integrations.errors import UnexpectedShape, UnreadableJson

D = TypeVar("D")
R = TypeVar("R")


class _Required(Enum):
    REQUIRED = "required"


REQUIRED: Final = _Required.REQUIRED
Required = Literal[_Required.REQUIRED]

IDENTIFIER_LIMIT = 100
LARGEST_NUMBER = Decimal(10) ** 15
MOST_DECIMALS = 20
MOST_DIGITS = 20
DUST = Decimal("0.000001")
"""The largest difference from whole cents that a binary double may cause."""

MOST_CONTAINERS = 500_000
MOST_VALUES = 2_000_000
"""A page of 1,000 invoices with 50 lines each has half as many. Parsed, a value takes many times the room of its text."""

UNWRITABLE = re.compile("[\x00\ud800-\udfff]")
"""Characters that JSON can contain but UTF-8 bodies or database columns cannot."""


def load_json(data: bytes | str, most_containers: int = MOST_CONTAINERS) -> object:
    """Parse JSON with numbers as Decimal, so that no amount passes through a float.

    Raises UnreadableJson, also if there are more objects and lists or more values than any answer has.
    """
    try:
        text = data.decode("utf-8-sig") if isinstance(data, bytes) else data
        if text.count("{") + text.count("[") > most_containers or text.count(",") > MOST_VALUES:
            raise ValueError("too many values")
        return json.loads(text, parse_float=Decimal, parse_int=Decimal, parse_constant=_refuse)
    except (ValueError, RecursionError, InvalidOperation) as error:
        raise UnreadableJson("The answer is not readable JSON. Please send this line to support.") from error


def _refuse(constant: str) -> NoReturn:
    raise ValueError(constant)


@dataclass(frozen=True)
class JsonReader:
    """An unvalidated JSON value and the path that leads to it."""

    value: object
    path: str = ""

    def child(self, key: str) -> "JsonReader":
        """The value below `key`, or an empty one, so that reads can be chained."""
        below = self.value.get(key) if isinstance(self.value, Mapping) else None
        return JsonReader(below, f"{self.path}.{key}" if self.path else key)

    def text_at(self, dotted: str) -> str:
        """The text at a path such as "BillAddr.City", or "" if absent."""
        *parents, leaf = dotted.split(".")
        node = self
        for parent in parents:
            node = node.child(parent)
        return node.text(leaf, "")

    def children(self, key: str) -> "list[JsonReader]":
        """The rows of a list, or none if it is absent or not a list."""
        return self.child(key).rows()

    def rows(self) -> "list[JsonReader]":
        if not isinstance(self.value, list):
            return []
        return [JsonReader(row, f"{self.path}[{n}]") for n, row in enumerate(self.value)]

    def text(self, key: str, default: D | Required = REQUIRED) -> str | D:
        return self.child(key)._read(_text, "text", default)

    def identifier(self, key: str, default: D | Required = REQUIRED) -> str | D:
        return self.child(key)._read(_identifier, "id", default)

    def decimal(self, key: str, default: D | Required = REQUIRED) -> Decimal | D:
        return self.child(key)._read(_decimal, "number", default)

    def cents(self, key: str, default: D | Required = REQUIRED) -> int | D:
        """Dollars in the JSON as integer cents. A fraction of a cent is an unexpected shape and is never rounded."""
        return self.child(key)._read(_cents, "amount of money", default)

    def cents_or_zero(self, key: str) -> int:
        """Cents, 0 if absent. An unreadable amount raises UnexpectedShape and is not taken for zero."""
        return 0 if self.child(key).value is None else self.cents(key)

    def moment(self, key: str, default: D | Required = REQUIRED) -> datetime | D:
        """A time in UTC. A time without a zone is an unexpected shape."""
        return self.child(key)._read(_moment, "time", default)

    def day(self, key: str, default: D | Required = REQUIRED) -> date | D:
        return self.child(key)._read(_day, "date", default)

    def flag(self, key: str, default: D | Required = REQUIRED) -> bool | D:
        return self.child(key)._read(_flag, "yes or no", default)

    def _read(self, reader: Callable[[object], R | None], wanted: str, default: D | Required) -> R | D:
        found = reader(self.value)
        if found is not None:
            return found
        if isinstance(default, _Required):
            raise UnexpectedShape(self.path, wanted)
        return default


def as_text(value: object) -> str:
    """The value as text, for fields where vendors send numbers, texts or lists of one."""
    if isinstance(value, list):
        return ", ".join(filter(None, map(as_text, value)))
    if isinstance(value, bool):
        return "Yes" if value else "No"
    return _text(value) or ""


def _text(value: object) -> str | None:
    if isinstance(value, str):
        return UNWRITABLE.sub("", value)
    number = _decimal(value) if isinstance(value, Decimal) else None
    return None if number is None else f"{number:f}"


def _identifier(value: object) -> str | None:
    found = (_text(value) or "").strip()
    return found if 0 < len(found) <= IDENTIFIER_LIMIT else None


def _decimal(value: object) -> Decimal | None:
    """A finite number of limited size: `Decimal("1e999999999")` is quick to read but takes gigabytes to print."""
    if not isinstance(value, Decimal | str | int) or isinstance(value, bool):
        return None
    try:
        number = Decimal(value)
    except InvalidOperation:
        return None
    if not number.is_finite() or not -MOST_DECIMALS <= number.adjusted() <= MOST_DIGITS:
        return None
    if abs(number) >= LARGEST_NUMBER:
        return None
    return number


def _cents(value: object) -> int | None:
    amount = _decimal(value)
    if amount is None:
        return None
    exact = amount * 100
    whole = exact.to_integral_value()
    return int(whole) if abs(exact - whole) < DUST else None


def _moment(value: object) -> datetime | None:
    """A time from ISO text, or from the milliseconds that Intuit's gateway sends.

    See docs/vendors/quickbooks-online.md, 2.1.
    """
    stamp = _decimal(value) if isinstance(value, Decimal) else None
    try:
        if stamp is not None:
            return datetime.fromtimestamp(int(stamp) / 1000, UTC)
        found = datetime.fromisoformat(value) if isinstance(value, str) else None
        return found.astimezone(UTC) if found and found.tzinfo else None
    except (ValueError, OverflowError, OSError):
        return None


def _day(value: object) -> date | None:
    try:
        return date.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None


def _flag(value: object) -> bool | None:
    if isinstance(value, str):
        return {"true": True, "false": False}.get(value.lower())
    return value if isinstance(value, bool) else None


def path_segment(identifier: str) -> str:
    """An id checked for use in a URL path; raises UnexpectedShape.

    Ids come from webhooks, where "../x" would read another record.
    """
    if not re.fullmatch(r"[\w-]+", identifier, re.ASCII):
        raise UnexpectedShape("id", "usable id")
    return identifier
