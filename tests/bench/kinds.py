"""What a backlog may consist of: how it is made, what sets it off, and how many QuickBooks writes it may cost."""

from __future__ import annotations

import json
from typing import Any, Protocol

from tests.processes.house import Tenant


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
    """Jobs that are all asked for at once: one write each, none for their customers, who are there already."""

    ASK = """
import json, os
from integrations.models import QuickBooksConnection, SyncRun
connection = QuickBooksConnection.objects.get(realm_id=os.environ["REALM"])
for account_id, project_id in json.loads(os.environ["PROJECTS"]):
    SyncRun.objects.ask(SyncRun(
        company=connection.company, connection=connection, kind="job", action="push_job",
        coperniq_id=project_id, coperniq_account_id=account_id,
    ))
"""

    def __init__(self) -> None:
        self.projects: list[tuple[str, str]] = []

    def prepare(self, tenant: Tenant, accounts: int, records: int) -> None:
        owners = accounts_with_a_job(tenant, accounts)
        for number in range(records):
            owner = owners[number % accounts]["accountId"]
            made = tenant.project_of(owner, f"Roof {number}", 10_000 + number)
            self.projects.append((str(owner), str(made["id"])))
        assert tenant.sync(300) == 0, "the poller has seen them, and there is nothing to do"

    def release(self, tenant: Tenant) -> None:
        tenant.house.manage(
            "shell", "-v0", "-c", self.ASK, REALM=tenant.realm, PROJECTS=json.dumps(self.projects)
        )


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
