"""Names: how they are built, what they must not hold, and whose they already are."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from simulator.quickbooks import problems
from simulator.quickbooks.presenting import full_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from simulator.quickbooks.answers import Problem
    from simulator.quickbooks.state import Company, Record

SUFFIX = " (deleted)"
PARTS = ("Title", "GivenName", "MiddleName", "FamilyName", "Suffix")
_CHECKED = ("DisplayName", "GivenName", "MiddleName", "FamilyName", "Title", "Suffix")
_FORBIDDEN = re.compile(r"[:\t\n\r]")
_EMAIL = re.compile(r"[^@\s,;<>]+@[^@\s,;<>]+\.[^@\s,;<>.]+")
ANOTHER = "Another customer is already using this name. Please use a different name."
ANOTHER_KIND = "Another customer, vendor or employee is already using this name. Please use a different name."


def from_parts(fields: Mapping[str, Any]) -> str:
    return " ".join(str(fields[part]) for part in PARTS if fields.get(part))


def for_checks(fields: Mapping[str, Any]) -> str:
    """Company first, then first and last name, then whatever is displayed: in that order in the recordings."""
    person = " ".join(str(fields[part]) for part in ("GivenName", "FamilyName") if fields.get(part))
    return str(fields.get("CompanyName") or person or without_suffix(fields["DisplayName"]))[:110]


def without_suffix(name: str) -> str:
    return name.removesuffix(SUFFIX)


def follow_activity(company: Company, record: Record, old: Record | None) -> None:
    """An inactive record wears the suffix; one that comes back keeps it unless a name without it is sent along."""
    name, fields = record.fields["DisplayName"], record.fields
    if not record.active and not name.endswith(SUFFIX):
        fields["DisplayName"] = name + SUFFIX
    elif (
        record.active and old is not None and not old.active and company.switch("reactivation_strips_suffix")
    ):
        fields["DisplayName"] = without_suffix(name)


def forbidden(company: Company, fields: Mapping[str, Any]) -> Iterator[Problem]:
    for name in _CHECKED:
        if _FORBIDDEN.search(str(fields.get(name, ""))):
            yield problems.forbidden_characters(name, str(company.switch("forbidden_character_code")))


def looks_like_email(address: str) -> bool:
    return _EMAIL.fullmatch(address) is not None


def refuse_taken(company: Company, record: Record) -> None:
    """An inactive record's own name, suffix and all, bothers nobody."""
    if not record.active:
        return
    wanted = _compared(company, _claim(company, record))
    for other in company.people():
        own = other.entity == record.entity and other.id == record.id
        if not own and wanted in _claimed(company, other):
            tail = ANOTHER if other.entity == record.entity == "Customer" else ANOTHER_KIND
            raise problems.duplicate_name("null" if company.switch("duplicate_name_tail") == "null" else tail)


def _claim(company: Company, record: Record) -> str:
    by_full_name = company.switch("job_names_unique") == "within_parent"
    return full_name(company, record) if by_full_name else str(record.fields["DisplayName"])


def _claimed(company: Company, other: Record) -> set[str]:
    name = _claim(company, other)
    claimed = {_compared(company, name)}
    if not other.active and not company.switch("inactive_name_frees"):
        claimed.add(_compared(company, without_suffix(name)))
    return claimed


def _compared(company: Company, name: str) -> str:
    return name if company.switch("display_name_case_sensitive") else name.lower()
