"""Display names: unique over all customers, jobs, vendors and employees of a QuickBooks company."""

from __future__ import annotations

from integrations.errors import Choice
from integrations.models import Question, SyncRun
from integrations.sync.customers.mapping import with_suffix
from integrations.sync.customers.matching import names_to_find, without_marker
from integrations.sync.engine.context import SyncContext
from integrations.sync.engine.refused_writes import refused_names

WITH_SUFFIX = Choice("create_with_suffix", "Create a new one with “#2” behind the name", Question.CUSTOMER)
RENAME_WITH_SUFFIX = WITH_SUFFIX._replace(label="Give it the name with “#2” behind it")
CREATE_CUSTOMER = Choice("create", "Create a new one", Question.CUSTOMER)
# It lifts the refusal and decides nothing else: the counterpart is looked for as ever.
PUSH_ARCHIVED = Choice("push_archived", "Push it although it is archived", Question.ARCHIVED_ACCOUNT)

NAMES_AT_ONCE = 10


def first_free_name(ctx: SyncContext, run: SyncRun, name: str, start: int = 1, own_id: str = "") -> str:
    """`name`, `name #2`, … : the first that nobody bears as far as we know. One query for ten of them.

    Inactive customers count, for nobody promises that their names are free. Vendors and employees cannot be
    asked for so; what QuickBooks refused to this run stands for them.
    """
    wanted = [with_suffix(name, number) for number in range(start, start + NAMES_AT_ONCE)]
    spelled = [spelling for each in wanted for spelling in names_to_find(each)]
    bearers = [found for found in ctx.quickbooks.find_customers_named(spelled) if found.id != own_id]
    used = {without_marker(found.values["DisplayName"]).casefold() for found in bearers} | refused_names(run)
    free = next((each for each in wanted if each.casefold() not in used), "")
    return free or first_free_name(ctx, run, name, start + NAMES_AT_ONCE, own_id)
