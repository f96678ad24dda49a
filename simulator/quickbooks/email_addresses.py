"""Addresses of e-mail: what a write must hold, and what an answer cannot show.

docs/vendors/quickbooks-online.md, 2.2 and 4.1.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from simulator.quickbooks import errors
from simulator.quickbooks.company import Company, Record
from simulator.quickbooks.entities import MODELLED
from simulator.quickbooks.responses import Problem
from simulator.quickbooks.schema import Entity

_EMAIL = re.compile(r"[^@\s,;<>]+@[^@\s,;<>]+\.[^@\s,;<>.]+")


def bad_emails(fields: Mapping[str, Any], *names: str) -> list[Problem]:
    """Several addresses in one field, separated by commas, are common."""
    given = [(name, fields[name].get("Address", "")) for name in names if name in fields]
    each = [(name, one.strip()) for name, addresses in given if addresses for one in addresses.split(",")]
    return [errors.bad_email(one, name) for name, one in each if not _EMAIL.fullmatch(one)]


def email_fields(entity: Entity) -> list[str]:
    return [name for name, one in entity.properties.items() if one.java == "EmailAddress"]


def refuse_unreadable(company: Company, records: Iterable[Record]) -> None:
    """Of an answer that lists records: an address that could not be written today, as older imports left some."""
    for record in records:
        if bad_emails(record.fields, *email_fields(MODELLED[record.entity])):
            code, status = company.switch("malformed_email_code"), company.switch("malformed_email_status")
            raise errors.unreadable_email(str(code), int(status))
