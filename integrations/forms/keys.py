"""The table of keys. What follows the dot names a workflow or a QuickBooks field."""

from __future__ import annotations

from collections.abc import Callable

from django.core.exceptions import ValidationError
from django.utils import timezone

from integrations.forms.draft import Draft
from integrations.forms.key import SWITCH, Key, chosen, refuse_other_currencies, switched
from integrations.forms.money_keys import MONEY_KEYS
from integrations.models import FieldMapping, MatchingStrategy, PhaseTrigger, Reentry

LONGEST_SOURCE = 120


def write_strategy(draft: Draft, _name: str, value: str) -> None:
    draft.settings.matching_strategy = chosen(value, MatchingStrategy.values)


def write_same_named_job(draft: Draft, _name: str, value: str) -> None:
    draft.settings.link_same_named_job = SWITCH[chosen(value, SWITCH)]


def write_mapping(draft: Draft, path: str, value: str) -> None:
    chosen(path, FieldMapping.DEFAULTS)
    source = value.strip()
    custom = source.removeprefix("custom:").strip()
    if path == "DisplayName" and not source:
        raise ValidationError("QuickBooks needs a name for every customer: choose what feeds DisplayName.")
    if len(source) > LONGEST_SOURCE or (source.startswith("custom:") and not custom):
        raise ValidationError(
            "A custom property is named like custom:tax_number, with at most 120 characters."
        )
    if source and not source.startswith("custom:"):
        chosen(source, FieldMapping.SOURCES)
    draft.sources[path] = f"custom:{custom}" if source.startswith("custom:") else source


def write_trigger(draft: Draft, workflow_id: str, phase_id: str) -> None:
    """The same phase again changes nothing, even one that Coperniq no longer has."""
    trigger = draft.triggers.get(workflow_id)
    if not phase_id:
        draft.removed[workflow_id] = draft.triggers.pop(workflow_id, PhaseTrigger())
        return
    if trigger is not None and trigger.phase_template_id == phase_id:
        return
    refuse_other_currencies(draft.connection)
    point(draft, trigger or PhaseTrigger(connection=draft.connection, workflow_id=workflow_id), phase_id)


def point(draft: Draft, trigger: PhaseTrigger, phase_id: str) -> None:
    workflow = draft.workflows.get(trigger.workflow_id)
    if workflow is None:
        raise ValidationError(f"Coperniq has no workflow {trigger.workflow_id[:40]}.")
    phase = draft.phase_of(trigger.workflow_id, phase_id)
    if phase is None:
        raise ValidationError(f"The workflow “{workflow['name']}” has no phase {phase_id[:40]}.")
    trigger.workflow_name, trigger.phase_name = workflow["name"][:300], phase["name"][:300]
    trigger.phase_template_id, trigger.saved_at = phase_id, timezone.now()
    draft.triggers[trigger.workflow_id] = trigger


def write_reentry(draft: Draft, workflow_id: str, value: str) -> None:
    rule = chosen(value, Reentry.values)
    trigger = trigger_for(draft, workflow_id)
    if trigger is not None:
        trigger.reentry = rule


def write_preview(draft: Draft, workflow_id: str, value: str) -> None:
    on = SWITCH[chosen(value, SWITCH)]
    trigger = trigger_for(draft, workflow_id)
    if trigger is not None:
        trigger.preview = on


def trigger_for(draft: Draft, workflow_id: str) -> PhaseTrigger | None:
    """None where the same form says "no trigger": it sends the other fields of that workflow all the same."""
    if workflow_id in draft.removed:
        return None
    if workflow_id not in draft.triggers:
        raise ValidationError("Choose the phase that is the trigger of this workflow first.")
    return draft.triggers[workflow_id]


def read_of_trigger(name: str) -> Callable[[Draft, str], str]:
    def read(draft: Draft, workflow_id: str) -> str:
        trigger = draft.triggers.get(workflow_id)
        return str(getattr(trigger, name)) if trigger else ""

    return read


def read_preview(draft: Draft, workflow_id: str) -> str:
    trigger = draft.triggers.get(workflow_id)
    return switched(trigger.preview) if trigger else ""


def workflow_ids(draft: Draft) -> list[str]:
    return [*draft.workflows, *(name for name in draft.triggers if name not in draft.workflows)]


# In the order they are written: a trigger has to be there before its rules.
KEYS = {
    "matching_strategy": Key(lambda draft, _: draft.settings.matching_strategy, write_strategy),
    "link_same_named_job": Key(
        lambda draft, _: switched(draft.settings.link_same_named_job), write_same_named_job
    ),
    "trigger": Key(read_of_trigger("phase_template_id"), write_trigger, workflow_ids),
    "reentry": Key(read_of_trigger("reentry"), write_reentry, lambda draft: draft.triggers),
    "preview": Key(read_preview, write_preview, lambda draft: draft.triggers),
    "mapping": Key(
        lambda draft, path: draft.sources.get(path, ""), write_mapping, lambda _sheet: FieldMapping.DEFAULTS
    ),
    **MONEY_KEYS,
}
