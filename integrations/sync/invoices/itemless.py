"""QuickBooks may refuse lines without an item instead of dropping their amounts: then they get the fallback item."""

from __future__ import annotations

from collections.abc import Callable

from integrations.errors import BusinessRule, InactiveReference, NeedsDecision, PortalBug, Refused
from integrations.models import ItemlessLines, QuickBooksConnection, SyncRun
from integrations.sync.engine.context import SyncContext
from integrations.sync.engine.plan import Plan, RunResult
from integrations.sync.engine.planning import Planner, make_plan
from integrations.sync.items.push import itemless_lines_policy

_MISSING_VALUE = "2020"
"""Of other refusals only a second try shows whether the item was the reason.

See docs/vendors/quickbooks-online.md, 5.2.
"""


def execute_with_items(
    ctx: SyncContext, run: SyncRun, planned: Plan, planner: Planner, execute: Callable[[Plan], RunResult]
) -> RunResult:
    """Execute a plan; if its lines without an item are refused, once more with the fallback item.

    What that shows is kept, as after an answer. Raises NeedsDecision if no fallback item is chosen, and the first
    refusal if the item was not the reason.
    """
    try:
        return execute(planned)
    except Refused as error:
        before = itemless_lines_policy(ctx)
        if not planned.learns or before == ItemlessLines.IGNORED or not _may_be_about_items(error):
            raise
        first = error
    _store_policy(ctx, ItemlessLines.IGNORED)
    try:
        return execute(make_plan(ctx, run, planner))
    except NeedsDecision:
        if first.code == _MISSING_VALUE:
            raise
        _store_policy(ctx, before)
        raise first from None
    except Refused:
        _store_policy(ctx, before)
        raise


def _may_be_about_items(error: Refused) -> bool:
    """Also a refusal whose code is not known."""
    return isinstance(error, PortalBug | BusinessRule | InactiveReference) or type(error) is Refused


def _store_policy(ctx: SyncContext, policy: str) -> None:
    QuickBooksConnection.objects.filter(pk=ctx.connection.pk).update(itemless_lines=policy)
