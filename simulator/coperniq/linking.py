"""Which contact belongs to which accounts and projects; the link is kept with the contact."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from simulator.coperniq import fields
from simulator.coperniq.errors import invalid

if TYPE_CHECKING:
    from collections.abc import Mapping

    from simulator.coperniq.company import Company
    from simulator.coperniq.records import Account, Project


def read_contacts(company: Company, body: Mapping[str, Any]) -> list[int] | None:
    """The `contacts` of a body, all of which must exist already; None where the body names none."""
    if body.get("contacts") is None:
        return None
    return existing(fields.identifiers(body["contacts"], "contacts"), company.contacts, "contacts")


def existing(ids: list[int], known: Mapping[int, object], field: str) -> list[int]:
    missing = [one for one in ids if one not in known]
    if missing:
        raise invalid(field, f"{field}: {missing[0]} does not exist")
    return ids


def to_account(company: Company, account: Account, contacts: list[int], *, only: bool = False) -> None:
    for one in company.contacts.values():
        one.account_ids = _linked(one.account_ids, account.id, one.id in contacts, only)


def to_project(company: Company, project: Project, contacts: list[int], *, only: bool = False) -> None:
    for one in company.contacts.values():
        one.project_ids = _linked(one.project_ids, project.id, one.id in contacts, only)


def _linked(now: list[int], id: int, wanted: bool, only: bool) -> list[int]:
    if wanted and id not in now:
        return [*now, id]
    return [one for one in now if one != id] if only and not wanted else now


def forget_account(company: Company, id: int) -> None:
    for one in company.contacts.values():
        one.account_ids = _linked(one.account_ids, id, wanted=False, only=True)


def forget_project(company: Company, id: int) -> None:
    for one in company.contacts.values():
        one.project_ids = _linked(one.project_ids, id, wanted=False, only=True)
