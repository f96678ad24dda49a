from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from tests.simulator.conftest import Books, Intuit, document, problem

if TYPE_CHECKING:
    from simulator.world import World

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
