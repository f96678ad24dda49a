from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from tests.simulator.conftest import Books, document

if TYPE_CHECKING:
    from simulator.world import World


def response(books: Books, statement: str) -> dict[str, object]:
    found: dict[str, object] = document(books.query(statement))["QueryResponse"]
    return found


def test_an_empty_result_has_no_entity_key(books: Books) -> None:
    found = document(books.query("SELECT * FROM Customer"))
    assert set(found) == {"QueryResponse", "time"}
    assert found["QueryResponse"] == {}


def test_a_page_tells_where_it_starts_and_how_many_it_holds_and_no_total(books: Books) -> None:
    for name in ("A", "B", "C"):
        books.customer(name)
    found = response(books, "SELECT * FROM Customer STARTPOSITION 2 MAXRESULTS 50")
    assert set(found) == {"Customer", "startPosition", "maxResults"}
    assert (found["startPosition"], found["maxResults"]) == (2, 2)


@pytest.mark.parametrize(
    "tail", ["STARTPOSITION 2 MAXRESULTS 1", "MAXRESULTS 1 STARTPOSITION 2", "maxresults 1 startposition 2"]
)
def test_the_two_parts_of_paging_come_in_either_order(books: Books, tail: str) -> None:
    for name in ("A", "B", "C"):
        books.customer(name)
    assert books.found(f"select * from Customer {tail}") == ["B"]


def test_a_page_past_the_end_is_empty(books: Books) -> None:
    books.customer("A")
    assert response(books, "SELECT * FROM Customer STARTPOSITION 2") == {}


def test_a_page_holds_a_hundred_unless_told_otherwise(books: Books) -> None:
    for number in range(101):
        books.customer(f"C{number:03d}")
    assert len(books.found("SELECT * FROM Customer")) == 100
    assert len(books.found("SELECT * FROM Customer MAXRESULTS 1000")) == 101


def test_count_counts_all_whatever_the_page(books: Books) -> None:
    for name in ("A", "B", "C"):
        books.customer(name)
    assert response(books, "SELECT COUNT(*) FROM Customer MAXRESULTS 1") == {"totalCount": 3}
    assert response(books, "select count(*) from Customer where DisplayName = 'A'") == {"totalCount": 1}


def test_customers_come_by_full_name_in_code_point_order(books: Books) -> None:
    parent = books.customer("Pam")
    books.job("AAA", parent)
    for name in ("PG&E", "alpha", "Zed", "Pam Seitz"):
        books.customer(name)
    assert books.found("SELECT * FROM Customer") == ["PG&E", "Pam", "Pam Seitz", "AAA", "Zed", "alpha"]


def test_inactive_customers_are_hidden_unless_asked_for(books: Books) -> None:
    books.customer("A")
    books.changed(books.customer("B"), Active=False)
    assert books.found("SELECT * FROM Customer") == ["A"]
    assert response(books, "SELECT COUNT(*) FROM Customer") == {"totalCount": 1}
    assert books.found("SELECT * FROM Customer WHERE Active IN (true, false)") == ["A", "B (deleted)"]
    assert books.found("SELECT * FROM Customer WHERE Active = false") == ["B (deleted)"]
    assert books.found("SELECT * FROM Customer WHERE Active = 'true'") == ["A"]


@pytest.mark.parametrize(
    ("condition", "names"),
    [
        ("DisplayName = 'ann lee'", ["Ann Lee"]),
        ("DisplayName LIKE 'ann%'", ["Ann Lee"]),
        ("DisplayName LIKE '%N%'", ["Adam's Candy", "Ann Lee"]),
        ("DisplayName LIKE 'ann'", []),
        ("DisplayName LIKE 'A__ Lee'", []),
        ("DisplayName = 'Adam\\'s Candy'", ["Adam's Candy"]),
        ("DisplayName IN ('Ann Lee', 'R&D # 1')", ["Ann Lee", "R&D # 1"]),
        ("DisplayName = 'R&D # 1'", ["R&D # 1"]),
        ("DisplayName > 'b'", ["R&D # 1"]),
        ("GivenName = 'Ann'", ["Ann Lee"]),
        ("GivenName < 'z'", ["Ann Lee"]),
        ("Id = '2'", ["Adam's Candy"]),
        ("Id IN ('1', '3', '99')", ["Ann Lee", "R&D # 1"]),
        ("Balance > '0'", ["Ann Lee"]),
        ("Balance >= 10.5", ["Ann Lee"]),
        ("Balance <= '10.49'", ["Adam's Candy", "R&D # 1"]),
        ("PrimaryEmailAddr = 'ANN@example.com'", ["Ann Lee"]),
        ("PrimaryEmailAddr LIKE '%@example.com'", ["Ann Lee"]),
        ("CompanyName = ''", []),
        ("DisplayName = 'Ann Lee' AND Balance > '11'", []),
        ("DisplayName = 'Ann Lee' AND Balance > '10'", ["Ann Lee"]),
    ],
)
def test_conditions_compare_as_documented(books: Books, condition: str, names: list[str]) -> None:
    books.customer("Ann Lee", GivenName="Ann", Balance=10.5, PrimaryEmailAddr={"Address": "Ann@Example.com"})
    books.customer("Adam's Candy")
    books.customer("R&D # 1")
    assert books.found(f"SELECT * FROM Customer WHERE {condition}") == names


def test_a_backslash_is_escaped_by_itself(books: Books, world: World) -> None:
    books.customer("back\\slash")
    world.switches["bare_backslash"] = "refuse"
    assert books.found("SELECT * FROM Customer WHERE DisplayName = 'back\\\\slash'") == ["back\\slash"]
    assert books.query("SELECT * FROM Customer WHERE DisplayName = 'back\\slash'").status_code == 400
    world.switches["bare_backslash"] = "keep"
    assert books.found("SELECT * FROM Customer WHERE DisplayName = 'back\\slash'") == ["back\\slash"]


def test_one_address_of_a_list_is_found_under_its_switch_only(books: Books, world: World) -> None:
    books.customer("Two", PrimaryEmailAddr={"Address": "a@example.com, b@example.com"})
    statement = "SELECT * FROM Customer WHERE PrimaryEmailAddr = 'b@example.com'"
    assert books.found(statement) == []
    world.switches["email_search_comma_lists"] = True
    assert books.found(statement) == ["Two"]


def test_changes_are_found_by_time_in_whole_seconds(books: Books, world: World) -> None:
    first = books.customer("First")
    world.clock.shift(timedelta(minutes=2))
    second = books.customer("Second")
    then = second["MetaData"]["LastUpdatedTime"]
    field = "MetaData.LastUpdatedTime"
    assert books.found(f"SELECT * FROM Customer WHERE {field} >= '{then}'") == ["Second"]
    assert books.found(f"SELECT * FROM Customer WHERE {field} > '{then}'") == []
    assert books.found(f"SELECT * FROM Customer WHERE {field} < '{then}' AND {field} > '2001-01-01'") == [
        "First"
    ]
    in_utc = world.clock.now() - timedelta(minutes=1)
    assert books.found(f"SELECT * FROM Customer WHERE {field} > '{in_utc.isoformat()}'") == ["Second"]
    books.changed(first, Notes="touched")
    assert books.found(f"SELECT * FROM Customer WHERE {field} >= '{then}'") == ["First", "Second"]


@pytest.mark.parametrize(
    ("order", "names"),
    [
        ("ORDERBY Id", ["C", "A", "B"]),
        ("ORDERBY Id DESC", ["B", "A", "C"]),
        ("ORDER BY DisplayName ASC", ["A", "B", "C"]),
        ("orderby Balance desc", ["A", "C", "B"]),
        ("ORDERBY GivenName", ["C", "B", "A"]),
        ("ORDERBY GivenName DESC", ["A", "B", "C"]),
        ("ORDERBY MetaData.LastUpdatedTime ASC", ["C", "A", "B"]),
    ],
)
def test_orders(books: Books, world: World, order: str, names: list[str]) -> None:
    for name, fields in (("C", {}), ("A", {"GivenName": "Z", "Balance": 5}), ("B", {"GivenName": "Y"})):
        books.customer(name, **fields)
        world.clock.shift(timedelta(seconds=1))
    assert books.found(f"SELECT * FROM Customer {order}") == names


def test_ids_are_ordered_as_numbers(books: Books) -> None:
    for number in range(11):
        books.customer(f"C{number}")
    rows = document(books.query("SELECT * FROM Customer ORDERBY Id"))["QueryResponse"]["Customer"]
    assert [row["Id"] for row in rows] == [str(number) for number in range(1, 12)]


def test_named_columns_are_all_that_comes_back(books: Books) -> None:
    books.customer("Ann", Notes="x")
    rows = document(books.query("SELECT Id, MetaData.LastUpdatedTime, Notes FROM Customer"))["QueryResponse"][
        "Customer"
    ]
    assert set(rows[0]) == {"Id", "MetaData", "Notes", "domain", "sparse"}
    assert set(rows[0]["MetaData"]) == {"LastUpdatedTime"}
    starred = document(books.query("SELECT *, Notes FROM Customer"))["QueryResponse"]["Customer"]
    assert "DisplayName" in starred[0]


@pytest.mark.parametrize("kind", ["application/text", "text/plain"])
def test_a_statement_may_be_posted(books: Books, kind: str) -> None:
    books.customer("Ann")
    answer = books.call("POST", "query", data="SELECT * FROM Customer", content_type=kind)
    assert document(answer)["QueryResponse"]["maxResults"] == 1
    in_url = books.call("POST", "query", query_string={"query": "SELECT * FROM Customer"}, content_type=kind)
    assert document(in_url)["QueryResponse"]["maxResults"] == 1


def test_the_other_lists_can_be_read_and_asked(books: Books) -> None:
    vendor = document(books.person("Vendor", DisplayName="V", BillRate=5, TaxIdentifier="12-3459875"))
    read = document(books.get(f"vendor/{vendor['Id']}"))["Vendor"]
    assert (read["BillRate"], read["TaxIdentifier"]) == (5, "XXXXXX9875")
    queried = document(books.query("SELECT * FROM Vendor"))["QueryResponse"]["Vendor"][0]
    assert "BillRate" not in queried
    terms = document(books.query("SELECT * FROM Term WHERE Name = 'Net 30'"))["QueryResponse"]["Term"]
    assert (terms[0]["DueDays"], terms[0]["Type"]) == (30, "STANDARD")
    accounts = document(books.query("SELECT * FROM Account"))["QueryResponse"]["Account"]
    assert [row["Name"] for row in accounts] == sorted(row["Name"] for row in accounts)
    assert all(len(row["Id"]) == 10 for row in accounts)
    items = document(books.query("SELECT * FROM Item WHERE Name = 'Services'"))["QueryResponse"]["Item"]
    assert items[0]["IncomeAccountRef"]["name"] == "Services"
    assert document(books.query("SELECT COUNT(*) FROM PaymentMethod"))["QueryResponse"]["totalCount"] == 3


@pytest.mark.parametrize("entity", ["Invoice", "Payment", "Estimate", "TaxCode", "Class"])
def test_entities_these_books_do_not_hold_are_empty_not_unknown(books: Books, entity: str) -> None:
    assert response(books, f"SELECT * FROM {entity}") == {}
    assert response(books, f"SELECT COUNT(*) FROM {entity}") == {"totalCount": 0}
