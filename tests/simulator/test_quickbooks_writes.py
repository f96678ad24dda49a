"""Updates, the requestid and batches."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from simulator.world import World
from tests.simulator.clients import Books, Events, Intuit, Json, Sales, document, line, pays, problem


def full(books: Books, record: Json, **fields: Any) -> Json:
    answer = books.post("customer", {"Id": record["Id"], "SyncToken": record["SyncToken"], **fields})
    assert answer.status_code == 200, answer.text
    found: Json = document(answer)["Customer"]
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
def test_an_update_without_sync_token_is_2020(books: Books, token: Json) -> None:
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
    told: Events = []
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


ANN = {"DisplayName": "Ann"}


def count(books: Books) -> int:
    return int(document(books.query("SELECT COUNT(*) FROM Customer"))["QueryResponse"]["totalCount"])


def test_a_repeated_requestid_gets_the_first_answer_and_changes_nothing(books: Books) -> None:
    first = books.post("customer?requestid=r1", ANN)
    second = books.post("customer?requestid=r1", ANN)
    assert (second.status_code, second.data) == (200, first.data)
    assert count(books) == 1


def test_the_replay_is_the_original_answer_even_when_the_record_moved_on(books: Books) -> None:
    first = document(books.post("customer?requestid=r1", ANN))["Customer"]
    books.changed(first, Notes="later")
    again = document(books.post("customer?requestid=r1", ANN))["Customer"]
    assert (again["SyncToken"], "Notes" in again) == ("0", False)


def test_an_update_replays_as_well_instead_of_going_stale(books: Books) -> None:
    ann = books.customer("Ann")
    body = {"Id": ann["Id"], "SyncToken": "0", "sparse": True, "Notes": "x"}
    first = books.post("customer?requestid=r2", body)
    assert books.post("customer?requestid=r2", body).data == first.data
    assert problem(books.post("customer", body))["code"] == "5010"


def test_an_empty_requestid_counts_as_none(books: Books) -> None:
    books.post("customer?requestid=", ANN)
    assert problem(books.post("customer?requestid=", ANN))["code"] == "6240"


def test_a_requestid_has_at_most_fifty_characters(books: Books) -> None:
    assert problem(books.post(f"customer?requestid={'r' * 51}", ANN))["code"] == "2050"
    assert books.post(f"customer?requestid={'r' * 50}", ANN).status_code == 200


def test_another_body_is_replayed_or_refused_as_switched(books: Books, world: World) -> None:
    first = books.post("customer?requestid=r1", ANN)
    bob = {"DisplayName": "Bob"}
    assert books.post("customer?requestid=r1", bob).data == first.data
    world.switches["requestid_other_body"] = "refuse"
    answer = books.post("customer?requestid=r1", bob)
    assert (answer.status_code, problem(answer)["code"]) == (400, "600")
    assert books.post("customer?requestid=r1", ANN).data == first.data
    assert count(books) == 1


def test_the_memory_ends_when_the_switch_says(books: Books, world: World) -> None:
    world.switches["requestid_memory_seconds"] = 60
    books.post("customer?requestid=r1", ANN)
    world.clock.shift(timedelta(seconds=120))
    assert problem(books.post("customer?requestid=r1", ANN))["code"] == "6240"


def test_a_refusal_is_worked_again_unless_switched(books: Books, world: World) -> None:
    ann = books.customer("Ann")
    assert problem(books.post("customer?requestid=r1", ANN))["code"] == "6240"
    books.changed(ann, DisplayName="Anna")
    assert books.post("customer?requestid=r1", ANN).status_code == 200
    world.switches["requestid_remembers_refusals"] = True
    refused = books.post("customer?requestid=r2", ANN)
    books.changed(books.read({"Id": "2"}), DisplayName="Annie")
    again = books.post("customer?requestid=r2", ANN)
    assert (again.status_code, again.data) == (400, refused.data)


def test_companies_do_not_share_requestids(books: Books) -> None:
    books.post("customer?requestid=r1", ANN)
    books.client.post("/_control/quickbooks/companies", json={"company_name": "Other", "realm_id": "88"})
    other = Books(books.client, "88", Intuit(books.client).connect("88")["access_token"])
    assert (
        document(other.post("customer?requestid=r1", {"DisplayName": "Zed"}))["Customer"]["DisplayName"]
        == "Zed"
    )


def send(sales: Sales, *items: Json, path: str = "batch") -> list[Json]:
    numbered = [{"bId": f"b{n}", **item} for n, item in enumerate(items, 1)]
    answer = sales.books.post(path, {"BatchItemRequest": numbered})
    assert answer.status_code == 200, answer.text
    found: list[Json] = document(answer)["BatchItemResponse"]
    assert [one["bId"] for one in found] == [one["bId"] for one in numbered]
    return found


def code(item: Json) -> str:
    assert item["Fault"]["type"] == "ValidationFault"
    return str(item["Fault"]["Error"][0]["code"])


def test_good_and_bad_items_stand_side_by_side(sales: Sales, ann: Json) -> None:
    invoice = sales.invoice(ann)
    version = {"Id": invoice["Id"], "SyncToken": "0"}
    made, gone, stale, found = send(
        sales,
        {"operation": "create", "Invoice": sales.body(ann, line(5))},
        {"operation": "delete", "Invoice": {"Id": "99", "SyncToken": "0"}},
        {"operation": "update", "Invoice": {**version, "SyncToken": "9", "sparse": True, "PrivateNote": "x"}},
        {"Query": "select * from Invoice where TotalAmt > '50'"},
    )
    assert made["Invoice"]["TotalAmt"] == 5
    assert (code(gone), code(stale)) == ("610", "5010")
    assert [row["Id"] for row in found["QueryResponse"]["Invoice"]] == [invoice["Id"]]


def test_voids_and_deletions_in_a_batch(sales: Sales, ann: Json) -> None:
    first, second = sales.invoice(ann), sales.invoice(ann)
    payment = sales.payment(ann, 5)
    items = [
        {"operation": "update", "optionsData": "void", entity: {"Id": one["Id"], "SyncToken": "0"}}
        for entity, one in (("Invoice", first), ("Payment", payment))
    ]
    deleted = {"operation": "delete", "Invoice": {"Id": second["Id"], "SyncToken": "0"}}
    a, b, c = send(sales, *items, deleted)
    assert (a["Invoice"]["PrivateNote"], b["Payment"]["PrivateNote"]) == ("Voided", "Voided")
    assert c["Invoice"]["status"] == "Deleted"


def test_an_item_sees_what_the_one_before_it_did(sales: Sales, ann: Json) -> None:
    invoice = sales.invoice(ann)
    body = {"CustomerRef": {"value": ann["Id"]}, "TotalAmt": 60, "Line": [pays(60, invoice)]}
    once = {"operation": "create", "Payment": body}
    a, b = send(sales, once, once)
    assert (a["Payment"]["UnappliedAmt"], code(b)) == (0, "6000")


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        ({"operation": "create", "Nonsense": {}}, "2010"),
        ({"operation": "create", "Invoice": {}, "Payment": {}}, "2010"),
        ({"operation": "create"}, "2010"),
        ({"operation": "create", "Estimate": {}}, "5030"),
        ({"operation": "create", "CreditMemo": {}}, "5030"),
        ({"operation": "create", "Customer": {"Id": "1"}}, "2010"),
        ({"operation": "update", "Customer": {"DisplayName": "x"}}, "2020"),
        ({"operation": "send", "Invoice": {}}, "500"),
        ({"Invoice": {}}, "500"),
        ({"operation": "delete", "Customer": {"Id": "1", "SyncToken": "0"}}, "500"),
        ({"operation": "create", "Customer": {"Colour": "red"}}, "2010"),
        ({"Query": "select * from Nowhere"}, "4001"),
    ],
)
def test_items_that_are_refused(sales: Sales, ann: Json, item: Json, expected: str) -> None:
    (found,) = send(sales, item)
    assert code(found) == expected


@pytest.mark.parametrize("body", [{}, {"BatchItemRequest": []}, {"BatchItemRequest": ["x"]}])
def test_an_empty_batch_is_none(sales: Sales, body: Json) -> None:
    assert problem(sales.books.post("batch", body))["code"] == "2020"


def test_an_item_has_a_name(sales: Sales) -> None:
    answer = sales.books.post("batch", {"BatchItemRequest": [{"Query": "select * from Customer"}]})
    assert code(document(answer)["BatchItemResponse"][0]) == "2020"
    assert problem(sales.books.post("batch", {"Items": []}))["code"] == "2010"


def test_thirty_are_the_most(sales: Sales) -> None:
    query = {"Query": "select count(*) from Customer"}
    assert len(send(sales, *[query] * 30)) == 30
    items = [{"bId": str(n), **query} for n in range(31)]
    answer = sales.books.post("batch", {"BatchItemRequest": items})
    assert (answer.status_code, problem(answer)["code"]) == (400, "1040")


def test_a_repeated_batch_gets_the_first_answer(sales: Sales, ann: Json) -> None:
    item = {"operation": "create", "Invoice": sales.body(ann)}
    first = send(sales, item, path="batch?requestid=r1")
    assert send(sales, item, path="batch?requestid=r1") == first
    assert len(sales.rows("SELECT * FROM Invoice")) == 1


def test_with_a_requestid_names_are_short(sales: Sales, world: World) -> None:
    items = {"BatchItemRequest": [{"bId": "b" * 11, "Query": "select count(*) from Customer"}]}
    assert sales.books.post("batch", items).status_code == 200
    assert problem(sales.books.post("batch?requestid=r1", items))["code"] == "2050"
    assert problem(sales.books.post(f"batch?requestid={'r' * 37}", items))["code"] == "2050"
    world.switches["batch_id_limits"] = False
    assert sales.books.post("batch?requestid=r1", items).status_code == 200
