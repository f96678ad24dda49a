"""Which QuickBooks item a line is sold as, and what becomes of lines that match none."""

from __future__ import annotations

from typing import Any

import pytest

from integrations.messages.invoices_push import InvoicePushMessage
from integrations.models import QuickBooksConnection, RecordLink, SyncRun
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
    "held: QuickBooks drops the amount of a line without an item, and no QuickBooks item matches some lines of this "
    "invoice. Choose an item for lines without a match on the QuickBooks page, or match the items one by one under "
    "Item matches, then try again."
)


@pytest.fixture
def money(office: PortalHarness) -> InvoiceHarness:
    return open_invoice_harness(office)


def known(office: PortalHarness) -> str:
    return QuickBooksConnection.objects.get(pk=office.quickbooks.pk).itemless_lines


def item_of(document: dict[str, Any], line: int = 0) -> str:
    return str(document["Line"][line]["SalesItemLineDetail"]["ItemRef"]["value"])


def invoice_of(money: InvoiceHarness, **item: Any) -> None:
    """One line of a catalog item with these fields."""
    made = money.office.simulator.make("catalog-items", **item)
    money.items[item["name"]] = made["id"]
    money.invoice((item["name"], 1, 100))
    money.work()


@pytest.mark.parametrize(
    ("ours", "theirs", "rule"),
    [
        ({"name": "Permit", "code": "svc-permit"}, {"Name": "Fees", "Sku": "SVC-PERMIT"}, "code"),
        ({"name": " PERMIT ", "code": "X"}, {"Name": "Permit"}, "name"),
    ],
)
@pytest.mark.parametrize("star", [True, False])
def test_an_item_is_matched_by_code_else_by_name(
    money: InvoiceHarness, ours: dict[str, str], theirs: dict[str, str], rule: str, star: bool
) -> None:
    money.office.simulator.switch(item_star_leaves_out_sku=star)
    name = theirs.pop("Name")
    made = money.book_item(name, **theirs)
    theirs["Name"] = name
    invoice_of(money, **ours)
    assert item_of(money.in_books()) == made["Id"]
    assert (money.link("item").match_method, money.link("item").quickbooks_id) == (rule, made["Id"])
    assert_at_rest(money)


def test_the_code_counts_more_than_the_name(money: InvoiceHarness) -> None:
    money.book_item("Permit")
    coded = money.book_item("Fees", Sku="SVC-PERMIT")
    invoice_of(money, name="Permit", code="SVC-PERMIT")
    assert item_of(money.in_books()) == coded["Id"]


@pytest.mark.parametrize(
    "rows",
    [
        [{"Name": "A", "Sku": "C-1"}, {"Name": "B", "Sku": "C-1"}],
        [{"Name": "Permit", "Active": False}],
        [{"Name": "Permit", "Type": "Category"}],
    ],
)
def test_two_that_fit_an_inactive_one_or_a_category_are_no_match(
    money: InvoiceHarness, rows: list[dict[str, Any]]
) -> None:
    money.configure(fallback_item="1")
    for row in rows:
        money.book_item(row.pop("Name"), **row)
    invoice_of(money, name="Permit", code="C-1")
    assert item_of(money.in_books()) == "1"
    assert not RecordLink.objects.filter(kind="item").exists()


def test_an_item_made_in_quickbooks_meanwhile_is_found(money: InvoiceHarness) -> None:
    money.configure(fallback_item="1")
    invoice_of(money, name="Permit")
    made = money.book_item("Panel")
    money.office.quickbooks.lookup_lists.update(read_at="2020-01-01T00:00:00Z")
    money.invoice(("Panel", 1, 10))
    money.work()
    assert item_of(money.books("Invoice")[-1]) == made["Id"]


def test_a_match_made_inactive_since_gives_way_to_another(money: InvoiceHarness) -> None:
    """The list still calls it active: QuickBooks' refusal brings it up to date, in the same run."""
    first = money.book_item("Permit")
    invoice_of(money, name="Permit")
    money.edit_books("Item", first["Id"], Active=False)
    second = money.book_item("Permit")
    money.invoice(("Permit", 1, 10))
    money.work()
    assert item_of(money.books("Invoice")[-1]) == second["Id"]
    assert money.link("item").quickbooks_id == second["Id"]
    assert_at_rest(money)


def test_what_a_person_pinned_stays_and_is_theirs_to_mend(money: InvoiceHarness) -> None:
    money.book_item("Permit")
    pinned = money.book_item("Fees")
    invoice_of(money, name="Permit")
    RecordLink.objects.filter(kind="item").update(
        match_method="chosen", quickbooks_id=pinned["Id"], quickbooks_name="Fees"
    )
    money.invoice(("Permit", 1, 10))
    money.work()
    assert item_of(money.books("Invoice")[-1]) == pinned["Id"]
    money.edit_books("Item", pinned["Id"], Active=False)
    money.invoice(("Permit", 1, 20))
    money.work()
    assert money.told()[-1] == (
        "held: The QuickBooks item “Fees”, chosen for “Permit”, is inactive. Make it active in QuickBooks, or choose "
        "another one under Item matches, then try again."
    )
    money.edit_books("Item", pinned["Id"], Active=True)
    money.office.quickbooks.lookup_lists.update(read_at="2020-01-01T00:00:00Z")
    money.decide("retry")
    assert len(money.books("Invoice")) == 3
    assert_at_rest(money)


@pytest.mark.parametrize("shown", ["null", "shown"])
def test_a_deleted_catalog_item_is_sold_as_before(money: InvoiceHarness, shown: str) -> None:
    """By its link; of one that never was linked only the line's text is left."""
    money.office.simulator.switch(deleted_catalog_item=shown)
    money.configure(fallback_item="1")
    made = money.book_item("Permit")
    invoice_of(money, name="Permit")
    money.invoice(("Permit", 1, 10), ("Cable", 1, 20))
    for name in ("Permit", "Cable"):
        money.office.simulator.change("catalog-items", money.item(name), isArchived=True)
    money.work()
    document = money.books("Invoice")[-1]
    assert (item_of(document), item_of(document, 1)) == (made["Id"], "1")
    assert sales(document) == [("Permit as agreed", 10), ("Cable as agreed", 20)]


def test_two_lines_of_one_item_share_its_match(money: InvoiceHarness) -> None:
    made = money.book_item("Permit")
    money.item("Permit")
    money.invoice(("Permit", 1, 10), ("Permit", 2, 20))
    money.work()
    assert [item_of(money.in_books(), n) for n in (0, 1)] == [made["Id"]] * 2


def test_lines_without_an_item_are_kept_where_quickbooks_keeps_them(money: InvoiceHarness) -> None:
    money.office.simulator.switch(itemless_lines="kept")
    for _ in range(2):
        money.invoice(("Permit", 1, 100))
        money.work()
    assert known(money.office) == "kept"
    assert money.told() == [CREATED.format("1001"), CREATED.format("1002")]
    assert all("ItemRef" not in row["Line"][0]["SalesItemLineDetail"] for row in money.books("Invoice"))
    assert_at_rest(money)


def test_an_item_quickbooks_put_in_by_itself_is_a_warning(money: InvoiceHarness) -> None:
    money.office.simulator.switch(itemless_lines="replaced")
    money.invoice(("Permit", 1, 100))
    money.work()
    assert known(money.office) == "kept"
    assert money.told() == [
        f"done_with_warning: {InvoicePushMessage.CREATED(number=1001)} QuickBooks added its item "
        "“Services” to lines that have none in Coperniq."
    ]
    assert_at_rest(money)


def test_dropped_amounts_are_repaired_in_the_same_run_and_never_lost_again(money: InvoiceHarness) -> None:
    money.configure(fallback_item="2")
    money.book_item("Permit")
    money.invoice(("Permit", 1, 100), ("Cable", 2, 25))
    money.work()
    assert known(money.office) == "ignored"
    assert money.told() == [DROPPED, REPAIRED]
    assert sales(money.in_books()) == [("Permit as agreed", 100), ("Cable as agreed", 50)]
    assert len(money.in_books()["Line"]) == 3, "nothing of the dropped line is left"
    assert item_of(money.in_books(), 1) == "2"
    assert_at_rest(money)
    money.invoice(("Cable", 1, 75))
    money.office.simulator.forget_log()
    money.work()
    assert money.told()[2:] == [CREATED.format("1002")]
    assert len(money.calls(write=True)) == 1
    assert_at_rest(money)


def test_without_a_fallback_item_the_invoice_is_held_and_later_ones_before_writing(
    money: InvoiceHarness,
) -> None:
    money.invoice(("Cable", 2, 25))
    money.work()
    assert money.told() == [DROPPED, NO_FALLBACK]
    assert money.in_books()["TotalAmt"] == 0
    money.invoice(("Cable", 1, 75))
    money.work()
    assert money.told()[2:] == [NO_FALLBACK]
    assert len(money.books("Invoice")) == 1
    assert_at_rest(money)
    money.configure(fallback_item="1")
    for run in SyncRun.objects.held():
        money.decide("retry", run)
    assert [row["TotalAmt"] for row in money.books("Invoice")] == [50, 75]
    assert_at_rest(money)


@pytest.mark.parametrize("fallback", ["404", "inactive"])
def test_a_fallback_item_that_is_not_there_is_asked_for_again(money: InvoiceHarness, fallback: str) -> None:
    QuickBooksConnection.objects.update(itemless_lines="ignored")
    item = fallback if fallback == "404" else money.book_item("Old", Active=False)["Id"]
    money.configure(fallback_item=item)
    money.invoice(("Cable", 1, 75))
    money.work()
    assert money.told() == [NO_FALLBACK]


def test_an_update_learns_it_too(office: PortalHarness) -> None:
    money = with_items(office)
    money.configure(fallback_item="1")
    invoice = money.invoice(("Permit", 1, 100))
    money.work()
    assert known(office) == "unknown"
    money.edit(invoice, lineItems=[*lines_of(invoice), money.line("Cable", 1, 20)])
    money.work()
    assert known(office) == "ignored"
    assert money.in_books()["TotalAmt"] == 120
    assert len(money.in_books()["Line"]) == 3
    assert_at_rest(money)


def test_of_many_at_once_one_learns_and_the_others_use_it(money: InvoiceHarness) -> None:
    """Each of another account, so that ten of them are under way at a time."""
    money.configure(fallback_item="1")
    accounts = [money.office.account(f"Jane Doe {number}") for number in range(5)]
    for account in accounts:
        money.office.enter(money.office.project(account, account["title"]))
    money.office.work()
    money.office.simulator.forget_log()
    for number, account in enumerate(accounts, 1):
        money.invoice(("Cable", 1, number), on=account)
    money.work()
    assert sum(line.startswith("done_with_warning") for line in money.told()) == 1
    assert sorted(row["TotalAmt"] for row in money.books("Invoice")) == [1, 2, 3, 4, 5]
    assert len(money.calls(write=True)) == 6
    assert_at_rest(money)
