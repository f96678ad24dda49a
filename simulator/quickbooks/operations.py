"""What may be asked of an entity: create, update, and the operations of its own, each by its own address."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from simulator.quickbooks import problems
from simulator.quickbooks.answers import Problem, Refused
from simulator.quickbooks.presenting import shown
from simulator.quickbooks.sales import ending
from simulator.quickbooks.sales.numbering import ALLOW_DUPLICATES
from simulator.quickbooks.sales.payments import refuse_line_ex
from simulator.quickbooks.schema import is_empty, refuse_unknown
from simulator.quickbooks.writing import current, write

if TYPE_CHECKING:
    from collections.abc import Mapping

    from simulator.quickbooks.entity import Entity
    from simulator.quickbooks.state import Company

INCLUDES = {"Invoice": {ALLOW_DUPLICATES, "invoicelink"}}


@dataclass(frozen=True)
class Asked:
    operation: str = "update"
    include: frozenset[str] = frozenset()

    @classmethod
    def of(cls, arguments: Mapping[str, str]) -> Asked:
        include = arguments.get("include", "").lower()
        names = frozenset(one for one in (part.strip() for part in include.split(",")) if one)
        return cls(arguments.get("operation", "update"), names)


def perform(company: Company, entity: Entity, asked: Asked, body: dict[str, Any]) -> dict[str, Any]:
    if not entity.api_writes:
        raise not_modelled(entity.name)
    if "void" in asked.include or asked.operation == "void":
        return _void(company, entity, asked, body)
    if asked.operation == "delete" and "delete" in entity.operations:
        return _delete(company, entity, body)
    if asked.operation != "update" or asked.include - INCLUDES.get(entity.name, set()):
        raise problems.unsupported_operation(asked.operation)
    if entity.name == "Payment":
        refuse_line_ex(company, body)
    road = "create" if is_empty(body.get("Id")) else "write"
    record = write(company, entity.name, body, asked.include)
    return {entity.name: shown(company, record, "create" if road == "create" else "write")}


def not_modelled(name: str) -> Refused:
    return Refused(
        Problem("5030", "Feature Not Supported", f"Writing {name.lower()} is not part of this simulator.", "")
    )


def _void(company: Company, entity: Entity, asked: Asked, body: dict[str, Any]) -> dict[str, Any]:
    """An invoice is voided by its operation, a payment by what its update includes, and neither the other way."""
    by_operation = asked.operation == "void" and not asked.include
    by_include = asked.operation == "update" and asked.include == {"void"}
    way = "void" if by_operation else "include=void" if by_include else ""
    if way not in entity.operations:
        raise problems.unsupported_operation(f"{asked.operation} {' '.join(sorted(asked.include))}".strip())
    refuse_unknown(entity.name, entity.properties, body)
    record = ending.void(company, current(company, entity.name, body))
    return {entity.name: shown(company, record, "write")}


def _delete(company: Company, entity: Entity, body: dict[str, Any]) -> dict[str, Any]:
    refuse_unknown(entity.name, entity.properties, body)
    record = current(company, entity.name, body)
    ending.delete(company, record)
    return {entity.name: {"domain": "QBO", "status": "Deleted", "Id": record.id}}
