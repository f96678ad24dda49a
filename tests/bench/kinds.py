"""What a backlog may consist of: how it is made, what sets it off, and how many QuickBooks writes it may cost."""

from __future__ import annotations

import json
from typing import Any, Protocol

from tests.processes.process_stack import Tenant


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
    SyncRun.objects.request(SyncRun(
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
    """Invoices made after the switch-on, while nobody was looking: one write each, for Coperniq numbers them."""

    def __init__(self) -> None:
        self.projects: list[dict[str, Any]] = []
        self.records = 0

    def prepare(self, tenant: Tenant, accounts: int, records: int) -> None:
        settings = {"custom_txn_numbers": True}
        tenant.house.simulator.control(f"quickbooks/{tenant.realm}", settings, "PATCH")
        self.projects, self.records = accounts_with_a_job(tenant, accounts), records

    def release(self, tenant: Tenant) -> None:
        """Only invoices younger than the switch are pushed by themselves. “Hours” is an item on both sides."""
        tenant.house.manage("configure", "--company", tenant.slug, "invoice_sync=on")
        simulator = tenant.house.simulator
        item = simulator.make("catalog-items", tenant.api_key, name="Hours")["id"]
        for number in range(self.records):
            project = self.projects[number % len(self.projects)]
            lines = [{"catalogItemId": item, "quantity": 2, "unitPrice": 100 + number}]
            simulator.make("invoices", tenant.api_key, recordId=project["id"], lineItems=lines)


KINDS: dict[str, type[Jobs] | type[Invoices]] = {"job": Jobs, "invoice": Invoices}
