"""A company with invoice syncing on and one project in the trigger phase: what happens to its invoices and payments."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.utils import timezone

from integrations.forms.side_effects import set_sync_period
from integrations.models import (
    CoperniqConnection,
    InvoiceSyncPeriod,
    QuickBooksConnection,
    RecordLink,
    SyncLogEntry,
    SyncRun,
    SyncSettings,
)
from integrations.quickbooks.records import read_customer_record
from integrations.sync.ingest.coperniq_projects import due_coperniq_polls
from integrations.sync.ingest.quickbooks_cdc import due_cdc_reads
from integrations.sync.ingest.router import route_pending_events
from tests.portal_harness import PortalHarness
from tests.simulation import API_KEY

PERMIT: dict[str, Any] = {"name": "Permit", "code": "SVC-PERMIT", "type": "SERVICE", "category": "PERMITTING"}


@dataclass
class InvoiceHarness:
    portal: PortalHarness
    account: dict[str, Any] = field(default_factory=dict)
    project: dict[str, Any] = field(default_factory=dict)
    items: dict[str, int] = field(default_factory=dict)

    # Coperniq's people

    def invoice(
        self,
        *lines: tuple[str, int, object] | tuple[str, int, object, str],
        on: dict[str, Any] | None = None,
        **fields: Any,
    ) -> dict[str, Any]:
        """Lines are (item name, quantity, price in dollars)."""
        values = {
            "recordId": (on or self.project)["id"],
            "lineItems": [self.line(*line) for line in lines or [("Permit", 1, 100)]],
            **fields,
        }
        return self.portal.simulator.make("invoices", **values)

    def line(
        self, name: str, quantity: int, price: object, description: str = "", **more: Any
    ) -> dict[str, Any]:
        return {
            "catalogItemId": self.item(name),
            "quantity": quantity,
            "unitPrice": Decimal(str(price)),
            "description": description or f"{name} as agreed",
            **more,
        }

    def item(self, name: str, **fields: Any) -> int:
        if name not in self.items:
            made = self.portal.simulator.make("catalog-items", **{"name": name, **fields})
            self.items[name] = made["id"]
        return self.items[name]

    def edit(self, invoice: dict[str, Any], **fields: Any) -> dict[str, Any]:
        return self.portal.simulator.change("invoices", invoice["id"], **fields)

    def act(self, invoice: dict[str, Any], verb: str) -> Any:
        return self.portal.simulator.control(f"coperniq/{API_KEY}/invoices/{invoice['id']}/{verb}")

    def pay(self, invoice: dict[str, Any], amount: object, **fields: Any) -> dict[str, Any]:
        path = f"coperniq/{API_KEY}/invoices/{invoice['id']}/payments"
        return dict(self.portal.simulator.control(path, {"amount": Decimal(str(amount)), **fields}))

    def change_payment(self, invoice: dict[str, Any], payment: dict[str, Any], **fields: Any) -> Any:
        path = f"coperniq/{API_KEY}/invoices/{invoice['id']}/payments/{payment['id']}"
        return self.portal.simulator.control(path, fields, "PATCH")

    def remove_payment(self, invoice: dict[str, Any], payment: dict[str, Any]) -> Any:
        path = f"coperniq/{API_KEY}/invoices/{invoice['id']}/payments/{payment['id']}"
        return self.portal.simulator.control(path, None, "DELETE")

    # QuickBooks' people

    def books(self, entity: str) -> list[dict[str, Any]]:
        return list(self.portal.simulator.state()["quickbooks"][self.portal.realm].get(entity, []))

    def in_books(self, entity: str = "Invoice") -> dict[str, Any]:
        found = self.books(entity)
        assert len(found) == 1, f"{len(found)} of {entity}: {found}"
        return found[0]

    def book_item(self, name: str, **fields: Any) -> dict[str, Any]:
        income = next(row for row in self.books("Account") if row["AccountType"] == "Income")
        values = {"Name": name, "Type": "Service", "IncomeAccountRef": {"value": income["Id"]}, **fields}
        return self.portal.simulator.in_books(self.portal.realm, "Item", **values)

    def edit_books(self, entity: str, id_: str, **fields: Any) -> dict[str, Any]:
        return self.portal.simulator.edit_books(self.portal.realm, id_, entity, **fields)

    def receive(self, invoice_id: str, amount: object, **fields: Any) -> dict[str, Any]:
        """Somebody records a payment in QuickBooks."""
        path = f"quickbooks/{self.portal.realm}/invoices/{invoice_id}/payments"
        return dict(self.portal.simulator.control(path, {"amount": Decimal(str(amount)), **fields}))

    # the portal

    def work(self) -> None:
        """The poll is due, and everything that follows from it is done."""
        CoperniqConnection.objects.update(next_poll_at=timezone.now())
        self.portal.work(polls=True)

    def work_until_payment(self) -> None:
        """Up to the run that would write one to QuickBooks, which comes up next."""
        CoperniqConnection.objects.update(next_poll_at=timezone.now())
        for job in due_coperniq_polls():
            job()
        for _ in range(10):
            route_pending_events()
            if SyncRun.objects.unfinished().filter(action="push_payment").exists():
                break
            self.portal.work_once()
        while (
            SyncRun.objects.unfinished().order_by("id").values_list("action", flat=True)[0] != "push_payment"
        ):
            self.portal.work_once()

    def sweep(self) -> None:
        CoperniqConnection.objects.update(next_invoice_sweep_at=timezone.now())
        self.work()

    def look_at_changes(self) -> None:
        QuickBooksConnection.objects.update(next_changes_at=timezone.now())
        for job in due_cdc_reads():
            job()

    def configure(self, **values: Any) -> None:
        SyncSettings.objects.filter(connection=self.portal.quickbooks).update(**values)

    def switch(self, on: bool) -> None:
        self.configure(invoice_sync=on)
        set_sync_period(self.portal.quickbooks, on=on)

    def logged(self) -> list[str]:
        """The log of money."""
        rows = SyncLogEntry.objects.filter(kind__in=("invoice", "payment")).order_by("id")
        return [f"{row.outcome}: {row.sentence}" for row in rows]

    def held(self) -> SyncRun:
        return SyncRun.objects.held().get()

    def decide(self, choice: str, run: SyncRun | None = None) -> None:
        chosen = run or self.held()
        assert chosen.decide(choice), (choice, chosen.choices)
        self.work()

    def link(self, kind: str = "invoice") -> RecordLink:
        return RecordLink.objects.get(kind=kind)

    def calls(self, *, write: bool | None = None) -> list[str]:
        return self.portal.quickbooks_calls(write=write)


def open_invoice_harness(portal: PortalHarness, **switches: Any) -> InvoiceHarness:
    """A minute after the switch-on, with John's project in the books."""
    if switches:
        portal.simulator.switch(**switches)
    harness = InvoiceHarness(portal)
    InvoiceSyncPeriod.objects.create(
        connection=portal.quickbooks, on_at=timezone.now() - timedelta(minutes=1)
    )
    harness.configure(invoice_sync=True)
    harness.account = portal.account("John Smith")
    service = portal.simulator.make("workflows", name="Service", phases=[{"name": "Visit", "type": "PHASE"}])
    harness.project = portal.project(harness.account, "John Smith", workflowId=service["id"])
    link_customer_and_job(harness)
    portal.simulator.forget_log()
    return harness


def link_customer_and_job(harness: InvoiceHarness) -> None:
    """As the portal would have, long ago: its workflow has no trigger, so that nobody looks at the project again."""
    portal, client = harness.portal, harness.account["title"]
    name = f"{client} | #{harness.project['number']}"
    customer = portal.simulator.in_books(portal.realm, DisplayName=client)
    parent: dict[str, Any] = {"Job": True, "ParentRef": {"value": customer["Id"]}, "BillWithParent": True}
    job = portal.simulator.in_books(portal.realm, DisplayName=name, **parent)
    pairs = (("customer", harness.account, customer), ("job", harness.project, job))
    RecordLink.objects.bulk_create(
        RecordLink(
            connection=portal.quickbooks,
            kind=kind,
            coperniq_id=str(record["id"]),
            coperniq_account_id=str(harness.account["id"]),
            coperniq_name=found["DisplayName"],
            quickbooks_id=found["Id"],
            quickbooks_name=found["DisplayName"],
            quickbooks_version=found["SyncToken"],
            quickbooks_at=found["MetaData"]["LastUpdatedTime"],
            quickbooks_snapshot=dict(read_customer_record(found).values),
            match_method=RecordLink.MatchMethod.CREATED,
        )
        for kind, record, found in pairs
    )
