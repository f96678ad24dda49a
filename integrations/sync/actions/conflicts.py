"""Both sides changed the same field: whose edit counts, and how a person can take the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from integrations.errors import Choice, Hold
from integrations.models import Owner, RecordLink, SyncRun
from integrations.quickbooks.bodies import dump
from integrations.quickbooks.documents import Invoice as QuickBooksInvoice
from integrations.sync.actions.invoice_fields import LABELS, Fields
from integrations.sync.actions.names import DISCARD, RETRY
from integrations.sync.answers.invoices import load
from integrations.sync.desk import Desk
from integrations.sync.plans import Change

USE_COPERNIQ = Choice("use_coperniq", "Use what Coperniq has")
USE_QUICKBOOKS = Choice("use_quickbooks", "Use what QuickBooks has")
TOO_CLOSE = timedelta(minutes=2)


@dataclass
class Resolved:
    """What is to be written, and what is to be said of fields that both sides had changed."""

    fields: list[str] = field(default_factory=list)
    values: dict[str, Any] = field(default_factory=dict)
    changes: list[Change] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    choices: list[Choice] = field(default_factory=list)
    written: dict[str, Any] = field(default_factory=dict)
    matches: list[RecordLink] = field(default_factory=list)


def resolve(
    desk: Desk,
    run: SyncRun,
    link: RecordLink,
    current: QuickBooksInvoice,
    fields: Fields,
    changed: Sequence[str],
) -> Resolved:
    found = Resolved(written={"losers": {}, "changed_at": {}})
    noted = note_changes(desk, link, changed, fields.invoice.updated_at)
    for name in changed or link.written.get("losers", {}):
        settle_field(desk, run, fields, name, noted.get(name), found)
    found.matches = fields.matches
    if "lines" in found.fields:
        found.written["line_order"] = [line.id for line in fields.lines]
    return found


def settle_field(
    desk: Desk, run: SyncRun, fields: Fields, name: str, changed_at: str | None, found: Resolved
) -> None:
    if name not in fields.link.written.get("losers", {}) or fields.image[
        name
    ] != fields.link.coperniq_image.get(name):
        if fields.agrees(name):
            return
        if not fields.is_touched(name):
            take_coperniq(fields, name, found)
            return
    winner = winner_of(desk, run, fields, name, changed_at)
    if winner == Owner.COPERNIQ:
        beaten(fields, name, found, "QuickBooks", USE_QUICKBOOKS)
        take_coperniq(fields, name, found)
    else:
        take_quickbooks(fields, name, found)


def take_coperniq(fields: Fields, name: str, found: Resolved) -> None:
    found.fields.append(name)
    found.values |= fields.values(name)
    found.changes += [Change(*change) for change in fields.changes(name)]


def take_quickbooks(fields: Fields, name: str, found: Resolved) -> None:
    """What QuickBooks has stays; where it had been overwritten it is put back."""
    loser = fields.link.written.get("losers", {}).get(name)
    if loser is not None and loser["side"] == "quickbooks":
        found.values |= load(loser["values"])
        found.changes.append(Change(LABELS[name], fields.told(name, fields.image), loser["told"]))
        found.written["losers"][name] = {"side": "coperniq"}
        return
    beaten(fields, name, found, "Coperniq", USE_COPERNIQ)


def beaten(fields: Fields, name: str, found: Resolved, side: str, choice: Choice) -> None:
    theirs = side == "QuickBooks"
    image = fields.theirs if theirs else fields.image
    told = fields.told(name, image)
    found.warnings.append(
        f"{LABELS[name]}: both sides had changed it, and what {'Coperniq' if theirs else 'QuickBooks'} has counts; "
        f"{side} had {told}."
    )
    found.choices = list(dict.fromkeys([*found.choices, choice]))
    loser = {"side": side.lower(), "told": told}
    found.written["losers"][name] = loser | ({"values": dump(as_read(fields, name))} if theirs else {})


def as_read(fields: Fields, name: str) -> dict[str, Any]:
    """QuickBooks' own value, kept so that it can be put back."""
    if name == "due_date":
        return {"DueDate": fields.theirs["due_date"]}
    if name == "memo":
        path = "CustomerMemo.value" if fields.memo_field == "customer_memo" else "PrivateNote"
        return {path: fields.current.memo if path != "PrivateNote" else fields.current.note}
    return {"Line": [line.raw for line in fields.current.lines if line.id]}


def winner_of(desk: Desk, run: SyncRun, fields: Fields, name: str, changed_at: str | None) -> str:
    if run.decision in (USE_COPERNIQ.key, USE_QUICKBOOKS.key):
        return run.decision.removeprefix("use_")
    owner = desk.settings.owners.get(name, Owner.LATER)
    if owner in (Owner.COPERNIQ, Owner.QUICKBOOKS):
        return str(owner)
    later = later_side(desk, fields, changed_at) if owner == Owner.LATER else ""
    if later:
        return later
    raise Hold(
        "conflict",
        f"{LABELS[name]} of invoice {fields.link.number} was changed on both sides: Coperniq has "
        f"{fields.told(name, fields.image)}, QuickBooks {fields.told(name, fields.theirs)}, and before it was "
        f"{fields.told(name, fields.link.quickbooks_image)}. Choose which one counts.",
        [USE_COPERNIQ, USE_QUICKBOOKS, RETRY, DISCARD],
    )


def later_side(desk: Desk, fields: Fields, changed_at: str | None) -> str:
    """ "" where nobody can tell: too close together, or a payment has moved QuickBooks' stamp since."""
    their_stamp = fields.current.updated_at
    if their_stamp is None or fields.theirs["payments"] != fields.link.quickbooks_image.get("payments", []):
        return ""
    our_stamp = datetime.fromisoformat(changed_at) if changed_at else fields.invoice.updated_at
    ours = our_stamp - desk.coperniq.clock_offset
    theirs = their_stamp - desk.quickbooks.clock_offset
    if abs(ours - theirs) < TOO_CLOSE:
        return ""
    return str(Owner.COPERNIQ if ours > theirs else Owner.QUICKBOOKS)


def note_changes(desk: Desk, link: RecordLink, changed: Sequence[str], stamp: datetime) -> dict[str, str]:
    """When each field was changed: the stamp of the first version in which we saw it, whatever comes after."""
    noted = link.written.get("changed_at", {})
    missing = {name: stamp.isoformat() for name in changed if name not in noted}
    if missing:
        link.written["changed_at"] = {**noted, **missing}
        with transaction.atomic():
            desk.lane.hold_fast()
            RecordLink.objects.filter(pk=link.pk).update(written=link.written)
    return {**noted, **missing}
