"""What a backlog may consist of: how it is made, what sets it off, and how many QuickBooks writes it may cost."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol

from tests.processes.house import Tenant

HANDS = 4


class Backlog(Protocol):
    """`prepare` makes accounts that are linked and records nobody has looked at; `release` makes all of them due."""

    def prepare(self, tenant: Tenant, accounts: int, records: int) -> None: ...
    def release(self, tenant: Tenant) -> None: ...


def accounts_with_a_job(tenant: Tenant, accounts: int) -> list[dict[str, Any]]:
    """Their first projects, pushed."""
    projects = [tenant.project(f"Client{number} Smith", number) for number in range(1, accounts + 1)]
    for project in projects:
        tenant.enter(project)
    assert tenant.sync(120) == 0
    assert len(tenant.jobs()) == accounts
    return projects


class Jobs:
    """Projects that enter the trigger phase: one write each, none for their customers, who are there already."""

    def __init__(self) -> None:
        self.projects: list[dict[str, Any]] = []

    def prepare(self, tenant: Tenant, accounts: int, records: int) -> None:
        owners = accounts_with_a_job(tenant, accounts)
        for number in range(records):
            owner = owners[number % accounts]["accountId"]
            self.projects.append(tenant.project_of(owner, f"Roof {number}", 10_000 + number))

    def release(self, tenant: Tenant) -> None:
        with ThreadPoolExecutor(HANDS) as hands:
            list(hands.map(tenant.enter, self.projects))


class Invoices:
    """Sent invoices that wait for invoice sync to be switched on: one write each."""

    def prepare(self, tenant: Tenant, accounts: int, records: int) -> None:
        self.switch(tenant, "off")
        projects = accounts_with_a_job(tenant, accounts)
        simulator = tenant.house.simulator
        item = simulator.make("catalog-items", tenant.api_key, name="Panel", code="P-1")
        for number in range(records):
            line = {"catalogItemId": item["id"], "quantity": 2, "unitCost": 4, "unitPrice": 100 + number}
            values = {
                "recordId": projects[number % accounts]["id"],
                "calculationMethod": "LINE_ITEMS",
                "lineItems": [line],
                "dueDate": "2999-01-01T00:00:00.000Z",
            }
            made = simulator.make("invoices", tenant.api_key, **values)
            simulator.control(f"coperniq/{tenant.api_key}/invoices/{made['id']}/send", {})

    def release(self, tenant: Tenant) -> None:
        """Only invoices younger than the switch are pushed by themselves, so `push_from` has to look back."""
        self.switch(tenant, "on")

    def switch(self, tenant: Tenant, state: str) -> None:
        tenant.house.manage("configure", "--company", tenant.slug, f"invoice_sync={state}")


KINDS: dict[str, type[Jobs] | type[Invoices]] = {"job": Jobs, "invoice": Invoices}
