"""The two cards of the overview: QuickBooks and Coperniq."""

from __future__ import annotations

from dataclasses import dataclass

from accounts.models import Company
from integrations.connections.company_mismatch import CompanyMismatch, find_company_mismatch
from integrations.models import CoperniqConnection, QuickBooksConnection
from integrations.status import webhook_address

State = QuickBooksConnection.State


@dataclass(frozen=True)
class QuickBooksCard:
    connection: QuickBooksConnection | None
    guard: CompanyMismatch | None

    @property
    def is_connected(self) -> bool:
        return self.connection is not None and self.connection.is_connected and self.guard is None

    @property
    def may_disconnect(self) -> bool:
        return self.connection is not None and self.connection.is_live

    @property
    def needs_authorization(self) -> bool:
        return self.connection is not None and self.connection.state == State.NEEDS_AUTHORIZATION

    @property
    def was_connected(self) -> bool:
        return self.connection is not None and self.connection.state == State.DISCONNECTED


@dataclass(frozen=True)
class CoperniqCard:
    connection: CoperniqConnection | None
    webhook_address: str = ""
    links_at_risk: int = 0

    @property
    def is_connected(self) -> bool:
        live = CoperniqConnection.State.CONNECTED
        return (
            self.connection is not None
            and self.connection.state == live
            and not self.connection.awaits_decision
        )

    @property
    def is_refused(self) -> bool:
        return self.connection is not None and self.connection.state == CoperniqConnection.State.REFUSED

    @property
    def awaits_decision(self) -> bool:
        return self.connection is not None and self.connection.awaits_decision


def quickbooks_card(company: Company) -> QuickBooksCard:
    return QuickBooksCard(QuickBooksConnection.objects.of(company), find_company_mismatch(company))


def coperniq_card(company: Company) -> CoperniqCard:
    connection = CoperniqConnection.objects.filter(company=company).first()
    if connection is None:
        return CoperniqCard(None)
    at_risk = 0
    if connection.awaits_decision:
        quickbooks_connection = QuickBooksConnection.objects.of(company)
        at_risk = quickbooks_connection.links.count() if quickbooks_connection else 0
    return CoperniqCard(connection, webhook_address(connection), at_risk)
