"""Phases: only a person moves a project; the API shows where it stands."""

from __future__ import annotations

import pytest

from tests.simulator.clients import Json, Office, refusal

NEW: Json = {"title": "Roof", "address": ["1 Elm St"]}


@pytest.fixture
def phases(office: Office) -> list[int]:
    return [one["id"] for one in office.workflow("Sale", "Permit", "Build")["phases"]]


def whole(office: Office, project: Json) -> Json:
    found: Json = office.get(f"projects/{project['id']}")
    return found


def steps(office: Office, project: Json) -> list[tuple[str, str]]:
    return [(one["name"], one["status"]) for one in whole(office, project)["phaseInstances"]]


def test_a_new_project_stands_in_the_first_phase_and_has_all_instances(
    office: Office, phases: list[int]
) -> None:
    made = office.post("projects", NEW)
    assert made["phase"]["templateId"] == phases[0]
    assert set(made["phase"]) == {
        *("instanceId", "templateId", "name", "status", "type"),
        *("redSla", "yellowSla", "timeInStageDays", "slaStatus"),
    }
    assert steps(office, made) == [
        ("Sale", "IN_PROGRESS"),
        ("Permit", "NOT_STARTED"),
        ("Build", "NOT_STARTED"),
    ]


def test_a_new_project_may_wait_before_its_first_phase(office: Office, phases: list[int]) -> None:
    office.switch(first_phase_starts=False)
    made = office.post("projects", NEW)
    assert "phase" not in made
    assert {status for _, status in steps(office, made)} == {"NOT_STARTED"}


def test_phase_instances_come_by_id_only_and_name_their_template(office: Office, phases: list[int]) -> None:
    made = office.project("Roof")
    assert "phaseInstances" not in office.get("projects")[0]
    instance = whole(office, made)["phaseInstances"][0]
    assert instance["phaseTemplateId"] == instance["phaseTemplate"]["id"] == phases[0]
    assert "startedAt" in instance
    assert "completedAt" not in instance
    assert [one["position"] for one in whole(office, made)["phaseInstances"]] == [0, 1, 2]


def test_starting_a_phase_completes_the_one_before(office: Office, phases: list[int]) -> None:
    made = office.project("Roof")
    office.later()
    started = office.start(made, phases[2])
    assert (started["status"], started["phaseTemplateId"]) == ("IN_PROGRESS", phases[2])
    assert steps(office, made) == [("Sale", "COMPLETED"), ("Permit", "NOT_STARTED"), ("Build", "IN_PROGRESS")]
    now = whole(office, made)
    assert now["phase"]["instanceId"] == started["id"]
    assert now["phaseInstances"][0]["completedAt"] == now["phaseInstances"][2]["startedAt"]


def test_a_phase_start_moves_updated_at_unless_switched(office: Office, phases: list[int]) -> None:
    made = office.project("Roof")
    office.later()
    office.start(made, phases[1])
    moved = whole(office, made)["updatedAt"]
    assert moved > made["updatedAt"]
    office.switch(phase_moves_updated_at=False)
    office.later()
    office.start(made, phases[2])
    assert whole(office, made)["updatedAt"] == moved


def test_entering_a_phase_again_makes_a_new_instance_unless_switched(
    office: Office, phases: list[int]
) -> None:
    made = office.project("Roof")
    first = whole(office, made)["phase"]["instanceId"]
    office.start(made, phases[1])
    again = office.start(made, phases[0])
    assert again["id"] != first
    assert again["position"] == 3
    office.switch(reentry_new_instance=False)
    office.start(made, phases[2])
    assert office.start(made, phases[1])["id"] == whole(office, made)["phaseInstances"][1]["id"]
    assert "completedAt" not in whole(office, made)["phaseInstances"][1]


def test_the_running_phase_cannot_be_started_again(office: Office, phases: list[int]) -> None:
    made = office.project("Roof")
    answer = office.room("POST", f"projects/{made['id']}/start-phase", {"phaseTemplateId": phases[0]})
    assert refusal(answer) == (409, "CONFLICT", "")


def test_a_phase_of_another_workflow_cannot_be_started(office: Office, phases: list[int]) -> None:
    made = office.project("Roof")
    other = office.workflow("Elsewhere")["phases"][0]["id"]
    answer = office.room("POST", f"projects/{made['id']}/start-phase", {"phaseTemplateId": other})
    assert refusal(answer) == (400, "VALIDATION_ERROR", "phaseTemplateId")


def test_two_phases_may_run_at_once_when_switched(office: Office, phases: list[int]) -> None:
    made = office.project("Roof")
    office.switch(parallel_phases=True)
    office.later()
    office.start(made, phases[1])
    assert steps(office, made)[:2] == [("Sale", "IN_PROGRESS"), ("Permit", "IN_PROGRESS")]
    assert whole(office, made)["phase"]["name"] == "Permit"


def test_a_completed_phase_stays_the_current_one_until_another_starts(
    office: Office, phases: list[int]
) -> None:
    made = office.project("Roof")
    office.person("POST", f"projects/{made['id']}/complete-phase")
    assert whole(office, made)["phase"]["status"] == "COMPLETED"
    assert refusal(office.room("POST", f"projects/{made['id']}/complete-phase")) == (409, "CONFLICT", "")


def test_the_api_cannot_move_a_project(office: Office, phases: list[int]) -> None:
    made = office.project("Roof")
    path = f"projects/{made['id']}"
    assert office.patch(path, {"phaseId": phases[1]})["phase"]["templateId"] == phases[0]
    for unknown in ("start-phase", "phases", "phase"):
        assert office.call("POST", f"{path}/{unknown}", {"phaseTemplateId": phases[1]}).status_code == 404


def test_whether_phase_id_is_writable_is_a_switch(office: Office, phases: list[int]) -> None:
    made = office.project("Roof")
    path = f"projects/{made['id']}"
    office.switch(phase_id_writable="refuse")
    assert refusal(office.call("PATCH", path, {"phaseId": phases[1]})) == (400, "VALIDATION_ERROR", "phaseId")
    office.switch(phase_id_writable="accept", unknown_fields="refuse")
    assert office.patch(path, {"phaseId": phases[1]})["phase"]["templateId"] == phases[1]
    assert office.patch(path, {"phaseId": phases[1]})["phase"]["templateId"] == phases[1]


def test_a_refused_phase_leaves_the_whole_patch_undone(office: Office, phases: list[int]) -> None:
    made = office.project("Roof")
    office.switch(phase_id_writable="accept")
    answer = office.call("PATCH", f"projects/{made['id']}", {"title": "New", "phaseId": 1})
    assert refusal(answer) == (400, "VALIDATION_ERROR", "phaseId")
    assert whole(office, made)["title"] == "Roof"


def test_another_workflow_begins_from_its_first_phase(office: Office, phases: list[int]) -> None:
    made = office.project("Roof")
    other = office.workflow("Measure", "Tear off")
    changed = office.patch(f"projects/{made['id']}", {"workflowId": str(other["id"])})
    assert (changed["workflowId"], changed["phase"]["name"]) == (other["id"], "Measure")
    assert [name for name, _ in steps(office, made)] == ["Measure", "Tear off"]


def test_a_workflow_lists_its_phase_templates(office: Office, phases: list[int]) -> None:
    found = office.get("workflows")[0]
    assert office.get(f"workflows/{found['id']}") == found
    assert (found["type"], set(found["createdBy"])) == (
        "PROJECT",
        {"id", "firstName", "lastName", "avatarUrl"},
    )
    assert [(one["id"], one["name"], one["type"]) for one in found["phases"]] == [
        (phases[0], "Sale", "SALE"),
        (phases[1], "Permit", "PERMIT"),
        (phases[2], "Build", "BUILD"),
    ]


def test_workflows_are_paged_unless_switched(office: Office) -> None:
    for _ in range(21):
        office.workflow("Only")
    assert len(office.get("workflows")) == 20
    office.switch(workflows_paged=False)
    assert len(office.get("workflows", page=2, page_size=1)) == 21


def test_a_renamed_phase_is_renamed_in_running_projects_unless_switched(
    office: Office, phases: list[int]
) -> None:
    made, workflow = office.project("Roof"), office.get("workflows")[0]["id"]
    office.person("PATCH", f"workflows/{workflow}/phases/{phases[0]}", {"name": "Contract"})
    assert whole(office, made)["phase"]["name"] == "Contract"
    office.switch(rename_reaches_instances=False)
    office.person("PATCH", f"workflows/{workflow}/phases/{phases[0]}", {"name": "Signed"})
    assert whole(office, made)["phase"]["name"] == "Contract"
    assert office.get("workflows")[0]["phases"][0]["name"] == "Signed"


def test_a_removed_phase_leaves_projects_standing_in_it(office: Office, phases: list[int]) -> None:
    made, workflow = office.project("Roof"), office.get("workflows")[0]["id"]
    office.person("DELETE", f"workflows/{workflow}/phases/{phases[0]}")
    assert [one["name"] for one in office.get("workflows")[0]["phases"]] == ["Permit", "Build"]
    assert whole(office, made)["phase"]["templateId"] == phases[0]


def test_a_late_phase_violates_its_limit(office: Office) -> None:
    office.workflow({"name": "Sale", "type": "SALE", "redSla": 3, "yellowSla": 1})
    made = office.project("Roof")
    assert whole(office, made)["phase"]["slaStatus"] == "NON_VIOLATED"
    office.later(4 * 86_400)
    phase = whole(office, made)["phase"]
    assert (phase["slaStatus"], phase["timeInStageDays"], phase["redSla"]) == ("VIOLATED", 4, 3)


def test_workflows_of_the_first_generation_have_stages(office: Office) -> None:
    office.workflow("Sale", "Build", generation=1)
    made = office.project("Roof")
    found = whole(office, made)
    assert {"phase", "phaseInstances"}.isdisjoint(found)
    assert (found["stage"]["name"], found["stage"]["scope"]) == ("Sale", "PROJECT")
