"""The pages of one invoice, reached from the card of its project; they work without any script."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from simulator.board import invoice_forms, invoicing
from simulator.board.typed import Choice, choose
from simulator.coperniq import projects, rendering
from simulator.coperniq.billing import invoices, personal
from simulator.coperniq.errors import Refused, not_found

if TYPE_CHECKING:
    from simulator.coperniq.billing.records import Invoice
    from simulator.coperniq.company import Company
    from simulator.world import World

Answer = AnyResponse | str | tuple[str, int]
Page = Callable[[Choice, "Company"], Answer]


def add_routes(pages: Blueprint, world: World) -> None:
    new, one = "/board/projects/<int:id>/invoices", "/board/invoices/<int:id>"
    actions = f"<any({','.join(personal.ACTIONS)}):action>"
    pages.get(f"{new}/new", endpoint="new_invoice")(_safely(world, _new))
    pages.post(new, endpoint="add_invoice")(_safely(world, _add))
    pages.get(one, endpoint="invoice")(_safely(world, _show))
    pages.post(one, endpoint="change_invoice")(_safely(world, _change))
    pages.post(f"{one}/payments", endpoint="add_payment")(_safely(world, _pay))
    pages.post(f"{one}/{actions}", endpoint="act_on_invoice")(_safely(world, _act))


def _safely(world: World, page: Callable[..., Answer]) -> Callable[..., Answer]:
    """Under the lock, and with a page of its own for what is not there."""

    def answering(**named: Any) -> Answer:
        with world.lock:
            choice = choose(world, request.args)
            try:
                if choice.company is None:
                    raise not_found("Company")
                return page(choice, choice.company, **named)
            except Refused as reason:
                return render_template(
                    "board_gone.html", problem=f"{reason.message}.", query=choice.as_query()
                ), 404

    return answering


def _page(
    choice: Choice, company: Company, record_id: int, invoice: Invoice | None, problem: str = ""
) -> str:
    record = company.record(record_id)
    rows = invoice_forms.typed_rows() if problem else []
    return render_template(
        "board_invoice.html",
        query=choice.as_query(),
        record_id=record_id,
        record=_title(company, record_id),
        number=record.number if record else "",
        invoice=invoicing.detail(company, invoice) if invoice else None,
        by_lines=invoice is None or invoice.calculation == "LINE_ITEMS",
        rows=rows or invoicing.rows(invoice),
        items=invoicing.items(company, invoice),
        methods=invoicing.METHOD_NAMES,
        memo=request.form.get("memo", (invoice.description if invoice else None) or ""),
        today=invoicing.day(company.now()),
        due=request.form.get("due", invoicing.day(invoice.due_date) if invoice else ""),
        problem=problem,
    )


def _title(company: Company, record_id: int) -> str:
    project = company.projects.get(record_id)
    if project is not None:
        return rendering.shown_title(company, project) or "Untitled"
    account = company.accounts.get(record_id)
    return account.title if account else "A record that was deleted"


def _new(choice: Choice, company: Company, id: int) -> Answer:
    return _page(choice, company, projects.find(company, id).id, None)


def _add(choice: Choice, company: Company, id: int) -> Answer:
    project = projects.find(company, id)
    try:
        made = invoice_forms.add(company, project.id)
    except Refused as reason:
        return _page(choice, company, project.id, None, f"{reason.message}."), 400
    return _to(choice, made)


def _show(choice: Choice, company: Company, id: int) -> Answer:
    invoice = invoices.find(company, id, by_api=False)
    return _page(choice, company, invoice.record_id, invoice)


def _trying(choice: Choice, company: Company, id: int, act: Callable[[], object]) -> Answer:
    invoice = invoices.find(company, id, by_api=False)
    try:
        act()
    except Refused as reason:
        return _page(choice, company, invoice.record_id, invoice, f"{reason.message}."), 400
    return _to(choice, id)


def _change(choice: Choice, company: Company, id: int) -> Answer:
    return _trying(choice, company, id, lambda: invoice_forms.change(company, id))


def _pay(choice: Choice, company: Company, id: int) -> Answer:
    return _trying(choice, company, id, lambda: invoice_forms.pay(company, id))


def _act(choice: Choice, company: Company, id: int, action: str) -> Answer:
    return _trying(choice, company, id, lambda: personal.act(company, id, action))


def _to(choice: Choice, id: int) -> AnyResponse:
    return redirect(url_for("board.invoice", id=id, **choice.as_query()), code=303)
