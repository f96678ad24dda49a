"""Coperniq account → QuickBooks customer: follow the link, else find the counterpart or create it."""

from __future__ import annotations

from dataclasses import replace

from integrations.coperniq.records import Account
from integrations.errors import HasBalance, Hold, NameTaken, RecordMissing
from integrations.models import MatchingStrategy, Question, RecordLink, SyncRun
from integrations.quickbooks.records import Customer
from integrations.sync.actions.counterparts import inactive, plan_unlinked, revival
from integrations.sync.actions.fields import Changes, active_change, changes_to, strategy_for, update_plan
from integrations.sync.actions.insisting import insist
from integrations.sync.actions.merges import wait_if_merged
from integrations.sync.actions.names import (
    ARCHIVED_TOO,
    DISCARD,
    RENAME_WITH_SUFFIX,
    RETRY,
    WITH_SUFFIX,
    first_free_name,
)
from integrations.sync.actions.refusals import was_kept_active, was_kept_inactive
from integrations.sync.desk import Desk
from integrations.sync.endings import Ending
from integrations.sync.mapping.people import Wanted, customer_values, primary_contact_id, sources
from integrations.sync.plans import Plan


def plan(desk: Desk, run: SyncRun) -> Plan:
    account = read_account(desk, run)
    wanted = read_wanted(desk, account)
    run.record_name = wanted.name or run.record_name  # so that a hold can name it
    link = RecordLink.objects.pushed(desk.connection, "customer", account.id)
    if link is not None:
        return plan_linked(desk, run, account, wanted, link)
    refuse_unpushable(run, account, wanted)
    return plan_unlinked(desk, run, account, wanted)


def without_deactivation(planned: Plan) -> Plan:
    """QuickBooks keeps a customer with a balance active; the rest of the update is none the worse for it."""
    write = planned.write
    if write is None or write.values.get("Active") is not False:
        return planned
    values = {path: value for path, value in write.values.items() if path != "Active"}
    changes = tuple(change for change in write.changes if change.field != "Active")
    remaining = replace(write, values=values, changes=changes) if values else None
    warning = HasBalance(vendor="quickbooks").sentence
    return replace(planned, write=remaining, warnings=(*planned.warnings, warning))


def apply(desk: Desk, run: SyncRun, planned: Plan) -> Ending:
    numbered = run.has_taken(WITH_SUFFIX)
    try:
        return insist(desk, run, planned, plan, (HasBalance, NameTaken) if numbered else (HasBalance,))
    except NameTaken as error:
        values = planned.write.values if planned.write else {}
        name = values.get("DisplayName", planned.record_name)
        linked = RecordLink.objects.pushed(desk.connection, "customer", run.coperniq_id) is not None
        raise Hold(
            "name_taken",
            f"QuickBooks already uses the name “{name}” for another customer, vendor or employee. "
            "Names are unique there: choose another, or rename the other one and retry.",
            [RENAME_WITH_SUFFIX if linked else WITH_SUFFIX, RETRY, DISCARD],
        ) from error


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
    if not account.is_active and not run.decisions:
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
        wait_if_merged(desk, run, link.quickbooks_id)
        raise Hold(
            "customer_missing",
            f"QuickBooks does not know the linked customer “{link.quickbooks_name}” any more. "
            "Look for it in QuickBooks, then retry.",
            [RETRY, DISCARD],
        ) from error
    planned = update_plan(
        account, wanted, customer, link.rule, changes_of(desk, run, account, wanted, customer, link)
    )
    planned = replace(planned, quickbooks_part=link.quickbooks_part)
    return without_deactivation(planned) if was_kept_active(run) else planned


def changes_of(
    desk: Desk, run: SyncRun, account: Account, wanted: Wanted, customer: Customer, link: RecordLink
) -> Changes:
    strategy = strategy_for(desk, link)
    if account.is_active and not customer.is_active:
        if not may_revive(run, customer):
            wait_if_merged(desk, run, customer.id)
            raise inactive(customer)
        changes = revival(customer, wanted, link.written, strategy)
    else:
        changes = changes_to(customer, wanted, link.written, strategy)
        stays = not account.is_active and is_shared(link)
        if strategy != MatchingStrategy.SKIP and not stays:
            changes |= active_change(customer, active=account.is_active)
    return numbered(desk, run, customer, changes)


def is_shared(link: RecordLink) -> bool:
    """Another account's customer too, since a merge: that one account is archived does not make it inactive."""
    same = RecordLink.objects.filter(connection=link.connection_id, kind=link.kind)
    return same.filter(quickbooks_id=link.quickbooks_id).exclude(pk=link.pk).exists()


def may_revive(run: SyncRun, customer: Customer) -> bool:
    """Who chose the number for its name had chosen before to make it active again."""
    chosen = run.answer_to(Question.CUSTOMER).key == f"reactivate:{customer.id}"
    return chosen or (run.has_taken(WITH_SUFFIX) and was_kept_inactive(run))


def numbered(desk: Desk, run: SyncRun, customer: Customer, changes: Changes) -> Changes:
    if not run.has_taken(WITH_SUFFIX) or "DisplayName" not in changes:
        return changes
    before, after = changes["DisplayName"]
    name = first_free_name(desk, run, after, start=2, own_id=customer.id)
    return changes | {"DisplayName": (before, name)}
