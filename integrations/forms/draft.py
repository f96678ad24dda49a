from __future__ import annotations

from collections.abc import Mapping

from django.core.exceptions import ValidationError

from integrations.forms.base import RowForm
from integrations.forms.fields import NOT_LISTED
from integrations.forms.mapping import MappingForm, mapping_forms
from integrations.forms.settings import SettingsForm
from integrations.forms.triggers import TriggerForm, stored_workflows, trigger_forms
from integrations.models import QuickBooksConnection

BY_ROW: dict[str, tuple[type[RowForm], str]] = {
    head: (form, name) for form in (TriggerForm, MappingForm) for name, head in form.keys.items()
}


def values_of(connection: QuickBooksConnection) -> dict[str, str]:
    """Every key with its stored value, as `configure` takes them."""
    settings = SettingsForm(instance=SettingsForm.find(connection))
    values: dict[str, str] = {}
    for form in (
        settings,
        *trigger_forms(connection, stored_workflows(connection)),
        *mapping_forms(connection),
    ):
        values |= form.values()
    return values


class Draft:
    """Settings of one connection as they would be: a form for each row they touch, stored only if all are valid."""

    def __init__(self, connection: QuickBooksConnection, wanted: Mapping[str, str]) -> None:
        self.errors: dict[str, list[ValidationError]] = {}
        rows: dict[tuple[type[RowForm], str], dict[str, str]] = {}
        for key, value in wanted.items():
            head, _, row = key.partition(".")
            form, name = BY_ROW.get(head, (SettingsForm, key))
            row = row if head in BY_ROW else ""
            if name in form.keys and form.takes(row):
                rows.setdefault((form, row), {})[name] = value
            else:
                self.errors[key] = [ValidationError("There is no setting of this name.")]
        self.forms = [form.sent(connection, row, values) for (form, row), values in rows.items()]
        for bound in self.forms:
            self.errors |= {bound.key_of(name): errors for name, errors in bound.errors.as_data().items()}

    def not_listed(self) -> list[str]:
        """The keys whose value a vendor may have had since its list was last read."""
        return [key for key, errors in self.errors.items() if any(e.code == NOT_LISTED for e in errors)]

    def store(self) -> None:
        """Raises ValidationError by key, and then nothing is stored."""
        if self.errors:
            raise ValidationError(self.errors)
        for form in self.forms:
            form.store()
