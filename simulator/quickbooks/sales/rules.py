"""What a sale demands before it is stored, and what it does to its customer afterwards."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from simulator.quickbooks import names, problems
from simulator.quickbooks.answers import Problem, Refused
from simulator.quickbooks.balances import owed, rebalance
from simulator.quickbooks.ruling import Rules, active, check_currency, refuse_all
from simulator.quickbooks.sales import dates, lines, numbering
from simulator.quickbooks.sales.addresses import settle_addresses
from simulator.quickbooks.sales.form_lines import ITEM_LINE
from simulator.quickbooks.sales.overpaid import unapply
from simulator.quickbooks.sales.totals import add_up
from simulator.quickbooks.schema import overlong

if TYPE_CHECKING:
    from simulator.quickbooks.state import Company, Record

_MAILS = ("BillEmail", "BillEmailCc", "BillEmailBcc")
_NOT_KEPT = (
    *("CustomField", "LinkedTxn", "ClassRef", "DepartmentRef", "ProjectRef"),
    *("AllowOnlinePayment", "AllowIPNPayment", "ShipFromAddr"),
)
_ONLINE = ("AllowOnlineCreditCardPayment", "AllowOnlineACHPayment")


@dataclass(frozen=True)
class SaleRules(Rules):
    """Credit memos as they are, and invoices with a little more."""

    def begin(self, body: dict[str, Any]) -> None:
        lines.refuse_hollow(body)

    def settle(self, company: Company, record: Record, old: Record | None) -> None:
        fields = record.fields
        if "CustomerRef" not in fields:
            raise problems.missing("CustomerRef")
        _refuse_foreign_links(fields)
        for name in _NOT_KEPT:
            fields.pop(name, None)
        if company.settings.country == "US":
            fields.pop("GlobalTaxCalculation", None)
        else:
            fields.setdefault("GlobalTaxCalculation", "TaxExcluded")
        fields.setdefault("TxnDate", dates.today(company))
        for name, value in {
            "ApplyTaxAfterDiscount": False,
            "PrintStatus": "NeedToPrint",
            "EmailStatus": "NotSet",
        }.items():
            fields.setdefault(name, value)
        lines.settle(company, record, old)

    def check(self, company: Company, record: Record, old: Record | None) -> None:
        fields = record.fields
        refuse_all([*overlong(self.entity.properties, fields), *_bad_mails(fields)])
        check_currency(company, fields)
        lines.check(company, record, old)
        check_customer(company, record, old)
        active(company, "Term", fields, "SalesTermRef")
        active(company, "Account", fields, "DepositToAccountRef")
        add_up(company, record)
        dates.refuse_closed(company, fields["TxnDate"], old.fields["TxnDate"] if old else "")
        settle_addresses(company, record)

    def admit(self, company: Company, record: Record, old: Record | None, include: frozenset[str]) -> None:
        numbering.admit(company, record, old, include)

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
            fields["DueDate"] = dates.due(company, record)
        for name in _ONLINE:
            fields[name] = bool(company.settings.online_payments) or bool(fields.get(name))
        record.sale.minted = record.sale.minted or (old is not None and company.settings.online_payments)

    def _due_moves(self, fields: dict[str, Any], old: Record | None) -> bool:
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
            raise problems.business("An e-mail address is required.", "6420", "Email required")
        _check_inventory(company, record)
        if old is not None and record.sale.applied:
            _check_paid(company, record, old)

    def after(self, company: Company, record: Record, old: Record | None) -> None:
        super().after(company, record, old)
        unapply(company, record)


def _refuse_foreign_links(fields: dict[str, Any]) -> None:
    """Payments link from their own side; of estimates and the like these books hold none."""
    for link in fields.get("LinkedTxn", []):
        if link.get("TxnType") not in {"Payment", "ReimburseCharge"}:
            raise problems.not_found()


def _bad_mails(fields: dict[str, Any]) -> list[Problem]:
    found = []
    for name in _MAILS:
        given = fields.get(name, {}).get("Address", "")
        addresses = [one.strip() for one in given.split(",")] if given else []
        found += [problems.bad_email(one, name) for one in addresses if not names.looks_like_email(one)]
    return found


def check_customer(company: Company, record: Record, old: Record | None) -> None:
    """Unknown or inactive; a form that has its customer already may keep an inactive one."""
    id_ = record.fields["CustomerRef"]["value"]
    customer = company.find("Customer", id_)
    if customer is None or not customer.active:
        if old is not None and old.fields["CustomerRef"]["value"] == id_:
            return
        raise problems.bad_reference(str(company.switch("inactive_customer_code")), "Names", id_)


def _check_inventory(company: Company, record: Record) -> None:
    for line in lines.item_lines(record.fields["Line"]):
        item = company.find("Item", line[ITEM_LINE].get("ItemRef", {}).get("value", ""))
        start = item.fields.get("InvStartDate", "") if item else ""
        if start and record.fields["TxnDate"] < start:
            raise problems.business(
                "The date is earlier than the inventory start date of an item.", "6270", "Inventory date"
            )


def _check_paid(company: Company, record: Record, old: Record) -> None:
    if record.fields["CustomerRef"] != old.fields["CustomerRef"]:
        raise problems.not_linkable("The payments of this invoice belong to its customer.")
    if record.sale.open < 0 and company.switch("invoice_below_payments") == "refuse":
        raise problems.business("The total of an invoice cannot be less than what was paid on it.")


def refuse_linked(company: Company, record: Record) -> None:
    if record.sale.applied:
        code = str(company.switch("linked_refusal_code"))
        raise Refused(
            Problem(
                code,
                "A business validation error has occurred",
                "Business Validation Error: The transaction is linked to others. Remove the links first.",
                "",
            )
        )
