"""A linked invoice: what changed in Coperniq since the last sync, and nothing else, goes to QuickBooks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from integrations.coperniq.money import Invoice
from integrations.errors import Choice, Hold, RecordMissing, Skip
from integrations.models import OnEnded, Owner, Question, RecordLink, SyncRun
from integrations.quickbooks.documents import Invoice as QuickBooksInvoice
from integrations.sync.actions import ending_invoices, reconciling
from integrations.sync.actions.conflicts import decided_side
from integrations.sync.actions.invoice_fields import is_changed
from integrations.sync.actions.names import CREATE_AGAIN, DISCARD, RETRY
from integrations.sync.actions.strangers import meet_move
from integrations.sync.desk import Desk
from integrations.sync.mapping.invoices import FIELDS
from integrations.sync.mapping.line_updates import pairs_now
from integrations.sync.plans import Plan

ENDED_CAUSES = ("quickbooks_invoice_missing", "quickbooks_invoice_voided")
"""What is asked when a change in Coperniq meets an end in QuickBooks that nobody has told of."""
TOLD_CAUSES = ("quickbooks_invoice_deleted", "quickbooks_invoice_voided", "ended_but_paid")
STAY = Choice("go_on", "Go on with it where it is in QuickBooks", Question.MOVED_IN_COPERNIQ)


def plan(
    desk: Desk, run: SyncRun, invoice: Invoice, link: RecordLink, image: dict[str, Any], ended: str | None
) -> Plan:
    """`ended`: what is to become of it in QuickBooks, None while Coperniq's is in use."""
    image = refuse_moved(run, link, image)
    if link.written.get("ended") or ended in (OnEnded.VOID, OnEnded.DELETE):
        return ending_invoices.plan(desk, run, link, image, ended)
    if not (is_edited(link, image) or decided_side(run) or is_unsettled(link)):
        return in_step(link, image, run)
    current = read_current(desk, run, link)
    meet_move(desk, link, current.customer_id)
    return reconciling.plan(desk, run, invoice, link, image, current)


def is_edited(link: RecordLink, image: Mapping[str, Any]) -> bool:
    """In Coperniq, in a field that is kept in step."""
    return any(is_changed(link, image, field) for field in FIELDS)


def is_unsettled(link: RecordLink) -> bool:
    """QuickBooks is known to have changed, and Coperniq has not got it yet."""
    noted = link.written.get("changed_at", {})
    return bool(link.written.get("unsettled") or noted.get(Owner.QUICKBOOKS.value))


def refuse_moved(run: SyncRun, link: RecordLink, image: dict[str, Any]) -> dict[str, Any]:
    """An invoice whose project is gone has not been moved: it belongs where it did."""
    before = {name: link.coperniq_image.get(name) for name in ("record_id", "account_id")}
    if not image["record_id"] and before["record_id"]:
        run.coperniq_account_id = link.coperniq_account_id
        return {**image, **before}
    known = before["record_id"] is not None or before["account_id"] is not None
    is_moved = known and any(image[name] != value for name, value in before.items())
    if is_moved and not run.has_taken(STAY):
        raise Hold(
            "invoice_moved",
            f"Invoice {link.told_number} was moved to another project or account in Coperniq. In QuickBooks it stays "
            "where it is: move it there by hand if it should follow, then let the portal go on with it as it stands "
            "there.",
            [STAY, RETRY, DISCARD],
        )
    return image


def read_current(desk: Desk, run: SyncRun, link: RecordLink) -> QuickBooksInvoice:
    try:
        current = desk.quickbooks.read_invoice(link.quickbooks_id)
    except RecordMissing as error:
        refuse_asked_already(desk, run)
        raise Hold(
            "quickbooks_invoice_missing",
            f"QuickBooks does not have invoice {link.told_number} any more: somebody deleted it there. Create it again, "
            "or leave it deleted.",
            [CREATE_AGAIN, RETRY, DISCARD],
        ) from error
    if current.is_voided:
        refuse_asked_already(desk, run)
        raise Hold(
            "quickbooks_invoice_voided",
            f"Invoice {link.told_number} is voided in QuickBooks, so the change in Coperniq has nowhere to go. Decline "
            "it in Coperniq too, or create it again.",
            [CREATE_AGAIN, RETRY, DISCARD],
        )
    return current


def refuse_asked_already(desk: Desk, run: SyncRun) -> None:
    """One card is enough, and the one of whoever noticed the end itself can end Coperniq's invoice, too."""
    if reconciling.open_cards(desk, run, TOLD_CAUSES).exists():
        raise Skip(
            "asked_already", "A person has been asked about its end in QuickBooks already.", silent=True
        )


def in_step(link: RecordLink, image: dict[str, Any], run: SyncRun) -> Plan:
    """A payment, an e-mail, a new status: no field of ours has changed, and QuickBooks need not be asked."""
    noted = link.written.get("line_ids", {})
    written = {name: value for name, value in link.written.items() if name != "changed_at"}
    if noted:
        written["line_ids"] = pairs_now(link.coperniq_image["lines"], image["lines"], noted)
    return Plan.of(
        link,
        run.record_name,
        coperniq_image=image,
        amount_cents=image["total"],
        written=written,
        sentence=f"Invoice {link.told_number} is in step with Coperniq already.",
        ending={"silent": image == link.coperniq_image},
    )
