"""Find when a field was edited on either side. The later edit wins, if the times are far enough apart."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from integrations.models import Owner, RecordLink
from integrations.models.encryption import keyed_digest
from integrations.quickbooks.bodies import dump
from integrations.sync.engine.context import SyncContext
from integrations.sync.invoices.compare import InvoiceComparison
from integrations.sync.invoices.mapping import INVOICE_FIELDS
from integrations.sync.invoices.push_lines import line_contents

TOO_CLOSE = timedelta(minutes=2)
_UNKNOWN = ""
"""A payment changes the time of the last update as well, which is no edit of the field."""


def record_edit_times(ctx: SyncContext, link: RecordLink, comparison: InvoiceComparison) -> dict[str, Any]:
    """Return {side: {field: {value, at}}}, stored at once: a later update of the record would change the time."""
    known = link.written.get("changed_at", {})
    edit_times = {
        side: _times_by_field(known.get(side, {}), values, stamp)
        for side, values, stamp in (
            (Owner.COPERNIQ.value, _coperniq_digests(comparison), comparison.invoice.updated_at.isoformat()),
            (Owner.QUICKBOOKS.value, _quickbooks_digests(comparison), _quickbooks_edit_time(comparison)),
        )
    }
    if edit_times != known:
        link.written["changed_at"] = edit_times
        with transaction.atomic():
            ctx.lease.assert_owned()
            RecordLink.objects.filter(pk=link.pk).update(written=link.written)
    return edit_times


def _times_by_field(known: dict[str, Any], values: dict[str, str], stamp: str) -> dict[str, Any]:
    return {
        name: known[name] if known.get(name, {}).get("value") == value else {"value": value, "at": stamp}
        for name, value in values.items()
    }


def _coperniq_digests(comparison: InvoiceComparison) -> dict[str, str]:
    return {
        name: _value_digest(comparison.coperniq_now[name])
        for name in INVOICE_FIELDS
        if comparison.changed_in_coperniq(name)
    }


def _quickbooks_digests(comparison: InvoiceComparison) -> dict[str, str]:
    return {
        name: _value_digest(comparison.quickbooks_now[name])
        for name in INVOICE_FIELDS
        if comparison.changed_in_quickbooks(name)
    }


def _quickbooks_edit_time(comparison: InvoiceComparison) -> str:
    before = comparison.link.quickbooks_snapshot
    paid_since = before.get("paid_since") or comparison.quickbooks_now["payments"] != before.get(
        "payments", []
    )
    if comparison.current.updated_at is None or paid_since:
        return _UNKNOWN
    return comparison.current.updated_at.isoformat()


def later_side(ctx: SyncContext, edit_times: dict[str, Any], name: str) -> str:
    """ "" if a time is unknown, or both are less than TOO_CLOSE apart."""
    stamps = [edit_times[side.value].get(name, {}).get("at") for side in (Owner.COPERNIQ, Owner.QUICKBOOKS)]
    if not all(stamps):
        return ""
    coperniq_at = datetime.fromisoformat(stamps[0]) - ctx.coperniq.clock_offset
    quickbooks_at = datetime.fromisoformat(stamps[1]) - ctx.quickbooks.clock_offset
    if abs(coperniq_at - quickbooks_at) < TOO_CLOSE:
        return ""
    return str(Owner.COPERNIQ if coperniq_at > quickbooks_at else Owner.QUICKBOOKS)


def _value_digest(value: object) -> str:
    return keyed_digest(dump({"value": line_contents(value) if isinstance(value, list) else value}))[:16]


def unsettled_edit_times(edit_times: dict[str, Any], names: list[str]) -> dict[str, Any]:
    """The times of the fields `names` alone."""
    return {
        side: {name: edit for name, edit in fields.items() if name in names}
        for side, fields in edit_times.items()
    }
