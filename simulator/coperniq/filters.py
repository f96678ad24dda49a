"""The text filters of the plain lists: `q`, `title`, `address`, `primaryName`, `primaryPhone`, `primaryEmail`."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from simulator.coperniq import rendering
from simulator.coperniq.records import Account, Contact, Project

if TYPE_CHECKING:
    from collections.abc import Iterable

    from simulator.coperniq.call import Call
    from simulator.coperniq.company import Company

T = TypeVar("T", Account, Project)


def records(call: Call, found: Iterable[T]) -> list[T]:
    return [one for one in found if _passes(call, one)]


def contacts(call: Call, found: Iterable[Contact]) -> list[Contact]:
    wanted = call.query.get("q", "").lower()
    return [
        one for one in found if any(wanted in text.lower() for text in [one.name, *one.emails, *one.phones])
    ]


def _passes(call: Call, record: Account | Project) -> bool:
    seen = _seen(call.company, record)
    wanted = call.query.get("q", "").lower()
    if not any(wanted in text.lower() for texts in seen.values() for text in texts):
        return False
    return all(_matches(call, name, texts) for name, texts in seen.items() if name in call.query)


def _matches(call: Call, name: str, texts: list[str]) -> bool:
    wanted = call.query[name].lower()
    if call.switches["list_filters"] == "equals":
        return wanted in [text.lower() for text in texts]
    return any(wanted in text.lower() for text in texts)


def _seen(company: Company, record: Account | Project) -> dict[str, list[str]]:
    title = record.title if isinstance(record, Account) else rendering.shown_title(company, record)
    return {
        "title": [title],
        "address": [record.address],
        "primaryName": [one.name for one in company.contacts.values() if _linked(one, record)],
        "primaryPhone": [record.primary_phone or ""],
        "primaryEmail": [record.primary_email or ""],
    }


def _linked(contact: Contact, record: Account | Project) -> bool:
    return record.id in (contact.account_ids if isinstance(record, Account) else contact.project_ids)
