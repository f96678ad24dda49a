from __future__ import annotations

from collections.abc import Mapping

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError

from accounts.audit import log_action
from accounts.models import Company, User
from integrations.connections.resume import company_locked, resume_syncing
from integrations.forms.draft import Draft, values_of
from integrations.forms.presets import with_preset
from integrations.forms.refresh import refresh
from integrations.forms.side_effects import Change, apply_side_effects
from integrations.models import QuickBooksConnection

NOT_CONNECTED = "Connect QuickBooks first: these settings belong to its company."


def configuration_of(company: Company) -> dict[str, str]:
    """Every key with its value, as `configure` takes them. Empty while nothing can be set."""
    connection = QuickBooksConnection.objects.of(company)
    return values_of(connection) if connection else {}


def configure(company: Company, user: User | None, wanted: Mapping[str, str]) -> list[Change]:
    """What has changed: key, old and new value. Raises ValidationError by key, and then nothing is stored."""
    if not wanted:
        raise ValidationError({NON_FIELD_ERRORS: "Nothing was chosen, so nothing was saved."})
    connection = QuickBooksConnection.objects.of(company)
    if connection is None:
        raise ValidationError({NON_FIELD_ERRORS: NOT_CONNECTED})
    wanted = with_preset(wanted)
    refresh(connection, wanted)
    with company_locked(company):
        before = values_of(connection)
        Draft(connection, wanted).store()
        changes = differences(before, values_of(connection))
        for key, old, new in changes:
            log_action(company=company, user=user, verb="configure", target=key, before=old, after=new)
        apply_side_effects(connection, changes)
    resume_syncing(company)
    return changes


def differences(before: Mapping[str, str], after: Mapping[str, str]) -> list[Change]:
    pairs = ((key, before.get(key, ""), after.get(key, "")) for key in dict.fromkeys([*before, *after]))
    return [(key, old, new) for key, old, new in pairs if old != new]
