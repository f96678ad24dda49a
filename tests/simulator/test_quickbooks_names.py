from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.simulator.conftest import Books, document, problem

if TYPE_CHECKING:
    from simulator.world import World

TAKEN = "The name supplied already exists. : "


def test_a_second_customer_of_the_name_is_6240_in_the_recorded_words(books: Books) -> None:
    books.customer("Ann Lee")
    answer = books.post("customer", {"DisplayName": "Ann Lee"})
    assert answer.status_code == 400
    assert document(answer)["Fault"]["type"] == "ValidationFault"
    assert problem(answer) == {
        "Message": "Duplicate Name Exists Error",
        "Detail": TAKEN + "Another customer is already using this name. Please use a different name.",
        "code": "6240",
        "element": "",
    }


def test_the_other_recorded_tail_is_the_word_null_without_element(books: Books, world: World) -> None:
    world.switches["duplicate_name_tail"] = "null"
    books.customer("Ann Lee")
    found = problem(books.post("customer", {"DisplayName": "Ann Lee"}))
    assert (found["Detail"], "element" in found) == (TAKEN + "null", False)


@pytest.mark.parametrize("entity", ["Vendor", "Employee"])
def test_vendors_and_employees_share_the_names(books: Books, entity: str) -> None:
    assert books.person(entity, DisplayName="Shared Name").status_code == 200
    found = problem(books.post("customer", {"DisplayName": "Shared Name"}))
    assert found["code"] == "6240"
    assert found["Detail"].startswith(
        TAKEN + "Another customer, vendor or employee is already using this name."
    )
    books.customer("Mine")
    assert problem(books.person(entity, DisplayName="Mine"))["code"] == "6240"


def test_uniqueness_is_blind_to_case_unless_switched(books: Books, world: World) -> None:
    books.customer("ann lee")
    assert problem(books.post("customer", {"DisplayName": "Ann LEE"}))["code"] == "6240"
    world.switches["display_name_case_sensitive"] = True
    assert books.post("customer", {"DisplayName": "Ann LEE"}).status_code == 200


def test_a_name_built_from_parts_can_collide_too(books: Books) -> None:
    books.customer("Ann Lee")
    assert problem(books.post("customer", {"GivenName": "Ann", "FamilyName": "Lee"}))["code"] == "6240"


def test_renaming_onto_another_is_6240_and_changes_nothing(books: Books) -> None:
    books.customer("Ann")
    bob = books.customer("Bob")
    assert problem(books.change(bob, DisplayName="Ann", Notes="x"))["code"] == "6240"
    assert books.read(bob)["DisplayName"] == "Bob"
    assert "Notes" not in books.read(bob)


def test_keeping_ones_own_name_collides_with_nobody(books: Books) -> None:
    ann = books.customer("Ann")
    assert books.changed(ann, DisplayName="ANN")["DisplayName"] == "ANN"


def test_company_names_need_not_be_unique(books: Books) -> None:
    books.customer("One", CompanyName="Same")
    assert books.customer("Two", CompanyName="Same")["CompanyName"] == "Same"


def test_a_job_must_be_unique_on_its_own_unless_switched(books: Books, world: World) -> None:
    parent = books.customer("Parent")
    other = books.customer("Other")
    books.job("Roof", parent)
    answer = books.post("customer", {"DisplayName": "Roof", "Job": True, "ParentRef": {"value": other["Id"]}})
    assert problem(answer)["code"] == "6240"
    world.switches["job_names_unique"] = "within_parent"
    assert books.job("Roof", other)["FullyQualifiedName"] == "Other:Roof"
    again = {"DisplayName": "roof", "Job": True, "ParentRef": {"value": other["Id"]}}
    assert problem(books.post("customer", again))["code"] == "6240"


def test_an_inactive_customer_wears_the_suffix_and_stays_readable(books: Books) -> None:
    ann = books.customer("Ann", GivenName="Ann")
    gone = books.changed(ann, Active=False)
    assert (gone["DisplayName"], gone["FullyQualifiedName"], gone["Active"]) == (
        "Ann (deleted)",
        "Ann (deleted)",
        False,
    )
    assert (gone["SyncToken"], gone["PrintOnCheckName"]) == ("1", "Ann")
    assert books.read(ann)["Active"] is False


def test_an_inactive_customer_frees_its_name_unless_switched(books: Books, world: World) -> None:
    books.changed(books.customer("Ann"), Active=False)
    world.switches["inactive_name_frees"] = False
    assert problem(books.post("customer", {"DisplayName": "Ann"}))["code"] == "6240"
    world.switches["inactive_name_frees"] = True
    assert books.post("customer", {"DisplayName": "Ann"}).status_code == 200


def test_coming_back_needs_the_name_without_the_suffix(books: Books, world: World) -> None:
    gone = books.changed(books.customer("Ann"), Active=False)
    back = books.changed(gone, Active=True)
    assert (back["DisplayName"], back["Active"]) == ("Ann (deleted)", True)
    assert books.changed(back, DisplayName="Ann")["DisplayName"] == "Ann"
    gone = books.changed(books.customer("Bob"), Active=False)
    assert books.changed(gone, Active=True, DisplayName="Bob")["DisplayName"] == "Bob"
    world.switches["reactivation_strips_suffix"] = True
    gone = books.changed(books.customer("Cid"), Active=False)
    assert books.changed(gone, Active=True)["DisplayName"] == "Cid"


def test_coming_back_to_a_name_that_is_taken_is_6240(books: Books) -> None:
    gone = books.changed(books.customer("Ann"), Active=False)
    books.customer("Ann")
    assert problem(books.change(gone, Active=True, DisplayName="Ann"))["code"] == "6240"


@pytest.mark.parametrize("entity", ["Vendor", "Employee"])
def test_inactive_vendors_and_employees_wear_the_suffix_too(books: Books, entity: str) -> None:
    found = document(books.person(entity, DisplayName="Pat"))
    path = f"/_control/quickbooks/{books.realm}/records/{entity}/{found['Id']}"
    assert document(books.client.patch(path, json={"Active": False}))["DisplayName"] == "Pat (deleted)"


@pytest.mark.parametrize(
    ("entity", "suffix", "more"),
    [("Account", " (deleted)", {"AccountType": "Bank"}), ("PaymentMethod", " (Deleted)", {})],
)
def test_lists_wear_their_own_suffix(books: Books, entity: str, suffix: str, more: dict[str, str]) -> None:
    found = document(books.person(entity, Name="Thing", **more))
    path = f"/_control/quickbooks/{books.realm}/records/{entity}/{found['Id']}"
    assert document(books.client.patch(path, json={"Active": False}))["Name"] == "Thing" + suffix


def test_lists_want_a_name_of_their_own(books: Books) -> None:
    found = problem(books.person("Account", AccountType="Bank"))
    assert (found["code"], found["element"]) == ("2020", "Name")
    assert problem(books.person("Account", Name="services", AccountType="Income"))["code"] == "6240"
