"""Names are unique over all customers, jobs, vendors and employees of a QuickBooks company."""

from __future__ import annotations

from integrations.errors import Choice
from integrations.sync.desk import Desk
from integrations.sync.mapping import with_suffix

DISCARD = Choice("discard", "Leave it")
RETRY = Choice("retry", "Try again")
WITH_SUFFIX = Choice("create_with_suffix", "Create a new one with “#2” behind the name")
CREATE = Choice("create", "Create a new one")
# It lifts the refusal and decides nothing else: the counterpart is looked for as ever.
ARCHIVED_TOO = Choice("release", "Push it although it is archived")

NAMES_AT_ONCE = 20


def first_free_name(desk: Desk, name: str, start: int = 1) -> str:
    """`name`, `name #2`, … : the first that no customer or job bears. One query."""
    wanted = [with_suffix(name, number) for number in range(start, start + NAMES_AT_ONCE)]
    used = {found.values["DisplayName"].casefold() for found in desk.quickbooks.find_customers_named(wanted)}
    return next((free for free in wanted if free.casefold() not in used), wanted[-1])
