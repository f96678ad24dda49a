"""Whether a project stands in or past the trigger phase of its workflow, by the order of the workflow's phases."""

from __future__ import annotations

from integrations.coperniq.records import Phase
from integrations.models import CoperniqConnection, PhaseTrigger


def has_reached(coperniq: CoperniqConnection, trigger: PhaseTrigger, phase: Phase | None) -> bool:
    """False for a phase that the workflow does not name, as long as it is not the trigger phase itself."""
    if phase is None:
        return False
    return phase.template_id == trigger.phase_template_id or is_later(coperniq, trigger, phase)


def is_later(coperniq: CoperniqConnection, trigger: PhaseTrigger, phase: Phase) -> bool:
    workflow = next((row for row in coperniq.workflows if row["id"] == trigger.workflow_id), None)
    order = [row["id"] for row in workflow["phases"]] if workflow is not None else []
    if not {phase.template_id, trigger.phase_template_id} <= set(order):
        return False
    return order.index(phase.template_id) > order.index(trigger.phase_template_id)
