from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from integrations.models import CoperniqConnection, PhaseTrigger


def is_broken(trigger: PhaseTrigger, workflow: Mapping[str, Any] | None) -> bool:
    """Its phase is gone from Coperniq. The trigger stays, so that nobody wonders where it went."""
    phases: Iterable[Mapping[str, Any]] = workflow["phases"] if workflow else ()
    return all(phase["id"] != trigger.phase_template_id for phase in phases)


def workflows_by_id(keyed: CoperniqConnection | None) -> dict[str, dict[str, Any]]:
    return {row["id"]: row for row in keyed.workflows} if keyed else {}
