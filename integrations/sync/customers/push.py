"""Push a Coperniq account: update its linked QuickBooks customer, else link a match or create a customer."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from django.utils import timezone

from integrations.coperniq.records import CoperniqAccount
from integrations.errors import Choice, HasBalance, NameTaken, NeedsDecision, RecordMissing, Refused
from integrations.messages import Message
from integrations.messages.customers import CustomerMessage
from integrations.models import (
    Kind,
    MatchingStrategy,
    Outcome,
    Question,
    RecordLink,
    RunState,
    SyncRun,
)
from integrations.models.decisions import LONGEST_ANSWER
from integrations.name_matching import canonical_name
from integrations.quickbooks.records import Customer
from integrations.sync.customers.customer_index import claim_new_name, release_new_name
from integrations.sync.customers.fields import (
    Changes,
    active_change,
    build_customer_changes,
    can_clear,
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
from integrations.sync.customers.name_holder import (
    NameHolder,
    describe_holder,
    find_look_alike,
    find_name_holder,
    id_of_holder,
    is_rejected,
    offer_holder,
)
from integrations.sync.customers.naming import (
    PUSH_ARCHIVED,
    RENAME_WITH_NAME,
    RENAME_WITH_SUFFIX,
    WITH_NAME,
    WITH_SUFFIX,
    find_free_name,
    is_name_taken,
    name_anyway,
    typed_name,
    without_inactive_suffix,
)
from integrations.sync.engine.choices import DISCARD, RETRY
from integrations.sync.engine.context import SyncContext
from integrations.sync.engine.plan import Plan, RunResult
from integrations.sync.engine.preview import preview_result
from integrations.sync.engine.refused_writes import was_kept_active, was_kept_inactive
from integrations.sync.engine.replan import execute_or_replan

_AFTER_ANOTHER = timedelta(seconds=2)


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
    _refuse_look_alike(ctx, run, planned)
    if ctx.is_preview:
        _refuse_taken_name(ctx, run, planned)
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
    if not _may_create(ctx, run, planned):
        message = CustomerMessage.QUEUED_IN_ORDER()
        return RunResult(
            RunState.QUEUED,
            Outcome.NOTHING_TO_DO,
            message.text,
            silent=True,
            not_before=timezone.now() + _AFTER_ANOTHER,
        )
    replan_on = (HasBalance, NameTaken) if run.has_taken(WITH_SUFFIX) else (HasBalance,)
    try:
        return execute_or_replan(ctx, run, planned, plan, replan_on)
    except NameTaken as error:
        values = planned.write.values if planned.write else {}
        name = str(values.get("DisplayName", planned.record_name))
        release_new_name(ctx, name)
        raise _hold_taken_name(ctx, run, name, planned.quickbooks_id, error.holder_id) from error
    except Refused:
        release_new_name(ctx, planned.record_name)
        raise


def _may_create(ctx: SyncContext, run: SyncRun, planned: Plan) -> bool:
    """Whether nothing else is about to create a customer whose name looks the same; it is then looked for again."""
    write = planned.write
    if write is None or write.operation != "create" or preview_result(ctx, run, planned) is not None:
        return True
    return claim_new_name(ctx, str(write.values["DisplayName"]), run.coperniq_id)


def _refuse_look_alike(ctx: SyncContext, run: SyncRun, planned: Plan) -> None:
    """Raises NeedsDecision if a name that was typed, or that a customer is renamed to, looks like another customer's.

    Other new names were looked for by the search for a match. QuickBooks refuses the very same name, but not one that
    only looks the same: a person may insist on that.
    """
    changes = planned.write.changes if planned.write is not None else ()
    renamed = next((change for change in changes if change.field == "DisplayName"), None)
    if renamed is None or not (typed_name(run) or planned.quickbooks_id):
        return
    if canonical_name(without_inactive_suffix(renamed.before)) != canonical_name(renamed.after):
        name, own_id = renamed.after, planned.quickbooks_id
        anyway = name_anyway(name, own_id)
        holder = None if run.has_taken(anyway) else find_look_alike(ctx, name, own_id)
        if holder is not None and holder.name.casefold() != name.casefold():
            raise _look_alike_question(ctx, run, name, own_id, holder, anyway)
        if holder is not None:
            raise _name_question(ctx, run, name, own_id, holder)


def _refuse_taken_name(ctx: SyncContext, run: SyncRun, planned: Plan) -> None:
    """Raises NeedsDecision for a name that QuickBooks would refuse, which a preview finds out beforehand."""
    name = planned.write.values.get("DisplayName") if planned.write is not None else None
    if name is not None and is_name_taken(ctx, str(name), planned.quickbooks_id):
        raise _hold_taken_name(ctx, run, str(name), planned.quickbooks_id)


def _hold_taken_name(
    ctx: SyncContext, run: SyncRun, name: str, own_id: str, refused_for: str = ""
) -> NeedsDecision:
    """The question names who has the name, and offers to link a new account to it if it is a free customer."""
    return _name_question(ctx, run, name, own_id, find_name_holder(ctx, name, own_id, refused_for))


def _name_question(
    ctx: SyncContext, run: SyncRun, name: str, own_id: str, holder: NameHolder | None
) -> NeedsDecision:
    shown = {"name": name, "holder": describe_holder(ctx, holder), "holder_id": id_of_holder(holder)}
    if own_id:
        message = CustomerMessage.CUSTOMER_NAME_TAKEN(**shown)
        return NeedsDecision(message, [RENAME_WITH_SUFFIX, RENAME_WITH_NAME, RETRY, DISCARD])
    links = offer_holder(ctx, run, holder)
    message_of = CustomerMessage.NAME_TAKEN_BY_CUSTOMER if links else CustomerMessage.CUSTOMER_NAME_TAKEN
    if is_rejected(ctx, run, holder):
        message_of = CustomerMessage.NAME_OF_REJECTED
    message = message_of(**shown)
    return NeedsDecision(message, [*links, WITH_SUFFIX, WITH_NAME, RETRY, DISCARD])


def _look_alike_question(
    ctx: SyncContext, run: SyncRun, name: str, own_id: str, holder: NameHolder, anyway: Choice
) -> NeedsDecision:
    shown = {"name": name, "holder": describe_holder(ctx, holder), "holder_id": id_of_holder(holder)}
    others = [anyway] if len(anyway.key) <= LONGEST_ANSWER else []
    if own_id:
        message = CustomerMessage.NEW_NAME_LOOKS_ALIKE(**shown)
        return NeedsDecision(message, [RENAME_WITH_SUFFIX, RENAME_WITH_NAME, *others, RETRY, DISCARD])
    message = CustomerMessage.NAME_LOOKS_ALIKE(**shown)
    links = offer_holder(ctx, run, holder)
    return NeedsDecision(message, [*links, WITH_SUFFIX, WITH_NAME, *others, RETRY, DISCARD])


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
    return customer_values(source_values(account, contact, sites), ctx.mappings)


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
    changes, warnings = _changes_of(ctx, run, account, wanted, customer, link), tuple[Message, ...]()
    if run.uncleared_writes and not can_clear(customer, changes, run.uncleared_writes):
        changes, warnings = _without_clearing(changes)
    planned = plan_customer_update(
        account, wanted, customer, link.match_method, changes, run.uncleared_writes
    )
    planned = replace(planned, warnings=(*planned.warnings, *warnings))
    if typed_name(run) not in ("", wanted.name) and "DisplayName" in changes:
        planned = replace(planned, state=replace(link.customer_state, keeps_name=True))
    return _without_deactivation(planned) if was_kept_active(run) else planned


def _without_clearing(changes: Changes) -> tuple[Changes, tuple[Message, ...]]:
    """The changes without what QuickBooks does not clear, and a warning that names it."""
    kept = {path: pair for path, pair in changes.items() if pair[1]}
    left = ", ".join(f"“{before}”" for before, after in changes.values() if not after)
    return kept, (CustomerMessage.PARTS_LEFT(parts=left),) if left else ()


def _changes_of(
    ctx: SyncContext,
    run: SyncRun,
    account: CoperniqAccount,
    wanted: WantedCustomer,
    customer: Customer,
    link: RecordLink,
) -> Changes:
    strategy, state = strategy_of(ctx, link), link.customer_state
    fills_name = _has_name_of_people(link)
    if account.is_active and not customer.is_active:
        if not _may_reactivate(run, customer):
            wait_if_merged(ctx, customer.id)
            raise inactive_customer_question(customer)
        changes = reactivation_changes(customer, wanted, state, strategy, fills_name=fills_name)
    else:
        changes = build_customer_changes(
            customer,
            wanted,
            state,
            strategy,
            exactly=bool(run.uncleared_writes),
            fills_name=fills_name,
        )
        stays_active = not account.is_active and _is_shared(link)
        if strategy != MatchingStrategy.SKIP and not stays_active:
            changes |= active_change(customer, active=account.is_active)
    return _with_free_name(ctx, run, customer, changes)


def _has_name_of_people(link: RecordLink) -> bool:
    """Whether it was found by its e-mail address alone, and the portal has never named it: Replace chosen since then
    must not rename it without a question either."""
    is_written = "DisplayName" in link.customer_state.written_values
    return link.match_method == RecordLink.MatchMethod.EMAIL and not is_written


def _is_shared(link: RecordLink) -> bool:
    """Whether, after a merge, another account is linked to this customer too, so that archiving one leaves it active."""
    same = RecordLink.objects.filter(connection=link.connection_id, kind=link.kind)
    return same.filter(quickbooks_id=link.quickbooks_id).exclude(pk=link.pk).exists()


def _may_reactivate(run: SyncRun, customer: Customer) -> bool:
    """Whether a person chose to. Another name is offered only after that choice, once the name was refused."""
    chosen = run.answer_to(Question.CUSTOMER).key == f"reactivate:{customer.id}"
    has_named = run.has_taken(WITH_SUFFIX) or typed_name(run) != ""
    return chosen or (has_named and was_kept_inactive(run))


def _with_free_name(ctx: SyncContext, run: SyncRun, customer: Customer, changes: Changes) -> Changes:
    typed = typed_name(run)
    if "DisplayName" not in changes or not (typed or run.has_taken(WITH_SUFFIX)):
        return changes
    before, after = changes["DisplayName"]
    name = typed or find_free_name(ctx, run, after, start=2, own_id=customer.id)
    return changes | {"DisplayName": (before, name)}
