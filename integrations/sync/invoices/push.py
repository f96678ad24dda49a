"""Coperniq invoice to QuickBooks invoice: created once, then kept in step."""

from __future__ import annotations

from contextlib import nullcontext
from zoneinfo import ZoneInfo

from django.db import transaction

from integrations.coperniq.money import CoperniqInvoice
from integrations.errors import (
    BooksClosed,
    InactiveReference,
    InvalidCustomer,
    NeedsDecision,
    NumberTaken,
    RecordMissing,
    Skipped,
    UnexpectedShape,
)
from integrations.models import (
    ItemlessLines,
    Kind,
    PolledInvoice,
    PushFrom,
    RecordLink,
    SyncRun,
    SyncSettings,
)
from integrations.sync.customers.merge_detection import wait_if_refused
from integrations.sync.engine.choices import CREATE_AGAIN, DISCARD, RETRY
from integrations.sync.engine.context import SyncContext
from integrations.sync.engine.continuity import find_or_recover_link
from integrations.sync.engine.lookups import forget_lookup, read_preferences
from integrations.sync.engine.plan import Plan, RunResult
from integrations.sync.engine.replan import execute_or_refresh, refresh_nothing
from integrations.sync.invoices.eligibility import (
    SEND_ANYWAY,
    is_before_cutoff,
    refuse_pulled_copy,
    refuse_while_off,
)
from integrations.sync.invoices.mapping import INVOICE_FIELDS, coperniq_invoice_snapshot
from integrations.sync.invoices.merge import open_questions
from integrations.sync.invoices.push_create import plan_invoice_create
from integrations.sync.invoices.push_update import plan_invoice_update
from integrations.sync.invoices.push_void import DECLINED
from integrations.sync.items.push import itemless_lines_policy

_INVOICE_MISSING = "invoice_missing"


def plan(ctx: SyncContext, run: SyncRun) -> Plan:
    settings = ctx.settings
    if not settings.invoice_sync:
        PolledInvoice.forget(run.company_id, run.coperniq_id)
    refuse_while_off(settings)
    link = find_or_recover_link(ctx, run)
    invoice = read_invoice(ctx, run, link)
    is_pulled = link is not None and link.match_method == RecordLink.MatchMethod.PULLED
    run.record_name = link.coperniq_name if link is not None and is_pulled else _invoice_name(invoice)
    run.coperniq_account_id = invoice.account_id
    image = coperniq_invoice_snapshot(invoice, ZoneInfo(ctx.connection.company.time_zone))
    ended = end_of_invoice(settings, invoice)
    if link is not None and (ended is not None or not run.has_taken(CREATE_AGAIN)):
        return plan_invoice_update(ctx, run, invoice, link, image, ended)
    if link is None:
        refuse_pulled_copy(ctx, run, Kind.INVOICE, invoice.description)
        _refuse_ineligible(ctx, run, invoice, settings)
    return plan_invoice_create(ctx, run, invoice, image)


def apply(ctx: SyncContext, run: SyncRun, planned: Plan) -> RunResult:
    """Whether QuickBooks keeps lines without an item is learnt from one invoice; the others wait for that."""
    remedies = {
        NumberTaken: refresh_nothing,
        InactiveReference: forget_lookup,
        BooksClosed: read_preferences,
    }
    learning = planned.learns and itemless_lines_policy(ctx) == ItemlessLines.UNKNOWN
    with ctx.locked("learning") if learning else nullcontext():
        if learning:
            planned = plan(ctx, run)
        try:
            return execute_or_refresh(ctx, run, planned, plan, remedies)
        except (InactiveReference, InvalidCustomer):
            wait_if_refused(ctx, planned, "CustomerRef.value")
            raise


def _invoice_name(invoice: CoperniqInvoice) -> str:
    return f"Invoice {invoice.number}" if invoice.number else f"Invoice with id {invoice.id}"


def read_invoice(ctx: SyncContext, run: SyncRun, link: RecordLink | None) -> CoperniqInvoice:
    try:
        return ctx.coperniq.read_invoice(run.coperniq_id)
    except UnexpectedShape as error:
        run.record_name = link.coperniq_name if link is not None else f"Invoice with id {run.coperniq_id}"
        raise NeedsDecision(
            "odd_invoice",
            f"Coperniq shows this invoice in a way the portal does not understand, perhaps with a fraction of a cent: "
            f"there is no {error.wanted} at {error.path}. Correct it in Coperniq, then try again.",
            [RETRY, DISCARD],
        ) from error
    except RecordMissing as error:
        if link is None:
            raise Skipped(
                "invoice_gone", "It is not in Coperniq any more, and never was in QuickBooks.", silent=True
            ) from error
        run.record_name = link.coperniq_name
        _skip_if_asked(ctx, run, link)
        raise NeedsDecision(
            _INVOICE_MISSING,
            f"Coperniq does not show invoice {link.display_number} any more; QuickBooks still has it. Restore it, or "
            "give the API key's user access to it, then try again. If it was deleted on purpose, void it in QuickBooks "
            "by hand.",
            [RETRY, DISCARD],
        ) from error


def _skip_if_asked(ctx: SyncContext, run: SyncRun, link: RecordLink) -> None:
    """One card is enough; whoever answers it goes on with both sides."""
    if not open_questions(ctx, run, (_INVOICE_MISSING,)).exists():
        return
    link.written["unsettled"] = list(INVOICE_FIELDS)
    with transaction.atomic():
        ctx.lease.assert_owned()
        RecordLink.objects.filter(pk=link.pk).update(written=link.written)
    raise Skipped("asked_already", "A person has been asked about this already.", silent=True)


def end_of_invoice(settings: SyncSettings, invoice: CoperniqInvoice) -> str | None:
    """What becomes of the QuickBooks invoice; None while Coperniq's is in use."""
    if invoice.status == DECLINED:
        return settings.on_declined
    return settings.on_archived if invoice.is_archived else None


def _refuse_ineligible(
    ctx: SyncContext, run: SyncRun, invoice: CoperniqInvoice, settings: SyncSettings
) -> None:
    name = _invoice_name(invoice)
    if invoice.status == DECLINED or invoice.is_archived:
        what = "declined" if invoice.status == DECLINED else "archived"
        raise Skipped("ended_before_push", f"{name} is {what} in Coperniq and never was in QuickBooks.")
    if run.decisions:
        return  # whoever has answered anything about it wants it sent
    if is_before_cutoff(ctx, invoice.created_at, -ctx.coperniq.clock_behind):
        raise Skipped(
            "before_cut_off",
            f"{name} was made before invoice syncing was switched on. Send it anyway if it belongs into QuickBooks.",
            [SEND_ANYWAY],
        )
    if settings.push_from == PushFrom.SENT and invoice.status == "DRAFT":
        raise Skipped(
            "still_a_draft",
            f"{name} is still a draft. It goes to QuickBooks, which has no drafts, once it is sent.",
            [SEND_ANYWAY],
        )
