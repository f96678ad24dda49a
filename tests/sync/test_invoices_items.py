"""Which QuickBooks item a line is sold as, and what becomes of lines that match none."""

from __future__ import annotations

from typing import Any

import pytest

from integrations.messages.invoices_push import InvoicePushMessage
from integrations.models import QuickBooksConnection, RecordLink, SyncRun
from simulator.quickbooks import errors, sale_lines
from simulator.quickbooks.responses import refused
from tests.invoice_harness import InvoiceHarness, open_invoice_harness
from tests.portal_harness import PortalHarness
from tests.sync.invoice_builders import assert_at_rest, lines_of, sales, with_items

CREATED = "done: Created invoice {} in QuickBooks, open and not e-mailed."
DROPPED = (
    f"done_with_warning: {InvoicePushMessage.CREATED(number=1001)} QuickBooks dropped the amounts of "
    "lines without a matching item. The portal sends those lines again with the item chosen for them."
)
REPAIRED = "done: Repaired invoice 1001 in QuickBooks: the lines without an item have their amount now."
NO_FALLBACK = (
    "held: QuickBooks takes no amount on a line without an item, and no QuickBooks item matches some lines of this "
    "invoice. Choose an item for lines without a match on the QuickBooks page, or match the items one by one under "
    "Item matches, then try again."
)


@pytest.fixture
def harness(portal: PortalHarness) -> InvoiceHarness:
    return open_invoice_harness(portal)


def known(portal: PortalHarness) -> str:
    return QuickBooksConnection.objects.get(pk=portal.quickbooks.pk).itemless_lines


def item_of(document: dict[str, Any], line: int = 0) -> str:
    return str(document["Line"][line]["SalesItemLineDetail"]["ItemRef"]["value"])


def invoice_of(harness: InvoiceHarness, **item: Any) -> None:
    """One line of a catalog item with these fields."""
    made = harness.portal.simulator.make("catalog-items", **item)
    harness.items[item["name"]] = made["id"]
    harness.invoice((item["name"], 1, 100))
    harness.work()


@pytest.mark.parametrize(
    ("ours", "theirs", "rule"),
    [
        ({"name": "Permit", "code": "svc-permit"}, {"Name": "Fees", "Sku": "SVC-PERMIT"}, "code"),
        ({"name": " PERMIT ", "code": "X"}, {"Name": "Permit"}, "name"),
    ],
)
@pytest.mark.parametrize("star", [True, False])
def test_an_item_is_matched_by_code_else_by_name(
    harness: InvoiceHarness, ours: dict[str, str], theirs: dict[str, str], rule: str, star: bool
) -> None:
    harness.portal.simulator.switch(item_star_leaves_out_sku=star)
    name = theirs.pop("Name")
    made = harness.book_item(name, **theirs)
    theirs["Name"] = name
    invoice_of(harness, **ours)
    assert item_of(harness.in_books()) == made["Id"]
    assert (harness.link("item").match_method, harness.link("item").quickbooks_id) == (rule, made["Id"])
    assert_at_rest(harness)


def test_the_code_counts_more_than_the_name(harness: InvoiceHarness) -> None:
    harness.book_item("Permit")
    coded = harness.book_item("Fees", Sku="SVC-PERMIT")
    invoice_of(harness, name="Permit", code="SVC-PERMIT")
    assert item_of(harness.in_books()) == coded["Id"]


@pytest.mark.parametrize(
    "rows",
    [
        [{"Name": "A", "Sku": "C-1"}, {"Name": "B", "Sku": "C-1"}],
        [{"Name": "Permit", "Active": False}],
        [{"Name": "Permit", "Type": "Category"}],
    ],
)
def test_two_that_fit_an_inactive_one_or_a_category_are_no_match(
    harness: InvoiceHarness, rows: list[dict[str, Any]]
) -> None:
    harness.configure(fallback_item="1")
    for row in rows:
        harness.book_item(row.pop("Name"), **row)
    invoice_of(harness, name="Permit", code="C-1")
    assert item_of(harness.in_books()) == "1"
    assert not RecordLink.objects.filter(kind="item").exists()


def test_an_item_made_in_quickbooks_meanwhile_is_found(harness: InvoiceHarness) -> None:
    harness.configure(fallback_item="1")
    invoice_of(harness, name="Permit")
    made = harness.book_item("Panel")
    harness.portal.quickbooks.lookup_lists.update(read_at="2020-01-01T00:00:00Z")
    harness.invoice(("Panel", 1, 10))
    harness.work()
    assert item_of(harness.books("Invoice")[-1]) == made["Id"]


def test_a_match_made_inactive_since_gives_way_to_another(harness: InvoiceHarness) -> None:
    """The list still calls it active: QuickBooks' refusal brings it up to date, in the same run."""
    first = harness.book_item("Permit")
    invoice_of(harness, name="Permit")
    harness.edit_books("Item", first["Id"], Active=False)
    second = harness.book_item("Permit")
    harness.invoice(("Permit", 1, 10))
    harness.work()
    assert item_of(harness.books("Invoice")[-1]) == second["Id"]
    assert harness.link("item").quickbooks_id == second["Id"]
    assert_at_rest(harness)


def test_what_a_person_pinned_stays_and_is_theirs_to_mend(harness: InvoiceHarness) -> None:
    harness.book_item("Permit")
    pinned = harness.book_item("Fees")
    invoice_of(harness, name="Permit")
    RecordLink.objects.filter(kind="item").update(
        match_method="chosen", quickbooks_id=pinned["Id"], quickbooks_name="Fees"
    )
    harness.invoice(("Permit", 1, 10))
    harness.work()
    assert item_of(harness.books("Invoice")[-1]) == pinned["Id"]
    harness.edit_books("Item", pinned["Id"], Active=False)
    harness.invoice(("Permit", 1, 20))
    harness.work()
    assert harness.logged()[-1] == (
        "held: The QuickBooks item “Fees”, chosen for “Permit”, is inactive. Make it active in QuickBooks, or choose "
        "another one under Item matches, then try again."
    )
    harness.edit_books("Item", pinned["Id"], Active=True)
    harness.portal.quickbooks.lookup_lists.update(read_at="2020-01-01T00:00:00Z")
    harness.decide("retry")
    assert len(harness.books("Invoice")) == 3
    assert_at_rest(harness)


@pytest.mark.parametrize("shown", ["null", "shown"])
def test_a_deleted_catalog_item_is_sold_as_before(harness: InvoiceHarness, shown: str) -> None:
    """By its link; of one that never was linked only the line's text is left."""
    harness.portal.simulator.switch(deleted_catalog_item=shown)
    harness.configure(fallback_item="1")
    made = harness.book_item("Permit")
    invoice_of(harness, name="Permit")
    harness.invoice(("Permit", 1, 10), ("Cable", 1, 20))
    for name in ("Permit", "Cable"):
        harness.portal.simulator.change("catalog-items", harness.item(name), isArchived=True)
    harness.work()
    document = harness.books("Invoice")[-1]
    assert (item_of(document), item_of(document, 1)) == (made["Id"], "1")
    assert sales(document) == [("Permit as agreed", 10), ("Cable as agreed", 20)]


def test_two_lines_of_one_item_share_its_match(harness: InvoiceHarness) -> None:
    made = harness.book_item("Permit")
    harness.item("Permit")
    harness.invoice(("Permit", 1, 10), ("Permit", 2, 20))
    harness.work()
    assert [item_of(harness.in_books(), n) for n in (0, 1)] == [made["Id"]] * 2


def test_lines_without_an_item_are_kept_where_quickbooks_keeps_them(harness: InvoiceHarness) -> None:
    harness.portal.simulator.switch(itemless_lines="kept")
    for _ in range(2):
        harness.invoice(("Permit", 1, 100))
        harness.work()
    assert known(harness.portal) == "kept"
    assert harness.logged() == [CREATED.format("1001"), CREATED.format("1002")]
    assert all("ItemRef" not in row["Line"][0]["SalesItemLineDetail"] for row in harness.books("Invoice"))
    assert_at_rest(harness)


def test_an_item_quickbooks_put_in_by_itself_is_a_warning(harness: InvoiceHarness) -> None:
    harness.portal.simulator.switch(itemless_lines="replaced")
    harness.invoice(("Permit", 1, 100))
    harness.work()
    assert known(harness.portal) == "kept"
    assert harness.logged() == [
        f"done_with_warning: {InvoicePushMessage.CREATED(number=1001)} QuickBooks added its item "
        "“Services” to lines that have none in Coperniq."
    ]
    assert_at_rest(harness)


def test_dropped_amounts_are_repaired_in_the_same_run_and_never_lost_again(harness: InvoiceHarness) -> None:
    harness.configure(fallback_item="2")
    harness.book_item("Permit")
    harness.invoice(("Permit", 1, 100), ("Cable", 2, 25))
    harness.work()
    assert known(harness.portal) == "ignored"
    assert harness.logged() == [DROPPED, REPAIRED]
    assert sales(harness.in_books()) == [("Permit as agreed", 100), ("Cable as agreed", 50)]
    assert len(harness.in_books()["Line"]) == 3, "nothing of the dropped line is left"
    assert item_of(harness.in_books(), 1) == "2"
    assert_at_rest(harness)
    harness.invoice(("Cable", 1, 75))
    harness.portal.simulator.forget_log()
    harness.work()
    assert harness.logged()[2:] == [CREATED.format("1002")]
    assert len(harness.calls(write=True)) == 1
    assert_at_rest(harness)


def test_without_a_fallback_item_the_invoice_is_held_and_later_ones_before_writing(
    harness: InvoiceHarness,
) -> None:
    harness.invoice(("Cable", 2, 25))
    harness.work()
    assert harness.logged() == [DROPPED, NO_FALLBACK]
    assert harness.in_books()["TotalAmt"] == 0
    harness.invoice(("Cable", 1, 75))
    harness.work()
    assert harness.logged()[2:] == [NO_FALLBACK]
    assert len(harness.books("Invoice")) == 1
    assert_at_rest(harness)
    harness.configure(fallback_item="1")
    for run in SyncRun.objects.held():
        harness.decide("retry", run)
    assert [row["TotalAmt"] for row in harness.books("Invoice")] == [50, 75]
    assert_at_rest(harness)


@pytest.mark.parametrize("fallback", ["404", "inactive"])
def test_a_fallback_item_that_is_not_there_is_asked_for_again(harness: InvoiceHarness, fallback: str) -> None:
    QuickBooksConnection.objects.update(itemless_lines="ignored")
    item = fallback if fallback == "404" else harness.book_item("Old", Active=False)["Id"]
    harness.configure(fallback_item=item)
    harness.invoice(("Cable", 1, 75))
    harness.work()
    assert harness.logged() == [NO_FALLBACK]


def test_an_update_learns_it_too(portal: PortalHarness) -> None:
    harness = with_items(portal)
    harness.configure(fallback_item="1")
    invoice = harness.invoice(("Permit", 1, 100))
    harness.work()
    assert known(portal) == "unknown"
    harness.edit(invoice, lineItems=[*lines_of(invoice), harness.line("Cable", 1, 20)])
    harness.work()
    assert known(portal) == "ignored"
    assert harness.in_books()["TotalAmt"] == 120
    assert len(harness.in_books()["Line"]) == 3
    assert_at_rest(harness)


def test_of_many_at_once_one_learns_and_the_others_use_it(harness: InvoiceHarness) -> None:
    """Each of another account, so that ten of them are under way at a time."""
    harness.configure(fallback_item="1")
    accounts = [harness.portal.account(f"Jane Doe {number}") for number in range(5)]
    for account in accounts:
        harness.portal.enter(harness.portal.project(account, account["title"]))
    harness.portal.work()
    harness.portal.simulator.forget_log()
    for number, account in enumerate(accounts, 1):
        harness.invoice(("Cable", 1, number), on=account)
    harness.work()
    assert sum(line.startswith("done_with_warning") for line in harness.logged()) == 1
    assert sorted(row["TotalAmt"] for row in harness.books("Invoice")) == [1, 2, 3, 4, 5]
    assert len(harness.calls(write=True)) == 6
    assert_at_rest(harness)


@pytest.mark.parametrize("code", ["2020", "6000", "4711"])
def test_lines_without_an_item_that_are_refused_get_the_fallback_item(
    harness: InvoiceHarness, monkeypatch: pytest.MonkeyPatch, code: str
) -> None:
    """In the same run, and whatever the code of the refusal is; the next ones have it from the beginning."""
    harness.portal.simulator.switch(itemless_lines="refused")
    monkeypatch.setattr(errors, "missing", lambda name: refused(code, "Missing", name, name))
    harness.configure(fallback_item="2")
    harness.invoice(("Cable", 2, 25))
    harness.work()
    assert (known(harness.portal), harness.logged()) == ("ignored", [CREATED.format("1001")])
    assert item_of(harness.in_books()) == "2"
    assert_at_rest(harness)
    harness.invoice(("Cable", 1, 75))
    harness.portal.simulator.forget_log()
    harness.work()
    assert len(harness.calls(write=True)) == 1
    assert [row["TotalAmt"] for row in harness.books("Invoice")] == [50, 75]


def test_without_a_fallback_item_a_refused_line_asks_for_one(harness: InvoiceHarness) -> None:
    harness.portal.simulator.switch(itemless_lines="refused")
    harness.invoice(("Cable", 2, 25))
    harness.work()
    assert harness.logged() == [NO_FALLBACK]
    assert_at_rest(harness)
    harness.configure(fallback_item="1")
    harness.decide("retry")
    assert harness.in_books()["TotalAmt"] == 50
    assert_at_rest(harness)


def test_an_update_that_is_refused_for_a_line_without_an_item_gets_one(harness: InvoiceHarness) -> None:
    """QuickBooks kept such lines before, so that nothing was left to learn."""
    harness.portal.simulator.switch(itemless_lines="kept")
    harness.configure(fallback_item="1")
    invoice = harness.invoice(("Cable", 1, 100))
    harness.work()
    harness.portal.simulator.switch(itemless_lines="refused")
    harness.edit(invoice, lineItems=[*lines_of(invoice), harness.line("Conduit", 1, 20)])
    harness.work()
    assert harness.in_books()["TotalAmt"] == 120
    assert not SyncRun.objects.open().exists(), harness.logged()
    assert_at_rest(harness)


def test_a_refusal_for_another_reason_teaches_nothing(
    harness: InvoiceHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    harness.configure(fallback_item="2")
    harness.portal.simulator.switch(itemless_lines="kept")

    def refuse(*_: object, **__: object) -> None:
        raise refused("6000", "A business validation error has occurred", "Something else", "")

    monkeypatch.setattr(sale_lines, "require_line_details", refuse)
    harness.invoice(("Cable", 2, 25))
    harness.work()
    assert (known(harness.portal), harness.held().cause) == ("unknown", "business_rule")
