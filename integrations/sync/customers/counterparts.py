"""An account that is not linked yet: which QuickBooks customer is it, and may it be linked without asking?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from integrations.coperniq.records import CoperniqAccount
from integrations.errors import NeedsDecision, RecordMissing
from integrations.models import Question, RecordLink, SyncRun
from integrations.quickbooks.records import Customer
from integrations.sync.customers.fields import Changes, changes_to, plan_customer_create, plan_customer_update
from integrations.sync.customers.mapping import EMAIL_PATH, WantedCustomer
from integrations.sync.customers.matching import (
    Candidate,
    candidates,
    choices_for,
    in_dollars,
    link_choice,
    linked_elsewhere,
    names_to_find,
    without_marker,
)
from integrations.sync.customers.naming import CREATE_CUSTOMER, WITH_SUFFIX, first_free_name
from integrations.sync.engine.choices import DISCARD, RETRY
from integrations.sync.engine.context import SyncContext
from integrations.sync.engine.plan import Plan


def plan_unlinked(ctx: SyncContext, run: SyncRun, account: CoperniqAccount, wanted: WantedCustomer) -> Plan:
    answer = run.answer_to(Question.CUSTOMER)
    if answer.verb in ("link", "reactivate"):
        return plan_chosen(ctx, run, account, wanted, answer.target)
    if answer.key == WITH_SUFFIX.key:
        return plan_customer_create(account, wanted, first_free_name(ctx, run, wanted.name, start=2))
    if answer.key == CREATE_CUSTOMER.key:
        return plan_customer_create(account, wanted, wanted.name)
    return plan_found(ctx, account, wanted)


@dataclass(frozen=True)
class _Matches:
    """Who it could be, whose of them are taken (id → account), and what was passed over."""

    matches: list[Candidate]
    taken: Mapping[str, str]
    warnings: tuple[str, ...] = ()


def _find_matches(ctx: SyncContext, account: CoperniqAccount, wanted: WantedCustomer) -> _Matches:
    """Somebody else's customer with our e-mail is no candidate: families and offices share addresses."""
    email = wanted.values.get(EMAIL_PATH, "")
    named = ctx.quickbooks.find_customers_named(names_to_find(wanted.name))
    with_email = ctx.quickbooks.find_customers_with_email(email) if email else []
    found = candidates(wanted.name, named, with_email)
    taken = linked_elsewhere(ctx.connection, [match.customer.id for match in found], account.id)
    strangers = [
        match for match in found if match.by == RecordLink.MatchMethod.EMAIL and match.customer.id in taken
    ]
    matches = [match for match in found if match not in strangers]
    return _Matches(matches, taken, _passed_over(strangers, taken))


def _passed_over(strangers: Sequence[Candidate], taken: Mapping[str, str]) -> tuple[str, ...]:
    if not strangers:
        return ()
    first, *others = strangers
    more = f" (and {len(others)} more like it)" if others else ""
    owner = taken[first.customer.id]
    return (
        f"{first.label}{more} has the same e-mail address but belongs to “{owner}”, so it was not taken.",
    )


def plan_found(ctx: SyncContext, account: CoperniqAccount, wanted: WantedCustomer) -> Plan:
    found = _find_matches(ctx, account, wanted)
    if not found.matches:
        return plan_customer_create(account, wanted, wanted.name, found.warnings)
    if len(found.matches) > 1:
        raise NeedsDecision(
            "several_matches",
            f"QuickBooks has {len(found.matches)} customers that could be “{wanted.name}”. "
            "Choose the right one.",
            [*choices_for(found.matches, found.taken), WITH_SUFFIX, DISCARD],
        )
    match = found.matches[0]
    owner = found.taken.get(match.customer.id)
    if owner is not None:
        raise _hold_already_linked(match.customer, owner)
    refuse_unlinkable(match)
    planned = plan_match(ctx, account, wanted, match.customer, match.by)
    return replace(planned, warnings=(*planned.warnings, *found.warnings))


def plan_match(
    ctx: SyncContext, account: CoperniqAccount, wanted: WantedCustomer, customer: Customer, rule: str
) -> Plan:
    changes = changes_to(customer, wanted, {}, ctx.settings.matching_strategy)
    return plan_customer_update(account, wanted, customer, rule, changes)


def plan_chosen(
    ctx: SyncContext, run: SyncRun, account: CoperniqAccount, wanted: WantedCustomer, chosen_id: str
) -> Plan:
    """What a person chose is still looked at: the world may have changed since the page was shown."""
    try:
        customer = ctx.quickbooks.read_customer(chosen_id)
        refuse_chosen(ctx, run, account, customer)
    except RecordMissing as error:
        raise choose_again(ctx, account, wanted, _hold_gone()) from error
    except NeedsDecision as hold:
        raise choose_again(ctx, account, wanted, hold) from hold
    if customer.is_active:
        return plan_match(ctx, account, wanted, customer, RecordLink.MatchMethod.CHOSEN)
    changes = reactivation_changes(customer, wanted, {}, ctx.settings.matching_strategy)
    return plan_customer_update(account, wanted, customer, RecordLink.MatchMethod.CHOSEN, changes)


def refuse_chosen(ctx: SyncContext, run: SyncRun, account: CoperniqAccount, customer: Customer) -> None:
    owner = linked_elsewhere(ctx.connection, [customer.id], account.id).get(customer.id)
    if owner is not None:
        raise _hold_already_linked(customer, owner)
    if customer.parent_id:
        raise _hold_gone()
    refuse_currency(customer)
    if not customer.is_active and run.answer_to(Question.CUSTOMER).key != f"reactivate:{customer.id}":
        raise hold_inactive_customer(customer)


def choose_again(
    ctx: SyncContext, account: CoperniqAccount, wanted: WantedCustomer, hold: NeedsDecision
) -> NeedsDecision:
    """With who else it could be, so that a choice which cannot be carried out is no dead end."""
    found = _find_matches(ctx, account, wanted)
    others = [*choices_for(found.matches, found.taken), WITH_SUFFIX] if found.matches else [CREATE_CUSTOMER]
    offered = {choice.key: choice for choice in [*others, *hold.choices]}
    return NeedsDecision(hold.cause, hold.sentence, list(offered.values()))


def reactivation_changes(
    customer: Customer, wanted: WantedCustomer, written: Mapping[str, str], strategy: str
) -> Changes:
    """As if it had never been away. The name goes with it: QuickBooks would keep its “(deleted)” otherwise."""
    current = customer.values["DisplayName"]
    name = without_marker(current)
    before = replace(customer, values={**customer.values, "DisplayName": name})
    changes = changes_to(before, wanted, written, strategy)
    _, name = changes.get("DisplayName", ("", name))
    return {**changes, "Active": ("false", "true"), "DisplayName": (current, name)}


def _hold_gone() -> NeedsDecision:
    return NeedsDecision(
        "choice_gone",
        "The chosen QuickBooks customer is not there any more. Please choose again.",
        [DISCARD],
    )


def _hold_already_linked(customer: Customer, owner: str) -> NeedsDecision:
    return NeedsDecision(
        "match_already_linked",
        f"The QuickBooks customer “{customer.values['DisplayName']}” is already linked to “{owner}”. "
        "Two Coperniq accounts cannot share one customer.",
        [WITH_SUFFIX, RETRY, DISCARD],
    )


def refuse_unlinkable(match: Candidate) -> None:
    if not match.customer.is_active:
        raise NeedsDecision(
            "match_inactive",
            f"The QuickBooks customer {match.label} is the same one but inactive. "
            "Make it active again, or create another.",
            [link_choice(match), CREATE_CUSTOMER, WITH_SUFFIX, DISCARD],
        )
    refuse_currency(match.customer)


def refuse_currency(customer: Customer) -> None:
    if not in_dollars(customer):
        raise NeedsDecision(
            "match_currency",
            f"The QuickBooks customer “{customer.values['DisplayName']}” is kept in {customer.currency}, "
            "and the portal works in US dollars only. Create another, or leave it.",
            [WITH_SUFFIX, DISCARD],
        )


def hold_inactive_customer(customer: Customer) -> NeedsDecision:
    return NeedsDecision(
        "customer_inactive",
        f"The QuickBooks customer “{customer.values['DisplayName']}” is inactive. "
        "Make it active again here or in QuickBooks.",
        [link_choice(Candidate(customer, RecordLink.MatchMethod.CHOSEN)), RETRY, DISCARD],
    )
