"""Both sides changed the same field: whose edit counts, and how a person can take the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from integrations.errors import Choice, Hold
from integrations.models import Owner, RecordLink, SyncRun
from integrations.models.secrets import keyed_digest
from integrations.quickbooks.bodies import dump
from integrations.sync.actions.invoice_fields import LABELS, Fields
from integrations.sync.actions.names import DISCARD, RETRY
from integrations.sync.answers.invoices import load
from integrations.sync.desk import Desk
from integrations.sync.mapping.invoices import SUBTOTAL
from integrations.sync.mapping.line_updates import as_sent, content
from integrations.sync.plans import Change

USE_COPERNIQ = Choice("use_coperniq", "Use what Coperniq has")
USE_QUICKBOOKS = Choice("use_quickbooks", "Use what QuickBooks has")
OTHER_WAY = {Owner.COPERNIQ: USE_QUICKBOOKS, Owner.QUICKBOOKS: USE_COPERNIQ}
NAMES = {Owner.COPERNIQ: "Coperniq", Owner.QUICKBOOKS: "QuickBooks"}
TOO_CLOSE = timedelta(minutes=2)


@dataclass
class Resolved:
    """What is to be written, and what is to be said of fields that both sides had changed.

    `losers`: by field, the side that lost, in words, and as it stood in QuickBooks if that is to be put back.
    """

    losers: dict[str, Any]
    fields: list[str] = field(default_factory=list)
    values: dict[str, Any] = field(default_factory=dict)
    changes: list[Change] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    choices: list[Choice] = field(default_factory=list)


def decided_side(run: SyncRun) -> str:
    return run.latest_decision(USE_COPERNIQ.key, USE_QUICKBOOKS.key).removeprefix("use_")


def resolve(desk: Desk, run: SyncRun, link: RecordLink, fields: Fields, changed: Sequence[str]) -> Resolved:
    losers = link.written.get("losers", {})
    found = Resolved({name: loser for name, loser in losers.items() if name not in changed})
    noted = note_changes(desk, link, changed, fields)
    for name in changed:
        settle_field(desk, run, fields, name, noted[name], found)
    for name, loser in list(found.losers.items()):
        if loser["side"] == decided_side(run):
            take_loser(fields, name, loser, found)
    return found


def settle_field(
    desk: Desk, run: SyncRun, fields: Fields, name: str, changed_at: str, found: Resolved
) -> None:
    if fields.agrees(name):
        return
    if not fields.is_touched(name):
        take_coperniq(fields, name, found)
        return
    winner = winner_of(desk, run, fields, name, changed_at)
    if winner == Owner.COPERNIQ:
        lose(fields, name, Owner.QUICKBOOKS, found)
        take_coperniq(fields, name, found)
    else:
        lose(fields, name, Owner.COPERNIQ, found)
    loser = found.losers[name]
    found.warnings.append(
        f"{LABELS[name]}: changed on both sides. What {NAMES[Owner(winner)]} has counts; "
        f"{NAMES[Owner(loser['side'])]} had {loser['told']}."
    )


def take_coperniq(fields: Fields, name: str, found: Resolved) -> None:
    found.fields.append(name)
    found.values |= fields.values(name)
    found.changes += [Change(*change) for change in fields.changes(name)]


def take_loser(fields: Fields, name: str, loser: dict[str, Any], found: Resolved) -> None:
    """A person would rather have the other value; then the one that stood until now is kept for them."""
    if loser["side"] == Owner.COPERNIQ:
        lose(fields, name, Owner.QUICKBOOKS, found)
        take_coperniq(fields, name, found)
        return
    lose(fields, name, Owner.COPERNIQ, found)
    found.values |= load(loser["values"])
    found.changes.append(Change(LABELS[name], fields.told(name, fields.image), loser["told"]))


def lose(fields: Fields, name: str, side: Owner, found: Resolved) -> None:
    image = fields.theirs if side == Owner.QUICKBOOKS else fields.image
    values = {"values": dump(as_read(fields, name))} if side == Owner.QUICKBOOKS else {}
    found.losers[name] = {"side": side.value, "told": fields.told(name, image), **values}
    winner = Owner.COPERNIQ if side == Owner.QUICKBOOKS else Owner.QUICKBOOKS
    found.choices = list(dict.fromkeys([*found.choices, OTHER_WAY[winner]]))


def as_read(fields: Fields, name: str) -> dict[str, Any]:
    """QuickBooks' own value, kept so that it can be put back."""
    if name == "due_date":
        return {"DueDate": fields.theirs["due_date"]}
    if name == "memo":
        path = "CustomerMemo.value" if fields.memo_field == "customer_memo" else "PrivateNote"
        return {path: fields.current.memo if path != "PrivateNote" else fields.current.note}
    return {"Line": [as_sent(line.raw) for line in fields.current.lines if line.kind != SUBTOTAL]}


def winner_of(desk: Desk, run: SyncRun, fields: Fields, name: str, changed_at: str) -> str:
    decided = decided_side(run)
    if decided:
        return decided
    owner = desk.settings.owners.get(name, Owner.LATER)
    if owner in (Owner.COPERNIQ, Owner.QUICKBOOKS):
        return str(owner)
    later = later_side(desk, fields, changed_at) if owner == Owner.LATER else ""
    if later:
        return later
    raise Hold(
        "conflict",
        f"Both sides have changed the {LABELS[name].lower()} of invoice {fields.link.number}: Coperniq has "
        f"{fields.told(name, fields.image)}, QuickBooks {fields.told(name, fields.theirs)}, and before it was "
        f"{fields.told(name, fields.link.quickbooks_image)}. Choose which one counts.",
        [USE_COPERNIQ, USE_QUICKBOOKS, RETRY, DISCARD],
    )


def later_side(desk: Desk, fields: Fields, changed_at: str) -> str:
    """ "" where nobody can tell: too close together, or a payment has moved QuickBooks' stamp since."""
    their_stamp, before = fields.current.updated_at, fields.link.quickbooks_image
    paid_since = before.get("paid_since") or fields.theirs["payments"] != before.get("payments", [])
    if their_stamp is None or paid_since:
        return ""
    ours = datetime.fromisoformat(changed_at) - desk.coperniq.clock_offset
    theirs = their_stamp - desk.quickbooks.clock_offset
    if abs(ours - theirs) < TOO_CLOSE:
        return ""
    return str(Owner.COPERNIQ if ours > theirs else Owner.QUICKBOOKS)


def note_changes(desk: Desk, link: RecordLink, changed: Sequence[str], fields: Fields) -> dict[str, str]:
    """When each field got its value: the stamp of the first version in which we saw it, whatever comes after."""
    known, stamp = link.written.get("changed_at", {}), fields.invoice.updated_at.isoformat()
    seen = {name: digest_of(fields.image[name]) for name in changed}
    noted = {
        name: known[name] if known.get(name, {}).get("value") == value else {"value": value, "at": stamp}
        for name, value in seen.items()
    }
    if noted != known:
        link.written["changed_at"] = noted
        with transaction.atomic():
            desk.lane.hold_fast()
            RecordLink.objects.filter(pk=link.pk).update(written=link.written)
    return {name: note["at"] for name, note in noted.items()}


def digest_of(value: object) -> str:
    return keyed_digest(dump({"value": content(value) if isinstance(value, list) else value}))[:16]
