"""The pages of a Coperniq invoice, reached from the card of its project; they work without any script."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from itertools import groupby
from typing import TYPE_CHECKING, Any

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from simulator.board.form_data import Choice, choose, typed_number, typed_text
from simulator.coperniq import invoice_lines, invoice_status, invoices, projects, rendering, user_actions
from simulator.coperniq.records import METHODS
from simulator.coperniq.validation import Refused, invalid, not_found

if TYPE_CHECKING:
    from datetime import datetime

    from simulator.coperniq.company import Company
    from simulator.coperniq.records import CatalogItem, Invoice, Line, Payment
    from simulator.world import World


ON_A_CARD = 4
FORM_ROWS = 3
METHOD_NAMES = {name: name.replace("_", " ").capitalize() for name in METHODS} | {"ACH": "ACH"}


def dollars(cents: int) -> str:
    sign, cents = ("-" if cents < 0 else ""), abs(cents)
    return f"{sign}${cents // 100:,}.{cents % 100:02d}".removesuffix(".00")


def editable_amount(cents: int | None) -> str:
    """As it stands in a field to be edited."""
    return "" if cents is None else dollars(cents).replace("$", "").replace(",", "")


def invoices_of_project(company: Company, project_id: int) -> dict[str, Any]:
    mine = [one for one in company.invoices.values() if one.record_id == project_id]
    newest_first = sorted(mine, key=lambda one: (one.created_at, one.id), reverse=True)
    shown = [invoice_summary(company, one) for one in newest_first[:ON_A_CARD]]
    return {"shown": shown, "more": max(0, len(mine) - ON_A_CARD)}


def invoice_summary(company: Company, invoice: Invoice) -> dict[str, Any]:
    status = invoice_status.shown_status(company, invoice)
    return {
        "id": invoice.id,
        "uid": invoice.uid,
        "status": status.lower(),
        "standing": status.replace("_", " ").lower(),
        "amount": dollars(invoice.amount),
        "paid": dollars(invoice.amount_paid) if invoice.amount_paid else "",
        "archived": invoice.is_archived,
        "lines": [_line_summary(company, one) for one in invoice.lines],
    }


def _line_summary(company: Company, line: Line) -> dict[str, Any]:
    item = company.catalog.get(line.catalog_item_id)
    name = item.name if item else "Unknown item"
    return {"quantity": line.quantity, "what": line.description or name, "total": dollars(line.total)}


def invoice_detail(company: Company, invoice: Invoice) -> dict[str, Any]:
    beyond = dollars(invoice.beyond_lines) if invoice.beyond_lines else ""
    return invoice_summary(company, invoice) | {
        "share": f"{invoice.percentage} %" if invoice.percentage is not None else "",
        "beyond": beyond,
        "open": dollars(invoice.amount - invoice.amount_paid),
        "payments": [_payment_summary(one) for one in invoice.payments],
        "is_draft": invoice.status == "DRAFT",
        "is_declined": invoice.status == "DECLINED",
    }


def _payment_summary(payment: Payment) -> dict[str, str]:
    return {
        "day": local_day(payment.date),
        "amount": dollars(payment.amount),
        "method": METHOD_NAMES.get(payment.method, payment.method),
        "reference": payment.reference or "",
        "status": "" if payment.status == "PAID" else payment.status.lower(),
    }


def local_day(when: datetime | None) -> str:
    """The day a person meant: late in the evening in Texas is not tomorrow."""
    if when is None:
        return ""
    midnight = when == when.replace(hour=0, minute=0, second=0, microsecond=0)
    return (when if midnight else when.astimezone(invoices.LOCAL_ZONE)).date().isoformat()


def catalog_choices(company: Company, invoice: Invoice | None) -> list[dict[str, Any]]:
    """The catalog, and what has left it but stands on the invoice."""
    used = {one.catalog_item_id for one in invoice.lines} if invoice else set()
    offered = [one for one in company.catalog.values() if not one.is_archived or one.id in used]
    return [{"id": str(one.id), "label": _item_label(one)} for one in offered]


def _item_label(item: CatalogItem) -> str:
    code = f" ({item.code})" if item.code else ""
    price = f", {dollars(item.price)}" if item.price else ""
    return f"{item.name}{code}{price}"


def rows_of(invoice: Invoice | None) -> list[dict[str, str]]:
    """What the form for lines holds at first: the lines, and room for more."""
    found = [_form_row(one) for one in invoice.lines] if invoice else []
    spare = max(1, FORM_ROWS - len(found))
    return found + [dict.fromkeys(("line", "item", "new", "description", "quantity", "price"), "")] * spare


def _form_row(line: Line) -> dict[str, str]:
    return {
        "line": str(line.id),
        "item": str(line.catalog_item_id),
        "new": "",
        "description": line.description or "",
        "quantity": str(line.quantity),
        "price": editable_amount(line.unit_price),
    }


Json = dict[str, Any]
MOST_ROWS = 100


def typed_rows() -> list[dict[str, str]]:
    """As they were sent, for a form that has to be shown again."""
    names = ("line", "item", "new", "description", "quantity", "price", "remove")
    count = sum(1 for name in request.form if name.startswith("item-"))
    return [{name: typed_text(f"{name}-{row}") for name in names} for row in range(min(count, MOST_ROWS))]


def save_new(company: Company, project_id: int) -> int:
    wanted = {"recordId": project_id, **_read_head(None), **_read_lines(company, None)}
    if not invoice_lines.names_lines(wanted):
        raise invalid("lineItems", "An invoice needs at least one line")
    return int(user_actions.add_invoice(company, wanted)["id"])


def save_changes(company: Company, id: int) -> None:
    invoice = invoices.find(company, id, by_api=False)
    wanted = _read_head(invoice)
    if invoice.calculation == "LINE_ITEMS":
        wanted |= {"lineItems": [], **_read_lines(company, invoice)}
    user_actions.change_invoice(company, id, wanted)


def save_payment(company: Company, id: int) -> None:
    amount = typed_number("amount", "The amount")
    if amount is None:
        raise invalid("amount", "A payment needs an amount")
    if typed_text("method") not in METHOD_NAMES:
        raise invalid("method", "Choose how it was paid")
    wanted: Json = {
        "amount": amount,
        "paymentMethod": typed_text("method"),
        "paymentReference": typed_text("reference") or None,
    }
    if typed_text("day"):
        wanted["paymentDate"] = typed_text("day")
    user_actions.add_payment(company, id, wanted)


def _read_head(invoice: Invoice | None) -> Json:
    """A day that was left alone keeps its hour."""
    wanted: Json = {"description": typed_text("memo") or None}
    if typed_text("due") != local_day(invoice.due_date if invoice else None):
        wanted["dueDate"] = typed_text("due") or None
    return wanted


def _read_lines(company: Company, invoice: Invoice | None) -> Json:
    """Lines stay in their sections; rows without any content are spare."""
    before = {str(one.id): one for one in invoice.lines} if invoice else {}
    found: list[tuple[str | None, Json]] = []
    for row, sent in enumerate(typed_rows()):
        if not sent["remove"] and any(sent[name] for name in ("item", "new", "description", "price")):
            old = before.get(sent["line"])
            found.append((old.section if old else None, _read_line(company, row, sent, old)))
    if not any(section for section, _ in found):
        return {"lineItems": [line for _, line in found]} if found else {}
    groups = groupby(found, key=lambda one: one[0])
    return {"sections": [{"name": name, "lineItems": [line for _, line in rows]} for name, rows in groups]}


def _read_line(company: Company, row: int, sent: dict[str, str], old: Line | None) -> Json:
    """Without a price, the catalog's; a new name makes a service of that name."""
    wanted: Json = {"id": old.id if old else 0, "quantity": _read_quantity(row, sent)}
    wanted["description"] = sent["description"] or None
    price, item = typed_number(f"price-{row}", f"Row {row + 1}: the price"), None
    if sent["new"]:
        wanted["catalogItem"] = {"name": sent["new"], "price": price}
    elif sent["item"].isdigit() and int(sent["item"]) in company.catalog:
        item = company.catalog[int(sent["item"])]
        wanted["catalogItemId"] = item.id
    else:
        raise invalid("item", f"Row {row + 1}: choose a catalog item or name a new one")
    if price is None and (item is None or item.price is None):
        raise invalid("price", f"Row {row + 1}: a price is missing")
    wanted["unitPrice"] = price if price is not None or item is None else _as_dollars(item.price)
    same = old is not None and item is not None and old.catalog_item_id == item.id
    wanted["unitCost"] = _as_dollars(old.unit_cost if old and same else item.cost if item else 0)
    return wanted


def _read_quantity(row: int, sent: dict[str, str]) -> int:
    try:
        return int(sent["quantity"] or "1")
    except ValueError as reason:
        raise invalid("quantity", f"Row {row + 1}: Coperniq takes whole quantities only") from reason


def _as_dollars(cents: int | None) -> Decimal:
    return Decimal(cents or 0) / 100


Answer = AnyResponse | str | tuple[str, int]
Page = Callable[[Choice, "Company"], Answer]


def add_routes(pages: Blueprint, world: World) -> None:
    new, one = "/board/projects/<int:id>/invoices", "/board/invoices/<int:id>"
    actions = f"<any({','.join(user_actions.INVOICE_ACTIONS)}):action>"
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
    rows = typed_rows() if problem else []
    return render_template(
        "board_invoice.html",
        query=choice.as_query(),
        record_id=record_id,
        record=_title(company, record_id),
        number=record.number if record else "",
        invoice=invoice_detail(company, invoice) if invoice else None,
        by_lines=invoice is None or invoice.calculation == "LINE_ITEMS",
        rows=rows or rows_of(invoice),
        items=catalog_choices(company, invoice),
        methods=METHOD_NAMES,
        memo=request.form.get("memo", (invoice.description if invoice else None) or ""),
        today=local_day(company.now()),
        due=request.form.get("due", local_day(invoice.due_date) if invoice else ""),
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
        made = save_new(company, project.id)
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
    return _trying(choice, company, id, lambda: save_changes(company, id))


def _pay(choice: Choice, company: Company, id: int) -> Answer:
    return _trying(choice, company, id, lambda: save_payment(company, id))


def _act(choice: Choice, company: Company, id: int, action: str) -> Answer:
    return _trying(choice, company, id, lambda: user_actions.act_on_invoice(company, id, action))


def _to(choice: Choice, id: int) -> AnyResponse:
    return redirect(url_for("board.invoice", id=id, **choice.as_query()), code=303)
