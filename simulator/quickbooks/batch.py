"""Up to thirty requests in one: independent of each other, each with its own answer or its own Fault."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from simulator.quickbooks import problems
from simulator.quickbooks.answers import Problem, Refused, fault_document
from simulator.quickbooks.entities import MODELLED, NOT_YET
from simulator.quickbooks.operations import Asked, not_modelled, perform
from simulator.quickbooks.query.answering import answer as answer_query
from simulator.quickbooks.schema import is_empty

if TYPE_CHECKING:
    from simulator.quickbooks.entity import Entity
    from simulator.quickbooks.state import Company

LARGEST, LONGEST_REQUEST_ID, LONGEST_ITEM_ID = 30, 36, 10
_ENVELOPE = {"bId", "operation", "optionsData", "Query"}


def answer(company: Company, body: dict[str, Any], request_id: str) -> dict[str, Any]:
    items = items_of(body)
    if len(items) > LARGEST:
        detail = f"Maximum number of batch items is {LARGEST}. Supplied:{len(items)}"
        raise Refused(Problem("1040", "Too many batch items", detail, ""))
    if request_id and company.switch("batch_id_limits"):
        _refuse_long("requestid", request_id, LONGEST_REQUEST_ID)
        for item in items:
            _refuse_long("bId", str(item.get("bId", "")), LONGEST_ITEM_ID)
    return {"BatchItemResponse": [_item(company, one) for one in items]}


def items_of(body: dict[str, Any]) -> list[dict[str, Any]]:
    if set(body) - {"BatchItemRequest"}:
        raise problems.bad_property(f"Unrecognized field {sorted(set(body) - {'BatchItemRequest'})}")
    items = body.get("BatchItemRequest")
    if not isinstance(items, list) or not items or not all(isinstance(one, dict) for one in items):
        raise problems.missing("BatchItemRequest")
    return items


def count(raw: bytes) -> int:
    """How many calls a body stands for, whatever becomes of them."""
    try:
        return max(len(json.loads(raw)["BatchItemRequest"]), 1)
    except (ValueError, KeyError, TypeError):
        return 1


def _refuse_long(name: str, value: str, limit: int) -> None:
    if len(value) > limit:
        raise Refused(problems.too_long(name, limit, len(value)))


def _item(company: Company, item: dict[str, Any]) -> dict[str, Any]:
    try:
        found = _answered(company, item)
    except Refused as reason:
        found = fault_document(reason.problems, reason.kind)
    return {**found, "bId": str(item.get("bId", ""))}


def _answered(company: Company, item: dict[str, Any]) -> dict[str, Any]:
    if is_empty(item.get("bId")):
        raise problems.missing("bId")
    if "Query" in item:
        return {"QueryResponse": answer_query(company, str(item["Query"]))}
    names = [name for name in item if name not in _ENVELOPE]
    if len(names) != 1 or not isinstance(item[names[0]], dict):
        raise problems.bad_property(f"A batch item holds one object, this one {sorted(names)}")
    if names[0] in NOT_YET:
        raise not_modelled(names[0])
    if names[0] not in MODELLED:
        raise problems.bad_property(f'Unrecognized field "{names[0]}"')
    return _performed(company, MODELLED[names[0]], item, item[names[0]])


def _performed(
    company: Company, entity: Entity, item: dict[str, Any], body: dict[str, Any]
) -> dict[str, Any]:
    """`create` must not name an Id, `update` must; a void is an update with an option, for every kind of form."""
    operation, options = str(item.get("operation", "")), str(item.get("optionsData", "")).lower()
    if operation == "create" and not is_empty(body.get("Id")):
        raise problems.bad_property("Id in a create")
    if operation == "update" and is_empty(body.get("Id")):
        raise problems.missing("Id")
    if operation not in {"create", "update", "delete"}:
        raise problems.unsupported_operation(operation or "none")
    if operation == "update" and options == "void":
        by_operation = "void" in entity.operations
        asked = Asked("void") if by_operation else Asked(include=frozenset({"void"}))
        return perform(company, entity, asked, body)
    include = frozenset({options}) if options else frozenset[str]()
    return perform(company, entity, Asked("delete" if operation == "delete" else "update", include), body)
