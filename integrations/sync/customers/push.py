"""Push a Coperniq account: update its linked QuickBooks customer, else link a match or create a customer."""

from __future__ import annotations

from dataclasses import replace

from integrations.coperniq.records import CoperniqAccount
from integrations.errors import HasBalance, NameTaken, NeedsDecision, RecordMissing
from integrations.messages.customers import CustomerMessage
from integrations.models import Kind, MatchingStrategy, Question, RecordLink, SyncRun
from integrations.quickbooks.records import Customer
from integrations.sync.customers.fields import (
    Changes,
    active_change,
    build_customer_changes,
    plan_customer_update,
    strategy_of,
)
from integrations.sync.customers.links import missing_in_quickbooks
from integrations.sync.customers.mapping import (
    WantedCustomer,
    customer_values,
    primary_contact_id,
    source_values,
)
from integrations.sync.customers.matching import (
    inactive_customer_question,
    plan_unlinked_account,
    reactivation_changes,
)
from integrations.sync.customers.merge_detection import wait_if_merged
from integrations.sync.customers.naming import (
    PUSH_ARCHIVED,
    RENAME_WITH_SUFFIX,
    WITH_SUFFIX,
    find_free_name,
    is_name_taken,
)
from integrations.sync.engine.choices import DISCARD, RETRY
from integrations.sync.engine.context import SyncContext
from integrations.sync.engine.plan import Plan, RunResult
from integrations.sync.engine.refused_writes import was_kept_active, was_kept_inactive
from integrations.sync.engine.replan import execute_or_replan


def plan(ctx: SyncContext, run: SyncRun) -> Plan:
    account = _read_account(ctx, run)
    wanted = _read_wanted_customer(ctx, account)
    run.record_name = wanted.name or run.record_name  # a question shows it
    link = RecordLink.objects.pushed(ctx.connection, Kind.CUSTOMER, account.id)
    if link is not None:
        planned = _plan_linked_customer(ctx, run, account, wanted, link)
    else:
        _refuse_unpushable(run, account, wanted)
        planned = plan_unlinked_account(ctx, run, account, wanted)
    if ctx.is_preview:
        _refuse_taken_name(ctx, planned, is_linked=link is not None)
    return planned


def _without_deactivation(planned: Plan) -> Plan:
    """The plan without deactivating the customer, which QuickBooks refuses while it has open transactions."""
    write = planned.write
    if write is None or write.values.get("Active") is not False:
        return planned
    values = {path: value for path, value in write.values.items() if path != "Active"}
    changes = tuple(change for change in write.changes if change.field != "Active")
    remaining = replace(write, values=values, changes=changes) if values else None
    return replace(
        planned, write=remaining, warnings=(*planned.warnings, CustomerMessage.CUSTOMER_KEPT_ACTIVE())
    )


def apply(ctx: SyncContext, run: SyncRun, planned: Plan) -> RunResult:
    replan_on = (HasBalance, NameTaken) if run.has_taken(WITH_SUFFIX) else (HasBalance,)
    try:
        return execute_or_replan(ctx, run, planned, plan, replan_on)
    except NameTaken as error:
        values = planned.write.values if planned.write else {}
        linked = RecordLink.objects.pushed(ctx.connection, Kind.CUSTOMER, run.coperniq_id) is not None
        name = str(values.get("DisplayName", planned.record_name))
        raise _hold_taken_name(name, is_linked=linked) from error


def _refuse_taken_name(ctx: SyncContext, planned: Plan, *, is_linked: bool) -> None:
    """Raises NeedsDecision for a name that QuickBooks would refuse, which a preview finds out beforehand."""
    name = planned.write.values.get("DisplayName") if planned.write is not None else None
    if name is not None and is_name_taken(ctx, str(name), planned.quickbooks_id):
        raise _hold_taken_name(str(name), is_linked=is_linked)


def _hold_taken_name(name: str, *, is_linked: bool) -> NeedsDecision:
    choices = [RENAME_WITH_SUFFIX if is_linked else WITH_SUFFIX, RETRY, DISCARD]
    return NeedsDecision(CustomerMessage.CUSTOMER_NAME_TAKEN(name=name), choices)


def _read_account(ctx: SyncContext, run: SyncRun) -> CoperniqAccount:
    try:
        return ctx.coperniq.read_account(run.coperniq_id)
    except RecordMissing as error:
        message = CustomerMessage.ACCOUNT_MISSING(account=run.coperniq_id)
        raise NeedsDecision(message, [RETRY, DISCARD]) from error


def _read_wanted_customer(ctx: SyncContext, account: CoperniqAccount) -> WantedCustomer:
    """Reads the primary contact if there is one, and the sites only if the account has no street and city itself."""
    contact_id = primary_contact_id(account)
    contact = ctx.coperniq.read_contact(contact_id) if contact_id else None
    sites = [] if account.street or account.city else ctx.coperniq.read_sites(account.id)
    found = source_values(account, contact, sites[0] if sites else None)
    return customer_values(found, ctx.mappings)


def _refuse_unpushable(run: SyncRun, account: CoperniqAccount, wanted: WantedCustomer) -> None:
    if not wanted.name:
        raise NeedsDecision(CustomerMessage.ACCOUNT_WITHOUT_NAME(account=account.id), [RETRY, DISCARD])
    if not account.is_active and not run.is_wanted:
        message = CustomerMessage.ACCOUNT_ARCHIVED(account=wanted.name)
        raise NeedsDecision(message, [PUSH_ARCHIVED, RETRY, DISCARD])


def _plan_linked_customer(
    ctx: SyncContext, run: SyncRun, account: CoperniqAccount, wanted: WantedCustomer, link: RecordLink
) -> Plan:
    try:
        customer = ctx.quickbooks.read_customer(link.quickbooks_id)
    except RecordMissing as error:
        wait_if_merged(ctx, link.quickbooks_id)
        raise missing_in_quickbooks(link) from error
    planned = plan_customer_update(
        account, wanted, customer, link.match_method, _changes_of(ctx, run, account, wanted, customer, link)
    )
    return _without_deactivation(planned) if was_kept_active(run) else planned


def _changes_of(
    ctx: SyncContext,
    run: SyncRun,
    account: CoperniqAccount,
    wanted: WantedCustomer,
    customer: Customer,
    link: RecordLink,
) -> Changes:
    strategy, written = strategy_of(ctx, link), link.customer_state.written_values
    if account.is_active and not customer.is_active:
        if not _may_reactivate(run, customer):
            wait_if_merged(ctx, customer.id)
            raise inactive_customer_question(customer)
        changes = reactivation_changes(customer, wanted, written, strategy)
    else:
        changes = build_customer_changes(customer, wanted, written, strategy)
        stays_active = not account.is_active and _is_shared(link)
        if strategy != MatchingStrategy.SKIP and not stays_active:
            changes |= active_change(customer, active=account.is_active)
    return _with_free_name(ctx, run, customer, changes)


def _is_shared(link: RecordLink) -> bool:
    """Whether, after a merge, another account is linked to this customer too, so that archiving one leaves it active."""
    same = RecordLink.objects.filter(connection=link.connection_id, kind=link.kind)
    return same.filter(quickbooks_id=link.quickbooks_id).exclude(pk=link.pk).exists()


def _may_reactivate(run: SyncRun, customer: Customer) -> bool:
    """Whether a person chose to. A suffix is offered only after that choice, once the name was refused."""
    chosen = run.answer_to(Question.CUSTOMER).key == f"reactivate:{customer.id}"
    return chosen or (run.has_taken(WITH_SUFFIX) and was_kept_inactive(run))


def _with_free_name(ctx: SyncContext, run: SyncRun, customer: Customer, changes: Changes) -> Changes:
    if not run.has_taken(WITH_SUFFIX) or "DisplayName" not in changes:
        return changes
    before, after = changes["DisplayName"]
    name = find_free_name(ctx, run, after, start=2, own_id=customer.id)
    return changes | {"DisplayName": (before, name)}
