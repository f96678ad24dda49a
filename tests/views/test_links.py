from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from accounts.models import AuditLogEntry, Company, User
from integrations.models import Kind, QuickBooksConnection, RecordLink
from tests.factories import OTHER_REALM, SignIn, quickbooks_connection, read_csv, record_link

CUSTOMERS = "/integrations/links/customer/"


@pytest.fixture
def acme_books(acme: Company) -> QuickBooksConnection:
    return quickbooks_connection(acme)


def named(connection: QuickBooksConnection, coperniq_id: str, name: str, **values: Any) -> RecordLink:
    made = record_link(connection, Kind.CUSTOMER, coperniq_id)
    for field, value in {"coperniq_name": name, "quickbooks_name": f"{name} Inc", **values}.items():
        setattr(made, field, value)
    made.save()
    return made


def links(client: Client, **query: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = client.get(CUSTOMERS, {"format": "json", **query}).json()["links"]
    return found


def test_json_gives_both_sides_of_each_link(
    acme_books: QuickBooksConnection, alice: User, sign_in: SignIn
) -> None:
    made = named(acme_books, "7", "John Smith", number="12345", amount_cents=2500000)
    assert links(sign_in(alice)) == [
        {
            "id": made.pk,
            "kind": "customer",
            "coperniq_id": "7",
            "quickbooks_id": "qb-7",
            "coperniq_name": "John Smith",
            "quickbooks_name": "John Smith Inc",
            "number": "12345",
            "amount_cents": 2500000,
            "rule": "created",
            "linked_at": made.linked_at.isoformat(),
            "synced_at": made.synced_at.isoformat(),
        }
    ]


@pytest.mark.parametrize("kind", Kind.values)
def test_every_kind_has_its_table_even_while_it_is_empty(
    acme_books: QuickBooksConnection, alice: User, sign_in: SignIn, kind: str
) -> None:
    page = sign_in(alice).get(f"/integrations/links/{kind}/")
    assert page.status_code == 200
    assert "are linked yet" in page.text


def test_unknown_kind_is_not_found(acme: Company, alice: User, sign_in: SignIn) -> None:
    assert sign_in(alice).get("/integrations/links/vendor/").status_code == 404


def test_company_without_quickbooks_has_no_links(acme: Company, alice: User, sign_in: SignIn) -> None:
    assert links(sign_in(alice)) == []


@pytest.mark.every_database
@pytest.mark.parametrize(("wanted", "ids"), [("smith", ["1"]), ("qb-2", ["2"]), ("2", ["2"]), ("777", ["2"])])
def test_search_finds_names_numbers_and_exact_ids(
    acme_books: QuickBooksConnection, alice: User, sign_in: SignIn, wanted: str, ids: list[str]
) -> None:
    named(acme_books, "1", "John Smith")
    named(acme_books, "2", "Maria Garcia", number="777")
    assert [row["coperniq_id"] for row in links(sign_in(alice), q=wanted)] == ids


@pytest.mark.every_database
def test_unreadable_search_is_reported(
    acme_books: QuickBooksConnection, alice: User, sign_in: SignIn
) -> None:
    client = sign_in(alice)
    assert client.get(CUSTOMERS, {"q": "a\x00b"}).status_code == 400
    assert client.get(CUSTOMERS, {"q": "a\x00b", "format": "json"}).json()["errors"].keys() == {"q"}


def test_links_of_archived_connections_and_of_other_companies_stay_out(
    acme_books: QuickBooksConnection, bolt: Company, alice: User, sign_in: SignIn
) -> None:
    named(quickbooks_connection(bolt, OTHER_REALM), "1", "Theirs")
    archived = quickbooks_connection(acme_books.company, "93", state=QuickBooksConnection.State.ARCHIVED)
    named(archived, "1", "Former")
    named(acme_books, "1", "Ours")
    assert [row["coperniq_name"] for row in links(sign_in(alice))] == ["Ours"]


@pytest.mark.every_database
def test_csv_is_defused_recorded_and_for_those_who_may_export(
    acme_books: QuickBooksConnection, alice: User, sam: User, sign_in: SignIn
) -> None:
    named(acme_books, "1", "=cmd|' /C calc'!A0", amount_cents=-500)
    (row,) = read_csv(sign_in(alice).get(CUSTOMERS, {"format": "csv"}))
    assert row["coperniq_name"] == "'=cmd|' /C calc'!A0"
    assert row["amount_cents"] == "-500"
    assert AuditLogEntry.objects.get(verb="export").target == "linked customers as csv"
    assert sign_in(sam).get(CUSTOMERS, {"format": "csv"}).status_code == 403


def test_fifty_links_cost_no_more_queries_than_one(
    acme_books: QuickBooksConnection,
    alice: User,
    sign_in: SignIn,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    for number in range(60):
        named(acme_books, str(number), "John Smith")
    client = sign_in(alice)
    with django_assert_max_num_queries(12):
        page = client.get(CUSTOMERS)
    assert len(page.context["rows"]) == 50
    assert "Older →" in page.text


@pytest.mark.every_database
def test_payments_name_their_invoice(acme_books: QuickBooksConnection, alice: User, sign_in: SignIn) -> None:
    invoice = record_link(acme_books, Kind.INVOICE, "500")
    RecordLink.objects.filter(pk=invoice.pk).update(number="1042", amount_cents=120000)
    paid = record_link(acme_books, Kind.PAYMENT, "9")
    values = {"coperniq_parent_id": "500", "allocation_invoice_id": "qb-500", "amount_cents": 50000}
    RecordLink.objects.filter(pk=paid.pk).update(**values)
    record_link(acme_books, Kind.PAYMENT, "10")
    client = sign_in(alice)
    address = "/integrations/links/payment/"
    other, row = client.get(address, {"format": "json"}).json()["links"]
    assert (row["invoice_number"], row["coperniq_invoice_id"]) == ("1042", "500")
    assert (row["quickbooks_invoice_id"], row["amount_cents"]) == ("qb-500", 50000)
    assert other["invoice_number"] == ""
    assert [line["invoice_number"] for line in read_csv(client.get(address, {"format": "csv"}))] == [
        "",
        "1042",
    ]
    text = client.get(address).text
    assert "1042" in text
    assert "$500.00" in text
    invoices = client.get("/integrations/links/invoice/").text
    assert "$1,200.00" in invoices
    assert "/app/invoice?txnId=qb-500" in invoices


def test_items_lead_to_the_page_where_they_are_chosen(
    acme_books: QuickBooksConnection, alice: User, sign_in: SignIn
) -> None:
    assert (
        'go to <a href="/integrations/items/">Item matches</a>'
        in sign_in(alice).get("/integrations/links/item/").text
    )
