"""Map Coperniq accounts and projects to the fields of QuickBooks customers and jobs. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from integrations.coperniq.records import Contact, CoperniqAccount, Project, Site
from integrations.messages import Message
from integrations.messages.customers import CustomerMessage
from integrations.name_matching import (
    address_key,
    canonical_name,
    email_keys,
    is_probably_same_name,
    phone_keys,
)
from integrations.quickbooks.records import LIMITS
from integrations.sync.customers.person_names import split_person_name

_NAME_LIMIT = LIMITS["DisplayName"]
_NAME_PATHS = ("DisplayName", "GivenName", "FamilyName", "CompanyName")
_NEVER_SHORTENED = (
    "PrimaryPhone.FreeFormNumber",
    "PrimaryTaxIdentifier",
    "BillAddr.PostalCode",
)
"""A part of these would be wrong, so a value that is too long is left out."""
TAX_PATH = "PrimaryTaxIdentifier"
EMAIL_PATH = "PrimaryEmailAddr.Address"
PHONE_PATH = "PrimaryPhone.FreeFormNumber"
_COMPANY_PATH, _COMPANY, _TYPE = "CompanyName", "company", "account_type"
_STREET_CITY_STATE_ZIP = re.compile(
    r"(?P<street>.*\d.*?),\s*(?P<city>[^,\d]+),\s*(?P<state>[A-Za-z]{2})\.?,?\s+(?P<zip_code>\d{5}(?:-\d{4})?)"
    r"(?:,?\s*(?:USA?|U\.S\.(?:A\.)?|United States(?: of America)?))?"
)
_FORBIDDEN_IN_NAMES = re.compile(r"\s*[:\t\n\r]+\s*")
_BETWEEN_EMAILS = re.compile(r"\s*[,;]\s*")
EMAIL = re.compile(r"[^@\s,;<>]+@[^@\s,;<>]+\.[^@\s,;<>.]+")


@dataclass(frozen=True)
class WantedCustomer:
    """QuickBooks values by dotted path ("" = Coperniq has none), and warnings of what was changed or left out.

    `is_company_guessed`: the company's name is the account's title, and Coperniq does not say that it is a company.
    `is_company`: it says so.
    """

    values: Mapping[str, str]
    warnings: tuple[Message, ...] = ()
    is_company_guessed: bool = False
    is_company: bool = False

    @property
    def name(self) -> str:
        return self.values.get("DisplayName", "")


def clean_name(text: str) -> str:
    """Replace what QuickBooks forbids (docs/vendors/quickbooks-online.md, 4.1): colon, tab and newline."""
    return _FORBIDDEN_IN_NAMES.sub(" ", text).strip()


def primary_contact_id(account: CoperniqAccount) -> str:
    """Coperniq marks no contact as primary: take the one with the account's own e-mail or else phone, "" if none."""
    own = email_keys(account.email)
    for contact in account.contacts:
        if own & email_keys(" ".join(contact.emails)):
            return contact.id
    phones = phone_keys(account.phone)
    for contact in account.contacts if account.phone else ():
        if account.phone in contact.phones or phones & phone_keys("; ".join(contact.phones)):
            return contact.id
    return ""


def source_values(
    account: CoperniqAccount, contact: Contact | None, sites: Sequence[Site] = ()
) -> dict[str, str]:
    """Every value that a field mapping can name, by its name; and what says whether it is a company, under others."""
    person = contact.name.strip() if contact else ""
    company = account.title.strip() if _is_company(account, person) else ""
    first, last = ("", "") if company else split_person_name(person)
    return {
        "name": person or account.title.strip(),
        "title": account.title.strip(),
        "first_name": first,
        "last_name": last,
        "email": account.email.strip(),
        "phone": account.phone.strip(),
        "number": account.number,
        _COMPANY: company,
        _TYPE: account.account_type,
        **_address_of(account, sites),
        **{f"custom:{key}": value.strip() for key, value in account.custom.items()},
    }


def _is_company(account: CoperniqAccount, person: str) -> bool:
    """By what Coperniq says it is; if it does not say, an account that is named as its contact is no person's."""
    if account.account_type in ("COMMERCIAL", "RESIDENTIAL"):
        return account.account_type == "COMMERCIAL"
    return not person or is_probably_same_name(person, account.title)


def _address_of(account: CoperniqAccount, sites: Sequence[Site]) -> dict[str, str]:
    """The account's own address: from its fields or those of the site at that address, else divided, else as street.

    An account may have sites that are other addresses, or its old ones; the first counts if it has no address itself.
    """
    here = [site for site in sites if _is_same_place(site, account.address) or not account.address]
    places: tuple[CoperniqAccount | Site, ...] = (account, *here[:1])
    for place in places:
        if place.street or place.city:
            return {
                "street": place.street,
                "city": place.city,
                "state": place.state,
                "zip_code": place.zip_code,
            }
    text = account.address or "".join(site.full_address for site in here[:1])
    parts = _STREET_CITY_STATE_ZIP.fullmatch(text.strip())
    return parts.groupdict() if parts else {"street": text, "city": "", "state": "", "zip_code": ""}


def _is_same_place(site: Site, address: str) -> bool:
    text = site.full_address or ", ".join((site.street, site.city, site.state, site.zip_code))
    key = address_key([address])
    return address_key([text]) == key if key else canonical_name(text) == canonical_name(address)


def customer_values(sources: Mapping[str, str], mappings: Mapping[str, str]) -> WantedCustomer:
    values: dict[str, str] = {}
    warnings: list[Message] = []
    for path, source in mappings.items():
        fit = fit_emails if path == EMAIL_PATH else _fit
        values[path], found = fit(path, sources.get(source, ""))
        warnings += found
    is_company = sources.get(_TYPE, "") == "COMMERCIAL"
    if not mappings.get(_COMPANY_PATH) or values[_COMPANY_PATH]:
        return WantedCustomer(values, tuple(warnings), is_company=is_company)
    values[_COMPANY_PATH], _ = _fit(_COMPANY_PATH, sources.get(_COMPANY, ""))
    is_guessed = sources.get(_TYPE, "") == ""
    return WantedCustomer(values, tuple(warnings), is_company_guessed=is_guessed, is_company=is_company)


def fit_emails(path: str, text: str) -> tuple[str, list[Message]]:
    """The valid addresses of the field, as the list that QuickBooks takes, and a warning for each one left out.

    See docs/vendors/quickbooks-online.md, 4.1.
    """
    kept: list[str] = []
    warnings: list[Message] = []
    for address in _BETWEEN_EMAILS.split(text):
        if not address:
            continue
        if not EMAIL.fullmatch(address):
            warnings.append(CustomerMessage.EMAIL_INVALID(email=address))
        elif len(", ".join([*kept, address])) > LIMITS[path]:
            warnings.append(CustomerMessage.EMAIL_TOO_LONG(email=address, limit=LIMITS[path]))
        else:
            kept.append(address)
    return ", ".join(kept), warnings


def _fit(path: str, text: str) -> tuple[str, list[Message]]:
    """The value as QuickBooks accepts it, and a warning if that differs from what Coperniq has."""
    value = clean_name(text) if path in _NAME_PATHS else text
    limit = LIMITS.get(path, len(value))
    if len(value) > limit and path in _NEVER_SHORTENED:
        return "", [CustomerMessage.VALUE_TOO_LONG(field=path, limit=limit)]
    if len(value) > limit:
        return value[:limit].rstrip(), [CustomerMessage.VALUE_SHORTENED(field=path, limit=limit)]
    if value != text:
        return value, [CustomerMessage.NAME_CHANGED(name=text, written=value)]
    return value, []


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
