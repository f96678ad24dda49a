"""When was a field edited on either side? The later edit wins, if the times are far enough apart."""

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
"""A payment has moved the stamp since, so that it tells nothing of the field."""


def note_changes(ctx: SyncContext, link: RecordLink, fields: InvoiceComparison) -> dict[str, Any]:
    """{side: {field: {value, at}}}, kept with the link whatever comes after."""
    known = link.written.get("changed_at", {})
    noted = {
        side: noted_of(known.get(side, {}), values, stamp)
        for side, values, stamp in (
            (
                Owner.COPERNIQ.value,
                _coperniq_stamp(fields),
                fields.invoice.updated_at.isoformat(),
            ),
            (Owner.QUICKBOOKS.value, _quickbooks_stamp(fields), their_stamp(fields)),
        )
    }
    if noted != known:
        link.written["changed_at"] = noted
        with transaction.atomic():
            ctx.lease.assert_owned()
            RecordLink.objects.filter(pk=link.pk).update(written=link.written)
    return noted


def noted_of(known: dict[str, Any], values: dict[str, str], stamp: str) -> dict[str, Any]:
    return {
        name: known[name] if known.get(name, {}).get("value") == value else {"value": value, "at": stamp}
        for name, value in values.items()
    }


def _coperniq_stamp(fields: InvoiceComparison) -> dict[str, str]:
    return {name: digest_of(fields.image[name]) for name in INVOICE_FIELDS if fields.is_changed(name)}


def _quickbooks_stamp(fields: InvoiceComparison) -> dict[str, str]:
    return {name: digest_of(fields.theirs[name]) for name in INVOICE_FIELDS if fields.is_touched(name)}


def their_stamp(fields: InvoiceComparison) -> str:
    before = fields.link.quickbooks_snapshot
    paid_since = before.get("paid_since") or fields.theirs["payments"] != before.get("payments", [])
    if fields.current.updated_at is None or paid_since:
        return _UNKNOWN
    return fields.current.updated_at.isoformat()


def later_side(ctx: SyncContext, noted: dict[str, Any], name: str) -> str:
    """ "" where nobody can tell: too close together, or not known."""
    stamps = [noted[side.value].get(name, {}).get("at") for side in (Owner.COPERNIQ, Owner.QUICKBOOKS)]
    if not all(stamps):
        return ""
    ours_at = datetime.fromisoformat(stamps[0]) - ctx.coperniq.clock_offset
    theirs_at = datetime.fromisoformat(stamps[1]) - ctx.quickbooks.clock_offset
    if abs(ours_at - theirs_at) < TOO_CLOSE:
        return ""
    return str(Owner.COPERNIQ if ours_at > theirs_at else Owner.QUICKBOOKS)


def digest_of(value: object) -> str:
    return keyed_digest(dump({"value": line_contents(value) if isinstance(value, list) else value}))[:16]


def still_open(noted: dict[str, Any], names: list[str]) -> dict[str, Any]:
    """What is settled needs no time any more."""
    return {side: {name: told for name, told in of.items() if name in names} for side, of in noted.items()}
