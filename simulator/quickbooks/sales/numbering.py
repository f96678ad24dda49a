"""DocNumber: given by whoever writes, or counted on from the last one, as the company has chosen."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from simulator.quickbooks import problems

if TYPE_CHECKING:
    from simulator.quickbooks.state import Company, Record

ALLOW_DUPLICATES = "allowduplicatedocnum"


def admit(company: Company, record: Record, old: Record | None, include: frozenset[str]) -> None:
    """The last of the checks, for it hands out a number."""
    number = record.fields.get("DocNumber", "")
    before = old.fields.get("DocNumber", "") if old else ""
    if number and number != before and ALLOW_DUPLICATES not in include:
        _refuse_taken(company, record, number)
    if not company.settings.custom_txn_numbers and not number:
        _number(company, record, old, before)
    if old is None and number and _moves_the_counter(company, number):
        company.last_number = number


def _moves_the_counter(company: Company, number: str) -> bool:
    way = company.switch("sent_number_moves_counter")
    return way == "always" or (way == "numeric" and number.isdigit())


def _refuse_taken(company: Company, record: Record, number: str) -> None:
    if not company.settings.custom_txn_numbers and company.switch("duplicates_when_counting") == "allow":
        return
    for other in company.index.by(record.entity, "DocNumber", number):
        if other.id != record.id and other.fields["DocNumber"] == number:
            tail = company.switch("duplicate_number_tail") == "present"
            raise problems.duplicate_number(number, record.entity, other.id, tail=tail)


def _number(company: Company, record: Record, old: Record | None, before: str) -> None:
    way = "renumber" if old is None else company.switch("full_update_without_number")
    if way == "renumber":
        record.fields["DocNumber"] = following(company.last_number)
        company.last_number = record.fields["DocNumber"]
    elif way == "keep" and before:
        record.fields["DocNumber"] = before


def following(number: str) -> str:
    """The digits at its end count on, with their leading zeros; a number without any is followed by 1."""
    found = re.search(r"\d+$", number)
    if found is None:
        return f"{number}1"[-21:]
    return number[: found.start()] + str(int(found[0]) + 1).zfill(len(found[0]))
