"""The guard of all tests of this folder: a plan of any record and direction that writes anything fails its test."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from integrations.errors import Skipped
from integrations.messages.customers import CustomerMessage
from integrations.models import Action, RecordLink, SyncRun
from integrations.sync.engine.context import SyncContext
from integrations.sync.engine.lookups import read_preferences
from integrations.sync.engine.plan import Plan
from integrations.sync.registry import REGISTRY
from tests.portal_harness import PortalHarness
from tests.sync.pure_planning import WroteWhilePlanning, guard_plans

Write = Callable[[SyncContext], object]


def save_link(ctx: SyncContext) -> object:
    return RecordLink.objects.create(
        connection=ctx.connection, kind="item", coperniq_id="1", quickbooks_id="1", match_method="name"
    )


def update_runs(ctx: SyncContext) -> object:
    return SyncRun.objects.filter(connection=ctx.connection).requeue()


def write_to_quickbooks(ctx: SyncContext) -> object:
    return ctx.quickbooks.write("Account", "{}", "1", "create")


def write_to_coperniq(ctx: SyncContext) -> object:
    return ctx.coperniq.create_catalog_item("{}")


@pytest.mark.parametrize("write", [save_link, update_runs, write_to_quickbooks, write_to_coperniq])
def test_a_plan_that_writes_is_refused(
    portal: PortalHarness, monkeypatch: pytest.MonkeyPatch, write: Write
) -> None:
    def plan(ctx: SyncContext, _run: SyncRun) -> Plan:
        write(ctx)
        return Plan("", "")

    for handler in set(REGISTRY.records.values()):
        monkeypatch.setattr(handler, "plan", plan)
    guard_plans(monkeypatch)
    portal.enter(portal.project(portal.account()))
    with pytest.raises(WroteWhilePlanning):
        portal.work()


def test_reads_and_what_they_keep_are_no_writes(
    portal: PortalHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    def plan(ctx: SyncContext, run: SyncRun) -> Plan:
        read_preferences(ctx)
        raise Skipped(
            CustomerMessage.ACCOUNT_MISSING(account=ctx.coperniq.read_account(run.coperniq_id).title)
        )

    monkeypatch.setattr(REGISTRY.records[Action.PUSH_CUSTOMER], "plan", plan)
    guard_plans(monkeypatch)
    portal.enter(portal.project(portal.account("Jane")))
    portal.work()
    portal.quickbooks.refresh_from_db()
    assert portal.quickbooks.preferences_read_at is not None
    assert "Jane" in SyncRun.objects.get(action=Action.PUSH_CUSTOMER).sentence
