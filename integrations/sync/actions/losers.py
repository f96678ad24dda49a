"""The value that did not count when both sides had changed a field: kept, so that a person can take it after all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from integrations.errors import Choice
from integrations.models import Owner, Question
from integrations.quickbooks.bodies import dump
from integrations.sync.actions.both_sides import Fields
from integrations.sync.actions.invoice_fields import LABELS
from integrations.sync.answers.invoices import load
from integrations.sync.mapping.invoices import SUBTOTAL
from integrations.sync.mapping.line_updates import as_sent
from integrations.sync.plans import Change

if TYPE_CHECKING:
    from integrations.sync.actions.conflicts import Resolved

USE_COPERNIQ = Choice("use_coperniq", "Use what Coperniq has", Question.SIDE)
USE_QUICKBOOKS = Choice("use_quickbooks", "Use what QuickBooks has", Question.SIDE)
OTHER_WAY = {Owner.COPERNIQ: USE_COPERNIQ, Owner.QUICKBOOKS: USE_QUICKBOOKS}


def lose(fields: Fields, name: str, side: Owner, found: Resolved) -> None:
    is_theirs = side == Owner.QUICKBOOKS
    image = fields.theirs if is_theirs else fields.image
    values = as_read(fields, name) if is_theirs else fields.coperniq_as_read(name)
    told = fields.told(name, image)
    found.losers[name] = {"side": side.value, "told": told, "values": dump(values), "run": fields.run.pk}
    found.offer(OTHER_WAY[side])


def take_loser(fields: Fields, name: str, loser: dict[str, Any], found: Resolved) -> None:
    """It is put back where it was lost, and goes to the other side from there; what stood until now is kept."""
    values = load(loser["values"])
    if loser["side"] == Owner.COPERNIQ:
        lose(fields, name, Owner.QUICKBOOKS, found)
        found.coperniq_values |= values
        found.coperniq_changes.append(Change(LABELS[name], fields.told(name, fields.image), loser["told"]))
        found.restored.append(name)
    else:
        lose(fields, name, Owner.COPERNIQ, found)
        found.values |= values
        found.changes.append(Change(LABELS[name], fields.told(name, fields.theirs), loser["told"]))
        found.put_back.append(name)


def as_read(fields: Fields, name: str) -> dict[str, Any]:
    """QuickBooks' own value, kept so that it can be put back."""
    if name == "due_date":
        return {"DueDate": fields.theirs["due_date"]}
    if name == "memo":
        path = "CustomerMemo.value" if fields.memo_field == "customer_memo" else "PrivateNote"
        return {path: fields.current.memo if path != "PrivateNote" else fields.current.note}
    return {"Line": [as_sent(line.raw) for line in fields.current.lines if line.kind != SUBTOTAL]}
