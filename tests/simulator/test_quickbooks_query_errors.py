from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.quickbooks.query_parser import parse_query
from tests.simulator.conftest import Books, document, problem

if TYPE_CHECKING:
    from simulator.world import World


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
