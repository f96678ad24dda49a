"""What a key of the settings is, and what several of them share."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from django.core.exceptions import ValidationError

from integrations.forms.draft import Draft
from integrations.models import QuickBooksConnection

SWITCH = {"on": True, "off": False}
NOT_IN_DOLLARS = (
    "The QuickBooks company “{name}” keeps its books in {currency}. Only companies in US dollars can be "
    "switched on; please connect another one."
)


@dataclass(frozen=True)
class Key:
    """`names` lists what can follow the dot; None where there is no dot."""

    read: Callable[[Draft, str], str]
    write: Callable[[Draft, str, str], None]
    names: Callable[[Draft], Iterable[str]] | None = None


def chosen(value: str, options: Iterable[str]) -> str:
    known = list(options)
    if value not in known:
        raise ValidationError(f"“{value[:60]}” is not possible here. Choose one of: {', '.join(known)}.")
    return value


def switched(on: bool) -> str:
    return "on" if on else "off"


def refuse_other_currencies(connection: QuickBooksConnection) -> None:
    if not connection.in_dollars:
        currency = connection.home_currency or "an unknown currency"
        raise ValidationError(NOT_IN_DOLLARS.format(name=connection.company_name, currency=currency))
