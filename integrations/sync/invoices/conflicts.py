"""Fields that both sides have changed: which value counts. The other is kept, so that a person can take it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from integrations.causes import Cause
from integrations.errors import Choice, NeedsDecision
from integrations.messages import Message
from integrations.messages.invoices_pull import InvoicePullMessage
from integrations.models import Owner, Question, RecordLink, SyncRun
from integrations.quickbooks.bodies import dump
from integrations.sync.engine.choices import DISCARD, RETRY
from integrations.sync.engine.context import SyncContext
from integrations.sync.engine.plan import Change
from integrations.sync.engine.responses import load_body
from integrations.sync.invoices.compare import LABELS, InvoiceComparison
from integrations.sync.invoices.edit_times import later_side, note_changes
from integrations.sync.invoices.mapping import INVOICE_FIELDS, SUBTOTAL
from integrations.sync.invoices.push_lines import line_as_sent

_SIDE_NAMES = {Owner.COPERNIQ: "Coperniq", Owner.QUICKBOOKS: "QuickBooks"}
LEAVE_BOTH = Choice("leave_both", "Leave both as they are", Question.UNSUPPORTED_LINES)


@dataclass
class Resolution:
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
    warnings: list[Message] = field(default_factory=list)
    choices: list[Choice] = field(default_factory=list)
    held: dict[str, NeedsDecision] = field(default_factory=dict)
    conflicts: list[str] = field(default_factory=list)
    is_answered: bool = False

    def offer(self, choice: Choice) -> None:
        self.choices = list(dict.fromkeys([*self.choices, choice]))


def decided_side(run: SyncRun) -> str:
    return run.answer_to(Question.SIDE).key.removeprefix("use_")


def resolve(ctx: SyncContext, run: SyncRun, link: RecordLink, fields: InvoiceComparison) -> Resolution:
    moved = [name for name in INVOICE_FIELDS if fields.is_changed(name) or fields.is_touched(name)]
    found = Resolution(_overridden_left(run, link, moved))
    noted = note_changes(ctx, link, fields)
    for name in moved:
        try:
            settle_field(ctx, run, fields, name, noted, found)
        except NeedsDecision as reason:
            found.held[name] = reason
    apply_overridden(run, fields, moved, found)
    if found.conflicts:
        found.held |= dict.fromkeys(found.conflicts, _hold_conflict(fields, found.conflicts))
    return found


def apply_overridden(run: SyncRun, fields: InvoiceComparison, moved: list[str], found: Resolution) -> None:
    """Whoever answered a card spoke of its fields: what the same run had settled by itself stays settled."""
    for name, loser in list(found.losers.items()):
        if loser["side"] == decided_side(run) and loser.get("run") == run.pk and name not in moved:
            if found.is_answered:
                del found.losers[name]
            else:
                restore_overridden(fields, name, loser, found)
    for loser in found.losers.values():
        if loser.get("run") == run.pk:
            found.offer(ALTERNATIVE[Owner(loser["side"])])


def _overridden_left(run: SyncRun, link: RecordLink, moved: list[str]) -> dict[str, Any]:
    """A later edit makes the choice between the earlier ones moot; what this run itself moves is no edit."""
    losers: dict[str, Any] = link.written.get("losers", {})
    return {name: loser for name, loser in losers.items() if name not in moved or loser.get("run") == run.pk}


def settle_field(
    ctx: SyncContext,
    run: SyncRun,
    fields: InvoiceComparison,
    name: str,
    noted: dict[str, Any],
    found: Resolution,
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
        settle_conflict(ctx, run, fields, name, noted, found)


def take_untouched_quickbooks(run: SyncRun, fields: InvoiceComparison, name: str, found: Resolution) -> None:
    """What Coperniq cannot hold is for a person, who may also have its lines back in QuickBooks."""
    if name == "lines" and fields.cannot_hold:
        if run.has_taken(LEAVE_BOTH):
            return
        if decided_side(run) != Owner.COPERNIQ:
            raise _hold_unsupported_lines(fields)
        take_coperniq(fields, name, found)
        return
    take_quickbooks(fields, name, found)


def settle_conflict(
    ctx: SyncContext,
    run: SyncRun,
    fields: InvoiceComparison,
    name: str,
    noted: dict[str, Any],
    found: Resolution,
) -> None:
    winner = winning_side(ctx, run, fields, name, noted)
    if name == "lines" and fields.cannot_hold and winner != Owner.COPERNIQ and run.has_taken(LEAVE_BOTH):
        return
    if not winner:
        found.conflicts.append(name)
        return
    found.is_answered |= bool(decided_side(run))
    if winner == Owner.COPERNIQ:
        record_overridden(fields, name, Owner.QUICKBOOKS, found)
        take_coperniq(fields, name, found)
    elif name == "lines" and fields.cannot_hold:
        raise _hold_unsupported_lines(fields)
    else:
        record_overridden(fields, name, Owner.COPERNIQ, found)
        take_quickbooks(fields, name, found)
    loser = found.losers[name]
    found.warnings.append(
        InvoicePullMessage.OVERRIDDEN(
            field=LABELS[name],
            winner=_SIDE_NAMES[Owner(winner)],
            overridden=_SIDE_NAMES[Owner(loser["side"])],
            value=loser["told"],
        )
    )


def keep_folded_lines(run: SyncRun, fields: InvoiceComparison, found: Resolution) -> None:
    """Lines that had to be put together are QuickBooks' own."""
    if fields.is_touched("lines") or decided_side(run) == Owner.QUICKBOOKS:
        take_quickbooks(fields, "lines", found)
        found.warnings.append(InvoicePullMessage.FOLDED_LINES_KEPT())
        return
    raise NeedsDecision.of(
        InvoicePullMessage.LINES_FOLDED(
            invoice=fields.link.display_number,
            coperniq=fields.told("lines", fields.image),
            quickbooks=fields.told("lines", fields.theirs),
        ),
        [USE_QUICKBOOKS, RETRY, DISCARD],
        compared=[fields.compared("lines")],
    )


def _hold_unsupported_lines(fields: InvoiceComparison) -> NeedsDecision:
    return NeedsDecision.of(
        InvoicePullMessage.LINES_NOT_IN_COPERNIQ(
            invoice=fields.link.display_number,
            coperniq=fields.told("lines", fields.image),
            quickbooks=fields.told("lines", fields.theirs),
            reason=fields.cannot_hold,
        ),
        [USE_COPERNIQ, LEAVE_BOTH, RETRY, DISCARD],
        compared=[fields.compared("lines")],
    )


def take_coperniq(fields: InvoiceComparison, name: str, found: Resolution) -> None:
    found.to_quickbooks.append(name)
    found.values |= fields.values(name)
    found.changes += [Change(*change) for change in fields.changes(name)]


def take_quickbooks(fields: InvoiceComparison, name: str, found: Resolution) -> None:
    found.to_coperniq.append(name)
    found.coperniq_values |= fields.coperniq_values(name)
    found.coperniq_changes += [Change(*change) for change in fields.coperniq_changes(name)]


def winning_side(
    ctx: SyncContext, run: SyncRun, fields: InvoiceComparison, name: str, noted: dict[str, Any]
) -> str:
    """ "" where a person has to say."""
    decided = decided_side(run)
    if decided:
        return decided
    owner = ctx.settings.owners.get(name, Owner.LATER)
    if owner in (Owner.COPERNIQ, Owner.QUICKBOOKS):
        return str(owner)
    return later_side(ctx, noted, name) if owner == Owner.LATER else ""


def combined_hold(reasons: Iterable[NeedsDecision]) -> NeedsDecision:
    """One card for all that waits: what is chosen counts for every field it can settle, so all of them are shown."""
    first, *others = dict.fromkeys(reasons)
    if not others:
        return first
    offered = [
        choice for each in (first, *others) for choice in each.choices if choice not in (RETRY, DISCARD)
    ]
    return NeedsDecision.of(
        Message(Cause(first.cause), " ".join(str(each) for each in (first, *others))),
        [*dict.fromkeys(offered), RETRY, DISCARD],
        compared=[row for each in (first, *others) for row in each.compared],
    )


def _hold_conflict(fields: InvoiceComparison, names: list[str]) -> NeedsDecision:
    compared = [fields.compared(name) for name in names]
    texts = " ".join(str(InvoicePullMessage.CONFLICT_FIELD(**row)) for row in compared)
    return NeedsDecision.of(
        InvoicePullMessage.CONFLICT(invoice=fields.link.display_number, fields=texts),
        [USE_COPERNIQ, USE_QUICKBOOKS, RETRY, DISCARD],
        compared=compared,
    )


USE_COPERNIQ = Choice("use_coperniq", "Use what Coperniq has", Question.SIDE)
USE_QUICKBOOKS = Choice("use_quickbooks", "Use what QuickBooks has", Question.SIDE)
ALTERNATIVE = {Owner.COPERNIQ: USE_COPERNIQ, Owner.QUICKBOOKS: USE_QUICKBOOKS}


def record_overridden(fields: InvoiceComparison, name: str, side: Owner, found: Resolution) -> None:
    is_theirs = side == Owner.QUICKBOOKS
    image = fields.theirs if is_theirs else fields.image
    values = _quickbooks_value(fields, name) if is_theirs else fields.coperniq_as_read(name)
    told = fields.told(name, image)
    found.losers[name] = {"side": side.value, "told": told, "values": dump(values), "run": fields.run.pk}
    found.offer(ALTERNATIVE[side])


def restore_overridden(
    fields: InvoiceComparison, name: str, loser: dict[str, Any], found: Resolution
) -> None:
    """It is put back where it was lost, and goes to the other side from there; what stood until now is kept."""
    values = load_body(loser["values"])
    if loser["side"] == Owner.COPERNIQ:
        record_overridden(fields, name, Owner.QUICKBOOKS, found)
        found.coperniq_values |= values
        found.coperniq_changes.append(Change(LABELS[name], fields.told(name, fields.image), loser["told"]))
        found.restored.append(name)
    else:
        record_overridden(fields, name, Owner.COPERNIQ, found)
        found.values |= values
        found.changes.append(Change(LABELS[name], fields.told(name, fields.theirs), loser["told"]))
        found.put_back.append(name)


def _quickbooks_value(fields: InvoiceComparison, name: str) -> dict[str, Any]:
    """QuickBooks' own value, kept so that it can be put back."""
    if name == "due_date":
        return {"DueDate": fields.theirs["due_date"]}
    if name == "memo":
        path = "CustomerMemo.value" if fields.memo_field == "customer_memo" else "PrivateNote"
        return {path: fields.current.memo if path != "PrivateNote" else fields.current.note}
    return {"Line": [line_as_sent(line.raw) for line in fields.current.lines if line.kind != SUBTOTAL]}
