"""Whose an invoice is: the job of its project, else the customer of its account."""

from __future__ import annotations

from integrations.coperniq.money import Invoice
from integrations.errors import Hold, RecordMissing, Wait
from integrations.models import Kind, RecordLink
from integrations.sync.actions.names import DISCARD, RETRY
from integrations.sync.desk import Desk


def customer_of(desk: Desk, invoice: Invoice) -> str:
    """`record` has no type in Coperniq: the account itself if it has the account's id, else a project of it."""
    if invoice.record_id in ("", invoice.account_id):
        return customer_of_account(desk, invoice)
    link = RecordLink.objects.pushed(desk.connection, Kind.JOB, invoice.record_id)
    if link is not None and link.coperniq_account_id == invoice.account_id:
        return str(link.quickbooks_id)
    phase = phase_to_enter(desk, invoice)
    if link is not None:
        return str(link.quickbooks_id)
    raise Wait(
        "waits_for_job",
        f"Waiting for the job of “{invoice.record_title or invoice.record_id}”: it is made when the project {phase}.",
        kind=Kind.JOB,
        coperniq_id=invoice.record_id,
    )


def customer_of_account(desk: Desk, invoice: Invoice) -> str:
    if not invoice.account_id:
        raise Hold(
            "invoice_without_account",
            "This invoice belongs to no account in Coperniq, so there is no customer for it. Give it one, "
            "then try again.",
            [RETRY, DISCARD],
        )
    link = RecordLink.objects.pushed(desk.connection, Kind.CUSTOMER, invoice.account_id)
    if link is not None:
        return str(link.quickbooks_id)
    raise Wait(
        "waits_for_customer",
        f"Waiting for the customer of “{invoice.account_title or invoice.account_id}”: it is made when one of its "
        "projects enters a trigger phase.",
        kind=Kind.CUSTOMER,
        coperniq_id=invoice.account_id,
    )


def phase_to_enter(desk: Desk, invoice: Invoice) -> str:
    """Which phase the project has to enter. Reads the project, and refuses one of another account."""
    try:
        project = desk.coperniq.read_project(invoice.record_id)
    except RecordMissing as error:
        raise Hold(
            "project_missing",
            f"Coperniq does not show “{invoice.record_title or invoice.record_id}”, on which this invoice was raised. "
            "Restore it, or give the API key's user access to it, then try again.",
            [RETRY, DISCARD],
        ) from error
    if project.account_id and invoice.account_id and project.account_id != invoice.account_id:
        raise Hold(
            "account_mismatch",
            f"This invoice belongs to “{invoice.account_title}”, but its project “{project.title}” is of another "
            "account. Correct one of them in Coperniq, then try again.",
            [RETRY, DISCARD],
        )
    trigger = desk.connection.triggers.filter(workflow_id=project.workflow_id).first()
    return f"enters {trigger.phase_name}" if trigger else "enters a trigger phase; its workflow has none yet"
