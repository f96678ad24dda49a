"""What a visitor of the board looks at, and what they typed into a form."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from flask import render_template, request

from simulator.coperniq.company import Company
from simulator.coperniq.records import Workflow
from simulator.coperniq.validation import Json, invalid
from simulator.quickbooks.company import Company as Books
from simulator.world import World

MOST_ROWS = 100
EMPTY_ROWS = 3  # as many rows as a form for lines has at least


@dataclass(frozen=True)
class Choice:
    """The companies and the workflow that are shown; None where there is nothing to choose."""

    company: Company | None
    workflow: Workflow | None
    books: Books | None

    @property
    def query(self) -> Json:
        found = {
            "company": str(self.company.id) if self.company else "",
            "workflow": str(self.workflow.id) if self.workflow else "",
            "realm": self.books.realm_id if self.books else "",
        }
        return {name: value for name, value in found.items() if value}


def choose(world: World) -> Choice:
    """The first of each where the request names none, or one that is gone."""
    companies = {str(one.id): one for one in world.coperniq.companies}
    company = companies.get(request.args.get("company", "")) or next(iter(companies.values()), None)
    workflows = {str(key): one for key, one in company.workflows.items()} if company else {}
    workflow = workflows.get(request.args.get("workflow", "")) or next(iter(workflows.values()), None)
    opened = world.quickbooks.companies
    books = opened.get(request.args.get("realm", "")) or next(iter(opened.values()), None)
    return Choice(company, workflow, books)


def not_found_page(choice: Choice, problem: str) -> tuple[str, int]:
    return render_template("board_gone.html", problem=problem, query=choice.query), 404


def typed_text(name: str) -> str:
    """Browsers send every line break as two characters."""
    return request.form.get(name, "").strip().replace("\r\n", "\n")


def typed_number(name: str, label: str = "") -> Decimal | None:
    """As a person types it: with a dollar sign and thousands commas, or not at all."""
    typed = typed_text(name).replace("$", "", 1).replace(",", "")
    try:
        found = Decimal(typed) if typed else None
    except InvalidOperation:
        found = Decimal("NaN")
    if found is not None and not found.is_finite():
        raise invalid(name, f"{label or name} must be a number")
    return found


def typed_rows(fields: Collection[str], counted: str) -> list[dict[str, str]]:
    """The rows of a form for lines as they were sent; every row sends the field `counted`."""
    count = sum(1 for name in request.form if name.startswith(f"{counted}-"))
    return [{name: typed_text(f"{name}-{row}") for name in fields} for row in range(min(count, MOST_ROWS))]


def with_empty_rows(rows: list[Json], fields: Collection[str]) -> list[Json]:
    return rows + [dict.fromkeys(fields, "") for _ in range(max(1, EMPTY_ROWS - len(rows)))]


def dollars(cents: int) -> str:
    return f"{'-' if cents < 0 else ''}${abs(cents) // 100:,}.{abs(cents) % 100:02d}"
