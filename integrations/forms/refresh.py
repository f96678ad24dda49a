"""Read a vendor's lists again before a value is refused as unknown. No transaction is open here."""

from __future__ import annotations

from collections.abc import Mapping

from django.core.exceptions import ValidationError

from integrations.connections.coperniq_api_key import look_for_stages, refresh_workflows
from integrations.connections.disconnection import NotConnected
from integrations.connections.stored_lists import refresh_lists
from integrations.errors import PortalError, Remedy, VendorError
from integrations.errors.vendor import VENDOR_NAMES
from integrations.forms.draft import Draft
from integrations.models import CoperniqConnection, QuickBooksConnection

OUT_OF_REACH = "{vendor} cannot be reached at the moment. Please try again in a few minutes."


def message_now(error: PortalError) -> str:
    """The sentence for a form, which does not try again by itself as a run does."""
    if isinstance(error, VendorError) and error.remedy == Remedy.RETRY:
        return OUT_OF_REACH.format(vendor=VENDOR_NAMES.get(error.vendor, error.vendor))
    return error.sentence


def read_lists(connection: QuickBooksConnection) -> None:
    """Read the lists of both vendors again. Raises PortalError; lists read before the error are stored."""
    if not CoperniqConnection.objects.filter(company=connection.company_id).exists():
        raise NotConnected(
            "Coperniq is not connected yet. Please enter its API key under Integrations first."
        )
    refresh_lists(connection)


def _look_for_stages(connection: QuickBooksConnection, wanted: Mapping[str, str]) -> None:
    """Before another phase becomes a trigger: a workflow does not tell whether it has stages, but its projects do."""
    stored = {
        f"trigger.{trigger.workflow_id}": trigger.phase_template_id for trigger in connection.triggers.all()
    }
    if not any(
        key.startswith("trigger.") and phase not in ("", stored.get(key)) for key, phase in wanted.items()
    ):
        return
    try:
        look_for_stages(connection.company)
    except PortalError:  # the poll finds them too, and then the trigger is shown as broken
        return


def refresh(connection: QuickBooksConnection, wanted: Mapping[str, str]) -> None:
    """Read each vendor's lists at most once. Raises ValidationError by key if a vendor cannot be reached."""
    _look_for_stages(connection, wanted)
    unknown = Draft(connection, wanted).not_listed()
    phases = [key for key in unknown if key.startswith("trigger.")]
    if phases:
        try:
            refresh_workflows(connection.company)
        except PortalError as error:
            raise ValidationError({phases[0]: message_now(error)}) from error
    if len(phases) < len(unknown):
        try:
            read_lists(connection)
        except PortalError as error:
            # Some lists may have been read before the error.
            left = [key for key in Draft(connection, wanted).not_listed() if key not in phases]
            if left:
                raise ValidationError({left[0]: message_now(error)}) from error
