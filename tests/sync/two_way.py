"""Both offices at work: what people do in QuickBooks with invoices and payments, and how the portal hears of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from integrations.models import RecordLink
from tests.invoice_harness import InvoiceHarness, open_invoice_harness
from tests.portal_harness import PortalHarness
from tests.simulation import API_KEY


@dataclass
class TwoWayHarness:
    """`harness` is the side of Coperniq; what is done here is done by people inside QuickBooks."""

    harness: InvoiceHarness

    @property
    def job_id(self) -> str:
        return RecordLink.objects.get(kind="job").quickbooks_id

    def control(self, path: str, body: Any = None, method: str = "POST") -> Any:
        return self.harness.portal.simulator.control(
            f"quickbooks/{self.harness.portal.realm}/{path}", body, method
        )

    def invoice(self, *lines: dict[str, Any], customer: str = "", **fields: Any) -> dict[str, Any]:
        found = lines or ({"item": "Permit", "quantity": 1, "price": 100},)
        return dict(
            self.control("invoices", {"customer": customer or self.job_id, "lines": list(found), **fields})
        )

    def change(self, invoice: dict[str, Any], **fields: Any) -> dict[str, Any]:
        return dict(self.control(f"invoices/{invoice['Id']}", fields, "PATCH"))

    def payment(self, *invoices: Any, **fields: Any) -> dict[str, Any]:
        return dict(self.control("payments", {"customer": self.job_id, "invoices": list(invoices), **fields}))

    def change_payment(self, payment: dict[str, Any], **fields: Any) -> dict[str, Any]:
        return dict(self.control(f"payments/{payment['Id']}", fields, "PATCH"))

    def void(self, record: dict[str, Any], noun: str = "invoices") -> Any:
        return self.control(f"{noun}/{record['Id']}/void")

    def delete(self, record: dict[str, Any], entity: str = "Invoice") -> Any:
        return self.control(f"records/{entity}/{record['Id']}", None, "DELETE")

    def sync(self) -> None:
        """The portal looks at what changed in QuickBooks, and does what follows from it."""
        self.harness.look_at_changes()
        self.harness.work()


def open_two_way(portal: PortalHarness, **switches: Any) -> TwoWayHarness:
    harness = open_invoice_harness(portal, **switches)
    for name in ("Permit", "Labour"):
        harness.book_item(name, UnitPrice=100)
    return TwoWayHarness(harness)


def coperniq_state(harness: InvoiceHarness, noun: str) -> list[dict[str, Any]]:
    return list(harness.portal.simulator.state()["coperniq"][API_KEY][noun])
