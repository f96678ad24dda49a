"""Fields that changed since the last sync: which side's value goes to the other, and how a person can take another."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from integrations.errors import Choice, Hold
from integrations.models import Owner, Question, RecordLink, SyncRun
from integrations.sync.actions.both_sides import Fields
from integrations.sync.actions.edit_times import later_side, note_changes
from integrations.sync.actions.invoice_fields import LABELS
from integrations.sync.actions.losers import OTHER_WAY, USE_COPERNIQ, USE_QUICKBOOKS, lose, take_loser
from integrations.sync.actions.names import DISCARD, RETRY
from integrations.sync.desk import Desk
from integrations.sync.mapping.invoices import FIELDS
from integrations.sync.plans import Change

NAMES = {Owner.COPERNIQ: "Coperniq", Owner.QUICKBOOKS: "QuickBooks"}
LEAVE_BOTH = Choice("leave_both", "Leave both as they are", Question.UNSUPPORTED_LINES)


@dataclass
class Resolved:
    """What is to be written to either side, and what is to be said of fields that both sides had changed.

    `losers`: by field, the side that lost, in words, and as it stood if that is to be put back. `held`: fields that
    wait for a person, and why. `restored`: fields that Coperniq gets back, and that go to QuickBooks from there.
    `is_answered`: a person has said which side counts where both had changed.
    """

    losers: dict[str, Any]
    to_quickbooks: list[str] = field(default_factory=list)
    values: dict[str, Any] = field(default_factory=dict)
    changes: list[Change] = field(default_factory=list)
    to_coperniq: list[str] = field(default_factory=list)
    coperniq_values: dict[str, Any] = field(default_factory=dict)
    coperniq_changes: list[Change] = field(default_factory=list)
    restored: list[str] = field(default_factory=list)
    put_back: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    choices: list[Choice] = field(default_factory=list)
    held: dict[str, Hold] = field(default_factory=dict)
    conflicts: list[str] = field(default_factory=list)
    is_answered: bool = False

    def offer(self, choice: Choice) -> None:
        self.choices = list(dict.fromkeys([*self.choices, choice]))


def decided_side(run: SyncRun) -> str:
    return run.answer_to(Question.SIDE).key.removeprefix("use_")


def resolve(desk: Desk, run: SyncRun, link: RecordLink, fields: Fields) -> Resolved:
    moved = [name for name in FIELDS if fields.is_changed(name) or fields.is_touched(name)]
    found = Resolved(losers_left(run, link, moved))
    noted = note_changes(desk, link, fields)
    for name in moved:
        try:
            settle_field(desk, run, fields, name, noted, found)
        except Hold as reason:
            found.held[name] = reason
    take_losers(run, fields, moved, found)
    if found.conflicts:
        found.held |= dict.fromkeys(found.conflicts, conflict(fields, found.conflicts))
    return found


def take_losers(run: SyncRun, fields: Fields, moved: list[str], found: Resolved) -> None:
    """Whoever answered a card spoke of its fields: what the same run had settled by itself stays settled."""
    for name, loser in list(found.losers.items()):
        if loser["side"] == decided_side(run) and loser.get("run") == run.pk and name not in moved:
            if found.is_answered:
                del found.losers[name]
            else:
                take_loser(fields, name, loser, found)
    for loser in found.losers.values():
        if loser.get("run") == run.pk:
            found.offer(OTHER_WAY[Owner(loser["side"])])


def losers_left(run: SyncRun, link: RecordLink, moved: list[str]) -> dict[str, Any]:
    """A later edit makes the choice between the earlier ones moot; what this run itself moves is no edit."""
    losers: dict[str, Any] = link.written.get("losers", {})
    return {name: loser for name, loser in losers.items() if name not in moved or loser.get("run") == run.pk}


def settle_field(
    desk: Desk, run: SyncRun, fields: Fields, name: str, noted: dict[str, Any], found: Resolved
) -> None:
    if fields.agrees(name):
        return
    if name == "lines" and fields.lines_are_theirs and fields.is_changed(name):
        keep_folded_lines(run, fields, found)
    elif not fields.is_touched(name):
        take_coperniq(fields, name, found)
    elif not fields.is_changed(name):
        take_untouched_quickbooks(run, fields, name, found)
    else:
        settle_conflict(desk, run, fields, name, noted, found)


def take_untouched_quickbooks(run: SyncRun, fields: Fields, name: str, found: Resolved) -> None:
    """What Coperniq cannot hold is for a person, who may also have its lines back in QuickBooks."""
    if name == "lines" and fields.cannot_hold:
        if run.has_taken(LEAVE_BOTH):
            return
        if decided_side(run) != Owner.COPERNIQ:
            raise cannot_hold(fields)
        take_coperniq(fields, name, found)
        return
    take_quickbooks(fields, name, found)


def settle_conflict(
    desk: Desk, run: SyncRun, fields: Fields, name: str, noted: dict[str, Any], found: Resolved
) -> None:
    winner = winner_of(desk, run, fields, name, noted)
    if name == "lines" and fields.cannot_hold and winner != Owner.COPERNIQ and run.has_taken(LEAVE_BOTH):
        return
    if not winner:
        found.conflicts.append(name)
        return
    found.is_answered |= bool(decided_side(run))
    if winner == Owner.COPERNIQ:
        lose(fields, name, Owner.QUICKBOOKS, found)
        take_coperniq(fields, name, found)
    elif name == "lines" and fields.cannot_hold:
        raise cannot_hold(fields)
    else:
        lose(fields, name, Owner.COPERNIQ, found)
        take_quickbooks(fields, name, found)
    loser = found.losers[name]
    found.warnings.append(
        f"{LABELS[name]}: changed on both sides. What {NAMES[Owner(winner)]} has counts; "
        f"{NAMES[Owner(loser['side'])]} had {loser['told']}."
    )


def keep_folded_lines(run: SyncRun, fields: Fields, found: Resolved) -> None:
    """Lines that had to be put together are QuickBooks' own."""
    if fields.is_touched("lines") or decided_side(run) == Owner.QUICKBOOKS:
        take_quickbooks(fields, "lines", found)
        found.warnings.append(
            "The lines were changed in Coperniq too; QuickBooks' count, because they had to be put together for Coperniq."
        )
        return
    raise Hold(
        "lines_folded",
        f"The lines of invoice {fields.link.told_number} were changed in Coperniq to "
        f"{fields.told('lines', fields.image)}; QuickBooks has {fields.told('lines', fields.theirs)}. Coperniq could "
        "not hold QuickBooks' lines as they are, so the change has to be made in QuickBooks. Make it there, or put "
        "QuickBooks' lines back into Coperniq.",
        [USE_QUICKBOOKS, RETRY, DISCARD],
        compared=[fields.compared("lines")],
    )


def cannot_hold(fields: Fields) -> Hold:
    return Hold(
        "lines_not_in_coperniq",
        f"The lines of invoice {fields.link.told_number} were changed in QuickBooks to "
        f"{fields.told('lines', fields.theirs)}. In Coperniq it is {fields.cannot_hold}, so the change cannot be made by "
        f"itself. Change it in Coperniq by hand, or put Coperniq's {fields.told('lines', fields.image)} back into "
        "QuickBooks.",
        [USE_COPERNIQ, LEAVE_BOTH, RETRY, DISCARD],
        compared=[fields.compared("lines")],
    )


def take_coperniq(fields: Fields, name: str, found: Resolved) -> None:
    found.to_quickbooks.append(name)
    found.values |= fields.values(name)
    found.changes += [Change(*change) for change in fields.changes(name)]


def take_quickbooks(fields: Fields, name: str, found: Resolved) -> None:
    found.to_coperniq.append(name)
    found.coperniq_values |= fields.coperniq_values(name)
    found.coperniq_changes += [Change(*change) for change in fields.coperniq_changes(name)]


def winner_of(desk: Desk, run: SyncRun, fields: Fields, name: str, noted: dict[str, Any]) -> str:
    """ "" where a person has to say."""
    decided = decided_side(run)
    if decided:
        return decided
    owner = desk.settings.owners.get(name, Owner.LATER)
    if owner in (Owner.COPERNIQ, Owner.QUICKBOOKS):
        return str(owner)
    return later_side(desk, noted, name) if owner == Owner.LATER else ""


def together(reasons: Iterable[Hold]) -> Hold:
    """One card for all that waits: what is chosen counts for every field it can settle, so all of them are shown."""
    first, *others = dict.fromkeys(reasons)
    if not others:
        return first
    offered = [
        choice for each in (first, *others) for choice in each.choices if choice not in (RETRY, DISCARD)
    ]
    return Hold(
        first.cause,
        " ".join(str(each) for each in (first, *others)),
        [*dict.fromkeys(offered), RETRY, DISCARD],
        compared=[row for each in (first, *others) for row in each.compared],
    )


def conflict(fields: Fields, names: list[str]) -> Hold:
    told = [
        f"the {LABELS[name].lower()}: Coperniq has {fields.told(name, fields.image)}, QuickBooks "
        f"{fields.told(name, fields.theirs)}, and before it was {fields.told(name, fields.link.quickbooks_image)}"
        for name in names
    ]
    return Hold(
        "conflict",
        f"Both sides have changed invoice {fields.link.told_number}. Of {'; of '.join(told)}. Choose which one counts.",
        [USE_COPERNIQ, USE_QUICKBOOKS, RETRY, DISCARD],
        compared=[fields.compared(name) for name in names],
    )
