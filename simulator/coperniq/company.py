"""Coperniq's companies with their records, users, API keys and limits.

Nothing in one is reachable with another's key.
"""

from __future__ import annotations

import itertools
import secrets
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from flask import Response, jsonify

from simulator.coperniq.records import (
    Account,
    CatalogItem,
    Contact,
    Invoice,
    Key,
    PhaseTemplate,
    Project,
    Property,
    Site,
    Stamped,
    User,
    Workflow,
)
from simulator.coperniq.validation import Json, Refused
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
    def switches(self) -> Json:
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

    def stamp(self, kind: str, user: User | None) -> Json:
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

    def update(self, record: Stamped, user: User | None, values: Json) -> set[str]:
        """Writes what differs and names it; a write that changes nothing may move updatedAt as well."""
        changed = {name for name, value in values.items() if getattr(record, name) != value}
        for name in changed:
            setattr(record, name, values[name])
        if changed or self.switches["patch_always_touches"]:
            self.touch(record, user)
        return changed

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


_DAY, _SECOND = timedelta(days=1), timedelta(seconds=1)


def count_call(company: Company, key: Key) -> None:
    """Refused calls are not counted: a client that waits must get through again."""
    now = company.environment.clock.now()
    _forget(company, key, now)
    per_second = company.switches["requests_per_second"]
    if len(key.used) >= key.per_day or (per_second and len(key.recent) >= per_second):
        raise Refused(429, "RATE_LIMIT_EXCEEDED", "Rate limit exceeded")
    key.used.append(now)
    key.recent.append(now)


def _forget(company: Company, key: Key, now: datetime) -> None:
    start = now - _DAY
    if company.switches["daily_window"] == "fixed":
        start = now.replace(hour=0, minute=0, second=0, microsecond=0)
    while key.used and key.used[0] < start:
        key.used.popleft()
    while key.recent and now - key.recent[0] >= _SECOND:
        key.recent.popleft()


def limit_headers(company: Company, key: Key) -> dict[str, str]:
    if not company.switches["rate_limit_headers"]:
        return {}
    remaining = max(0, key.per_day - len(key.used))
    return {"X-RateLimit-Limit": str(key.per_day), "X-RateLimit-Remaining": str(remaining)}


def pretend_used(company: Company, key: Key, used: int) -> None:
    """As if the key had been used so often today; the second before now stays empty."""
    key.used.clear()
    key.used.extend([company.environment.clock.now()] * used)


def release_invoices(company: Company, records: set[int]) -> None:
    """Left as they are, they name no record; nothing has been deleted yet where this refuses."""
    rule = company.switches["delete_record_with_invoices"]
    mine = [one.id for one in company.invoices.values() if one.record_id in records]
    if mine and rule == "refuse":
        raise Refused(409, "CONFLICT", "The record has invoices")
    for id in mine if rule == "cascade" else []:
        del company.invoices[id]


class Coperniq:
    def __init__(self, environment: Environment, webhooks: Webhooks) -> None:
        self._environment, self._webhooks = environment, webhooks
        self._ids = Ids()
        self.companies: list[Company] = []

    def add_company(
        self, name: str, api_key: str, email: str = "", password: str = "demo-password"
    ) -> Company:
        id_ = self._ids.next("company")
        company = Company(self._environment, self._webhooks, self.companies, self._ids, id_, name)
        owner = company.add_user(email or f"owner{id_}@coperniq.example", password, "Dana", "Whitfield")
        company.add_key(api_key, owner, name="first key")
        self.companies.append(company)
        return company

    def find(self, token: str) -> tuple[Company, Key] | None:
        for company in self.companies:
            for key in company.keys:
                if secrets.compare_digest(key.token.encode(), token.encode()):
                    return company, key
        return None

    def log_in(self, email: str, password: str) -> tuple[Company, User] | None:
        for company in self.companies:
            for user in company.users:
                if (user.email, user.password) == (email, password):
                    return company, user
        return None


# A gateway's 403 has no code.
_FAULT_BODIES = {
    "throttle": (429, {"message": "Rate limit exceeded", "code": "RATE_LIMIT_EXCEEDED"}),
    "error_500": (500, {"message": "Internal server error", "code": "INTERNAL_SERVER_ERROR"}),
    "expired_token": (401, {"message": "Missing or invalid API key", "code": "UNAUTHORIZED"}),
    "forbidden": (403, {"message": "Forbidden"}),
}


def faulted(name: str) -> Response:
    status, body = _FAULT_BODIES[name]
    answer = jsonify(body)
    answer.status_code = status
    return answer
