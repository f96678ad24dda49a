"""Coperniq accounts and projects to the fields of QuickBooks customers and jobs. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from integrations.coperniq.records import Contact, CoperniqAccount, Project, Site
from integrations.quickbooks.records import LIMITS

_NAME_LIMIT = LIMITS["DisplayName"]
_NAME_PATHS = ("DisplayName", "GivenName", "FamilyName", "CompanyName")
# Shortened, these would be wrong; a name or a street would only be short.
_NEVER_SHORTENED = (
    "PrimaryEmailAddr.Address",
    "PrimaryPhone.FreeFormNumber",
    "PrimaryTaxIdentifier",
    "BillAddr.PostalCode",
)
TAX_PATH = "PrimaryTaxIdentifier"
EMAIL_PATH = "PrimaryEmailAddr.Address"
_FORBIDDEN_IN_NAMES = re.compile(r"\s*[:\t\n\r]+\s*")
EMAIL = re.compile(r"[^@\s,;]+@[^@\s,;]+\.[^@\s,;.]+")


@dataclass(frozen=True)
class WantedCustomer:
    """QuickBooks values by dotted path ("" = Coperniq has none), and what had to be changed or left out."""

    values: Mapping[str, str]
    warnings: tuple[str, ...] = field(default=())

    @property
    def name(self) -> str:
        return self.values.get("DisplayName", "")


def clean_name(text: str) -> str:
    """Only what QuickBooks forbids is changed (docs/vendors/quickbooks-online.md, 4.1): colon, tab and newline."""
    return _FORBIDDEN_IN_NAMES.sub(" ", text).strip()


def primary_contact_id(account: CoperniqAccount) -> str:
    """Coperniq marks no contact as primary: it is the one that has the account's own e-mail or phone."""
    for contact in account.contacts:
        if account.email and account.email.casefold() in {email.casefold() for email in contact.emails}:
            return contact.id
    for contact in account.contacts:
        if account.phone and account.phone in contact.phones:
            return contact.id
    return ""


def source_values(account: CoperniqAccount, contact: Contact | None, site: Site | None) -> dict[str, str]:
    """Every value a field mapping can name."""
    person = contact.name.strip() if contact else ""
    first, _, last = person.rpartition(" ")
    return {
        "name": person or account.title.strip(),
        "title": account.title.strip(),
        "first_name": first or last,
        "last_name": last if first else "",
        "email": account.email.strip(),
        "phone": account.phone.strip(),
        "number": account.number,
        **_address_of(account, site),
        **{f"custom:{key}": value.strip() for key, value in account.custom.items()},
    }


def _address_of(account: CoperniqAccount, site: Site | None) -> dict[str, str]:
    """Street, city, state and zip from whichever has them apart; else the whole address as the street."""
    for place in (account, site):
        if place is not None and (place.street or place.city):
            return {
                "street": place.street,
                "city": place.city,
                "state": place.state,
                "zip_code": place.zip_code,
            }
    return {"street": account.address, "city": "", "state": "", "zip_code": ""}


def customer_values(found: Mapping[str, str], mappings: Mapping[str, str]) -> WantedCustomer:
    values: dict[str, str] = {}
    warnings: list[str] = []
    for path, source in mappings.items():
        values[path], warning = _fit(path, found.get(source, ""))
        warnings += [warning] if warning else []
    return WantedCustomer(values, tuple(warnings))


def _fit(path: str, text: str) -> tuple[str, str]:
    """The value as QuickBooks takes it, and a sentence if that is not what Coperniq has."""
    value = clean_name(text) if path in _NAME_PATHS else text
    limit = LIMITS.get(path, len(value))
    if path == EMAIL_PATH and value and not EMAIL.fullmatch(value):
        return "", f"The e-mail address “{value}” is not valid and was left out."
    if len(value) > limit and path in _NEVER_SHORTENED:
        return "", f"{path} is longer than the {limit} characters QuickBooks takes and was left out."
    if len(value) > limit:
        return value[:limit].rstrip(), f"{path} was shortened to the {limit} characters QuickBooks takes."
    if value != text:
        return (
            value,
            f"“{text}” is written “{value}”: QuickBooks forbids colons, tabs and line breaks in names.",
        )
    return value, ""


def job_name(project: Project) -> str:
    """`title | #number | $value | size kW`; empty and zero parts are left out."""
    facts = [
        f"#{project.number}" if project.number.strip("0") else "",
        format_dollars(project.value_cents),
        format_kilowatts(project.size_kw),
    ]
    tail = " | ".join(fact for fact in facts if fact)
    title = clean_name(project.title)[: _NAME_LIMIT - len(tail) - 3].rstrip()
    return " | ".join(part for part in (title, tail) if part) or f"Project {project.id}"


def format_dollars(cents: int | None) -> str:
    if not cents:
        return ""
    dollars, rest = divmod(abs(cents), 100)
    return f"{'-' if cents < 0 else ''}${dollars:,}" + (f".{rest:02}" if rest else "")


def format_kilowatts(kilowatts: Decimal | None) -> str:
    if not kilowatts:
        return ""
    text = f"{kilowatts:f}"
    return f"{text.rstrip('0').rstrip('.') if '.' in text else text} kW"


def with_suffix(name: str, number: int) -> str:
    """`name #2`, within the limit; the first bears no number."""
    if number < 2:
        return name
    suffix = f" #{number}"
    return name[: _NAME_LIMIT - len(suffix)].rstrip() + suffix


def is_same_name(wanted: str, current: str) -> bool:
    """The wanted name with the portal's own suffix is no difference."""
    if wanted == current:
        return True
    number = re.search(r" #(\d+)$", current)
    return number is not None and int(number[1]) > 1 and with_suffix(wanted, int(number[1])) == current
