"""What every kind of record demands before it is stored; the checks of names and references that several share."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from simulator.quickbooks import errors
from simulator.quickbooks.company import Company, Record
from simulator.quickbooks.rendering import CURRENCIES, full_name
from simulator.quickbooks.responses import Json, Problem, Refused, refused
from simulator.quickbooks.schema import Entity

NOTHING: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Rules:
    """Called in this order on creation and on every update; only `after` changes other records."""

    entity: Entity

    def begin(self, body: Json) -> None:
        """Looks at the body as it was sent, before what is empty in it is dropped."""

    def settle(self, company: Company, record: Record, old: Record | None) -> None:
        """Fills what QuickBooks fills by itself."""

    def check(self, company: Company, record: Record, old: Record | None) -> None:
        """Refuses."""

    def admit(self, company: Company, record: Record, old: Record | None, include: frozenset[str]) -> None:
        """The last check, which depends on the request's `include`."""

    def after(self, company: Company, record: Record, old: Record | None) -> None:
        """Changes other records after this one is stored."""


def refuse_all(found: list[Problem]) -> None:
    if found:
        raise Refused(*found)


def check_currency(company: Company, fields: Json) -> None:
    """With one currency alone it is not kept: sent or not, it is the same."""
    sent = fields.get("CurrencyRef", {}).get("value")
    if company.settings.multicurrency and sent is None:
        raise errors.missing("CurrencyRef")
    refuse_unknown_currency(company, sent or company.settings.home_currency)
    if not company.settings.multicurrency:
        fields.pop("CurrencyRef", None)


def refuse_unknown_currency(company: Company, code: str) -> None:
    known = code in CURRENCIES if company.settings.multicurrency else code == company.settings.home_currency
    if not known:
        raise refused(
            "2220", "Invalid Currency", f"Currency {code} is not active in this company", "CurrencyRef"
        )


def active_reference(company: Company, entity: str, fields: Json, name: str) -> Record | None:
    """What a reference points at; refused where it points at nothing or at something inactive."""
    value = fields.get(name, {}).get("value")
    if not value:
        return None
    target = company.find(entity, value)
    if target is None or not target.active:
        raise errors.not_found()
    return target


SUFFIX = " (deleted)"
NAME_PARTS = ("Title", "GivenName", "MiddleName", "FamilyName", "Suffix")
_CHECKED_NAMES = ("DisplayName", "GivenName", "MiddleName", "FamilyName", "Title", "Suffix")
_FORBIDDEN = re.compile(r"[:\t\n\r]")
ANOTHER = "Another customer is already using this name. Please use a different name."
ANOTHER_KIND = "Another customer, vendor or employee is already using this name. Please use a different name."


def name_from_parts(fields: Mapping[str, Any]) -> str:
    return " ".join(str(fields[part]) for part in NAME_PARTS if fields.get(part))


def name_for_checks(fields: Mapping[str, Any]) -> str:
    """Company first, then first and last name, then whatever is displayed: in that order in the recordings."""
    person = " ".join(str(fields[part]) for part in ("GivenName", "FamilyName") if fields.get(part))
    return str(fields.get("CompanyName") or person or without_suffix(fields["DisplayName"]))[:110]


def without_suffix(name: str) -> str:
    return name.removesuffix(SUFFIX)


def follow_activity(company: Company, record: Record, old: Record | None) -> None:
    """An inactive record has the suffix; one that is made active keeps it unless a name without it is sent."""
    name, fields = record.fields["DisplayName"], record.fields
    if not record.active and not name.endswith(SUFFIX):
        fields["DisplayName"] = name + SUFFIX
    elif (
        record.active and old is not None and not old.active and company.switch("reactivation_strips_suffix")
    ):
        fields["DisplayName"] = without_suffix(name)


def forbidden_names(company: Company, fields: Mapping[str, Any]) -> Iterator[Problem]:
    for name in _CHECKED_NAMES:
        if _FORBIDDEN.search(str(fields.get(name, ""))):
            yield errors.forbidden_characters(name, str(company.switch("forbidden_character_code")))


def refuse_taken_name(company: Company, record: Record) -> None:
    """The name of an inactive record, with its suffix, is not taken."""
    if not record.active:
        return
    wanted = _compared(company, _claim(company, record))
    for other in company.people():
        own = other.entity == record.entity and other.id == record.id
        if not own and wanted in _claimed(company, other):
            sentence = ANOTHER if other.entity == record.entity == "Customer" else ANOTHER_KIND
            tails = {"null": "null", "id": f"Id={other.id}"}
            raise errors.duplicate_name(tails.get(str(company.switch("duplicate_name_tail")), sentence))


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
    if company.switch("lookalike_names") == "same":
        name = " ".join(unicodedata.normalize("NFKC", name).split())
    return name if company.switch("display_name_case_sensitive") else name.lower()
