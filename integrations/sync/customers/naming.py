"""Display names: unique over all customers, jobs, vendors and employees of a QuickBooks company."""

from __future__ import annotations

from integrations.errors import Choice
from integrations.models import Question, SyncRun
from integrations.sync.customers.mapping import with_suffix
from integrations.sync.engine.context import SyncContext
from integrations.sync.engine.refused_writes import refused_names

WITH_SUFFIX = Choice("create_with_suffix", "Create a new one with “#2” behind the name", Question.CUSTOMER)
RENAME_WITH_SUFFIX = WITH_SUFFIX._replace(label="Give it the name with “#2” behind it")
CREATE_CUSTOMER = Choice("create", "Create a new one", Question.CUSTOMER)
# It lifts the refusal and decides nothing else: the counterpart is looked for as ever.
PUSH_ARCHIVED = Choice("push_archived", "Push it although it is archived", Question.ARCHIVED_ACCOUNT)

_NAMES_PER_QUERY = 10
INACTIVE_SUFFIX = " (deleted)"


def name_spellings(name: str) -> list[str]:
    """QuickBooks marks inactive names with a suffix, and finds only what is written out."""
    return [name, name + INACTIVE_SUFFIX]


def without_inactive_suffix(name: str) -> str:
    return name.removesuffix(INACTIVE_SUFFIX)


def find_free_name(ctx: SyncContext, run: SyncRun, name: str, start: int = 1, own_id: str = "") -> str:
    """`name`, `name #2`, … : the first that nobody bears as far as we know. One query for ten of them.

    Inactive customers count, for nobody promises that their names are free. Vendors and employees cannot be
    asked for so; what QuickBooks refused to this run stands for them.
    """
    wanted = [with_suffix(name, number) for number in range(start, start + _NAMES_PER_QUERY)]
    spelled = [spelling for each in wanted for spelling in name_spellings(each)]
    bearers = [found for found in ctx.quickbooks.find_customers_named(spelled) if found.id != own_id]
    used = {
        without_inactive_suffix(found.values["DisplayName"]).casefold() for found in bearers
    } | refused_names(run)
    free = next((each for each in wanted if each.casefold() not in used), "")
    return free or find_free_name(ctx, run, name, start + _NAMES_PER_QUERY, own_id)
