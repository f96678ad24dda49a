from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from tests.simulator.conftest import Books, document, problem

if TYPE_CHECKING:
    from simulator.world import World


def balance(books: Books, id_: str, amount: int) -> None:
    path = f"/_control/quickbooks/{books.realm}/customers/{id_}/balance"
    assert books.client.post(path, json={"amount": amount}).status_code == 200


def test_a_job_tells_its_level_its_full_name_and_its_parent_without_name(books: Books) -> None:
    parent = books.customer("Freeman Sporting Goods")
    job = books.job("0969 Ocean View Road", parent, BillWithParent=True)
    assert (job["Job"], job["Level"], job["BillWithParent"]) == (True, 1, True)
    assert job["ParentRef"] == {"value": parent["Id"]}
    assert job["FullyQualifiedName"] == "Freeman Sporting Goods:0969 Ocean View Road"
    assert job["DisplayName"] == "0969 Ocean View Road"
    assert "Level" not in books.read(parent)


def test_job_and_parent_belong_together(books: Books, world: World) -> None:
    parent = books.customer("Ann")
    lonely = problem(books.post("customer", {"DisplayName": "Roof", "Job": True}))
    assert (lonely["code"], lonely["element"]) == ("2020", "ParentRef")
    body = {"DisplayName": "Roof", "ParentRef": {"value": parent["Id"]}}
    assert problem(books.post("customer", body))["element"] == "Job"
    world.switches["parent_without_job"] = "ignore"
    found = document(books.post("customer", body))["Customer"]
    assert (found["Job"], "ParentRef" in found) == (False, False)


def test_an_unknown_or_inactive_parent_is_610(books: Books) -> None:
    gone = books.changed(books.customer("Ann"), Active=False)
    for parent in (gone["Id"], "404"):
        body = {"DisplayName": "Roof", "Job": True, "ParentRef": {"value": parent}}
        assert problem(books.post("customer", body))["code"] == "610"


def test_five_levels_are_the_limit(books: Books) -> None:
    line = [books.customer("L0")]
    for level in range(1, 5):
        line.append(books.job(f"L{level}", line[-1]))
    assert line[-1]["Level"] == 4
    assert line[-1]["FullyQualifiedName"] == "L0:L1:L2:L3:L4"
    body = {"DisplayName": "L5", "Job": True, "ParentRef": {"value": line[-1]["Id"]}}
    assert problem(books.post("customer", body))["code"] == "6180"


def test_moving_a_family_counts_its_own_levels(books: Books) -> None:
    top = books.customer("Top")
    deep = books.job("L2", books.job("L1", top))
    family = books.customer("Family")
    books.job("Grandchild", books.job("Child", family))
    move = {"Job": True, "ParentRef": {"value": deep["Id"]}}
    assert problem(books.change(family, **move))["code"] == "6180"


def test_nobody_becomes_a_job_of_itself_or_of_its_own_job(books: Books) -> None:
    ann = books.customer("Ann")
    roof = books.job("Roof", ann)
    for parent in (ann, roof):
        answer = books.change(ann, Job=True, ParentRef={"value": parent["Id"]})
        assert problem(answer)["code"] == "6000"


def test_renaming_a_parent_moves_the_full_names_of_its_jobs_without_touching_them(
    books: Books, world: World
) -> None:
    ann = books.customer("Ann")
    roof = books.job("Roof", ann)
    world.clock.shift(timedelta(minutes=1))
    books.changed(ann, DisplayName="Anna")
    moved = books.read(roof)
    assert moved["FullyQualifiedName"] == "Anna:Roof"
    assert (moved["SyncToken"], moved["MetaData"]) == ("0", roof["MetaData"])


def test_a_job_moves_to_another_customer(books: Books) -> None:
    roof = books.job("Roof", books.customer("Ann"))
    bob = books.customer("Bob")
    assert books.changed(roof, ParentRef={"value": bob["Id"]})["FullyQualifiedName"] == "Bob:Roof"


def test_a_parents_balance_with_jobs_sums_the_jobs(books: Books) -> None:
    ann = books.customer("Ann")
    balance(books, books.job("Roof", ann)["Id"], 85)
    balance(books, books.job("Shed", ann)["Id"], 15)
    found = books.read(ann)
    assert (found["Balance"], str(found["BalanceWithJobs"])) == (0, "100.00")


def test_a_balance_moves_the_times_of_all_ancestors_and_no_sync_token(books: Books, world: World) -> None:
    ann = books.customer("Ann")
    roof = books.job("Roof", ann)
    tile = books.job("Tile", roof)
    bystander = books.job("Shed", ann)
    world.clock.shift(timedelta(minutes=1))
    balance(books, tile["Id"], 10)
    times = {books.read(one)["MetaData"]["LastUpdatedTime"] for one in (tile, roof, ann)}
    assert len(times) == 1
    assert times.pop() > ann["MetaData"]["LastUpdatedTime"]
    assert {books.read(one)["SyncToken"] for one in (tile, roof, ann)} == {"0"}
    assert books.read(bystander)["MetaData"] == bystander["MetaData"]


def test_a_parent_whose_job_owes_cannot_be_made_inactive(books: Books) -> None:
    ann = books.customer("Ann")
    balance(books, books.job("Roof", ann)["Id"], 10)
    assert problem(books.change(ann, Active=False))["code"] == "6220"


@pytest.mark.parametrize(("form", "active"), [("jobs_stay", True), ("jobs_follow", False)])
def test_jobs_of_a_parent_made_inactive_stay_or_follow(
    books: Books, world: World, form: str, active: bool
) -> None:
    world.switches["deactivating_parent"] = form
    ann = books.customer("Ann")
    tile = books.job("Tile", books.job("Roof", ann))
    books.changed(ann, Active=False)
    found = books.read(tile)
    assert found["Active"] is active
    assert found["SyncToken"] == ("0" if active else "1")
    assert found["DisplayName"] == ("Tile" if active else "Tile (deleted)")
