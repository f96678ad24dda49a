"""A linked invoice: what changed in Coperniq since the last sync goes to QuickBooks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from integrations.coperniq.money import CoperniqInvoice
from integrations.errors import Choice, NeedsDecision, RecordMissing, Skipped
from integrations.models import OnEnded, Owner, Question, RecordLink, SyncRun
from integrations.quickbooks.documents import QuickBooksInvoice
from integrations.sync.engine.choices import CREATE_AGAIN, DISCARD, RETRY
from integrations.sync.engine.context import SyncContext
from integrations.sync.engine.plan import Plan
from integrations.sync.invoices.compare import changed_in_coperniq
from integrations.sync.invoices.conflicts import decided_side
from integrations.sync.invoices.mapping import INVOICE_FIELDS
from integrations.sync.invoices.merge import open_questions, plan_merge
from integrations.sync.invoices.pull_request import on_invoice_moved
from integrations.sync.invoices.push_lines import pairs_now
from integrations.sync.invoices.push_void import plan_invoice_end

ENDED_CAUSES = ("quickbooks_invoice_missing", "quickbooks_invoice_voided")
"""What is asked when a change in Coperniq meets an end in QuickBooks that nobody has told of."""
_END_NOTICED_CAUSES = ("quickbooks_invoice_deleted", "quickbooks_invoice_voided", "ended_but_paid")
GO_ON_IN_QUICKBOOKS = Choice("go_on", "Go on with it where it is in QuickBooks", Question.MOVED_IN_COPERNIQ)


def plan_invoice_update(
    ctx: SyncContext,
    run: SyncRun,
    invoice: CoperniqInvoice,
    link: RecordLink,
    image: dict[str, Any],
    ended: str | None,
) -> Plan:
    """`ended`: what is to become of it in QuickBooks, None while Coperniq's is in use."""
    image = refuse_moved_in_coperniq(run, link, image)
    if link.written.get("ended") or ended in (OnEnded.VOID, OnEnded.DELETE):
        return plan_invoice_end(ctx, run, link, image, ended)
    if not (is_edited_in_coperniq(link, image) or decided_side(run) or is_unsettled(link)):
        return _plan_in_step(link, image, run)
    current = _read_quickbooks_invoice(ctx, run, link)
    on_invoice_moved(ctx, link, current.customer_id)
    return plan_merge(ctx, run, invoice, link, image, current)


def is_edited_in_coperniq(link: RecordLink, image: Mapping[str, Any]) -> bool:
    """In Coperniq, in a field that is kept in step."""
    return any(changed_in_coperniq(link, image, field) for field in INVOICE_FIELDS)


def is_unsettled(link: RecordLink) -> bool:
    """QuickBooks is known to have changed, and Coperniq has not got it yet."""
    noted = link.written.get("changed_at", {})
    return bool(link.written.get("unsettled") or noted.get(Owner.QUICKBOOKS.value))


def refuse_moved_in_coperniq(run: SyncRun, link: RecordLink, image: dict[str, Any]) -> dict[str, Any]:
    """An invoice whose project is gone has not been moved: it belongs where it did."""
    before = {name: link.coperniq_snapshot.get(name) for name in ("record_id", "account_id")}
    if not image["record_id"] and before["record_id"]:
        run.coperniq_account_id = link.coperniq_account_id
        return {**image, **before}
    known = before["record_id"] is not None or before["account_id"] is not None
    is_moved = known and any(image[name] != value for name, value in before.items())
    if is_moved and not run.has_taken(GO_ON_IN_QUICKBOOKS):
        raise NeedsDecision(
            "invoice_moved",
            f"Invoice {link.display_number} was moved to another project or account in Coperniq. In QuickBooks it stays "
            "where it is: move it there by hand if it should follow, then let the portal go on with it as it stands "
            "there.",
            [GO_ON_IN_QUICKBOOKS, RETRY, DISCARD],
        )
    return image


def _read_quickbooks_invoice(ctx: SyncContext, run: SyncRun, link: RecordLink) -> QuickBooksInvoice:
    try:
        current = ctx.quickbooks.read_invoice(link.quickbooks_id)
    except RecordMissing as error:
        _skip_if_end_asked(ctx, run)
        raise NeedsDecision(
            "quickbooks_invoice_missing",
            f"QuickBooks does not have invoice {link.display_number} any more: somebody deleted it there. Create it "
            "again, or leave it deleted.",
            [CREATE_AGAIN, RETRY, DISCARD],
        ) from error
    if current.is_voided:
        _skip_if_end_asked(ctx, run)
        raise NeedsDecision(
            "quickbooks_invoice_voided",
            f"Invoice {link.display_number} is voided in QuickBooks, so the change in Coperniq has nowhere to go. "
            "Decline it in Coperniq too, or create it again.",
            [CREATE_AGAIN, RETRY, DISCARD],
        )
    return current


def _skip_if_end_asked(ctx: SyncContext, run: SyncRun) -> None:
    """One card is enough, and the one of whoever noticed the end itself can end Coperniq's invoice, too."""
    if open_questions(ctx, run, _END_NOTICED_CAUSES).exists():
        raise Skipped(
            "asked_already", "A person has been asked about its end in QuickBooks already.", silent=True
        )


def _plan_in_step(link: RecordLink, image: dict[str, Any], run: SyncRun) -> Plan:
    """A payment, an e-mail, a new status: no field of ours has changed, and QuickBooks need not be asked."""
    noted = link.written.get("line_ids", {})
    written = {name: value for name, value in link.written.items() if name != "changed_at"}
    if noted:
        written["line_ids"] = pairs_now(link.coperniq_snapshot["lines"], image["lines"], noted)
    return Plan.of(
        link,
        run.record_name,
        coperniq_snapshot=image,
        amount_cents=image["total"],
        written=written,
        sentence=f"Invoice {link.display_number} is in step with Coperniq already.",
        ending={"silent": image == link.coperniq_snapshot},
    )
