"""The companies' books in memory: records as stored, before any rule decides how they look on the wire."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from integrations.simulator.quickbooks.entities import MODELLED
from integrations.simulator.quickbooks.presenting import bare

if TYPE_CHECKING:
    from datetime import datetime

    from integrations.simulator.switches import Setting
    from integrations.simulator.world import World

PEOPLE = ("Customer", "Vendor", "Employee")
_ADDRESSES = ("BillAddr", "ShipAddr", "PrimaryAddr")
FIRST_REALM = 9_341_450_000_000_001


@dataclass
class Record:
    """`fields` holds what was written, cleaned; everything derived is computed when the record is shown."""

    entity: str
    id: str
    created: datetime
    updated: datetime
    fields: dict[str, Any]
    sync_token: int = 0
    balance_cents: int = 0
    unbilled_cents: int = 0
    address_ids: dict[str, str] = field(default_factory=dict)
    pseudonym: str = field(default_factory=lambda: uuid4().hex)

    @property
    def active(self) -> bool:
        return bool(self.fields.get("Active", True))

    @property
    def parent_id(self) -> str:
        return str(self.fields.get("ParentRef", {}).get("value", "")) if self.fields.get("Job") else ""


@dataclass(frozen=True)
class Settings:
    """What the owner of the books has chosen; `book_close_date` is YYYY-MM-DD or empty."""

    company_name: str
    country: str = "US"
    home_currency: str = "USD"
    multicurrency: bool = False
    custom_txn_numbers: bool = False
    using_sales_tax: bool = False
    book_close_date: str = ""


@dataclass(frozen=True)
class Remembered:
    """An answer kept for its requestid."""

    at: datetime
    asked: tuple[str, bytes]
    status: int
    body: bytes
    content_type: str


class Company:
    def __init__(self, world: World, realm_id: str, settings: Settings) -> None:
        self.world = world
        self.realm_id = realm_id
        self.settings = settings
        self.opened = world.clock.now()
        self.records: dict[str, dict[str, Record]] = {name: {} for name in MODELLED}
        self.requests: dict[str, Remembered] = {}
        self.changes: list[tuple[str, str, str]] = []
        self._ids: dict[str, Iterator[int]] = defaultdict(lambda: itertools.count(1))
        self._ids["Account"] = itertools.count(1_150_040_001)

    @property
    def name(self) -> str:
        return self.settings.company_name

    def switch(self, name: str) -> Setting:
        return self.world.switches[name]

    def now(self) -> datetime:
        """Whole seconds: QuickBooks shows no more, and compares no more."""
        return self.world.clock.now().replace(microsecond=0)

    def next_id(self, kind: str) -> str:
        """Customers, vendors and employees share one row of numbers, as their names share one list."""
        return str(next(self._ids["person" if kind in PEOPLE else kind]))

    def number_from(self, kind: str, first: int) -> None:
        self._ids["person" if kind in PEOPLE else kind] = itertools.count(first)

    def find(self, entity: str, id_: str) -> Record | None:
        return self.records[entity].get(id_)

    def add(self, record: Record) -> None:
        self.records[record.entity][record.id] = record
        self.changed(record, "Create")

    def changed(self, record: Record, operation: str = "Update") -> None:
        self.changes.append((record.entity, record.id, operation))

    def people(self) -> Iterator[Record]:
        for kind in PEOPLE:
            yield from self.records[kind].values()

    def children(self, record: Record) -> list[Record]:
        """None for a record that has no number yet."""
        return [
            one for one in self.records[record.entity].values() if record.id and one.parent_id == record.id
        ]

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

    def number_addresses(self, record: Record) -> None:
        for name in _ADDRESSES:
            if name in record.fields and (self.switch("address_ids_move") or name not in record.address_ids):
                record.address_ids[name] = self.next_id("address")


class QuickBooks:
    def __init__(self, world: World) -> None:
        self._world = world
        self.companies: dict[str, Company] = {}
        self._realms = itertools.count(FIRST_REALM)

    def open_company(self, settings: Settings, realm_id: str = "") -> Company:
        realm = realm_id or next(str(one) for one in self._realms if str(one) not in self.companies)
        company = self.companies[realm] = Company(self._world, realm, settings)
        return company

    def announce(self) -> None:
        """Tells the webhook sender what changed; never to be called with the world's lock held."""
        with self._world.lock:
            told = [(one.realm_id, *change) for one in self.companies.values() for change in one.changes]
            for company in self.companies.values():
                company.changes.clear()
        for realm, entity, id_, operation in told:
            self._world.webhooks.quickbooks_changed(realm, entity, id_, operation)

    def as_dict(self) -> dict[str, dict[str, list[dict[str, Any]]]]:
        return {
            realm: {
                kind: [bare(company, one) for one in records.values()]
                for kind, records in company.records.items()
            }
            for realm, company in self.companies.items()
        }
