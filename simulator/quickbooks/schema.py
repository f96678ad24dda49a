"""What a property of an entity may hold; refusals are worded as recorded.

docs/vendors/quickbooks-online.md, 2.2.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date as calendar_date
from decimal import Decimal
from typing import Any, Literal

from simulator.quickbooks import errors
from simulator.quickbooks.responses import Json, Problem

Kind = Literal["text", "flag", "amount", "quantity", "date", "reference", "block", "moment"]
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_NUMBER = re.compile(r"-?\d{1,15}(\.\d+)?([eE][+-]?\d{1,2})?")
_TOO_LARGE = Decimal(10) ** 15
_PACKAGE = "com.intuit.schema.finance.v3"
_LISTED = 60
ADDRESS_LINES = 2000


@dataclass(frozen=True)
class Property:
    """`read_only` values are known and ignored when sent; `java` names the class that complains about unknown parts.

    `many`: the value is a list of them. `choices`: an enumeration; empty for free text.
    """

    kind: Kind = "text"
    limit: int = 0
    read_only: bool = False
    parts: Mapping[str, Property] = field(default_factory=dict)
    java: str = ""
    many: bool = False
    choices: frozenset[str] = frozenset()


Properties = Mapping[str, Property]


def _named(kind: Kind, names: Collection[str], **more: Any) -> dict[str, Property]:
    return {name: Property(kind, **more) for name in names}


def text(*names: str, limit: int = 0) -> dict[str, Property]:
    return _named("text", names, limit=limit)


def one_of(name: str, *choices: str) -> dict[str, Property]:
    return {name: Property("text", choices=frozenset(choices))}


def flag(*names: str) -> dict[str, Property]:
    return _named("flag", names)


def amount(*names: str) -> dict[str, Property]:
    return _named("amount", names)


def quantity(*names: str) -> dict[str, Property]:
    return _named("quantity", names)


def date(*names: str) -> dict[str, Property]:
    return _named("date", names)


def moment(*names: str) -> dict[str, Property]:
    return _named("moment", names)


def reference(*names: str) -> dict[str, Property]:
    return _named("reference", names, java="ReferenceType", parts=text("value", "name", "type"))


def block(java: str, *names: str, parts: Properties | None = None) -> dict[str, Property]:
    """An object of the Java class `java` under each of the names."""
    return _named("block", names, java=java, parts=parts or {})


def many(properties: Properties) -> dict[str, Property]:
    return {name: replace(one, many=True) for name, one in properties.items()}


def read_only(*groups: Properties) -> dict[str, Property]:
    return {name: replace(one, read_only=True) for group in groups for name, one in group.items()}


def is_empty(value: object) -> bool:
    return value is None or value == "" or value in ({}, [])


def refuse_unknown(java: str, known: Mapping[str, Property], given: Mapping[str, Any]) -> None:
    for name, value in given.items():
        if name not in known:
            raise errors.bad_property(_unrecognized(name, java, known))
        for inner in value if isinstance(value, list) else [value]:
            if known[name].parts and isinstance(inner, dict):
                refuse_unknown(known[name].java, known[name].parts, inner)


def _unrecognized(name: str, java: str, known: Mapping[str, Property]) -> str:
    listed = ", ".join(f'"{one}"' for one in list(known)[:_LISTED])
    cut = " [truncated]" if len(known) > _LISTED else ""
    ignorable = f"not marked as ignorable ({len(known)} known properties: {listed}{cut}])"
    return f'Unrecognized field "{name}" (class {_PACKAGE}.{java}), {ignorable}'


def cleaned(name: str, known: Property, value: object) -> object:
    """The stored form of a value that is not empty; None when nothing remains of it."""
    if known.many:
        return _cleaned_list(name, known, value)
    if known.kind in {"block", "reference"}:
        return _cleaned_parts(name, known, value)
    if isinstance(value, dict | list):
        raise errors.bad_property(
            f"Can not deserialize instance of java.lang.String out of START_OBJECT token {name}"
        )
    if known.kind in {"amount", "quantity"}:
        return _amount(name, value, known.kind)
    if known.choices and str(value) not in known.choices:
        raise errors.bad_choice(name, str(value))
    if known.kind == "date":
        return _date(name, str(value))
    return _flag(name, value) if known.kind == "flag" else str(value)


def _cleaned_list(name: str, known: Property, value: object) -> list[object]:
    if not isinstance(value, list):
        raise errors.bad_property(
            f"Can not deserialize instance of java.util.ArrayList out of START_OBJECT token {name}"
        )
    single = replace(known, many=False)
    found = (cleaned(name, single, inner) for inner in value if not is_empty(inner))
    return [one for one in found if one is not None]


def _date(name: str, value: str) -> str:
    if not _DATE.fullmatch(value):
        raise errors.bad_date("2060", name, value)
    try:
        calendar_date.fromisoformat(value)
    except ValueError:
        raise errors.bad_date("2070", name, value) from None
    return value


def _cleaned_parts(name: str, known: Property, value: object) -> Json | None:
    if not isinstance(value, dict):
        raise errors.bad_property(
            f"Can not construct instance of {_PACKAGE}.{known.java} from value for {name}"
        )
    kept = {
        part: cleaned(part, known.parts[part], inner)
        for part, inner in value.items()
        if not known.parts[part].read_only and not is_empty(inner)
    }
    if known.kind == "reference":
        return {"value": kept["value"]} if "value" in kept else None
    return kept or None


def _flag(name: str, value: object) -> bool:
    if isinstance(value, bool):
        return value
    if str(value).lower() not in {"true", "false"}:
        raise errors.bad_property(
            f"Can not construct instance of java.lang.Boolean from value '{value}' for {name}"
        )
    return str(value).lower() == "true"


def _amount(name: str, value: object, kind: Kind) -> Decimal:
    wrong = errors.bad_quantity if kind == "quantity" else errors.bad_amount
    if isinstance(value, bool) or not _NUMBER.fullmatch(str(value)):
        raise wrong(name, value)
    found = Decimal(str(value))
    if abs(found) >= _TOO_LARGE:
        raise wrong(name, value)
    return found


def overlong(known: Mapping[str, Property], fields: Mapping[str, Any], prefix: str = "") -> Iterator[Problem]:
    for name, value in fields.items():
        for inner in value if isinstance(value, list) else [value]:
            if isinstance(inner, dict):
                yield from overlong(known[name].parts, inner, f"{prefix}{name}.")
                yield from _overlong_lines(name, inner)
            elif known[name].limit and len(str(inner)) > known[name].limit:
                yield errors.too_long(f"{prefix}{name}", known[name].limit, len(str(inner)))


def _overlong_lines(name: str, value: Mapping[str, Any]) -> Iterator[Problem]:
    total = sum(len(str(inner)) for part, inner in value.items() if re.fullmatch(r"Line[1-5]", part))
    if total > ADDRESS_LINES:
        yield errors.too_long(f"{name}.Line1-5", ADDRESS_LINES, total)


@dataclass(frozen=True)
class Entity:
    """`order` is what lists come sorted by when nobody asks, from the last backwards after a minus.

    `api_writes` False: only people change it, for now. `operations`: what may be asked of it besides create and
    update. `counted`: its query answers carry a totalCount.
    """

    name: str
    properties: Mapping[str, Property]
    filterable: Collection[str]
    order: str
    api_writes: bool = False
    operations: frozenset[str] = frozenset()
    counted: bool = False
