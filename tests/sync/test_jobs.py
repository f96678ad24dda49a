"""A project becomes a job under its customer; its name is unique in all of QuickBooks."""

from __future__ import annotations

import pytest

from integrations.models import RecordLink, SyncRun, SyncSettings
from tests.portal_harness import PortalHarness


def enter(portal: PortalHarness, project: dict[str, object]) -> None:
    portal.enter(project)
    portal.work()


def again(portal: PortalHarness, project: dict[str, object]) -> None:
    portal.simulator.control("clock", {"shift_seconds": 60})
    portal.enter(project, "Billing")
    enter(portal, project)


def job_name(project: dict[str, object]) -> str:
    return f"{project['title']} | #{project['number']}"


def test_a_taken_name_gets_a_number(portal: PortalHarness) -> None:
    project = portal.project(portal.account("John Smith"))
    portal.simulator.in_books(portal.realm, "Employee", GivenName="x", DisplayName=job_name(project))
    portal.simulator.in_books(portal.realm, DisplayName=f"{job_name(project)} #2")
    enter(portal, project)
    assert portal.customer(Job=True)["DisplayName"] == f"{job_name(project)} #3"


def test_the_numbered_job_is_not_renamed_on_the_next_entry(portal: PortalHarness) -> None:
    project = portal.project(portal.account("John Smith"))
    portal.simulator.in_books(portal.realm, DisplayName=job_name(project))
    enter(portal, project)
    portal.simulator.forget_log()
    again(portal, project)
    assert portal.quickbooks_calls(write=True) == []


def test_a_setting_links_the_job_of_the_same_name_instead(portal: PortalHarness) -> None:
    SyncSettings.objects.update(link_same_named_job=True)
    customer = portal.simulator.in_books(portal.realm, DisplayName="John Smith")
    project = portal.project(portal.account("John Smith"))
    job = portal.simulator.in_books(
        portal.realm, DisplayName=job_name(project), Job=True, ParentRef={"value": customer["Id"]}
    )
    enter(portal, project)
    assert portal.link("job").quickbooks_id == job["Id"]
    assert portal.link("job").match_method == RecordLink.MatchMethod.NAME


def test_a_same_named_job_of_another_customer_is_not_linked(portal: PortalHarness) -> None:
    SyncSettings.objects.update(link_same_named_job=True)
    other = portal.simulator.in_books(portal.realm, DisplayName="Somebody")
    project = portal.project(portal.account("John Smith"))
    portal.simulator.in_books(
        portal.realm, DisplayName=job_name(project), Job=True, ParentRef={"value": other["Id"]}
    )
    enter(portal, project)
    assert portal.link("job").quickbooks_name == f"{job_name(project)} #2"


@pytest.mark.parametrize(("strategy", "renamed"), [("enrich", False), ("replace", True), ("skip", False)])
def test_a_job_people_renamed_is_theirs_unless_replaced(
    portal: PortalHarness, strategy: str, renamed: bool
) -> None:
    project = portal.project(portal.account("John Smith"))
    enter(portal, project)
    job = portal.customer(Job=True)
    portal.simulator.edit_books(portal.realm, job["Id"], DisplayName="Smith residence")
    SyncSettings.objects.update(matching_strategy=strategy)
    again(portal, project)
    assert portal.customer(Job=True)["DisplayName"] == (job_name(project) if renamed else "Smith residence")


def test_a_renamed_project_renames_the_portals_own_job(portal: PortalHarness) -> None:
    project = portal.project(portal.account("John Smith"))
    enter(portal, project)
    portal.simulator.change("projects", project["id"], title="Smith Garage")
    again(portal, project)
    assert portal.customer(Job=True)["DisplayName"] == f"Smith Garage | #{project['number']}"


def test_a_rename_onto_a_taken_name_gets_a_number_too(portal: PortalHarness) -> None:
    project = portal.project(portal.account("John Smith"))
    enter(portal, project)
    portal.simulator.in_books(portal.realm, DisplayName=f"Smith Garage | #{project['number']}")
    portal.simulator.change("projects", project["id"], title="Smith Garage")
    again(portal, project)
    assert portal.customer(Job=True)["DisplayName"] == f"Smith Garage | #{project['number']} #2"


def test_a_project_moved_to_another_account_is_held(portal: PortalHarness) -> None:
    project = portal.project(portal.account("John Smith"))
    enter(portal, project)
    other = portal.account("Mary Jones")
    portal.simulator.change("projects", project["id"], accountId=other["id"])
    before = portal.customer(Job=True)
    again(portal, project)
    assert SyncRun.objects.held().get(kind="job").cause == "project_moved"
    assert portal.customer(Job=True) == before


def test_two_projects_of_one_account_share_their_customer(portal: PortalHarness) -> None:
    account = portal.account("John Smith")
    for title in ("House", "Garage"):
        enter(portal, portal.project(account, title))
    customer = portal.customer(Job=False)
    assert {job["ParentRef"]["value"] for job in portal.customers(Job=True)} == {customer["Id"]}
    assert len(portal.customers(Job=True)) == 2


def test_a_project_that_is_gone_is_held(portal: PortalHarness) -> None:
    project = portal.project(portal.account("John Smith"))
    portal.enter(project)
    portal.simulator.control(f"coperniq/key-of-the-first-company/projects/{project['id']}", method="DELETE")
    portal.work()
    assert portal.held().cause == "project_missing"


@pytest.mark.parametrize(("rule", "asks"), [("once", False), ("ask", True)])
def test_the_reentry_rule_is_kept(portal: PortalHarness, rule: str, asks: bool) -> None:
    project = portal.project(portal.account("John Smith"))
    enter(portal, project)
    portal.trigger.reentry = rule
    portal.trigger.save()
    portal.simulator.change("projects", project["id"], title="Renamed")
    again(portal, project)
    assert portal.customer(Job=True)["DisplayName"] == job_name(project)
    if asks:
        assert portal.held().cause == "reentry_ask"
        portal.decide("release")
        assert portal.customer(Job=True)["DisplayName"].startswith("Renamed")
    else:
        assert portal.log()[-1].startswith("skipped: ")


def ask_for_the_job(portal: PortalHarness, project: dict[str, object]) -> SyncRun:
    run = SyncRun.objects.request(
        SyncRun(
            company=portal.company,
            connection=portal.quickbooks,
            kind="job",
            action="push_job",
            coperniq_id=str(project["id"]),
        )
    )
    portal.work()
    run.refresh_from_db()
    return run


def test_a_project_that_lost_its_account_or_is_gone_when_its_job_comes_up_is_held(
    portal: PortalHarness,
) -> None:
    orphan = portal.project(None, "Orphan")
    assert ask_for_the_job(portal, orphan).cause == "project_without_account"
    assert ask_for_the_job(portal, {"id": 987654}).cause == "project_missing"


def test_a_job_whose_customer_is_not_linked_waits_and_is_released_by_the_link(portal: PortalHarness) -> None:
    account = portal.account("John Smith")
    run = ask_for_the_job(portal, portal.project(account))
    assert (run.state, run.waits_for_kind, run.waits_for_id) == ("waiting", "customer", str(account["id"]))
    portal.enter(portal.project(account, "Garage"))
    portal.work()
    assert len(portal.customers(Job=True)) == 2


def test_what_quickbooks_refuses_in_its_own_words_is_held_with_them(portal: PortalHarness) -> None:
    parent = portal.simulator.in_books(portal.realm, DisplayName="John Smith")
    project = portal.project(portal.account("John Smith"))
    enter(portal, project)
    RecordLink.objects.filter(kind="job").delete()
    job = portal.customer(Job=True)
    portal.simulator.edit_books(portal.realm, job["Id"], Active=False)
    portal.simulator.edit_books(portal.realm, parent["Id"], Active=False)
    run = ask_for_the_job(portal, project)
    assert (run.state, run.cause) == ("held", "inactive_reference")
    assert [choice["key"] for choice in run.choices] == ["retry", "discard"]
