"""The form that chooses what is sent together, for page and command."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from integrations.messages.batches import BatchMessage
from integrations.models import QuickBooksConnection, Selection

_KINDS = (("project", "Project"), ("invoice", "Invoice"), ("customer", "Account"))
_MOST = 500


class BatchForm(forms.Form):
    """`chosen` are the fields of the row."""

    use_required_attribute = False
    selection = forms.ChoiceField(
        choices=Selection.choices,
        error_messages={
            "invalid_choice": BatchMessage.UNKNOWN_SELECTION().text,
            "required": BatchMessage.UNKNOWN_SELECTION().text,
        },
    )
    workflow = forms.ChoiceField(required=False, label="Workflow")
    with_invoices = forms.BooleanField(required=False, label="With their invoices")
    since = forms.DateField(
        required=False,
        label="Created on or after",
        widget=forms.DateInput(attrs={"type": "date"}),
        error_messages={"invalid": BatchMessage.NO_SINCE().text},
    )
    kind = forms.ChoiceField(required=False, label="Kind", choices=_KINDS)
    record = forms.CharField(required=False, label="Number, id or address", max_length=_MOST)
    anyway = forms.BooleanField(required=False, label="Even if it would be left out")

    def __init__(self, connection: QuickBooksConnection, data: Mapping[str, str] | None = None) -> None:
        super().__init__(data, auto_id="batch-%s", label_suffix="")
        triggers = connection.triggers.order_by("workflow_name")
        named = [(row.workflow_id, f"{row.workflow_name}: {row.phase_name}") for row in triggers]
        workflow = self.fields["workflow"]
        assert isinstance(workflow, forms.ChoiceField)
        workflow.choices = [("", "All with a trigger phase"), *named]
        workflow.error_messages["invalid_choice"] = BatchMessage.NO_TRIGGER().text

    @property
    def chosen(self) -> dict[str, Any]:
        """Raises ValidationError by field."""
        if not self.is_valid():
            raise ValidationError({name: list(map(str, found)) for name, found in self.errors.items()})
        values = self.cleaned_data
        selection = values["selection"]
        since: date | None = values["since"] if selection == Selection.INVOICES else None
        return {
            "selection": selection,
            "workflow_id": values["workflow"] if selection == Selection.PROJECTS else "",
            "with_invoices": values["with_invoices"] and selection == Selection.PROJECTS,
            "since": since,
            "wanted": _record(values) if selection == Selection.RECORD else "",
            "anyway": values["anyway"] and selection == Selection.RECORD,
        }


def _record(values: dict[str, Any]) -> str:
    text = str(values["record"]).strip()
    word = text.partition(":")[0].lower()
    if not text or "://" in text or word in ("project", "job", "invoice", "customer", "account", "client"):
        return text
    return f"{values['kind'] or 'invoice'}:{text}"
