"""What changed since a moment, asked for several kinds at once, deletions among it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from werkzeug.test import TestResponse

from tests.simulator.clients import Books, Intuit, Json, Sales, document, pays, problem

DAY = 86_400


def ask(books: Books, entities: str | None, since: str | None) -> TestResponse:
    wanted = {"entities": entities, "changedSince": since}
    given = {name: value for name, value in wanted.items() if value is not None}
    return books.call("GET", "cdc", query_string={**given, "minorversion": "75"})


def changes(books: Books, entities: str, since: str) -> list[Json]:
    answer = ask(books, entities, since)
    assert answer.status_code == 200, answer.text
    found = document(answer)
    assert set(found) == {"CDCResponse", "time"}
    assert len(found["CDCResponse"]) == 1
    return list(found["CDCResponse"][0]["QueryResponse"])


def ids(books: Books, entity: str, since: str) -> list[str]:
    return [row["Id"] for row in changes(books, entity, since)[0].get(entity, [])]


def switch(books: Books, **settings: Any) -> None:
    assert books.client.post("/_control/switches", json=settings).status_code == 200


def later(books: Books, seconds: float = 60) -> None:
    books.client.post("/_control/clock", json={"shift_seconds": seconds})


def ago(books: Books, seconds: float = 60) -> str:
    """The clock's moment so long ago, as a client writes it."""
    now = document(books.client.get("/_control/clock"))["now"]
    return (datetime.fromisoformat(now) - timedelta(seconds=seconds)).isoformat(timespec="seconds")


def test_every_kind_has_its_place_in_the_order_asked(sales: Sales, ann: Json) -> None:
    invoice = sales.invoice(ann)
    found = changes(sales.books, "Invoice,Payment,Customer", ago(sales.books))
    assert [row["Id"] for row in found[0].pop("Invoice")] == [invoice["Id"]]
    assert found[0] == {"startPosition": 1, "maxResults": 1}
    assert found[1] == {}
    assert (found[2]["Customer"][0]["DisplayName"], found[2]["maxResults"]) == ("Ann Lee", 1)


def test_a_deletion_is_a_stub(sales: Sales, ann: Json) -> None:
    by_api, by_person = sales.invoice(ann), sales.invoice(ann)
    later(sales.books, 120)
    since = ago(sales.books)
    sales.delete("Invoice", by_api)
    sales.person("DELETE", f"records/Invoice/{by_person['Id']}")
    rows = changes(sales.books, "Invoice", since)[0]["Invoice"]
    assert [row["Id"] for row in rows] == [by_api["Id"], by_person["Id"]]
    assert all(set(row) == {"domain", "status", "Id", "MetaData"} for row in rows)
    assert (rows[0]["domain"], rows[0]["status"], set(rows[0]["MetaData"])) == (
        "QBO",
        "Deleted",
        {"LastUpdatedTime"},
    )
    later(sales.books, 120)
    assert changes(sales.books, "Invoice", ago(sales.books)) == [{}]


def test_a_deactivated_customer_is_an_object_like_any_other(books: Books, ann: Json) -> None:
    books.changed(ann, Active=False)
    row = changes(books, "customer", ago(books))[0]["Customer"][0]
    assert (row["Active"], row["DisplayName"], "status" in row) == (False, "Ann Lee (deleted)", False)


def test_moved_balances_list_the_customer_too(sales: Sales, ann: Json) -> None:
    job = sales.books.job("Pool", ann)
    later(sales.books, 120)
    since = ago(sales.books)
    invoice = sales.invoice(job)
    sales.payment(job, 40, pays(40, invoice))
    rows = changes(sales.books, "Customer", since)[0]["Customer"]
    assert [(row["Id"], row["SyncToken"]) for row in rows] == [(ann["Id"], "0"), (job["Id"], "0")]


def test_what_did_not_change_anything_is_not_listed(books: Books, ann: Json) -> None:
    later(books, 120)
    since = ago(books)
    books.changed(ann, DisplayName="Ann Lee")
    assert changes(books, "Customer", since) == [{}]


def test_the_moment_itself_belongs_to_it_or_not(books: Books, ann: Json) -> None:
    moment = books.read(ann)["MetaData"]["LastUpdatedTime"]
    assert ids(books, "Customer", moment) == []
    switch(books, cdc_since_inclusive=True)
    assert ids(books, "Customer", moment) == [ann["Id"]]


@pytest.mark.parametrize("form", ["{day}", "{day}T00:00:00", "{day}T00:00:00Z", "{day}T00:00:00.000-08:00"])
def test_a_moment_may_be_written_in_several_ways(books: Books, ann: Json, form: str) -> None:
    day = ago(books, 3 * DAY)[:10]
    assert ids(books, "Customer", form.format(day=day)) == [ann["Id"]]


def test_thirty_days_back(books: Books, ann: Json, intuit: Intuit) -> None:
    later(books, 40 * DAY)
    books.token = intuit.connect(books.realm)["access_token"]
    assert problem(ask(books, "Customer", ago(books, 31 * DAY)))["code"] == "2060"
    assert ids(books, "Customer", ago(books, 29 * DAY)) == []
    switch(books, cdc_before_30_days="answer")
    assert ids(books, "Customer", ago(books, 41 * DAY)) == [ann["Id"]]
    switch(books, cdc_before_30_days="cut")
    assert ids(books, "Customer", ago(books, 41 * DAY)) == []


def test_so_many_objects_in_all(sales: Sales, ann: Json) -> None:
    since = ago(sales.books)
    invoices = []
    for _ in range(3):
        later(sales.books, 2)
        invoices.append(sales.invoice(ann)["Id"])
    switch(sales.books, cdc_limit=2)
    assert ids(sales.books, "Invoice", since) == invoices[1:]
    both = changes(sales.books, "Invoice,Customer", since)
    assert [one["maxResults"] for one in both] == [1, 1]
    switch(sales.books, cdc_limit_keeps="oldest")
    assert ids(sales.books, "Invoice", since) == invoices[:2]
    switch(sales.books, cdc_limit_counts="per_entity")
    assert [one["maxResults"] for one in changes(sales.books, "Invoice,Customer", since)] == [2, 1]


def test_a_change_may_show_late(books: Books, ann: Json) -> None:
    switch(books, cdc_lag_seconds=30)
    since = ago(books)
    assert ids(books, "Customer", since) == []
    later(books, 31)
    assert ids(books, "Customer", since) == [ann["Id"]]


def test_preferences_change_as_well(sales: Sales) -> None:
    later(sales.books, 120)
    since = ago(sales.books)
    assert changes(sales.books, "Preferences,CompanyInfo,Bill", since) == [{}, {}, {}]
    sales.settings(allow_deposit=True)
    found = changes(sales.books, "Preferences", since)[0]["Preferences"][0]
    assert found["SalesFormsPrefs"]["AllowDeposit"] is True


@pytest.mark.parametrize("name", ["TaxCode", "TimeActivity", "Custmoer"])
def test_kinds_that_are_not_captured(books: Books, name: str) -> None:
    assert problem(ask(books, f"Customer,{name}", ago(books)))["code"] == "4001"
    switch(books, cdc_bad_entity_code="500")
    assert problem(ask(books, name, ago(books)))["code"] == "500"


def test_what_must_be_said(books: Books) -> None:
    assert problem(ask(books, None, ago(books)))["element"] == "entities"
    assert problem(ask(books, "Customer", None))["element"] == "changedSince"
    assert problem(ask(books, "Customer", "yesterday"))["code"] == "2060"
    assert books.post(f"cdc?entities=Customer&changedSince={ago(books)[:10]}", {}).status_code == 400


def test_the_rows_are_those_of_a_query_or_of_a_read(books: Books, ann: Json) -> None:
    since = ago(books)
    assert "DefaultTaxCodeRef" not in changes(books, "Customer", since)[0]["Customer"][0]
    switch(books, cdc_rows="read")
    assert "DefaultTaxCodeRef" in changes(books, "Customer", since)[0]["Customer"][0]
