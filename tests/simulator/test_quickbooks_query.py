"""The query language: what it finds, how it pages, and what it refuses."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.quickbooks.query_parser import parse_query
from simulator.quickbooks.writing import enter
from simulator.world import World
from tests.simulator.clients import Books, Json, Sales, document, line, pays, problem


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


@pytest.mark.parametrize(
    ("statement", "encountered"),
    [
        ("SELECT * FROM NULL", '" "null" "NULL "" at line 1, column 15.'),
        ("SELEC * FROM Customer", '" <IDENTIFIER> "SELEC "" at line 1, column 1.'),
        ("SELECT FROM Customer", '" "from" "FROM ""'),
        ("SELECT * Customer", '" <IDENTIFIER> "Customer ""'),
        ("SELECT * FROM", '"<EOF>"'),
        ("SELECT * FROM Customer WHERE", '"<EOF>"'),
        ("SELECT * FROM Customer WHERE Id = '1' OR Id = '2'", '" <IDENTIFIER> "OR ""'),
        ("SELECT * FROM Customer WHERE NOT Id = '1'", '" <IDENTIFIER> "Id ""'),
        ("SELECT * FROM Customer WHERE Id != '1'", '"!"'),
        ("SELECT * FROM Customer WHERE DisplayName = Ann", '" <IDENTIFIER> "Ann ""'),
        ("SELECT * FROM Customer WHERE DisplayName = 'Adam's'", '"\'" at line 1, column 51.'),
        ("SELECT * FROM Customer WHERE DisplayName = 'Adam's' AND Id = '1", '" <IDENTIFIER> "s ""'),
        ("SELECT * FROM Customer WHERE DisplayName = 'open", '"\'"'),
        ('SELECT * FROM Customer WHERE DisplayName = "Ann"', '"""'),
        ("SELECT * FROM Customer WHERE Id IN '1'", '" <STRING_LITERAL> "\'1\' ""'),
        ("SELECT * FROM Customer WHERE Id IN ()", '" ")" ") ""'),
        ("SELECT COUNT(Id) FROM Customer", '" <IDENTIFIER> "Id ""'),
        ("SELECT * FROM Customer GROUP BY Id", '" <IDENTIFIER> "GROUP ""'),
        ("SELECT * FROM Customer MAXRESULTS ten", '" <IDENTIFIER> "ten ""'),
        ("SELECT * FROM Customer MAXRESULTS 1 MAXRESULTS 2", '" "maxresults" "MAXRESULTS ""'),
        ("SELECT * FROM Customer MAXRESULTS 1 WHERE Id = '1'", '" "where" "WHERE ""'),
        ("SELECT * FROM Customer ORDERBY Id, DisplayName", '" "," ", ""'),
        ("SELECT * FROM Customer;", '";"'),
        ("SELECT *\nFROM NULL", "at line 2, column 6."),
    ],
)
def test_what_the_grammar_does_not_know_is_4000(books: Books, statement: str, encountered: str) -> None:
    answer = books.query(statement)
    found = problem(answer)
    assert (answer.status_code, found["code"], found["Message"]) == (400, "4000", "Error parsing query")
    assert found["Detail"].startswith("QueryParserError: Encountered ")
    assert encountered in found["Detail"]
    assert document(answer)["Fault"]["type"] == "ValidationFault"


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        ("SELECT * FROM Custmoer", "invalid context declaration: Custmoer"),
        ("SELECT * FROM customer", "invalid context declaration: customer"),
        ("SELECT * FROM Customer WHERE Nickname = 'x'", "Property Nickname not found for Entity Customer"),
        ("SELECT Nickname FROM Customer", "Property Nickname not found for Entity Customer"),
        ("SELECT * FROM Customer WHERE Notes = 'x'", "property 'Notes' is not queryable"),
        ("SELECT * FROM Customer WHERE PrimaryPhone = 'x'", "property 'PrimaryPhone' is not queryable"),
        ("SELECT * FROM Customer WHERE ParentRef = '1'", "property 'ParentRef' is not queryable"),
        ("SELECT * FROM Customer WHERE Job = true", "property 'Job' is not queryable"),
        ("SELECT * FROM Vendor WHERE PrimaryEmailAddr = 'x'", "property 'PrimaryEmailAddr' is not queryable"),
        (
            "SELECT * FROM Customer WHERE PrimaryEmailAddr.Address = 'x'",
            "property 'PrimaryEmailAddr.Address' is not queryable",
        ),
        ("SELECT * FROM Customer ORDERBY Notes", "property 'Notes' is not queryable"),
        ("SELECT * FROM Customer STARTPOSITION 0", "value 0 is too small. Min allowed value is 1"),
        ("SELECT * FROM Customer MAXRESULTS 0", "value 0 is too small. Min allowed value is 1"),
        ("SELECT * FROM Customer MAXRESULTS 1001", "value 1001 is too large. Max allowed value is 1000"),
        ("SELECT * FROM Customer WHERE Id > '1'", "operator > is not supported for property Id"),
        ("SELECT * FROM Customer WHERE Id LIKE '1%'", "operator LIKE is not supported for property Id"),
        (
            "SELECT * FROM Customer WHERE Balance LIKE '1%'",
            "operator LIKE is not supported for property Balance",
        ),
        ("SELECT * FROM Customer WHERE Id = 'one'", "invalid value one for property Id"),
        ("SELECT * FROM Customer WHERE Balance > 'much'", "invalid value much for property Balance"),
        ("SELECT * FROM Customer WHERE Active = 'maybe'", "invalid value maybe for property Active"),
        (
            "SELECT * FROM Customer WHERE MetaData.LastUpdatedTime > '2026-05-05T00:00:00 07:00'",
            "invalid value 2026-05-05T00:00:00 07:00 for property MetaData.LastUpdatedTime",
        ),
    ],
)
def test_what_the_entity_does_not_allow_is_4001(books: Books, statement: str, reason: str) -> None:
    answer = books.query(statement)
    found = problem(answer)
    assert (answer.status_code, found["code"], found["Message"]) == (400, "4001", "Invalid query")
    assert found["Detail"] == f"QueryValidationError: {reason}"


def test_more_than_a_thousand_is_cut_under_its_switch(books: Books, world: World) -> None:
    world.switches["maxresults_over_1000"] = "clamp"
    books.customer("Ann")
    assert books.found("SELECT * FROM Customer MAXRESULTS 5000") == ["Ann"]


def test_the_email_with_address_works_under_its_switch(books: Books, world: World) -> None:
    world.switches["email_dot_address"] = True
    books.customer("Ann", PrimaryEmailAddr={"Address": "a@example.com"})
    assert books.found("SELECT * FROM Customer WHERE PrimaryEmailAddr.Address = 'a@example.com'") == ["Ann"]


def test_no_statement_is_a_fault_inside_a_200_or_4000(books: Books, world: World) -> None:
    answer = books.get("query")
    assert answer.status_code == 200
    assert document(answer)["Fault"]["type"] == "SystemFault"
    assert problem(answer)["code"] == "10000"
    world.switches["empty_query_answer"] = "4000"
    answer = books.get("query")
    assert (answer.status_code, problem(answer)["code"]) == (400, "4000")


def test_a_posted_statement_needs_a_text_content_type(books: Books) -> None:
    answer = books.call("POST", "query", data="SELECT * FROM Customer", content_type="application/json")
    assert (answer.status_code, problem(answer)["code"]) == (400, "2010")


@given(st.text())
def test_any_text_survives_in_quotes_once_escaped(text: str) -> None:
    quoted = text.replace("\\", "\\\\").replace("'", "\\'")
    found = parse_query(f"SELECT * FROM Customer WHERE DisplayName = '{quoted}'", bare_backslash=False)
    assert found.conditions[0].values[0].text == text


@pytest.fixture
def forms(sales: Sales, world: World) -> dict[str, Json]:
    """Three invoices and two payments, a second apart."""
    ann, bob = sales.books.customer("Ann"), sales.books.customer("Bob")
    found = {"ann": ann, "bob": bob}
    for name, customer, total, day in (
        ("a", ann, 100, "2024-01-10"),
        ("b", bob, 50, "2024-01-05"),
        ("c", ann, 75, "2024-02-01"),
    ):
        world.clock.shift(timedelta(seconds=2))
        found[name] = sales.invoice(customer, line(total), TxnDate=day, DocNumber=f"CPQ-{name.upper()}")
    world.clock.shift(timedelta(seconds=2))
    found["p"] = sales.payment(ann, 30, pays(30, found["a"]), PaymentRefNum="4711", TxnDate="2024-03-01")
    world.clock.shift(timedelta(seconds=2))
    found["q"] = sales.payment(bob, 20, PaymentMethodRef={"value": "1"}, TxnDate="2024-03-02")
    return found


def names(forms: dict[str, Json], rows: list[Json], among: str) -> str:
    return "".join(next(name for name in among if forms[name]["Id"] == row["Id"]) for row in rows)


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ("", "acb"),
        ("WHERE DocNumber = 'CPQ-B'", "b"),
        ("WHERE DocNumber = 'cpq-b'", "b"),
        ("WHERE DocNumber IN ('CPQ-A', 'CPQ-C', 'x')", "ac"),
        ("WHERE DocNumber LIKE 'CPQ%'", "acb"),
        ("WHERE CustomerRef = '1'", "ac"),
        ("WHERE CustomerRef = '1' AND TxnDate >= '2024-02-01'", "c"),
        ("WHERE CustomerRef IN ('1', '2') ORDERBY TotalAmt", "bca"),
        ("WHERE TxnDate < '2024-01-10'", "b"),
        ("WHERE DueDate > '2024-02-05' ORDERBY TxnDate ASC", "ac"),
        ("WHERE Balance > '60' ORDERBY Id", "ac"),
        ("WHERE Balance = '70.00'", "a"),
        ("WHERE TotalAmt <= '75' ORDERBY TotalAmt DESC", "cb"),
        ("WHERE Id IN ('1', '3', '99')", "ac"),
        ("WHERE Id = '2' AND DocNumber = 'CPQ-A'", ""),
        ("ORDERBY MetaData.LastUpdatedTime", "bca"),
        ("ORDERBY Id STARTPOSITION 2 MAXRESULTS 1", "b"),
    ],
)
def test_invoices_are_found(sales: Sales, forms: Json, where: str, expected: str) -> None:
    rows = sales.rows(f"SELECT * FROM Invoice {where}")
    assert names(forms, rows, "abc") == expected


def test_invoices_since_a_moment(sales: Sales, forms: Json) -> None:
    since = forms["c"]["MetaData"]["LastUpdatedTime"]
    rows = sales.rows(f"SELECT * FROM Invoice WHERE MetaData.LastUpdatedTime >= '{since}'")
    assert names(forms, rows, "abc") == "ac"


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ("", "qp"),
        ("WHERE PaymentRefNum = '4711'", "p"),
        ("WHERE PaymentMethodRef = '1'", "q"),
        ("WHERE CustomerRef = '2'", "q"),
        ("WHERE TotalAmt > '25' AND TxnDate = '2024-03-01'", "p"),
    ],
)
def test_payments_are_found(sales: Sales, forms: Json, where: str, expected: str) -> None:
    assert names(forms, sales.rows(f"SELECT * FROM Payment {where}"), "pq") == expected


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("SELECT * FROM Invoice WHERE PrivateNote = 'x'", "property 'PrivateNote' is not queryable"),
        ("SELECT * FROM Invoice WHERE EmailStatus = 'NotSet'", "property 'EmailStatus' is not queryable"),
        (
            "SELECT * FROM Invoice WHERE CustomerRef.value = '1'",
            "property 'CustomerRef.value' is not queryable",
        ),
        ("SELECT * FROM Invoice WHERE Line.Amount > '1'", "property 'Line.Amount' is not queryable"),
        ("SELECT * FROM Invoice WHERE Nonsense = '1'", "Property Nonsense not found for Entity Invoice"),
        ("SELECT * FROM Payment WHERE UnappliedAmt > '0'", "property 'UnappliedAmt' is not queryable"),
        ("SELECT * FROM Payment WHERE DocNumber = '1'", "Property DocNumber not found for Entity Payment"),
        ("SELECT * FROM Invoice WHERE TxnDate = 'today'", "invalid value today for property TxnDate"),
        ("SELECT * FROM Invoice WHERE CustomerRef = 1", "invalid value 1 for property CustomerRef"),
    ],
)
def test_what_cannot_be_asked(sales: Sales, statement: str, said: str) -> None:
    found = problem(sales.books.query(statement))
    assert (found["code"], found["Detail"]) == ("4001", f"QueryValidationError: {said}")


@pytest.mark.parametrize("name", ["PaymentRefNum", "PaymentMethodRef"])
def test_the_doubtful_filters_can_be_off(sales: Sales, world: World, name: str) -> None:
    world.switches["payment_reference_queryable"] = False
    found = problem(sales.books.query(f"SELECT * FROM Payment WHERE {name} = '1'"))
    assert found["Detail"] == f"QueryValidationError: property '{name}' is not queryable"


@pytest.mark.parametrize(
    ("entity", "counted"),
    [("Invoice", True), ("Deposit", True), ("Payment", False), ("CreditMemo", False), ("Item", False)],
)
def test_total_count_where_it_was_recorded(sales: Sales, forms: Json, entity: str, counted: bool) -> None:
    sales.person("POST", "deposits", {"payments": [forms["q"]["Id"]]})
    sales.person("POST", "records/CreditMemo", sales.body(forms["ann"], line(5)))
    found = document(sales.books.query(f"SELECT * FROM {entity}"))["QueryResponse"]
    assert ("totalCount" in found) is counted
    assert document(sales.books.query(f"SELECT COUNT(*) FROM {entity}"))["QueryResponse"]["totalCount"] > 0


def test_a_line_of_a_payment_is_whole_in_a_list(sales: Sales, forms: Json) -> None:
    row = sales.rows("SELECT * FROM Payment WHERE PaymentRefNum = '4711'")[0]
    assert row["Line"][0]["LineEx"]["any"]
    assert row["DepositToAccountRef"]["name"] == "Undeposited Funds"


def test_thousands_of_invoices_are_no_burden(sales: Sales, world: World) -> None:
    """Four thousand written and forty questions asked, each far below the tenth of a second it may take."""
    ann = sales.books.customer("Ann")
    company = world.quickbooks.companies[sales.books.realm]
    sales.settings(custom_txn_numbers=True)
    for number in range(4000):
        enter(company, "Invoice", sales.body(ann, line(100), DocNumber=f"N-{number}"))
    begun = time.perf_counter()
    for number in range(20):
        assert len(sales.rows(f"SELECT * FROM Invoice WHERE DocNumber = 'N-{number}'")) == 1
        assert sales.refused(ann, DocNumber=f"N-{number}").status_code == 400
    by_number = time.perf_counter() - begun
    begun = time.perf_counter()
    assert len(sales.rows("SELECT * FROM Invoice WHERE Balance > '99' ORDERBY Id MAXRESULTS 10")) == 10
    assert by_number < 2
    assert time.perf_counter() - begun < 2
