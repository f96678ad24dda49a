"""The shape of a rule: what a kind of record demands before it is stored, and what it drags along afterwards."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from simulator.quickbooks import problems
from simulator.quickbooks.answers import Problem, Refused
from simulator.quickbooks.presenting import CURRENCIES

if TYPE_CHECKING:
    from simulator.quickbooks.entity import Entity
    from simulator.quickbooks.state import Company, Record

NOTHING: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Rules:
    """Called in this order, on creation and on every update; only `after` may touch other records."""

    entity: Entity

    def begin(self, body: dict[str, Any]) -> None:
        """Looks at the body as it was sent, before what is empty in it is dropped."""

    def settle(self, company: Company, record: Record, old: Record | None) -> None:
        """Fills what QuickBooks fills by itself."""

    def check(self, company: Company, record: Record, old: Record | None) -> None:
        """Refuses."""

    def admit(self, company: Company, record: Record, old: Record | None, include: frozenset[str]) -> None:
        """The last word, with what the request's `include` allows."""

    def after(self, company: Company, record: Record, old: Record | None) -> None:
        """What a stored change drags along in other records."""


def refuse_all(found: list[Problem]) -> None:
    if found:
        raise Refused(*found)


def check_currency(company: Company, fields: dict[str, Any]) -> None:
    """With one currency alone it is not kept: sent or not, it is the same."""
    sent = fields.get("CurrencyRef", {}).get("value")
    if company.settings.multicurrency and sent is None:
        raise problems.missing("CurrencyRef")
    refuse_unknown_currency(company, sent or company.settings.home_currency)
    if not company.settings.multicurrency:
        fields.pop("CurrencyRef", None)


def refuse_unknown_currency(company: Company, code: str) -> None:
    known = code in CURRENCIES if company.settings.multicurrency else code == company.settings.home_currency
    if not known:
        raise Refused(
            Problem(
                "2220", "Invalid Currency", f"Currency {code} is not active in this company", "CurrencyRef"
            )
        )


def active(company: Company, entity: str, fields: dict[str, Any], name: str) -> Record | None:
    """What a reference points at; refused where it points at nothing or at something inactive."""
    value = fields.get(name, {}).get("value")
    if not value:
        return None
    target = company.find(entity, value)
    if target is None or not target.active:
        raise problems.not_found()
    return target
