"""The board: one page for people that shows both vendors side by side and lets them act in each."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from flask import Blueprint, Response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from simulator.board import coperniq_invoices, quickbooks_pages
from simulator.board.form_data import Choice, choose, typed_number
from simulator.coperniq import projects, rendering, user_actions, workflows
from simulator.coperniq.company import Company
from simulator.coperniq.records import Project, Workflow
from simulator.coperniq.validation import Json, Refused, invalid
from simulator.quickbooks.company import Company as Books
from simulator.quickbooks.company import Record
from simulator.webhooks.delivery import Attempt
from simulator.world import World

STRIP = 12
GLOW = timedelta(seconds=30)
SETTLED = timedelta(seconds=3)  # what a seed plants in its first moments is neither new nor changed


def live_data(world: World, choice: Choice) -> Json:
    """The parts that change by themselves."""
    return {
        "columns": _columns(choice.company, choice.workflow),
        "customers": _customers(choice.books),
        "sales": quickbooks_pages.newest_sales(choice.books),
        "calls": world.access.as_list()[: -STRIP - 1 : -1],
        "posts": [_post(one) for one in world.webhooks.log.latest(STRIP)],
        "pending": world.webhooks.pending,
        "faults": world.faults.as_list(),
    }


def _columns(company: Company | None, workflow: Workflow | None) -> list[Json]:
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


def _cards(company: Company, projects: list[Project], phase_id: int) -> list[Json]:
    return _sorted(company, [one for one in projects if one.current and one.current.template.id == phase_id])


def _sorted(company: Company, projects: list[Project]) -> list[Json]:
    newest_first = sorted(projects, key=lambda one: (one.updated_at, -one.number), reverse=True)
    return [_card(company, one) for one in newest_first]


def _card(company: Company, project: Project) -> Json:
    account = company.accounts.get(project.account_id or 0)
    value = f"${project.value / 100:,.2f}".removesuffix(".00") if project.value is not None else ""
    return {
        "id": project.id,
        "title": rendering.shown_title(company, project) or "Untitled",
        "number": project.number,
        "value": value,
        "size": f"{rendering.number(project.size)} kW" if project.size is not None else "",
        "account": account.title if account else "",
        "status": project.status,
        "invoices": coperniq_invoices.invoices_of_project(company, project.id),
        "done": project.current is not None and project.current.status == "COMPLETED",
    }


def _customers(books: Books | None) -> list[Json]:
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


def _customer(books: Books, record: Record, depth: int, now: datetime) -> Json:
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


def _post(attempt: Attempt) -> Json:
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


Answer = AnyResponse | str | tuple[str, int]

FAULTS: dict[str, tuple[str, Json]] = {
    "quickbooks-throttle": ("QuickBooks: too many requests, three times", {"fault": "throttle", "times": 3}),
    "quickbooks-lost": ("QuickBooks: the next write loses its answer", {"fault": "lost_answer"}),
    "quickbooks-500": ("QuickBooks: error 500, twice", {"fault": "error_500", "times": 2}),
    "coperniq-throttle": ("Coperniq: too many requests, three times", {"fault": "throttle", "times": 3}),
    "coperniq-500": ("Coperniq: error 500, twice", {"fault": "error_500", "times": 2}),
}


def build_blueprint(world: World) -> Blueprint:
    pages = Blueprint(
        "board",
        __name__,
        template_folder="templates",
        static_folder="static",
        static_url_path="/board/static",
    )

    @pages.get("/")
    def show() -> str:
        return _page(world)

    @pages.get("/board/live")
    def live() -> Response:
        with world.lock:
            choice = choose(world)
            found = live_data(world, choice)
        answer = Response(render_template("board_live.html", **found, query=choice.query))
        answer.headers["Cache-Control"] = "no-store"
        return answer

    _forms(pages, world)
    coperniq_invoices.add_routes(pages, world)
    quickbooks_pages.add_routes(pages, world)
    return pages


def _page(world: World, problem: str = "") -> str:
    with world.lock:
        choice = choose(world)
        found = live_data(world, choice)
        accounts = (
            [one for one in choice.company.accounts.values() if one.is_active] if choice.company else []
        )
        return render_template(
            "board.html",
            **found,
            query=choice.query,
            choice=choice,
            companies=list(world.coperniq.companies),
            books=list(world.quickbooks.companies.values()),
            accounts=[{"id": one.id, "title": one.title} for one in accounts],
            fault_choices={name: label for name, (label, _) in FAULTS.items()},
            portal_url=world.portal_url,
            problem=problem,
        )


def _forms(pages: Blueprint, world: World) -> None:
    pages.post("/board/projects/<int:id>/move", endpoint="move")(_acting(world, _move))
    pages.post("/board/projects", endpoint="add_project")(_acting(world, _add_project))
    pages.post("/board/accounts", endpoint="add_account")(_acting(world, _add_account))

    @pages.post("/board/faults", endpoint="add_fault")
    def add_fault() -> Answer:
        name = request.form.get("fault", "")
        if name not in FAULTS:
            return _page(world, "Choose what should go wrong."), 400
        world.faults.add({"vendor": name.partition("-")[0], **FAULTS[name][1]})
        return _back(world)

    @pages.post("/board/faults/clear", endpoint="clear_faults")
    def clear_faults() -> Answer:
        world.faults.clear()
        return _back(world)


def _acting(world: World, act: Callable[..., None]) -> Callable[..., Answer]:
    """A person of the chosen company acts; a refusal is shown on the page instead of leading back to it."""

    def acting(**named: int) -> Answer:
        with world.lock:
            choice = choose(world)
            try:
                if choice.company is None:
                    raise invalid("company", "There is no Coperniq company yet")
                act(choice.company, choice, **named)
            except Refused as reason:
                return _page(world, f"{reason.message}."), 400
        return _back(world)

    return acting


def _back(world: World) -> AnyResponse:
    with world.lock:
        query = choose(world).query
    return redirect(url_for("board.show", **query), code=303)


def _move(company: Company, choice: Choice, id: int) -> None:
    wanted = request.form.get("phase", "")
    if not wanted.isdigit():
        raise invalid("phase", "Choose a phase")
    workflows.start_phase(company, projects.find(company, id), int(wanted), company.person)


def _add_project(company: Company, choice: Choice) -> None:
    account_id = request.form.get("account", "")
    wanted: Json = {
        "title": request.form.get("title", "").strip(),
        "value": typed_number("value"),
        "size": typed_number("size"),
        "accountId": account_id or None,
        "workflowId": choice.workflow.id if choice.workflow else None,
    }
    if account_id.isdigit() and int(account_id) in company.accounts:
        account = company.accounts[int(account_id)]
        wanted |= {"address": [account.address], "primaryEmail": account.primary_email}
    elif not wanted["title"]:
        raise invalid("title", "A project needs a title or an account")
    user_actions.add_project(company, wanted)


def _add_account(company: Company, choice: Choice) -> None:
    """The title is checked before the contact is written: a refusal must leave nothing behind."""
    typed = {
        name: request.form.get(name, "").strip() for name in ("title", "contact", "email", "phone", "address")
    }
    if not typed["title"]:
        raise invalid("title", "An account needs a name")
    person = {
        "name": typed["contact"] or typed["title"],
        "emails": [typed["email"]] if typed["email"] else [],
        "phones": [typed["phone"]] if typed["phone"] else [],
    }
    contact = user_actions.add_contact(company, person)
    account = {
        "title": typed["title"],
        "address": [typed["address"]],
        "primaryEmail": typed["email"] or None,
        "primaryPhone": typed["phone"] or None,
        "contacts": [contact["id"]],
    }
    user_actions.add_account(company, account)
