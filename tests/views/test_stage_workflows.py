"""A stage of an older Coperniq workflow cannot be a trigger: Coperniq does not report when a project enters one."""

from __future__ import annotations

from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.roles import Role
from integrations.connections.coperniq_api_key import refresh_workflows
from integrations.models import CoperniqConnection, PhaseTrigger
from tests.factories import person
from tests.portal_harness import PortalHarness

JSON = {"accept": "application/json"}


def old_workflow(portal: PortalHarness, *, project: bool = True) -> tuple[str, str]:
    """Its id, and that of its second stage."""
    made = portal.simulator.make("workflows", name="Old", generation=1, phases=["Sale", "Build"])
    if project:
        portal.simulator.make("projects", title="Roof", address=["1 Main St"], workflowId=made["id"])
    refresh_workflows(portal.company)
    return str(made["id"]), str(made["phases"][1]["id"])


@pytest.fixture
def admin(portal: PortalHarness, client: Client) -> Client:
    client.force_login(person("alice", (portal.company, Role.ADMIN)))
    return client


def statuses(client: Client) -> dict[str, Any]:
    found = client.get("/integrations/status/?format=json").json()
    return {row["name"]: row["trigger"] for row in found["workflows"]}


def test_the_page_refuses_a_stage_with_the_reason(portal: PortalHarness, admin: Client) -> None:
    workflow, stage = old_workflow(portal)
    posted = {f"phase-{workflow}": stage, f"reentry-{workflow}": "update", f"preview-{workflow}": "off"}
    answer = admin.post("/integrations/quickbooks/triggers/", posted, headers=JSON)
    assert answer.status_code == 400
    assert "stages instead of phases" in answer.json()["errors"][f"phase-{workflow}"][0]
    assert not PhaseTrigger.objects.filter(workflow_id=workflow).exists()
    page = admin.get("/integrations/quickbooks/").content.decode()
    assert "older Coperniq workflow with stages" in page
    assert f'value="{stage}"' not in page, "nobody can choose it"


def test_the_command_and_the_admin_refuse_it_too(portal: PortalHarness, admin: Client) -> None:
    workflow, stage = old_workflow(portal)
    with pytest.raises(CommandError, match="stages instead of phases"):
        call_command(
            "configure", f"trigger.{workflow}={stage}", company=portal.company.slug, stdout=StringIO()
        )
    posted = {
        "connection": portal.quickbooks.pk,
        "workflow_id": workflow,
        "phase_template_id": stage,
        "reentry": "update",
    }
    answer = admin.post(reverse("admin:integrations_phasetrigger_add"), posted)
    assert "stages instead of phases" in answer.content.decode()
    assert not PhaseTrigger.objects.filter(workflow_id=workflow).exists()


def test_one_saved_earlier_is_shown_as_broken_once_a_project_shows_it(
    portal: PortalHarness, admin: Client
) -> None:
    workflow, stage = old_workflow(portal, project=False)
    answer = admin.post("/integrations/quickbooks/triggers/", {f"phase-{workflow}": stage}, headers=JSON)
    assert answer.json() == {"ok": True}, "without a project nothing tells it from another workflow"
    assert statuses(admin)["Old"]["broken"] is False
    portal.simulator.make("projects", title="Roof", address=["1 Main St"], workflowId=int(workflow))
    CoperniqConnection.objects.update(next_poll_at=timezone.now())
    portal.work(polls=True)
    assert statuses(admin)["Old"]["broken"] is True
    assert statuses(admin)["Solar"]["broken"] is False
    page = admin.get("/integrations/quickbooks/").content.decode()
    assert "Broken" in page
    assert "stage_trigger" in [
        each["key"] for each in admin.get("/integrations/status/?format=json").json()["warnings"]
    ]
    answer = admin.post(
        "/integrations/quickbooks/triggers/",
        {f"phase-{workflow}": "", "company": portal.company.slug},
        headers=JSON,
    )
    assert answer.json() == {"ok": True}
    assert statuses(admin)["Old"] is None


def test_a_workflow_whose_projects_have_phases_by_now_is_one_again(
    portal: PortalHarness, admin: Client
) -> None:
    workflow, phase = portal.workflow["id"], portal.phases["Billing"]
    CoperniqConnection.objects.update(stage_workflows=[str(workflow)])
    portal.project(portal.account("John Smith"))
    answer = admin.post("/integrations/quickbooks/triggers/", {f"phase-{workflow}": phase}, headers=JSON)
    assert answer.json() == {"ok": True}


def test_other_forms_cost_no_call_to_coperniq(portal: PortalHarness, admin: Client) -> None:
    portal.simulator.forget_log()
    posted = {
        f"phase-{portal.workflow['id']}": portal.phases["Installation"],
        f"reentry-{portal.workflow['id']}": "ask",
    }
    admin.post("/integrations/quickbooks/triggers/", posted)
    admin.post("/integrations/quickbooks/matching-strategy/", {"strategy": "replace"})
    assert portal.simulator.log("coperniq") == []
