"""Lists and preferences are read by one thread: who comes a moment later finds them fresh."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from integrations.models import CompanyLease, LookupList, QuickBooksConnection
from integrations.sync.engine import context as engine_context
from integrations.sync.engine import lookups
from integrations.sync.engine.context import SyncContext
from integrations.sync.engine.lookups import lookup_rows, preferences, refresh_lookup
from tests.portal_harness import PortalHarness


@pytest.fixture
def ctx(portal: PortalHarness) -> SyncContext:
    return SyncContext(CompanyLease.objects.get(), portal.quickbooks)


def test_preferences_another_thread_has_read_are_not_read_again(
    portal: PortalHarness, ctx: SyncContext
) -> None:
    QuickBooksConnection.objects.update(preferences_read_at=timezone.now(), custom_txn_numbers=True)
    assert preferences(ctx).custom_txn_numbers
    assert portal.quickbooks_calls() == []


def test_a_list_another_thread_has_read_is_not_read_again(portal: PortalHarness, ctx: SyncContext) -> None:
    rows = [{"id": "7", "name": "Read meanwhile", "is_active": True}]
    read_at = timezone.now() + timedelta(seconds=5)
    LookupList.objects.create(connection=portal.quickbooks, name="items", rows=rows, read_at=read_at)
    assert refresh_lookup(ctx, "items") == rows
    assert portal.quickbooks_calls() == []


def test_a_plan_asks_once_when_a_list_was_read_and_again_where_it_waits_for_another_thread(
    portal: PortalHarness, ctx: SyncContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lookups, "_STAMP_SECONDS", 3600)
    earlier, later = ([{"id": "7", "name": name, "is_active": True}] for name in ("Earlier", "Later"))
    LookupList.keep(portal.quickbooks, "items", earlier)
    assert lookup_rows(ctx, "items") == earlier
    with CaptureQueriesContext(connection) as asked:
        assert [lookup_rows(ctx, "items") for _ in range(3)] == [earlier] * 3
    assert not asked.captured_queries
    LookupList.keep(portal.quickbooks, "items", later)
    with ctx.locked("catalog item"):
        assert lookup_rows(ctx, "items") == later
    LookupList.keep(portal.quickbooks, "items", earlier)
    ctx.reset()
    assert lookup_rows(ctx, "items") == earlier


def test_memory_does_not_grow_for_ever(ctx: SyncContext, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine_context, "MAX_CACHE_ENTRIES", 2)
    for number in range(5):
        ctx.cache_set(("payments", str(number)), [])
    assert ctx.cache_get(("payments", "0")) is None
    assert ctx.cache_get(("payments", "4")) == []
