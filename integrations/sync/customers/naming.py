"""Display names: unique over all customers, jobs, vendors and employees of a QuickBooks company."""

from __future__ import annotations

from integrations.errors import Choice
from integrations.messages.choices import ChoiceLabel
from integrations.models import Question, SyncRun
from integrations.sync.customers.mapping import clean_name, with_suffix
from integrations.sync.engine.context import SyncContext
from integrations.sync.engine.refused_writes import refused_names

WITH_SUFFIX = Choice("create_with_suffix", ChoiceLabel.CREATE_WITH_SUFFIX(), Question.CUSTOMER)
RENAME_WITH_SUFFIX = WITH_SUFFIX._replace(label=ChoiceLabel.RENAME_WITH_SUFFIX())
WITH_NAME = Choice(
    "create_with_name", ChoiceLabel.CREATE_WITH_NAME(), Question.CUSTOMER, ChoiceLabel.ANOTHER_NAME()
)
RENAME_WITH_NAME = WITH_NAME._replace(label=ChoiceLabel.RENAME_WITH_NAME())
CREATE_CUSTOMER = Choice("create", ChoiceLabel.CREATE_CUSTOMER(), Question.CUSTOMER)
PUSH_ARCHIVED = Choice("push_archived", ChoiceLabel.PUSH_ARCHIVED(), Question.ARCHIVED_ACCOUNT)
"""It lifts only the refusal: the account's customer is still searched for as usual."""

_ANYWAY = "create_anyway"
INACTIVE_SUFFIX = " (deleted)"
_NAMES_PER_QUERY = 10


def name_spellings(name: str) -> list[str]:
    """The name of an active and of an inactive record: QuickBooks adds a suffix, and a query finds exact names only."""
    return [name, name + INACTIVE_SUFFIX]


def without_inactive_suffix(name: str) -> str:
    return name.removesuffix(INACTIVE_SUFFIX)


def typed_name(run: SyncRun) -> str:
    """The name that a person typed for the customer or job, or insisted on, "" if none."""
    answer = run.answer_to(Question.CUSTOMER)
    return clean_name(answer.target) if answer.verb in (WITH_NAME.key, _ANYWAY) else ""


def name_anyway(name: str, own_id: str) -> Choice:
    """To give a name that looks like another customer's to a new customer, or to the one with id `own_id`."""
    label = ChoiceLabel.RENAME_WITH_NAME_ANYWAY if own_id else ChoiceLabel.CREATE_WITH_NAME_ANYWAY
    return Choice(f"{_ANYWAY}:{name}", label(name=name), Question.CUSTOMER)


def is_name_taken(ctx: SyncContext, name: str, own_id: str) -> bool:
    """Whether QuickBooks would refuse the name because another customer, job, vendor or employee has it."""
    named = ctx.quickbooks.find_customers_named([name])
    return any(found.id != own_id for found in named) or bool(ctx.quickbooks.find_names_of_others([name]))


def find_free_name(ctx: SyncContext, run: SyncRun, name: str, start: int = 1, own_id: str = "") -> str:
    """The first of `name`, `name #2`, … that no customer or job has. Each query asks for ten of them.

    Names of inactive customers count as taken, because Intuit does not document that they are free. Names of vendors
    and employees are looked up for a preview only; else QuickBooks refuses them (docs/vendors/quickbooks-online.md, 0.6).
    """
    wanted = [with_suffix(name, number) for number in range(start, start + _NAMES_PER_QUERY)]
    spellings = [spelling for each in wanted for spelling in name_spellings(each)]
    found = [customer for customer in ctx.quickbooks.find_customers_named(spellings) if customer.id != own_id]
    taken = {without_inactive_suffix(customer.values["DisplayName"]).casefold() for customer in found}
    taken |= refused_names(run)
    if ctx.is_preview:
        others = ctx.quickbooks.find_names_of_others(spellings)
        taken |= {without_inactive_suffix(other).casefold() for other in others}
    free = next((each for each in wanted if each.casefold() not in taken), "")
    return free or find_free_name(ctx, run, name, start + _NAMES_PER_QUERY, own_id)
