"""What people see at both vendors in a random history, and may pick for their next step."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from decimal import ROUND_DOWN, Decimal
from typing import Any

from tests.invoice_harness import InvoiceHarness
from tests.portal_harness import PortalHarness
from tests.simulation import API_KEY, Simulation

MOST_INVOICES = 7
PEOPLES_YEAR = "2040"
"""Of the due dates that people set: so that they differ from those QuickBooks gives by itself."""
Row = dict[str, Any]


@dataclass
class People:
    """`edits` counts what they did, by side, kind and record."""

    portal: PortalHarness
    harnesses: list[InvoiceHarness]
    customers: list[str] = field(default_factory=list)
    edits: Counter[tuple[str, str, str]] = field(default_factory=Counter)

    @property
    def simulator(self) -> Simulation:
        return self.portal.simulator

    @property
    def harness(self) -> InvoiceHarness:
        return self.harnesses[0]

    def in_coperniq(self) -> list[Row]:
        return list(self.simulator.state()["coperniq"][API_KEY]["invoices"])

    def books(self, entity: str) -> list[Row]:
        return list(self.simulator.control(f"quickbooks/{self.portal.realm}/records/{entity}", method="GET"))

    def some_invoice(self, which: int) -> Row | None:
        rows = [row for row in self.in_coperniq() if row["storedStatus"] != "DECLINED"]
        return rows[which % len(rows)] if rows else None

    def some_document(self, which: int) -> Row | None:
        rows = [row for row in self.books("Invoice") if not is_voided(row)]
        return rows[which % len(rows)] if rows else None

    def some_payment(self, which: int) -> tuple[Row, Row] | None:
        rows = [(invoice, payment) for invoice in self.in_coperniq() for payment in invoice["payments"]]
        return rows[which % len(rows)] if rows else None

    def some_receipt(self, which: int) -> Row | None:
        rows = [row for row in self.books("Payment") if row["TotalAmt"]]
        return rows[which % len(rows)] if rows else None

    def edited(self, side: str, kind: str, id_: object) -> str:
        self.edits[side, kind, str(id_)] += 1
        return f"{side} {kind} {id_}"

    def control(self, path: str, body: Any = None, method: str = "POST") -> Any:
        return self.simulator.control(f"quickbooks/{self.portal.realm}/{path}", body, method)


def share_of(whole: int, share: Decimal) -> Decimal:
    return (Decimal(whole) * share / 100).quantize(Decimal("0.01"), ROUND_DOWN)


def is_voided(document: Row) -> bool:
    return document["TotalAmt"] == 0 and "Voided" in document.get("PrivateNote", "")


def is_kept(line: Row) -> bool:
    return line["DetailType"] not in ("SubTotalLineDetail", "DiscountLineDetail")
