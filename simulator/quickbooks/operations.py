"""Create, update, void and delete, one by one or in a batch: docs/vendors/quickbooks-online.md, 8.1 and 8.2."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from simulator.quickbooks import errors, voiding
from simulator.quickbooks.company import Company
from simulator.quickbooks.entities import MODELLED, NOT_YET
from simulator.quickbooks.payments import refuse_line_ex
from simulator.quickbooks.query import answer_query as answer_query
from simulator.quickbooks.rendering import render
from simulator.quickbooks.responses import Json, Refused, fault_document, refused
from simulator.quickbooks.sale_rules import ALLOW_DUPLICATES
from simulator.quickbooks.schema import Entity, is_empty, refuse_unknown
from simulator.quickbooks.writing import current, write

INCLUDES = {"Invoice": {ALLOW_DUPLICATES, "invoicelink"}}


@dataclass(frozen=True)
class Options:
    operation: str = "update"
    include: frozenset[str] = frozenset()

    @classmethod
    def of(cls, arguments: Mapping[str, str]) -> Options:
        include = arguments.get("include", "").lower()
        names = frozenset(one for one in (part.strip() for part in include.split(",")) if one)
        return cls(arguments.get("operation", "update"), names)


def perform(company: Company, entity: Entity, asked: Options, body: Json) -> Json:
    if not entity.api_writes:
        raise not_modelled(entity.name)
    if "void" in asked.include or asked.operation == "void":
        return _void(company, entity, asked, body)
    if asked.operation == "delete" and "delete" in entity.operations:
        return _delete(company, entity, body)
    if asked.operation != "update" or asked.include - INCLUDES.get(entity.name, set()):
        raise errors.unsupported_operation(asked.operation)
    if entity.name == "Payment":
        refuse_line_ex(company, body)
    road = "create" if is_empty(body.get("Id")) else "write"
    record = write(company, entity.name, body, asked.include)
    return {entity.name: render(company, record, "create" if road == "create" else "write")}


def not_modelled(name: str) -> Refused:
    return refused(
        "5030", "Feature Not Supported", f"Writing {name.lower()} is not part of this simulator.", ""
    )


def _void(company: Company, entity: Entity, asked: Options, body: Json) -> Json:
    """An invoice is voided by its operation, a payment by what its update includes, and neither the other way."""
    by_operation = asked.operation == "void" and not asked.include
    by_include = asked.operation == "update" and asked.include == {"void"}
    way = "void" if by_operation else "include=void" if by_include else ""
    if way not in entity.operations:
        raise errors.unsupported_operation(f"{asked.operation} {' '.join(sorted(asked.include))}".strip())
    refuse_unknown(entity.name, entity.properties, body)
    record = voiding.void(company, current(company, entity.name, body))
    return {entity.name: render(company, record, "write")}


def _delete(company: Company, entity: Entity, body: Json) -> Json:
    refuse_unknown(entity.name, entity.properties, body)
    record = current(company, entity.name, body)
    voiding.delete(company, record)
    return {entity.name: {"domain": "QBO", "status": "Deleted", "Id": record.id}}


LARGEST, LONGEST_REQUEST_ID, LONGEST_ITEM_ID = 30, 36, 10
_ENVELOPE = {"bId", "operation", "optionsData", "Query"}


def answer_batch(company: Company, body: Json, request_id: str) -> Json:
    items = batch_items(body)
    if len(items) > LARGEST:
        detail = f"Maximum number of batch items is {LARGEST}. Supplied:{len(items)}"
        raise refused("1040", "Too many batch items", detail, "")
    if request_id and company.switch("batch_id_limits"):
        _refuse_long("requestid", request_id, LONGEST_REQUEST_ID)
        for item in items:
            _refuse_long("bId", str(item.get("bId", "")), LONGEST_ITEM_ID)
    return {"BatchItemResponse": [_item(company, one) for one in items]}


def batch_items(body: Json) -> list[Json]:
    if set(body) - {"BatchItemRequest"}:
        raise errors.bad_property(f"Unrecognized field {sorted(set(body) - {'BatchItemRequest'})}")
    items = body.get("BatchItemRequest")
    if not isinstance(items, list) or not items or not all(isinstance(one, dict) for one in items):
        raise errors.missing("BatchItemRequest")
    return items


def count_items(raw: bytes) -> int:
    """The number of calls that a body counts as, refused ones included."""
    try:
        return max(len(json.loads(raw)["BatchItemRequest"]), 1)
    except (ValueError, KeyError, TypeError):
        return 1


def _refuse_long(name: str, value: str, limit: int) -> None:
    if len(value) > limit:
        raise Refused(errors.too_long(name, limit, len(value)))


def _item(company: Company, item: Json) -> Json:
    try:
        found = _answered(company, item)
    except Refused as reason:
        found = fault_document(reason.problems, reason.kind)
    return {**found, "bId": str(item.get("bId", ""))}


def _answered(company: Company, item: Json) -> Json:
    if is_empty(item.get("bId")):
        raise errors.missing("bId")
    if "Query" in item:
        return {"QueryResponse": answer_query(company, str(item["Query"]))}
    names = [name for name in item if name not in _ENVELOPE]
    if len(names) != 1 or not isinstance(item[names[0]], dict):
        raise errors.bad_property(f"A batch item holds one object, this one {sorted(names)}")
    if names[0] in NOT_YET:
        raise not_modelled(names[0])
    if names[0] not in MODELLED:
        raise errors.bad_property(f'Unrecognized field "{names[0]}"')
    return _perform_item(company, MODELLED[names[0]], item, item[names[0]])


def _perform_item(company: Company, entity: Entity, item: Json, body: Json) -> Json:
    """`create` must not name an Id, `update` must; a void is an update with an option, for every kind of form."""
    operation, options = str(item.get("operation", "")), str(item.get("optionsData", "")).lower()
    if operation == "create" and not is_empty(body.get("Id")):
        raise errors.bad_property("Id in a create")
    if operation == "update" and is_empty(body.get("Id")):
        raise errors.missing("Id")
    if operation not in {"create", "update", "delete"}:
        raise errors.unsupported_operation(operation or "none")
    if operation == "update" and options == "void":
        by_operation = "void" in entity.operations
        asked = Options("void") if by_operation else Options(include=frozenset({"void"}))
        return perform(company, entity, asked, body)
    include = frozenset({options}) if options else frozenset[str]()
    return perform(company, entity, Options("delete" if operation == "delete" else "update", include), body)
