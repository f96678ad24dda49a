"""Coperniq's records as they are stored: money in integer cents, times aware, links by id."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal

from simulator.coperniq.validation import Json


@dataclass
class User:
    id: int
    email: str
    password: str
    first_name: str
    last_name: str


@dataclass
class Stamped:
    """What every record carries; `by` is None where a machine, not a user, acted."""

    id: int
    created_at: datetime
    updated_at: datetime
    created_by: User | None
    updated_by: User | None


@dataclass
class Account(Stamped):
    number: int
    title: str
    address: str = ""
    description: str | None = None
    account_type: str | None = None
    primary_email: str | None = None
    primary_phone: str | None = None
    is_active: bool = True
    custom: Json = field(default_factory=dict)


@dataclass
class Contact(Stamped):
    name: str
    phones: list[str] = field(default_factory=list)
    emails: list[str] = field(default_factory=list)
    title: str | None = None
    account_ids: list[int] = field(default_factory=list)
    project_ids: list[int] = field(default_factory=list)


@dataclass
class Site(Stamped):
    account_id: int
    title: str | None = None
    full_address: str | None = None
    street: str | None = None
    city: str | None = None
    state: str | None = None
    zipcode: str | None = None
    geo_location: str | None = None
    timezone: str | None = None


@dataclass
class PhaseTemplate:
    id: int
    name: str
    type: str
    description: str | None = None
    red_sla: int | None = None
    yellow_sla: int | None = None


@dataclass
class Workflow(Stamped):
    """`generation` 1 has stages, whose changes no webhook sends; 2 is "Workflows 2.0"."""

    name: str
    description: str | None = None
    generation: int = 2
    phases: list[PhaseTemplate] = field(default_factory=list)


@dataclass
class PhaseInstance:
    id: int
    template: PhaseTemplate
    name: str
    position: int
    status: str = "NOT_STARTED"
    started_at: datetime | None = None
    completed_at: datetime | None = None


@dataclass
class Project(Stamped):
    number: int
    title: str
    address: str = ""
    description: str | None = None
    status: str = "ACTIVE"
    is_active: bool = True
    value: int | None = None
    size: Decimal | None = None
    trades: list[str] = field(default_factory=lambda: ["Solar"])
    account_id: int | None = None
    workflow_id: int | None = None
    primary_email: str | None = None
    primary_phone: str | None = None
    custom: Json = field(default_factory=dict)
    phases: list[PhaseInstance] = field(default_factory=list)

    @property
    def current(self) -> PhaseInstance | None:
        """The running phase begun last, else the one completed last, else none."""
        for status in ("IN_PROGRESS", "COMPLETED"):
            begun = [
                (one.started_at, one.id, one)
                for one in self.phases
                if one.status == status and one.started_at
            ]
            if begun:
                return max(begun)[2]
        return None


@dataclass
class CatalogItem(Stamped):
    """Cost and price in cents; None where the seller left them open."""

    name: str
    type: str
    category: str
    trade_group: str = "OTHER"
    manufacturer: str | None = None
    sku: str | None = None
    code: str | None = None
    description: str | None = None
    cost: int | None = None
    price: int | None = None
    preferred_vendor_id: int | None = None
    is_archived: bool = False


@dataclass
class Property:
    """A standard or custom property of one record type (`account`, `project`, ...)."""

    record_type: str
    name: str
    key_name: str
    type: str = "TEXT"
    is_multiple: bool = False
    options: list[str] = field(default_factory=list)
    is_custom: bool = True


@dataclass
class Key:
    """An API key carries the role of the user who made it; `used` and `recent` hold the moments of the calls that count
    towards the day's and the second's limit.
    """

    id: int
    token: str
    name: str
    description: str
    user: User
    per_day: int = 5000
    used: deque[datetime] = field(default_factory=deque)
    recent: deque[datetime] = field(default_factory=deque)


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
