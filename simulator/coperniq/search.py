"""`/search`, one or two conditions on standard fields or custom properties: docs/vendors/coperniq-api.md, 2.4."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Any

from simulator.coperniq.query_parameters import Call, is_moment, moment
from simulator.coperniq.validation import Json, invalid

OPERATORS = ("eq", "neq", "gt", "gte", "lt", "lte", "contains", "in", "nin", "between")
_ALIASES = {"clientId": "accountId", "client": "account", "uid": "number"}


def search_condition(call: Call, fields: set[str]) -> Callable[[Json], bool]:
    """A test on a record as printed; `fields` are the properties that may be named."""
    first = _one(call, "1", fields)
    if not any(f"{part}2" in call.query for part in ("prop", "op", "value")):
        return first
    second, logic = _one(call, "2", fields), call.query.get("logic", "and")
    if logic not in {"and", "or"}:
        raise invalid("logic", "logic must be and or or")
    join = all if logic == "and" else any
    return lambda record: join(test(record) for test in (first, second))


def _one(call: Call, n: str, fields: set[str]) -> Callable[[Json], bool]:
    for part in ("prop", "op", "value"):
        if f"{part}{n}" not in call.query:
            raise invalid(f"{part}{n}", f"{part}{n} is required")
    named, operator, value = (call.query[f"{part}{n}"] for part in ("prop", "op", "value"))
    name = _ALIASES.get(named, named)
    if name not in fields:
        raise invalid(f"prop{n}", f"Unknown property {named}")
    if operator not in OPERATORS:
        raise invalid(f"op{n}", f"op{n} must be one of {', '.join(OPERATORS)}")
    return lambda record: _passes(_value(record, name), operator, value, f"value{n}")


def _value(record: Json, name: str) -> object:
    found = {_ALIASES.get(key, key): value for key, value in record.items()}
    return found[name] if name in found else record["custom"].get(name)


def _passes(found: object, operator: str, value: str, name: str) -> bool:
    """A field with several values passes if one of them does; the negations pass if none matches."""
    if operator in {"neq", "nin"}:
        return not _passes(found, {"neq": "eq", "nin": "in"}[operator], value, name)
    each = found if isinstance(found, list) else [found]
    return any(one is not None and _holds(one, operator, value, name) for one in each)


def _holds(one: object, operator: str, value: str, name: str) -> bool:
    if operator == "contains":
        return value.lower() in str(one).lower()
    if operator == "in":
        return any(_alike(one, text, name, 0) for text in _list(value))
    if operator == "between":
        low, high = _range(value, name)
        return _alike(one, low, name, 0, 1) and _alike(one, high, name, 0, -1)
    wanted = {"eq": (0,), "gt": (1,), "gte": (0, 1), "lt": (-1,), "lte": (-1, 0)}[operator]
    return _alike(one, value, name, *wanted)


def _alike(one: object, text: str, name: str, *wanted: int) -> bool:
    mine, theirs = _comparable(one, text, name)
    return (mine > theirs) - (mine < theirs) in wanted


def _comparable(one: object, text: str, name: str) -> tuple[Any, Any]:
    if isinstance(one, bool):
        return str(one).lower(), text.lower()
    if isinstance(one, int | float):
        return Decimal(str(one)), _number(text, name)
    if isinstance(one, str) and is_moment(one):
        return moment(one, name), moment(text, name)
    return str(one), text


def _number(text: str, name: str) -> Decimal:
    try:
        found = Decimal(text)
    except InvalidOperation as reason:
        raise invalid(name, f"{name} must be a number") from reason
    if not found.is_finite():
        raise invalid(name, f"{name} must be a number")
    return found


def _list(value: str) -> list[str]:
    if value.startswith("["):
        try:
            return [str(one) for one in json.loads(value)]
        except ValueError:
            return [value]
    return [text.strip() for text in next(csv.reader([value], skipinitialspace=True), [])]


def _range(value: str, name: str) -> tuple[str, str]:
    low, comma, high = value.partition(",")
    if not comma:
        raise invalid(name, f"{name} must be from,to")
    return low.strip(), high.strip()
