"""Lists: bare arrays, pages, windows of time, order, filters, search."""

from __future__ import annotations

from typing import Any

import pytest

from tests.simulator.clients import Json, Office, refusal


@pytest.fixture
def crowd(office: Office) -> Office:
    for number in range(1, 106):
        office.account(f"Account {number:03d}")
    return office


def test_a_list_is_a_bare_array_of_twenty(crowd: Office) -> None:
    found = crowd.titles()
    assert (len(found), found[0], found[-1]) == (20, "Account 001", "Account 020")


def test_pages_follow_each_other_and_end(crowd: Office) -> None:
    assert crowd.titles(page=2, page_size=100) == [f"Account {n}" for n in range(101, 106)]
    assert crowd.titles(page=3, page_size=100) == []


def test_a_page_holds_a_hundred_at_most(crowd: Office) -> None:
    assert len(crowd.titles(page_size=500)) == 100
    crowd.switch(page_size_over_max="refuse")
    assert refusal(crowd.call("GET", "accounts", page_size=101)) == (400, "VALIDATION_ERROR", "page_size")


def test_a_page_after_the_last_may_be_not_found(crowd: Office) -> None:
    crowd.switch(page_beyond_end="not_found")
    assert refusal(crowd.call("GET", "accounts", page=9)) == (404, "NOT_FOUND", "")


@pytest.mark.parametrize("name", ["page", "page_size"])
@pytest.mark.parametrize("value", ["0", "-1", "two", "", "1.5"])
def test_a_page_is_a_positive_whole_number(office: Office, name: str, value: str) -> None:
    assert refusal(office.call("GET", "accounts", **{name: value})) == (400, "VALIDATION_ERROR", name)
    office.switch(bad_paging="default")
    assert office.get("accounts", **{name: value}) == []


def test_order_by_is_ascending_by_update_unless_asked(office: Office) -> None:
    for title in ("A", "B", "C"):
        office.account(title)
        office.later()
    first = office.get("accounts")[0]
    office.patch(f"accounts/{first['id']}", {"title": "A again"})
    assert office.titles() == ["B", "C", "A again"]
    assert office.titles(order_by="desc") == ["A again", "C", "B"]
    assert refusal(office.call("GET", "accounts", order_by="title")) == (400, "VALIDATION_ERROR", "order_by")
    office.switch(order_field="createdAt")
    assert office.titles() == ["A again", "B", "C"]


@pytest.mark.parametrize(
    ("setting", "accounts", "projects"), [("asc", "AB", "AB"), ("desc", "BA", "BA"), ("mixed", "BA", "AB")]
)
def test_the_default_order_is_a_switch(office: Office, setting: str, accounts: str, projects: str) -> None:
    for title in ("A", "B"):
        office.account(title)
        office.project(title)
        office.later()
    office.switch(order_default=setting)
    assert ("".join(office.titles()), "".join(office.titles("projects"))) == (accounts, projects)


def test_updated_after_and_before_leave_out_their_own_moment_unless_switched(office: Office) -> None:
    moments = []
    for title in ("A", "B", "C"):
        moments.append(office.account(title)["updatedAt"])
        office.later()
    assert office.titles(updated_after=moments[1]) == ["C"]
    assert office.titles(updated_before=moments[1]) == ["A"]
    assert office.titles(updated_after=moments[0], updated_before=moments[2]) == ["B"]
    office.switch(updated_bounds_inclusive=True)
    assert office.titles(updated_after=moments[1]) == ["B", "C"]
    assert office.titles(updated_before=moments[1]) == ["A", "B"]


@pytest.mark.parametrize("kind", ["projects", "contacts"])
def test_the_other_lists_have_the_same_window(office: Office, kind: str) -> None:
    office.project("Roof")
    office.post("contacts", {"name": "Ann"})
    assert len(office.get(kind, updated_after="2000-01-01T00:00:00Z")) == 1
    assert office.get(kind, updated_before="2000-01-01T00:00:00Z") == []


def test_sites_have_no_window(office: Office) -> None:
    office.account("Ann", address=["1 Elm St"])
    assert len(office.get("sites", updated_before="2000-01-01T00:00:00Z")) == 1


def test_a_moment_in_another_zone_is_the_same_moment(office: Office) -> None:
    office.account("Ann")
    assert office.titles(updated_after="2000-01-01T00:00:00+05:30") == ["Ann"]


@pytest.mark.parametrize(
    "moment", ["yesterday", "2026-01-01", "2026-01-01T00:00:00", "2026-13-01T00:00:00Z", "1767225600"]
)
def test_a_moment_needs_its_date_time_and_zone(office: Office, moment: str) -> None:
    answer = office.call("GET", "accounts", updated_after=moment)
    assert refusal(answer) == (400, "VALIDATION_ERROR", "updated_after")


def test_a_flag_is_true_or_false(office: Office) -> None:
    answer = office.call("GET", "accounts", include_archived="1")
    assert refusal(answer) == (400, "VALIDATION_ERROR", "include_archived")


@pytest.fixture
def two(office: Office) -> Office:
    office.account("Ann Lee", primaryEmail="ann@example.com", primaryPhone="555-1", address=["1 Elm St"])
    office.account("Joann Poe", primaryEmail="joann@example.com", primaryPhone="555-2", address=["2 Oak St"])
    return office


@pytest.mark.parametrize(
    ("name", "value", "found"),
    [
        ("primaryEmail", "ann@example.com", ["Ann Lee", "Joann Poe"]),
        ("primaryEmail", "joann@", ["Joann Poe"]),
        ("title", "LEE", ["Ann Lee"]),
        ("address", "oak", ["Joann Poe"]),
        ("primaryPhone", "555-1", ["Ann Lee"]),
        ("primaryName", "poe", ["Joann Poe"]),
        ("q", "elm", ["Ann Lee"]),
        ("q", "nobody", []),
    ],
)
def test_a_filter_is_contained_in_the_field(two: Office, name: str, value: str, found: list[str]) -> None:
    assert two.titles(**{name: value}) == found


def test_a_filter_may_ask_for_the_whole_field(two: Office) -> None:
    two.switch(list_filters="equals")
    assert two.titles(primaryEmail="ann@example.com") == ["Ann Lee"]
    assert two.titles(title="Ann") == []


def test_contacts_are_found_by_q_only(two: Office) -> None:
    assert [one["name"] for one in two.get("contacts", q="joann@")] == ["Joann Poe"]
    assert len(two.get("contacts", title="nobody")) == 2


def search(office: Office, prop: str, op: str, value: str, **more: Any) -> list[str]:
    return office.titles("projects/search", prop1=prop, op1=op, value1=value, **more)


@pytest.fixture
def three(office: Office) -> Office:
    for kind in ("account", "project"):
        office.person("POST", "properties", {"recordType": kind, "name": "Roof", "keyName": "roof"})
    account = office.account("Ann")
    office.project("Small", value=100, size=2.5, accountId=account["id"], custom={"roof": "tile"})
    office.project("Middle", value=1000.5, size=10)
    office.project("Large", value=20000, status="ON_HOLD", custom={"roof": "metal, grey"})
    return office


@pytest.mark.parametrize(
    ("prop", "op", "value", "found"),
    [
        ("title", "eq", "Small", ["Small"]),
        ("title", "eq", "small", []),
        ("title", "neq", "Small", ["Middle", "Large"]),
        ("title", "contains", "L", ["Small", "Middle", "Large"]),
        ("value", "gt", "1000.5", ["Large"]),
        ("value", "gte", "1000.50", ["Middle", "Large"]),
        ("value", "lt", "1000.5", ["Small"]),
        ("value", "lte", "1000.5", ["Small", "Middle"]),
        ("value", "between", "100,1000.5", ["Small", "Middle"]),
        ("title", "in", "Small,Large", ["Small", "Large"]),
        ("title", "nin", '["Small", "Large"]', ["Middle"]),
        ("roof", "in", '"metal, grey","slate"', ["Large"]),
        ("title", "in", "[Small", []),
        ("roof", "eq", "tile", ["Small"]),
        ("roof", "neq", "tile", ["Middle", "Large"]),
        ("isActive", "eq", "true", ["Small", "Middle", "Large"]),
        ("createdAt", "gt", "2000-01-01T00:00:00Z", ["Small", "Middle", "Large"]),
    ],
)
def test_search_compares_as_the_property_is(
    three: Office, prop: str, op: str, value: str, found: list[str]
) -> None:
    assert search(three, prop, op, value) == found


def test_search_by_account_has_a_deprecated_alias(three: Office) -> None:
    account = str(three.get("accounts")[0]["id"])
    assert search(three, "accountId", "eq", account) == search(three, "clientId", "eq", account) == ["Small"]


def test_two_conditions_are_joined(three: Office) -> None:
    second = {"prop2": "status", "op2": "eq", "value2": "ON_HOLD"}
    assert search(three, "title", "eq", "Small", **second) == []
    assert search(three, "title", "eq", "Small", **second, logic="or") == ["Small", "Large"]


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"prop1": None}, "prop1"),
        ({"op1": None}, "op1"),
        ({"value1": None}, "value1"),
        ({"prop1": "nothing"}, "prop1"),
        ({"op1": "exists"}, "op1"),
        ({"prop2": "title"}, "op2"),
        ({"prop2": "title", "op2": "eq", "value2": "x", "logic": "xor"}, "logic"),
        ({"prop1": "value", "value1": "much"}, "value1"),
        ({"prop1": "value", "value1": "NaN"}, "value1"),
        ({"op1": "between"}, "value1"),
    ],
)
def test_a_wrong_condition_is_named(three: Office, changed: Json, field: str) -> None:
    asked = {"prop1": "title", "op1": "eq", "value1": "x", **changed}
    asked = {name: value for name, value in asked.items() if value is not None}
    assert refusal(three.call("GET", "projects/search", **asked)) == (400, "VALIDATION_ERROR", field)


def test_search_pages_and_orders_too(three: Office) -> None:
    assert search(three, "value", "gt", "0", page_size=1, page=2, order_by="desc") == ["Middle"]


def test_accounts_are_searched_alike(three: Office) -> None:
    found = three.titles("clients/search", prop1="title", op1="contains", value1="AN")
    assert found == ["Ann"]
