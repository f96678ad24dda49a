"""The page for people: both vendors side by side, and a hand on each."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from simulator.board import book_pages, invoice_pages, model, typed
from simulator.board.typed import Choice, choose
from simulator.coperniq import personal, phases, projects
from simulator.coperniq.errors import Refused, invalid

if TYPE_CHECKING:
    from simulator.coperniq.company import Company
    from simulator.world import World

Answer = AnyResponse | str | tuple[str, int]

FAULTS: dict[str, tuple[str, dict[str, Any]]] = {
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
            choice = choose(world, request.args)
            found = model.live(world, choice)
        answer = Response(render_template("board_live.html", **found, query=choice.as_query()))
        answer.headers["Cache-Control"] = "no-store"
        return answer

    _forms(pages, world)
    invoice_pages.add_routes(pages, world)
    book_pages.add_routes(pages, world)
    return pages


def _page(world: World, problem: str = "") -> str:
    with world.lock:
        choice = choose(world, request.args)
        found = model.live(world, choice)
        accounts = (
            [one for one in choice.company.accounts.values() if one.is_active] if choice.company else []
        )
        return render_template(
            "board.html",
            **found,
            query=choice.as_query(),
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
            choice = choose(world, request.args)
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
        query = choose(world, request.args).as_query()
    return redirect(url_for("board.show", **query), code=303)


def _move(company: Company, choice: Choice, id: int) -> None:
    wanted = request.form.get("phase", "")
    if not wanted.isdigit():
        raise invalid("phase", "Choose a phase")
    phases.start(company, projects.find(company, id), int(wanted), company.person)


def _add_project(company: Company, choice: Choice) -> None:
    account_id = request.form.get("account", "")
    wanted: dict[str, Any] = {
        "title": request.form.get("title", "").strip(),
        "value": typed.number("value"),
        "size": typed.number("size"),
        "accountId": account_id or None,
        "workflowId": choice.workflow.id if choice.workflow else None,
    }
    if account_id.isdigit() and int(account_id) in company.accounts:
        account = company.accounts[int(account_id)]
        wanted |= {"address": [account.address], "primaryEmail": account.primary_email}
    elif not wanted["title"]:
        raise invalid("title", "A project needs a title or an account")
    personal.KINDS["projects"].add(company, wanted)


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
    contact = personal.KINDS["contacts"].add(company, person)
    account = {
        "title": typed["title"],
        "address": [typed["address"]],
        "primaryEmail": typed["email"] or None,
        "primaryPhone": typed["phone"] or None,
        "contacts": [contact["id"]],
    }
    personal.KINDS["accounts"].add(company, account)
