from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.simulator.conftest import Books, document, problem

if TYPE_CHECKING:
    from simulator.world import World


def full(books: Books, record: dict[str, Any], **fields: Any) -> dict[str, Any]:
    answer = books.post("customer", {"Id": record["Id"], "SyncToken": record["SyncToken"], **fields})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = document(answer)["Customer"]
    return found


def test_an_update_raises_the_sync_token_and_the_time(books: Books, world: World) -> None:
    ann = books.customer("Ann")
    world.clock.shift(timedelta(seconds=5))
    changed = books.changed(ann, Notes="x")
    assert changed["SyncToken"] == "1"
    assert changed["MetaData"]["CreateTime"] == ann["MetaData"]["CreateTime"]
    assert changed["MetaData"]["LastUpdatedTime"] > ann["MetaData"]["LastUpdatedTime"]


@pytest.mark.parametrize("token", ["0", "2", "x", 7])
def test_any_other_sync_token_is_5010_and_changes_nothing(books: Books, token: object) -> None:
    ann = books.changed(books.customer("Ann"), Notes="first")
    answer = books.change({"Id": ann["Id"], "SyncToken": token}, Notes="second")
    found = problem(answer)
    assert (answer.status_code, found["code"], found["element"]) == (400, "5010", "")
    assert found["Message"] == "Stale Object Error"
    assert found["Detail"].startswith("Stale Object Error : You and ")
    assert found["Detail"].endswith("finished before you did, so your work was not saved.")
    assert books.read(ann)["Notes"] == "first"


@pytest.mark.parametrize("token", [{}, {"SyncToken": ""}, {"SyncToken": None}])
def test_an_update_without_sync_token_is_2020(books: Books, token: dict[str, Any]) -> None:
    ann = books.customer("Ann")
    found = problem(books.post("customer", {"Id": ann["Id"], "sparse": True, "Notes": "x", **token}))
    assert (found["code"], found["element"]) == ("2020", "SyncToken")
    assert found["Detail"] == "Required parameter SyncToken is missing in the request"


@pytest.mark.parametrize(("id_", "code"), [("404", "610"), ("1.5", "2030"), ("abc", "2030")])
def test_updating_what_is_not_there(books: Books, id_: str, code: str) -> None:
    assert problem(books.change({"Id": id_, "SyncToken": "0"}, Notes="x"))["code"] == code


def test_sparse_keeps_everything_that_is_left_out(books: Books) -> None:
    ann = books.customer("Ann", GivenName="Ann", Notes="n", PrimaryPhone={"FreeFormNumber": "1"})
    changed = books.changed(ann, DisplayName="Anna")
    assert (changed["GivenName"], changed["Notes"]) == ("Ann", "n")
    assert changed["PrimaryPhone"] == {"FreeFormNumber": "1"}
    assert changed["sparse"] is False


def test_renaming_moves_the_full_name_but_not_the_name_on_checks(books: Books) -> None:
    changed = books.changed(books.customer("Ann"), DisplayName="Anna")
    assert (changed["FullyQualifiedName"], changed["PrintOnCheckName"]) == ("Anna", "Ann")


def test_full_clears_everything_that_is_left_out(books: Books) -> None:
    ann = books.customer(
        "Ann",
        GivenName="Ann",
        Notes="n",
        PrimaryPhone={"FreeFormNumber": "1"},
        BillAddr={"Line1": "x"},
        SalesTermRef={"value": "4"},
        Taxable=False,
        PreferredDeliveryMethod="Email",
    )
    changed = full(books, ann, DisplayName="Jack Moe", PrimaryPhone={"FreeFormNumber": "2"})
    assert not {"GivenName", "Notes", "BillAddr", "SalesTermRef"} & set(changed)
    assert changed["PrimaryPhone"] == {"FreeFormNumber": "2"}
    assert (changed["Taxable"], changed["PreferredDeliveryMethod"]) == (True, "Print")
    assert changed["PrintOnCheckName"] == "Jack Moe"
    assert changed["SyncToken"] == "1"


def test_full_without_a_name_takes_the_parts_or_is_refused(books: Books) -> None:
    ann = books.customer("Shown", GivenName="Ann")
    changed = full(books, ann, GivenName="Ann", FamilyName="Lee")
    assert changed["DisplayName"] == "Ann Lee"
    answer = books.post("customer", {"Id": changed["Id"], "SyncToken": "1", "Notes": "x"})
    assert problem(answer)["code"] == "6080"


def test_a_whole_record_sent_back_unchanged_is_no_change(books: Books) -> None:
    ann = books.customer(
        "Ann", GivenName="Ann", BillAddr={"Line1": "x"}, PrimaryEmailAddr={"Address": "a@b.co"}
    )
    again = document(books.post("customer", books.read(ann)))["Customer"]
    assert again["SyncToken"] == "0"
    assert again["MetaData"] == ann["MetaData"]


def test_a_job_sent_in_full_without_its_parent_becomes_a_customer(books: Books) -> None:
    job = books.job("Roof", books.customer("Ann"))
    changed = full(books, job, DisplayName="Roof")
    assert changed["Job"] is False
    assert not {"ParentRef", "Level"} & set(changed)


@pytest.mark.parametrize(
    ("entity", "field"), [("Customer", "Notes"), ("Vendor", "AcctNum"), ("Employee", "EmployeeNumber")]
)
def test_a_noop_keeps_sync_token_and_time(books: Books, world: World, entity: str, field: str) -> None:
    created = document(books.person(entity, DisplayName="Same", **{field: "7"}))
    world.clock.shift(timedelta(minutes=1))
    body = {"Id": created["Id"], "SyncToken": "0", "sparse": True, field: "7"}
    found = document(books.post(entity.lower(), body))[entity]
    assert found["SyncToken"] == "0"
    assert found["MetaData"] == created["MetaData"]


def test_a_noop_on_a_customer_bumps_under_its_switch(books: Books, world: World) -> None:
    world.switches["customer_noop_bumps"] = True
    assert books.changed(books.customer("Ann"), DisplayName="Ann")["SyncToken"] == "1"


@pytest.mark.parametrize(
    ("form", "value", "cleared"),
    [
        ("both", "", True),
        ("both", None, True),
        ("empty_string", "", True),
        ("empty_string", None, False),
        ("null", "", False),
        ("null", None, True),
        ("none", "", False),
        ("none", None, False),
    ],
)
def test_what_clears_in_a_sparse_update_is_a_switch(
    books: Books, world: World, form: str, value: object, cleared: bool
) -> None:
    ann = books.customer("Ann", Notes="n", PrimaryEmailAddr={"Address": "a@b.co"})
    world.switches["clear_by_sparse"] = form
    changed = books.changed(ann, Notes=value, PrimaryEmailAddr={"Address": value})
    assert ("Notes" not in changed) is cleared
    assert ("PrimaryEmailAddr" not in changed) is cleared


def test_the_display_name_cannot_be_cleared(books: Books) -> None:
    assert problem(books.change(books.customer("Ann"), DisplayName=""))["code"] == "6080"


@pytest.mark.parametrize(("form", "city"), [("replace", None), ("merge", "Fresno")])
def test_an_address_in_a_sparse_update_is_replaced_or_merged(
    books: Books, world: World, form: str, city: str | None
) -> None:
    ann = books.customer("Ann", BillAddr={"Line1": "1 Road", "City": "Fresno", "PostalCode": "93721"})
    world.switches["sparse_nested"] = form
    changed = books.changed(ann, BillAddr={"Line1": "2 Road", "PostalCode": ""})
    assert changed["BillAddr"]["Line1"] == "2 Road"
    assert changed["BillAddr"].get("City") == city
    assert "PostalCode" not in changed["BillAddr"]


def test_a_person_edits_without_a_sync_token_and_moves_it(books: Books) -> None:
    ann = books.customer("Ann")
    path = f"/_control/quickbooks/{books.realm}/records/Customer/{ann['Id']}"
    assert document(books.client.patch(path, json={"Notes": "by hand"}))["SyncToken"] == "1"
    assert problem(books.change(ann, Notes="by the app"))["code"] == "5010"


def test_a_person_is_held_to_the_same_rules(books: Books) -> None:
    assert problem(books.person("Customer", DisplayName="a:b"))["code"] == "2040"
    ann = books.customer("Ann")
    books.customer("Bob")
    path = f"/_control/quickbooks/{books.realm}/records/Customer/{ann['Id']}"
    assert problem(books.client.patch(path, json={"DisplayName": "Bob"}))["code"] == "6240"
    assert problem(books.client.patch(path, json={"Nonsense": 1}))["code"] == "2010"


@pytest.mark.parametrize(("what", "code"), [("balance", "6220"), ("unbilled", "6280")])
def test_money_outstanding_forbids_deactivation(books: Books, what: str, code: str) -> None:
    ann = books.customer("Ann")
    path = f"/_control/quickbooks/{books.realm}/customers/{ann['Id']}/{what}"
    assert books.client.post(path, json={"amount": 12.5}).status_code == 200
    assert problem(books.change(ann, Active=False))["code"] == code
    books.client.post(path, json={"amount": 0})
    assert books.changed(ann, Active=False)["Active"] is False


def test_a_balance_moves_the_time_and_not_the_sync_token(books: Books, world: World) -> None:
    ann = books.customer("Ann")
    world.clock.shift(timedelta(minutes=1))
    path = f"/_control/quickbooks/{books.realm}/customers/{ann['Id']}/balance"
    books.client.post(path, json={"amount": 85.1})
    moved = books.read(ann)
    assert str(moved["Balance"]) == "85.10"
    assert moved["SyncToken"] == "0"
    assert moved["MetaData"]["LastUpdatedTime"] > ann["MetaData"]["LastUpdatedTime"]
    assert books.changed(ann, Notes="still current")["SyncToken"] == "1"


def test_every_change_is_announced_after_the_lock_is_free(
    books: Books, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[tuple[str, ...]] = []
    monkeypatch.setattr(world.webhooks, "quickbooks_changed", lambda *change: told.append(change))
    ann = books.customer("Ann")
    job = books.job("Roof", ann)
    books.changed(ann, Notes="x")
    books.changed(books.read(ann), Notes="x")
    books.change(ann, Notes="stale")
    books.client.post(f"/_control/quickbooks/{books.realm}/customers/{job['Id']}/balance", json={"amount": 5})
    assert told == [
        (books.realm, "Customer", ann["Id"], "Create"),
        (books.realm, "Customer", job["Id"], "Create"),
        (books.realm, "Customer", ann["Id"], "Update"),
        (books.realm, "Customer", job["Id"], "Update"),
        (books.realm, "Customer", ann["Id"], "Update"),
    ]
