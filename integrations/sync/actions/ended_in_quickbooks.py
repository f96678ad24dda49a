"""A linked invoice that people voided or deleted in QuickBooks: what becomes of Coperniq's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

from integrations.coperniq.money import Invoice
from integrations.errors import Choice, Hold, RecordMissing, Skip
from integrations.models import OnQuickBooksVoid, Question, RecordLink, SyncRun, Vendor
from integrations.quickbooks.bodies import money
from integrations.quickbooks.documents import Invoice as QuickBooksInvoice
from integrations.sync import answers
from integrations.sync.actions import reconciling
from integrations.sync.actions.ending_invoices import DECLINED
from integrations.sync.actions.names import DISCARD, RETRY
from integrations.sync.actions.updating_invoices import ENDED_CAUSES, is_edited
from integrations.sync.desk import Desk
from integrations.sync.mapping.invoices import coperniq_image, quickbooks_image
from integrations.sync.plans import Change, Plan, PlannedWrite

VOIDED, DELETED = "voided", "deleted"
QUESTIONS = {VOIDED: Question.VOIDED_IN_QUICKBOOKS, DELETED: Question.DELETED_IN_QUICKBOOKS}


def voided(desk: Desk, run: SyncRun, link: RecordLink, current: QuickBooksInvoice) -> Plan:
    if link.quickbooks_image.get("voided") and not current.is_voided and current.total_cents:
        raise filled_again(link, current)
    if link.written.get("ended") or link.quickbooks_image.get("voided"):
        return reconciling.refreshed(desk, link, run, current)
    image = quickbooks_image(current, desk.settings.memo_field)
    told = reconciling.told_of(current, image)
    return end(desk, run, link, VOIDED, told, asks=desk.settings.on_quickbooks_void == OnQuickBooksVoid.HOLD)


def filled_again(link: RecordLink, current: QuickBooksInvoice) -> Hold:
    """People have given it lines once more. Coperniq's has come to its end, and nothing would tell of the money."""
    return Hold(
        "quickbooks_invoice_filled_again",
        f"Invoice {link.told_number} was voided in QuickBooks, and comes to ${money(current.total_cents):,} there again. "
        "In Coperniq it has ended. Void it in QuickBooks and make a new one there, which comes over by itself, or "
        "leave it.",
        [RETRY, DISCARD],
    )


def deleted(desk: Desk, run: SyncRun, link: RecordLink | None) -> Plan:
    """Nothing is ever ended in Coperniq for it without a person."""
    if link is None:
        raise Skip(
            "deleted_in_quickbooks",
            "It is not in QuickBooks any more, and never was in Coperniq.",
            silent=True,
        )
    run.record_name = link.coperniq_name
    if link.written.get("ended"):
        raise Skip("deleted_in_quickbooks", "Its end is known already.", silent=True)
    told = {
        "name": link.quickbooks_name,
        "version": link.quickbooks_version,
        "at": "",
        "image": {**link.quickbooks_image, "deleted": True},
    }
    return end(desk, run, link, DELETED, told, asks=True)


def end(
    desk: Desk, run: SyncRun, link: RecordLink, because: str, told: Mapping[str, Any], *, asks: bool
) -> Plan:
    invoice = read(desk, link)
    if invoice is None or invoice.status == DECLINED:
        return known(run, link, because, told)
    image = coperniq_image(invoice, ZoneInfo(desk.connection.company.time_zone))
    reconciling.open_cards(desk, run, ENDED_CAUSES).requeue()
    refuse_paid(run, link, invoice, because)
    edited = is_edited(link, image)
    if (asks or edited) and not run.has_taken(decline(because)):
        raise ask(link, because, edited=edited)
    return Plan(
        record_name=run.record_name,
        rule=link.rule,
        quickbooks_id=link.quickbooks_id,
        write=PlannedWrite(
            "update",
            answers.COPERNIQ_INVOICE,
            {"status": DECLINED},
            (Change("Status", invoice.status, DECLINED),),
            vendor=Vendor.COPERNIQ,
            coperniq_id=invoice.id,
        ),
        coperniq_image=image,
        number=link.number,
        amount_cents=image["total"],
        written={**link.written, "ended": because},
        about={"quickbooks": told, "fields": ["status"], "because": because},
    )


def read(desk: Desk, link: RecordLink) -> Invoice | None:
    try:
        return desk.coperniq.read_invoice(link.coperniq_id)
    except RecordMissing:
        return None


def known(run: SyncRun, link: RecordLink, because: str, told: Mapping[str, Any]) -> Plan:
    return Plan.of(
        link,
        run.record_name,
        quickbooks_version=str(told["version"]),
        quickbooks_image=dict(told["image"]),
        written={**link.written, "ended": because},
        sentence=f"Invoice {link.told_number} was {because} in QuickBooks, and has come to its end in Coperniq too.",
    )


def refuse_paid(run: SyncRun, link: RecordLink, invoice: Invoice, because: str) -> None:
    """Money that Coperniq has on it would hang in the air."""
    if not invoice.paid_cents:
        return
    raise Hold(
        "ended_but_paid",
        f"Invoice {link.told_number} was {because} in QuickBooks, but Coperniq has payments of "
        f"${money(invoice.paid_cents):,} on it. Decide what becomes of the money, then try again, or leave the invoice.",
        [RETRY, DISCARD],
    )


def decline(because: str) -> Choice:
    return Choice("decline_in_coperniq", "Decline it in Coperniq too", QUESTIONS[because])


def ask(link: RecordLink, because: str, *, edited: bool) -> Hold:
    also = " It was changed in Coperniq meanwhile." if edited else ""
    return Hold(
        f"quickbooks_invoice_{because}",
        f"Invoice {link.told_number} was {because} in QuickBooks.{also} Decline it in Coperniq too, or leave it there.",
        [decline(because), RETRY, DISCARD],
    )
