"""The books on the board: the newest invoices and payments, flattened for the template."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from simulator.quickbooks.state import Company, Record

SHOWN = 40
GLOW = timedelta(seconds=30)


@dataclass(frozen=True)
class Invoice:
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
class Payment:
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

    invoices: list[Invoice]
    invoices_of: int
    payments: list[Payment]
    payments_of: int


def sales(company: Company | None, now: datetime) -> Sales:
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


def invoice_row(company: Company, record: Record, now: datetime) -> Invoice:
    fields, sale = record.fields, record.sale
    return Invoice(
        id=record.id,
        number=fields.get("DocNumber", ""),
        customer=_named(company, record, "CustomerRef", "Customer"),
        total=money(sale.total),
        open=money(sale.open),
        state=state_of(record),
        mail={"EmailSent": "e-mailed", "NeedToSend": "to be e-mailed"}.get(fields["EmailStatus"], "not sent"),
        due=fields.get("DueDate", ""),
        glows=now - record.updated < GLOW,
    )


def state_of(record: Record) -> str:
    sale = record.sale
    if sale.voided:
        return "voided"
    if sale.open == 0 and sale.total > 0:
        return "paid"
    return "partial" if 0 < sale.open < sale.total else "open"


def payment_row(company: Company, record: Record, now: datetime) -> Payment:
    fields, sale = record.fields, record.sale
    return Payment(
        id=record.id,
        amount=money(sale.total),
        customer=_named(company, record, "CustomerRef", "Customer"),
        date=fields["TxnDate"],
        method=_named(company, record, "PaymentMethodRef", "PaymentMethod"),
        account=_named(company, record, "DepositToAccountRef", "Account"),
        reference=fields.get("PaymentRefNum", ""),
        applied=", ".join(_applied(company, key, cents) for key, cents in sale.applied.items()),
        unapplied=money(sale.open) if sale.open else "",
        voided=sale.voided,
        deposited=bool(sale.deposit_id),
        glows=now - record.updated < GLOW,
    )


def _applied(company: Company, key: str, cents: int) -> str:
    kind, _, id_ = key.partition(":")
    target = company.find(kind, id_)
    number = target.fields.get("DocNumber", "") if target else ""
    word = "invoice" if kind == "Invoice" else "credit"
    return f"{money(abs(cents))} {'to' if cents >= 0 else 'from'} {word} {number or 'without number'}"


def _named(company: Company, record: Record, name: str, entity: str) -> str:
    target = company.find(entity, record.fields.get(name, {}).get("value", ""))
    return company.full_name(target).replace(":", ": ") if target else ""


def money(cents: int) -> str:
    sign = "-" if cents < 0 else ""
    return f"{sign}${abs(cents) // 100:,}.{abs(cents) % 100:02d}"
