from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest
from django.utils import timezone

from accounts.admin_base import ScopedModelAdmin
from accounts.admin_site import site
from integrations.connections.resuming import go_on
from integrations.forms.draft import Draft
from integrations.forms.key import refuse_other_currencies
from integrations.forms.keys import write_mapping
from integrations.models import FieldMapping, PhaseTrigger

if TYPE_CHECKING:
    TriggerModelForm = forms.ModelForm[PhaseTrigger]
    MappingModelForm = forms.ModelForm[FieldMapping]
else:
    TriggerModelForm = MappingModelForm = forms.ModelForm


class RuleAdmin(ScopedModelAdmin):
    """Rules are made on the configuration page; here they are looked at side by side and corrected."""

    list_filter = ("connection__company",)
    list_select_related = ("connection__company",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False


class TriggerForm(TriggerModelForm):
    """Only phases that Coperniq has, and the one that is stored, should Coperniq have lost it."""

    phase_template_id = forms.ChoiceField(label="Phase")

    class Meta:
        model = PhaseTrigger
        fields = ("phase_template_id", "reentry", "preview")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        trigger = self.instance
        workflow = Draft(trigger.connection).workflows.get(trigger.workflow_id)
        self.phases = {phase["id"]: phase["name"] for phase in (workflow["phases"] if workflow else [])}
        stored = {trigger.phase_template_id: trigger.phase_name or trigger.phase_template_id}
        self.fields["phase_template_id"].choices = list((stored | self.phases).items())  # type: ignore[attr-defined]  # a ChoiceField

    def clean_phase_template_id(self) -> str:
        phase_id: str = self.cleaned_data["phase_template_id"]
        if phase_id != self.instance.phase_template_id:
            refuse_other_currencies(self.instance.connection)
        return phase_id


@admin.register(PhaseTrigger, site=site)
class PhaseTriggerAdmin(RuleAdmin):
    form = TriggerForm
    list_display = ("workflow_name", "phase_name", "reentry", "preview", "saved_at", "connection")
    fields = ("connection", "workflow_name", "phase_template_id", "reentry", "preview", "saved_at")
    readonly_fields = ("connection", "workflow_name", "saved_at")

    def save_model(self, request: HttpRequest, obj: Model, form: forms.ModelForm[Any], change: bool) -> None:
        """Another phase is another trigger: it counts from now on."""
        if (
            isinstance(obj, PhaseTrigger)
            and isinstance(form, TriggerForm)
            and "phase_template_id" in form.changed_data
        ):
            obj.phase_name, obj.saved_at = form.phases[obj.phase_template_id][:300], timezone.now()
        super().save_model(request, obj, form, change)
        if isinstance(obj, PhaseTrigger):
            go_on(obj.connection.company)


class MappingForm(MappingModelForm):
    class Meta:
        model = FieldMapping
        fields = ("source",)

    def clean_source(self) -> str:
        """By the rule of the configuration page."""
        path = self.instance.quickbooks_field
        draft = Draft(self.instance.connection)
        write_mapping(draft, path, self.cleaned_data["source"])
        return draft.sources[path]


@admin.register(FieldMapping, site=site)
class FieldMappingAdmin(RuleAdmin):
    form = MappingForm
    list_display = ("quickbooks_field", "source", "connection")
    fields = ("connection", "quickbooks_field", "source")
    readonly_fields = ("connection", "quickbooks_field")
