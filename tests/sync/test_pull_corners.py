"""Corners of the pull that no scene reaches by itself: what is gone, refused, or about to be done by somebody else."""

from __future__ import annotations

import dataclasses
from datetime import date, timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest
from django.utils import timezone

from integrations.coperniq.money import OddInvoice
from integrations.errors import Hold, Refused, Skip
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
from integrations.quickbooks.documents import Payment, PaymentLine
from integrations.sync.actions import (
    allocations,
    bringing_invoices,
    bringing_payments,
    catalog_items,
    changed_customers,
    changed_payments,
    conflicts,
    ended_in_quickbooks,
    merges,
    pulling_invoices,
    pulling_payments,
    strangers,
)
from integrations.sync.actions.both_sides import Fields, moment_of
from integrations.sync.answers import brought_invoices, brought_payments, edited_meanwhile
from integrations.sync.desk import Desk
from integrations.sync.mapping.invoices import DIFFERENCE
from integrations.sync.mapping.marks import mark_of
from integrations.sync.plans import Plan
from tests.sync.office import Office
from tests.sync.two_way import Books, coperniq_state, open_both

NOWHERE = "999999"


@pytest.fixture
def books(office: Office) -> Books:
    return open_both(office)


@pytest.fixture
def desk(books: Books) -> Desk:
    return Desk(Lane.objects.get(), books.money.office.quickbooks)


def payment_on(invoice_id: str = NOWHERE, note: str = "", days_ago: int = 0) -> Payment:
    """$40 of credits on one invoice: no money."""
    at = timezone.now() - timedelta(days=days_ago)
    lines = (PaymentLine(4000, invoice_id, "Invoice", {}), PaymentLine(4000, "5", "CreditMemo", {}))
    day = date(2026, 11, 10)
    return Payment("77", "0", "1", day, 0, 0, "", "", "", note, lines, False, at, at)


def some(**values: Any) -> Any:
    return SimpleNamespace(**values)


def test_a_payment_left_before_it_was_deleted_is_not_asked_about(books: Books, desk: Desk) -> None:
    run = {"connection": desk.connection, "company": desk.connection.company, "direction": Direction.PULL}
    asked = SyncRun(**run, kind="payment", action="pull_payment", quickbooks_id="7", quickbooks_part="8")
    assert not allocations.was_left(asked, None)
    asked.state = "cancelled"
    asked.save()
    assert allocations.was_left(asked, None)
    assert not allocations.was_left(asked, payment_on()), "nobody knows which version that was"


def test_credits_on_other_invoices_are_none_of_ours(desk: Desk) -> None:
    assert allocations.credits_applied(desk, SyncRun(), payment_on()).silent


def test_only_credits_and_older_payments_stay_where_they_are(desk: Desk) -> None:
    pulled = RecordLink(rule="pulled", quickbooks_id=NOWHERE, number="1")
    with pytest.raises(Skip, match="Only credits"):
        bringing_payments.plan(desk, SyncRun(), payment_on(), pulled)
    pushed = RecordLink(rule="created")
    with pytest.raises(Skip, match="before invoice syncing"):
        bringing_payments.refuse_older(desk, SyncRun(), payment_on(days_ago=3), pushed)


def test_what_coperniq_does_not_show_any_more_is_told_or_taken_for_gone(desk: Desk) -> None:
    link = RecordLink(coperniq_id=NOWHERE, coperniq_parent_id=NOWHERE, number="1")
    with pytest.raises(Hold, match="does not show invoice 1"):
        bringing_payments.read_listed(desk, link)
    assert changed_payments.in_coperniq(desk, SyncRun(), link, {"applied": 0}) is None
    assert ended_in_quickbooks.read(desk, link) is None
    assert brought_payments.find_marked(desk, NOWHERE, "7", "8") is None
    write = RemoteWrite(coperniq_id=NOWHERE, about={"about": {}})
    assert brought_invoices.look_for(desk, write, "{}") is None
    assert bringing_invoices.parent_of(desk, NOWHERE) is None


def test_of_an_invoice_that_is_gone_nothing_was_taken_off(desk: Desk) -> None:
    link = RecordLink(quickbooks_part=NOWHERE, quickbooks_image={"applied": 5000})
    paid = dataclasses.replace(payment_on(), total_cents=5000)
    assert not strangers.was_taken_off(desk, link, paid)


def test_an_invoice_that_ended_before_it_came_over_or_never_can(books: Books, desk: Desk) -> None:
    books.void(books.invoice())
    books.heard()
    assert coperniq_state(books.money, "invoices") == []
    for values, told in (
        ({"currency": "CAD", "total_cents": 1}, "in CAD"),
        ({"total_cents": -1}, "less than nothing"),
    ):
        current = some(**{"is_voided": False, "currency": "", **values})
        with pytest.raises(Hold, match=told):
            bringing_invoices.refuse_ineligible(desk, SyncRun(), current)
    assert "deposit of $5.00" in bringing_invoices.variances(some(deposit_cents=500))[0]


def test_a_total_or_an_amount_made_otherwise_is_told() -> None:
    (told,) = brought_invoices.variance({"total": 10000}, some(total_cents=9000))
    assert "Coperniq makes it $90.00 where QuickBooks has $100.00" in told
    write = RemoteWrite(about={"amount_cents": 4000})
    assert "Coperniq made it $30.00" in brought_payments.variance(write, some(amount_cents=3000))[0]


def test_one_odd_invoice_does_not_hide_the_marked_one(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    odd = OddInvoice("1", "2", timezone.now())
    monkeypatch.setattr(type(desk.coperniq), "list_invoices_of", lambda *_: [odd])
    assert brought_invoices.find_marked(desk, ("projects", "1"), "7") is None


def test_lines_with_a_tax_beside_them_cannot_be_held(monkeypatch: pytest.MonkeyPatch) -> None:
    invoice, link = some(calculation_method="LINE_ITEMS"), RecordLink(written={"line_ids": {DIFFERENCE: "3"}})
    fields = Fields(cast("Any", None), SyncRun(), invoice, link, {}, cast("Any", None))
    assert "beside its lines" in fields.cannot_hold
    assert moment_of(None) is None
    monkeypatch.setattr(conflicts, "winner_of", lambda *_: "quickbooks")
    stub = some(
        cannot_hold="odd",
        link=RecordLink(number="1"),
        told=lambda *_: "1 line",
        theirs={},
        image={},
        compared=lambda _: {},
    )
    with pytest.raises(Hold, match="cannot be made by itself"):
        conflicts.settle_conflict(cast("Any", None), SyncRun(), stub, "lines", {}, conflicts.Resolved({}))


def test_what_a_run_settled_by_itself_stays_settled_when_its_card_is_answered() -> None:
    run = SyncRun(pk=5)
    run.decisions = Decisions({Question.SIDE: Answer("use_quickbooks")})
    losers = {
        "memo": {"side": "quickbooks", "run": 5},
        "lines": {"side": "coperniq", "run": 5},
        "due_date": {"side": "quickbooks", "run": 4},
    }
    found = conflicts.Resolved(losers, is_answered=True)
    conflicts.take_losers(run, cast("Any", None), [], found)
    assert sorted(found.losers) == ["due_date", "lines"]


def test_items_somebody_else_has_matched_and_refused_ones(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise Refused(vendor="coperniq", detail="no")

    run = SyncRun(company=desk.connection.company, connection=desk.connection, kind="invoice")
    run.save()
    assert desk.lane.take(timezone.now(), timedelta(seconds=60))
    made = catalog_items.generic_id(desk, run, 1)
    link = RecordLink.objects.get(kind="item", coperniq_id=made)
    item = {"id": link.quickbooks_id, "name": "Permit", "sku": "", "price_cents": 1}
    assert catalog_items.matched_or_made(desk, run, item) == made
    monkeypatch.setattr(catalog_items, "carry_out", refuse)
    catalog_items.keep_up(desk, run, link, item)
    with pytest.raises(Refused):
        catalog_items.make(desk, run, "x", "x", catalog_items.told(item), strict=True)


def test_a_write_that_came_to_nothing_is_no_news_of_a_customer(desk: Desk) -> None:
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
    assert changed_customers.settle_left(desk, run, [link])
    write.refresh_from_db()
    assert write.state == "abandoned"


def test_a_refusal_without_a_write_names_no_customer(desk: Desk) -> None:
    merges.wait_if_refused(desk, SyncRun(), Plan(record_name="", rule=""), "CustomerRef.value")


def test_what_the_portal_is_about_to_link_itself_is_left_to_it(books: Books, desk: Desk) -> None:
    realm = desk.connection.realm_id
    write = RemoteWrite(
        connection=desk.connection, kind="invoice", coperniq_id="5", entity="Invoice", operation="create"
    )
    write.body = "{}"
    write.save()
    with pytest.raises(Skip, match="made it itself"):
        pulling_invoices.refuse_ours(desk, SyncRun(), some(id="77", note=mark_of(realm, Kind.INVOICE, "5")))
    assert not SyncRun.objects.filter(action="push_invoice").exists()
    marked = payment_on(note=mark_of(realm, Kind.PAYMENT, "9", "5"))
    with pytest.raises(Skip, match="made it itself"):
        pulling_payments.refuse_ours(desk, marked, RecordLink(coperniq_id="5"))


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


def test_a_payment_nobody_has_looked_at_yet_is_looked_for(books: Books, desk: Desk) -> None:
    money = books.money
    money.invoice()
    money.work()
    paid = money.receive(money.in_books()["Id"], 10)
    company = desk.connection.company
    told = {"source": "quickbooks_webhook", "record_type": "payment", "record_id": paid["Id"]}
    InboundEvent.objects.create(company=company, key="k", name="created", **told)
    strangers.meet_strangers(desk)
    assert ForeignPayment.objects.get().quickbooks_id == paid["Id"]


def test_what_was_written_is_told_from_what_was_found() -> None:
    sent = {"CustomerMemo": {"value": " Thanks "}}
    assert edited_meanwhile.memo_written({}, {"memo_field": "customer_memo"}, sent) == "Thanks"
    link = RecordLink(
        quickbooks_image={"memo_field": "private_note", "due_date": "", "memo": "", "lines": []}
    )
    write, before = RemoteWrite(operation="update"), {"due_date": "", "memo": "", "lines": []}
    edited_meanwhile.remember_as_written(write, link, before, {}, cast("Any", None))
    assert link.written == {}


def test_both_numbers_are_told_where_they_differ() -> None:
    assert brought_invoices.name_of("7", "1002") == "Invoice 7 (1002 in Coperniq)"
    assert brought_invoices.name_of("", "1002") == brought_invoices.name_of("1002", "1002") == "Invoice 1002"
