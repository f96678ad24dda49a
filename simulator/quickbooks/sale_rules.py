"""What an invoice or a credit memo demands before it is stored: docs/vendors/quickbooks-online.md, 5."""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from simulator.quickbooks import errors, sale_lines
from simulator.quickbooks.company import Company, Record, owed, rebalance
from simulator.quickbooks.email_addresses import bad_emails
from simulator.quickbooks.entities import ITEM_LINE
from simulator.quickbooks.rendering import settle_addresses
from simulator.quickbooks.responses import PACIFIC, Json, cents, refused
from simulator.quickbooks.rules import Rules, active_reference, check_currency, refuse_all
from simulator.quickbooks.sale_lines import add_up
from simulator.quickbooks.schema import overlong


def today(company: Company) -> str:
    return company.now().astimezone(PACIFIC).date().isoformat()


def due_date(company: Company, record: Record) -> str:
    """By the form's own term, then perhaps the customer's, then the company's, which the form does not name."""
    fields = record.fields
    chosen = fields.get("SalesTermRef", {}).get("value", "")
    if not chosen and company.switch("customer_term_applies"):
        customer = company.find("Customer", fields["CustomerRef"]["value"])
        chosen = customer.fields.get("SalesTermRef", {}).get("value", "") if customer else ""
    term = company.find("Term", chosen or company.settings.default_terms)
    start = date.fromisoformat(fields["TxnDate"])
    return (_due_by(term.fields, start) if term else start).isoformat()


def _due_by(term: Json, start: date) -> date:
    if "DayOfMonthDue" not in term:
        return start + timedelta(days=int(term.get("DueDays", 0)))
    found = _day_of_month(start.year, start.month, int(term["DayOfMonthDue"]))
    if found < start + timedelta(days=int(term.get("DueNextMonthDays", 0))):
        following = start.replace(day=1) + timedelta(days=32)
        return _day_of_month(following.year, following.month, int(term["DayOfMonthDue"]))
    return found


def _day_of_month(year: int, month: int, day: int) -> date:
    return date(year, month, min(day, calendar.monthrange(year, month)[1]))


def refuse_closed(company: Company, *days: str) -> None:
    """A form dated on the closing day or before can neither come, nor change, nor go."""
    closed = company.settings.book_close_date
    if closed and any(day and day <= closed for day in days):
        raise errors.closed_books(str(company.switch("closed_books_code")), closed)


ALLOW_DUPLICATES = "allowduplicatedocnum"


def assign_number(company: Company, record: Record, old: Record | None, include: frozenset[str]) -> None:
    """The last of the checks, because it uses up a number."""
    number = record.fields.get("DocNumber", "")
    before = old.fields.get("DocNumber", "") if old else ""
    if number and number != before and ALLOW_DUPLICATES not in include:
        _refuse_taken(company, record, number)
    if not company.settings.custom_txn_numbers and not number:
        _assign(company, record, old, before)
    if old is None and number and _moves_the_counter(company, number):
        company.last_number = number


def _moves_the_counter(company: Company, number: str) -> bool:
    if company.switch("number_after_text") == "passed_over" and not number[-1].isdigit():
        return False
    way = company.switch("sent_number_moves_counter")
    return way == "always" or (way == "numeric" and number.isdigit())


def _refuse_taken(company: Company, record: Record, number: str) -> None:
    if not company.settings.custom_txn_numbers and company.switch("duplicates_when_counting") == "allow":
        return
    for other in company.index.by(record.entity, "DocNumber", number):
        if other.id != record.id and other.fields["DocNumber"] == number:
            tail = company.switch("duplicate_number_tail") == "present"
            raise errors.duplicate_number(number, record.entity, other.id, tail=tail)


def _assign(company: Company, record: Record, old: Record | None, before: str) -> None:
    way = "renumber" if old is None else company.switch("full_update_without_number")
    if way == "renumber":
        record.fields["DocNumber"] = next_number(
            company.last_number, inner=company.switch("number_after_text") == "inner"
        )
        company.last_number = record.fields["DocNumber"]
    elif way == "keep" and before:
        record.fields["DocNumber"] = before


def next_number(number: str, *, inner: bool = False) -> str:
    """The digits at its end count on, with their leading zeros; a number without any is followed by 1.

    `inner`: the last digits count on, wherever they stand, and what follows them stays.
    """
    found = re.search(r"(\d+)(\D*)$" if inner else r"(\d+)()$", number)
    if found is None:
        return f"{number}1"[-21:]
    return number[: found.start()] + str(int(found[1]) + 1).zfill(len(found[1])) + found[2]


def unapply_excess(company: Company, invoice: Record) -> None:
    """The last payment gives way first."""
    for id_ in reversed(list(invoice.sale.applied)):
        if invoice.sale.open >= 0:
            return
        payment = company.records["Payment"][id_]
        credits = [company.records[kind][key] for kind, key in _credits_used(payment)]
        before = owed(payment, invoice, *credits)
        _reduce(payment, invoice, min(-invoice.sale.open, invoice.sale.applied[id_]))
        for credit in credits:
            _give_back(company, payment, credit)
        payment.sync_token += 1
        payment.updated = invoice.updated
        company.changed(payment)
        rebalance(company, before, owed(payment, invoice, *credits))


def _credits_used(payment: Record) -> list[tuple[str, str]]:
    """Kind and number, the last first."""
    used = [key.split(":") for key, amount in payment.sale.applied.items() if amount < 0]
    return [(kind, id_) for kind, id_ in reversed(used)]


def _give_back(company: Company, payment: Record, credit: Record) -> None:
    """No more stays unapplied on a payment than the money that came with it: the rest is the credit's again."""
    excess = min(payment.sale.open - payment.sale.total, credit.sale.applied[payment.id])
    if excess > 0:
        _reduce(payment, credit, excess)
        credit.sync_token += 1
        credit.updated = company.now()
        company.changed(credit)


def _reduce(payment: Record, target: Record, excess: int) -> None:
    key = f"{target.entity}:{target.id}"
    payment.sale.applied[key] -= excess if payment.sale.applied[key] > 0 else -excess
    target.sale.applied[payment.id] -= excess
    if not target.sale.applied[payment.id]:
        del payment.sale.applied[key], target.sale.applied[payment.id]
    kept: list[Json] = []
    for line in reversed(payment.fields["Line"]):
        link = line["LinkedTxn"][0]
        here = (link["TxnType"], link["TxnId"]) == (target.entity, target.id)
        cut = min(excess, cents(line["Amount"])) if here else 0
        excess -= cut
        if cut < cents(line["Amount"]):
            kept.insert(0, {**line, "Amount": line["Amount"] - Decimal(cut).scaleb(-2)})
    payment.fields = {**payment.fields, "Line": kept}


_MAILS = ("BillEmail", "BillEmailCc", "BillEmailBcc")
_NOT_KEPT = (
    *("CustomField", "LinkedTxn", "ClassRef", "DepartmentRef", "ProjectRef"),
    *("AllowOnlinePayment", "AllowIPNPayment", "ShipFromAddr"),
)
_ONLINE = ("AllowOnlineCreditCardPayment", "AllowOnlineACHPayment")


@dataclass(frozen=True)
class SaleRules(Rules):
    """Credit memos as they are, and invoices with a little more."""

    def begin(self, body: Json) -> None:
        sale_lines.require_line_details(body)

    def settle(self, company: Company, record: Record, old: Record | None) -> None:
        fields = record.fields
        if "CustomerRef" not in fields:
            raise errors.missing("CustomerRef")
        _refuse_foreign_links(fields)
        for name in _NOT_KEPT:
            fields.pop(name, None)
        if company.settings.country == "US":
            fields.pop("GlobalTaxCalculation", None)
        else:
            fields.setdefault("GlobalTaxCalculation", "TaxExcluded")
        fields.setdefault("TxnDate", today(company))
        for name, value in {
            "ApplyTaxAfterDiscount": False,
            "PrintStatus": "NeedToPrint",
            "EmailStatus": "NotSet",
        }.items():
            fields.setdefault(name, value)
        sale_lines.settle_lines(company, record, old)

    def check(self, company: Company, record: Record, old: Record | None) -> None:
        fields = record.fields
        refuse_all([*overlong(self.entity.properties, fields), *bad_emails(fields, *_MAILS)])
        check_currency(company, fields)
        sale_lines.check_lines(company, record, old)
        check_customer(company, record, old)
        active_reference(company, "Term", fields, "SalesTermRef")
        active_reference(company, "Account", fields, "DepositToAccountRef")
        add_up(company, record)
        refuse_closed(company, fields["TxnDate"], old.fields["TxnDate"] if old else "")
        settle_addresses(company, record)

    def admit(self, company: Company, record: Record, old: Record | None, include: frozenset[str]) -> None:
        assign_number(company, record, old, include)

    def after(self, company: Company, record: Record, old: Record | None) -> None:
        record.sale.free_form = old is not None
        record.sale.voided = record.sale.voided and not record.sale.total
        rebalance(company, owed(old), owed(record))


@dataclass(frozen=True)
class InvoiceRules(SaleRules):
    def settle(self, company: Company, record: Record, old: Record | None) -> None:
        super().settle(company, record, old)
        fields = record.fields
        kept_due = old is not None and "DueDate" in fields
        if "DueDate" not in fields or (kept_due and self._due_moves(fields, old)):
            fields["DueDate"] = due_date(company, record)
        for name in _ONLINE:
            fields[name] = bool(company.settings.online_payments) or bool(fields.get(name))
        record.sale.has_payment_link = record.sale.has_payment_link or (
            old is not None and company.settings.online_payments
        )

    def _due_moves(self, fields: Json, old: Record | None) -> bool:
        """A new term brings a new due date, unless one is sent along with it."""
        return (
            old is not None
            and fields.get("SalesTermRef") != old.fields.get("SalesTermRef")
            and fields["DueDate"] == old.fields["DueDate"]
        )

    def check(self, company: Company, record: Record, old: Record | None) -> None:
        super().check(company, record, old)
        fields = record.fields
        if fields["EmailStatus"] == "NeedToSend" and "BillEmail" not in fields:
            raise errors.business("An e-mail address is required.", "6420", "Email required")
        _check_inventory(company, record)
        if old is not None and record.sale.applied:
            _check_paid(company, record, old)

    def after(self, company: Company, record: Record, old: Record | None) -> None:
        super().after(company, record, old)
        unapply_excess(company, record)


def _refuse_foreign_links(fields: Json) -> None:
    """Payments link from their own side; estimates and the like are not simulated."""
    for link in fields.get("LinkedTxn", []):
        if link.get("TxnType") not in {"Payment", "ReimburseCharge"}:
            raise errors.not_found()


def check_customer(company: Company, record: Record, old: Record | None) -> None:
    """Unknown or inactive; a form that has its customer already may keep an inactive one."""
    id_ = record.fields["CustomerRef"]["value"]
    if old is None or old.fields["CustomerRef"]["value"] != id_:
        check_customer_id(company, id_)


def check_customer_id(company: Company, id_: str) -> None:
    customer = company.find("Customer", id_)
    if customer is None or not customer.active:
        raise errors.bad_reference(str(company.switch("inactive_customer_code")), "Names", id_)


def _check_inventory(company: Company, record: Record) -> None:
    for line in sale_lines.item_lines(record.fields["Line"]):
        item = company.find("Item", line[ITEM_LINE].get("ItemRef", {}).get("value", ""))
        start = item.fields.get("InvStartDate", "") if item else ""
        if start and record.fields["TxnDate"] < start:
            raise errors.business(
                "The date is earlier than the inventory start date of an item.", "6270", "Inventory date"
            )


def _check_paid(company: Company, record: Record, old: Record) -> None:
    if record.fields["CustomerRef"] != old.fields["CustomerRef"]:
        raise errors.not_linkable("The payments of this invoice belong to its customer.")
    if record.sale.open < 0 and company.switch("invoice_below_payments") == "refuse":
        raise errors.business("The total of an invoice cannot be less than what was paid on it.")


def refuse_linked(company: Company, record: Record) -> None:
    if record.sale.applied:
        code = str(company.switch("linked_refusal_code"))
        raise refused(
            code,
            "A business validation error has occurred",
            "Business Validation Error: The transaction is linked to others. Remove the links first.",
            "",
        )
