"""Accounts: what may be written, what a POST matches, what the archive hides."""

from __future__ import annotations

from typing import Any

import pytest

from tests.simulator.clients import Json, Office, document, refusal

FIELDS = {
    "id",
    "number",
    "title",
    "description",
    "address",
    "accountType",
    "primaryEmail",
    "primaryPhone",
    "isActive",
    "custom",
    "createdBy",
    "updatedBy",
    "createdAt",
    "updatedAt",
}
NEW: Json = {"title": "Ann Lee", "address": ["1 Elm St, Austin, TX 78701"]}


def test_an_account_has_exactly_the_documented_fields(office: Office) -> None:
    made = office.post("accounts", {**NEW, "accountType": "COMMERCIAL", "primaryPhone": "555"})
    assert set(made) == FIELDS
    assert made["address"] == ["1 Elm St, Austin, TX 78701"]
    assert (made["isActive"], made["accountType"]) == (True, "COMMERCIAL")
    assert set(made["createdBy"]) == {"id", "firstName", "lastName", "email", "avatarUrl"}


def test_the_old_name_clients_still_works(office: Office) -> None:
    made = office.post("clients", NEW)
    assert office.get(f"clients/{made['id']}") == office.get(f"accounts/{made['id']}") == made


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"title": None}, "title"),
        ({"title": "  "}, "title"),
        ({"title": 7}, "title"),
        ({"address": None}, "address"),
        ({"address": "1 Elm St"}, "address"),
        ({"address": []}, "address"),
        ({"address": ["1 Elm St", "Austin"]}, "address"),
        ({"accountType": "PRIVATE"}, "accountType"),
        ({"primaryEmail": "ann"}, "primaryEmail"),
        ({"primaryPhone": 555}, "primaryPhone"),
        ({"description": 1}, "description"),
        ({"contacts": [1]}, "contacts"),
        ({"contacts": "1"}, "contacts"),
        ({"custom": []}, "custom"),
        ({"custom": {"nothing": 1}}, "custom.nothing"),
    ],
)
def test_a_wrong_field_is_named(office: Office, changed: Json, field: str) -> None:
    assert refusal(office.call("POST", "accounts", {**NEW, **changed})) == (400, "VALIDATION_ERROR", field)
    assert office.get("accounts") == []


def test_undocumented_fields_are_ignored_or_refused(office: Office) -> None:
    made = office.post("accounts", {**NEW, "taxNumber": "1"})
    assert "taxNumber" not in made
    office.switch(unknown_fields="refuse")
    answer = office.call("PATCH", f"accounts/{made['id']}", {"taxNumber": "1"})
    assert refusal(answer) == (400, "VALIDATION_ERROR", "taxNumber")


def test_the_second_account_of_the_same_title_is_the_first_one_unchanged(office: Office) -> None:
    first = office.post("accounts", NEW)
    again = office.post("accounts", {**NEW, "address": ["elsewhere"], "primaryEmail": "ann@example.com"})
    assert again == first
    assert len(office.get("accounts")) == 1


def test_replace_overwrites_what_was_found(office: Office) -> None:
    first = office.post("accounts", {**NEW, "primaryPhone": "1"})
    office.post("accounts", {**NEW, "primaryPhone": "2"}, match_by="title", match_found_strategy="replace")
    assert office.get(f"accounts/{first['id']}")["primaryPhone"] == "2"


def test_enrich_fills_only_what_is_empty(office: Office) -> None:
    office.person("POST", "properties", {"recordType": "account", "name": "Tax", "keyName": "tax"})
    office.person("POST", "properties", {"recordType": "account", "name": "Firm", "keyName": "firm"})
    first = office.post("accounts", {**NEW, "primaryPhone": "1", "custom": {"tax": "A"}})
    wanted = {**NEW, "primaryPhone": "2", "description": "roof", "custom": {"tax": "B", "firm": "Lee"}}
    office.post("accounts", wanted, match_found_strategy="enrich")
    found = office.get(f"accounts/{first['id']}")
    assert (found["primaryPhone"], found["description"]) == ("1", "roof")
    assert found["custom"] == {"tax": "A", "firm": "Lee"}


@pytest.mark.parametrize(
    ("by", "same"),
    [
        ("primaryEmail", {"primaryEmail": "ann@example.com"}),
        ("primaryPhone", {"primaryPhone": "555"}),
        ("address", {"address": ["1 Elm St"]}),
    ],
)
def test_another_field_may_be_matched(office: Office, by: str, same: Json) -> None:
    first = office.post("accounts", {**NEW, **same}, match_by=by)
    assert office.post("accounts", {**NEW, **same, "title": "Other"}, match_by=by)["id"] == first["id"]
    assert office.post("accounts", {"title": "Ann Lee", "address": ["2"]}, match_by=by)["id"] != first["id"]


@pytest.mark.parametrize("name", ["match_by", "match_found_strategy", "allow_new_options"])
def test_an_unknown_way_of_matching_is_refused(office: Office, name: str) -> None:
    assert refusal(office.call("POST", "accounts", NEW, **{name: "email"})) == (400, "VALIDATION_ERROR", name)


def test_without_parameters_matching_may_be_off(office: Office) -> None:
    office.switch(match_without_parameters=False)
    first = office.post("accounts", NEW)
    assert office.post("accounts", NEW)["id"] != first["id"]
    assert office.post("accounts", NEW, match_by="title")["id"] == first["id"]


def test_matching_is_exact_unless_switched(office: Office) -> None:
    first = office.post("accounts", NEW)
    other = {**NEW, "title": "ANN LEE"}
    office.switch(match_ignores_case=True)
    assert office.post("accounts", other)["id"] == first["id"]
    office.switch(match_ignores_case=False)
    assert office.post("accounts", other)["id"] != first["id"]


def test_an_archived_account_is_not_matched_unless_switched(office: Office) -> None:
    first = office.account("Ann Lee", isActive=False)
    office.switch(match_sees_archived=True)
    assert office.post("accounts", NEW)["id"] == first["id"]
    office.switch(match_sees_archived=False)
    assert office.post("accounts", NEW)["id"] != first["id"]


def test_a_created_account_may_be_answered_with_201_and_a_found_one_never(office: Office) -> None:
    office.switch(match_post_status=201)
    assert [office.call("POST", "accounts", NEW).status_code for _ in range(2)] == [201, 200]


def test_an_archived_account_is_hidden_everywhere_until_asked_for(office: Office) -> None:
    made = office.account("Ann", isActive=False)
    assert office.get("accounts") == []
    assert refusal(office.call("GET", f"accounts/{made['id']}")) == (404, "NOT_FOUND", "")
    assert office.titles(include_archived="true") == ["Ann"]
    assert office.get(f"accounts/{made['id']}", include_archived="true")["isActive"] is False
    assert office.get("accounts/search", prop1="title", op1="eq", value1="Ann") == []


def test_contacts_come_only_when_asked_for(office: Office) -> None:
    made = office.account("Ann", primaryEmail="ann@example.com", primaryPhone="5")
    assert "contacts" not in office.get(f"accounts/{made['id']}")
    shown = office.get(f"accounts/{made['id']}", include_contacts="true")["contacts"]
    assert [(one["emails"], one["phones"]) for one in shown] == [(["ann@example.com"], ["5"])]
    assert office.get("accounts", include_contacts="true")[0]["contacts"] == shown


def test_an_email_without_contacts_makes_or_finds_the_contact(office: Office) -> None:
    office.post("accounts", {**NEW, "primaryEmail": "ann@example.com"})
    office.post("accounts", {**NEW, "title": "Ann's shop", "primaryEmail": "ann@example.com"})
    contacts = office.get("contacts")
    assert [one["name"] for one in contacts] == ["Ann Lee"]
    assert [one["title"] for one in contacts[0]["accounts"]] == ["Ann Lee", "Ann's shop"]


def test_named_contacts_are_linked_and_no_other_is_made(office: Office) -> None:
    contact = office.post("contacts", {"name": "Bo", "emails": ["bo@example.com"]})
    made = office.post("accounts", {**NEW, "primaryEmail": "ann@example.com", "contacts": [contact["id"]]})
    assert [
        one["id"] for one in office.get(f"accounts/{made['id']}", include_contacts="true")["contacts"]
    ] == [contact["id"]]
    assert len(office.get("contacts")) == 1


def test_null_clears_a_field_and_an_unsent_one_stays(office: Office) -> None:
    made = office.post("accounts", {**NEW, "primaryPhone": "5", "description": "x"})
    changed = office.patch(f"accounts/{made['id']}", {"description": None})
    assert (changed["description"], changed["primaryPhone"]) == (None, "5")
    assert refusal(office.call("PATCH", f"accounts/{made['id']}", {"title": None})) == (
        400,
        "VALIDATION_ERROR",
        "title",
    )


def test_a_patch_is_applied_whole_or_not_at_all(office: Office) -> None:
    made = office.post("accounts", NEW)
    answer = office.call("PATCH", f"accounts/{made['id']}", {"title": "New", "primaryEmail": "bad"})
    assert refusal(answer) == (400, "VALIDATION_ERROR", "primaryEmail")
    assert office.get(f"accounts/{made['id']}") == made


def test_a_patch_archives_and_brings_back(office: Office) -> None:
    made = office.post("accounts", NEW)
    assert office.patch(f"accounts/{made['id']}", {"isActive": False})["isActive"] is False
    assert office.patch(f"accounts/{made['id']}", {"isActive": True})["isActive"] is True
    assert len(office.get("accounts")) == 1


def test_an_empty_patch_moves_updated_at_unless_switched(office: Office) -> None:
    made = office.post("accounts", NEW)
    office.later()
    moved = office.patch(f"accounts/{made['id']}", {"title": "Ann Lee"})
    assert moved["updatedAt"] > made["updatedAt"]
    office.switch(patch_always_touches=False)
    office.later()
    assert office.patch(f"accounts/{made['id']}", {"title": "Ann Lee"})["updatedAt"] == moved["updatedAt"]


def test_custom_values_merge_and_keep_to_their_options(office: Office) -> None:
    wanted = {"recordType": "account", "name": "Tier", "keyName": "tier", "options": ["gold"]}
    office.person("POST", "properties", wanted)
    made = office.post("accounts", {**NEW, "custom": {"tier": "gold"}})
    path = f"accounts/{made['id']}"
    assert refusal(office.call("PATCH", path, {"custom": {"tier": "tin"}})) == (
        400,
        "VALIDATION_ERROR",
        "custom.tier",
    )
    assert office.get(path)["custom"] == {"tier": "gold"}
    office.call("PATCH", path, {"custom": {"tier": "tin"}}, allow_new_options="true")
    assert office.get("properties")["account"][0]["options"] == ["gold", "tin"]
    assert office.patch(path, {"custom": {"tier": None}})["custom"] == {}


def test_a_property_of_several_values_takes_an_array_only(office: Office) -> None:
    wanted = {"recordType": "account", "name": "Tags", "keyName": "tags", "isMultiple": True}
    office.person("POST", "properties", wanted)
    assert office.post("accounts", {**NEW, "custom": {"tags": ["a", "b"]}})["custom"] == {"tags": ["a", "b"]}
    answer = office.call("POST", "accounts", {**NEW, "title": "B", "custom": {"tags": "a"}})
    assert refusal(answer) == (400, "VALIDATION_ERROR", "custom.tags")


def test_unknown_custom_keys_may_be_ignored(office: Office) -> None:
    office.switch(unknown_custom_keys="ignore")
    assert office.post("accounts", {**NEW, "custom": {"nothing": 1}})["custom"] == {}


def test_a_deleted_account_is_gone_and_leaves_its_projects_alone(office: Office) -> None:
    made = office.account("Ann", primaryEmail="ann@example.com", address=["1 Elm St"])
    project = office.project("Roof", accountId=made["id"])
    answer = office.call("DELETE", f"accounts/{made['id']}")
    assert (answer.status_code, answer.data) == (200, b"")
    assert office.call("GET", f"accounts/{made['id']}", include_archived="true").status_code == 404
    assert office.get(f"projects/{project['id']}")["accountId"] is None
    assert (office.get("sites"), office.get("contacts")[0]["accounts"]) == ([], [])


def test_deleting_may_answer_with_the_record_archive_it_or_take_or_mind_its_projects(office: Office) -> None:
    office.switch(delete_body="record", delete_archives=True)
    first = office.account("Ann")
    assert document(office.call("DELETE", f"accounts/{first['id']}"))["title"] == "Ann"
    assert office.get(f"accounts/{first['id']}", include_archived="true")["isActive"] is False
    office.switch(delete_archives=False, delete_account_with_projects="refuse")
    office.project("Roof", accountId=first["id"])
    assert refusal(office.call("DELETE", f"accounts/{first['id']}")) == (409, "CONFLICT", "")
    office.switch(delete_account_with_projects="cascade")
    assert office.call("DELETE", f"accounts/{first['id']}").status_code == 200
    assert office.get("projects") == []


def test_the_parts_of_the_address_are_printed_when_switched(office: Office) -> None:
    made = office.account("Ann", address=["1 Elm St, Austin, TX 78701"])
    assert "city" not in made
    office.switch(address_parts=True)
    found = office.get(f"accounts/{made['id']}")
    assert [found[name] for name in ("street", "city", "state", "zipcode")] == [
        "1 Elm St",
        "Austin",
        "TX",
        "78701",
    ]


def test_before_the_renaming_accounts_were_clients(office: Office) -> None:
    account = office.account("Ann", primaryEmail="ann@example.com")
    office.switch(legacy_shape=True)
    project = office.post("projects", {"title": "Roof", "address": ["x"], "clientId": account["id"]})
    assert project["clientId"] == account["id"]
    assert {"accountId", "number"}.isdisjoint(project)
    assert "uid" in project
    assert office.get("contacts")[0]["clients"] == [{"id": account["id"], "title": "Ann"}]
    found = office.get("projects/search", prop1="clientId", op1="eq", value1=account["id"])
    assert [one["title"] for one in found] == ["Roof"]


def test_times_are_printed_with_or_without_milliseconds(office: Office) -> None:
    made = office.account("Ann")
    assert made["createdAt"][19] == "."
    office.switch(timestamp_form="seconds")
    assert office.get(f"accounts/{made['id']}")["createdAt"] == made["createdAt"][:19] + "Z"


def test_a_phone_alone_finds_its_contact_too(office: Office) -> None:
    contact = office.post("contacts", {"name": "Bo", "phones": ["555"]})
    made = office.post("accounts", {**NEW, "primaryPhone": "555"})
    shown = office.get(f"accounts/{made['id']}", include_contacts="true")["contacts"]
    assert [one["id"] for one in shown] == [contact["id"]]


def test_the_contacts_of_an_account_are_replaced_as_a_whole(office: Office) -> None:
    first, second = (office.post("contacts", {"name": name})["id"] for name in ("A", "B"))
    made = office.post("accounts", {**NEW, "contacts": [first]})
    office.patch(f"accounts/{made['id']}", {"contacts": [second]})
    shown = office.get(f"accounts/{made['id']}", include_contacts="true")["contacts"]
    assert [one["id"] for one in shown] == [second]


@pytest.mark.parametrize("value", [1, "true", None])
def test_is_active_is_a_boolean(office: Office, value: Any) -> None:
    made = office.post("accounts", NEW)
    answer = office.call("PATCH", f"accounts/{made['id']}", {"isActive": value})
    assert refusal(answer) == (400, "VALIDATION_ERROR", "isActive")
