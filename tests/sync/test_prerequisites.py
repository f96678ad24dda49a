"""How often a run is planned again for the entries that its plan names, and which of them are written."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from itertools import count

import pytest
from django.utils import timezone

from integrations.models import Action, CompanyLease, RemoteWrite, SyncRun
from integrations.models.snapshots import ItemSnapshot
from integrations.sync.engine.context import SyncContext
from integrations.sync.engine.plan import Plan, PlannedWrite, Prerequisite
from integrations.sync.engine.planning import make_plan
from integrations.sync.items.pull import CatalogItemData, find_item_link_in_use
from tests.invoice_harness import InvoiceHarness

Wanted = Callable[[], tuple[Sequence[str], str]]


@pytest.fixture
def context(harness: InvoiceHarness) -> Iterator[SyncContext]:
    lease = CompanyLease.objects.get(company=harness.portal.company)
    assert lease.take(timezone.now(), timedelta(minutes=1))
    yield SyncContext(lease, harness.portal.quickbooks)
    lease.release()


def catalog_item(key: str) -> Prerequisite:
    name = f"Item {key}"
    values = {
        "name": name,
        "price": 1,
        "cost": 0,
        "type": "SERVICE",
        "category": "OTHER",
        "tradeGroup": "OTHER",
    }
    write = PlannedWrite("create", "catalog_item", values, (), vendor="coperniq")
    return Prerequisite(write, key, CatalogItemData(name, ItemSnapshot(name)))


def id_of(ctx: SyncContext, key: str) -> str:
    link = find_item_link_in_use(ctx, key)
    return link.coperniq_id if link is not None else ""


def plan_that_wants(ctx: SyncContext, wanted: Wanted) -> Plan:
    """`wanted` gives for each plan the items that are looked for, and the one that the write names, "" for none."""
    run = SyncRun.objects.request(SyncRun.of(ctx.connection, Action.PULL_INVOICE, quickbooks_id="1"))

    def planner(ctx: SyncContext, _run: SyncRun) -> Plan:
        keys, named = wanted()
        found = {key: id_of(ctx, key) or ctx.require(catalog_item(key)) for key in keys}
        values = {"lineItems": [{"catalogItemId": found.get(named, "")}]}
        return Plan("", "", write=PlannedWrite("create", "coperniq_invoice", values, (), vendor="coperniq"))

    return make_plan(ctx, run, planner)


def written() -> list[str]:
    writes = RemoteWrite.objects.filter(entity="catalog_item").order_by("pk")
    return list(writes.values_list("quickbooks_id", flat=True))


def test_only_what_the_write_names_is_written(context: SyncContext) -> None:
    plan_that_wants(context, lambda: (("5", "52"), "52"))
    assert written() == ["52"]


def test_seven_entries_may_follow_from_one_another(context: SyncContext) -> None:
    numbers = (str(min(number, 7)) for number in count(1))
    assert plan_that_wants(context, lambda: one(next(numbers))).prerequisites == ()
    assert written() == ["1", "2", "3", "4", "5", "6", "7"]


def test_an_entry_that_no_plan_would_use_is_not_written(context: SyncContext) -> None:
    numbers = map(str, count(1))
    plans = []

    def endless() -> tuple[Sequence[str], str]:
        plans.append(next(numbers))
        return one(plans[-1])

    with pytest.raises(RuntimeError, match="again and again"):
        plan_that_wants(context, endless)
    assert written() == plans[:-1]


def one(key: str) -> tuple[Sequence[str], str]:
    return (key,), key
