"""A customer or job merged into another in QuickBooks: one question, and its links move together or stay."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import DatabaseError
from django.test import Client

from accounts.models import User
from accounts.roles import Role
from integrations.causes import Cause
from integrations.models import RecordLink, SyncLogEntry, SyncRun
from integrations.sync.customers import pull as customers_pull
from integrations.sync.customers.merge_resolution import resolve_merge
from integrations.sync.engine import persistence as engine_persistence
from tests.factories import JSON, person
from tests.invoice_harness import InvoiceHarness
from tests.portal_harness import PortalHarness
from tests.sync.customer_builders import enter_again
from tests.sync.invoice_builders import delete_in_books, pushed
from tests.sync.merge_builders import (
    ask_about,
    logged_sentences,
    merge,
    notice,
    receive_merge_event,
    rows_of_links,
)
from tests.sync.two_way import TwoWayHarness

QUESTION = (
    "held: “John Smith” was merged into “Smith, John” in QuickBooks: move 3 links to “Smith, John”? New work for "
    "“John Smith” waits for your answer."
)
MOVED = "done: Moved 3 links from “John Smith” to “Smith, John”."


def number_of(kind: str = "customer") -> str:
    return str(RecordLink.objects.filter(kind=kind).earliest("id").quickbooks_id)


def survivor(portal: PortalHarness, name: str = "Smith, John", **fields: Any) -> str:
    return str(portal.simulator.in_books(portal.realm, DisplayName=name, **fields)["Id"])


def merged(harness: InvoiceHarness) -> tuple[str, str]:
    """John has a job and an invoice of his own account; then he goes into another customer."""
    pushed(harness, on=harness.account)
    away, into = number_of(), survivor(harness.portal)
    merge(harness.portal, away, into)
    harness.portal.simulator.forget_log()
    return away, into


def decide(portal: PortalHarness, role: Role, choice: str, status: int = 200) -> None:
    run = SyncRun.objects.held().get(action="notice_customer")
    client = Client()
    client.force_login(person(f"{role}-{User.objects.count()}", (portal.company, role)))
    fields = {"choice": choice, "plan": run.question_subject}
    answer = client.post(f"/integrations/runs/{run.pk}/decide/", fields, headers=JSON)
    assert answer.status_code == status, answer.content
    portal.work()


def images(kind: str, name: str) -> list[str]:
    return [link.quickbooks_snapshot.get(name) for link in RecordLink.objects.filter(kind=kind)]


@pytest.mark.parametrize("role", [Role.ADMIN, Role.FINANCE])
def test_with_the_webhook_a_person_moves_all_links_at_once(harness: InvoiceHarness, role: Role) -> None:
    portal, (away, into) = harness.portal, merged(harness)
    event = receive_merge_event(portal, away, into)
    notice(portal, away, event=event)
    assert logged_sentences() == [QUESTION]
    assert [choice["key"] for choice in portal.held().choices] == ["relink", "retry", "discard"]
    assert len(harness.calls()) == 2, "the two customers"
    decide(portal, role, "relink")
    assert logged_sentences()[1:] == [MOVED]
    link = RecordLink.objects.get(kind="customer")
    assert (link.quickbooks_id, link.quickbooks_name, link.match_method) == (into, "Smith, John", "chosen")
    assert (images("invoice", "customer"), images("job", "parent")) == ([into], [into])
    row = SyncLogEntry.objects.get(cause="relinked")
    assert [(change["before"], change["after"]) for change in row.changes] == [(away, into)] * 3
    assert [change["field"].split()[0] for change in row.changes] == ["customer", "job", "invoice"]
    assert not harness.calls(write=True)


@pytest.mark.parametrize("way", ["inactive", "gone"])
def test_without_the_webhook_the_moved_records_tell(harness: InvoiceHarness, way: str) -> None:
    harness.portal.simulator.switch(merged_away=way)
    away, into = merged(harness)
    notice(harness.portal, away)
    assert logged_sentences() == [QUESTION]
    decide(harness.portal, Role.ADMIN, "relink")
    assert (logged_sentences()[1:], number_of()) == ([MOVED], into)


def test_a_second_event_and_a_second_look_change_nothing(harness: InvoiceHarness) -> None:
    portal, (away, into) = harness.portal, merged(harness)
    notice(portal, away, event=receive_merge_event(portal, away, into))
    notice(portal, away, event=receive_merge_event(portal, away, into))
    assert logged_sentences() == [QUESTION]
    decide(portal, Role.ADMIN, "relink")
    before = rows_of_links()
    for number in (away, into):
        notice(portal, number, event=receive_merge_event(portal, away, into))
    assert (logged_sentences(), rows_of_links()) == ([QUESTION, MOVED], before)


@pytest.mark.every_database
def test_an_event_while_the_links_move_finds_them_moved(
    harness: InvoiceHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    portal, (away, into) = harness.portal, merged(harness)
    notice(portal, away)
    real = resolve_merge

    def meanwhile(*args: Any) -> Any:
        ask_about(portal, away, event=receive_merge_event(portal, away, into))
        return real(*args)

    monkeypatch.setattr(customers_pull, "resolve_merge", meanwhile)
    decide(portal, Role.ADMIN, "relink")
    assert logged_sentences() == [QUESTION, MOVED]
    assert not SyncRun.objects.open().exists()


@pytest.mark.every_database
def test_nothing_is_half_done(harness: InvoiceHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    portal, (away, _) = harness.portal, merged(harness)
    notice(portal, away)
    before = rows_of_links()
    with monkeypatch.context() as patched:
        patched.setattr(
            engine_persistence, "build_log_entry", lambda *_: (_ for _ in ()).throw(DatabaseError("away"))
        )
        with pytest.raises(DatabaseError):
            decide(portal, Role.ADMIN, "relink")
    assert rows_of_links() == before


def test_links_that_were_left_are_not_asked_about_again(harness: InvoiceHarness) -> None:
    portal, (away, into) = harness.portal, merged(harness)
    notice(portal, away)
    before = rows_of_links()
    decide(portal, Role.FINANCE, "discard")
    notice(portal, away, event=receive_merge_event(portal, away, into))
    assert (logged_sentences(), rows_of_links()) == ([QUESTION], before)
    assert not SyncRun.objects.open().exists()


def test_staff_may_look_again_but_not_decide(harness: InvoiceHarness) -> None:
    away, _ = merged(harness)
    notice(harness.portal, away)
    decide(harness.portal, Role.STAFF, "relink", 403)
    decide(harness.portal, Role.STAFF, "retry")
    assert (logged_sentences(), number_of()) == ([QUESTION], away)


def test_the_survivor_has_to_be_in_use_when_the_person_answers(harness: InvoiceHarness) -> None:
    portal, (away, into) = harness.portal, merged(harness)
    notice(portal, away)
    for id_ in (doc["Id"] for doc in harness.books("Invoice")):
        delete_in_books(harness, id_)
    portal.simulator.edit_books(portal.realm, into, Active=False)
    decide(portal, Role.ADMIN, "relink")
    assert logged_sentences()[1:] == [
        "held: “John Smith” was merged into “Smith, John” in QuickBooks, but “Smith, John” is inactive there now. "
        "Make it active again in QuickBooks, then try again."
    ]
    portal.simulator.edit_books(portal.realm, into, Active=True, DisplayName="Smith, John")
    decide(portal, Role.ADMIN, "retry")
    assert (logged_sentences()[2:], number_of()) == ([QUESTION], away), (
        "the old answer does not hold any more"
    )
    decide(portal, Role.ADMIN, "relink")
    assert logged_sentences()[3:] == [MOVED]


@pytest.mark.every_database
@pytest.mark.parametrize("hears", [True, False])
def test_a_chain_leads_to_its_end(harness: InvoiceHarness, hears: bool) -> None:
    """Merged on before anybody answered: the answer to the first question moves nothing."""
    portal, (away, into) = harness.portal, merged(harness)
    notice(portal, away, event=receive_merge_event(portal, away, into) if hears else None)
    last = survivor(portal, "Smith & Sons")
    merge(portal, into, last)
    if hears:
        receive_merge_event(portal, into, last)
    decide(portal, Role.ADMIN, "relink")
    assert number_of() == away
    assert logged_sentences()[1].startswith("held: “John Smith” was merged into “Smith & Sons” in QuickBooks")
    decide(portal, Role.ADMIN, "relink")
    assert (number_of(), images("invoice", "customer")) == (last, [last])


def jane_too(harness: InvoiceHarness) -> tuple[str, str]:
    """Both customers are linked, and John goes into Jane."""
    portal = harness.portal
    portal.enter(portal.project(portal.account("Jane Doe"), "Jane Doe"))
    portal.work()
    jane = str(RecordLink.objects.get(kind="customer", coperniq_name="Jane Doe").quickbooks_id)
    away = number_of()
    merge(portal, away, jane)
    notice(portal, away)
    return away, jane


@pytest.mark.every_database
def test_two_accounts_share_the_survivor(harness: InvoiceHarness) -> None:
    _, jane = jane_too(harness)
    assert "“Jane Doe” is linked to “Jane Doe” too, so both will share it." in logged_sentences()[0]
    decide(harness.portal, Role.ADMIN, "relink")
    links = RecordLink.objects.filter(kind="customer").order_by("id")
    _, first = links
    assert [(link.quickbooks_id, link.is_additional) for link in links] == [(jane, True), (jane, False)]
    assert RecordLink.objects.pulled(harness.portal.quickbooks, "customer", jane) == first
    before = rows_of_links()
    notice(harness.portal, jane)
    assert (rows_of_links(), len(logged_sentences())) == (before, 2)
    client = Client()
    client.force_login(person("links", (harness.portal.company, Role.STAFF)))
    shown = client.get("/integrations/links/customer/", {"format": "json"}).json()["links"]
    assert [row["quickbooks_id"] for row in shown] == [jane, jane]


@pytest.mark.parametrize("strategy", ["replace", "enrich"])
def test_sharing_accounts_do_not_overwrite_each_other(harness: InvoiceHarness, strategy: str) -> None:
    portal = harness.portal
    _, jane = jane_too(harness)
    decide(portal, Role.ADMIN, "relink")
    harness.configure(matching_strategy=strategy)
    project = portal.project(harness.account, "Garage")
    portal.enter(project)
    portal.work()
    row = next(row for row in portal.customers() if row["Id"] == jane)
    assert row["DisplayName"] == "Jane Doe"
    assert RecordLink.objects.filter(kind="customer", quickbooks_id=jane).count() == 2
    portal.simulator.change("accounts", harness.account["id"], isActive=False)
    enter_again(portal, project)
    portal.work()
    row = next(row for row in portal.customers() if row["Id"] == jane)
    assert (row["DisplayName"], row["Active"]) == ("Jane Doe", True)


def test_the_shared_customer_merged_on_takes_both_along(harness: InvoiceHarness) -> None:
    portal = harness.portal
    _, jane = jane_too(harness)
    decide(portal, Role.ADMIN, "relink")
    last = survivor(portal, "Doe & Smith")
    merge(portal, jane, last)
    notice(portal, jane, event=receive_merge_event(portal, jane, last))
    decide(portal, Role.ADMIN, "relink")
    links = RecordLink.objects.filter(kind="customer", quickbooks_id=last)
    assert sorted(link.is_additional for link in links) == [False, True]
    assert set(images("job", "parent")) == {last}


def test_a_job_merged_into_another_takes_its_invoices(harness: InvoiceHarness) -> None:
    portal = harness.portal
    pushed(harness)
    parent: dict[str, Any] = {"Job": True, "ParentRef": {"value": number_of()}}
    away, into = number_of("job"), survivor(portal, "Roof and garage", **parent)
    merge(portal, away, into)
    notice(portal, away, "job", receive_merge_event(portal, away, into))
    assert "move 2 links to “Roof and garage”?" in logged_sentences("job")[0]
    decide(portal, Role.FINANCE, "relink")
    assert (number_of("job"), images("invoice", "customer")) == (into, [into])


def test_one_invoice_moved_by_hand_is_no_merge(harness: InvoiceHarness) -> None:
    """The job is still under it, so that inactive means inactive."""
    portal = harness.portal
    pushed(harness, on=harness.account)
    away, other = number_of(), survivor(portal)
    harness.edit_books("Invoice", harness.in_books()["Id"], CustomerRef={"value": other})
    portal.simulator.edit_books(portal.realm, away, Active=False)
    notice(portal, away)
    row = SyncLogEntry.objects.get(kind="customer", direction="pull")
    assert row.cause == Cause.CUSTOMER_MADE_INACTIVE


def test_the_pages_show_the_question_and_then_what_moved(harness: InvoiceHarness) -> None:
    portal, (away, into) = harness.portal, merged(harness)
    notice(portal, away)
    client = Client()
    client.force_login(person("staff", (portal.company, Role.STAFF)))
    page = client.get("/integrations/runs/").content.decode()
    for shown in (
        "<h2",
        "move 3 links to “Smith, John”?",
        "Finance or a company admin can decide this",
        "Leave them",
    ):
        assert shown in page
    client.force_login(person("fin", (portal.company, Role.FINANCE)))
    page = client.get("/integrations/runs/").content.decode()
    for key in ("relink", "retry", "discard"):
        assert f'name="choice" value="{key}"' in page
    decide(portal, Role.FINANCE, "relink")
    row = SyncLogEntry.objects.get(cause="relinked")
    told_there = client.get(f"/integrations/log/{row.pk}/").content.decode()
    assert row.sentence in told_there
    assert "decide" in told_there
    moments = client.get(f"/integrations/log/{row.pk}/", {"format": "json"}).json()
    moved = {"field": "customer John Smith", "before": away, "after": into}
    assert moved in moments["entry"]["changes"]


def test_an_invoice_of_the_survivor_waits_for_the_answer(harness: InvoiceHarness) -> None:
    """Made while the question is open, for a customer that nobody of Coperniq's stands for yet."""
    sides, portal = TwoWayHarness(harness), harness.portal
    away, into = merged(harness)
    notice(portal, away)
    made = sides.invoice(customer=into)
    sides.sync()
    assert SyncRun.objects.get(action="pull_invoice", quickbooks_id=made["Id"]).state == "waiting"
    decide(portal, Role.ADMIN, "relink")
    sides.sync()
    assert RecordLink.objects.filter(kind="invoice", quickbooks_id=made["Id"], match_method="pulled").exists()
