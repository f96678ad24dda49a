"""Coperniq invoice → QuickBooks invoice: created once, then kept up with what changes in Coperniq."""

from __future__ import annotations

from contextlib import nullcontext
from zoneinfo import ZoneInfo

from django.db import transaction

from integrations.coperniq.money import Invoice
from integrations.errors import (
    BooksClosed,
    Choice,
    Hold,
    InactiveReference,
    InvalidCustomer,
    NumberTaken,
    RecordMissing,
    Skip,
    UnexpectedShape,
)
from integrations.models import (
    ItemlessLines,
    Kind,
    PushFrom,
    Question,
    RecordLink,
    SeenInvoice,
    SyncRun,
    SyncSettings,
)
from integrations.sync import reference
from integrations.sync.actions import (
    brought_over,
    catching_up,
    creating_invoices,
    items,
    reconciling,
    updating_invoices,
)
from integrations.sync.actions.cut_off import is_older
from integrations.sync.actions.ending_invoices import DECLINED
from integrations.sync.actions.insisting import insist_otherwise, nothing_to_mend
from integrations.sync.actions.merges import wait_if_refused
from integrations.sync.actions.names import CREATE_AGAIN, DISCARD, RETRY
from integrations.sync.desk import Desk
from integrations.sync.endings import Ending
from integrations.sync.mapping.invoices import FIELDS, coperniq_image
from integrations.sync.plans import Plan

MISSING = "invoice_missing"
SEND_ANYWAY = Choice("send_anyway", "Send it anyway", Question.INELIGIBLE)


def plan(desk: Desk, run: SyncRun) -> Plan:
    settings = desk.settings
    if not settings.invoice_sync:
        SeenInvoice.forget(run.company_id, run.coperniq_id)
    refuse_while_off(settings)
    link = catching_up.link_of(desk, run)
    invoice = read_invoice(desk, run, link)
    is_pulled = link is not None and link.rule == RecordLink.Rule.PULLED
    run.record_name = link.coperniq_name if link is not None and is_pulled else name_of(invoice)
    run.coperniq_account_id = invoice.account_id
    image = coperniq_image(invoice, ZoneInfo(desk.connection.company.time_zone))
    ended = what_becomes(settings, invoice)
    if link is not None and (ended is not None or not run.has_taken(CREATE_AGAIN)):
        return updating_invoices.plan(desk, run, invoice, link, image, ended)
    if link is None:
        brought_over.refuse_theirs(desk, run, Kind.INVOICE, invoice.description)
        refuse_ineligible(desk, run, invoice, settings)
    return creating_invoices.plan(desk, run, invoice, image)


def apply(desk: Desk, run: SyncRun, planned: Plan) -> Ending:
    """Whether QuickBooks keeps lines without an item is learnt from one invoice; the others wait for that."""
    remedies = {
        NumberTaken: nothing_to_mend,
        InactiveReference: reference.forget,
        BooksClosed: reference.read_preferences,
    }
    learning = planned.learns and items.what_is_known(desk) == ItemlessLines.UNKNOWN
    with desk.locked("learning") if learning else nullcontext():
        if learning:
            planned = plan(desk, run)
        try:
            return insist_otherwise(desk, run, planned, plan, remedies)
        except (InactiveReference, InvalidCustomer):
            wait_if_refused(desk, run, planned, "CustomerRef.value")
            raise


def name_of(invoice: Invoice) -> str:
    return f"Invoice {invoice.number}" if invoice.number else f"Invoice with id {invoice.id}"


def refuse_while_off(settings: SyncSettings) -> None:
    if not settings.invoice_sync:
        raise Skip(
            "invoice_sync_off",
            "Invoice and payment syncing is off. Once it is on again, changes of linked invoices are made up for.",
        )


def read_invoice(desk: Desk, run: SyncRun, link: RecordLink | None) -> Invoice:
    try:
        return desk.coperniq.read_invoice(run.coperniq_id)
    except UnexpectedShape as error:
        run.record_name = link.coperniq_name if link is not None else f"Invoice with id {run.coperniq_id}"
        raise Hold(
            "odd_invoice",
            f"Coperniq shows this invoice in a way the portal does not understand, perhaps with a fraction of a cent: "
            f"there is no {error.wanted} at {error.path}. Correct it in Coperniq, then try again.",
            [RETRY, DISCARD],
        ) from error
    except RecordMissing as error:
        if link is None:
            raise Skip(
                "invoice_gone", "It is not in Coperniq any more, and never was in QuickBooks.", silent=True
            ) from error
        run.record_name = link.coperniq_name
        refuse_asked_already(desk, run, link)
        raise Hold(
            MISSING,
            f"Coperniq does not show invoice {link.told_number} any more; QuickBooks still has it. Restore it, or give "
            "the API key's user access to it, then try again. If it was deleted on purpose, void it in QuickBooks "
            "by hand.",
            [RETRY, DISCARD],
        ) from error


def refuse_asked_already(desk: Desk, run: SyncRun, link: RecordLink) -> None:
    """One card is enough; whoever answers it goes on with both sides."""
    if not reconciling.open_cards(desk, run, (MISSING,)).exists():
        return
    link.written["unsettled"] = list(FIELDS)
    with transaction.atomic():
        desk.lane.hold_fast()
        RecordLink.objects.filter(pk=link.pk).update(written=link.written)
    raise Skip("asked_already", "A person has been asked about this already.", silent=True)


def what_becomes(settings: SyncSettings, invoice: Invoice) -> str | None:
    """What becomes of the QuickBooks invoice; None while Coperniq's is in use."""
    if invoice.status == DECLINED:
        return settings.on_declined
    return settings.on_archived if invoice.is_archived else None


def refuse_ineligible(desk: Desk, run: SyncRun, invoice: Invoice, settings: SyncSettings) -> None:
    name = name_of(invoice)
    if invoice.status == DECLINED or invoice.is_archived:
        what = "declined" if invoice.status == DECLINED else "archived"
        raise Skip("ended_before_push", f"{name} is {what} in Coperniq and never was in QuickBooks.")
    if run.decisions:
        return  # whoever has answered anything about it wants it sent
    if is_older(desk, invoice.created_at, -desk.coperniq.clock_behind):
        raise Skip(
            "before_cut_off",
            f"{name} was made before invoice syncing was switched on. Send it anyway if it belongs into QuickBooks.",
            [SEND_ANYWAY],
        )
    if settings.push_from == PushFrom.SENT and invoice.status == "DRAFT":
        raise Skip(
            "still_a_draft",
            f"{name} is still a draft. It goes to QuickBooks, which has no drafts, once it is sent.",
            [SEND_ANYWAY],
        )
