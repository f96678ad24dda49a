"""What a statement finds, how values compare, and the shape of the answer.

docs/vendors/quickbooks-online.md, 7.2 and 7.3.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import date as calendar_date
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from simulator.quickbooks.company import Company, Record
from simulator.quickbooks.company_info import single_rows
from simulator.quickbooks.email_addresses import refuse_unreadable
from simulator.quickbooks.entities import MODELLED, NOT_YET
from simulator.quickbooks.query_parser import Condition, Statement, Token, invalid_query, parse_query
from simulator.quickbooks.rendering import query_value, render
from simulator.quickbooks.responses import PACIFIC, Json
from simulator.quickbooks.schema import Entity, Property

_DOUBTFUL = {"PaymentRefNum", "PaymentMethodRef"}
Comparable = str | int | bool | Decimal | datetime
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "=": lambda left, right: bool(left == right),
    "<": lambda left, right: bool(left < right),
    ">": lambda left, right: bool(left > right),
    "<=": lambda left, right: bool(left <= right),
    ">=": lambda left, right: bool(left >= right),
}


def answer_query(company: Company, text: str, include: frozenset[str] = frozenset()) -> Json:
    """The content of `QueryResponse`; it has no entity key when nothing was found."""
    statement = parse_query(
        text,
        bare_backslash=company.switch("bare_backslash") == "keep",
        clamp=company.switch("maxresults_over_1000") == "clamp",
    )
    if statement.entity not in MODELLED:
        return _paged(statement, _plain_rows(company, statement), lambda row: row)
    entity = MODELLED[statement.entity]
    linked = "invoicelink" in include
    found = _paged(
        statement,
        _rows(company, entity, statement),
        lambda record: render(company, record, "query", linked=linked),
        lambda page: refuse_unreadable(company, page),
    )
    for row in found.get("Item", []):
        _leave_out_sku(company, statement, row)
    return found


def _paged(
    statement: Statement,
    rows: list[Any],
    show: Callable[[Any], Json],
    refuse: Callable[[list[Any]], None] | None = None,
) -> Json:
    """Only the page is written out, and only what is written out can be refused."""
    if statement.counting:
        return {"totalCount": len(rows)}
    page = rows[statement.start - 1 : statement.start - 1 + statement.limit]
    if not page:
        return {}
    if refuse is not None:
        refuse(page)
    cut = [_columns(show(row), statement.columns) for row in page]
    found = {statement.entity: cut, "startPosition": statement.start, "maxResults": len(page)}
    counted = statement.entity in MODELLED and MODELLED[statement.entity].counted
    return {**found, "totalCount": len(rows)} if counted else found


def _leave_out_sku(company: Company, statement: Statement, row: Json) -> None:
    starred = not statement.columns and "Sku" not in statement.beside_star
    if starred and company.switch("item_star_leaves_out_sku"):
        row.pop("Sku", None)


def _plain_rows(company: Company, statement: Statement) -> list[Json]:
    """Entities known to QuickBooks of which a simulated company has at most one record."""
    singles = single_rows(company)
    if statement.entity not in singles.keys() | NOT_YET:
        raise invalid_query(f"invalid context declaration: {statement.entity}")
    return singles.get(statement.entity, [])


def _rows(company: Company, entity: Entity, statement: Statement) -> list[Record]:
    _refuse_unknown(entity, [*statement.columns, *statement.beside_star])
    tests = [_test(company, entity, condition) for condition in statement.conditions]
    hidden = not any(condition.name == "Active" for condition in statement.conditions)
    records = [
        record
        for record in _candidates(company, entity, statement)
        if (record.active or not hidden) and all(test(record) for test in tests)
    ]
    if statement.order is None:
        return _by_default(entity, company, records)
    return _ordered(company, entity, records, *statement.order)


def _candidates(company: Company, entity: Entity, statement: Statement) -> Iterable[Record]:
    """The few that a number or a customer leaves, or all; the conditions are tested on them all the same."""
    for condition in statement.conditions:
        texts = [value.text for value in condition.values]
        if condition.operator not in {"=", "IN"}:
            continue
        if condition.name == "Id":
            found = (company.find(entity.name, text.lstrip("0")) for text in dict.fromkeys(texts))
            return [record for record in found if record is not None]
        if condition.name in {"DocNumber", "CustomerRef"}:
            several = [company.index.by(entity.name, condition.name, text) for text in dict.fromkeys(texts)]
            return {record.id: record for found in several for record in found}.values()
    return company.records[entity.name].values()


def _by_default(entity: Entity, company: Company, records: list[Record]) -> list[Record]:
    """Names go up by code point, forms go down by their last change."""
    if entity.order.startswith("-"):
        return sorted(records, key=lambda one: (one.updated, one.number), reverse=True)
    return sorted(records, key=lambda one: str(query_value(company, one, entity.order) or ""))


def _ordered(
    company: Company, entity: Entity, records: list[Record], name: str, descending: bool
) -> list[Record]:
    _queryable(company, entity, name)
    by_id = sorted(records, key=lambda one: one.number)
    valued = [(_value(company, entity, record, name), record) for record in by_id]
    absent = [record for value, record in valued if value is None]
    present: list[tuple[Any, Record]] = [(value, record) for value, record in valued if value is not None]
    ranked = [record for _, record in sorted(present, key=lambda pair: pair[0], reverse=descending)]
    return [*ranked, *absent] if descending else [*absent, *ranked]


def _test(company: Company, entity: Entity, condition: Condition) -> Callable[[Record], bool]:
    name = _bare_name(company, condition.name)
    known = _queryable(company, entity, name)

    def value(record: Record) -> Comparable | None:
        return _value(company, entity, record, name)

    if name == "Id" and condition.operator not in {"=", "IN"}:
        raise invalid_query(f"operator {condition.operator} is not supported for property Id")
    if condition.operator == "LIKE":
        pattern = _like(name, known, condition.values[0])
        return lambda record: pattern.fullmatch(str(value(record) or "")) is not None
    wanted = [_literal(known, name, one) for one in condition.values]
    searches_lists = name == "PrimaryEmailAddr" and condition.operator == "="
    if searches_lists and company.switch("email_search_comma_lists"):
        return lambda record: wanted[0] in [one.strip() for one in str(value(record) or "").split(",")]
    if condition.operator == "IN":
        return lambda record: value(record) in wanted
    return lambda record: _compared(value(record), condition.operator, wanted[0])


def _compared(left: Comparable | None, operator: str, right: Comparable) -> bool:
    return left is not None and _COMPARE[operator](left, right)


def _like(name: str, known: Property, value: Token) -> re.Pattern[str]:
    if known.kind not in {"text", "block"} or value.kind != "string":
        raise invalid_query(f"operator LIKE is not supported for property {name}")
    return re.compile(".*".join(re.escape(part) for part in value.text.lower().split("%")), re.DOTALL)


def _bare_name(company: Company, name: str) -> str:
    if name == "PrimaryEmailAddr.Address" and company.switch("email_dot_address"):
        return "PrimaryEmailAddr"
    return name


def _queryable(company: Company, entity: Entity, name: str) -> Property:
    known = _property(entity, name)
    doubtful = name in _DOUBTFUL and not company.switch("payment_reference_queryable")
    if name not in entity.filterable or doubtful:
        raise invalid_query(f"property '{name}' is not queryable")
    return known


def _refuse_unknown(entity: Entity, names: list[str]) -> None:
    for name in names:
        _property(entity, name)


def _property(entity: Entity, name: str) -> Property:
    known = Property("block", parts=entity.properties)
    for step in name.split("."):
        if step not in known.parts:
            raise invalid_query(f"Property {name} not found for Entity {entity.name}")
        known = known.parts[step]
    return known


def _value(company: Company, entity: Entity, record: Record, name: str) -> Comparable | None:
    """Typed as its property is; texts in lower case, for the comparison is blind to it."""
    found = query_value(company, record, name)
    if isinstance(found, dict):
        found = found.get("Address", found.get("value"))
    return None if found is None else _typed(_property(entity, name), name, found)


def _typed(known: Property, name: str, found: object) -> Comparable:
    if isinstance(found, datetime):
        return found
    if name == "Id":
        return int(str(found))
    if known.kind in {"amount", "quantity"}:
        return Decimal(str(found))
    return bool(found) if known.kind == "flag" else str(found).lower()


def _literal(known: Property, name: str, value: Token) -> Comparable:
    try:
        return _read_literal(known, name, value)
    except (ValueError, InvalidOperation):
        raise invalid_query(f"invalid value {value.text} for property {name}") from None


def _read_literal(known: Property, name: str, value: Token) -> Comparable:
    if known.kind == "flag":
        if value.text.upper() not in {"TRUE", "FALSE"}:
            raise ValueError(value.text)
        return value.text.upper() == "TRUE"
    if known.kind in {"amount", "quantity"}:
        return Decimal(value.text)
    if value.kind != "string":
        raise ValueError(value.text)
    if known.kind == "moment":
        moment = datetime.fromisoformat(value.text)
        return moment if moment.tzinfo else moment.replace(tzinfo=PACIFIC)
    if known.kind == "date":
        return calendar_date.fromisoformat(value.text).isoformat()
    return int(value.text) if name == "Id" else value.text.lower()


def _columns(row: Json, columns: list[str]) -> Json:
    """Asked columns only, a dotted one inside its object; the envelope of the object comes along."""
    if not columns:
        return row
    cut: Json = {name: row[name] for name in ("domain", "sparse") if name in row}
    for column in columns:
        outer, _, inner = column.partition(".")
        if outer in row and not inner:
            cut[outer] = row[outer]
        elif outer in row and inner in row[outer]:
            cut.setdefault(outer, {})[inner] = row[outer][inner]
    return cut
