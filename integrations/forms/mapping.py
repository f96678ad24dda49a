from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError

from integrations.forms.base import RowForm
from integrations.forms.fields import setting_field
from integrations.models import FieldMapping

CUSTOM = "custom:"
REQUIRED = "DisplayName"


class MappingForm(RowForm):
    """What feeds one field of the QuickBooks customer. A field that is not mapped is left alone."""

    instance: FieldMapping
    keys: ClassVar = {"source": "mapping"}
    row_field = "quickbooks_field"

    class Meta:
        model = FieldMapping
        fields = ("connection", "quickbooks_field", "source")
        widgets = {"source": forms.TextInput(attrs={"list": "sources", "autocomplete": "off"})}
        error_messages = {
            NON_FIELD_ERRORS: {
                "unique_together": "This QuickBooks field is mapped already. Change that mapping."
            }
        }
        formfield_callback = setting_field

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "quickbooks_field" in self.fields:  # a mapping that is added maps something
            self.fields["source"].required = True

    def add_prefix(self, field_name: str) -> str:
        return f"mapping.{self.prefix}" if self.prefix else field_name

    def clean_source(self) -> str:
        source: str = self.cleaned_data["source"]
        if not source and (self.cleaned_data.get("quickbooks_field") or self.row) == REQUIRED:
            raise ValidationError(
                "QuickBooks needs a name for every customer: choose what feeds DisplayName."
            )
        if source.startswith(CUSTOM):
            key = source.removeprefix(CUSTOM).strip()
            if not key:
                raise ValidationError("A custom property is named like custom:tax_number.")
            return f"{CUSTOM}{key}"
        if source and source not in FieldMapping.SOURCES:
            known = ", ".join(FieldMapping.SOURCES)
            raise ValidationError(f"“{source[:60]}” is not possible here. Choose one of: {known}.")
        return source
