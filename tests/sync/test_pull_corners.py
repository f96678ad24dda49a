"""Corners of the pull that no scene reaches by itself: what is gone, refused, or about to be done by somebody else."""

from __future__ import annotations

import dataclasses
from datetime import date, timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest
from django.utils import timezone

from integrations.coperniq.money import UnreadableInvoice
from integrations.errors import NeedsDecision, Refused, Skipped
from integrations.models import (
    Answer,
    Decisions,
    Direction,
    ForeignPayment,
    InboundEvent,
    Kind,
    Lane,
    Question,
    RecordLink,
    RemoteWrite,
    SyncRun,
)
from integrations.quickbooks.documents import PaymentLine, QuickBooksPayment
from integrations.sync.customers.merge_detection import wait_if_refused
from integrations.sync.customers.pull import resolve_left_writes
from integrations.sync.engine.context import SyncContext
from integrations.sync.engine.correlation_tag import coperniq_tag
from integrations.sync.engine.plan import Plan
from integrations.sync.invoices import conflicts as invoices_conflicts
from integrations.sync.invoices.compare import InvoiceComparison, moment_of
from integrations.sync.invoices.concurrent_edits import memo_written, snapshot_as_written
from integrations.sync.invoices.conflicts import Resolution, apply_overridden, settle_conflict
from integrations.sync.invoices.mapping import DIFFERENCE
from integrations.sync.invoices.pull import refuse_portals_own
from integrations.sync.invoices.pull_create import find_parent, refuse_unsupported, variance_warnings
from integrations.sync.invoices.pull_response import (
    find_lost_write,
    find_tagged_invoice,
    pulled_name,
    total_variance,
)
from integrations.sync.invoices.pull_void import read_coperniq_invoice
from integrations.sync.items import pull as items_pull
from integrations.sync.items.pull import (
    create_catalog_item,
    generic_item_id,
    item_snapshot,
    match_or_create,
    update_catalog_item,
)
from integrations.sync.payments.external import refresh_external_payments, was_taken_off
from integrations.sync.payments.pull import _refuse_portals_own
from integrations.sync.payments.pull_change import find_in_coperniq
from integrations.sync.payments.pull_create import (
    plan_payment_pull_create,
    read_listed_payments,
    refuse_pull_before_cutoff,
)
from integrations.sync.payments.pull_detect import credits_applied, was_pull_discarded
from integrations.sync.payments.pull_response import find_tagged_payment, payment_variance
from tests.sync.office import Office
from tests.sync.two_way import Books, coperniq_state, open_both

NOWHERE = "999999"


@pytest.fixture
def books(office: Office) -> Books:
    return open_both(office)


@pytest.fixture
def desk(books: Books) -> SyncContext:
    return SyncContext(Lane.objects.get(), books.money.office.quickbooks)


def payment_on(invoice_id: str = NOWHERE, note: str = "", days_ago: int = 0) -> QuickBooksPayment:
    """$40 of credits on one invoice: no money."""
    at = timezone.now() - timedelta(days=days_ago)
    lines = (PaymentLine(4000, invoice_id, "Invoice", {}), PaymentLine(4000, "5", "CreditMemo", {}))
    day = date(2026, 11, 10)
    return QuickBooksPayment("77", "0", "1", day, 0, 0, "", "", "", note, lines, False, at, at)


def some(**values: Any) -> Any:
    return SimpleNamespace(**values)


def test_a_payment_left_before_it_was_deleted_is_not_asked_about(books: Books, desk: SyncContext) -> None:
    run = {"connection": desk.connection, "company": desk.connection.company, "direction": Direction.PULL}
    asked = SyncRun(**run, kind="payment", action="pull_payment", quickbooks_id="7", quickbooks_part="8")
    assert not was_pull_discarded(asked, None)
    asked.state = "cancelled"
    asked.save()
    assert was_pull_discarded(asked, None)
    assert not was_pull_discarded(asked, payment_on()), "nobody knows which version that was"


def test_credits_on_other_invoices_are_none_of_ours(desk: SyncContext) -> None:
    assert credits_applied(desk, SyncRun(), payment_on()).silent


def test_only_credits_and_older_payments_stay_where_they_are(desk: SyncContext) -> None:
    pulled = RecordLink(rule="pulled", quickbooks_id=NOWHERE, number="1")
    with pytest.raises(Skipped, match="Only credits"):
        plan_payment_pull_create(desk, SyncRun(), payment_on(), pulled)
    pushed = RecordLink(rule="created")
    with pytest.raises(Skipped, match="before invoice syncing"):
        refuse_pull_before_cutoff(desk, SyncRun(), payment_on(days_ago=3), pushed)


def test_what_coperniq_does_not_show_any_more_is_told_or_taken_for_gone(desk: SyncContext) -> None:
    link = RecordLink(coperniq_id=NOWHERE, coperniq_parent_id=NOWHERE, number="1")
    with pytest.raises(NeedsDecision, match="does not show invoice 1"):
        read_listed_payments(desk, link)
    assert find_in_coperniq(desk, SyncRun(), link, {"applied": 0}) is None
    assert read_coperniq_invoice(desk, link) is None
    assert find_tagged_payment(desk, NOWHERE, "7", "8") is None
    write = RemoteWrite(coperniq_id=NOWHERE, about={"about": {}})
    assert find_lost_write(desk, write, "{}") is None
    assert find_parent(desk, NOWHERE) is None


def test_of_an_invoice_that_is_gone_nothing_was_taken_off(desk: SyncContext) -> None:
    link = RecordLink(quickbooks_part=NOWHERE, quickbooks_image={"applied": 5000})
    paid = dataclasses.replace(payment_on(), total_cents=5000)
    assert not was_taken_off(desk, link, paid)


def test_an_invoice_that_ended_before_it_came_over_or_never_can(books: Books, desk: SyncContext) -> None:
    books.void(books.invoice())
    books.heard()
    assert coperniq_state(books.money, "invoices") == []
    for values, told in (
        ({"currency": "CAD", "total_cents": 1}, "in CAD"),
        ({"total_cents": -1}, "less than nothing"),
    ):
        current = some(**{"is_voided": False, "currency": "", **values})
        with pytest.raises(NeedsDecision, match=told):
            refuse_unsupported(desk, SyncRun(), current)
    assert "deposit of $5.00" in variance_warnings(some(deposit_cents=500))[0]


def test_a_total_or_an_amount_made_otherwise_is_told() -> None:
    (told,) = total_variance({"total": 10000}, some(total_cents=9000))
    assert "Coperniq makes it $90.00 where QuickBooks has $100.00" in told
    write = RemoteWrite(about={"amount_cents": 4000})
    assert "Coperniq made it $30.00" in payment_variance(write, some(amount_cents=3000))[0]


def test_one_odd_invoice_does_not_hide_the_marked_one(
    desk: SyncContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    odd = UnreadableInvoice("1", "2", timezone.now())
    monkeypatch.setattr(type(desk.coperniq), "list_invoices_of", lambda *_: [odd])
    assert find_tagged_invoice(desk, ("projects", "1"), "7") is None


def test_lines_with_a_tax_beside_them_cannot_be_held(monkeypatch: pytest.MonkeyPatch) -> None:
    invoice, link = some(calculation_method="LINE_ITEMS"), RecordLink(written={"line_ids": {DIFFERENCE: "3"}})
    fields = InvoiceComparison(cast("Any", None), SyncRun(), invoice, link, {}, cast("Any", None))
    assert "beside its lines" in fields.cannot_hold
    assert moment_of(None) is None
    monkeypatch.setattr(invoices_conflicts, "winning_side", lambda *_: "quickbooks")
    stub = some(
        cannot_hold="odd",
        link=RecordLink(number="1"),
        told=lambda *_: "1 line",
        theirs={},
        image={},
        compared=lambda _: {},
    )
    with pytest.raises(NeedsDecision, match="cannot be made by itself"):
        settle_conflict(cast("Any", None), SyncRun(), stub, "lines", {}, Resolution({}))


def test_what_a_run_settled_by_itself_stays_settled_when_its_card_is_answered() -> None:
    run = SyncRun(pk=5)
    run.decisions = Decisions({Question.SIDE: Answer("use_quickbooks")})
    losers = {
        "memo": {"side": "quickbooks", "run": 5},
        "lines": {"side": "coperniq", "run": 5},
        "due_date": {"side": "quickbooks", "run": 4},
    }
    found = Resolution(losers, is_answered=True)
    apply_overridden(run, cast("Any", None), [], found)
    assert sorted(found.losers) == ["due_date", "lines"]


def test_items_somebody_else_has_matched_and_refused_ones(
    desk: SyncContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise Refused(vendor="coperniq", detail="no")

    run = SyncRun(company=desk.connection.company, connection=desk.connection, kind="invoice")
    run.save()
    assert desk.lane.take(timezone.now(), timedelta(seconds=60))
    made = generic_item_id(desk, run, 1)
    link = RecordLink.objects.get(kind="item", coperniq_id=made)
    item = {"id": link.quickbooks_id, "name": "Permit", "sku": "", "price_cents": 1}
    assert match_or_create(desk, run, item) == made
    monkeypatch.setattr(items_pull, "write_catalog_item", refuse)
    update_catalog_item(desk, run, link, item)
    with pytest.raises(Refused):
        create_catalog_item(desk, run, "x", "x", item_snapshot(item), strict=True)


def test_a_write_that_came_to_nothing_is_no_news_of_a_customer(desk: SyncContext) -> None:
    link = RecordLink.objects.get(kind="customer")
    run = SyncRun(company=desk.connection.company, connection=desk.connection, kind="customer")
    values = {
        "connection": desk.connection,
        "kind": "customer",
        "coperniq_id": link.coperniq_id,
        "entity": "Customer",
    }
    write = RemoteWrite(**values, operation="update", request_id="r1")
    write.body = "{}"
    write.save()
    assert desk.lane.take(timezone.now(), timedelta(seconds=60))
    assert resolve_left_writes(desk, run, [link])
    write.refresh_from_db()
    assert write.state == "abandoned"


def test_a_refusal_without_a_write_names_no_customer(desk: SyncContext) -> None:
    wait_if_refused(desk, SyncRun(), Plan(record_name="", rule=""), "CustomerRef.value")


def test_what_the_portal_is_about_to_link_itself_is_left_to_it(books: Books, desk: SyncContext) -> None:
    realm = desk.connection.realm_id
    write = RemoteWrite(
        connection=desk.connection, kind="invoice", coperniq_id="5", entity="Invoice", operation="create"
    )
    write.body = "{}"
    write.save()
    with pytest.raises(Skipped, match="made it itself"):
        refuse_portals_own(desk, SyncRun(), some(id="77", note=coperniq_tag(realm, Kind.INVOICE, "5")))
    assert not SyncRun.objects.filter(action="push_invoice").exists()
    marked = payment_on(note=coperniq_tag(realm, Kind.PAYMENT, "9", "5"))
    with pytest.raises(Skipped, match="made it itself"):
        _refuse_portals_own(desk, marked, RecordLink(coperniq_id="5"))


def test_a_payment_of_an_invoice_that_is_not_linked_is_nothing(books: Books) -> None:
    office = books.money.office
    other = office.simulator.in_books(office.realm, DisplayName="Walk-in")
    theirs = books.invoice(customer=other["Id"])
    paid = books.payment(theirs["Id"], customer=other["Id"])
    run = {"kind": "payment", "action": "pull_payment", "direction": Direction.PULL}
    ids = {"quickbooks_id": paid["Id"], "quickbooks_part": theirs["Id"]}
    asked = SyncRun.objects.ask(SyncRun(company=office.company, connection=office.quickbooks, **run, **ids))
    office.work()
    asked.refresh_from_db()
    assert (asked.state, asked.cause) == ("done", "invoice_not_linked")


def test_a_payment_nobody_has_looked_at_yet_is_looked_for(books: Books, desk: SyncContext) -> None:
    money = books.money
    money.invoice()
    money.work()
    paid = money.receive(money.in_books()["Id"], 10)
    company = desk.connection.company
    told = {"source": "quickbooks_webhook", "record_type": "payment", "record_id": paid["Id"]}
    InboundEvent.objects.create(company=company, key="k", name="created", **told)
    refresh_external_payments(desk)
    assert ForeignPayment.objects.get().quickbooks_id == paid["Id"]


def test_what_was_written_is_told_from_what_was_found() -> None:
    sent = {"CustomerMemo": {"value": " Thanks "}}
    assert memo_written({}, {"memo_field": "customer_memo"}, sent) == "Thanks"
    link = RecordLink(
        quickbooks_image={"memo_field": "private_note", "due_date": "", "memo": "", "lines": []}
    )
    write, before = RemoteWrite(operation="update"), {"due_date": "", "memo": "", "lines": []}
    snapshot_as_written(write, link, before, {}, cast("Any", None))
    assert link.written == {}


def test_both_numbers_are_told_where_they_differ() -> None:
    assert pulled_name("7", "1002") == "Invoice 7 (1002 in Coperniq)"
    assert pulled_name("", "1002") == pulled_name("1002", "1002") == "Invoice 1002"
