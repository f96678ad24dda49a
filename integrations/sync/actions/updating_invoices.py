"""A linked invoice: what changed in Coperniq since the last sync, and nothing else, goes to QuickBooks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from integrations.coperniq.money import Invoice
from integrations.errors import Hold, RecordMissing
from integrations.models import RecordLink, SyncRun
from integrations.quickbooks.documents import Invoice as QuickBooksInvoice
from integrations.sync.actions import ending_invoices
from integrations.sync.actions.closing import refuse_closed
from integrations.sync.actions.conflicts import Resolved, resolve
from integrations.sync.actions.invoice_fields import Fields
from integrations.sync.actions.names import CREATE, DISCARD, RETRY
from integrations.sync.desk import Desk
from integrations.sync.mapping.invoices import FIELDS, quickbooks_image
from integrations.sync.plans import Plan, PlannedWrite


def plan(
    desk: Desk, run: SyncRun, invoice: Invoice, link: RecordLink, image: dict[str, Any], ended: str
) -> Plan:
    refuse_moved(invoice, link)
    if ended or is_ended(link):
        return ending_invoices.plan(desk, run, link, image, ended)
    changed = changed_fields(link, image)
    if not changed and not run.decision:
        return in_step(link, image, run)
    current = read_current(desk, link)
    resolved = resolve(desk, run, link, current, Fields(desk, run, invoice, link, image, current), changed)
    return update_plan(desk, run, link, image, current, resolved)


def changed_fields(link: RecordLink, image: Mapping[str, Any]) -> list[str]:
    """Compared with what Coperniq itself answered last; a repair writes the lines again."""
    before = link.coperniq_image
    return [
        field
        for field in FIELDS
        if image[field] != before.get(field) or (field == "lines" and link.written.get("repair"))
    ]


def is_ended(link: RecordLink) -> bool:
    return bool(link.quickbooks_image.get("deleted") or link.written.get("ended"))


def refuse_moved(invoice: Invoice, link: RecordLink) -> None:
    before = (link.coperniq_image.get("record_id"), link.coperniq_image.get("account_id"))
    if before not in ((None, None), (invoice.record_id, invoice.account_id)):
        raise Hold(
            "invoice_moved",
            f"Invoice {link.number} was moved to another project or account in Coperniq. In QuickBooks it stays where "
            "it is: move it there by hand if it should follow.",
            [RETRY, DISCARD],
        )


def read_current(desk: Desk, link: RecordLink) -> QuickBooksInvoice:
    try:
        current = desk.quickbooks.read_invoice(link.quickbooks_id)
    except RecordMissing as error:
        raise Hold(
            "quickbooks_invoice_missing",
            f"QuickBooks does not have invoice {link.number} any more: somebody deleted it there. Create it again, "
            "or leave it deleted.",
            [CREATE, RETRY, DISCARD],
        ) from error
    if current.is_voided:
        raise Hold(
            "quickbooks_invoice_voided",
            f"Invoice {link.number} is voided in QuickBooks, so the change in Coperniq has nowhere to go. Decline it "
            "in Coperniq too, or create it again.",
            [CREATE, RETRY, DISCARD],
        )
    return current


def in_step(link: RecordLink, image: dict[str, Any], run: SyncRun) -> Plan:
    """A payment, an e-mail, a new status: no field of ours has changed, and QuickBooks need not be asked."""
    return Plan(
        record_name=run.record_name,
        rule=link.rule,
        quickbooks_id=link.quickbooks_id,
        quickbooks_name=link.quickbooks_name,
        quickbooks_version=link.quickbooks_version,
        quickbooks_image=link.quickbooks_image,
        coperniq_image=image,
        number=link.number,
        amount_cents=image["total"],
        sentence=f"Invoice {link.number} is in step with Coperniq already.",
        ending={"silent": True},
    )


def update_plan(
    desk: Desk,
    run: SyncRun,
    link: RecordLink,
    image: dict[str, Any],
    current: QuickBooksInvoice,
    resolved: Resolved,
) -> Plan:
    write = None
    if resolved.values:
        refuse_closed(desk, current.on)
        write = PlannedWrite(
            "update", "Invoice", resolved.values, tuple(resolved.changes), current.id, current.sync_token
        )
    sentence = f"Invoice {link.number} is in step with Coperniq already."
    return Plan(
        record_name=run.record_name,
        rule=link.rule,
        write=write,
        quickbooks_id=current.id,
        quickbooks_name=link.quickbooks_name,
        quickbooks_version=current.sync_token,
        quickbooks_image=quickbooks_image(current, desk.settings.memo_field),
        coperniq_image=image,
        number=current.number,
        amount_cents=image["total"],
        warnings=tuple(resolved.warnings),
        written={**link.written, **resolved.written},
        learns="lines" in resolved.fields,
        other_links=tuple(resolved.matches),
        sentence=sentence,
        ending={"choices": resolved.choices, "changes": resolved.changes if write is None else ()},
    )
