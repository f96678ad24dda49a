"""QuickBooks' own pages on the board: customers, invoices and payments; they work without any script."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from simulator.board.form_data import (
    Choice,
    choose,
    dollars,
    not_found_page,
    typed_number,
    typed_rows,
    typed_text,
    with_empty_rows,
)
from simulator.coperniq.validation import Json, invalid
from simulator.coperniq.validation import Refused as Mistyped
from simulator.quickbooks import user_actions, voiding
from simulator.quickbooks.company import Company, Record
from simulator.quickbooks.entities import DISCOUNT_LINE, GROUP_LINE, ITEM_LINE
from simulator.quickbooks.merging import merge
from simulator.quickbooks.rendering import balance_with_jobs
from simulator.quickbooks.responses import Refused, cents, plain
from simulator.quickbooks.rules import without_suffix
from simulator.quickbooks.sale_rules import today
from simulator.quickbooks.writing import enter, existing
from simulator.world import World

Answer = AnyResponse | str | tuple[str, int]
Page = Callable[[Choice, "Company", "Record", str], str]
Work = Callable[..., "Record | None"]
ON_INVOICES = {"send": "E-mail", "void": "Void", "delete": "Delete"}
ON_PAYMENTS = {"void": "Void", "delete": "Delete"}
PAGES = {"Customer": "board.customer", "Invoice": "board.book_invoice", "Payment": "board.book_payment"}
ROW = ("line", "kept", "item", "description", "quantity", "price", "amount", "taxed", "remove")
HEAD = ("date", "due", "percent", "discount", "shipping", "tax", "number", "memo")
TAX_CODE = "2"  # the one rate of a simulated company
SHOWN = 40
GLOW = timedelta(seconds=30)


def add_routes(pages: Blueprint, world: World) -> None:
    def route(path: str, endpoint: str, page: Page, work: Work | None = None) -> None:
        entity = next(name for name, one in entities.items() if path.startswith(one))
        answer = _answering(world, entity, page, work)
        pages.add_url_rule(path, endpoint, answer, methods=["POST" if work else "GET"])

    customer, invoice, payment = (
        f"/board/{kind}/<id>" for kind in ("customers", "books/invoices", "books/payments")
    )
    entities = {"Customer": customer, "Invoice": invoice, "Payment": payment}
    route(customer, "customer", _customer_page)
    route(f"{customer}/name", "rename_customer", _customer_page, _rename)
    route(f"{customer}/merge", "merge_customer", _customer_page, _merge)
    route(
        f"{customer}/<any(deactivate,reactivate):action>", "close_customer", _customer_page, _change_activity
    )
    route(f"{customer}/invoices/new", "new_book_invoice", _new_invoice_page)
    route(f"{customer}/invoices", "add_book_invoice", _new_invoice_page, _add_invoice)
    route(invoice, "book_invoice", _invoice_page)
    route(invoice, "change_book_invoice", _invoice_page, _change_invoice)
    route(f"{invoice}/payments", "receive_book_payment", _invoice_page, _receive)
    route(f"{invoice}/<any(send,void,delete):action>", "act_on_book_invoice", _invoice_page, _act)
    route(payment, "book_payment", _payment_page)
    route(f"{payment}/<any(void,delete):action>", "act_on_book_payment", _payment_page, _act)


def _answering(world: World, entity: str, page: Page, work: Work | None) -> Callable[..., Answer]:
    """A refusal is shown on the page the form came from, with what was typed; webhooks leave after the lock."""

    def answer(id: str, **named: Any) -> Answer:
        with world.lock:
            choice = choose(world)
            try:
                record = existing(choice.books, entity, id) if choice.books else None
            except Refused:
                record = None
            if choice.books is None or record is None:
                return not_found_page(choice, "QuickBooks has no such record.")
            if work is None:
                return page(choice, choice.books, record, "")
            try:
                found: Answer = _to(choice, work(choice.books, record, **named))
            except (Mistyped, Refused, ValueError) as reason:
                problem = f"{reason}." if isinstance(reason, Mistyped) else str(reason)
                found = page(choice, choice.books, record, problem), 400
        world.quickbooks.announce()
        return found

    return answer


def _to(choice: Choice, made: Record | None) -> AnyResponse:
    """The page of what was made or changed; the board where it is gone."""
    target = url_for(PAGES[made.entity], id=made.id, **choice.query) if made else None
    return redirect(target or url_for("board.show", **choice.query), code=303)


# Pages


def _customer_page(choice: Choice, company: Company, record: Record, problem: str) -> str:
    shown = _customer(company, record)
    found = [one for one in company.records["Customer"].values() if one.active and one is not record]
    above = [one for one in found if record not in company.ancestors(one)]
    targets = [{"id": one.id, "name": _full_name(company, one)} for one in above]
    return render_template(
        "board_customer.html",
        query=choice.query,
        customer=shown,
        typed_name=request.form.get("name", without_suffix(record.own_name)),
        invoices=[
            invoice_row(company, one)
            for one in reversed(company.index.by("Invoice", "CustomerRef", record.id))
        ],
        jobs=[_customer(company, one) for one in company.children(record)],
        others=sorted(targets, key=lambda one: one["name"].lower()),
        problem=problem,
    )


def _customer(company: Company, record: Record) -> Json:
    return {
        "id": record.id,
        "name": record.own_name,
        "full_name": _full_name(company, record),
        "active": record.active,
        "balance": dollars(record.balance_cents),
        "with_jobs": dollars(balance_with_jobs(company, record)),
    }


def _full_name(company: Company, record: Record | None) -> str:
    return company.full_name(record).replace(":", ": ") if record else ""


def _new_invoice_page(choice: Choice, company: Company, record: Record, problem: str) -> str:
    return _form_page(choice, company, record, None, problem)


def _invoice_page(choice: Choice, company: Company, record: Record, problem: str) -> str:
    customer = existing(company, "Customer", record.fields["CustomerRef"]["value"])
    return _form_page(choice, company, customer, record, problem)


def _form_page(
    choice: Choice, company: Company, customer: Record, invoice: Record | None, problem: str
) -> str:
    again = bool(problem) and "line-0" in request.form
    paid = [company.records["Payment"][id_] for id_ in invoice.sale.applied] if invoice else []
    return render_template(
        "board_book_invoice.html",
        query=choice.query,
        customer=_customer(company, customer),
        invoice=invoice_row(company, invoice) if invoice else None,
        rows=typed_rows(ROW, "line") if again else _rows(invoice),
        head={name: typed_text(name) for name in HEAD} if again else _head(invoice),
        items=_item_choices(company, invoice),
        taxes=company.settings.using_sales_tax,
        tax_percent=company.settings.tax_percent,
        discounts=company.settings.allow_discount,
        sums=_sums(invoice) if invoice else [],
        payments=[payment_row(company, one) for one in paid],
        left=_cents_field(invoice.sale.open) if invoice and invoice.sale.open > 0 else "",
        methods=[one.own_name for one in company.records["PaymentMethod"].values() if one.active],
        actions=ON_INVOICES,
        today=today(company),
        problem=problem,
    )


def _payment_page(choice: Choice, company: Company, record: Record, problem: str) -> str:
    shown = {"payment": payment_row(company, record), "actions": ON_PAYMENTS, "problem": problem}
    return render_template("board_book_payment.html", query=choice.query, **shown)


def newest_sales(company: Company | None) -> Json:
    """`…_of` counts all of them, for the lists are cut."""
    found: Json = {"invoices": [], "invoices_of": 0, "payments": [], "payments_of": 0}
    for name, entity, row in (("invoices", "Invoice", invoice_row), ("payments", "Payment", payment_row)):
        records = list(company.records[entity].values()) if company else []
        newest = sorted(records, key=lambda one: (one.updated, one.number), reverse=True)[:SHOWN]
        found |= {f"{name}_of": len(records), name: [row(company, one) for one in newest if company]}
    return found


def invoice_row(company: Company, record: Record) -> Json:
    fields, sale = record.fields, record.sale
    return {
        "id": record.id,
        "number": fields.get("DocNumber", ""),
        "customer": _name_of(company, record, "CustomerRef", "Customer"),
        "total": dollars(sale.total),
        "open": dollars(sale.open),
        "state": _state(record),
        "mail": {"EmailSent": "e-mailed", "NeedToSend": "to be e-mailed"}.get(
            fields["EmailStatus"], "not sent"
        ),
        "due": fields.get("DueDate", ""),
        "glows": company.now() - record.updated < GLOW,
    }


def _state(record: Record) -> str:
    sale = record.sale
    if sale.voided:
        return "voided"
    if sale.open == 0 and sale.total > 0:
        return "paid"
    return "partial" if 0 < sale.open < sale.total else "open"


def payment_row(company: Company, record: Record) -> Json:
    fields, sale = record.fields, record.sale
    return {
        "id": record.id,
        "amount": dollars(sale.total),
        "customer": _name_of(company, record, "CustomerRef", "Customer"),
        "date": fields["TxnDate"],
        "method": _name_of(company, record, "PaymentMethodRef", "PaymentMethod"),
        "account": _name_of(company, record, "DepositToAccountRef", "Account"),
        "reference": fields.get("PaymentRefNum", ""),
        "applied": ", ".join(_applied(company, key, share) for key, share in sale.applied.items()),
        "unapplied": dollars(sale.open) if sale.open else "",
        "voided": sale.voided,
        "deposited": bool(sale.deposit_id),
        "glows": company.now() - record.updated < GLOW,
    }


def _applied(company: Company, key: str, share: int) -> str:
    kind, _, id_ = key.partition(":")
    target = company.find(kind, id_)
    number = target.fields.get("DocNumber", "") if target else ""
    word = "invoice" if kind == "Invoice" else "credit"
    return f"{dollars(abs(share))} {'to' if share >= 0 else 'from'} {word} {number or 'without number'}"


def _name_of(company: Company, record: Record, name: str, entity: str) -> str:
    return _full_name(company, company.find(entity, record.fields.get(name, {}).get("value", "")))


def _sums(invoice: Record) -> list[tuple[str, str]]:
    sale = invoice.sale
    named = (
        ("Lines", sale.subtotal),
        ("Discount", -sale.discount),
        ("Tax", sale.tax),
        ("Deposit", -sale.deposit),
        ("Paid", -sum(sale.applied.values())),
    )
    return [(label, dollars(amount)) for label, amount in named if amount]


def _item_choices(company: Company, invoice: Record | None) -> list[Json]:
    """What is sold, and what no longer is but stands on the invoice."""
    lines = invoice.fields["Line"] if invoice else []
    used = {one.get(ITEM_LINE, {}).get("ItemRef", {}).get("value") for one in lines}
    return [
        {"id": one.id, "label": _full_name(company, one)}
        for one in company.records["Item"].values()
        if one.fields["Type"] not in {"Category", "Group"} and (one.active or one.id in used)
    ]


def _rows(invoice: Record | None) -> list[Json]:
    lines = invoice.fields["Line"] if invoice else []
    shown = [one for one in lines if one["DetailType"] != DISCOUNT_LINE and not user_actions.is_shipping(one)]
    return with_empty_rows([_row(one) for one in shown], ROW)


def _row(line: Json) -> dict[str, str]:
    """A bundle, and what has no item to choose, such as a gratuity, stays as it is or goes."""
    found = {**dict.fromkeys(ROW, ""), "line": line["Id"], "description": line.get("Description", "")}
    detail = line.get(ITEM_LINE, {})
    item = detail.get("ItemRef", {}).get("value", "")
    if GROUP_LINE in line or (ITEM_LINE in line and not item.isdigit()):
        amount = sum(cents(one["Amount"]) for one in line.get(GROUP_LINE, {}).get("Line", [line]))
        kept = "A bundle" if GROUP_LINE in line else "A line without an item"
        return {**found, "kept": kept, "amount": dollars(amount)}
    if "Qty" in detail and "UnitPrice" in detail:
        found |= {"quantity": _number_field(detail["Qty"]), "price": _number_field(detail["UnitPrice"])}
    elif "Amount" in line:
        found["amount"] = _number_field(line["Amount"])
    taxed = "1" if detail.get("TaxCodeRef", {}).get("value") == "TAX" else ""
    return {**found, "item": item, "taxed": taxed}


def _head(invoice: Record | None) -> dict[str, str]:
    found = dict.fromkeys(HEAD, "")
    if invoice is None:
        return found
    fields = invoice.fields
    found |= {
        "date": fields["TxnDate"],
        "due": fields.get("DueDate", ""),
        "number": fields.get("DocNumber", ""),
        "memo": fields.get("CustomerMemo", {}).get("value", ""),
        "tax": _cents_field(invoice.sale.tax) if invoice.sale.tax else "",
    }
    for line in fields["Line"]:
        if user_actions.is_shipping(line):
            found["shipping"] = _number_field(line["Amount"])
        if line["DetailType"] == DISCOUNT_LINE:
            by_percent = line[DISCOUNT_LINE].get("PercentBased")
            value = line[DISCOUNT_LINE]["DiscountPercent"] if by_percent else line["Amount"]
            found["percent" if by_percent else "discount"] = _number_field(value)
    return found


def _cents_field(amount: int) -> str:
    return _number_field(Decimal(amount).scaleb(-2))


def _number_field(value: Decimal | int) -> str:
    """Never with an exponent, which nobody types."""
    return f"{plain(Decimal(value)):f}" if isinstance(plain(Decimal(value)), Decimal) else str(int(value))


# What the forms do


def _rename(company: Company, customer: Record) -> Record:
    if not typed_text("name"):
        raise invalid("name", "A customer needs a name")
    return user_actions.edit_record(company, "Customer", customer.id, {"DisplayName": typed_text("name")})


def _change_activity(company: Company, customer: Record, action: str) -> Record:
    """A customer that is made active again takes its old name."""
    wanted: Json = {"Active": action == "reactivate"}
    if action == "reactivate":
        wanted["DisplayName"] = without_suffix(customer.own_name)
    return user_actions.edit_record(company, "Customer", customer.id, wanted)


def _merge(company: Company, customer: Record) -> Record:
    if not typed_text("into").isdigit():
        raise invalid("into", "Choose a customer to merge into")
    into = existing(company, "Customer", typed_text("into"))
    return merge(company, "Customer", customer.id, into.id)


def _act(company: Company, record: Record, action: str) -> Record | None:
    if action == "delete":
        voiding.delete(company, record)
        return None
    if action == "void":
        return voiding.void(company, record)
    return user_actions.send_invoice(company, record, {})


def _receive(company: Company, invoice: Record) -> Record:
    amount = typed_number("amount", "The amount")
    if amount is None or amount <= 0:
        raise invalid("amount", "A payment needs an amount")
    wanted: Json = {"amount": amount, "date": typed_text("day"), "reference": typed_text("reference")}
    if typed_text("method"):
        wanted["method"] = typed_text("method")
    enter(company, "Payment", user_actions.payment_body(company, invoice, wanted))
    return invoice


def _add_invoice(company: Company, customer: Record) -> Record:
    wanted = {name: value for name, value in _typed_head(company, None).items() if value}
    lines = _typed_lines(company)
    if company.settings.using_sales_tax and "tax" not in wanted and any(one.get("taxed") for one in lines):
        wanted["tax_code"] = TAX_CODE
    return user_actions.write_invoice(company, {"customer": customer.id, **wanted, "lines": lines})


def _change_invoice(company: Company, invoice: Record) -> Record:
    wanted = {**_typed_head(company, invoice), "lines": _typed_lines(company)}
    return user_actions.rewrite_invoice(company, invoice.id, wanted)


def _typed_head(company: Company, old: Record | None) -> Json:
    """Tax that nobody typed is left to QuickBooks; tax that was there and is cleared becomes none."""
    wanted: Json = {name: typed_text(name) for name in ("date", "due", "memo", "number")}
    percent, amount = typed_number("percent", "The discount"), typed_number("discount", "The discount")
    if percent is not None and amount is not None:
        raise invalid("discount", "A discount is a percentage or an amount")
    if company.settings.allow_discount:
        by_amount = {"amount": amount} if amount else None
        wanted["discount"] = {"percent": percent} if percent is not None else by_amount
    wanted["shipping"] = typed_number("shipping", "The shipping")
    tax = typed_number("tax", "The tax")
    if company.settings.using_sales_tax and (tax is not None or (old is not None and old.sale.tax)):
        wanted["tax"] = tax or 0
    return wanted


def _typed_lines(company: Company) -> list[Json]:
    """Rows without any content are spare."""
    found = []
    for row, sent in enumerate(typed_rows(ROW, "line")):
        filled = any(sent[name] for name in ("kept", "item", "description", "quantity", "price", "amount"))
        if filled and not sent["remove"]:
            known = {"id": sent["line"]} if sent["line"] else {}
            found.append({**known, **_typed_line(company, row, sent)})
    if not found:
        raise invalid("lines", "An invoice needs at least one line")
    return found


def _typed_line(company: Company, row: int, sent: dict[str, str]) -> Json:
    if sent["kept"]:
        return {"keep": True}
    numbers = {
        name: typed_number(f"{name}-{row}", f"Row {row + 1}: the {name}")
        for name in ("quantity", "price", "amount")
    }
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
