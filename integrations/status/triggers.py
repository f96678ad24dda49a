"""What is stored of Coperniq's workflows, and triggers whose phase is gone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from integrations.models import CoperniqConnection, PhaseTrigger

Workflows = dict[str, dict[str, Any]]
"""By id, as `CoperniqConnection.workflows` keeps them: id, name, phases of id and name."""


def workflows_by_id(coperniq_connection: CoperniqConnection | None) -> Workflows:
    return {row["id"]: row for row in coperniq_connection.workflows} if coperniq_connection else {}


def phases_of(workflow: Mapping[str, Any] | None) -> dict[str, str]:
    return {phase["id"]: phase["name"] for phase in workflow["phases"]} if workflow else {}


def is_broken(trigger: PhaseTrigger, workflow: Mapping[str, Any] | None) -> bool:
    """Its phase is gone from Coperniq. The trigger stays, because a person chose it."""
    return trigger.phase_template_id not in phases_of(workflow)
