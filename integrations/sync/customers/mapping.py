"""Map Coperniq accounts and projects to the fields of QuickBooks customers and jobs. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from integrations.coperniq.records import Contact, CoperniqAccount, Project, Site
from integrations.messages import Message
from integrations.messages.customers import CustomerMessage
from integrations.quickbooks.records import LIMITS

_NAME_LIMIT = LIMITS["DisplayName"]
_NAME_PATHS = ("DisplayName", "GivenName", "FamilyName", "CompanyName")
_NEVER_SHORTENED = (
    "PrimaryEmailAddr.Address",
    "PrimaryPhone.FreeFormNumber",
    "PrimaryTaxIdentifier",
    "BillAddr.PostalCode",
)
"""A part of these would be wrong, so a value that is too long is left out."""
TAX_PATH = "PrimaryTaxIdentifier"
EMAIL_PATH = "PrimaryEmailAddr.Address"
_FORBIDDEN_IN_NAMES = re.compile(r"\s*[:\t\n\r]+\s*")
EMAIL = re.compile(r"[^@\s,;]+@[^@\s,;]+\.[^@\s,;.]+")


@dataclass(frozen=True)
class WantedCustomer:
    """QuickBooks values by dotted path ("" = Coperniq has none), and warnings of what was changed or left out."""

    values: Mapping[str, str]
    warnings: tuple[Message, ...] = ()

    @property
    def name(self) -> str:
        return self.values.get("DisplayName", "")


def clean_name(text: str) -> str:
    """Replace what QuickBooks forbids (docs/vendors/quickbooks-online.md, 4.1): colon, tab and newline."""
    return _FORBIDDEN_IN_NAMES.sub(" ", text).strip()


def primary_contact_id(account: CoperniqAccount) -> str:
    """Coperniq marks no contact as primary: take the one with the account's own e-mail or else phone, "" if none."""
    for contact in account.contacts:
        if account.email and account.email.casefold() in {email.casefold() for email in contact.emails}:
            return contact.id
    for contact in account.contacts:
        if account.phone and account.phone in contact.phones:
            return contact.id
    return ""


def source_values(account: CoperniqAccount, contact: Contact | None, site: Site | None) -> dict[str, str]:
    """Every value that a field mapping can name, by its name."""
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
    """From the account or the site that has street or city as fields of their own, else the whole address as street."""
    for place in (account, site):
        if place is not None and (place.street or place.city):
            return {
                "street": place.street,
                "city": place.city,
                "state": place.state,
                "zip_code": place.zip_code,
            }
    return {"street": account.address, "city": "", "state": "", "zip_code": ""}


def customer_values(sources: Mapping[str, str], mappings: Mapping[str, str]) -> WantedCustomer:
    values: dict[str, str] = {}
    warnings: list[Message] = []
    for path, source in mappings.items():
        values[path], warning = _fit(path, sources.get(source, ""))
        warnings += [warning] if warning is not None else []
    return WantedCustomer(values, tuple(warnings))


def _fit(path: str, text: str) -> tuple[str, Message | None]:
    """The value as QuickBooks accepts it, and a warning if that differs from what Coperniq has."""
    value = clean_name(text) if path in _NAME_PATHS else text
    limit = LIMITS.get(path, len(value))
    if path == EMAIL_PATH and value and not EMAIL.fullmatch(value):
        return "", CustomerMessage.EMAIL_INVALID(email=value)
    if len(value) > limit and path in _NEVER_SHORTENED:
        return "", CustomerMessage.VALUE_TOO_LONG(field=path, limit=limit)
    if len(value) > limit:
        return value[:limit].rstrip(), CustomerMessage.VALUE_SHORTENED(field=path, limit=limit)
    if value != text:
        return value, CustomerMessage.NAME_CHANGED(name=text, written=value)
    return value, None


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
    """`name #2`, shortened to the limit; number 1 gets no suffix."""
    if number < 2:
        return name
    suffix = f" #{number}"
    return name[: _NAME_LIMIT - len(suffix)].rstrip() + suffix


def is_same_name(wanted: str, current: str) -> bool:
    """Whether the name is the wanted one, with or without a suffix that the portal adds."""
    if wanted == current:
        return True
    number = re.search(r" #(\d+)$", current)
    return number is not None and int(number[1]) > 1 and with_suffix(wanted, int(number[1])) == current
