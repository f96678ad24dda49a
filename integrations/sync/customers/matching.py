"""Find the QuickBooks customer of an account that is not linked yet, or ask which one it is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from integrations.coperniq.records import CoperniqAccount
from integrations.errors import Choice, NeedsDecision, RecordMissing
from integrations.messages import Message
from integrations.messages.customers import CustomerMessage
from integrations.models import Kind, Question, QuickBooksConnection, RecordLink, SyncRun
from integrations.quickbooks.records import Customer
from integrations.sync.customers.fields import (
    Changes,
    build_customer_changes,
    plan_customer_create,
    plan_customer_update,
)
from integrations.sync.customers.mapping import EMAIL_PATH, WantedCustomer
from integrations.sync.customers.naming import (
    CREATE_CUSTOMER,
    WITH_SUFFIX,
    find_free_name,
    name_spellings,
    without_inactive_suffix,
)
from integrations.sync.engine.choices import DISCARD, RETRY
from integrations.sync.engine.context import SyncContext
from integrations.sync.engine.plan import Plan


def plan_unlinked_account(
    ctx: SyncContext, run: SyncRun, account: CoperniqAccount, wanted: WantedCustomer
) -> Plan:
    answer = run.answer_to(Question.CUSTOMER)
    if answer.verb in ("link", "reactivate"):
        return _plan_chosen(ctx, run, account, wanted, answer.target)
    if answer.key == WITH_SUFFIX.key:
        return plan_customer_create(account, wanted, find_free_name(ctx, run, wanted.name, start=2))
    if answer.key == CREATE_CUSTOMER.key:
        return plan_customer_create(account, wanted, wanted.name)
    return _plan_best_match(ctx, account, wanted)


@dataclass(frozen=True)
class _Matches:
    """`linked` maps the QuickBooks ids that another account is linked to onto that account's name."""

    matches: list[Candidate]
    linked: Mapping[str, str]
    warnings: tuple[Message, ...] = ()


def _find_matches(ctx: SyncContext, account: CoperniqAccount, wanted: WantedCustomer) -> _Matches:
    """A customer with the same e-mail that is linked to another account is left out: families share addresses."""
    email = wanted.values.get(EMAIL_PATH, "")
    named = ctx.quickbooks.find_customers_named(name_spellings(wanted.name))
    with_email = ctx.quickbooks.find_customers_with_email(email) if email else []
    found = build_candidates(wanted.name, named, with_email)
    linked = _linked_elsewhere(ctx.connection, [match.customer.id for match in found], account.id)
    left_out = [
        match for match in found if match.by == RecordLink.MatchMethod.EMAIL and match.customer.id in linked
    ]
    matches = [match for match in found if match not in left_out]
    return _Matches(matches, linked, _email_warnings(left_out, linked))


def _email_warnings(left_out: Sequence[Candidate], linked: Mapping[str, str]) -> tuple[Message, ...]:
    if not left_out:
        return ()
    first, *others = left_out
    more = f" (and {len(others)} more like it)" if others else ""
    account = linked[first.customer.id]
    return (CustomerMessage.SAME_EMAIL_ALREADY_LINKED(customer=first.label, more=more, account=account),)


def _plan_best_match(ctx: SyncContext, account: CoperniqAccount, wanted: WantedCustomer) -> Plan:
    found = _find_matches(ctx, account, wanted)
    match = choose_match(wanted.name, found.matches, found.linked)
    if match is None:
        return plan_customer_create(account, wanted, wanted.name, found.warnings)
    planned = _plan_match(ctx, account, wanted, match.customer, match.by)
    return replace(planned, warnings=(*planned.warnings, *found.warnings))


def choose_match(name: str, matches: Sequence[Candidate], linked: Mapping[str, str]) -> Candidate | None:
    """The only candidate; None if there is none. Pure.

    `linked` maps QuickBooks ids onto the account they are linked to. Raises NeedsDecision if there are several, or the
    only one cannot be linked.
    """
    if not matches:
        return None
    if len(matches) > 1:
        raise NeedsDecision(
            CustomerMessage.SEVERAL_MATCHES(count=len(matches), account=name),
            [*link_choices(matches, linked), WITH_SUFFIX, DISCARD],
        )
    match = matches[0]
    if match.customer.id in linked:
        raise _already_linked_question(match.customer, linked[match.customer.id])
    _refuse_unlinkable(match)
    return match


def _plan_match(
    ctx: SyncContext, account: CoperniqAccount, wanted: WantedCustomer, customer: Customer, match_method: str
) -> Plan:
    changes = build_customer_changes(customer, wanted, {}, ctx.settings.matching_strategy)
    return plan_customer_update(account, wanted, customer, match_method, changes)


def _plan_chosen(
    ctx: SyncContext, run: SyncRun, account: CoperniqAccount, wanted: WantedCustomer, chosen_id: str
) -> Plan:
    """The chosen customer is read and checked again: it may have changed since the page was shown."""
    try:
        customer = ctx.quickbooks.read_customer(chosen_id)
        _check_chosen_customer(ctx, run, account, customer)
    except RecordMissing as error:
        raise _with_other_candidates(ctx, account, wanted, _chosen_customer_missing()) from error
    except NeedsDecision as question:
        raise _with_other_candidates(ctx, account, wanted, question) from question
    if customer.is_active:
        return _plan_match(ctx, account, wanted, customer, RecordLink.MatchMethod.CHOSEN)
    changes = reactivation_changes(customer, wanted, {}, ctx.settings.matching_strategy)
    return plan_customer_update(account, wanted, customer, RecordLink.MatchMethod.CHOSEN, changes)


def _check_chosen_customer(
    ctx: SyncContext, run: SyncRun, account: CoperniqAccount, customer: Customer
) -> None:
    linked_account = _linked_elsewhere(ctx.connection, [customer.id], account.id).get(customer.id)
    if linked_account is not None:
        raise _already_linked_question(customer, linked_account)
    if customer.parent_id:
        raise _chosen_customer_missing()
    _refuse_foreign_currency(customer)
    if not customer.is_active and run.answer_to(Question.CUSTOMER).key != f"reactivate:{customer.id}":
        raise inactive_customer_question(customer)


def _with_other_candidates(
    ctx: SyncContext, account: CoperniqAccount, wanted: WantedCustomer, question: NeedsDecision
) -> NeedsDecision:
    """The question with the other candidates added, because the customer that was chosen cannot be linked."""
    found = _find_matches(ctx, account, wanted)
    others = [*link_choices(found.matches, found.linked), WITH_SUFFIX] if found.matches else [CREATE_CUSTOMER]
    offered = {choice.key: choice for choice in [*others, *question.choices]}
    return NeedsDecision(question.message, list(offered.values()))


def reactivation_changes(
    customer: Customer, wanted: WantedCustomer, written: Mapping[str, str], strategy: str
) -> Changes:
    """Make the customer active and update its fields as usual.

    The name is always written: QuickBooks keeps the suffix “(deleted)” otherwise.
    """
    current = customer.values["DisplayName"]
    name = without_inactive_suffix(current)
    before = replace(customer, values={**customer.values, "DisplayName": name})
    changes = build_customer_changes(before, wanted, written, strategy)
    _, name = changes.get("DisplayName", ("", name))
    return {**changes, "Active": ("false", "true"), "DisplayName": (current, name)}


def _chosen_customer_missing() -> NeedsDecision:
    return NeedsDecision(CustomerMessage.CHOSEN_CUSTOMER_MISSING(), [DISCARD])


def _already_linked_question(customer: Customer, account: str) -> NeedsDecision:
    return NeedsDecision(
        CustomerMessage.MATCH_ALREADY_LINKED(customer=customer.values["DisplayName"], account=account),
        [WITH_SUFFIX, RETRY, DISCARD],
    )


def _refuse_unlinkable(match: Candidate) -> None:
    if not match.customer.is_active:
        raise NeedsDecision(
            CustomerMessage.MATCH_INACTIVE(customer=match.label),
            [_link_choice(match), CREATE_CUSTOMER, WITH_SUFFIX, DISCARD],
        )
    _refuse_foreign_currency(match.customer)


def _refuse_foreign_currency(customer: Customer) -> None:
    if not _is_in_dollars(customer):
        raise NeedsDecision(
            CustomerMessage.MATCH_IN_FOREIGN_CURRENCY(
                customer=customer.values["DisplayName"], currency=customer.currency
            ),
            [WITH_SUFFIX, DISCARD],
        )


def inactive_customer_question(customer: Customer) -> NeedsDecision:
    return NeedsDecision(
        CustomerMessage.CUSTOMER_INACTIVE(customer=customer.values["DisplayName"]),
        [_link_choice(Candidate(customer, RecordLink.MatchMethod.CHOSEN)), RETRY, DISCARD],
    )


@dataclass(frozen=True)
class Candidate:
    customer: Customer
    by: RecordLink.MatchMethod

    @property
    def label(self) -> str:
        email = self.customer.values.get("PrimaryEmailAddr.Address", "")
        return f"“{self.customer.values['DisplayName']}”" + (f" ({email})" if email else "")


def build_candidates(name: str, named: Iterable[Customer], with_email: Iterable[Customer]) -> list[Candidate]:
    """Top-level customers with that name or e-mail, each once; a match by name wins over one by e-mail."""
    found: dict[str, Candidate] = {}
    for customer in with_email:
        found[customer.id] = Candidate(customer, RecordLink.MatchMethod.EMAIL)
    for customer in named:
        found[customer.id] = Candidate(customer, RecordLink.MatchMethod.NAME)
    for id_, candidate in found.items():
        if _has_name(candidate.customer, name):
            found[id_] = Candidate(candidate.customer, RecordLink.MatchMethod.NAME)
    top_level = [candidate for candidate in found.values() if not candidate.customer.parent_id]
    return sorted(top_level, key=lambda candidate: candidate.customer.id)


def _has_name(customer: Customer, name: str) -> bool:
    current = customer.values["DisplayName"].casefold()
    return current in {wanted.casefold() for wanted in name_spellings(name)}


def _linked_elsewhere(
    connection: QuickBooksConnection, quickbooks_ids: Iterable[str], coperniq_id: str
) -> dict[str, str]:
    """QuickBooks id → name of the other Coperniq account that is linked to it."""
    links = RecordLink.objects.of(connection, Kind.CUSTOMER).filter(quickbooks_id__in=list(quickbooks_ids))
    return dict(links.exclude(coperniq_id=coperniq_id).values_list("quickbooks_id", "coperniq_name"))


def link_choices(found: Sequence[Candidate], linked_ids: Iterable[str]) -> list[Choice]:
    """A choice for each candidate that is not linked to another account and uses US dollars."""
    free = [candidate for candidate in found if candidate.customer.id not in set(linked_ids)]
    return [_link_choice(candidate) for candidate in free if _is_in_dollars(candidate.customer)]


def _is_in_dollars(customer: Customer) -> bool:
    return customer.currency in ("", "USD")


def _link_choice(candidate: Candidate) -> Choice:
    customer = candidate.customer
    if customer.is_active:
        return Choice(f"link:{customer.id}", f"Link to {candidate.label}", Question.CUSTOMER)
    label = f"Make {candidate.label} active again and link to it"
    return Choice(f"reactivate:{customer.id}", label, Question.CUSTOMER)
