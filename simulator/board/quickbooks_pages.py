"""QuickBooks' own pages on the board: customers, invoices and payments; they work without any script."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from simulator.board.form_data import Choice, choose, typed_number, typed_text
from simulator.coperniq.validation import Refused as Mistyped
from simulator.coperniq.validation import invalid
from simulator.quickbooks import control, errors, user_actions, voiding
from simulator.quickbooks.entities import DISCOUNT_LINE, GROUP_LINE, ITEM_LINE
from simulator.quickbooks.merging import merge
from simulator.quickbooks.rendering import balance_with_jobs
from simulator.quickbooks.responses import Refused, cents, plain
from simulator.quickbooks.rules import without_suffix
from simulator.quickbooks.sale_rules import today
from simulator.quickbooks.user_actions import is_shipping, payment_body
from simulator.quickbooks.writing import enter, existing

if TYPE_CHECKING:
    from datetime import datetime

    from simulator.quickbooks.company import Company, Record
    from simulator.world import World


SHOWN = 40
GLOW = timedelta(seconds=30)


@dataclass(frozen=True)
class InvoiceRow:
    id: str
    number: str
    customer: str
    total: str
    open: str
    state: str
    mail: str
    due: str
    glows: bool


@dataclass(frozen=True)
class PaymentRow:
    id: str
    amount: str
    customer: str
    date: str
    method: str
    account: str
    reference: str
    applied: str
    unapplied: str
    voided: bool
    deposited: bool
    glows: bool


@dataclass(frozen=True)
class Sales:
    """`of` counts them all, for the list may be cut."""

    invoices: list[InvoiceRow]
    invoices_of: int
    payments: list[PaymentRow]
    payments_of: int


def newest_sales(company: Company | None, now: datetime) -> Sales:
    if company is None:
        return Sales([], 0, [], 0)
    invoices, payments = company.records["Invoice"], company.records["Payment"]
    return Sales(
        [invoice_row(company, one, now) for one in _newest(invoices)],
        len(invoices),
        [payment_row(company, one, now) for one in _newest(payments)],
        len(payments),
    )


def _newest(records: dict[str, Record]) -> list[Record]:
    return sorted(records.values(), key=lambda one: (one.updated, one.number), reverse=True)[:SHOWN]


def invoice_row(company: Company, record: Record, now: datetime) -> InvoiceRow:
    fields, sale = record.fields, record.sale
    return InvoiceRow(
        id=record.id,
        number=fields.get("DocNumber", ""),
        customer=_full_name(company, record, "CustomerRef", "Customer"),
        total=dollars(sale.total),
        open=dollars(sale.open),
        state=payment_state(record),
        mail={"EmailSent": "e-mailed", "NeedToSend": "to be e-mailed"}.get(fields["EmailStatus"], "not sent"),
        due=fields.get("DueDate", ""),
        glows=now - record.updated < GLOW,
    )


def payment_state(record: Record) -> str:
    sale = record.sale
    if sale.voided:
        return "voided"
    if sale.open == 0 and sale.total > 0:
        return "paid"
    return "partial" if 0 < sale.open < sale.total else "open"


def payment_row(company: Company, record: Record, now: datetime) -> PaymentRow:
    fields, sale = record.fields, record.sale
    return PaymentRow(
        id=record.id,
        amount=dollars(sale.total),
        customer=_full_name(company, record, "CustomerRef", "Customer"),
        date=fields["TxnDate"],
        method=_full_name(company, record, "PaymentMethodRef", "PaymentMethod"),
        account=_full_name(company, record, "DepositToAccountRef", "Account"),
        reference=fields.get("PaymentRefNum", ""),
        applied=", ".join(_applied_text(company, key, cents) for key, cents in sale.applied.items()),
        unapplied=dollars(sale.open) if sale.open else "",
        voided=sale.voided,
        deposited=bool(sale.deposit_id),
        glows=now - record.updated < GLOW,
    )


def _applied_text(company: Company, key: str, cents: int) -> str:
    kind, _, id_ = key.partition(":")
    target = company.find(kind, id_)
    number = target.fields.get("DocNumber", "") if target else ""
    word = "invoice" if kind == "Invoice" else "credit"
    return f"{dollars(abs(cents))} {'to' if cents >= 0 else 'from'} {word} {number or 'without number'}"


def _full_name(company: Company, record: Record, name: str, entity: str) -> str:
    target = company.find(entity, record.fields.get(name, {}).get("value", ""))
    return company.full_name(target).replace(":", ": ") if target else ""


def dollars(cents: int) -> str:
    sign = "-" if cents < 0 else ""
    return f"{sign}${abs(cents) // 100:,}.{abs(cents) % 100:02d}"


Json = dict[str, Any]
ROW_FIELDS = ("line", "kept", "item", "description", "quantity", "price", "amount", "taxed", "remove")
HEAD_FIELDS = ("date", "due", "percent", "discount", "shipping", "tax", "number", "memo")
MOST_ROWS = 100
TAX_CODE = "2"  # the one rate of the books


def typed_rows() -> list[dict[str, str]]:
    """As they were sent, for a form that has to be shown again."""
    count = sum(1 for name in request.form if name.startswith("line-"))
    return [
        {name: typed_text(f"{name}-{row}") for name in ROW_FIELDS} for row in range(min(count, MOST_ROWS))
    ]


def typed_head() -> dict[str, str]:
    return {name: typed_text(name) for name in HEAD_FIELDS}


def save_new(company: Company, customer: Record) -> Record:
    wanted = {name: value for name, value in _read_head(company, None).items() if value}
    lines = _read_lines(company)
    if company.settings.using_sales_tax and "tax" not in wanted and any(one.get("taxed") for one in lines):
        wanted["tax_code"] = TAX_CODE
    return user_actions.write_invoice(company, {"customer": customer.id, **wanted, "lines": lines})


def save_changes(company: Company, invoice: Record) -> Record:
    wanted = {**_read_head(company, invoice), "lines": _read_lines(company)}
    return user_actions.rewrite_invoice(company, invoice.id, wanted)


def save_payment(company: Company, invoice: Record) -> Record:
    amount = typed_number("amount", "The amount")
    if amount is None or amount <= 0:
        raise invalid("amount", "A payment needs an amount")
    wanted: Json = {"amount": amount, "date": typed_text("day"), "reference": typed_text("reference")}
    if typed_text("method"):
        wanted["method"] = typed_text("method")
    return enter(company, "Payment", payment_body(company, invoice, wanted))


def save_name(company: Company, customer: Record) -> Record:
    if not typed_text("name"):
        raise invalid("name", "A customer needs a name")
    return user_actions.edit_record(company, "Customer", customer.id, {"DisplayName": typed_text("name")})


def save_activity(company: Company, customer: Record, action: str) -> Record:
    """Back to life, it takes its old name again."""
    wanted: Json = {"Active": action == "reactivate"}
    if action == "reactivate":
        wanted["DisplayName"] = without_suffix(customer.own_name)
    return user_actions.edit_record(company, "Customer", customer.id, wanted)


def read_merge_target(company: Company) -> Record:
    if not typed_text("into").isdigit():
        raise invalid("into", "Choose a customer to merge into")
    return existing(company, "Customer", typed_text("into"))


def _read_head(company: Company, old: Record | None) -> Json:
    """Tax that nobody typed is left to the books; tax that was there and is cleared becomes none."""
    wanted: Json = {name: typed_text(name) for name in ("date", "due", "memo", "number")}
    percent, amount = typed_number("percent", "The discount"), typed_number("discount", "The discount")
    if percent is not None and amount is not None:
        raise invalid("discount", "A discount is a percentage or an amount")
    if company.settings.allow_discount:
        wanted["discount"] = (
            {"percent": percent} if percent is not None else {"amount": amount} if amount else None
        )
    wanted["shipping"] = typed_number("shipping", "The shipping")
    tax = typed_number("tax", "The tax")
    if company.settings.using_sales_tax and (tax is not None or (old is not None and old.sale.tax)):
        wanted["tax"] = tax or 0
    return wanted


def _read_lines(company: Company) -> list[Json]:
    """Rows without any content are spare."""
    found = []
    for row, sent in enumerate(typed_rows()):
        filled = any(sent[name] for name in ("kept", "item", "description", "quantity", "price", "amount"))
        if filled and not sent["remove"]:
            known = {"id": sent["line"]} if sent["line"] else {}
            found.append({**known, **_read_line(company, row, sent)})
    if not found:
        raise invalid("lines", "An invoice needs at least one line")
    return found


def _read_line(company: Company, row: int, sent: dict[str, str]) -> Json:
    if sent["kept"]:
        return {"keep": True}
    numbers = {name: _read_number(row, name) for name in ("quantity", "price", "amount")}
    given = {name: value for name, value in numbers.items() if value is not None}
    if not sent["item"]:
        if given:
            raise invalid("item", f"Row {row + 1}: choose an item")
        return {"text": sent["description"]}
    wanted: Json = {"item": sent["item"], **given}
    if "price" in given or "quantity" in given:
        wanted.pop("amount", None)
    if sent["description"]:
        wanted["description"] = sent["description"]
    if company.settings.using_sales_tax:
        wanted["taxed"] = bool(sent["taxed"])
    return wanted


def _read_number(row: int, name: str) -> Decimal | None:
    return typed_number(f"{name}-{row}", f"Row {row + 1}: the {name}")


FORM_ROWS = 3
_SPARE = dict.fromkeys(ROW_FIELDS, "")


def customer_json(company: Company, record: Record) -> Json:
    return {
        "id": record.id,
        "name": record.own_name,
        "bare_name": without_suffix(record.own_name),
        "full_name": company.full_name(record).replace(":", ": "),
        "active": record.active,
        "balance": dollars(record.balance_cents),
        "with_jobs": dollars(balance_with_jobs(company, record)),
    }


def merge_targets(company: Company, record: Record) -> list[Json]:
    """Whom it may be merged into, by name; not into a job of its own."""
    found = [one for one in company.records["Customer"].values() if one.active and one is not record]
    above = [one for one in found if record not in company.ancestors(one)]
    named = [{"id": one.id, "name": company.full_name(one).replace(":", ": ")} for one in above]
    return sorted(named, key=lambda one: one["name"].lower())


def invoices_of(company: Company, record: Record) -> list[InvoiceRow]:
    mine = company.index.by("Invoice", "CustomerRef", record.id)
    return [invoice_row(company, one, company.now()) for one in reversed(mine)]


def payments_of(company: Company, invoice: Record) -> list[PaymentRow]:
    found = [company.records["Payment"][id_] for id_ in invoice.sale.applied]
    return [payment_row(company, one, company.now()) for one in found]


def sums_of(invoice: Record) -> list[tuple[str, str]]:
    sale = invoice.sale
    named = (
        ("Lines", sale.subtotal),
        ("Discount", -sale.discount),
        ("Tax", sale.tax),
        ("Deposit", -sale.deposit),
        ("Paid", -sum(sale.applied.values())),
    )
    return [(label, dollars(amount)) for label, amount in named if amount]


def open_amount(invoice: Record) -> str:
    """As it stands in the field of the amount to receive."""
    return _editable(Decimal(invoice.sale.open).scaleb(-2)) if invoice.sale.open > 0 else ""


def item_choices(company: Company, invoice: Record | None) -> list[Json]:
    """What is sold, and what no longer is but stands on the invoice."""
    lines = invoice.fields["Line"] if invoice else []
    used = {one.get(ITEM_LINE, {}).get("ItemRef", {}).get("value") for one in lines}
    every = company.records["Item"].values()
    offered = [one for one in every if one.fields["Type"] not in {"Category", "Group"}]
    return [
        {"id": one.id, "label": company.full_name(one).replace(":", ": ")}
        for one in offered
        if one.active or one.id in used
    ]


def rows_of(invoice: Record | None) -> list[dict[str, str]]:
    lines = invoice.fields["Line"] if invoice else []
    found = [_form_row(one) for one in lines if one["DetailType"] != DISCOUNT_LINE and not is_shipping(one)]
    return found + [dict(_SPARE) for _ in range(max(1, FORM_ROWS - len(found)))]


def _form_row(line: Json) -> dict[str, str]:
    """A bundle, and what has no item to choose, such as a gratuity, stays as it is or goes."""
    found = {**_SPARE, "line": line["Id"], "description": line.get("Description", "")}
    detail = line.get(ITEM_LINE, {})
    item = detail.get("ItemRef", {}).get("value", "")
    if GROUP_LINE in line or (ITEM_LINE in line and not item.isdigit()):
        amount = sum(cents(one["Amount"]) for one in line.get(GROUP_LINE, {}).get("Line", [line]))
        return {
            **found,
            "kept": "A bundle" if GROUP_LINE in line else "A line without an item",
            "amount": dollars(amount),
        }
    if "Qty" in detail and "UnitPrice" in detail:
        found |= {"quantity": _editable(detail["Qty"]), "price": _editable(detail["UnitPrice"])}
    elif "Amount" in line:
        found["amount"] = _editable(line["Amount"])
    taxed = "1" if detail.get("TaxCodeRef", {}).get("value") == "TAX" else ""
    return {**found, "item": item, "taxed": taxed}


def head_of(invoice: Record | None) -> dict[str, str]:
    if invoice is None:
        return dict.fromkeys(HEAD_FIELDS, "")
    fields = invoice.fields
    found = {
        "date": fields["TxnDate"],
        "due": fields.get("DueDate", ""),
        "number": fields.get("DocNumber", ""),
        "memo": fields.get("CustomerMemo", {}).get("value", ""),
        "tax": _editable(Decimal(invoice.sale.tax).scaleb(-2)) if invoice.sale.tax else "",
        "percent": "",
        "discount": "",
        "shipping": "",
    }
    for line in fields["Line"]:
        if is_shipping(line):
            found["shipping"] = _editable(line["Amount"])
        if line["DetailType"] == DISCOUNT_LINE:
            by_percent = line[DISCOUNT_LINE].get("PercentBased")
            value = line[DISCOUNT_LINE]["DiscountPercent"] if by_percent else line["Amount"]
            found["percent" if by_percent else "discount"] = _editable(value)
    return found


def _editable(value: Decimal | int) -> str:
    """Never with an exponent, which nobody types."""
    found = plain(Decimal(value))
    return f"{found:f}" if isinstance(found, Decimal) else str(found)


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
    pages.post(f"{customer}/name", endpoint="rename_customer")(act("Customer", _customer_page, save_name))
    pages.post(f"{customer}/merge", endpoint="merge_customer")(act("Customer", _customer_page, _merge))
    pages.post(f"{customer}/<any(deactivate,reactivate):action>", endpoint="close_customer")(
        act("Customer", _customer_page, save_activity)
    )
    pages.get(f"{customer}/invoices/new", endpoint="new_book_invoice")(show("Customer", _new_page))
    pages.post(f"{customer}/invoices", endpoint="add_book_invoice")(act("Customer", _new_page, save_new))
    pages.get(invoice, endpoint="book_invoice")(show("Invoice", _invoice_page))
    pages.post(invoice, endpoint="change_book_invoice")(act("Invoice", _invoice_page, save_changes))
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
        raise errors.not_found()
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
    shown = customer_json(company, record)
    return render_template(
        "board_customer.html",
        query=choice.as_query(),
        customer=shown,
        typed_name=request.form.get("name", shown["bare_name"]),
        invoices=invoices_of(company, record),
        jobs=[customer_json(company, one) for one in company.children(record)],
        others=merge_targets(company, record),
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
        customer=customer_json(company, customer),
        invoice=invoice_row(company, invoice, company.now()) if invoice else None,
        rows=typed_rows() if again else rows_of(invoice),
        head=typed_head() if again else head_of(invoice),
        items=item_choices(company, invoice),
        taxes=company.settings.using_sales_tax,
        tax_percent=company.settings.tax_percent,
        discounts=company.settings.allow_discount,
        sums=sums_of(invoice) if invoice else [],
        payments=payments_of(company, invoice) if invoice else [],
        left=open_amount(invoice) if invoice else "",
        methods=[one.own_name for one in company.records["PaymentMethod"].values() if one.active],
        actions=ON_INVOICES,
        today=today(company),
        problem=problem,
    )


def _payment_page(choice: Choice, company: Company, record: Record, problem: str) -> str:
    return render_template(
        "board_book_payment.html",
        query=choice.as_query(),
        payment=payment_row(company, record, company.now()),
        actions=ON_PAYMENTS,
        problem=problem,
    )


def _merge(company: Company, record: Record) -> Record:
    return merge(company, "Customer", record.id, read_merge_target(company).id)


def _receive(company: Company, record: Record) -> Record:
    save_payment(company, record)
    return record


def _end(company: Company, record: Record, action: str) -> Record | None:
    if action == "delete":
        voiding.delete(company, record)
        return None
    return voiding.void(company, record) if action == "void" else control.send_invoice(company, record, {})
