"""A record that makes QuickBooks refuse whatever lists it: found and named, while everything else goes on."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from integrations.models import QuickBooksConnection, RecordLink, SyncRun
from integrations.status import Notice, urgent_warnings, warnings
from integrations.sync.engine.continuity import _known
from tests.portal_harness import PortalHarness
from tests.sync.pull_builders import assert_nothing_left_to_do, invoices, logged_in_order, ring_again
from tests.sync.two_way import TwoWayHarness, open_two_way

BAD = "harbor@coffee@example"
FORMS: list[dict[str, Any]] = [
    {},
    {"malformed_email_status": 500, "malformed_email_read": "refuse"},
    {"malformed_email_code": "2210"},
]


@pytest.fixture
def sides(portal: PortalHarness) -> TwoWayHarness:
    return open_two_way(portal)


def spoil(sides: TwoWayHarness, entity: str, id_: str, address: str = BAD) -> None:
    sides.control(f"records/{entity}/{id_}/email", {"address": address})


def stranger(sides: TwoWayHarness, count: int = 1) -> list[dict[str, Any]]:
    """Invoices of a customer who has nothing to do with the portal, with addresses from an old import."""
    simulator, realm = sides.harness.portal.simulator, sides.harness.portal.realm
    customer = simulator.in_books(realm, DisplayName=f"Stranger {len(sides.harness.books('Customer'))}")
    made = [sides.invoice(customer=customer["Id"], number=f"S-{n}") for n in range(count)]
    for each in made:
        spoil(sides, "Invoice", each["Id"])
    return made


def notices() -> list[Notice]:
    return urgent_warnings(QuickBooksConnection.objects.get())


def keys() -> list[str]:
    return [notice.key for notice in notices()]


def restart() -> None:
    """Another process, which looks for documents that the database may have lost."""
    _known.clear()


@pytest.mark.parametrize("form", FORMS, ids=["400", "500", "2210"])
def test_a_strangers_record_stops_nothing_and_is_named(sides: TwoWayHarness, form: dict[str, Any]) -> None:
    harness = sides.harness
    harness.portal.simulator.switch(**form)
    sides.sync()
    before = sides.invoice(note="Before")
    (bad,) = stranger(sides)
    sides.invoice(note="After, whose notification was lost")
    harness.invoice(("Permit", 1, 250))
    restart()
    sides.sync()
    assert not SyncRun.objects.open().exists(), logged_in_order(sides)
    assert sorted(row["amount"] for row in invoices(sides)) == [100, 100, 250]
    assert len(harness.books("Invoice")) == 4
    (notice,) = notices()
    assert notice.key == "quickbooks_unlistable"
    assert bad["Id"] in notice.sentence
    assert ("S-0" in notice.sentence) == (form.get("malformed_email_read") != "refuse")
    assert notice in warnings(harness.portal.company)
    ring_again(sides)
    harness.work()
    assert_nothing_left_to_do(sides)
    sides.delete(before)
    sides.sync()
    assert harness.held().cause == "quickbooks_invoice_deleted", "change data capture was refused, too"
    harness.decide("decline_in_coperniq")
    spoil(sides, "Invoice", bad["Id"], "harbor@coffee.example")
    sides.sync()
    assert keys() == []
    assert_nothing_left_to_do(sides)


def test_a_lost_link_is_found_beside_it(sides: TwoWayHarness) -> None:
    """The database was restored from a backup before the invoice was made."""
    sides.harness.invoice(("Permit", 1, 250))
    stranger(sides, 2)
    sides.sync()
    RecordLink.objects.filter(kind="invoice").delete()
    SyncRun.objects.all().delete()
    QuickBooksConnection.objects.update(changes_cursor_at=None)
    restart()
    sides.harness.sweep()
    sides.harness.edit(invoices(sides)[0], description="Looked at")
    sides.sync()
    assert [row["DocNumber"] for row in sides.harness.books("Invoice") if row["TotalAmt"] == 250] == ["1001"]
    assert RecordLink.objects.get(kind="invoice").match_method == "adopted"
    assert not SyncRun.objects.held().exists(), logged_in_order(sides)


def test_a_customer_with_such_an_address_is_matched_all_the_same(sides: TwoWayHarness) -> None:
    """Its own name is asked for, and so it spoils the answer."""
    portal = sides.harness.portal
    made = portal.simulator.in_books(portal.realm, DisplayName="Harbor Coffee")
    spoil(sides, "Customer", made["Id"])
    sides.harness.configure(matching_strategy="skip")
    other = portal.account("Harbor Coffee")
    portal.enter(portal.project(other, "Harbor Coffee"))
    portal.work()
    assert RecordLink.objects.get(kind="customer", coperniq_id=str(other["id"])).quickbooks_id == made["Id"]
    assert len(portal.customers(DisplayName="Harbor Coffee")) == 1
    sides.sync()
    assert keys() == ["quickbooks_unlistable"]


def test_a_look_that_is_refused_altogether_is_said_on_every_page(
    sides: TwoWayHarness, client: Client
) -> None:
    """More records than the portal looks for one by one: new work goes on, and it ends when they are put right."""
    harness = sides.harness
    sides.sync()
    bad = stranger(sides, 12)
    harness.invoice(("Permit", 1, 250))
    restart()
    sides.sync()
    assert [row["TotalAmt"] for row in harness.books("Invoice") if row["TotalAmt"] == 250] == [250]
    assert not SyncRun.objects.open().exists(), logged_in_order(sides)
    assert "quickbooks_changes_fail" in keys()
    client.force_login(User.objects.create_superuser("olga@example.com"))
    company = harness.portal.company.slug
    for page in ("log", "runs", "links/invoice", "quickbooks"):
        text = client.get(f"/integrations/{page}/?company={company}").text
        assert text.count("could not look for changes in QuickBooks since") == 1, page
    status = client.get(f"/integrations/status/?format=json&company={company}").json()
    assert "quickbooks_changes_fail" in [row["key"] for row in status["warnings"]]
    lost = sides.invoice(note="Whose notification was lost meanwhile")
    for each in bad:
        spoil(sides, "Invoice", each["Id"], "harbor@coffee.example")
    sides.sync()
    sides.sync()
    assert keys() == []
    assert any(lost["DocNumber"] in (row["description"] or "") for row in invoices(sides))
    assert_nothing_left_to_do(sides)


def later() -> datetime:
    return timezone.now() + timedelta(minutes=15)


def test_a_look_past_it_costs_little(sides: TwoWayHarness) -> None:
    sides.sync()
    stranger(sides)
    sides.harness.portal.simulator.forget_log()
    sides.sync()
    first = len(sides.harness.calls())
    sides.invoice()
    sides.harness.portal.simulator.control("clock", {"shift_seconds": 1200})
    QuickBooksConnection.objects.update(captured_at=later(), money_captured_at=later())
    sides.harness.portal.simulator.forget_log()
    sides.harness.look_at_changes()
    assert first < 60
    assert [call.rpartition("/")[2] for call in sides.harness.calls()] == ["cdc", "query"]
