"""Find when a field was edited on either side. The later edit wins, if the times are far enough apart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from integrations.models import Owner, RecordLink
from integrations.models.encryption import keyed_digest
from integrations.models.sync_state import EditTimes, FieldEdit
from integrations.quickbooks.bodies import dump
from integrations.sync.engine.context import SyncContext
from integrations.sync.engine.follow_ups import UpdatedLink
from integrations.sync.invoices.compare import InvoiceComparison
from integrations.sync.invoices.mapping import INVOICE_FIELDS
from integrations.sync.invoices.push_lines import AnySnapshot, line_contents

TOO_CLOSE = timedelta(minutes=2)


def record_edit_times(ctx: SyncContext, link: RecordLink, comparison: InvoiceComparison) -> EditTimes:
    """The edits of both sides, stored whatever becomes of the run: a later update of the record changes the time."""
    known = link.invoice_state.edit_times
    edit_times = EditTimes(
        _times_by_field(known.coperniq, _coperniq_digests(comparison), comparison.invoice.updated_at),
        _times_by_field(known.quickbooks, _quickbooks_digests(comparison), _quickbooks_edit_time(comparison)),
    )
    if edit_times != known:
        link.invoice_state = replace(link.invoice_state, edit_times=edit_times)
        ctx.follow_ups.append(UpdatedLink.of(link, "sync_state"))
    return edit_times


def _times_by_field(
    known: Mapping[str, FieldEdit], digests: Mapping[str, str], at: datetime | None
) -> dict[str, FieldEdit]:
    return {
        name: known[name] if name in known and known[name].digest == digest else FieldEdit(digest, at)
        for name, digest in digests.items()
    }


def _coperniq_digests(comparison: InvoiceComparison) -> dict[str, str]:
    return {
        name: _value_digest(comparison.coperniq_now, name)
        for name in INVOICE_FIELDS
        if comparison.changed_in_coperniq(name)
    }


def _quickbooks_digests(comparison: InvoiceComparison) -> dict[str, str]:
    return {
        name: _value_digest(comparison.quickbooks_now, name)
        for name in INVOICE_FIELDS
        if comparison.changed_in_quickbooks(name)
    }


def _quickbooks_edit_time(comparison: InvoiceComparison) -> datetime | None:
    """None after a payment, which changes the time of the last update as well and is no edit of the field."""
    before = comparison.quickbooks_before
    paid_since = before.paid_since or comparison.quickbooks_now.payments != before.payments
    return None if paid_since else comparison.current.updated_at


def later_side(
    edit_times: EditTimes, name: str, coperniq_ahead: timedelta, quickbooks_ahead: timedelta
) -> str:
    """ "" if a time is unknown, or both are less than TOO_CLOSE apart. The vendors' clocks are ahead by what is given."""
    coperniq, quickbooks = edit_times.coperniq.get(name), edit_times.quickbooks.get(name)
    if coperniq is None or quickbooks is None or coperniq.at is None or quickbooks.at is None:
        return ""
    later_by = (coperniq.at - coperniq_ahead) - (quickbooks.at - quickbooks_ahead)
    if abs(later_by) < TOO_CLOSE:
        return ""
    return str(Owner.COPERNIQ if later_by > timedelta(0) else Owner.QUICKBOOKS)


def _value_digest(snapshot: AnySnapshot, name: str) -> str:
    value = line_contents(snapshot.lines) if name == "lines" else snapshot.value_of(name)
    return keyed_digest(dump({"value": value}))[:16]
