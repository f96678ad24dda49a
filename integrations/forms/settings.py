"""The settings in the single row of a connection. A new one is a column and a name in a group."""

from __future__ import annotations

from functools import partial
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError

from integrations.connections.stored_lists import Rows
from integrations.forms.base import RowForm
from integrations.forms.fields import (
    NOT_LISTED,
    AccountChoice,
    Choice,
    ItemChoice,
    LineItemChoice,
    ListedChoice,
    TimeOfDay,
    refuse_other_currencies,
    setting_field,
)
from integrations.models import Owner, PaymentMethod, SyncSettings

MATCHING = ("matching_strategy", "match_by", "link_same_named_job")
INVOICES = (
    "invoice_sync", "invoice_preview", "direction", "push_from", "on_declined", "on_quickbooks_void", "closed_books",
    "customers_on", "line_item", "fallback_item", "difference_item", "numbers",
)  # fmt: skip
SCHEDULE = ("frequency", "daily_at")
ADVANCED = ("on_archived", "memo_field", "coperniq_tag", "unknown_method")
COLUMNS = (*SCHEDULE, *MATCHING, *INVOICES, *ADVANCED)
# Stored as dictionaries, set entry by entry; what is the default is not stored.
DEPOSITS: dict[str, Choice] = {
    f"deposit_account.{method}": AccountChoice(label=label, initial="", required=False)
    for method, label in PaymentMethod.choices
}
OWNERS: dict[str, Choice] = {
    f"owner.{field}": Choice(
        label=f"If both sides changed the {name}", choices=Owner.choices, initial=Owner.LATER
    )
    for field, name in SyncSettings.OWNED.items()
}
DICTIONARIES = {"deposit_account": "deposit_accounts", "owner": "owners"}
GROUPS = {
    "How often": SCHEDULE,
    "Matching": MATCHING,
    "Invoices and payments": INVOICES,
    "Account that payments are deposited to, by method": tuple(DEPOSITS),
    "Other settings of invoices and payments": (*ADVANCED, *OWNERS),
}


class SettingsForm(RowForm):
    """Its field names are the keys of `configure`."""

    use_required_attribute = False
    instance: SyncSettings
    keys: ClassVar = {name: name for names in GROUPS.values() for name in names}

    class Meta:
        model = SyncSettings
        fields = COLUMNS
        field_classes = {
            "daily_at": TimeOfDay,
            "fallback_item": ItemChoice,
            "difference_item": ItemChoice,
            "line_item": LineItemChoice,
        }
        widgets = {"matching_strategy": forms.RadioSelect}
        formfield_callback = setting_field

    def __init__(self, *args: Any, instance: SyncSettings, **kwargs: Any) -> None:
        kwargs["initial"] = self.entries(instance) | kwargs.get("initial", {})
        super().__init__(*args, instance=instance, **kwargs)
        self.lists: dict[type[ListedChoice], Rows] = {}
        for name, field in self.fields.items():
            if isinstance(field, ListedChoice):
                field.choices = partial(self.options, field, str(self.get_initial_for_field(field, name)))

    def options(self, field: ListedChoice, stored: str) -> list[tuple[str, str]]:
        """Read when they are needed, each list once."""
        kind = type(field)
        if kind not in self.lists:
            self.lists[kind] = kind.rows(self.instance.connection)
        return field.offer(self.lists[kind], stored)

    @staticmethod
    def entries(stored: SyncSettings) -> dict[str, str]:
        return {
            f"{head}.{name}": value
            for head, column in DICTIONARIES.items()
            for name, value in getattr(stored, column).items()
        }

    def clean_invoice_sync(self) -> bool:
        on: bool = self.cleaned_data["invoice_sync"]
        if on and not self.instance.invoice_sync:
            refuse_other_currencies(self.instance.connection)
        return on

    def clean_line_item(self) -> str:
        """The id of the item, which may be named as QuickBooks names it. Raises ValidationError if it has none."""
        chosen: str = self.cleaned_data["line_item"]
        if chosen not in LineItemChoice.by_name:
            return chosen
        found = self.meant_by("line_item", chosen)
        if not found:
            raise ValidationError(LineItemChoice.none_named, code=NOT_LISTED)
        return found

    def meant_by(self, name: str, value: str) -> str:
        """What is stored for a value that names an item, "" if QuickBooks has none; else the value itself."""
        if name != "line_item" or value not in LineItemChoice.by_name:
            return value
        return LineItemChoice.find_by_name(LineItemChoice.rows(self.instance.connection))

    def clean(self) -> dict[str, Any] | None:
        for key, value in self.cleaned_data.items():
            head, _, name = key.partition(".")
            if name:
                column = DICTIONARIES[head]
                entries = getattr(self.instance, column) | {name: value}
                kept = {name: value for name, value in entries.items() if value not in ("", Owner.LATER)}
                setattr(self.instance, column, kept)
        return super().clean()

    def store(self) -> None:
        """Only the columns that were set, because the engine updates other columns of the row at any time."""
        columns = {DICTIONARIES.get(name.partition(".")[0], name) for name in self.fields}
        self.instance.save(update_fields=columns if self.instance.pk else None)


SettingsForm.declared_fields.update(DEPOSITS | OWNERS)
SettingsForm.base_fields.update(DEPOSITS | OWNERS)
