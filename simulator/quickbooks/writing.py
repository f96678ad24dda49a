"""Creating and changing records: order of refusals, SyncToken, sparse and full updates.

docs/vendors/quickbooks-online.md, 8.1.
"""

from __future__ import annotations

import re
from copy import deepcopy

from simulator.quickbooks import errors
from simulator.quickbooks.company import Company, Record, touch, touch_ancestors
from simulator.quickbooks.entities import CREDIT_MEMO, DEPOSIT, INVOICE, JOURNAL_ENTRY, PAYMENT
from simulator.quickbooks.journal_entries import JournalEntryRules
from simulator.quickbooks.list_rules import LISTS
from simulator.quickbooks.payments import DepositRules, PaymentRules, automatic_credit
from simulator.quickbooks.responses import Json
from simulator.quickbooks.rules import NOTHING, Rules
from simulator.quickbooks.sale_lines import merge_lines
from simulator.quickbooks.sale_rules import InvoiceRules, SaleRules
from simulator.quickbooks.schema import Entity, cleaned, is_empty, refuse_unknown

_NUMBER = re.compile(r"-?\d+")
RULES: dict[str, Rules] = {
    **LISTS,
    "Invoice": InvoiceRules(INVOICE),
    "CreditMemo": SaleRules(CREDIT_MEMO),
    "Payment": PaymentRules(PAYMENT),
    "Deposit": DepositRules(DEPOSIT),
    "JournalEntry": JournalEntryRules(JOURNAL_ENTRY),
}


def write(company: Company, entity: str, body: Json, include: frozenset[str] = NOTHING) -> Record:
    """As the API takes it: a body with an Id is an update, any other creates."""
    rules = _begin(entity, body)
    if is_empty(body.get("Id")):
        return _create(company, rules, body, include)
    record = current(company, entity, body)
    return _update(company, rules, record, body, include, sparse=body.get("sparse") in (True, "true"))


def enter(company: Company, entity: str, body: Json) -> Record:
    """As a person types it into QuickBooks."""
    return _create(company, _begin(entity, body), body, NOTHING)


def edit(company: Company, entity: str, id_: str, body: Json) -> Record:
    """As a person edits it: the named fields only, on whatever version is current.

    The page saves its whole form, so that what is empty is empty, whatever a sparse update would make of that.
    """
    record = existing(company, entity, id_)
    whole = {**deepcopy(record.fields), **body}
    return _update(company, _begin(entity, whole), record, whole, NOTHING, sparse=False)


def _begin(entity: str, body: Json) -> Rules:
    rules = RULES[entity]
    refuse_unknown(entity, rules.entity.properties, body)
    rules.begin(body)
    return rules


def current(company: Company, entity: str, body: Json) -> Record:
    """The record a body names, if it names its newest version."""
    if is_empty(body.get("Id")):
        raise errors.missing("Id")
    record = existing(company, entity, str(body["Id"]))
    if is_empty(body.get("SyncToken")):
        raise errors.missing("SyncToken")
    if str(body["SyncToken"]) != str(record.sync_token):
        raise errors.stale()
    return record


def existing(company: Company, entity: str, id_: str) -> Record:
    if not _NUMBER.fullmatch(id_):
        raise errors.invalid_id(id_)
    record = company.find(entity, id_)
    if record is None:
        raise errors.not_found()
    return record


def _create(company: Company, rules: Rules, body: Json, include: frozenset[str]) -> Record:
    now = company.now()
    record = Record(rules.entity.name, "", now, now, _accepted(rules.entity, body))
    rules.settle(company, record, None)
    rules.check(company, record, None)
    rules.admit(company, record, None, include)
    record.id = company.next_id(rules.entity.name)
    company.number_addresses(record)
    company.add(record)
    if record.entity == "Customer" and record.balance_cents:
        touch_ancestors(company, record)
    rules.after(company, record, None)
    while (credit := automatic_credit(company, record)) is not None:
        enter(company, "Payment", credit)
    return record


def _update(
    company: Company,
    rules: Rules,
    record: Record,
    body: Json,
    include: frozenset[str],
    *,
    sparse: bool,
) -> Record:
    merged = _merged(company, rules.entity, record.fields, body) if sparse else None
    fields = _replaced(rules.entity, record, body) if merged is None else merged
    wanted = record.copy(fields)
    rules.settle(company, wanted, record)
    rules.check(company, wanted, record)
    rules.admit(company, wanted, record, include)
    company.number_addresses(wanted)
    record.address_ids = wanted.address_ids
    if wanted.fields == record.fields and not _bumps_anyway(company, record):
        return record
    before = record.copy(record.fields)
    record.fields, record.sale = wanted.fields, wanted.sale
    record.sync_token, record.updated = record.sync_token + 1, company.now()
    company.index.put(record)
    company.changed(record)
    rules.after(company, record, before)
    return record


def _bumps_anyway(company: Company, record: Record) -> bool:
    switch = {"Customer": "customer_noop_bumps", "Invoice": "sale_noop_bumps", "Payment": "sale_noop_bumps"}
    return record.entity in switch and bool(company.switch(switch[record.entity]))


def _accepted(entity: Entity, body: Json) -> Json:
    """Only what may be written; known values that are read-only are dropped."""
    given = {
        name: value
        for name, value in body.items()
        if not entity.properties[name].read_only and not is_empty(value)
    }
    kept = {name: cleaned(name, entity.properties[name], value) for name, value in given.items()}
    return {name: value for name, value in kept.items() if value is not None}


def _replaced(entity: Entity, record: Record, body: Json) -> Json:
    """A full update: whatever is left out is cleared, save whether the record is active."""
    kept = {"Active": record.active} if "Active" in entity.properties else {}
    return {**kept, **_accepted(entity, body)}


def _merged(company: Company, entity: Entity, old: Json, body: Json) -> Json:
    fields, accepted = deepcopy(old), _accepted(entity, body)
    for name, value in body.items():
        if name in accepted:
            _put(company, fields, name, accepted[name], value)
        elif not entity.properties[name].read_only and _clears(company, value):
            fields.pop(name, None)
    return fields


def _put(company: Company, fields: Json, name: str, value: object, sent: object) -> None:
    before = fields.get(name)
    if name == "Line" and company.switch("sparse_lines") == "merge":
        value = merge_lines(before or [], value)
    merging = company.switch("sparse_nested") == "merge"
    if not (merging and isinstance(before, dict) and isinstance(value, dict) and isinstance(sent, dict)):
        fields[name] = value
        return
    cleared = {part for part, inner in sent.items() if is_empty(inner) and _clears(company, inner)}
    fields[name] = {part: inner for part, inner in {**before, **value}.items() if part not in cleared}


def _clears(company: Company, value: object) -> bool:
    """Whether an empty value in a sparse update clears the field or is passed over. Parts of an object count alike."""
    if isinstance(value, dict):
        return all(_clears(company, inner) for inner in value.values())
    form = company.switch("clear_by_sparse")
    return form == "both" or (form == "empty_string" and value == "") or (form == "null" and value is None)


def move_balance(company: Company, record: Record, cents: int) -> None:
    """A balance that comes from elsewhere, such as the recordings."""
    record.balance_cents = cents
    touch(company, record)
