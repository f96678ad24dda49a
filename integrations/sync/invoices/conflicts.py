"""Decide which value of a changed field to keep. The overridden value is stored, so that a person can restore it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from integrations.errors import Choice, NeedsDecision
from integrations.messages import Message
from integrations.messages.choices import ChoiceLabel
from integrations.messages.invoices_pull import InvoicePullMessage
from integrations.models import Owner, Question, RecordLink, SyncRun
from integrations.models.sync_state import EditTimes, OverriddenValue
from integrations.quickbooks.bodies import dump
from integrations.sync.engine.choices import DISCARD, RETRY
from integrations.sync.engine.context import SyncContext
from integrations.sync.engine.plan import Change
from integrations.sync.engine.responses import load_body
from integrations.sync.invoices.compare import LABELS, InvoiceComparison, describe_field
from integrations.sync.invoices.edit_times import later_side, record_edit_times
from integrations.sync.invoices.mapping import INVOICE_FIELDS, SUBTOTAL
from integrations.sync.invoices.push_lines import line_as_sent

_SIDE_NAMES = {Owner.COPERNIQ: "Coperniq", Owner.QUICKBOOKS: "QuickBooks"}
_LEAVE_BOTH = Choice("leave_both", ChoiceLabel.LEAVE_BOTH(), Question.UNSUPPORTED_LINES)


@dataclass
class Resolution:
    """What to write to either side, and what to ask or report.

    `overridden` is by field. `held`: fields that wait for a person, and why. `kept`: fields whose new value stays in
    QuickBooks, because nothing is brought over. `restored_in_coperniq`,
    `restored_in_quickbooks`: fields whose overridden value is written back to the named side; the next plan takes it to
    the other. `is_answered`: a person has chosen a side.
    """

    overridden: dict[str, OverriddenValue]
    to_quickbooks: list[str] = field(default_factory=list)
    quickbooks_values: dict[str, object] = field(default_factory=dict)
    quickbooks_changes: list[Change] = field(default_factory=list)
    to_coperniq: list[str] = field(default_factory=list)
    coperniq_values: dict[str, object] = field(default_factory=dict)
    coperniq_changes: list[Change] = field(default_factory=list)
    restored_in_coperniq: list[str] = field(default_factory=list)
    restored_in_quickbooks: list[str] = field(default_factory=list)
    warnings: list[Message] = field(default_factory=list)
    choices: list[Choice] = field(default_factory=list)
    held: dict[str, NeedsDecision] = field(default_factory=dict)
    kept: list[str] = field(default_factory=list)
    keeps_quickbooks_values: bool = False
    conflicts: list[str] = field(default_factory=list)
    is_answered: bool = False

    def offer(self, choice: Choice) -> None:
        self.choices = list(dict.fromkeys([*self.choices, choice]))


def decided_side(run: SyncRun) -> str:
    return run.answer_to(Question.SIDE).key.removeprefix("use_")


def resolve(
    ctx: SyncContext,
    run: SyncRun,
    link: RecordLink,
    comparison: InvoiceComparison,
    *,
    keeps_quickbooks_values: bool = False,
) -> Resolution:
    """Questions to a person are collected in `held`, not raised.

    `keeps_quickbooks_values`: nothing goes to Coperniq, and where both sides have changed, Coperniq's value counts.
    """
    changed = [
        name
        for name in INVOICE_FIELDS
        if comparison.changed_in_coperniq(name) or comparison.changed_in_quickbooks(name)
    ]
    found = Resolution(
        _overridden_before(run, link, changed), keeps_quickbooks_values=keeps_quickbooks_values
    )
    edit_times = record_edit_times(ctx, link, comparison)
    for name in changed:
        try:
            _resolve_field(ctx, run, comparison, name, edit_times, found)
        except NeedsDecision as reason:
            found.held[name] = reason
    apply_overridden(run, comparison, changed, found)
    if found.conflicts:
        found.held |= dict.fromkeys(found.conflicts, _hold_conflict(comparison, found.conflicts))
    return found


def apply_overridden(
    run: SyncRun, comparison: InvoiceComparison, changed: list[str], found: Resolution
) -> None:
    """Restore what a person chose over the value the run kept.

    An answer to a question is about the fields it asked for: those the same run resolved by itself stay as they are.
    """
    for name, entry in list(found.overridden.items()):
        if entry.side == decided_side(run) and entry.run_id == run.pk and name not in changed:
            if found.is_answered:
                del found.overridden[name]
            else:
                _restore_overridden(comparison, name, entry, found)
    for entry in found.overridden.values():
        if entry.run_id == run.pk:
            found.offer(_ALTERNATIVE[entry.side])


def _overridden_before(run: SyncRun, link: RecordLink, changed: list[str]) -> dict[str, OverriddenValue]:
    """The overridden values that can still be restored. A later edit drops one, unless this run itself wrote it."""
    return {
        name: entry
        for name, entry in link.invoice_state.overridden.items()
        if name not in changed or entry.run_id == run.pk
    }


def _resolve_field(
    ctx: SyncContext,
    run: SyncRun,
    comparison: InvoiceComparison,
    name: str,
    edit_times: EditTimes,
    found: Resolution,
) -> None:
    if comparison.is_equal(name):
        return
    if name == "lines" and comparison.has_folded_lines and comparison.changed_in_coperniq(name):
        _keep_folded_lines(run, comparison, found)
    elif not comparison.changed_in_quickbooks(name):
        _use_coperniq_value(comparison, name, found)
    elif not comparison.changed_in_coperniq(name):
        _use_quickbooks_or_ask(run, comparison, name, found)
    else:
        _resolve_conflict(ctx, run, comparison, name, edit_times, found)


def _use_quickbooks_or_ask(run: SyncRun, comparison: InvoiceComparison, name: str, found: Resolution) -> None:
    """Lines that Coperniq cannot hold are held for a person, who may also restore Coperniq's lines in QuickBooks."""
    if found.keeps_quickbooks_values:
        found.kept.append(name)
        return
    if name == "lines" and comparison.unsupported_reason:
        if run.has_taken(_LEAVE_BOTH):
            return
        if decided_side(run) != Owner.COPERNIQ:
            raise _hold_unsupported_lines(comparison)
        _use_coperniq_value(comparison, name, found)
        return
    _use_quickbooks_value(comparison, name, found)


def _resolve_conflict(
    ctx: SyncContext,
    run: SyncRun,
    comparison: InvoiceComparison,
    name: str,
    edit_times: EditTimes,
    found: Resolution,
) -> None:
    later = later_side(edit_times, name, ctx.coperniq.clock_offset, ctx.quickbooks.clock_offset)
    owner = Owner.COPERNIQ if found.keeps_quickbooks_values else ctx.settings.owners.get(name, Owner.LATER)
    winner = winning_side(decided_side(run), owner, later)
    if (
        name == "lines"
        and comparison.unsupported_reason
        and winner != Owner.COPERNIQ
        and run.has_taken(_LEAVE_BOTH)
    ):
        return
    if not winner:
        found.conflicts.append(name)
        return
    found.is_answered |= bool(decided_side(run))
    if winner == Owner.COPERNIQ:
        _record_overridden(comparison, name, Owner.QUICKBOOKS, found)
        _use_coperniq_value(comparison, name, found)
    elif name == "lines" and comparison.unsupported_reason:
        raise _hold_unsupported_lines(comparison)
    else:
        _record_overridden(comparison, name, Owner.COPERNIQ, found)
        _use_quickbooks_value(comparison, name, found)
    entry = found.overridden[name]
    found.warnings.append(
        InvoicePullMessage.OVERRIDDEN(
            field=LABELS[name],
            winner=_SIDE_NAMES[Owner(winner)],
            overridden=_SIDE_NAMES[entry.side],
            value=entry.text,
        )
    )


def _keep_folded_lines(run: SyncRun, comparison: InvoiceComparison, found: Resolution) -> None:
    """Lines that were folded for Coperniq can be edited in QuickBooks only."""
    is_quickbooks_edit = comparison.changed_in_quickbooks("lines") and not found.keeps_quickbooks_values
    if is_quickbooks_edit or decided_side(run) == Owner.QUICKBOOKS:
        _use_quickbooks_value(comparison, "lines", found)
        found.warnings.append(InvoicePullMessage.FOLDED_LINES_KEPT())
        return
    raise NeedsDecision(
        InvoicePullMessage.LINES_FOLDED(
            invoice=comparison.link.display_number,
            coperniq=describe_field("lines", comparison.coperniq_now),
            quickbooks=describe_field("lines", comparison.quickbooks_now),
        ),
        [USE_QUICKBOOKS, RETRY, DISCARD],
        compared=[comparison.compared("lines")],
    )


def _hold_unsupported_lines(comparison: InvoiceComparison) -> NeedsDecision:
    return NeedsDecision(
        InvoicePullMessage.LINES_NOT_IN_COPERNIQ(
            invoice=comparison.link.display_number,
            coperniq=describe_field("lines", comparison.coperniq_now),
            quickbooks=describe_field("lines", comparison.quickbooks_now),
            reason=comparison.unsupported_reason,
        ),
        [USE_COPERNIQ, _LEAVE_BOTH, RETRY, DISCARD],
        compared=[comparison.compared("lines")],
    )


def _use_coperniq_value(comparison: InvoiceComparison, name: str, found: Resolution) -> None:
    found.to_quickbooks.append(name)
    found.quickbooks_values |= comparison.quickbooks_values(name)
    found.quickbooks_changes += [Change(*change) for change in comparison.quickbooks_changes(name)]


def _use_quickbooks_value(comparison: InvoiceComparison, name: str, found: Resolution) -> None:
    found.to_coperniq.append(name)
    found.coperniq_values |= comparison.coperniq_values(name)
    found.coperniq_changes += [Change(*change) for change in comparison.coperniq_changes(name)]


def winning_side(answered: str, owner: str, later: str) -> str:
    """Which side's value a field gets that both have changed: as a person answered, else by the setting.

    `later` is the side of the later edit, "" if neither is clearly later. "" if a person has to decide.
    """
    if answered:
        return answered
    if owner in (Owner.COPERNIQ, Owner.QUICKBOOKS):
        return str(owner)
    return later if owner == Owner.LATER else ""


def combined_decision(reasons: Iterable[NeedsDecision]) -> NeedsDecision:
    """One question for all held fields: a choice applies to every field that offers it, so all of them are shown."""
    first, *others = dict.fromkeys(reasons)
    if not others:
        return first
    offered = [
        choice for each in (first, *others) for choice in each.choices if choice not in (RETRY, DISCARD)
    ]
    text = " ".join(str(each) for each in (first, *others))
    return NeedsDecision(
        Message(first.message.cause, text, {"text": text}),
        [*dict.fromkeys(offered), RETRY, DISCARD],
        compared=[row for each in (first, *others) for row in each.compared],
    )


def _hold_conflict(comparison: InvoiceComparison, names: list[str]) -> NeedsDecision:
    compared = [comparison.compared(name) for name in names]
    texts = " ".join(str(InvoicePullMessage.CONFLICT_FIELD(**row)) for row in compared)
    return NeedsDecision(
        InvoicePullMessage.CONFLICT(invoice=comparison.link.display_number, fields=texts),
        [USE_COPERNIQ, USE_QUICKBOOKS, RETRY, DISCARD],
        compared=compared,
    )


USE_COPERNIQ = Choice("use_coperniq", ChoiceLabel.USE_COPERNIQ(), Question.SIDE)
USE_QUICKBOOKS = Choice("use_quickbooks", ChoiceLabel.USE_QUICKBOOKS(), Question.SIDE)
_ALTERNATIVE = {Owner.COPERNIQ: USE_COPERNIQ, Owner.QUICKBOOKS: USE_QUICKBOOKS}


def _record_overridden(comparison: InvoiceComparison, name: str, side: Owner, found: Resolution) -> None:
    if side == Owner.QUICKBOOKS:
        text, values = describe_field(name, comparison.quickbooks_now), _quickbooks_as_read(comparison, name)
    else:
        text, values = describe_field(name, comparison.coperniq_now), comparison.coperniq_as_read(name)
    found.overridden[name] = OverriddenValue(side, text, dump(values), comparison.run.pk)
    found.offer(_ALTERNATIVE[side])


def _restore_overridden(
    comparison: InvoiceComparison, name: str, entry: OverriddenValue, found: Resolution
) -> None:
    """Write the value back to its own side; the next plan takes it to the other side, whose value is stored now."""
    values = load_body(entry.payload)
    if entry.side == Owner.COPERNIQ:
        _record_overridden(comparison, name, Owner.QUICKBOOKS, found)
        found.coperniq_values |= values
        found.coperniq_changes.append(
            Change(LABELS[name], describe_field(name, comparison.coperniq_now), entry.text)
        )
        found.restored_in_coperniq.append(name)
    else:
        _record_overridden(comparison, name, Owner.COPERNIQ, found)
        found.quickbooks_values |= values
        found.quickbooks_changes.append(
            Change(LABELS[name], describe_field(name, comparison.quickbooks_now), entry.text)
        )
        found.restored_in_quickbooks.append(name)


def _quickbooks_as_read(comparison: InvoiceComparison, name: str) -> dict[str, object]:
    """QuickBooks' own value as a payload, stored so that it can be restored."""
    if name == "due_date":
        return {"DueDate": comparison.quickbooks_now.due_date}
    if name == "memo":
        path = "CustomerMemo.value" if comparison.memo_field == "customer_memo" else "PrivateNote"
        return {path: comparison.current.memo if path != "PrivateNote" else comparison.current.note}
    return {"Line": [line_as_sent(line.raw) for line in comparison.current.lines if line.kind != SUBTOTAL]}
