"""Coperniq account → QuickBooks customer: follow the link, else find the counterpart or create it."""

from __future__ import annotations

from dataclasses import replace

from integrations.coperniq.records import Account
from integrations.errors import HasBalance, Hold, NameTaken, RecordMissing
from integrations.models import MatchingStrategy, RecordLink, SyncRun
from integrations.sync.actions.counterparts import plan_reactivation, plan_unlinked, refuse_silent_revival
from integrations.sync.actions.fields import active_change, changes_to, update_plan
from integrations.sync.actions.names import ARCHIVED_TOO, DISCARD, RETRY, WITH_SUFFIX
from integrations.sync.desk import Desk
from integrations.sync.endings import Ending
from integrations.sync.mapping import Wanted, customer_values, primary_contact_id, sources
from integrations.sync.plans import Plan, PlannedWrite
from integrations.sync.writing import carry_out


def plan(desk: Desk, run: SyncRun) -> Plan:
    account = read_account(desk, run)
    wanted = read_wanted(desk, account)
    run.record_name = wanted.name or run.record_name  # so that a hold can name it
    link = RecordLink.objects.pushed(desk.connection, "customer", account.id)
    if link is not None:
        return plan_linked(desk, run, account, wanted, link)
    refuse_unpushable(run, account, wanted)
    return plan_unlinked(desk, run, account, wanted)


def apply(desk: Desk, run: SyncRun, planned: Plan) -> Ending:
    try:
        return carry_out(desk, run, planned)
    except NameTaken as error:
        raise Hold(
            "name_taken",
            f"QuickBooks already uses the name “{planned.record_name}” for another customer, vendor or employee. "
            "Names are unique there: choose another, or rename the other one and retry.",
            [WITH_SUFFIX, RETRY, DISCARD],
        ) from error
    except HasBalance as error:
        return carry_out(desk, run, without_deactivation(planned, error.sentence))


def without_deactivation(planned: Plan, warning: str) -> Plan:
    """QuickBooks keeps a customer with a balance active; the rest of the update is none the worse for it."""
    assert planned.write is not None  # only a write can be refused
    values = {path: value for path, value in planned.write.values.items() if path != "Active"}
    changes = tuple(change for change in planned.write.changes if change.field != "Active")
    write: PlannedWrite | None = replace(planned.write, values=values, changes=changes)
    return replace(planned, write=write if values else None, warnings=(*planned.warnings, warning))


def read_account(desk: Desk, run: SyncRun) -> Account:
    try:
        return desk.coperniq.read_account(run.coperniq_id)
    except RecordMissing as error:
        raise Hold(
            "account_missing",
            f"Coperniq does not show account {run.coperniq_id} any more. "
            "Restore it, or give the API key's user access to it, then retry.",
            [RETRY, DISCARD],
        ) from error


def read_wanted(desk: Desk, account: Account) -> Wanted:
    """The contact costs a read only if there is one, the site only if the account has no street of its own."""
    contact_id = primary_contact_id(account)
    contact = desk.coperniq.read_contact(contact_id) if contact_id else None
    sites = [] if account.street or account.city else desk.coperniq.read_sites(account.id)
    found = sources(account, contact, sites[0] if sites else None)
    return customer_values(found, desk.mappings)


def refuse_unpushable(run: SyncRun, account: Account, wanted: Wanted) -> None:
    if not wanted.name:
        raise Hold(
            "account_without_name",
            f"Account {account.id} has neither a contact's name nor a title. Name it in Coperniq, then retry.",
            [RETRY, DISCARD],
        )
    if not account.is_active and not run.decision:
        raise Hold(
            "account_archived",
            f"“{wanted.name}” is archived in Coperniq. Restore it there and retry, "
            "or bring its customer to QuickBooks all the same.",
            [ARCHIVED_TOO, RETRY, DISCARD],
        )


def plan_linked(desk: Desk, run: SyncRun, account: Account, wanted: Wanted, link: RecordLink) -> Plan:
    try:
        customer = desk.quickbooks.read_customer(link.quickbooks_id)
    except RecordMissing as error:
        raise Hold(
            "customer_missing",
            f"QuickBooks does not know the linked customer “{link.quickbooks_name}” any more. "
            "Look for it in QuickBooks, then retry.",
            [RETRY, DISCARD],
        ) from error
    if not customer.is_active and account.is_active:
        refuse_silent_revival(run, customer)
        return plan_reactivation(account, wanted, customer, link.rule)
    strategy = desk.settings.matching_strategy
    changes = changes_to(customer, wanted, link.written, strategy)
    if strategy != MatchingStrategy.SKIP:
        changes |= active_change(customer, active=account.is_active)
    return update_plan(account, wanted, customer, link.rule, changes)
