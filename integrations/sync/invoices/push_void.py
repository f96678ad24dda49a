"""An invoice that was declined or archived in Coperniq: void, delete or leave it in QuickBooks."""

from __future__ import annotations

from typing import Any

from integrations.errors import NeedsDecision, RecordMissing
from integrations.models import OnEnded, RecordLink, SyncRun
from integrations.quickbooks.bodies import money
from integrations.quickbooks.documents import QuickBooksInvoice
from integrations.sync.engine.choices import CREATE_AGAIN, DISCARD, RETRY
from integrations.sync.engine.context import SyncContext
from integrations.sync.engine.plan import Change, Plan, PlannedWrite
from integrations.sync.invoices.closed_period import refuse_closed
from integrations.sync.invoices.mapping import quickbooks_invoice_snapshot

DECLINED = "DECLINED"


def plan_invoice_end(
    ctx: SyncContext, run: SyncRun, link: RecordLink, image: dict[str, Any], ended: str | None
) -> Plan:
    """`ended`: what becomes of QuickBooks' invoice; None when Coperniq's is in use again."""
    if ended is None:
        raise _hold_reopened(link)
    if link.written.get("ended"):
        return _plan_nothing(link, image, run, silent=image == link.coperniq_snapshot)
    try:
        current = ctx.quickbooks.read_invoice(link.quickbooks_id)
    except RecordMissing:
        return _plan_nothing(
            link, image, run, f"Invoice {link.display_number} is deleted in QuickBooks already."
        )
    if current.is_voided and ended == OnEnded.VOID:
        return _plan_nothing(
            link, image, run, f"Invoice {link.display_number} is voided in QuickBooks already."
        )
    _refuse_paid_invoice(link, image, current)
    refuse_closed(ctx, current.on)
    return _plan_end(ctx, run, link, image, current, ended)


def _word_for(image: dict[str, Any]) -> str:
    return "declined" if image["status"] == DECLINED else "archived"


def _hold_reopened(link: RecordLink) -> NeedsDecision:
    return NeedsDecision(
        "revived",
        f"Invoice {link.display_number} is in use again in Coperniq, but was voided or deleted in QuickBooks while "
        "it was not. A voided invoice cannot be brought back: create it again, or leave it.",
        [CREATE_AGAIN, RETRY, DISCARD],
    )


def _refuse_paid_invoice(link: RecordLink, image: dict[str, Any], current: QuickBooksInvoice) -> None:
    paid = current.total_cents - current.balance_cents
    if paid or current.payment_ids:
        count = len(current.payment_ids)
        told = f" in {count} payment{'' if count == 1 else 's'}" if count else ""
        raise NeedsDecision(
            "declined_but_paid",
            f"Invoice {link.display_number} was {_word_for(image)} in Coperniq, but ${money(paid):,} has been paid on "
            f"it{told}, so it stays in QuickBooks. Decide there what becomes of the money, then try again, or leave "
            "the invoice.",
            [RETRY, DISCARD],
        )


def _plan_end(
    ctx: SyncContext,
    run: SyncRun,
    link: RecordLink,
    image: dict[str, Any],
    current: QuickBooksInvoice,
    ended: str,
) -> Plan:
    before = str(link.coperniq_snapshot.get("status") or "")
    changes = (
        Change("Status in Coperniq", before, _word_for(image)),
        Change("Total", f"${money(current.total_cents):,}", "$0.00" if ended == OnEnded.VOID else ""),
    )
    return Plan(
        record_name=run.record_name,
        match_method=link.match_method,
        write=PlannedWrite(ended, "Invoice", {}, changes, current.id, current.sync_token),
        quickbooks_snapshot=quickbooks_invoice_snapshot(current, ctx.settings.memo_field),
        coperniq_snapshot=image,
        number=link.number,
        amount_cents=image["total"],
        written={**link.written, "ended": ended},
    )


def _plan_nothing(
    link: RecordLink, image: dict[str, Any], run: SyncRun, sentence: str = "", *, silent: bool = False
) -> Plan:
    """`silent`: Coperniq is as it answered last, e.g. to the portal that declined it."""
    return Plan.of(
        link,
        run.record_name,
        coperniq_snapshot=image,
        amount_cents=image["total"],
        written={**link.written, "ended": link.written.get("ended") or "elsewhere"},
        sentence=sentence or f"Invoice {link.display_number} came to its end in QuickBooks already.",
        ending={"silent": silent},
    )
