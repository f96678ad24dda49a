"""When a field got its value: the vendor's stamp of the first version in which the portal saw it changed."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from integrations.models import Owner, RecordLink
from integrations.models.secrets import keyed_digest
from integrations.quickbooks.bodies import dump
from integrations.sync.actions.both_sides import Fields
from integrations.sync.desk import Desk
from integrations.sync.mapping.invoices import FIELDS
from integrations.sync.mapping.line_updates import content

TOO_CLOSE = timedelta(minutes=2)
NOBODY_KNOWS = ""
"""A payment has moved the stamp since, so that it tells nothing of the field."""


def note_changes(desk: Desk, link: RecordLink, fields: Fields) -> dict[str, Any]:
    """{side: {field: {value, at}}}, kept with the link whatever comes after."""
    known = link.written.get("changed_at", {})
    noted = {
        side: noted_of(known.get(side, {}), values, stamp)
        for side, values, stamp in (
            (
                Owner.COPERNIQ.value,
                ours(fields),
                fields.invoice.updated_at.isoformat(),
            ),
            (Owner.QUICKBOOKS.value, theirs(fields), their_stamp(fields)),
        )
    }
    if noted != known:
        link.written["changed_at"] = noted
        with transaction.atomic():
            desk.lane.hold_fast()
            RecordLink.objects.filter(pk=link.pk).update(written=link.written)
    return noted


def noted_of(known: dict[str, Any], values: dict[str, str], stamp: str) -> dict[str, Any]:
    return {
        name: known[name] if known.get(name, {}).get("value") == value else {"value": value, "at": stamp}
        for name, value in values.items()
    }


def ours(fields: Fields) -> dict[str, str]:
    return {name: digest_of(fields.image[name]) for name in FIELDS if fields.is_changed(name)}


def theirs(fields: Fields) -> dict[str, str]:
    return {name: digest_of(fields.theirs[name]) for name in FIELDS if fields.is_touched(name)}


def their_stamp(fields: Fields) -> str:
    before = fields.link.quickbooks_image
    paid_since = before.get("paid_since") or fields.theirs["payments"] != before.get("payments", [])
    if fields.current.updated_at is None or paid_since:
        return NOBODY_KNOWS
    return fields.current.updated_at.isoformat()


def later_side(desk: Desk, noted: dict[str, Any], name: str) -> str:
    """ "" where nobody can tell: too close together, or not known."""
    stamps = [noted[side.value].get(name, {}).get("at") for side in (Owner.COPERNIQ, Owner.QUICKBOOKS)]
    if not all(stamps):
        return ""
    ours_at = datetime.fromisoformat(stamps[0]) - desk.coperniq.clock_offset
    theirs_at = datetime.fromisoformat(stamps[1]) - desk.quickbooks.clock_offset
    if abs(ours_at - theirs_at) < TOO_CLOSE:
        return ""
    return str(Owner.COPERNIQ if ours_at > theirs_at else Owner.QUICKBOOKS)


def digest_of(value: object) -> str:
    return keyed_digest(dump({"value": content(value) if isinstance(value, list) else value}))[:16]


def still_open(noted: dict[str, Any], names: list[str]) -> dict[str, Any]:
    """What is settled needs no time any more."""
    return {side: {name: told for name, told in of.items() if name in names} for side, of in noted.items()}
