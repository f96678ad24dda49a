"""Form fields of the settings, which validate strictly because a command has no list to choose from."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import time
from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.html import format_html

from integrations.connections.stored_lists import Rows, stored_list
from integrations.item_matching import is_usable
from integrations.models import LookupList, QuickBooksConnection
from integrations.name_matching import canonical_name

if TYPE_CHECKING:
    from django.utils.safestring import SafeString

NOT_LISTED = "not_listed"
NOT_IN_DOLLARS = (
    "The QuickBooks company “{name}” keeps its books in {currency}. Only companies in US dollars can be "
    "switched on; please connect another one."
)


class Choice(forms.TypedChoiceField):
    """One of a few keys. The error lists the keys, for `configure` and programs."""

    def validate(self, value: object) -> None:
        if not self.valid_value(value):
            raise self.refusal(str(value))

    def refusal(self, value: str) -> ValidationError:
        keys = ", ".join(self.keys())
        return ValidationError(f"“{value[:60]}” is not possible here. Choose one of: {keys}.")

    def keys(self) -> list[str]:
        options: Iterable[tuple[str, str]] = self.choices  # type: ignore[assignment]  # never grouped
        return [key for key, _ in options]


class SwitchInput(forms.CheckboxInput):
    """A checkbox that posts off, too: a field that is not posted at all is not changed."""

    def __init__(self) -> None:
        super().__init__(check_test=lambda value: value in ("on", True))

    def format_value(self, value: object) -> str:
        return "on"

    def value_from_datadict(self, data: Mapping[str, Any], files: object, name: str) -> Any:  # noqa: ANN401  # the form field reads it
        return data.get(name, "off")

    def render(self, name: str, value: object, *args: Any, **kwargs: Any) -> SafeString:
        checkbox = super().render(name, value, *args, **kwargs)
        return format_html('<input type="hidden" name="{}" value="off">{}', name, checkbox)


class Switch(Choice):
    """A boolean that is written on and off."""

    widget = SwitchInput

    def __init__(self, **kwargs: Any) -> None:
        choices = [("on", "On"), ("off", "Off")]
        super().__init__(choices=choices, coerce=lambda value: value in ("on", True), **kwargs)

    def prepare_value(self, value: object) -> object:
        return ("on" if value else "off") if isinstance(value, bool) else value


class TimeOfDay(forms.TimeField):
    """Hours and minutes."""

    widget = forms.TimeInput(format="%H:%M", attrs={"type": "time"})

    def prepare_value(self, value: object) -> object:
        return f"{value:%H:%M}" if isinstance(value, time) else value


def takes_money(account: Mapping[str, Any]) -> bool:
    return bool(account["is_active"]) and account["account_type"] in ("Bank", "Other Current Asset")


class ListedChoice(Choice):
    """The id of a row of a stored QuickBooks list, or empty for the default.

    What is stored stays possible when QuickBooks no longer offers it.
    """

    list_name: ClassVar[str]
    default: ClassVar[str]
    detail: ClassVar[str]
    refused: ClassVar[str]
    usable: ClassVar[Callable[..., bool]]

    def __init__(self, *, max_length: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)

    @classmethod
    def rows(cls, connection: QuickBooksConnection) -> Rows:
        """By name, those that can be chosen."""
        usable = (row for row in stored_list(connection, cls.list_name) if cls.usable(row))
        return sorted(usable, key=lambda row: str(row["name"]).casefold())

    @classmethod
    def find(cls, connection: QuickBooksConnection, row_id: str) -> dict[str, Any] | None:
        return next((row for row in cls.rows(connection) if row["id"] == row_id), None)

    def offer(self, rows: Rows, stored: str) -> list[tuple[str, str]]:
        options = {"": self.default} | {row["id"]: self.label_of(row) for row in rows}
        options.setdefault(stored, f"{stored} (QuickBooks does not offer it any more)")
        return list(options.items())

    def label_of(self, row: dict[str, Any]) -> str:
        return f"{row['name']} ({row[self.detail]})" if row.get(self.detail) else str(row["name"])

    def refusal(self, value: str) -> ValidationError:
        return ValidationError(self.refused.format(id=value[:40]), code=NOT_LISTED)


class ItemChoice(ListedChoice):
    """Of the items that can be used on an invoice line."""

    list_name = LookupList.Name.ITEMS
    default = "None"
    detail = "sku"
    refused = "QuickBooks has no active item with the id {id}. Choose a product or service from the list."
    usable = staticmethod(is_usable)


class LineItemChoice(ItemChoice):
    """One item for all lines. It can be named as QuickBooks itself names it; what is stored is an id."""

    default = "The one that matches Coperniq's item, line by line"
    by_name: ClassVar = {"sales_or_services": "Sales or Services, whichever QuickBooks has"}
    none_named = (
        "QuickBooks has no active product or service called Sales or Services. Create one there, or choose another from "
        "the list."
    )

    def offer(self, rows: Rows, stored: str) -> list[tuple[str, str]]:
        default, *others = super().offer(rows, stored)
        return [default, *self.by_name.items(), *others]

    @staticmethod
    def find_by_name(rows: Rows) -> str:
        """The id of the item called Sales, else of Services; "" if QuickBooks has neither."""
        ids = {canonical_name(row["name"]): str(row["id"]) for row in rows}
        return ids.get("sales") or ids.get("services") or ""


class AccountChoice(ListedChoice):
    """Of the accounts that a payment can be deposited to."""

    list_name = LookupList.Name.ACCOUNTS
    default = "Coperniq Payments"
    detail = "account_type"
    refused = (
        "QuickBooks has no active account with the id {id} that money can be deposited to. "
        "Choose one of the type Bank or Other Current Asset."
    )
    usable = staticmethod(takes_money)


def setting_field(field: models.Field[Any, Any], **kwargs: Any) -> forms.Field | None:
    """The form field of a column of the settings, with the column's own label, help and choices."""
    if isinstance(field, models.BooleanField):
        kwargs.setdefault("form_class", Switch)
    return field.formfield(choices_form_class=Choice, **kwargs)


def refuse_other_currencies(connection: QuickBooksConnection) -> None:
    if not connection.in_dollars:
        currency = connection.home_currency or "an unknown currency"
        raise ValidationError(NOT_IN_DOLLARS.format(name=connection.company_name, currency=currency))
