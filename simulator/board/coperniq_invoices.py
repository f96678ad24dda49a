"""The pages of a Coperniq invoice, reached from the card of its project; they work without any script."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from itertools import groupby
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
from simulator.coperniq import invoice_lines, invoice_status, invoices, projects, rendering, user_actions
from simulator.coperniq.company import Company
from simulator.coperniq.records import METHODS, Invoice, Line
from simulator.coperniq.validation import Json, Refused, invalid, not_found
from simulator.world import World

Answer = AnyResponse | str | tuple[str, int]
SHOWN_ON_CARD = 4
ROW = ("line", "item", "new", "description", "quantity", "price", "remove")
METHOD_NAMES = {name: name.replace("_", " ").capitalize() for name in METHODS} | {"ACH": "ACH"}


def add_routes(pages: Blueprint, world: World) -> None:
    def route(method: str, path: str, endpoint: str, page: Callable[..., Answer]) -> None:
        pages.add_url_rule(path, endpoint, _answering(world, page), methods=[method])

    of_project, one = "/board/projects/<int:id>/invoices", "/board/invoices/<int:id>"
    actions = f"<any({','.join(user_actions.INVOICE_ACTIONS)}):action>"
    route("GET", f"{of_project}/new", "new_invoice", _new)
    route("POST", of_project, "add_invoice", _add)
    route("GET", one, "invoice", _show)
    route("POST", one, "change_invoice", _saving(_save_changes))
    route("POST", f"{one}/payments", "add_payment", _saving(_save_payment))
    route("POST", f"{one}/{actions}", "act_on_invoice", _saving(_act))


def _answering(world: World, page: Callable[..., Answer]) -> Callable[..., Answer]:
    def answer(**named: Any) -> Answer:
        with world.lock:
            choice = choose(world)
            try:
                if choice.company is None:
                    raise not_found("Company")
                return page(choice, choice.company, **named)
            except Refused as reason:
                return not_found_page(choice, f"{reason.message}.")

    return answer


def _new(choice: Choice, company: Company, id: int) -> Answer:
    return _page(choice, company, projects.find(company, id).id, None)


def _add(choice: Choice, company: Company, id: int) -> Answer:
    project = projects.find(company, id)
    try:
        wanted = {"recordId": project.id, **_typed_head(None), **_typed_lines(company, None)}
        if not invoice_lines.names_lines(wanted):
            raise invalid("lineItems", "An invoice needs at least one line")
        return _to(choice, user_actions.add_invoice(company, wanted)["id"])
    except Refused as reason:
        return _page(choice, company, project.id, None, f"{reason.message}."), 400


def _show(choice: Choice, company: Company, id: int) -> Answer:
    invoice = invoices.find(company, id, by_api=False)
    return _page(choice, company, invoice.record_id, invoice)


def _saving(save: Callable[..., object]) -> Callable[..., Answer]:
    def saved(choice: Choice, company: Company, id: int, **named: Any) -> Answer:
        invoice = invoices.find(company, id, by_api=False)
        try:
            save(company, id, **named)
        except Refused as reason:
            return _page(choice, company, invoice.record_id, invoice, f"{reason.message}."), 400
        return _to(choice, id)

    return saved


def _to(choice: Choice, id: int) -> AnyResponse:
    return redirect(url_for("board.invoice", id=id, **choice.query), code=303)


def _page(
    choice: Choice, company: Company, record_id: int, invoice: Invoice | None, problem: str = ""
) -> str:
    record, lines = company.record(record_id), invoice.lines if invoice else []
    used = {one.catalog_item_id for one in lines}
    offered = [one for one in company.catalog.values() if not one.is_archived or one.id in used]
    return render_template(
        "board_invoice.html",
        query=choice.query,
        record_id=record_id,
        record=_record_title(company, record_id),
        number=record.number if record else "",
        invoice=_detail(company, invoice) if invoice else None,
        by_lines=invoice is None or invoice.calculation == "LINE_ITEMS",
        rows=(typed_rows(ROW, "item") if problem else [])
        or with_empty_rows([_row(one) for one in lines], ROW),
        items=[{"id": str(one.id), "label": _item_label(one.name, one.code, one.price)} for one in offered],
        methods=METHOD_NAMES,
        memo=request.form.get("memo", (invoice.description if invoice else None) or ""),
        today=_local_day(company.now()),
        due=request.form.get("due", _local_day(invoice.due_date) if invoice else ""),
        problem=problem,
    )


def _record_title(company: Company, record_id: int) -> str:
    if record_id in company.projects:
        return rendering.shown_title(company, company.projects[record_id]) or "Untitled"
    account = company.accounts.get(record_id)
    return account.title if account else "A record that was deleted"


def _short(cents: int) -> str:
    return dollars(cents).removesuffix(".00")


def _item_label(name: str, code: str | None, price: int | None) -> str:
    return f"{name}{f' ({code})' if code else ''}{f', {_short(price)}' if price else ''}"


def _local_day(when: datetime | None) -> str:
    """The day a person meant: late in the evening in Texas is not tomorrow."""
    if when is None:
        return ""
    midnight = when == when.replace(hour=0, minute=0, second=0, microsecond=0)
    return (when if midnight else when.astimezone(invoices.LOCAL_ZONE)).date().isoformat()


def invoices_of_project(company: Company, project_id: int) -> Json:
    mine = [one for one in company.invoices.values() if one.record_id == project_id]
    newest_first = sorted(mine, key=lambda one: (one.created_at, one.id), reverse=True)
    shown = [_summary(company, one) for one in newest_first[:SHOWN_ON_CARD]]
    return {"shown": shown, "more": max(0, len(mine) - SHOWN_ON_CARD)}


def _summary(company: Company, invoice: Invoice) -> Json:
    status = invoice_status.shown_status(company, invoice)
    names = {id_: one.name for id_, one in company.catalog.items()}
    return {
        "id": invoice.id,
        "uid": invoice.uid,
        "status": status.lower(),
        "standing": status.replace("_", " ").lower(),
        "amount": _short(invoice.amount),
        "paid": _short(invoice.amount_paid) if invoice.amount_paid else "",
        "archived": invoice.is_archived,
        "lines": [
            {
                "quantity": one.quantity,
                "what": one.description or names.get(one.catalog_item_id, "Unknown item"),
                "total": _short(one.total),
            }
            for one in invoice.lines
        ],
    }


def _detail(company: Company, invoice: Invoice) -> Json:
    return _summary(company, invoice) | {
        "share": f"{invoice.percentage} %" if invoice.percentage is not None else "",
        "beyond": _short(invoice.beyond_lines) if invoice.beyond_lines else "",
        "open": _short(invoice.amount - invoice.amount_paid),
        "payments": [
            {
                "day": _local_day(one.date),
                "amount": _short(one.amount),
                "method": METHOD_NAMES.get(one.method, one.method),
                "reference": one.reference or "",
                "status": "" if one.status == "PAID" else one.status.lower(),
            }
            for one in invoice.payments
        ],
        "is_draft": invoice.status == "DRAFT",
        "is_declined": invoice.status == "DECLINED",
    }


def _row(line: Line) -> dict[str, str]:
    return {
        "line": str(line.id),
        "item": str(line.catalog_item_id),
        "new": "",
        "description": line.description or "",
        "quantity": str(line.quantity),
        "price": _short(line.unit_price).replace("$", "").replace(",", ""),
    }


def _act(company: Company, id: int, action: str) -> None:
    user_actions.act_on_invoice(company, {}, id, action)


def _save_changes(company: Company, id: int) -> None:
    invoice = invoices.find(company, id, by_api=False)
    wanted = _typed_head(invoice)
    if invoice.calculation == "LINE_ITEMS":
        wanted |= {"lineItems": [], **_typed_lines(company, invoice)}
    user_actions.change_invoice(company, wanted, id)


def _save_payment(company: Company, id: int) -> None:
    amount, method = typed_number("amount", "The amount"), typed_text("method")
    if amount is None:
        raise invalid("amount", "A payment needs an amount")
    if method not in METHOD_NAMES:
        raise invalid("method", "Choose how it was paid")
    wanted: Json = {"amount": amount, "paymentMethod": method}
    wanted["paymentReference"] = typed_text("reference") or None
    if typed_text("day"):
        wanted["paymentDate"] = typed_text("day")
    user_actions.add_payment(company, wanted, id)


def _typed_head(invoice: Invoice | None) -> Json:
    """A day that was left alone keeps its hour."""
    wanted: Json = {"description": typed_text("memo") or None}
    if typed_text("due") != _local_day(invoice.due_date if invoice else None):
        wanted["dueDate"] = typed_text("due") or None
    return wanted


def _typed_lines(company: Company, invoice: Invoice | None) -> Json:
    """Lines stay in their sections; rows without any content are spare."""
    before = {str(one.id): one for one in invoice.lines} if invoice else {}
    found: list[tuple[str | None, Json]] = []
    for row, sent in enumerate(typed_rows(ROW, "item")):
        if not sent["remove"] and any(sent[name] for name in ("item", "new", "description", "price")):
            old = before.get(sent["line"])
            found.append((old.section if old else None, _typed_line(company, row, sent, old)))
    if not any(section for section, _ in found):
        return {"lineItems": [line for _, line in found]} if found else {}
    groups = groupby(found, key=lambda one: one[0])
    return {"sections": [{"name": name, "lineItems": [line for _, line in rows]} for name, rows in groups]}


def _typed_line(company: Company, row: int, sent: dict[str, str], old: Line | None) -> Json:
    """Without a price, the catalog's; a new name makes a service of that name."""
    wanted: Json = {"id": old.id if old else 0, "description": sent["description"] or None}
    try:
        wanted["quantity"] = int(sent["quantity"] or "1")
    except ValueError as reason:
        raise invalid("quantity", f"Row {row + 1}: Coperniq takes whole quantities only") from reason
    price, item = typed_number(f"price-{row}", f"Row {row + 1}: the price"), None
    if sent["new"]:
        wanted["catalogItem"] = {"name": sent["new"], "price": price}
    elif sent["item"].isdigit() and int(sent["item"]) in company.catalog:
        item = company.catalog[int(sent["item"])]
        wanted["catalogItemId"] = item.id
    else:
        raise invalid("item", f"Row {row + 1}: choose a catalog item or name a new one")
    if price is None and item is not None and item.price is not None:
        price = Decimal(item.price) / 100
    if price is None:
        raise invalid("price", f"Row {row + 1}: a price is missing")
    same = old is not None and item is not None and old.catalog_item_id == item.id
    cost = old.unit_cost if old and same else item.cost if item else 0
    return wanted | {"unitPrice": price, "unitCost": Decimal(cost or 0) / 100}
