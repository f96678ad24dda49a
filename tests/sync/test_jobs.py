"""A project becomes a job under its customer; its name is unique in all of QuickBooks."""

from __future__ import annotations

import pytest

from integrations.models import RecordLink, SyncRun, SyncSettings
from tests.portal_harness import PortalHarness


def enter(office: PortalHarness, project: dict[str, object]) -> None:
    office.enter(project)
    office.work()


def again(office: PortalHarness, project: dict[str, object]) -> None:
    office.simulator.control("clock", {"shift_seconds": 60})
    office.enter(project, "Billing")
    enter(office, project)


def job_name(project: dict[str, object]) -> str:
    return f"{project['title']} | #{project['number']}"


def test_a_taken_name_gets_a_number(office: PortalHarness) -> None:
    project = office.project(office.account("John Smith"))
    office.simulator.in_books(office.realm, "Employee", GivenName="x", DisplayName=job_name(project))
    office.simulator.in_books(office.realm, DisplayName=f"{job_name(project)} #2")
    enter(office, project)
    assert office.customer(Job=True)["DisplayName"] == f"{job_name(project)} #3"


def test_the_numbered_job_is_not_renamed_on_the_next_entry(office: PortalHarness) -> None:
    project = office.project(office.account("John Smith"))
    office.simulator.in_books(office.realm, DisplayName=job_name(project))
    enter(office, project)
    office.simulator.forget_log()
    again(office, project)
    assert office.quickbooks_calls(write=True) == []


def test_a_setting_links_the_job_of_the_same_name_instead(office: PortalHarness) -> None:
    SyncSettings.objects.update(link_same_named_job=True)
    customer = office.simulator.in_books(office.realm, DisplayName="John Smith")
    project = office.project(office.account("John Smith"))
    job = office.simulator.in_books(
        office.realm, DisplayName=job_name(project), Job=True, ParentRef={"value": customer["Id"]}
    )
    enter(office, project)
    assert office.link("job").quickbooks_id == job["Id"]
    assert office.link("job").match_method == RecordLink.MatchMethod.NAME


def test_a_same_named_job_of_another_customer_is_not_linked(office: PortalHarness) -> None:
    SyncSettings.objects.update(link_same_named_job=True)
    other = office.simulator.in_books(office.realm, DisplayName="Somebody")
    project = office.project(office.account("John Smith"))
    office.simulator.in_books(
        office.realm, DisplayName=job_name(project), Job=True, ParentRef={"value": other["Id"]}
    )
    enter(office, project)
    assert office.link("job").quickbooks_name == f"{job_name(project)} #2"


@pytest.mark.parametrize(("strategy", "renamed"), [("enrich", False), ("replace", True), ("skip", False)])
def test_a_job_people_renamed_is_theirs_unless_replaced(
    office: PortalHarness, strategy: str, renamed: bool
) -> None:
    project = office.project(office.account("John Smith"))
    enter(office, project)
    job = office.customer(Job=True)
    office.simulator.edit_books(office.realm, job["Id"], DisplayName="Smith residence")
    SyncSettings.objects.update(matching_strategy=strategy)
    again(office, project)
    assert office.customer(Job=True)["DisplayName"] == (job_name(project) if renamed else "Smith residence")


def test_a_renamed_project_renames_the_portals_own_job(office: PortalHarness) -> None:
    project = office.project(office.account("John Smith"))
    enter(office, project)
    office.simulator.change("projects", project["id"], title="Smith Garage")
    again(office, project)
    assert office.customer(Job=True)["DisplayName"] == f"Smith Garage | #{project['number']}"


def test_a_rename_onto_a_taken_name_gets_a_number_too(office: PortalHarness) -> None:
    project = office.project(office.account("John Smith"))
    enter(office, project)
    office.simulator.in_books(office.realm, DisplayName=f"Smith Garage | #{project['number']}")
    office.simulator.change("projects", project["id"], title="Smith Garage")
    again(office, project)
    assert office.customer(Job=True)["DisplayName"] == f"Smith Garage | #{project['number']} #2"


def test_a_project_moved_to_another_account_is_held(office: PortalHarness) -> None:
    project = office.project(office.account("John Smith"))
    enter(office, project)
    other = office.account("Mary Jones")
    office.simulator.change("projects", project["id"], accountId=other["id"])
    before = office.customer(Job=True)
    again(office, project)
    assert SyncRun.objects.held().get(kind="job").cause == "project_moved"
    assert office.customer(Job=True) == before


def test_two_projects_of_one_account_share_their_customer(office: PortalHarness) -> None:
    account = office.account("John Smith")
    for title in ("House", "Garage"):
        enter(office, office.project(account, title))
    customer = office.customer(Job=False)
    assert {job["ParentRef"]["value"] for job in office.customers(Job=True)} == {customer["Id"]}
    assert len(office.customers(Job=True)) == 2


def test_a_project_that_is_gone_is_held(office: PortalHarness) -> None:
    project = office.project(office.account("John Smith"))
    office.enter(project)
    office.simulator.control(f"coperniq/key-of-the-first-company/projects/{project['id']}", method="DELETE")
    office.work()
    assert office.held().cause == "project_missing"


@pytest.mark.parametrize(("rule", "asks"), [("once", False), ("ask", True)])
def test_the_reentry_rule_is_kept(office: PortalHarness, rule: str, asks: bool) -> None:
    project = office.project(office.account("John Smith"))
    enter(office, project)
    office.trigger.reentry = rule
    office.trigger.save()
    office.simulator.change("projects", project["id"], title="Renamed")
    again(office, project)
    assert office.customer(Job=True)["DisplayName"] == job_name(project)
    if asks:
        assert office.held().cause == "reentry_ask"
        office.decide("release")
        assert office.customer(Job=True)["DisplayName"].startswith("Renamed")
    else:
        assert office.log()[-1].startswith("skipped: ")


def ask_for_the_job(office: PortalHarness, project: dict[str, object]) -> SyncRun:
    run = SyncRun.objects.request(
        SyncRun(
            company=office.company,
            connection=office.quickbooks,
            kind="job",
            action="push_job",
            coperniq_id=str(project["id"]),
        )
    )
    office.work()
    run.refresh_from_db()
    return run


def test_a_project_that_lost_its_account_or_is_gone_when_its_job_comes_up_is_held(
    office: PortalHarness,
) -> None:
    orphan = office.project(None, "Orphan")
    assert ask_for_the_job(office, orphan).cause == "project_without_account"
    assert ask_for_the_job(office, {"id": 987654}).cause == "project_missing"


def test_a_job_whose_customer_is_not_linked_waits_and_is_released_by_the_link(office: PortalHarness) -> None:
    account = office.account("John Smith")
    run = ask_for_the_job(office, office.project(account))
    assert (run.state, run.waits_for_kind, run.waits_for_id) == ("waiting", "customer", str(account["id"]))
    office.enter(office.project(account, "Garage"))
    office.work()
    assert len(office.customers(Job=True)) == 2


def test_what_quickbooks_refuses_in_its_own_words_is_held_with_them(office: PortalHarness) -> None:
    parent = office.simulator.in_books(office.realm, DisplayName="John Smith")
    project = office.project(office.account("John Smith"))
    enter(office, project)
    RecordLink.objects.filter(kind="job").delete()
    job = office.customer(Job=True)
    office.simulator.edit_books(office.realm, job["Id"], Active=False)
    office.simulator.edit_books(office.realm, parent["Id"], Active=False)
    run = ask_for_the_job(office, project)
    assert (run.state, run.cause) == ("held", "inactive_reference")
    assert [choice["key"] for choice in run.choices] == ["retry", "discard"]
