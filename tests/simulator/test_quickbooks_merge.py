"""Two records that a person makes one."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.simulator.clients import HOURS, SERVICES, Books, Events, Json, Sales, document, line, pays, problem
from tests.simulator.receiver import Receiver, settled


@pytest.fixture
def twin(books: Books) -> Json:
    return books.customer("Anne Lee")


def merge(sales: Sales, away: Json, into: Json, entity: str = "Customer") -> Any:
    return sales.person("POST", f"merge/{entity}", {"from": away["Id"], "into": into["Id"]})


def switch(sales: Sales, **settings: Any) -> None:
    assert sales.books.client.post("/_control/switches", json=settings).status_code == 200


def test_the_money_and_the_jobs_go_to_the_survivor(
    sales: Sales, ann: Json, twin: Json, events: Events
) -> None:
    invoice, job = sales.invoice(twin), sales.books.job("Pool", twin)
    payment = sales.payment(twin, 40, pays(40, invoice))
    events.clear()
    found = merge(sales, twin, ann)
    assert (found["Id"], found["Balance"], found["SyncToken"]) == (ann["Id"], 60, "1")
    for kind, record in (("Invoice", invoice), ("Payment", payment)):
        assert sales.read(kind, record)["CustomerRef"] == {"value": ann["Id"], "name": "Ann Lee"}
    assert sales.books.read(job)["FullyQualifiedName"] == "Ann Lee:Pool"
    assert sales.rows(f"SELECT * FROM Invoice WHERE CustomerRef = '{twin['Id']}'") == []
    assert events == [("Customer", ann["Id"], "Merge", twin["Id"])]
    rest = sales.payment(ann, 60, pays(60, invoice))
    assert (rest["UnappliedAmt"], sales.books.read(ann)["Balance"]) == (0, 0)


def test_the_merged_away_is_inactive(sales: Sales, ann: Json, twin: Json) -> None:
    sales.invoice(twin)
    merge(sales, twin, ann)
    gone = sales.books.read(twin)
    assert (gone["Active"], gone["DisplayName"], gone["SyncToken"], gone["Balance"]) == (
        False,
        "Anne Lee (deleted)",
        "1",
        0,
    )
    assert sales.books.found("SELECT * FROM Customer") == ["Ann Lee"]
    assert problem(sales.refused(twin))["code"] == "610"
    assert sales.books.customer("Anne Lee")["Id"] not in {ann["Id"], twin["Id"]}


def test_the_merged_away_may_be_gone(sales: Sales, ann: Json, twin: Json, events: Events) -> None:
    switch(sales, merged_away="gone")
    events.clear()
    merge(sales, twin, ann)
    assert problem(sales.books.get(f"customer/{twin['Id']}"))["code"] == "610"
    assert events == [("Customer", ann["Id"], "Merge", twin["Id"])]


@pytest.mark.parametrize(("way", "version"), [("silently", "0"), ("time", "0"), ("version", "1")])
def test_forms_move_with_or_without_a_trace(
    sales: Sales,
    ann: Json,
    twin: Json,
    events: Events,
    way: str,
    version: str,
) -> None:
    invoice = sales.invoice(twin)
    sales.books.client.post("/_control/clock", json={"shift_seconds": 60})
    switch(sales, merge_moves=way, merge_new_version=False, merge_tells_of_merged_away=True)
    events.clear()
    assert merge(sales, twin, ann)["SyncToken"] == "0"
    found = sales.read("Invoice", invoice)
    moved = found["MetaData"]["LastUpdatedTime"] != invoice["MetaData"]["LastUpdatedTime"]
    assert (moved, found["SyncToken"]) == (way != "silently", version)
    assert (("Invoice", invoice["Id"], "Update") in events) == (way != "silently")
    assert ("Customer", twin["Id"], "Update") in events


def test_parents_see_their_sums_move(sales: Sales, ann: Json, twin: Json) -> None:
    here, there = sales.books.job("Pool", ann), sales.books.job("Pool house", twin)
    sales.invoice(here)
    merge(sales, here, there)
    assert [sales.books.read(one)["BalanceWithJobs"] for one in (ann, twin)] == [0, 100]


def test_items_are_merged_on_every_line(sales: Sales, ann: Json) -> None:
    invoice = sales.invoice(ann, line(70, HOURS), line(30, SERVICES))
    merge(sales, {"Id": HOURS}, {"Id": SERVICES}, "Item")
    lines = sales.read("Invoice", invoice)["Line"][:2]
    assert [one["SalesItemLineDetail"]["ItemRef"]["value"] for one in lines] == [SERVICES, SERVICES]
    assert sales.rows("SELECT * FROM Item WHERE Active = false")[0]["Name"] == "Hours (deleted)"


def test_what_cannot_be_merged(sales: Sales, ann: Json, twin: Json) -> None:
    job = sales.books.job("Pool", ann)
    for away, into in ((ann, ann), (ann, job), (ann, {"Id": "99"}), ({"Id": "x"}, ann)):
        answer = sales.room("POST", "merge/Customer", {"from": away["Id"], "into": into["Id"]})
        assert answer.status_code == 400, (away, into)
    merge(sales, twin, ann)
    assert (
        problem(sales.room("POST", "merge/Customer", {"from": twin["Id"], "into": ann["Id"]}))["code"]
        == "6000"
    )
    assert problem(sales.room("POST", "merge/Invoice", {"from": "1", "into": "2"}))["code"] == "500"
    assert sales.room("POST", "merge/Customer", {"from": "1"}).status_code == 400


def test_five_levels_are_the_most_after_a_merge_too(sales: Sales, ann: Json, twin: Json) -> None:
    deep = ann
    for level in range(4):
        deep = sales.books.job(f"Level {level}", deep)
    sales.books.job("Below the twin", twin)
    answer = sales.room("POST", "merge/Customer", {"from": twin["Id"], "into": deep["Id"]})
    assert problem(answer)["code"] == "6180"


@pytest.mark.parametrize("form", ["cloudevents", "legacy"])
def test_the_webhook_names_both(
    sales: Sales,
    client: FlaskClient,
    receiver: Receiver,
    ann: Json,
    twin: Json,
    form: str,
) -> None:
    switch(sales, webhook_batch_seconds=0.02)
    wanted = {"url": receiver.url, "verifier_token": "t", "form": form}
    client.put("/_control/webhooks/quickbooks", json=wanted)
    merge(sales, twin, ann)
    settled(client)
    body = json.loads(receiver.raw[0])
    if form == "legacy":
        event = body["eventNotifications"][0]["dataChangeEvent"]["entities"][0]
        assert (event["name"], event["operation"]) == ("Customer", "Merge")
        assert (event["id"], event["deletedId"]) == (ann["Id"], twin["Id"])
    else:
        assert (body[0]["type"], body[0]["intuitentityid"]) == ("qbo.customer.merged.v1", ann["Id"])
        assert body[0]["data"] == {"deletedid": twin["Id"]}


def test_change_data_capture_lists_both(sales: Sales, ann: Json, twin: Json) -> None:
    merge(sales, twin, ann)
    day = (datetime.now(UTC) - timedelta(days=2)).date()
    found = document(sales.books.get(f"cdc?entities=Customer&changedSince={day}"))
    rows = found["CDCResponse"][0]["QueryResponse"][0]["Customer"]
    assert {row["Id"]: row["Active"] for row in rows} == {ann["Id"]: True, twin["Id"]: False}
