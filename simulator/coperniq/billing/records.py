"""Invoices with their lines and payments as they are stored: money in integer cents."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING

from simulator.coperniq.records import Stamped

if TYPE_CHECKING:
    from datetime import datetime

STATUSES = ("DRAFT", "SENT", "DECLINED", "PAID", "PARTIALLY_PAID", "OVERDUE")
WRITTEN_ON_CREATE = ("DRAFT", "SENT", "PARTIALLY_PAID", "PAID")
METHODS = ("CASH", "ACH", "CREDIT_CARD", "KLARNA", "AFFIRM", "CHECK")
CALCULATIONS = ("LINE_ITEMS", "PERCENTAGE")


@dataclass
class Line:
    """`id` 0 is a line that a request brings new."""

    id: int
    catalog_item_id: int
    quantity: int
    unit_cost: int
    unit_price: int
    description: str | None = None
    section: str | None = None

    @property
    def total(self) -> int:
        return self.quantity * self.unit_price


@dataclass
class Payment(Stamped):
    """`number` is printed as `invoiceNumber`, which is the payment's own."""

    number: int
    amount: int
    status: str
    method: str
    date: datetime | None = None
    reference: str | None = None
    notes: str | None = None
    is_external: bool = False


@dataclass
class Invoice(Stamped):
    """`beyond_lines`: what a person's total has over the sum of the lines, such as a tax that no field shows."""

    uid: int
    record_id: int
    calculation: str
    status: str = "DRAFT"
    title: str | None = None
    description: str | None = None
    issue_date: datetime | None = None
    due_date: datetime | None = None
    percentage: Decimal | None = None
    base_amount: int | None = None
    lines: list[Line] = field(default_factory=list)
    beyond_lines: int = 0
    amount_paid: int = 0
    is_archived: bool = False
    shared_with_portal: bool = False
    aged: bool = False
    payments: list[Payment] = field(default_factory=list)

    @property
    def amount(self) -> int:
        return self.computed + self.beyond_lines

    @property
    def computed(self) -> int:
        if self.calculation == "LINE_ITEMS":
            return sum(one.total for one in self.lines)
        share = (self.percentage or Decimal(0)) * (self.base_amount or 0) / 100
        return int(share.to_integral_value(ROUND_HALF_UP))
