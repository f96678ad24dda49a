"""QuickBooks companies in memory: records as stored, before any rule decides how the API shows them."""

from __future__ import annotations

import itertools
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import uuid4

from simulator.environment import Environment
from simulator.quickbooks.entities import JOURNAL_LINE, MODELLED
from simulator.quickbooks.responses import Json
from simulator.switches import Setting
from simulator.webhooks.sender import Webhooks

IndexKey = tuple[str, str, str]  # entity, property, value
PARENT = "ParentRef"


class Index:
    """`put` a record again whenever its fields changed. It is blind to case, as queries are."""

    def __init__(self) -> None:
        self._found: dict[IndexKey, dict[str, Record]] = defaultdict(dict)
        self._keys: dict[str, list[IndexKey]] = {}

    def put(self, record: Record) -> None:
        self.drop(record)
        keys = self._keys[record.pseudonym] = _index_keys(record)
        for key in keys:
            self._found[key][record.pseudonym] = record

    def drop(self, record: Record) -> None:
        for key in self._keys.pop(record.pseudonym, []):
            self._found[key].pop(record.pseudonym, None)

    def by(self, entity: str, name: str, value: str) -> list[Record]:
        """In the order of their numbers."""
        return sorted(self._found.get((entity, name, value.lower()), {}).values(), key=lambda one: one.number)

    def children(self, record: Record) -> list[Record]:
        return self.by(record.entity, PARENT, record.id)


def customers_named(lines: list[Json]) -> Iterator[str]:
    for line in lines:
        named = line.get(JOURNAL_LINE, {}).get("Entity", {})
        if named.get("Type") == "Customer":
            yield str(named["EntityRef"]["value"])


def _index_keys(record: Record) -> list[IndexKey]:
    values = {
        "DocNumber": record.fields.get("DocNumber", ""),
        "CustomerRef": record.customer_id,
        PARENT: record.parent_id,
    }
    return [(record.entity, name, str(value).lower()) for name, value in values.items() if value]


PEOPLE = ("Customer", "Vendor", "Employee")
TRANSACTIONS = ("Invoice", "Payment", "CreditMemo", "Deposit", "JournalEntry")
_ADDRESSES = ("BillAddr", "ShipAddr", "PrimaryAddr")
FIRST_REALM = 9_341_450_000_000_001


@dataclass
class Sale:
    """What the money side of a record adds up to, in cents.

    `applied`: by number of the payment, what it pays of this invoice or uses of this credit. On a payment, by kind and
    number ("Invoice:155"), what it gives away; what it takes from credit memos and journal entries is negative.
    """

    total: int = 0
    subtotal: int = 0
    tax: int = 0
    discount: int = 0
    deposit: int = 0
    lines_used: int = 0
    voided: bool = False
    has_payment_link: bool = False
    free_form: bool = False
    sent_at: datetime | None = None
    deposit_id: str = ""
    applied: dict[str, int] = field(default_factory=dict)

    @property
    def open(self) -> int:
        return self.total - self.deposit - sum(self.applied.values())


@dataclass
class Record:
    """`fields` holds what was written, cleaned; everything derived is computed when the record is shown."""

    entity: str
    id: str
    created: datetime
    updated: datetime
    fields: Json
    sync_token: int = 0
    balance_cents: int = 0
    unbilled_cents: int = 0
    address_ids: dict[str, str] = field(default_factory=dict)
    pseudonym: str = field(default_factory=lambda: uuid4().hex)
    sale: Sale = field(default_factory=Sale)

    def copy(self, fields: Json) -> Record:
        """The same record with other fields, to be changed without changing this one."""
        sale = replace(self.sale, applied=dict(self.sale.applied))
        return replace(self, fields=fields, address_ids=dict(self.address_ids), sale=sale)

    @property
    def number(self) -> int:
        return int(self.id)

    @property
    def own_name(self) -> str:
        return str(self.fields.get("DisplayName") or self.fields.get("Name", ""))

    @property
    def active(self) -> bool:
        return bool(self.fields.get("Active", True))

    @property
    def customer_id(self) -> str:
        """Whose balance it moves. A journal entry names a customer on one of its lines."""
        if self.entity == "JournalEntry":
            return next(customers_named(self.fields.get("Line", [])), "")
        return str(self.fields.get("CustomerRef", {}).get("value", ""))

    @property
    def parent_id(self) -> str:
        nested = self.entity in {"Account", "Item"} or self.fields.get("Job")
        return str(self.fields.get("ParentRef", {}).get("value", "")) if nested else ""


@dataclass(frozen=True)
class Settings:
    """What the owner of the company has chosen.

    `book_close_date` is YYYY-MM-DD or empty; `default_terms` the number of a term or empty; `tax_percent` the one
    rate of this company.
    """

    company_name: str
    country: str = "US"
    home_currency: str = "USD"
    multicurrency: bool = False
    custom_txn_numbers: bool = False
    using_sales_tax: bool = False
    book_close_date: str = ""
    allow_discount: bool = True
    allow_deposit: bool = False
    default_terms: str = "3"
    online_payments: bool = False
    auto_apply_credit: bool = False
    automated_sales_tax: bool = False
    tax_percent: str = "8"


@dataclass(frozen=True)
class Remembered:
    """An answer kept for its requestid."""

    at: datetime
    asked: tuple[str, bytes]
    status: int
    body: bytes
    content_type: str


def _row_of_numbers(kind: str) -> str:
    return "person" if kind in PEOPLE else "transaction" if kind in TRANSACTIONS else kind


class Company:
    def __init__(self, environment: Environment, realm_id: str, settings: Settings) -> None:
        self.environment = environment
        self.realm_id = realm_id
        self.settings = settings
        self.opened = environment.clock.at("quickbooks")
        self.records: dict[str, dict[str, Record]] = {name: {} for name in MODELLED}
        self.requests: dict[str, Remembered] = {}
        self.changes: list[tuple[str, ...]] = []
        self.deleted: dict[str, dict[str, datetime]] = {name: {} for name in MODELLED}
        self._ids: dict[str, Iterator[int]] = defaultdict(lambda: itertools.count(1))
        self._ids["Account"] = itertools.count(1_150_040_001)
        self.index = Index()
        self.last_number = "1000"
        self.preferences_version = 0
        self.preferences_updated = self.opened

    @property
    def name(self) -> str:
        return self.settings.company_name

    def switch(self, name: str) -> Setting:
        return self.environment.switches[name]

    def change_settings(self, chosen: Json) -> None:
        """A change of the settings is a new version of Preferences."""
        self.settings = replace(self.settings, **chosen)
        self.preferences_version += 1
        self.preferences_updated = self.now()
        self.changes.append(("Preferences", "1", "Update"))

    def now(self) -> datetime:
        """Whole seconds: QuickBooks shows no more, and compares no more."""
        return self.environment.clock.at("quickbooks").replace(microsecond=0)

    def next_id(self, kind: str) -> str:
        """Customers, vendors and employees share one row of numbers, as their names share one list. So do sales."""
        return str(next(self._ids[_row_of_numbers(kind)]))

    def number_from(self, kind: str, first: int) -> None:
        self._ids[_row_of_numbers(kind)] = itertools.count(first)

    def find(self, entity: str, id_: str) -> Record | None:
        return self.records[entity].get(id_)

    def add(self, record: Record) -> None:
        self.records[record.entity][record.id] = record
        self.index.put(record)
        self.changed(record, "Create")

    def remove(self, record: Record) -> None:
        del self.records[record.entity][record.id]
        self.index.drop(record)
        self.deleted[record.entity][record.id] = self.now()
        self.changed(record, "Delete")

    def changed(self, record: Record, operation: str = "Update") -> None:
        self.changes.append((record.entity, record.id, operation))

    def people(self) -> Iterator[Record]:
        for kind in PEOPLE:
            yield from self.records[kind].values()

    def children(self, record: Record) -> list[Record]:
        """None for a record that has no number yet."""
        return self.index.children(record) if record.id else []

    def parent(self, record: Record) -> Record | None:
        return self.find(record.entity, record.parent_id) if record.parent_id else None

    def ancestors(self, record: Record) -> list[Record]:
        """Nearest first."""
        line: list[Record] = []
        above = self.parent(record)
        while above is not None and above not in line:
            line.append(above)
            above = self.parent(above)
        return line

    def depth_below(self, record: Record) -> int:
        return max((1 + self.depth_below(one) for one in self.children(record)), default=0)

    def full_name(self, record: Record) -> str:
        return ":".join(one.own_name for one in [*reversed(self.ancestors(record)), record])

    def number_addresses(self, record: Record) -> None:
        for name in _ADDRESSES:
            if name in record.fields and (self.switch("address_ids_move") or name not in record.address_ids):
                record.address_ids[name] = self.next_id("address")


class QuickBooks:
    def __init__(self, environment: Environment, webhooks: Webhooks) -> None:
        self._environment, self._webhooks = environment, webhooks
        self.companies: dict[str, Company] = {}
        self._realms = itertools.count(FIRST_REALM)

    def open_company(self, settings: Settings, realm_id: str = "") -> Company:
        realm = realm_id or next(str(one) for one in self._realms if str(one) not in self.companies)
        company = self.companies[realm] = Company(self._environment, realm, settings)
        return company

    def announce(self) -> None:
        """Tells the webhook sender what changed; never to be called with the world's lock held."""
        with self._environment.lock:
            changes = [(one.realm_id, *change) for one in self.companies.values() for change in one.changes]
            for company in self.companies.values():
                company.changes.clear()
        for realm, *change in changes:
            self._webhooks.quickbooks_changed(realm, *change)


Owed = Counter[str]
_SIGNS = {"Invoice": 1, "CreditMemo": -1, "JournalEntry": -1, "Payment": -1}


def owed(*records: Record | None) -> Owed:
    """By customer, what these records make of their balances: open invoices, less credits and unapplied payments."""
    found: Owed = Counter()
    for record in records:
        if record is not None and record.entity in _SIGNS:
            found[record.customer_id] += _SIGNS[record.entity] * record.sale.open
    return found


def rebalance(company: Company, before: Owed, after: Owed) -> None:
    for id_ in {**before, **after}:
        customer = company.find("Customer", id_)
        if customer is not None and after[id_] != before[id_]:
            customer.balance_cents += after[id_] - before[id_]
            touch(company, customer)


def touch(company: Company, customer: Record) -> None:
    customer.updated = company.now()
    company.changed(customer)
    touch_ancestors(company, customer)


def touch_ancestors(company: Company, record: Record) -> None:
    for above in company.ancestors(record):
        above.updated = company.now()
        company.changed(above)
