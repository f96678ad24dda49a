"""The customer mapping reads both sides and suggests pairs; a read that was stopped goes on where it stopped."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from integrations.connections.coperniq_api_key import connect_coperniq
from integrations.models import CustomerListRead, CustomerMatch, ListedCustomer, SyncSettings, Vendor
from integrations.sync.ingest import customer_mapping
from integrations.sync.ingest.customer_mapping import due_mapping_reads
from tests.portal_harness import PortalHarness
from tests.sync.mapping_page import go_on

State = CustomerMatch.State


def read_lists(portal: PortalHarness) -> CustomerListRead:
    row = CustomerListRead.request(portal.quickbooks)
    go_on()
    row.refresh_from_db()
    return row


def suggested(portal: PortalHarness) -> dict[str, Any]:
    rows = CustomerMatch.objects.of(portal.quickbooks).exclude(state=State.REJECTED)
    return {row.coperniq_name: (row.state, row.quickbooks_name, row.score, row.reasons) for row in rows}


def test_pairs_are_suggested_with_their_reasons_and_nothing_is_written(portal: PortalHarness) -> None:
    add = portal.simulator.in_books
    acme = add(portal.realm, DisplayName="Acme Corp")
    add(portal.realm, DisplayName="Acme Corp job", Job=True, ParentRef={"value": acme["Id"]})
    add(portal.realm, DisplayName="Oak Street Partners East")
    add(
        portal.realm, DisplayName="J. S.", PrimaryEmailAddr={"Address": "js@example.com, J.Smith@example.com"}
    )
    add(portal.realm, DisplayName="By phone", Mobile={"FreeFormNumber": "512-555-0101"})
    add(portal.realm, DisplayName="Old Barn", Active=False)
    add(portal.realm, DisplayName="Ada Lovelace")
    portal.account("Acme Corporation")
    portal.account("Oak Street Partners")
    portal.account("Smith home", primaryEmail="j.smith@example.com")
    portal.account("Some other name", primaryPhone="+1 (512) 555-0101")
    portal.account("The Old Barn")
    portal.account("Smith Solar LLC")
    contact = portal.simulator.make("contacts", name="Ada Lovelace", emails=["ada@example.com"])
    portal.account("12 Main Street", primaryEmail="ada@example.com", contacts=[contact["id"]])
    portal.simulator.forget_log()
    row = read_lists(portal)
    assert (row.stage, row.customers, row.accounts, row.compared) == ("done", 6, 7, 7)
    assert suggested(portal) == {
        "Acme Corporation": (State.SUGGESTED, "Acme Corp", 100, ["same_name"]),
        "Oak Street Partners": (State.SUGGESTED, "Oak Street Partners East", 88, ["near_name"]),
        "Smith home": (State.SUGGESTED, "J. S.", 31, ["same_email"]),
        "Some other name": (State.SUGGESTED, "By phone", 35, ["same_phone"]),
        "The Old Barn": (State.NONE, "", 0, []),
        "Smith Solar LLC": (State.NONE, "", 0, []),
        "12 Main Street": (State.SUGGESTED, "Ada Lovelace", 100, ["same_name"]),
    }
    assert portal.simulator.log(write=True) == []


@pytest.mark.parametrize(
    ("match_by", "names"),
    [
        ("name_or_email", {"Acme Corp": "Acme, Inc.", "North Roofing": "N. R.", "Kim": "Grace"}),
        ("email", {"Kim": "Grace"}),
        ("company_name", {"Acme Corp": "Acme, Inc.", "North Roofing": "N. R."}),
    ],
)
def test_suggestions_obey_what_customers_are_matched_by(
    portal: PortalHarness, match_by: str, names: dict[str, str]
) -> None:
    SyncSettings.objects.update(match_by=match_by)
    portal.simulator.in_books(portal.realm, DisplayName="Acme, Inc.")
    portal.simulator.in_books(portal.realm, DisplayName="N. R.", CompanyName="North Roofing LLC")
    portal.simulator.in_books(
        portal.realm, DisplayName="Grace", PrimaryEmailAddr={"Address": "grace@example.com"}
    )
    portal.account("Acme Corp")
    portal.account("North Roofing")
    portal.account("Kim", primaryEmail="Grace@Example.com")
    read_lists(portal)
    found = {name: row[1] for name, row in suggested(portal).items() if row[0] == State.SUGGESTED}
    assert found == names


def test_a_stopped_read_goes_on_with_the_next_page(
    portal: PortalHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(250):
        portal.account(f"Account {number} of many")
    portal.simulator.in_books(portal.realm, DisplayName="Account 249 of many")
    portal.simulator.forget_log()
    monkeypatch.setattr(customer_mapping, "_SECONDS_AT_ONCE", 0)
    row = CustomerListRead.request(portal.quickbooks)
    stages = []
    for _ in range(20):
        go_on()
        row.refresh_from_db()
        stages.append(row.stage)
        if row.is_done:
            break
        # The process is killed in the middle of the next step; the supervisor frees what it held.
        CustomerListRead.objects.update(
            claimed_until=timezone.now() + timedelta(minutes=5), owner="elsewhere:1"
        )
        assert due_mapping_reads() == []
        CustomerListRead.objects.update(claimed_until=timezone.now())
    assert (row.customers, row.accounts, row.compared) == (1, 250, 250)
    paths = [call["path"] for call in portal.simulator.log("coperniq")]
    assert len([path for path in paths if path.endswith("/accounts")]) == 3, "each page once"
    assert suggested(portal)["Account 249 of many"][:2] == (State.SUGGESTED, "Account 249 of many")


def test_a_refused_read_says_so_and_goes_on_later(portal: PortalHarness) -> None:
    portal.account("Acme Corp")
    portal.simulator.in_books(portal.realm, DisplayName="Acme")
    portal.simulator.fault("error_500", times=50)
    row = read_lists(portal)
    assert (row.stage, row.failures) == ("customers", 1)
    assert row.failing_because
    portal.simulator.control("faults", method="DELETE")
    go_on()
    row.refresh_from_db()
    assert (row.stage, row.failures, row.failing_because) == ("done", 0, "")


def test_what_is_gone_is_forgotten_by_the_next_read(portal: PortalHarness) -> None:
    account = portal.account("Acme Corp")
    customer = portal.simulator.in_books(portal.realm, DisplayName="Acme")
    read_lists(portal)
    portal.simulator.change("accounts", account["id"], isActive=False)
    portal.simulator.edit_books(portal.realm, customer["Id"], DisplayName="Bolt")
    portal.account("Bolt LLC")
    read_lists(portal)
    assert {name: row[1] for name, row in suggested(portal).items()} == {"Bolt LLC": "Bolt"}
    assert ListedCustomer.objects.filter(vendor=Vendor.COPERNIQ).count() == 1


@pytest.mark.parametrize("stopped", [False, True])
def test_the_key_of_another_coperniq_company_has_its_accounts_read(
    portal: PortalHarness, monkeypatch: pytest.MonkeyPatch, stopped: bool
) -> None:
    """Nothing is linked yet, so that the key is taken at once; what was read with the former one is forgotten."""
    for number in range(150 if stopped else 1):
        portal.account(f"Former {number}")
    read_lists(portal)
    row = CustomerListRead.request(portal.quickbooks)
    if stopped:
        monkeypatch.setattr(customer_mapping, "_SECONDS_AT_ONCE", 0)
        while row.page == 1 or row.stage != "accounts":
            go_on()
            row.refresh_from_db()
        monkeypatch.undo()
    else:
        go_on()
    portal.simulator.coperniq("Other", "other-key")
    connect_coperniq(portal.company, None, "other-key")
    portal.simulator.make("accounts", "other-key", title="Of the other company")
    go_on()
    row.refresh_from_db()
    assert (row.stage, row.accounts) == ("done", 1)
    assert list(suggested(portal)) == ["Of the other company"]
    number = row.number
    connect_coperniq(portal.company, None, "other-key")
    row.refresh_from_db()
    assert (row.stage, row.number) == ("done", number), "the same key has nothing else to read"
