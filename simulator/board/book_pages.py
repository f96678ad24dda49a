"""QuickBooks' own pages on the board: customers, invoices and payments; they work without any script."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from simulator.board import book_forms, book_views, books
from simulator.board.typed import Choice, choose
from simulator.coperniq.errors import Refused as Mistyped
from simulator.quickbooks import control_sales, problems
from simulator.quickbooks.answers import Refused
from simulator.quickbooks.merging import merge
from simulator.quickbooks.sales import ending
from simulator.quickbooks.sales.dates import today
from simulator.quickbooks.writing import existing

if TYPE_CHECKING:
    from simulator.quickbooks.state import Company, Record
    from simulator.world import World

Answer = AnyResponse | str | tuple[str, int]
Page = Callable[[Choice, "Company", "Record", str], str]
Act = Callable[["Company", "Record"], object]
ON_INVOICES = {"send": "E-mail", "void": "Void", "delete": "Delete"}
ON_PAYMENTS = {"void": "Void", "delete": "Delete"}


def add_routes(pages: Blueprint, world: World) -> None:
    customer, invoice = "/board/customers/<id>", "/board/books/invoices/<id>"
    payment = "/board/books/payments/<id>"
    show, act = _showing(world), _acting(world)
    pages.get(customer, endpoint="customer")(show("Customer", _customer_page))
    pages.post(f"{customer}/name", endpoint="rename_customer")(
        act("Customer", _customer_page, book_forms.rename)
    )
    pages.post(f"{customer}/merge", endpoint="merge_customer")(act("Customer", _customer_page, _merge))
    pages.post(f"{customer}/<any(deactivate,reactivate):action>", endpoint="close_customer")(
        act("Customer", _customer_page, book_forms.close)
    )
    pages.get(f"{customer}/invoices/new", endpoint="new_book_invoice")(show("Customer", _new_page))
    pages.post(f"{customer}/invoices", endpoint="add_book_invoice")(
        act("Customer", _new_page, book_forms.add)
    )
    pages.get(invoice, endpoint="book_invoice")(show("Invoice", _invoice_page))
    pages.post(invoice, endpoint="change_book_invoice")(act("Invoice", _invoice_page, book_forms.change))
    pages.post(f"{invoice}/payments", endpoint="receive_book_payment")(
        act("Invoice", _invoice_page, _receive)
    )
    pages.post(f"{invoice}/<any(send,void,delete):action>", endpoint="act_on_book_invoice")(
        act("Invoice", _invoice_page, _end)
    )
    pages.get(payment, endpoint="book_payment")(show("Payment", _payment_page))
    pages.post(f"{payment}/<any(void,delete):action>", endpoint="act_on_book_payment")(
        act("Payment", _payment_page, _end)
    )


def _chosen(world: World, entity: str, id_: str) -> tuple[Choice, Company, Record]:
    choice = choose(world, request.args)
    if choice.books is None:
        raise problems.not_found()
    return choice, choice.books, existing(choice.books, entity, id_)


def _gone(world: World) -> Answer:
    query = choose(world, request.args).as_query()
    return render_template("board_gone.html", problem="QuickBooks has no such record.", query=query), 404


def _showing(world: World) -> Callable[[str, Page], Callable[..., Answer]]:
    def show(entity: str, page: Page) -> Callable[..., Answer]:
        def showing(id: str) -> Answer:
            with world.lock:
                try:
                    return page(*_chosen(world, entity, id), "")
                except Refused:
                    return _gone(world)

        return showing

    return show


def _acting(world: World) -> Callable[[str, Page, Callable[..., object]], Callable[..., Answer]]:
    """A refusal is shown on the page the form came from, with what was typed; webhooks leave after the lock."""

    def act(entity: str, page: Page, work: Callable[..., object]) -> Callable[..., Answer]:
        def acting(id: str, **named: Any) -> Answer:
            with world.lock:
                try:
                    choice, company, record = _chosen(world, entity, id)
                except Refused:
                    return _gone(world)
                problem, made = _tried(work, company, record, **named)
                answer: Answer = (
                    (page(choice, company, record, problem), 400) if problem else _to(choice, made)
                )
            world.quickbooks.announce()
            return answer

        return acting

    return act


def _tried(work: Callable[..., object], company: Company, record: Record, **named: Any) -> tuple[str, object]:
    try:
        return "", work(company, record, **named)
    except Mistyped as reason:
        return f"{reason.message}.", None
    except Refused as reason:
        return reason.problems[0].detail, None
    except ValueError as reason:
        return str(reason), None


def _to(choice: Choice, made: object) -> AnyResponse:
    """The page of what was made or changed; the board where it is gone."""
    query = choice.as_query()
    pages = {"Customer": "board.customer", "Invoice": "board.book_invoice", "Payment": "board.book_payment"}
    entity, id_ = getattr(made, "entity", ""), getattr(made, "id", "")
    target = url_for(pages[entity], id=id_, **query) if entity else url_for("board.show", **query)
    return redirect(target, code=303)


def _customer_page(choice: Choice, company: Company, record: Record, problem: str) -> str:
    shown = book_views.customer(company, record)
    return render_template(
        "board_customer.html",
        query=choice.as_query(),
        customer=shown,
        typed_name=request.form.get("name", shown["bare_name"]),
        invoices=book_views.invoices_of(company, record),
        jobs=[book_views.customer(company, one) for one in company.children(record)],
        others=book_views.others(company, record),
        problem=problem,
    )


def _new_page(choice: Choice, company: Company, record: Record, problem: str) -> str:
    return _sheet(choice, company, record, None, problem)


def _invoice_page(choice: Choice, company: Company, record: Record, problem: str) -> str:
    customer = existing(company, "Customer", record.fields["CustomerRef"]["value"])
    return _sheet(choice, company, customer, record, problem)


def _sheet(choice: Choice, company: Company, customer: Record, invoice: Record | None, problem: str) -> str:
    again = bool(problem) and "line-0" in request.form
    return render_template(
        "board_book_invoice.html",
        query=choice.as_query(),
        customer=book_views.customer(company, customer),
        invoice=books.invoice_row(company, invoice, company.now()) if invoice else None,
        rows=book_forms.typed_rows() if again else book_views.rows(invoice),
        head=book_forms.typed_head() if again else book_views.head(invoice),
        items=book_views.items(company, invoice),
        taxes=company.settings.using_sales_tax,
        tax_percent=company.settings.tax_percent,
        discounts=company.settings.allow_discount,
        sums=book_views.sums(invoice) if invoice else [],
        payments=book_views.payments_of(company, invoice) if invoice else [],
        left=book_views.left(invoice) if invoice else "",
        methods=[one.own_name for one in company.records["PaymentMethod"].values() if one.active],
        actions=ON_INVOICES,
        today=today(company),
        problem=problem,
    )


def _payment_page(choice: Choice, company: Company, record: Record, problem: str) -> str:
    return render_template(
        "board_book_payment.html",
        query=choice.as_query(),
        payment=books.payment_row(company, record, company.now()),
        actions=ON_PAYMENTS,
        problem=problem,
    )


def _merge(company: Company, record: Record) -> Record:
    return merge(company, "Customer", record.id, book_forms.other(company).id)


def _receive(company: Company, record: Record) -> Record:
    book_forms.receive(company, record)
    return record


def _end(company: Company, record: Record, action: str) -> Record | None:
    if action == "delete":
        ending.delete(company, record)
        return None
    return (
        ending.void(company, record) if action == "void" else control_sales.send_invoice(company, record, {})
    )
