from __future__ import annotations

from collections.abc import Mapping

from django.core.exceptions import ValidationError

from integrations.forms.base import RowForm
from integrations.forms.fields import NOT_LISTED
from integrations.forms.mapping import MappingForm
from integrations.forms.settings import SettingsForm
from integrations.forms.triggers import TriggerForm, stored_workflows
from integrations.models import FieldMapping, QuickBooksConnection

Place = tuple[type[RowForm], str, str]
PLACES: dict[str, Place] = {
    **{key: (SettingsForm, "", key) for key in SettingsForm.keys},
    **{f"mapping.{path}": (MappingForm, path, "source") for path in FieldMapping.NAMES},
}
OF_TRIGGERS = {head: name for name, head in TriggerForm.keys.items()}


def place_of(key: str) -> Place | None:
    """Form, row and field of a key. Any workflow can be named: Coperniq knows which there are."""
    head, _, workflow_id = key.partition(".")
    if workflow_id and head in OF_TRIGGERS:
        return TriggerForm, workflow_id, OF_TRIGGERS[head]
    return PLACES.get(key)


def values_of(connection: QuickBooksConnection) -> dict[str, str]:
    """Every key with its stored value, as `configure` takes them."""
    workflows = stored_workflows(connection)
    forms = [
        SettingsForm(instance=SettingsForm.instances(connection)[""]),
        *TriggerForm.shown(connection, workflows, workflows=workflows),
        *MappingForm.shown(connection, FieldMapping.NAMES),
    ]
    return {key: value for form in forms for key, value in form.values().items()}


class Draft:
    """Settings of one connection as they would be: a form for each row they touch, stored only if all are valid."""

    def __init__(self, connection: QuickBooksConnection, wanted: Mapping[str, str]) -> None:
        self.errors: dict[str, list[ValidationError]] = {}
        rows: dict[tuple[type[RowForm], str], dict[str, str]] = {}
        for key, value in wanted.items():
            place = place_of(key)
            if place is None:
                self.errors[key] = [ValidationError("There is no setting of this name.")]
            else:
                rows.setdefault(place[:2], {})[place[2]] = value
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
