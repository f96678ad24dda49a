"""The table of keys. What follows the dot names a workflow or a QuickBooks field."""

from __future__ import annotations

from collections.abc import Callable

from django.core.exceptions import ValidationError
from django.utils import timezone

from integrations.configuration.key import SWITCH, Key, chosen, refuse_other_currencies, switched
from integrations.configuration.money_keys import MONEY_KEYS
from integrations.configuration.sheet import Sheet
from integrations.models import FieldMapping, MatchingStrategy, PhaseTrigger, Reentry

LONGEST_SOURCE = 120


def write_strategy(sheet: Sheet, _name: str, value: str) -> None:
    sheet.settings.matching_strategy = chosen(value, MatchingStrategy.values)


def write_same_named_job(sheet: Sheet, _name: str, value: str) -> None:
    sheet.settings.link_same_named_job = SWITCH[chosen(value, SWITCH)]


def write_mapping(sheet: Sheet, path: str, value: str) -> None:
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
    sheet.sources[path] = f"custom:{custom}" if source.startswith("custom:") else source


def write_trigger(sheet: Sheet, workflow_id: str, phase_id: str) -> None:
    """The same phase again changes nothing, even one that Coperniq no longer has."""
    trigger = sheet.triggers.get(workflow_id)
    if not phase_id:
        sheet.removed[workflow_id] = sheet.triggers.pop(workflow_id, PhaseTrigger())
        return
    if trigger is not None and trigger.phase_template_id == phase_id:
        return
    refuse_other_currencies(sheet.connection)
    point(sheet, trigger or PhaseTrigger(connection=sheet.connection, workflow_id=workflow_id), phase_id)


def point(sheet: Sheet, trigger: PhaseTrigger, phase_id: str) -> None:
    workflow = sheet.workflows.get(trigger.workflow_id)
    if workflow is None:
        raise ValidationError(f"Coperniq has no workflow {trigger.workflow_id[:40]}.")
    phase = sheet.phase_of(trigger.workflow_id, phase_id)
    if phase is None:
        raise ValidationError(f"The workflow “{workflow['name']}” has no phase {phase_id[:40]}.")
    trigger.workflow_name, trigger.phase_name = workflow["name"][:300], phase["name"][:300]
    trigger.phase_template_id, trigger.saved_at = phase_id, timezone.now()
    sheet.triggers[trigger.workflow_id] = trigger


def write_reentry(sheet: Sheet, workflow_id: str, value: str) -> None:
    rule = chosen(value, Reentry.values)
    trigger = trigger_for(sheet, workflow_id)
    if trigger is not None:
        trigger.reentry = rule


def write_preview(sheet: Sheet, workflow_id: str, value: str) -> None:
    on = SWITCH[chosen(value, SWITCH)]
    trigger = trigger_for(sheet, workflow_id)
    if trigger is not None:
        trigger.preview = on


def trigger_for(sheet: Sheet, workflow_id: str) -> PhaseTrigger | None:
    """None where the same form says "no trigger": it sends the other fields of that workflow all the same."""
    if workflow_id in sheet.removed:
        return None
    if workflow_id not in sheet.triggers:
        raise ValidationError("Choose the phase that is the trigger of this workflow first.")
    return sheet.triggers[workflow_id]


def read_of_trigger(name: str) -> Callable[[Sheet, str], str]:
    def read(sheet: Sheet, workflow_id: str) -> str:
        trigger = sheet.triggers.get(workflow_id)
        return str(getattr(trigger, name)) if trigger else ""

    return read


def read_preview(sheet: Sheet, workflow_id: str) -> str:
    trigger = sheet.triggers.get(workflow_id)
    return switched(trigger.preview) if trigger else ""


def workflow_ids(sheet: Sheet) -> list[str]:
    return [*sheet.workflows, *(name for name in sheet.triggers if name not in sheet.workflows)]


# In the order they are written: a trigger has to be there before its rules.
KEYS = {
    "matching_strategy": Key(lambda sheet, _: sheet.settings.matching_strategy, write_strategy),
    "link_same_named_job": Key(
        lambda sheet, _: switched(sheet.settings.link_same_named_job), write_same_named_job
    ),
    "trigger": Key(read_of_trigger("phase_template_id"), write_trigger, workflow_ids),
    "reentry": Key(read_of_trigger("reentry"), write_reentry, lambda sheet: sheet.triggers),
    "preview": Key(read_preview, write_preview, lambda sheet: sheet.triggers),
    "mapping": Key(
        lambda sheet, path: sheet.sources.get(path, ""), write_mapping, lambda _sheet: FieldMapping.DEFAULTS
    ),
    **MONEY_KEYS,
}
