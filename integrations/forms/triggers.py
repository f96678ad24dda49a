from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.utils import timezone

from integrations.forms.base import RowForm
from integrations.forms.fields import NOT_LISTED, refuse_other_currencies, setting_field
from integrations.models import CoperniqConnection, PhaseTrigger, QuickBooksConnection
from integrations.status.triggers import Workflows, has_stages, is_broken, phases_of, workflows_by_id


def stored_workflows(connection: QuickBooksConnection | None) -> Workflows:
    company = connection.company_id if connection else None
    return workflows_by_id(CoperniqConnection.objects.filter(company=company).first())


STAGES = (
    "“{name}” is an older Coperniq workflow with stages instead of phases. Coperniq does not report when a project "
    "enters a stage, so it would never start. Choose a phase of another workflow."
)


class TriggerForm(RowForm):
    """The trigger of one workflow. Without a phase there is none."""

    instance: PhaseTrigger
    keys: ClassVar = {"phase_template_id": "trigger", "reentry": "reentry", "preview": "preview"}
    row_field = "workflow_id"
    posted: ClassVar = {"phase_template_id": "phase"}

    class Meta:
        model = PhaseTrigger
        fields = ("connection", "workflow_id", "phase_template_id", "reentry", "preview")
        widgets = {"workflow_id": forms.Select, "phase_template_id": forms.Select}
        help_texts = {"connection": "Of several, choose one and save: then its workflows are offered."}
        error_messages = {
            NON_FIELD_ERRORS: {"unique_together": "This workflow has a trigger already. Change that one."}
        }
        formfield_callback = setting_field

    def __init__(self, *args: Any, workflows: Workflows | None = None, **kwargs: Any) -> None:
        """`workflows` are those of the instance's connection, if the caller has read them."""
        super().__init__(*args, **kwargs)
        self.workflows = stored_workflows(self.chosen_connection()) if workflows is None else workflows
        if "workflow_id" in self.fields:
            named = [(row["id"], row["name"]) for row in self.workflows.values()]
            self.fields["workflow_id"].widget.choices = [("", "— choose a workflow —"), *named]
        if "phase_template_id" in self.fields:
            # On the page, and for `configure`, no phase takes the trigger away; the admin has a button for that.
            self.fields["phase_template_id"].required = self.only is None
            empty = "— no trigger —" if self.only else "— choose a phase —"
            self.fields["phase_template_id"].widget.choices = [("", empty), *self.phases()]

    def phases(self) -> list[tuple[str, Any]]:
        trigger = self.instance
        if not trigger.workflow_id:
            return [(row["name"], list(phases_of(row).items())) for row in self.workflows.values()]
        if has_stages(self.workflows.get(trigger.workflow_id)):
            stored = [
                (trigger.phase_template_id, f"{trigger.phase_name or trigger.phase_template_id} (a stage)")
            ]
            return stored if trigger.pk else []
        lost = f"{trigger.phase_name or trigger.phase_template_id} (no longer in Coperniq)"
        gone = [(trigger.phase_template_id, lost)] if self.is_broken else []
        return [*gone, *phases_of(self.workflows.get(trigger.workflow_id)).items()]

    @property
    def is_broken(self) -> bool:
        trigger = self.instance
        return bool(trigger.pk) and is_broken(trigger, self.workflows.get(trigger.workflow_id))

    @property
    def has_stages(self) -> bool:
        return has_stages(self.workflows.get(self.row))

    @property
    def title(self) -> str:
        workflow = self.workflows.get(self.row)
        return workflow["name"] if workflow else self.instance.workflow_name or self.row

    def add_prefix(self, field_name: str) -> str:
        return f"{self.posted.get(field_name, field_name)}-{self.prefix}" if self.prefix else field_name

    def clean_phase_template_id(self) -> str:
        """The stored phase is accepted as it is, even if Coperniq no longer has it."""
        phase_id: str = self.cleaned_data["phase_template_id"]
        workflow_id = self.cleaned_data.get("workflow_id") or self.instance.workflow_id
        connection = self.chosen_connection()
        if phase_id and workflow_id and connection and phase_id != self.initial.get("phase_template_id"):
            refuse_other_currencies(connection)
            self.point(workflow_id, phase_id)
        return phase_id

    def point(self, workflow_id: str, phase_id: str) -> None:
        """Another phase is another trigger: it applies from now on."""
        workflow = self.workflows.get(workflow_id)
        if workflow is None:
            raise ValidationError(f"Coperniq has no workflow {workflow_id[:40]}.", code=NOT_LISTED)
        if has_stages(workflow):
            raise ValidationError(STAGES.format(name=workflow["name"]))
        phase = phases_of(workflow).get(phase_id)
        if phase is None:
            sentence = f"The workflow “{workflow['name']}” has no phase {phase_id[:40]}."
            raise ValidationError(sentence, code=NOT_LISTED)
        self.instance.workflow_name, self.instance.phase_name = workflow["name"][:300], phase[:300]
        self.instance.saved_at = timezone.now()

    def clean(self) -> dict[str, Any] | None:
        if not self.instance.pk and "phase_template_id" not in self.fields:
            for name in self.fields:
                self.add_error(name, "Choose the phase that is the trigger of this workflow first.")
        return super().clean()

    def values(self) -> dict[str, str]:
        return super().values() if self.instance.pk else {self.key_of("phase_template_id"): ""}

    def store(self) -> None:
        """The page sends the other fields of a workflow without a trigger all the same."""
        if self.cleaned_data.get("phase_template_id") != "":
            self.instance.save()
        elif self.instance.pk:
            self.instance.delete()
