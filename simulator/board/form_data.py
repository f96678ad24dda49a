"""What a visitor of the board looks at, and what they typed into a form."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from flask import request

from simulator.coperniq.validation import invalid

if TYPE_CHECKING:
    from collections.abc import Mapping

    from simulator.coperniq.company import Company
    from simulator.coperniq.records import Workflow
    from simulator.quickbooks.company import Company as Books
    from simulator.world import World


def typed_text(name: str) -> str:
    """Browsers send every line break as two characters."""
    return request.form.get(name, "").strip().replace("\r\n", "\n")


def typed_number(name: str, label: str = "") -> Decimal | None:
    """As a person types it: with a dollar sign and thousands commas, or not at all."""
    typed = typed_text(name).replace("$", "", 1).replace(",", "")
    if not typed:
        return None
    try:
        found = Decimal(typed)
    except InvalidOperation as reason:
        raise invalid(name, f"{label or name} must be a number") from reason
    if not found.is_finite():
        raise invalid(name, f"{label or name} must be a number")
    return found


@dataclass(frozen=True)
class Choice:
    """What the visitor looks at; None where there is nothing to choose."""

    company: Company | None
    workflow: Workflow | None
    books: Books | None

    def as_query(self) -> dict[str, Any]:
        found = {
            "company": str(self.company.id) if self.company else "",
            "workflow": str(self.workflow.id) if self.workflow else "",
            "realm": self.books.realm_id if self.books else "",
        }
        return {name: value for name, value in found.items() if value}


def choose(world: World, asked: Mapping[str, str]) -> Choice:
    """The first of each where the request names none, or one that is gone."""
    companies = {str(one.id): one for one in world.coperniq.companies}
    company = companies.get(asked.get("company", "")) or next(iter(companies.values()), None)
    workflows = {str(key): one for key, one in company.workflows.items()} if company else {}
    workflow = workflows.get(asked.get("workflow", "")) or next(iter(workflows.values()), None)
    opened = world.quickbooks.companies
    chosen = opened.get(asked.get("realm", "")) or next(iter(opened.values()), None)
    return Choice(company, workflow, chosen)
