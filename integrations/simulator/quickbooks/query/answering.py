"""What a statement finds: which properties may be asked, how values compare, order, page, and the shape of the answer."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from integrations.simulator.quickbooks.answers import PACIFIC
from integrations.simulator.quickbooks.company import single_rows
from integrations.simulator.quickbooks.entities import MODELLED, NOT_YET
from integrations.simulator.quickbooks.entity import Entity
from integrations.simulator.quickbooks.presenting import shown
from integrations.simulator.quickbooks.query.parser import Condition, Literal, Statement, invalid, parse
from integrations.simulator.quickbooks.schema import Property

if TYPE_CHECKING:
    from integrations.simulator.quickbooks.state import Company

Row = dict[str, Any]
Comparable = str | int | bool | Decimal | datetime
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "=": lambda left, right: bool(left == right),
    "<": lambda left, right: bool(left < right),
    ">": lambda left, right: bool(left > right),
    "<=": lambda left, right: bool(left <= right),
    ">=": lambda left, right: bool(left >= right),
}


def answer(company: Company, text: str) -> dict[str, Any]:
    """The content of `QueryResponse`; it has no entity key when nothing was found."""
    statement = parse(
        text,
        bare_backslash=company.switch("bare_backslash") == "keep",
        clamp=company.switch("maxresults_over_1000") == "clamp",
    )
    if statement.entity in MODELLED:
        rows = _rows(company, MODELLED[statement.entity], statement)
    else:
        rows = _plain_rows(company, statement)
    if statement.counting:
        return {"totalCount": len(rows)}
    page = rows[statement.start - 1 : statement.start - 1 + statement.limit]
    if not page:
        return {}
    cut = [_columns(row, statement.columns) for row in page]
    return {statement.entity: cut, "startPosition": statement.start, "maxResults": len(page)}


def _plain_rows(company: Company, statement: Statement) -> list[Row]:
    """Entities known to QuickBooks of which these books hold at most one record."""
    singles = single_rows(company)
    if statement.entity not in singles.keys() | NOT_YET:
        raise invalid(f"invalid context declaration: {statement.entity}")
    return singles.get(statement.entity, [])


def _rows(company: Company, entity: Entity, statement: Statement) -> list[Row]:
    _refuse_unknown(entity, statement.columns)
    tests = [_test(company, entity, condition) for condition in statement.conditions]
    hidden = not any(condition.name == "Active" for condition in statement.conditions)
    rows = [shown(company, record, "query") for record in company.records[entity.name].values()]
    rows = [
        row for row in rows if (row.get("Active", True) or not hidden) and all(test(row) for test in tests)
    ]
    if statement.order is None:
        return sorted(rows, key=lambda row: str(row.get(entity.order, "")))
    return _ordered(entity, rows, *statement.order)


def _ordered(entity: Entity, rows: list[Row], name: str, descending: bool) -> list[Row]:
    _queryable(entity, name)
    by_id = sorted(rows, key=lambda row: int(row["Id"]))
    valued = [(_value(entity, row, name), row) for row in by_id]
    absent = [row for value, row in valued if value is None]
    present: list[tuple[Any, Row]] = [(value, row) for value, row in valued if value is not None]
    ranked = [row for _, row in sorted(present, key=lambda pair: pair[0], reverse=descending)]
    return [*ranked, *absent] if descending else [*absent, *ranked]


def _test(company: Company, entity: Entity, condition: Condition) -> Callable[[Row], bool]:
    name = _bare_name(company, condition.name)
    known = _queryable(entity, name)
    if name == "Id" and condition.operator not in {"=", "IN"}:
        raise invalid(f"operator {condition.operator} is not supported for property Id")
    if condition.operator == "LIKE":
        return _like(entity, name, known, condition.values[0])
    wanted = [_literal(known, name, value) for value in condition.values]
    if (
        name == "PrimaryEmailAddr"
        and condition.operator == "="
        and company.switch("email_search_comma_lists")
    ):
        return lambda row: (
            wanted[0] in [one.strip() for one in str(_value(entity, row, name) or "").split(",")]
        )
    if condition.operator == "IN":
        return lambda row: _value(entity, row, name) in wanted
    return lambda row: _compared(_value(entity, row, name), condition.operator, wanted[0])


def _compared(left: Comparable | None, operator: str, right: Comparable) -> bool:
    return left is not None and _COMPARE[operator](left, right)


def _like(entity: Entity, name: str, known: Property, value: Literal) -> Callable[[Row], bool]:
    if known.kind not in {"text", "block"} or value.kind != "string":
        raise invalid(f"operator LIKE is not supported for property {name}")
    pattern = re.compile(".*".join(re.escape(part) for part in value.text.lower().split("%")), re.DOTALL)
    return lambda row: pattern.fullmatch(str(_value(entity, row, name) or "")) is not None


def _bare_name(company: Company, name: str) -> str:
    if name == "PrimaryEmailAddr.Address" and company.switch("email_dot_address"):
        return "PrimaryEmailAddr"
    return name


def _queryable(entity: Entity, name: str) -> Property:
    known = _property(entity, name)
    if name not in entity.filterable:
        raise invalid(f"property '{name}' is not queryable")
    return known


def _refuse_unknown(entity: Entity, names: list[str]) -> None:
    for name in names:
        _property(entity, name)


def _property(entity: Entity, name: str) -> Property:
    known = Property("block", parts=entity.properties)
    for step in name.split("."):
        if step not in known.parts:
            raise invalid(f"Property {name} not found for Entity {entity.name}")
        known = known.parts[step]
    return known


def _value(entity: Entity, row: Row, name: str) -> Comparable | None:
    """Typed as its property is; texts in lower case, for the comparison is blind to it."""
    found: Any = row
    for step in name.split("."):
        found = found.get(step) if isinstance(found, dict) else None
    known = _property(entity, name)
    if isinstance(found, dict):
        found = found.get("Address", found.get("value"))
    return None if found is None else _typed(known, name, found)


def _typed(known: Property, name: str, found: object) -> Comparable:
    if name == "Id":
        return int(str(found))
    if known.kind == "amount":
        return Decimal(str(found))
    if known.kind == "moment":
        return datetime.fromisoformat(str(found))
    return bool(found) if known.kind == "flag" else str(found).lower()


def _literal(known: Property, name: str, value: Literal) -> Comparable:
    try:
        return _read_literal(known, name, value)
    except (ValueError, InvalidOperation):
        raise invalid(f"invalid value {value.text} for property {name}") from None


def _read_literal(known: Property, name: str, value: Literal) -> Comparable:
    if known.kind == "flag":
        if value.text.upper() not in {"TRUE", "FALSE"}:
            raise ValueError(value.text)
        return value.text.upper() == "TRUE"
    if known.kind == "amount":
        return Decimal(value.text)
    if value.kind != "string":
        raise ValueError(value.text)
    if known.kind == "moment":
        moment = datetime.fromisoformat(value.text)
        return moment if moment.tzinfo else moment.replace(tzinfo=PACIFIC)
    return int(value.text) if name == "Id" else value.text.lower()


def _columns(row: Row, columns: list[str]) -> Row:
    """Asked columns only, a dotted one inside its object; the envelope of the object comes along."""
    if not columns:
        return row
    cut: Row = {name: row[name] for name in ("domain", "sparse") if name in row}
    for column in columns:
        outer, _, inner = column.partition(".")
        if outer in row and not inner:
            cut[outer] = row[outer]
        elif outer in row and inner in row[outer]:
            cut.setdefault(outer, {})[inner] = row[outer][inner]
    return cut
