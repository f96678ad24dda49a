"""Ways of working: settings that belong together. A preset is not stored: each of its settings can be changed after."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from django.core.exceptions import ValidationError

from integrations.forms.settings import SettingsForm
from integrations.models import (
    CustomersOn,
    Frequency,
    MatchBy,
    Numbers,
    OnEnded,
    PushFrom,
    QuickBooksConnection,
    SyncDirection,
)

KEY = "preset"


@dataclass(frozen=True)
class Preset:
    key: str
    label: str
    about: str
    values: Mapping[str, str]


class PresetChange(NamedTuple):
    """The label of a setting, and the labels of its value now and with the preset."""

    label: str
    before: str
    after: str


_NATIVE = {
    "frequency": Frequency.REALTIME.value,
    "direction": SyncDirection.BOTH.value,
    "match_by": MatchBy.NAME_OR_EMAIL.value,
    "customers_on": CustomersOn.PHASE.value,
    "line_item": "",
    "numbers": Numbers.COPERNIQ.value,
    "push_from": PushFrom.CREATED.value,
    "on_declined": OnEnded.VOID.value,
}
PRESETS = {
    each.key: each
    for each in (
        Preset(
            "native",
            "Both ways, by phase",
            "Customers and jobs go to QuickBooks when a project enters its trigger phase; invoices and payments are kept "
            "the same on both sides.",
            _NATIVE,
        ),
        Preset(
            "one_way",
            "One way, by invoice",
            "An invoice and its customer go to QuickBooks when the invoice is created, and nothing comes back. A "
            "customer is recognized by the e-mail address; one that is missing is created. All lines sell one product "
            "or service, QuickBooks numbers the invoices, and a declined invoice is deleted there.",
            _NATIVE
            | {
                "direction": SyncDirection.TO_QUICKBOOKS.value,
                "match_by": MatchBy.EMAIL.value,
                "customers_on": CustomersOn.INVOICE.value,
                "line_item": "sales_or_services",
                "numbers": Numbers.QUICKBOOKS.value,
                "on_declined": OnEnded.DELETE.value,
            },
        ),
        Preset(
            "crm",
            "By company name",
            "As both ways, by phase, but an account is recognized in QuickBooks by its company name, and you start each "
            "sync yourself until you have seen that the customers fit.",
            _NATIVE | {"match_by": MatchBy.COMPANY_NAME.value, "frequency": Frequency.MANUAL.value},
        ),
    )
}


def with_preset(wanted: Mapping[str, str]) -> dict[str, str]:
    """The keys with those of the preset among them, if there is one; a key that is given itself counts.

    Raises ValidationError for a preset that does not exist.
    """
    chosen = dict(wanted)
    key = chosen.pop(KEY, None)
    if key is None:
        return chosen
    if key not in PRESETS:
        raise ValidationError(
            {KEY: f"“{key[:60]}” is not possible here. Choose one of: {', '.join(PRESETS)}."}
        )
    return {**PRESETS[key].values, **chosen}


def changes_of_preset(connection: QuickBooksConnection, preset: Preset) -> list[PresetChange]:
    """What it would change, for people."""
    form = SettingsForm(instance=SettingsForm.instances(connection)[""])
    found = []
    for name, value in preset.values.items():
        labels = {str(key): str(label) for key, label in form.fields[name].choices}  # type: ignore[attr-defined]  # all are choices
        before = str(form[name].value())
        if before not in (value, form.meant_by(name, value) or value):
            found.append(
                PresetChange(str(form[name].label), labels.get(before, before), labels.get(value, value))
            )
    return found
