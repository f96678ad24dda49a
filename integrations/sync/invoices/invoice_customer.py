"""Whose invoice it is in QuickBooks: the project's job, else the account's customer; and what it waits for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from django.db.models import Q

from integrations.coperniq.money import CoperniqInvoice
from integrations.coperniq.records import Project
from integrations.errors import BlockedBy, Choice, NeedsDecision, RecordMissing
from integrations.messages import Message
from integrations.messages.choices import ChoiceLabel
from integrations.messages.invoices_push import InvoicePushMessage
from integrations.models import (
    Action,
    CustomersOn,
    Kind,
    PhaseEntry,
    PhaseTrigger,
    Question,
    SyncRun,
)
from integrations.sync.customers.customer_family import CustomerFamily, family_of
from integrations.sync.customers.phase_order import is_later
from integrations.sync.customers.phase_trigger import started_after
from integrations.sync.engine.choices import DISCARD, RETRY
from integrations.sync.engine.context import SyncContext
from integrations.sync.engine.follow_ups import RequestedRun

_PUSH_JOB_NOW = Choice("push_now", ChoiceLabel.SEND_CUSTOMER_AND_JOB_NOW(), Question.PUSH_NOW)
_PUSH_CUSTOMER_NOW = Choice("push_now", ChoiceLabel.SEND_CUSTOMER_NOW(), Question.PUSH_NOW)


def customer_of_invoice(ctx: SyncContext, run: SyncRun, invoice: CoperniqInvoice) -> CustomerFamily:
    """With the QuickBooks id of the customer, or of the job if the invoice belongs to a project.

    `record` has no type in Coperniq: it is the account if it has the account's id, else a project of the account. Where
    customers come with invoices, that of a project without a job belongs to the customer.
    Raises BlockedBy while there is no such customer or job, NeedsDecision if none will come by itself.
    """
    family = family_of(ctx.connection, invoice.account_id, project_id=invoice.record_id)
    return replace(family, invoice_customer=_customer_id(ctx, run, invoice, family))


def _customer_id(ctx: SyncContext, run: SyncRun, invoice: CoperniqInvoice, family: CustomerFamily) -> str:
    if invoice.record_id in ("", invoice.account_id):
        return _customer_of_account(ctx, run, invoice, family)
    link = family.link_of(Kind.JOB, invoice.record_id)
    if link is not None and link.coperniq_account_id == invoice.account_id:
        return str(link.quickbooks_id)
    project = _read_project(ctx, invoice)
    if link is not None:
        return str(link.quickbooks_id)
    if ctx.settings.customers_on == CustomersOn.INVOICE and not _is_open(
        ctx, Q(action=Action.PUSH_JOB, coperniq_id=project.id)
    ):
        return _customer_of_account(ctx, run, invoice, family)
    raise _why_no_job(ctx, run, project, invoice.record_title or invoice.record_id)


def _customer_of_account(
    ctx: SyncContext, run: SyncRun, invoice: CoperniqInvoice, family: CustomerFamily
) -> str:
    account_id = invoice.account_id
    if not account_id:
        raise NeedsDecision(InvoicePushMessage.WITHOUT_ACCOUNT(), [RETRY, DISCARD])
    link = family.link_of(Kind.CUSTOMER, account_id)
    if link is not None:
        return str(link.quickbooks_id)
    name = invoice.account_title or account_id
    if run.has_taken(_PUSH_CUSTOMER_NOW) or ctx.settings.customers_on == CustomersOn.INVOICE:
        preview = ctx.connection.triggers.filter(preview=True).exists()
        _request_push(ctx, Action.PUSH_CUSTOMER, account_id, account_id, preview=preview)
        message = InvoicePushMessage.WAITS_FOR_PUSH(what="the customer", name=name)
        raise BlockedBy(message, kind=Kind.CUSTOMER, coperniq_id=account_id)
    message = InvoicePushMessage.WAITS_FOR_CUSTOMER(account=name)
    raise BlockedBy(message, [_PUSH_CUSTOMER_NOW], kind=Kind.CUSTOMER, coperniq_id=account_id)


def _read_project(ctx: SyncContext, invoice: CoperniqInvoice) -> Project:
    """Raises NeedsDecision if the project is missing in Coperniq or belongs to another account than the invoice."""
    try:
        project = ctx.coperniq.read_project(invoice.record_id)
    except RecordMissing as error:
        message = InvoicePushMessage.PROJECT_MISSING(project=invoice.record_title or invoice.record_id)
        raise NeedsDecision(message, [RETRY, DISCARD]) from error
    if project.account_id and invoice.account_id and project.account_id != invoice.account_id:
        message = InvoicePushMessage.ACCOUNT_MISMATCH(account=invoice.account_title, project=project.title)
        raise NeedsDecision(message, [RETRY, DISCARD])
    return project


def _why_no_job(ctx: SyncContext, run: SyncRun, project: Project, name: str) -> BlockedBy | NeedsDecision:
    """BlockedBy while the job will come by itself or there is no trigger yet, else NeedsDecision."""
    trigger = ctx.connection.triggers.filter(workflow_id=project.workflow_id).first()

    def blocked(message: Message, choices: Sequence[Choice] = ()) -> BlockedBy:
        return BlockedBy(message, choices, kind=Kind.JOB, coperniq_id=project.id)

    pushed = InvoicePushMessage.WAITS_FOR_PUSH(what="the job", name=name)
    if run.has_taken(_PUSH_JOB_NOW):
        preview = trigger.preview if trigger else ctx.connection.triggers.filter(preview=True).exists()
        _request_push(ctx, Action.PUSH_CUSTOMER, project.account_id, project.account_id, preview=preview)
        _request_push(ctx, Action.PUSH_JOB, project.id, project.account_id, preview=preview)
        return blocked(pushed)
    if _is_open(ctx, Q(action=Action.PUSH_JOB, coperniq_id=project.id)):
        return blocked(pushed)
    if trigger is None:
        return blocked(InvoicePushMessage.WAITS_FOR_TRIGGER_PHASE(project=name), [_PUSH_JOB_NOW])
    phase = trigger.phase_name or "its trigger phase"
    started = [row for row in project.phase_instances if row.template_id == trigger.phase_template_id]
    entered_at = max((row.started_at for row in started if row.started_at is not None), default=None)
    if entered_at is None:
        current = _later_phase(ctx, project, trigger)
        if not current:
            return blocked(InvoicePushMessage.WAITS_FOR_JOB(project=name, phase=phase))
        question = InvoicePushMessage.PHASE_PASSED(project=name, phase=phase, current=current)
    elif not any(started_after(trigger, row, ctx.coperniq.clock_behind) for row in started):
        question = InvoicePushMessage.ENTERED_BEFORE(project=name, phase=phase, on=entered_at)
    elif _was_left_out(ctx, project, entered_at):
        question = InvoicePushMessage.JOB_LEFT_OUT(project=name, phase=phase, on=entered_at)
    else:
        return blocked(pushed)
    return NeedsDecision(question, [_PUSH_JOB_NOW, RETRY, DISCARD], waits_for=(Kind.JOB, project.id))


def _request_push(
    ctx: SyncContext, action: Action, coperniq_id: str, account_id: str, *, preview: bool
) -> None:
    if coperniq_id:
        push = SyncRun.of(
            ctx.connection, action, coperniq_id=coperniq_id, coperniq_account_id=account_id, preview=preview
        )
        if not SyncRun.objects.open().of_record(push).exists():
            ctx.follow_ups.append(RequestedRun(push))


def _is_open(ctx: SyncContext, runs: Q) -> bool:
    return SyncRun.objects.open().filter(runs, connection=ctx.connection).exists()


def _was_left_out(ctx: SyncContext, project: Project, entered_at: datetime) -> bool:
    """The entry was acted upon, and nothing of that is left to be done."""
    entries = PhaseEntry.objects.filter(connection=ctx.connection, project_id=project.id)
    unfinished = Q(action=Action.NOTICE_ENTRY, coperniq_id=project.id)
    unfinished |= Q(action=Action.PUSH_CUSTOMER, coperniq_id=project.account_id)
    return entries.filter(started_at=entered_at).exists() and not _is_open(ctx, unfinished)


def _later_phase(ctx: SyncContext, project: Project, trigger: PhaseTrigger) -> str:
    """The name of the project's phase if that comes after the trigger phase in its workflow, else ""."""
    phase = project.phase
    if phase is None or not is_later(ctx.connection.company.coperniq, trigger, phase):
        return ""
    return phase.name or "a later phase"
