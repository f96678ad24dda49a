from __future__ import annotations

from collections.abc import Mapping

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError

from accounts.acts import record_act
from accounts.models import Company, User
from integrations.connections.resuming import company_locked, go_on
from integrations.forms.draft import Draft
from integrations.forms.key import Key
from integrations.forms.keys import KEYS
from integrations.forms.refresh import learn
from integrations.forms.side_effects import Change, follow
from integrations.models import QuickBooksConnection

NOT_CONNECTED = "Connect QuickBooks first: these settings belong to its company."
ORDER = {head: place for place, head in enumerate(KEYS)}


def configuration_of(company: Company) -> dict[str, str]:
    """Every key with its value, as `configure` takes them. Empty while nothing can be set."""
    connection = QuickBooksConnection.objects.of(company)
    return read_all(Draft(connection)) if connection else {}


def read_all(draft: Draft) -> dict[str, str]:
    values = {}
    for head, key in KEYS.items():
        if key.names is None:
            values[head] = key.read(draft, "")
        else:
            values |= {f"{head}.{name}": key.read(draft, name) for name in key.names(draft)}
    return values


def configure(company: Company, user: User | None, wanted: Mapping[str, str]) -> list[Change]:
    """What has changed: key, old and new value. Raises ValidationError by key, and then nothing is stored."""
    if not wanted:
        raise ValidationError({NON_FIELD_ERRORS: "Nothing was chosen, so nothing was saved."})
    connection = QuickBooksConnection.objects.of(company)
    if connection is None:
        raise ValidationError({NON_FIELD_ERRORS: NOT_CONNECTED})
    learn(Draft(connection), wanted)
    with company_locked(company):
        changes = change(Draft(connection), wanted)
        for key, before, after in changes:
            record_act(company=company, user=user, verb="configure", target=key, before=before, after=after)
        follow(connection, changes)
    go_on(company)
    return changes


def validate(connection: QuickBooksConnection, wanted: Mapping[str, str]) -> None:
    """Asks nobody and stores nothing. Raises ValidationError by key for what could not be stored."""
    write_all(Draft(connection), wanted)


def change(draft: Draft, wanted: Mapping[str, str]) -> list[Change]:
    before = read_all(draft)
    write_all(draft, wanted)
    draft.store()
    after = read_all(draft)
    keys = dict.fromkeys([*before, *after])
    pairs = ((key, before.get(key, ""), after.get(key, "")) for key in keys)
    return [(key, old, new) for key, old, new in pairs if old != new]


def write_all(draft: Draft, wanted: Mapping[str, str]) -> None:
    errors: dict[str, ValidationError] = {}
    for key in sorted(wanted, key=lambda key: ORDER.get(key.partition(".")[0], 0)):
        head, _, name = key.partition(".")
        try:
            key_of(head, name).write(draft, name, wanted[key])
        except ValidationError as error:
            errors[key] = error
    if errors:
        raise ValidationError({key: error.messages for key, error in errors.items()})


def key_of(head: str, name: str) -> Key:
    key = KEYS.get(head)
    if key is None or bool(name) != (key.names is not None):
        raise ValidationError("There is no setting of this name.")
    return key
