"""The whole flow with the simulator: connect, set a trigger, a company mismatch, keep, disconnect."""

from __future__ import annotations

from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from accounts.models import Company, User
from integrations.models import QuickBooksConnection
from integrations.status import status_of
from tests.factories import SignIn
from tests.simulation import Simulation

State = QuickBooksConnection.State


def consent(browser: Client, simulator: Simulation, realm: str, decision: str = "authorize") -> int:
    address = browser.post(reverse("integrations:connect_quickbooks"))["Location"]
    back = simulator.authorize(address, realm, decision)
    status: int = browser.get(back).status_code
    return status


def post(browser: Client, name: str, **fields: str) -> int:
    status: int = browser.post(reverse(f"integrations:{name}"), fields).status_code
    return status


def test_the_whole_way(alice: User, acme: Company, sign_in: SignIn, simulator: Simulation) -> None:
    browser = sign_in(alice)
    realm, other_realm = simulator.books("Acme Books"), simulator.books("Other Books")
    assert post(browser, "connect_coperniq", api_key="wrong") == 400
    assert post(browser, "connect_coperniq", api_key=simulator.coperniq()) == 302
    assert consent(browser, simulator, realm, "deny") == 400
    assert consent(browser, simulator, realm) == 302
    stored = QuickBooksConnection.objects.get()
    assert (stored.realm_id, stored.company_name, stored.in_dollars) == (realm, "Acme Books", True)
    assert consent(browser, simulator, other_realm) == 302
    assert status_of(acme)["quickbooks"]["proposed"]["company_name"] == "Other Books"
    assert post(browser, "quickbooks_guard", choice="keep") == 302
    stored.refresh_from_db()
    assert stored.is_connected
    assert post(browser, "disconnect", confirm="yes") == 302
    assert [row.state for row in QuickBooksConnection.objects.all()] == [State.DISCONNECTED]
    assert consent(browser, simulator, realm) == 302
    assert status_of(acme)["quickbooks"]["state"] == State.CONNECTED


def test_every_grant_is_revoked_at_intuit(
    alice: User, acme: Company, sign_in: SignIn, simulator: Simulation, settings: Settings
) -> None:
    browser = sign_in(alice)
    consent(browser, simulator, simulator.books())
    post(browser, "disconnect", confirm="yes")
    assert any("revoke" in call["path"] and call["status"] == 200 for call in simulator.log("intuit"))
