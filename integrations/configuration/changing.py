from __future__ import annotations

from collections.abc import Mapping

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError

from accounts.acts import record_act
from accounts.models import Company, User
from integrations.configuration.consequences import Change, follow
from integrations.configuration.key import Key
from integrations.configuration.keys import KEYS
from integrations.configuration.learning import learn
from integrations.configuration.sheet import Sheet
from integrations.connections.resuming import company_locked, go_on
from integrations.models import QuickBooksConnection

NOT_CONNECTED = "Connect QuickBooks first: these settings belong to its company."
ORDER = {head: place for place, head in enumerate(KEYS)}


def configuration_of(company: Company) -> dict[str, str]:
    """Every key with its value, as `configure` takes them. Empty while nothing can be set."""
    connection = QuickBooksConnection.objects.of(company)
    return read_all(Sheet(connection)) if connection else {}


def read_all(sheet: Sheet) -> dict[str, str]:
    values = {}
    for head, key in KEYS.items():
        if key.names is None:
            values[head] = key.read(sheet, "")
        else:
            values |= {f"{head}.{name}": key.read(sheet, name) for name in key.names(sheet)}
    return values


def configure(company: Company, user: User | None, wanted: Mapping[str, str]) -> list[Change]:
    """What has changed: key, old and new value. Raises ValidationError by key, and then nothing is stored."""
    if not wanted:
        raise ValidationError({NON_FIELD_ERRORS: "Nothing was chosen, so nothing was saved."})
    connection = QuickBooksConnection.objects.of(company)
    if connection is None:
        raise ValidationError({NON_FIELD_ERRORS: NOT_CONNECTED})
    learn(Sheet(connection), wanted)
    with company_locked(company):
        changes = change(Sheet(connection), wanted)
        for key, before, after in changes:
            record_act(company=company, user=user, verb="configure", target=key, before=before, after=after)
        follow(connection, changes)
    go_on(company)
    return changes


def rehearse(connection: QuickBooksConnection, wanted: Mapping[str, str]) -> None:
    """Asks nobody and stores nothing. Raises ValidationError by key for what could not be stored."""
    write_all(Sheet(connection), wanted)


def change(sheet: Sheet, wanted: Mapping[str, str]) -> list[Change]:
    before = read_all(sheet)
    write_all(sheet, wanted)
    sheet.store()
    after = read_all(sheet)
    keys = dict.fromkeys([*before, *after])
    pairs = ((key, before.get(key, ""), after.get(key, "")) for key in keys)
    return [(key, old, new) for key, old, new in pairs if old != new]


def write_all(sheet: Sheet, wanted: Mapping[str, str]) -> None:
    errors: dict[str, ValidationError] = {}
    for key in sorted(wanted, key=lambda key: ORDER.get(key.partition(".")[0], 0)):
        head, _, name = key.partition(".")
        try:
            key_of(head, name).write(sheet, name, wanted[key])
        except ValidationError as error:
            errors[key] = error
    if errors:
        raise ValidationError({key: error.messages for key, error in errors.items()})


def key_of(head: str, name: str) -> Key:
    key = KEYS.get(head)
    if key is None or bool(name) != (key.names is not None):
        raise ValidationError("There is no setting of this name.")
    return key
