"""What the board shows, read under the world's lock and flattened for the templates."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from simulator.board import books, invoicing
from simulator.board.typed import Choice
from simulator.coperniq import rendering, wire

if TYPE_CHECKING:
    from simulator.coperniq.company import Company
    from simulator.coperniq.records import Project, Workflow
    from simulator.quickbooks.state import Company as Books
    from simulator.quickbooks.state import Record
    from simulator.webhooks.deliveries import Attempt
    from simulator.world import World

STRIP = 12
GLOW = timedelta(seconds=30)
SETTLED = timedelta(seconds=3)  # what a seed plants in its first moments is neither new nor changed


def live(world: World, choice: Choice) -> dict[str, Any]:
    """The parts that change by themselves."""
    return {
        "columns": _columns(choice.company, choice.workflow),
        "customers": _customers(choice.books),
        "sales": books.sales(choice.books, world.clock.at("quickbooks")),
        "calls": world.access.as_list()[: -STRIP - 1 : -1],
        "posts": [_post(one) for one in world.webhooks.book.latest(STRIP)],
        "pending": world.webhooks.pending,
        "faults": world.faults.as_list(),
    }


def _columns(company: Company | None, workflow: Workflow | None) -> list[dict[str, Any]]:
    if company is None or workflow is None:
        return []
    mine = [one for one in company.projects.values() if one.workflow_id == workflow.id and one.is_active]
    columns = [
        {"id": one.id, "name": one.name, "cards": _cards(company, mine, one.id)} for one in workflow.phases
    ]
    known = {one.id for one in workflow.phases}
    elsewhere = [one for one in mine if one.current is None or one.current.template.id not in known]
    if elsewhere:
        columns.insert(
            0, {"id": 0, "name": "No phase of this workflow", "cards": _sorted(company, elsewhere)}
        )
    return columns


def _cards(company: Company, projects: list[Project], phase_id: int) -> list[dict[str, Any]]:
    return _sorted(company, [one for one in projects if one.current and one.current.template.id == phase_id])


def _sorted(company: Company, projects: list[Project]) -> list[dict[str, Any]]:
    newest_first = sorted(projects, key=lambda one: (one.updated_at, -one.number), reverse=True)
    return [_card(company, one) for one in newest_first]


def _card(company: Company, project: Project) -> dict[str, Any]:
    account = company.accounts.get(project.account_id or 0)
    value = f"${project.value / 100:,.2f}".removesuffix(".00") if project.value is not None else ""
    return {
        "id": project.id,
        "title": rendering.shown_title(company, project) or "Untitled",
        "number": project.number,
        "value": value,
        "size": f"{wire.number(project.size)} kW" if project.size is not None else "",
        "account": account.title if account else "",
        "status": project.status,
        "invoices": invoicing.of_project(company, project.id),
        "done": project.current is not None and project.current.status == "COMPLETED",
    }


def _customers(books: Books | None) -> list[dict[str, Any]]:
    """Customers by the newest change in their family, each followed by its jobs."""
    if books is None:
        return []
    everyone = list(books.records["Customer"].values())
    families = [_family(books, one) for one in everyone if books.parent(one) is None]
    families.sort(
        key=lambda family: (max(one.updated for one, _ in family), int(family[0][0].id)), reverse=True
    )
    now = books.now()
    return [_customer(books, one, depth, now) for family in families for one, depth in family]


def _family(books: Books, record: Record, depth: int = 0) -> list[tuple[Record, int]]:
    jobs = [one for child in books.children(record) for one in _family(books, child, depth + 1)]
    return [(record, depth), *jobs]


def _customer(books: Books, record: Record, depth: int, now: datetime) -> dict[str, Any]:
    touched = record.updated - books.opened > SETTLED
    is_new = record.created - books.opened > SETTLED
    return {
        "id": record.id,
        "name": record.fields.get("DisplayName", ""),
        "email": (record.fields.get("PrimaryEmailAddr") or {}).get("Address", ""),
        "depth": depth,
        "active": record.active,
        "mark": "new" if is_new else "changed" if touched else "",
        "glows": touched and now - record.updated < GLOW,
    }


def _post(attempt: Attempt) -> dict[str, Any]:
    body = attempt.body
    event = body.get("event", {}) if isinstance(body, dict) else {}
    types = [one.get("type", "") for one in body] if isinstance(body, list) else []
    return {
        "at": attempt.at,
        "vendor": attempt.vendor,
        "what": event.get("triggerKey") or ", ".join(types) or "change notification",
        "status": attempt.status or attempt.error,
        "ok": attempt.status in range(200, 300),
        "attempt": attempt.attempt,
    }
