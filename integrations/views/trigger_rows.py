"""One row per workflow for the trigger form: what Coperniq has, and what was chosen from it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from integrations.models import CoperniqConnection, PhaseTrigger, QuickBooksConnection, Reentry
from integrations.status import is_broken


@dataclass(frozen=True)
class TriggerRow:
    workflow_id: str
    name: str
    phases: list[tuple[str, str]]
    trigger: PhaseTrigger | None
    is_broken: bool = False
    """The phase is gone from Coperniq: shown, not dropped, for somebody chose it."""

    @property
    def reentry(self) -> str:
        return self.trigger.reentry if self.trigger else Reentry.UPDATE


def trigger_rows(
    connection: QuickBooksConnection, coperniq: CoperniqConnection | None
) -> Iterator[TriggerRow]:
    chosen = {trigger.workflow_id: trigger for trigger in connection.triggers.order_by("workflow_name", "pk")}
    for workflow in coperniq.workflows if coperniq else []:
        yield row_of(workflow, chosen.pop(workflow["id"], None))
    for trigger in chosen.values():
        gone = {"id": trigger.workflow_id, "name": trigger.workflow_name or trigger.workflow_id, "phases": []}
        yield row_of(gone, trigger)


def row_of(workflow: dict[str, Any], trigger: PhaseTrigger | None) -> TriggerRow:
    phases = [(phase["id"], phase["name"]) for phase in workflow["phases"]]
    broken = trigger is not None and is_broken(trigger, workflow)
    return TriggerRow(workflow["id"], workflow["name"], phases, trigger, broken)
