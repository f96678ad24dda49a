"""Deposits: a person takes payments to the bank, and from then on nobody changes them."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from simulator.quickbooks import problems
from simulator.quickbooks.ruling import Rules, active
from simulator.quickbooks.sales import dates
from simulator.quickbooks.sales.payments import undeposited_funds

if TYPE_CHECKING:
    from simulator.quickbooks.state import Company, Record


@dataclass(frozen=True)
class DepositRules(Rules):
    """Its lines are the payments, each whole; they come from Undeposited Funds."""

    def settle(self, company: Company, record: Record, old: Record | None) -> None:
        record.fields.setdefault("TxnDate", dates.today(company))
        record.fields.setdefault("Line", [])
        payments = [_payment(company, one) for one in record.fields["Line"]]
        for line, payment in zip(record.fields["Line"], payments, strict=True):
            line["Amount"] = Decimal(payment.sale.total).scaleb(-2)
        record.sale.total = sum(one.sale.total for one in payments)

    def check(self, company: Company, record: Record, old: Record | None) -> None:
        if not record.fields["Line"]:
            raise problems.no_lines()
        if "DepositToAccountRef" not in record.fields:
            raise problems.missing("DepositToAccountRef")
        active(company, "Account", record.fields, "DepositToAccountRef")
        dates.refuse_closed(company, record.fields["TxnDate"])
        if old is not None:
            raise problems.business("A deposit is not changed here; remove it and make another.")
        for line in record.fields["Line"]:
            _refuse_elsewhere(company, _payment(company, line))

    def after(self, company: Company, record: Record, old: Record | None) -> None:
        for line in record.fields["Line"]:
            _mark(company, _payment(company, line), record.id)


def _payment(company: Company, line: dict[str, Any]) -> Record:
    found = company.find("Payment", line["LinkedTxn"][0]["TxnId"]) if line.get("LinkedTxn") else None
    if found is None:
        raise problems.not_found()
    return found


def _refuse_elsewhere(company: Company, payment: Record) -> None:
    elsewhere = payment.fields["DepositToAccountRef"]["value"] != undeposited_funds(company)
    if payment.sale.deposit_id or payment.sale.voided or elsewhere:
        raise problems.business(f"Payment {payment.id} does not wait in Undeposited Funds.")


def _mark(company: Company, payment: Record, deposit_id: str) -> None:
    payment.sale.deposit_id = deposit_id
    payment.sync_token += 1
    payment.updated = company.now()
    company.changed(payment)


def undo(company: Company, record: Record) -> None:
    dates.refuse_closed(company, record.fields["TxnDate"])
    for line in record.fields["Line"]:
        _mark(company, _payment(company, line), "")
    company.remove(record)
