"""The lines of an invoice as a request gives them.

docs/vendors/coperniq-api.md, 3.7. Each catalog item at most once, quantities whole.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

from simulator.coperniq import validation
from simulator.coperniq.company import Company
from simulator.coperniq.records import Line
from simulator.coperniq.validation import Json, Refused, invalid

Found = tuple[str, Any, str | None]

NAMES = ("lineItems", "sections")
REQUIRED = ("catalogItemId", "quantity", "unitCost", "unitPrice")
LONGEST_NAME = 500


def names_lines(body: Json) -> bool:
    return any(body.get(name) is not None for name in NAMES)


def raw_lines(body: Json) -> Iterator[Found]:
    """`(path, line, name of its section)`"""
    yield from _array(body.get("lineItems"), "lineItems", None)
    for path, section, _ in _array(body.get("sections"), "sections", None):
        lines = section.get("lineItems")
        if not lines:
            raise invalid(f"{path}.lineItems", "A section needs at least one line item")
        yield from _array(lines, f"{path}.lineItems", _section_name(section, path))


def _array(value: object, path: str, section: str | None) -> Iterator[Found]:
    if value is not None and not isinstance(value, list):
        raise invalid(path, f"{path} must be an array")
    for position, one in enumerate(value or []):
        if not isinstance(one, dict):
            raise invalid(f"{path}[{position}]", f"{path} must hold objects")
        yield f"{path}[{position}]", one, section


def _section_name(section: Json, path: str) -> str | None:
    if section.get("name") is None:
        return None
    name = validation.filled(section["name"], f"{path}.name")
    if len(name) > LONGEST_NAME:
        raise invalid(f"{path}.name", f"name must not be longer than {LONGEST_NAME}")
    return name


def _cents(company: Company) -> validation.Check:
    def checked(value: object, name: str) -> int:
        number = validation.decimal(value, name)
        if company.switches["unit_decimals"] == "refuse" and number != round(number, 2):
            raise invalid(name, f"{name} must not have more than two decimals")
        return validation.money(value, name)

    return checked


def _quantity(company: Company, person: bool) -> validation.Check:
    lax = person or company.switches["quantity_below_one"] == "allow"

    def checked(value: object, name: str) -> int:
        number = validation.integer(value, name)
        if number < 1 and not lax:
            raise invalid(name, f"{name} must be at least 1")
        validation.decimal(Decimal(number), name)
        return number

    return checked


def _schema(company: Company, person: bool) -> validation.Schema:
    cents = _cents(company)
    return {
        "id": ("id", validation.clearable(validation.integer, 0)),
        "catalogItemId": ("catalog_item_id", validation.identifier),
        "quantity": ("quantity", _quantity(company, person)),
        "unitCost": ("unit_cost", cents),
        "unitPrice": ("unit_price", cents),
        "description": ("description", validation.nullable(validation.text)),
    }


def read(company: Company, body: Json, now: list[Line], *, person: bool = False) -> list[Line]:
    """The lines that the invoice will have, new ones still without an id; a person sees and keeps all of them."""
    wanted = [(one[0], _line(company, one, now, person)) for one in raw_lines(body)]
    if not wanted and not person:
        raise invalid("lineItems", "At least one line item is required")
    sent = {line.id: line for _, line in wanted if line.id}
    merges = company.switches["line_update"] == "merge" and not person
    kept = [one for one in now if one.id not in sent] if merges else []
    _unique(company, kept, wanted, "id")
    if not person:
        _unique(company, kept, wanted, "catalog_item_id")
    if not merges:
        return [line for _, line in wanted]
    return [sent.get(one.id, one) for one in now] + [line for _, line in wanted if not line.id]


def _line(company: Company, one: Found, now: list[Line], person: bool) -> Line:
    path, body, section = one
    unknown = "refuse" if person else company.switches["unknown_fields"]
    try:
        values = validation.read_fields(_schema(company, person), body, REQUIRED, unknown)
        line = Line(**{"id": 0, **values, "section": section})
        return _known(company, line, now)
    except Refused as reason:
        raise _renamed(company, reason, path) from reason


def _renamed(company: Company, reason: Refused, path: str) -> Refused:
    names = {"path": f"{path}.{reason.field}", "name": reason.field, "list": path.partition("[")[0]}
    return invalid(names[company.switches["line_fields_named"]], reason.message)


def _known(company: Company, line: Line, now: list[Line]) -> Line:
    before = {one.id: one for one in now}
    if line.id and line.id not in before:
        if company.switches["unknown_line_id"] == "refuse":
            raise invalid("id", "The invoice has no such line")
        line = replace(line, id=0)
    _catalog_item(company, line, {one.catalog_item_id for one in now})
    return line


def _catalog_item(company: Company, line: Line, before: set[int]) -> None:
    item = company.catalog.get(line.catalog_item_id)
    rule = company.switches["archived_item_on_line"]
    if item is None or (
        item.is_archived and (rule == "refuse" or (rule == "kept_lines" and item.id not in before))
    ):
        raise invalid("catalogItemId", f"Catalog item {line.catalog_item_id} does not exist")


def _unique(company: Company, kept: list[Line], wanted: list[tuple[str, Line]], attribute: str) -> None:
    seen = {getattr(one, attribute) for one in kept}
    for path, line in wanted:
        value = getattr(line, attribute)
        if value and value in seen:
            name = "catalogItemId" if attribute == "catalog_item_id" else attribute
            raise _renamed(company, invalid(name, f"{name} {value} appears more than once"), path)
        seen.add(value)


def with_ids(company: Company, wanted: list[Line]) -> list[Line]:
    """With ids: new lines get one, and all others too where a switch says so."""
    renewed = company.switches["line_ids"] == "renewed"
    return [one if one.id and not renewed else replace(one, id=company.ids.next("line")) for one in wanted]
