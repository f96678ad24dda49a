"""The customer mapping as an admin of the company sees and uses it."""

from __future__ import annotations

from typing import Any

from django.test import Client
from django.utils import timezone

from accounts.models import User
from integrations.models import CustomerListRead
from integrations.sync.ingest.customer_mapping import due_mapping_reads
from tests.factories import JSON
from tests.portal_harness import PortalHarness

PAGE = "/integrations/customers/mapping/"


def go_on() -> None:
    """What the worker does when a read is due."""
    CustomerListRead.objects.update(next_at=timezone.now())
    for job in due_mapping_reads():
        job()


def enter(portal: PortalHarness, account: dict[str, Any], title: str = "Roof") -> None:
    portal.enter(portal.project(account, title))
    portal.work()


class MappingPage:
    def __init__(self, user: User) -> None:
        self.client = Client()
        self.client.force_login(user)

    def rows(self, tab: str = "suggested", **query: str) -> list[tuple[Any, ...]]:
        answer = self.client.get(PAGE, {"format": "json", "tab": tab, **query}).json()
        names = ("coperniq_name", "quickbooks_name", "score", "state")
        return [tuple(row[name] for name in names) for row in answer["rows"]]

    def counts(self) -> dict[str, int]:
        found: dict[str, int] = self.client.get(PAGE, {"format": "json"}).json()["counts"]
        return found

    def decide(self, decision: str, account: Any, customer: Any = None) -> list[str]:
        """The sentences of a refusal, none if it was done."""
        fields = {"decision": decision, "customer": customer["Id"] if customer else ""}
        answer = self.client.post(f"{PAGE}{account['id']}/", fields, headers=JSON)
        if answer.status_code == 200:
            return []
        assert answer.status_code == 400, answer.content
        return [sentence for sentences in answer.json()["errors"].values() for sentence in sentences]

    def read(self) -> None:
        assert self.client.post(f"{PAGE}read/", headers=JSON).json() == {"ok": True}
        go_on()
        assert self.client.get(PAGE, {"format": "json"}).json()["read"]["stage"] == "done"
