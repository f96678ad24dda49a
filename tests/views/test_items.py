"""Item matches: everyone may see them, and those who may configure can change them."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from accounts.models import AuditLogEntry, Company, User
from integrations.models import (
    CoperniqConnection,
    Kind,
    QuickBooksConnection,
    RecordLink,
    RunState,
    SyncSettings,
)
from tests.factories import JSON, OTHER_REALM, SignIn, coperniq_connection, quickbooks_connection, sync_run
from tests.views.lists import CATALOG, ITEMS, Refreshing, catalog_item, item, keep

PAGE = "/integrations/items/"
REFRESH = f"{PAGE}refresh/"
FREED = ("no_fallback_item", "item_inactive")


@pytest.fixture
def connection(acme: Company) -> QuickBooksConnection:
    coperniq_connection(acme)
    made = quickbooks_connection(acme)
    keep(made, items=ITEMS, catalog=CATALOG)
    return made


@pytest.fixture
def browser(alice: User, sign_in: SignIn) -> Client:
    return sign_in(alice)


@pytest.fixture
def refreshing(monkeypatch: pytest.MonkeyPatch) -> Refreshing:
    return Refreshing(monkeypatch)


def rows(client: Client, **query: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = client.get(PAGE, {"format": "json", **query}).json()["items"]
    return found


def pin(client: Client, catalog_id: str, item_id: str) -> Any:
    return client.post(f"{PAGE}{catalog_id}/", {"item": item_id}, headers=JSON)


def linked(connection: QuickBooksConnection, catalog_id: str, item_id: str, rule: str) -> RecordLink:
    return RecordLink.objects.create(
        connection=connection,
        kind=Kind.ITEM,
        coperniq_id=catalog_id,
        quickbooks_id=item_id,
        match_method=rule,
    )


def test_rows_tell_what_is_matched_and_what_would_be(
    sam: User, connection: QuickBooksConnection, sign_in: SignIn
) -> None:
    linked(connection, "2", "59", "name")
    labor, permit, panel = rows(sign_in(sam))
    assert (labor["name"], labor["rule"], labor["linked"]) == ("LABOR", "name", True)
    assert (panel["rule"], panel["linked"], panel["pinned"]) == ("code", False, False)
    assert panel["item"] == {"id": "58", "name": "Panel 400 W", "sku": "PAN-400", "usable": True}
    assert permit == {
        "catalog_id": "3",
        "name": "Permit fee",
        "code": "PERMIT",
        "sku": "",
        "archived": False,
        "item": None,
        "rule": "",
        "linked": False,
        "pinned": False,
    }


def test_an_item_quickbooks_lost_is_marked(browser: Client, connection: QuickBooksConnection) -> None:
    linked(connection, "2", "60", "name")
    linked(connection, "3", "999", "chosen")
    found = {row["catalog_id"]: row for row in rows(browser)}
    assert found["2"]["item"]["usable"] is False
    assert found["3"]["item"] == {"id": "999", "name": "999", "sku": "", "usable": False}
    assert browser.get(PAGE).text.count("Not usable in QuickBooks") == 2


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ({"q": "panel"}, ["1"]),
        ({"q": "permit"}, ["3"]),
        ({"q": "59"}, ["2"]),
        ({"q": "3"}, ["3"]),
        ({"unmatched": "on"}, ["3"]),
        ({"unmatched": "on", "q": "panel"}, []),
    ],
)
def test_rows_can_be_searched_and_narrowed(
    browser: Client, connection: QuickBooksConnection, query: dict[str, str], ids: list[str]
) -> None:
    assert [row["catalog_id"] for row in rows(browser, **query)] == ids


def test_unreadable_search_is_reported(browser: Client, connection: QuickBooksConnection) -> None:
    assert "cannot be read" in browser.get(PAGE, {"page": "x"}).text
    answer = browser.get(PAGE, {"page": "0", "format": "json"})
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["page"])


def test_a_long_catalog_has_pages_and_few_queries(
    browser: Client, connection: QuickBooksConnection, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    keep(connection, catalog=[catalog_item(str(number), f"Item {number:03}") for number in range(120)])
    with django_assert_max_num_queries(20):
        page = browser.get(PAGE, {"page": "2"})
    assert "Page 2 of 3" in page.text
    assert "Item 050" in page.text
    assert "Item 100" not in page.text
    answer = browser.get(PAGE, {"format": "json"}).json()
    assert (answer["count"], answer["page"], answer["pages"]) == (120, 1, 1)
    assert "Page 3 of 3" in browser.get(PAGE, {"page": "99"}).text


@pytest.mark.parametrize(
    ("itemless", "fallback", "words"),
    [
        ("kept", "59", "No match: sent without an item."),
        ("unknown", "", "No match: sent without an item."),
        ("unknown", "59", "without an item, or with “Labor” if QuickBooks drops its amount"),
        ("ignored", "59", "sent with the fallback item “Labor”"),
        ("ignored", "7", "sent with the fallback item “7”"),
        ("ignored", "", "wait until you choose a fallback item"),
    ],
)
def test_the_page_says_what_becomes_of_a_line_without_a_match(
    browser: Client, connection: QuickBooksConnection, itemless: str, fallback: str, words: str
) -> None:
    QuickBooksConnection.objects.update(itemless_lines=itemless)
    SyncSettings.objects.update(fallback_item=fallback)
    assert words in browser.get(PAGE).text


def test_several_possible_items_are_said(browser: Client, connection: QuickBooksConnection) -> None:
    keep(connection, items=[item("1", "A", "PERMIT"), item("2", "B", "PERMIT")])
    assert "Several are possible" in browser.get(PAGE, {"q": "permit"}).text


def test_a_person_pins_an_item(browser: Client, alice: User, connection: QuickBooksConnection) -> None:
    held = [sync_run(connection, RunState.HELD, cause, cause=cause) for cause in FREED]
    answer = pin(browser, "3", "58")
    assert (answer.status_code, answer.json()) == (200, {"ok": True})
    link = RecordLink.objects.get()
    assert (link.coperniq_id, link.quickbooks_id, link.match_method) == ("3", "58", "chosen")
    assert (link.coperniq_name, link.quickbooks_name) == ("Permit fee", "Panel 400 W")
    assert (link.number, link.amount_cents) == ("PERMIT", 25000)
    act = AuditLogEntry.objects.get()
    assert (act.user, act.target, act.before) == (alice, "item 3: Permit fee", "automatic")
    assert act.after == "Panel 400 W (58), chosen by a person"
    for each in held:
        each.refresh_from_db()
        assert each.state == RunState.QUEUED
    (row,) = rows(browser, q="permit")
    assert (row["pinned"], row["item"]["id"]) == (True, "58")


def test_pinning_another_item_forgets_what_was_seen_of_the_first(
    browser: Client, connection: QuickBooksConnection
) -> None:
    link = linked(connection, "3", "58", "code")
    RecordLink.objects.update(quickbooks_snapshot={"Name": "x"}, quickbooks_version="4")
    pin(browser, "3", "59")
    link.refresh_from_db()
    assert (link.quickbooks_id, link.match_method, link.quickbooks_name) == ("59", "chosen", "Labor")
    assert (link.quickbooks_snapshot, link.quickbooks_version) == ({}, "")


def test_pinning_what_was_matched_keeps_what_was_seen(
    browser: Client, connection: QuickBooksConnection
) -> None:
    link = linked(connection, "3", "58", "code")
    RecordLink.objects.update(quickbooks_snapshot={"Name": "x"})
    pin(browser, "3", "58")
    link.refresh_from_db()
    assert (link.match_method, link.quickbooks_snapshot) == ("chosen", {"Name": "x"})


def test_automatic_matching_takes_the_choice_back(browser: Client, connection: QuickBooksConnection) -> None:
    pin(browser, "3", "58")
    assert pin(browser, "3", "").status_code == 200
    assert not RecordLink.objects.exists()
    assert AuditLogEntry.objects.latest("pk").after == "automatic"


def test_the_same_again_changes_nothing(browser: Client, connection: QuickBooksConnection) -> None:
    pin(browser, "3", "58")
    answer = browser.post(f"{PAGE}3/", {"item": "58"}, follow=True)
    assert "Nothing was different" in answer.text
    assert pin(browser, "2", "").status_code == 200
    assert AuditLogEntry.objects.count() == 1


@pytest.mark.parametrize("item_id", ["60", "61", "999", "x" * 300])
def test_what_cannot_stand_on_an_invoice_is_refused(
    browser: Client, connection: QuickBooksConnection, refreshing: Refreshing, item_id: str
) -> None:
    answer = pin(browser, "3", item_id)
    assert answer.status_code == 400
    assert "no active item" in answer.json()["errors"]["item"][0]
    assert refreshing.count == 1
    assert not RecordLink.objects.exists()


def test_a_new_item_is_asked_for_before_it_is_refused(
    browser: Client, connection: QuickBooksConnection, refreshing: Refreshing
) -> None:
    refreshing.fails = True
    assert "cannot be reached" in pin(browser, "3", "70").json()["errors"]["item"][0]
    refreshing.fails, refreshing.brings = False, {"items": [item("70", "New")]}
    assert pin(browser, "3", "70").status_code == 200


def test_a_form_without_an_item_is_refused(browser: Client, connection: QuickBooksConnection) -> None:
    answer = browser.post(f"{PAGE}3/", {})
    assert answer.status_code == 400
    assert "Back to the item matches" in answer.text


@pytest.mark.parametrize("catalog_id", ["999", "58", "refresh2"])
def test_items_that_are_not_in_the_catalog_do_not_exist(
    browser: Client, connection: QuickBooksConnection, catalog_id: str
) -> None:
    assert pin(browser, catalog_id, "58").status_code == 404


def test_the_page_goes_back_to_where_it_was(browser: Client, connection: QuickBooksConnection) -> None:
    answer = browser.post(f"{PAGE}3/", {"item": "58", "next": f"{PAGE}?q=permit"})
    assert answer["Location"] == f"{PAGE}?q=permit"
    answer = browser.post(f"{PAGE}3/", {"item": "", "next": "https://evil.example/"})
    assert answer["Location"] == PAGE


def test_choosing_shows_one_list_of_what_can_be_chosen(
    browser: Client, connection: QuickBooksConnection
) -> None:
    text = browser.get(PAGE, {"choose": "3", "q": "permit"}).text
    assert "Which QuickBooks item is “Permit fee”?" in text
    assert text.count("<select") == 1
    assert '<option value="58">Panel 400 W (PAN-400)</option>' in text
    assert "Retired" not in text
    assert f'name="next" value="{PAGE}?q=permit"' in text
    assert '<option value="58" selected>' in browser.get(PAGE, {"choose": "1"}).text
    assert "<select" not in browser.get(PAGE, {"choose": "999"}).text
    keep(connection, items=[])
    assert "have not been read yet" in browser.get(PAGE, {"choose": "3"}).text


def test_a_pinned_row_offers_the_way_back(browser: Client, connection: QuickBooksConnection) -> None:
    assert "Match automatically<" not in browser.get(PAGE).text
    pin(browser, "3", "58")
    text = browser.get(PAGE).text
    assert "Match automatically<" in text
    assert "Chosen by a person" in text


def test_both_lists_are_read_again(
    browser: Client, connection: QuickBooksConnection, refreshing: Refreshing
) -> None:
    refreshing.brings = {"catalog": [catalog_item("9", "Newly made")]}
    assert browser.post(REFRESH).status_code == 302
    assert [row["name"] for row in rows(browser)] == ["Newly made"]
    refreshing.fails = True
    answer = browser.post(REFRESH, headers=JSON)
    assert answer.status_code == 400
    assert "try again in a few minutes" in answer.json()["errors"]["lists"][0]


def test_lists_belong_to_connected_books(browser: Client, refreshing: Refreshing) -> None:
    assert "Connect QuickBooks first" in browser.post(REFRESH, headers=JSON).json()["errors"]["quickbooks"][0]
    assert "Connect QuickBooks first" in browser.get(PAGE).text
    assert rows(browser) == []
    assert pin(browser, "3", "58").status_code == 404


@pytest.mark.parametrize("page", [f"{PAGE}3/", REFRESH])
@pytest.mark.parametrize("who", ["sam", "frank"])
def test_staff_and_finance_read_and_admins_choose(
    sam: User, frank: User, connection: QuickBooksConnection, sign_in: SignIn, page: str, who: str
) -> None:
    client = sign_in({"sam": sam, "frank": frank}[who])
    assert client.post(page, {"item": "58"}).status_code == 403
    text = client.get(PAGE, {"choose": "3"}).text
    assert "Permit fee" in text
    assert "Read both lists again" not in text
    assert "<select" not in text
    assert not RecordLink.objects.exists()


def test_other_companies_items_do_not_exist(
    bob: User, bolt: Company, connection: QuickBooksConnection, sign_in: SignIn
) -> None:
    client = sign_in(bob)
    assert client.get(PAGE, {"company": "acme"}).status_code == 404
    assert client.post(f"{PAGE}3/", {"item": "58"}, query_params={"company": "acme"}).status_code == 404
    coperniq_connection(bolt)
    theirs = quickbooks_connection(bolt, OTHER_REALM)
    keep(theirs, items=[item("1", "Theirs")], catalog=[catalog_item("8", "Theirs")])
    assert pin(client, "3", "1").status_code == 404
    assert [row["name"] for row in rows(client)] == ["Theirs"]
    pin(client, "8", "1")
    assert RecordLink.objects.get().connection == theirs


def test_an_item_of_another_company_is_no_choice(
    bob: User, bolt: Company, connection: QuickBooksConnection, sign_in: SignIn, refreshing: Refreshing
) -> None:
    coperniq_connection(bolt)
    keep(quickbooks_connection(bolt, OTHER_REALM), items=[], catalog=[catalog_item("8", "Theirs")])
    assert pin(sign_in(bob), "8", "58").status_code == 400


def test_hostile_names_are_text(browser: Client, connection: QuickBooksConnection) -> None:
    keep(connection, catalog=[catalog_item("1", "<script>alert(1)</script>", is_archived=True)])
    text = browser.get(PAGE).text
    assert "<script>alert" not in text
    assert "Archived" in text


def test_an_empty_catalog_is_reported_from_one_never_read(browser: Client, acme: Company) -> None:
    connection = quickbooks_connection(acme)
    assert "has not been read yet" in browser.get(PAGE).text
    keep(connection, catalog=[])
    assert "catalog is empty" in browser.get(PAGE).text
    assert not CoperniqConnection.objects.exists()
