"""Find the QuickBooks customer of an account that is not linked yet, or ask which one it is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from integrations.coperniq.records import CoperniqAccount
from integrations.errors import Choice, NeedsDecision, RecordMissing
from integrations.messages import Message
from integrations.messages.choices import ChoiceLabel
from integrations.messages.customers import CustomerMessage
from integrations.models import (
    CustomerMatch,
    Kind,
    MatchBy,
    MatchingStrategy,
    Question,
    QuickBooksConnection,
    RecordLink,
    SyncRun,
)
from integrations.models.sync_state import CustomerState
from integrations.name_matching import canonical_name, email_keys, is_probably_same_name
from integrations.quickbooks.records import Customer
from integrations.sync.customers.customer_index import (
    find_similar_customers,
    keys_of_account,
    keys_of_customer,
)
from integrations.sync.customers.fields import (
    Changes,
    build_customer_changes,
    plan_customer_create,
    plan_customer_update,
)
from integrations.sync.customers.mapping import EMAIL_PATH, WantedCustomer, format_dollars, is_same_name
from integrations.sync.customers.naming import (
    CREATE_CUSTOMER,
    WITH_SUFFIX,
    find_free_name,
    typed_name,
    without_inactive_suffix,
)
from integrations.sync.engine.choices import DISCARD, RETRY
from integrations.sync.engine.context import SyncContext
from integrations.sync.engine.plan import Plan

_KEEP_NAME = "keep_name"
_REACTIVATE_KEEP_NAME = "reactivate_keep_name"


def plan_unlinked_account(
    ctx: SyncContext, run: SyncRun, account: CoperniqAccount, wanted: WantedCustomer
) -> Plan:
    answer = run.answer_to(Question.CUSTOMER)
    if answer.verb in ("link", "reactivate", _KEEP_NAME, _REACTIVATE_KEEP_NAME):
        return _plan_chosen(ctx, run, account, wanted, answer.target)
    if typed := typed_name(run):
        planned = plan_customer_create(account, wanted, typed)
        return replace(planned, state=CustomerState(keeps_name=True))
    if answer.key == WITH_SUFFIX.key:
        return plan_customer_create(account, wanted, find_free_name(ctx, run, wanted.name, start=2))
    if answer.key == CREATE_CUSTOMER.key or CustomerMatch.objects.creates_new(ctx.connection, account.id):
        return plan_customer_create(account, wanted, wanted.name)
    return _plan_best_match(ctx, account, wanted)


@dataclass(frozen=True)
class _Matches:
    """`linked` maps the QuickBooks ids that another account is linked to onto that account's name.

    `similar` are not equal but probably the same, and not linked.
    """

    matches: list[Candidate]
    similar: list[Candidate]
    linked: Mapping[str, str]
    warnings: tuple[Message, ...] = ()


def _find_matches(ctx: SyncContext, account: CoperniqAccount, wanted: WantedCustomer) -> _Matches:
    """A customer with the same e-mail that is linked to another account is left out: families share addresses.

    So is one that a person has rejected for this account.
    """
    looked = find_similar_customers(ctx, wanted)
    rejected = CustomerMatch.objects.rejected_ids(ctx.connection, account.id)
    found = [customer for customer in looked.customers if customer.id not in rejected]
    match_by = ctx.settings.match_by
    candidates = [_with_new_name(ctx, wanted, match) for match in build_candidates(wanted, found, match_by)]
    linked = linked_elsewhere(ctx.connection, [customer.id for customer in found], account.id)
    left_out = [
        match
        for match in candidates
        if match.by == RecordLink.MatchMethod.EMAIL and match.customer.id in linked
    ]
    matches = [match for match in candidates if match not in left_out]
    similar = [
        _with_new_name(ctx, wanted, Candidate(customer, RecordLink.MatchMethod.CHOSEN))
        for customer in found
        if customer.id not in linked and match_by != MatchBy.EMAIL and is_similar(wanted, customer)
    ]
    missed = () if looked.is_complete else (CustomerMessage.SIMILAR_NOT_SEARCHED(account=wanted.name),)
    return _Matches(matches, similar, linked, (*_email_warnings(left_out, linked), *missed))


def _with_new_name(ctx: SyncContext, wanted: WantedCustomer, candidate: Candidate) -> Candidate:
    """The candidate with the name it would get when it is linked: Replace writes Coperniq's."""
    current = without_inactive_suffix(candidate.customer.values["DisplayName"])
    replaces = ctx.settings.matching_strategy == MatchingStrategy.REPLACE
    keeps = not replaces or canonical_name(current) == canonical_name(wanted.name)
    return (
        candidate if keeps or is_same_name(wanted.name, current) else replace(candidate, new_name=wanted.name)
    )


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
        _refuse_similar(wanted, found.similar)
        return plan_customer_create(account, wanted, wanted.name, found.warnings)
    _refuse_rename(match)
    planned = _plan_match(ctx, account, wanted, match.customer, match.by)
    return replace(planned, warnings=(*planned.warnings, *found.warnings))


def _refuse_similar(wanted: WantedCustomer, similar: Sequence[Candidate]) -> None:
    choices = link_choices(similar, ())
    if choices:
        labels = ", ".join(candidate.label for candidate in similar)
        message = CustomerMessage.PROBABLY_SAME(account=wanted.name, customers=labels)
        raise NeedsDecision(message, [*choices, CREATE_CUSTOMER, DISCARD])


def _refuse_rename(match: Candidate) -> None:
    """Raises NeedsDecision if a customer found by its e-mail address alone would get another name: it changes on all
    of its old invoices at once, and whoever shares an address need not be the same customer."""
    if match.new_name:
        current = match.customer.values["DisplayName"]
        raise NeedsDecision(
            CustomerMessage.MATCH_BY_EMAIL_ALONE(customer=current, account=match.new_name),
            [*_choices_of(match), CREATE_CUSTOMER, DISCARD],
        )


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
    ctx: SyncContext,
    account: CoperniqAccount,
    wanted: WantedCustomer,
    customer: Customer,
    match_method: str,
    *,
    keeps_name: bool = False,
) -> Plan:
    state = CustomerState(keeps_name=keeps_name)
    changes_of = build_customer_changes if customer.is_active else reactivation_changes
    changes = changes_of(customer, wanted, state, ctx.settings.matching_strategy)
    planned = plan_customer_update(account, wanted, customer, match_method, changes)
    return replace(planned, state=state) if keeps_name else planned


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
    keeps_name = run.answer_to(Question.CUSTOMER).verb in (_KEEP_NAME, _REACTIVATE_KEEP_NAME)
    chosen = RecordLink.MatchMethod.CHOSEN
    return _plan_match(ctx, account, wanted, customer, chosen, keeps_name=keeps_name)


def _check_chosen_customer(
    ctx: SyncContext, run: SyncRun, account: CoperniqAccount, customer: Customer
) -> None:
    linked_account = linked_elsewhere(ctx.connection, [customer.id], account.id).get(customer.id)
    if linked_account is not None:
        raise _already_linked_question(customer, linked_account)
    if customer.parent_id:
        raise _chosen_customer_missing()
    if customer.id in CustomerMatch.objects.rejected_ids(ctx.connection, account.id):
        message = CustomerMessage.REJECTED_CUSTOMER(customer=customer.values["DisplayName"])
        raise NeedsDecision(message, [RETRY, DISCARD])
    _refuse_foreign_currency(customer)
    answer = run.answer_to(Question.CUSTOMER)
    if not customer.is_active and answer.verb not in ("reactivate", _REACTIVATE_KEEP_NAME):
        raise inactive_customer_question(customer)


def _with_other_candidates(
    ctx: SyncContext, account: CoperniqAccount, wanted: WantedCustomer, question: NeedsDecision
) -> NeedsDecision:
    """The question with the other candidates added, because the customer that was chosen cannot be linked."""
    found = _find_matches(ctx, account, wanted)
    others = [*link_choices(found.matches, found.linked), WITH_SUFFIX]
    if not found.matches:
        others = [*link_choices(found.similar, ()), CREATE_CUSTOMER]
    offered = {choice.key: choice for choice in [*others, *question.choices]}
    return NeedsDecision(question.message, list(offered.values()))


def reactivation_changes(
    customer: Customer,
    wanted: WantedCustomer,
    state: CustomerState,
    strategy: str,
    *,
    fills_name: bool = False,
) -> Changes:
    """Make the customer active and update its fields as usual.

    The name is always written: QuickBooks keeps the suffix “(deleted)” otherwise.
    """
    current = customer.values["DisplayName"]
    name = without_inactive_suffix(current)
    before = replace(customer, values={**customer.values, "DisplayName": name})
    changes = build_customer_changes(before, wanted, state, strategy, fills_name=fills_name)
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
            CustomerMessage.MATCH_INACTIVE(customer=match.label, balance=open_balance_text(match.customer)),
            [*_choices_of(match, is_balance_told=True), CREATE_CUSTOMER, WITH_SUFFIX, DISCARD],
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
        CustomerMessage.CUSTOMER_INACTIVE(
            customer=customer.values["DisplayName"], balance=open_balance_text(customer)
        ),
        [
            *_choices_of(Candidate(customer, RecordLink.MatchMethod.CHOSEN), is_balance_told=True),
            RETRY,
            DISCARD,
        ],
    )


def open_balance_text(customer: Customer) -> str:
    """What is open on it and its jobs, for a question about making it active again."""
    return format_dollars(customer.balance_with_jobs_cents) or "$0"


@dataclass(frozen=True)
class Candidate:
    """`new_name` is the name that the customer would get when it is linked, "" if it keeps its own."""

    customer: Customer
    by: RecordLink.MatchMethod
    new_name: str = ""

    @property
    def label(self) -> str:
        email = self.customer.values.get("PrimaryEmailAddr.Address", "")
        return f"“{self.customer.values['DisplayName']}”" + (f" ({email})" if email else "")


def build_candidates(
    wanted: WantedCustomer, found: Iterable[Customer], match_by: str = MatchBy.NAME_OR_EMAIL
) -> list[Candidate]:
    """The top-level customers with the account's name or an e-mail address of it; a match by name wins. Pure.

    `match_by` may be the e-mail alone, or the name of the company.
    """
    names = _names_of_account(wanted, match_by)
    emails = email_keys(wanted.values.get(EMAIL_PATH, "")) if match_by != MatchBy.COMPANY_NAME else set()
    candidates = []
    for customer in sorted(found, key=lambda each: each.id):
        if customer.parent_id:
            continue
        if names & _names_of_customer(customer, match_by):
            candidates.append(Candidate(customer, RecordLink.MatchMethod.NAME))
        elif emails & email_keys(customer.values[EMAIL_PATH]):
            candidates.append(Candidate(customer, RecordLink.MatchMethod.EMAIL))
    return candidates


def _names_of_account(wanted: WantedCustomer, match_by: str) -> set[str]:
    if match_by == MatchBy.EMAIL:
        return set()
    is_company = match_by == MatchBy.COMPANY_NAME
    company = wanted.values.get("CompanyName", "") if is_company else ""
    return {canonical_name(company or wanted.name)}


def _names_of_customer(customer: Customer, match_by: str) -> set[str]:
    names = [without_inactive_suffix(customer.values["DisplayName"])]
    if match_by == MatchBy.COMPANY_NAME:
        names.append(customer.values["CompanyName"])
    return {canonical_name(name) for name in names if name}


def is_similar(wanted: WantedCustomer, customer: Customer) -> bool:
    """Whether it is probably the account's customer: the same phone or address, and nearly the same name. Pure."""
    if customer.parent_id or not keys_of_account(wanted).vague & keys_of_customer(customer).vague:
        return False
    return is_probably_same_name(wanted.name, without_inactive_suffix(customer.values["DisplayName"]))


def linked_elsewhere(
    connection: QuickBooksConnection, quickbooks_ids: Iterable[str], coperniq_id: str
) -> dict[str, str]:
    """QuickBooks id → name of the other Coperniq account that is linked to it."""
    links = RecordLink.objects.of(connection, Kind.CUSTOMER).filter(quickbooks_id__in=list(quickbooks_ids))
    return dict(links.exclude(coperniq_id=coperniq_id).values_list("quickbooks_id", "coperniq_name"))


def link_choices(found: Sequence[Candidate], linked_ids: Iterable[str]) -> list[Choice]:
    """A choice for each candidate that is not linked to another account and uses US dollars."""
    free = [candidate for candidate in found if candidate.customer.id not in set(linked_ids)]
    usable = [candidate for candidate in free if _is_in_dollars(candidate.customer)]
    return [choice for candidate in usable for choice in _choices_of(candidate)]


def _is_in_dollars(customer: Customer) -> bool:
    return customer.currency in ("", "USD")


def _choices_of(candidate: Candidate, *, is_balance_told: bool = False) -> list[Choice]:
    """To link to it, and if that would rename it, to link to it under its own name.

    Of an inactive one the label says what is open, unless the question itself does.
    """
    id_ = candidate.customer.id
    open_balance = ChoiceLabel.OPEN_BALANCE(balance=open_balance_text(candidate.customer))
    balance = "" if is_balance_told else open_balance
    verbs = ("link", _KEEP_NAME)
    labels = (ChoiceLabel.LINK_CUSTOMER, ChoiceLabel.LINK_AND_RENAME, ChoiceLabel.LINK_AND_KEEP_NAME)
    if not candidate.customer.is_active:
        verbs = ("reactivate", _REACTIVATE_KEEP_NAME)
        labels = (
            ChoiceLabel.REACTIVATE_CUSTOMER,
            ChoiceLabel.REACTIVATE_AND_RENAME,
            ChoiceLabel.REACTIVATE_AND_KEEP_NAME,
        )
    plain, renamed, kept = (
        label(customer=candidate.label, balance=balance, name=candidate.new_name) for label in labels
    )
    if not candidate.new_name:
        return [Choice(f"{verbs[0]}:{id_}", plain, Question.CUSTOMER)]
    return [
        Choice(f"{verbs[0]}:{id_}", renamed, Question.CUSTOMER),
        Choice(f"{verbs[1]}:{id_}", kept, Question.CUSTOMER),
    ]
