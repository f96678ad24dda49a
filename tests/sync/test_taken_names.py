"""Somebody else has the name: the question says who, and takes another name or a link for an answer."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from accounts.roles import Role
from integrations.models import SyncRun
from tests.factories import person
from tests.portal_harness import PortalHarness
from tests.sync.customer_builders import change_account, enter_again


def enter(portal: PortalHarness, title: str = "John Smith", **fields: Any) -> dict[str, Any]:
    project = portal.project(portal.account(title, **fields), "Roof")
    portal.enter(project)
    portal.work()
    return project


def in_books(portal: PortalHarness, entity: str = "Customer", **fields: Any) -> str:
    names = {"GivenName": "x"} if entity == "Employee" else {}
    return str(portal.simulator.in_books(portal.realm, entity, **names, **fields)["Id"])


def keys(run: SyncRun) -> list[str]:
    return [choice["key"] for choice in run.choices]


def previewing(portal: PortalHarness, *, preview: bool) -> None:
    portal.trigger.preview = preview
    portal.trigger.save()


def release_all(portal: PortalHarness) -> None:
    """A person writes what is shown."""
    while run := SyncRun.objects.held().filter(question="preview").first():
        portal.decide("release", run)


def writes_of_another_entry(portal: PortalHarness, project: dict[str, Any]) -> list[str]:
    portal.simulator.forget_log()
    enter_again(portal, project)
    portal.work()
    return portal.quickbooks_calls(write=True)


@pytest.mark.parametrize("entity", ["Vendor", "Employee"])
@pytest.mark.parametrize("preview", [False, True])
def test_another_name_is_typed_where_a_vendor_or_employee_has_it(
    portal: PortalHarness, entity: str, preview: bool
) -> None:
    previewing(portal, preview=preview)
    in_books(portal, entity, DisplayName="John Smith")
    project = enter(portal)
    run = SyncRun.objects.held().get(kind="customer")
    assert run.cause == "name_taken"
    assert f"for the {entity.lower()} “John Smith”" in run.sentence
    assert keys(run) == ["create_with_suffix", "create_with_name", "retry", "discard"]
    portal.decide("create_with_name:John Smith (Tucson)", run)
    release_all(portal)
    assert portal.link("customer").quickbooks_name == "John Smith (Tucson)"
    previewing(portal, preview=False)
    assert writes_of_another_entry(portal, project) == [], "it keeps the name that was typed"


@pytest.mark.parametrize("tail", ["sentence", "id"])
@pytest.mark.parametrize(
    ("entity", "theirs"),
    [("Vendor", "John  Smith"), ("Employee", "JOHN\u00a0SMITH"), ("Customer", "John  Smith")],
)
def test_who_has_a_name_that_looks_the_same_is_named(
    portal: PortalHarness, entity: str, theirs: str, tail: str
) -> None:
    portal.simulator.switch(lookalike_names="same", duplicate_name_tail=tail)
    job = (
        {"Job": True, "ParentRef": {"value": in_books(portal, DisplayName="Somebody")}}
        if entity == "Customer"
        else {}
    )
    in_books(portal, entity, DisplayName=theirs, **job)
    enter(portal)
    named = f"the job “Somebody:{theirs}”" if job else f"the {entity.lower()} “{theirs}”"
    assert named in portal.held().sentence


def test_a_typed_name_that_is_taken_too_is_asked_about_again(portal: PortalHarness) -> None:
    for name in ("John Smith", "J. Smith"):
        in_books(portal, "Vendor", DisplayName=name)
    enter(portal)
    portal.decide("create_with_name:J. Smith")
    assert "“J. Smith”" in portal.held().sentence
    portal.decide("create_with_name:John: Smith\tJr")
    assert portal.link("customer").quickbooks_name == "John Smith Jr"


@pytest.mark.parametrize("answer", ["link:{}", "create_anyway:J. Smith"])
@pytest.mark.parametrize("preview", [False, True])
def test_a_typed_name_that_looks_like_another_customer_s_is_asked_about(
    portal: PortalHarness, preview: bool, answer: str
) -> None:
    previewing(portal, preview=preview)
    in_books(portal, "Vendor", DisplayName="John Smith")
    theirs = in_books(portal, DisplayName="J.  SMITH.")
    enter(portal)
    portal.decide("create_with_name:J. Smith", SyncRun.objects.held().get(kind="customer"))
    run = SyncRun.objects.held().get(kind="customer")
    assert "“J.  SMITH.”" in run.sentence
    assert keys(run)[0] == f"link:{theirs}"
    assert "create_anyway:J. Smith" in keys(run)
    portal.decide(answer.format(theirs), run)
    release_all(portal)
    is_same = answer == "link:{}"
    assert (portal.link("customer").quickbooks_id == theirs) is is_same
    assert portal.link("customer").quickbooks_name == ("J.  SMITH." if is_same else "J. Smith")
    assert len(portal.customers(Job=False)) == (1 if is_same else 2)


@pytest.mark.parametrize(
    ("answer", "name"),
    [
        ("create_with_suffix", "Harbor Coffee #2"),
        ("create_anyway:Harbor Coffee", "Harbor Coffee"),
        ("create_anyway:A&W Roofing", "A&W Roofing"),
    ],
)
def test_a_new_title_that_looks_like_another_customer_s_name_is_asked_about(
    portal: PortalHarness, answer: str, name: str
) -> None:
    project = enter(portal, "Old Name")
    in_books(portal, DisplayName="Harbor  Coffee")
    in_books(portal, DisplayName="A & W Roofing")
    change_account(portal, title="Harbor Coffee")
    writes_of_another_entry(portal, project)
    run = portal.held()
    assert (run.cause, "“Harbor  Coffee”" in run.sentence) == ("name_taken", True)
    if name != "Harbor Coffee":
        portal.decide("create_with_name:A&W Roofing", run)
        assert "“A & W Roofing”" in portal.held().sentence, "the typed name is looked for as well"
    portal.decide(answer, portal.held())
    assert portal.customer(Id=portal.link("customer").quickbooks_id)["DisplayName"] == name
    assert writes_of_another_entry(portal, project) == []
    change_account(portal, title="Lakeside Tea")
    writes_of_another_entry(portal, project)
    keeps = name == "A&W Roofing"
    assert portal.link("customer").quickbooks_name == (name if keeps else "Lakeside Tea")


def test_the_page_has_a_box_for_the_name(portal: PortalHarness, client: Client) -> None:
    in_books(portal, "Vendor", DisplayName="John Smith")
    enter(portal)
    run = portal.held()
    client.force_login(person("alice", (portal.company, Role.ADMIN)))
    assert 'name="text"' in client.get("/integrations/runs/").content.decode()
    shown = client.get("/integrations/runs/?format=json").json()["runs"][0]["choices"]
    assert next(each for each in shown if "input" in each)["key"] == "create_with_name"
    post = f"/integrations/runs/{run.pk}/decide/"
    for text in ("", "  ", ":", " : ", "\u200b", "...", "x" * 101, "x" * 5000):
        answer = client.post(
            post, {"choice": "create_with_name", "text": text}, headers={"accept": "application/json"}
        )
        assert (answer.status_code, list(answer.json()["errors"])) == (400, ["text"])
    answer = client.post(
        post, {"choice": "create_with_name", "text": " J. Smith "}, headers={"accept": "application/json"}
    )
    assert answer.json() == {"ok": True}
    portal.work()
    assert portal.link("customer").quickbooks_name == "J. Smith"


@pytest.mark.parametrize("preview", [False, True])
def test_a_job_has_the_name_and_is_named_with_its_customer(portal: PortalHarness, preview: bool) -> None:
    previewing(portal, preview=preview)
    parent = in_books(portal, DisplayName="Somebody")
    in_books(portal, DisplayName="John Smith", Job=True, ParentRef={"value": parent})
    enter(portal)
    run = SyncRun.objects.held().get(kind="customer")
    assert "the job “Somebody:John Smith”" in run.sentence
    assert keys(run) == ["create_with_suffix", "create_with_name", "retry", "discard"]


@pytest.mark.parametrize("preview", [False, True])
def test_an_inactive_customer_that_keeps_its_name_is_offered_with_its_balance(
    portal: PortalHarness, preview: bool
) -> None:
    previewing(portal, preview=preview)
    portal.simulator.switch(inactive_name_frees=False)
    theirs = in_books(portal, DisplayName="John Smith")
    portal.simulator.edit_books(portal.realm, theirs, Active=False)
    portal.simulator.control(f"quickbooks/{portal.realm}/customers/{theirs}/balance", {"amount": 285})
    enter(portal)
    run = SyncRun.objects.get(action="push_customer")
    assert run.cause == "match_inactive"
    assert "$285" in run.sentence
    portal.decide("create", run)
    release_all(portal)
    run.refresh_from_db()
    assert run.cause == "name_taken"
    assert "the inactive customer “John Smith (deleted)”" in run.sentence
    assert keys(run)[0] == f"reactivate:{theirs}"
    portal.decide(f"reactivate:{theirs}", run)
    release_all(portal)
    assert portal.link("customer").quickbooks_id == theirs


def test_a_customer_made_meanwhile_is_offered(portal: PortalHarness) -> None:
    in_books(portal, "Vendor", DisplayName="John Smith")
    project = enter(portal)
    theirs = in_books(portal, DisplayName="J. Smith")
    portal.decide("create_with_name:J. Smith")
    assert keys(portal.held())[0] == f"link:{theirs}"
    portal.decide(f"link:{theirs}")
    assert portal.link("customer").quickbooks_id == theirs
    assert writes_of_another_entry(portal, project) == []


def test_a_customer_of_another_account_is_named_and_not_offered(portal: PortalHarness) -> None:
    in_books(portal, "Vendor", DisplayName="Jane Roe")
    enter(portal)
    enter(portal, "Jane Roe")
    portal.decide("create_with_name:John Smith")
    run = portal.held()
    assert "which is linked to “John Smith”" in run.sentence
    assert not any(key.startswith("link:") for key in keys(run))


def test_a_linked_customer_gets_the_typed_name_and_keeps_it(portal: PortalHarness) -> None:
    project = enter(portal)
    in_books(portal, "Vendor", DisplayName="Smith Roofing")
    change_account(portal, title="Smith Roofing")
    enter_again(portal, project)
    portal.work()
    assert keys(portal.held()) == ["create_with_suffix", "create_with_name", "retry", "discard"]
    portal.decide("create_with_name:Smith Roofing AZ")
    assert portal.customer(Job=False)["DisplayName"] == "Smith Roofing AZ"
    assert writes_of_another_entry(portal, project) == []


def test_a_job_gets_a_typed_name_where_all_its_numbers_are_taken(portal: PortalHarness) -> None:
    project = portal.project(portal.account("John Smith"), "Roof")
    name = f"Roof | #{project['number']}"
    for suffix in ("", *(f" #{number}" for number in range(2, 12))):
        in_books(portal, "Vendor", DisplayName=f"{name}{suffix}")
    portal.enter(project)
    portal.work()
    assert (portal.held().cause, keys(portal.held())) == (
        "name_taken",
        ["create_with_name", "retry", "discard"],
    )
    portal.decide("create_with_name:Smith's roof")
    assert portal.link("job").quickbooks_name == "Smith's roof"
    assert writes_of_another_entry(portal, project) == []


def test_an_inactive_linked_customer_and_job_show_their_balance(portal: PortalHarness) -> None:
    project = enter(portal)
    job, customer = (portal.customer(Job=is_job)["Id"] for is_job in (True, False))
    for id_ in (job, customer):
        portal.simulator.edit_books(portal.realm, id_, Active=False)
    portal.simulator.control(f"quickbooks/{portal.realm}/customers/{job}/balance", {"amount": 285.5})
    enter_again(portal, project)
    portal.work()
    held = {run.kind: run.sentence for run in SyncRun.objects.held()}
    assert all("$285.50" in held[kind] for kind in ("customer", "job"))
    offered = SyncRun.objects.held().get(kind="customer").choices
    assert not any("$285.50" in choice["label"] for choice in offered), "the sentence says it"
