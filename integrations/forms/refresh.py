"""What was made at a vendor a moment ago is asked for before it is refused. No transaction is open here."""

from __future__ import annotations

from collections.abc import Mapping

from django.core.exceptions import ValidationError

from integrations.connections.keys import refresh_workflows
from integrations.errors import PortalError, Remedy, VendorError
from integrations.errors.vendor import VENDOR_NAMES
from integrations.forms.draft import Draft
from integrations.forms.keys import KEYS
from integrations.forms.lists import read_lists
from integrations.forms.money_keys import LISTED

OUT_OF_REACH = "{vendor} cannot be reached at the moment. Please try again in a few minutes."


def message_now(error: PortalError) -> str:
    """The sentence for a person at a form, which does not try again by itself as a run does."""
    if isinstance(error, VendorError) and error.remedy == Remedy.RETRY:
        return OUT_OF_REACH.format(vendor=VENDOR_NAMES.get(error.vendor, error.vendor))
    return error.sentence


def learn(draft: Draft, wanted: Mapping[str, str]) -> None:
    """Each vendor is asked once at most. Raises ValidationError by key when it cannot be asked."""
    learn_phases(draft, wanted)
    learn_lists(draft, wanted)


def learn_phases(draft: Draft, wanted: Mapping[str, str]) -> None:
    for key, phase_id in wanted.items():
        head, _, workflow_id = key.partition(".")
        trigger = draft.triggers.get(workflow_id)
        kept = trigger is not None and trigger.phase_template_id == phase_id
        if head == "trigger" and phase_id and not kept and not draft.phase_of(workflow_id, phase_id):
            ask_coperniq(draft, key)
            return


def ask_coperniq(draft: Draft, key: str) -> None:
    try:
        refresh_workflows(draft.connection.company)
    except PortalError as error:
        raise ValidationError({key: message_now(error)}) from error


def learn_lists(draft: Draft, wanted: Mapping[str, str]) -> None:
    for key, value in wanted.items():
        if value and is_unlisted(draft, key, value):
            ask_quickbooks(draft, key, value)
            return


def is_unlisted(draft: Draft, key: str, value: str) -> bool:
    """A new value that has to be in a stored list and is not."""
    head, _, name = key.partition(".")
    find = LISTED.get(head)
    return find is not None and value != KEYS[head].read(draft, name) and not find(draft.connection, value)


def ask_quickbooks(draft: Draft, key: str, value: str) -> None:
    """A list that was read before the trouble began is as good as any."""
    try:
        read_lists(draft.connection)
    except PortalError as error:
        if is_unlisted(draft, key, value):
            raise ValidationError({key: message_now(error)}) from error
