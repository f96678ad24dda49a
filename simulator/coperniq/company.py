"""One Coperniq company: its records, its people and its keys. Nothing in it is reachable with another company's key."""

from __future__ import annotations

import itertools
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from simulator.coperniq.errors import Refused
from simulator.coperniq.records import (
    Account,
    CatalogItem,
    Contact,
    Key,
    PhaseTemplate,
    Project,
    Property,
    Site,
    Stamped,
    User,
    Workflow,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from simulator.coperniq.billing.records import Invoice
    from simulator.environment import Environment
    from simulator.webhooks.sender import Webhooks

FIRST_IDS = {
    "company": 101,
    "user": 11,
    "key": 71,
    "record": 10001,  # accounts and projects share one row of numbers: an invoice's recordId names either
    "contact": 501,
    "site": 301,
    "workflow": 21,
    "phase": 51,
    "instance": 9001,
    "catalog": 701,
    "invoice": 20001,
    "line": 40001,
    "payment": 60001,
    "event": 48001,
}


_NAMES = {
    "accounts": "Account",
    "contacts": "Contact",
    "sites": "Site",
    "projects": "Project",
    "workflows": "Workflow",
    "catalog": "Catalog item",
    "invoices": "Invoice",
}


class Ids:
    """One row of ids per kind over all companies, so that a foreign id is never also an own one."""

    def __init__(self) -> None:
        self._rows: dict[str, Iterator[int]] = {
            kind: itertools.count(first) for kind, first in FIRST_IDS.items()
        }

    def next(self, kind: str) -> int:
        return next(self._rows[kind])


@dataclass
class Company:
    environment: Environment
    webhooks: Webhooks
    siblings: list[Company]  # all companies there are, this one among them
    ids: Ids
    id: int
    name: str
    users: list[User] = field(default_factory=list)
    keys: list[Key] = field(default_factory=list)
    accounts: dict[int, Account] = field(default_factory=dict)
    contacts: dict[int, Contact] = field(default_factory=dict)
    sites: dict[int, Site] = field(default_factory=dict)
    projects: dict[int, Project] = field(default_factory=dict)
    workflows: dict[int, Workflow] = field(default_factory=dict)
    catalog: dict[int, CatalogItem] = field(default_factory=dict)
    invoices: dict[int, Invoice] = field(default_factory=dict)
    properties: list[Property] = field(default_factory=list)
    _highest: dict[str, int] = field(default_factory=lambda: defaultdict(lambda: 1000))

    @property
    def person(self) -> User:
        """Who acts when somebody uses the web application."""
        return self.users[0]

    @property
    def first_token(self) -> str:
        return self.keys[0].token

    @property
    def switches(self) -> dict[str, Any]:
        return self.environment.switches

    def now(self) -> datetime:
        """Whole milliseconds, the finest the API prints."""
        now = self.environment.clock.at("coperniq")
        return now.replace(microsecond=now.microsecond // 1000 * 1000)

    def absent(self, kind: str, id: int) -> Refused:
        """A record of another company is as good as none, unless a switch makes it known as forbidden."""
        elsewhere = any(id in getattr(other, kind) for other in self.siblings)
        if elsewhere and self.switches["foreign_record_status"] == 403 and id not in getattr(self, kind):
            return Refused(403, "FORBIDDEN", "No access to this record")
        return Refused(404, "NOT_FOUND", f"{_NAMES[kind]} not found")

    def record(self, id: int) -> Account | Project | None:
        """What an invoice may be raised on."""
        return self.projects.get(id) or self.accounts.get(id)

    def stamp(self, kind: str, user: User | None) -> dict[str, Any]:
        now = self.now()
        return {
            "id": self.ids.next(kind),
            "created_at": now,
            "updated_at": now,
            "created_by": user,
            "updated_by": user,
        }

    def touch(self, record: Stamped, user: User | None) -> None:
        record.updated_at, record.updated_by = self.now(), user

    def next_number(self, kind: str) -> int:
        """After the highest ever given, by us or by a person; deleted records leave a gap."""
        self._highest[kind] += 1
        return self._highest[kind]

    def number_given(self, kind: str, number: int) -> None:
        self._highest[kind] = max(self._highest[kind], number)

    def add_user(self, email: str, password: str, first_name: str, last_name: str) -> User:
        user = User(self.ids.next("user"), email, password, first_name, last_name)
        self.users.append(user)
        return user

    def add_key(self, token: str, user: User, name: str = "", description: str = "") -> Key:
        key = Key(self.ids.next("key"), token, name, description, user)
        self.keys.append(key)
        return key

    def new_phase(self, **wanted: Any) -> PhaseTemplate:
        return PhaseTemplate(id=self.ids.next("phase"), **wanted)
