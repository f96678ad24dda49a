"""What is stored of Coperniq's workflows, and triggers whose phase is gone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from integrations.models import CoperniqConnection, PhaseTrigger

Workflows = dict[str, dict[str, Any]]
"""By id, as `CoperniqConnection.workflows` keeps them: id, name, phases of id and name; and whether it has stages."""


def workflows_by_id(coperniq_connection: CoperniqConnection | None) -> Workflows:
    if coperniq_connection is None:
        return {}
    staged = coperniq_connection.stage_workflows
    return {row["id"]: {**row, "has_stages": row["id"] in staged} for row in coperniq_connection.workflows}


def has_stages(workflow: Mapping[str, Any] | None) -> bool:
    """Whether its projects have stages instead of phases, of which Coperniq reports nothing.

    See docs/vendors/coperniq-api.md, 3.4.
    """
    return bool(workflow and workflow.get("has_stages"))


def phases_of(workflow: Mapping[str, Any] | None) -> dict[str, str]:
    return {phase["id"]: phase["name"] for phase in workflow["phases"]} if workflow else {}


def is_broken(trigger: PhaseTrigger, workflow: Mapping[str, Any] | None) -> bool:
    """It never starts: its phase is gone from Coperniq, or is a stage. The trigger stays, because a person chose it."""
    return has_stages(workflow) or trigger.phase_template_id not in phases_of(workflow)
