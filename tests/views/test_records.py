"""The page of a record: how it stands now, both sides with names, what belongs to it, and its story, newest first."""

from __future__ import annotations

import re

import pytest
from pytest_django import DjangoAssertNumQueries

from accounts.models import Company, User
from accounts.roles import Role
from integrations.models import (
    Action,
    Kind,
    LookupList,
    QuickBooksConnection,
    RecordLink,
    RunState,
    SyncLogEntry,
)
from tests.factories import (
    OTHER_REALM,
    SignIn,
    coperniq_connection,
    held_run,
    log_entry,
    person,
    quickbooks_connection,
    record_link,
    sync_run,
)
from tests.portal_harness import PortalHarness
from tests.sync.two_way import open_two_way

INVOICE = "/integrations/records/invoice/5001/"


@pytest.fixture
def books(acme: Company) -> QuickBooksConnection:
    coperniq_connection(acme)
    return quickbooks_connection(acme)


@pytest.fixture
def invoice(books: QuickBooksConnection) -> RecordLink:
    """With its customer, its job and a payment; another customer has a job and an invoice, too."""
    for account, name in (("1", "Harbor Coffee"), ("2", "Elm Bakery")):
        record_link(books, Kind.CUSTOMER, account, coperniq_name=name, quickbooks_name=name)
        job = {
            "coperniq_account_id": account,
            "coperniq_name": f"Roof of {name}",
            "quickbooks_name": f"Job {name}",
        }
        record_link(books, Kind.JOB, f"7{account}", **job)
    record_link(books, Kind.INVOICE, "5002", coperniq_account_id="2", coperniq_name="Invoice 1002")
    snapshot = {"customer": "qb-71", "on": "2041-03-01", "total": 28_500, "balance": 20_000}
    made = record_link(
        books,
        Kind.INVOICE,
        "5001",
        coperniq_account_id="1",
        coperniq_name="Invoice 1001",
        amount_cents=28_500,
        coperniq_snapshot={"status": "PARTIALLY_PAID", "record_id": "71", "account_id": "1", "total": 28_500},
        quickbooks_snapshot=snapshot,
    )
    record_link(
        books,
        Kind.PAYMENT,
        "6001",
        coperniq_account_id="1",
        coperniq_parent_id="5001",
        coperniq_name="$85.00 for invoice 1001",
        amount_cents=8_500,
        coperniq_snapshot={"method": "CHECK", "amount": 8_500},
        quickbooks_snapshot={
            "method": "2",
            "account": "35",
            "amount": 8_500,
            "cash": 8_500,
            "on": "2041-03-02",
        },
    )
    return made


def text_of(sign_in: SignIn, person: User, path: str = INVOICE) -> str:
    answer = sign_in(person).get(path)
    assert answer.status_code == 200
    plain = re.sub(r"<[^>]*>", " ", answer.content.decode().split("<main")[1])
    return " ".join(plain.replace("&#x27;", "'").split())


def test_it_says_that_it_is_in_step_and_what_belongs_to_it(
    invoice: RecordLink, sam: User, sign_in: SignIn
) -> None:
    text = text_of(sign_in, sam)
    assert "Invoice 1001 $285.00 In step" in text
    related = text.split("What belongs to it")[1].split("Story")[0]
    assert (
        related.strip() == "Customer Harbor Coffee Job Roof of Harbor Coffee Payments $85.00 for invoice 1001"
    )
    for path, expected in {
        "/integrations/records/customer/1/": ("Roof of Harbor Coffee", "Invoice 1001 $285.00"),
        "/integrations/records/job/71/": ("Harbor Coffee", "Invoice 1001 $285.00"),
        "/integrations/records/payment/6001/": ("Invoice 1001 $285.00", "Harbor Coffee"),
    }.items():
        related = text_of(sign_in, sam, path).split("What belongs to it")[1].split("Story")[0]
        assert all(name in related for name in expected), path
        assert "Elm Bakery" not in related
        assert "1002" not in related


def test_both_sides_have_names_words_days_and_dollars(
    invoice: RecordLink, books: QuickBooksConnection, sam: User, sign_in: SignIn
) -> None:
    sides = text_of(sign_in, sam).split("Both sides")[1].split("What belongs")[0]
    for shown in ("Partially paid", "Roof of Harbor Coffee", "Job Harbor Coffee", "Mar 1, 2041", "$200.00"):
        assert shown in sides
    for raw in ("PARTIALLY_PAID", "qb-71", "2041-03-01", "28500", "20000"):
        assert raw not in sides
    LookupList.keep(
        books, LookupList.Name.METHODS, [{"id": "1", "name": "Cash"}, {"id": "2", "name": "Check"}]
    )
    LookupList.keep(books, LookupList.Name.ACCOUNTS, [{"id": "35", "name": "Checking"}])
    sides = (
        text_of(sign_in, sam, "/integrations/records/payment/6001/")
        .split("Both sides")[1]
        .split("What belongs")[0]
    )
    assert "Payment method Check Check" in sides
    assert "Deposited to Checking" in sides
    assert "Of that, money and no credit $85.00" in sides


@pytest.mark.parametrize(
    ("state", "label"),
    [(RunState.HELD, "Needs attention"), (RunState.WAITING, "Waiting"), (RunState.QUEUED, "On its way")],
)
def test_the_open_run_says_how_it_stands_whatever_the_log_said_last(
    state: RunState, label: str, books: QuickBooksConnection, alice: User, sign_in: SignIn
) -> None:
    run = sync_run(
        books,
        state,
        "5001",
        kind=Kind.INVOICE,
        action=Action.PUSH_INVOICE,
        sentence="As it is now.",
        amount_cents=28_500,
    )
    log_entry(
        books,
        "5001",
        kind=Kind.INVOICE,
        outcome="skipped",
        sentence="As it was.",
        run=run,
        record_name="Invoice 1001",
    )
    text = text_of(sign_in, alice)
    assert f"Invoice 1001 $285.00 {label} As it is now." in text
    assert ("Try again" in text) == (state == RunState.HELD)


def test_a_question_is_answered_there(books: QuickBooksConnection, alice: User, sign_in: SignIn) -> None:
    run = held_run(books, "5001", kind=Kind.INVOICE, action=Action.PUSH_INVOICE)
    log_entry(books, "5001", kind=Kind.INVOICE, outcome="held", run=run)
    page = sign_in(alice).get(INVOICE).content.decode()
    assert f"/integrations/runs/{run.pk}/decide/" in page


def test_what_is_open_differently_is_told(invoice: RecordLink, sam: User, sign_in: SignIn) -> None:
    RecordLink.objects.filter(pk=invoice.pk).update(open_difference_cents=-500)
    assert "Open amounts differ $5.00 less is open in Coperniq than in QuickBooks." in text_of(sign_in, sam)


def test_what_was_left_out_says_why(books: QuickBooksConnection, sam: User, sign_in: SignIn) -> None:
    log_entry(
        books,
        "5001",
        kind=Kind.INVOICE,
        outcome="skipped",
        sentence="It is a draft.",
        record_name="Invoice 1001",
    )
    assert "Invoice 1001 Not in step It is a draft." in text_of(sign_in, sam)


def test_one_that_only_quickbooks_has_is_found_by_its_id_there_until_it_is_linked(
    books: QuickBooksConnection, sam: User, sign_in: SignIn
) -> None:
    log_entry(
        books,
        "",
        kind=Kind.INVOICE,
        quickbooks_id="145",
        direction="pull",
        outcome="held",
        sentence="Which one?",
    )
    address = "/integrations/records/invoice/q-145/"
    assert address in sign_in(sam).get("/integrations/log/").content.decode()
    assert "Which one?" in text_of(sign_in, sam, address)
    record_link(books, Kind.INVOICE, "5001")
    RecordLink.objects.update(quickbooks_id="145")
    assert sign_in(sam).get(address).headers["Location"] == INVOICE
    assert "Which one?" in text_of(sign_in, sam)


def test_unknown_records_and_those_of_others_are_not_found(
    invoice: RecordLink, bob: User, sam: User, sign_in: SignIn
) -> None:
    for path in ("invoice/9/", "invoice/q-9/", "nothing/5001/", "invoice/q-/"):
        assert sign_in(sam).get(f"/integrations/records/{path}").status_code == 404
    assert sign_in(bob).get(INVOICE).status_code == 404


def test_lists_lead_there(
    invoice: RecordLink, books: QuickBooksConnection, sam: User, sign_in: SignIn
) -> None:
    log_entry(books, "5001", kind=Kind.INVOICE, record_name="Invoice 1001")
    held_run(books, "5001", kind=Kind.INVOICE, action=Action.PUSH_INVOICE)
    entry = SyncLogEntry.objects.get()
    for path in ("log/", "runs/", "links/invoice/", "home/", f"log/{entry.pk}/"):
        assert f'href="{INVOICE}"' in sign_in(sam).get(f"/integrations/{path}").content.decode(), path


def test_the_story_of_a_synced_invoice_is_newest_first(portal: PortalHarness, sign_in: SignIn) -> None:
    sides = open_two_way(portal)
    sides.harness.invoice(("Permit", 1, 285))
    sides.sync()
    link = RecordLink.objects.get(kind="invoice")
    sides.change(sides.harness.in_books(), note="Call first")
    sides.sync()
    reader = sign_in(person("sam", (link.connection.company, Role.STAFF)))
    address = f"/integrations/records/invoice/{link.coperniq_id}/"
    answer = reader.get(address)
    moments = answer.context["moments"]
    assert [moment.at for moment in moments] == sorted((moment.at for moment in moments), reverse=True)
    assert "Call first" in answer.content.decode()
    as_json = reader.get(address, {"format": "json"}).json()
    assert len(as_json["timeline"]) == len(moments)


def test_it_costs_the_same_for_many_moments(
    invoice: RecordLink,
    books: QuickBooksConnection,
    sam: User,
    sign_in: SignIn,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    for number in range(30):
        log_entry(books, "5001", kind=Kind.INVOICE)
        record_link(books, Kind.PAYMENT, f"p{number}", coperniq_parent_id="5001", coperniq_account_id="1")
    browser = sign_in(sam)
    with django_assert_max_num_queries(35):
        browser.get(INVOICE)


def test_a_question_stands_before_what_is_queued_later(
    invoice: RecordLink, books: QuickBooksConnection, sam: User, sign_in: SignIn
) -> None:
    held_run(books, "5001", kind=Kind.INVOICE, action=Action.PUSH_INVOICE, sentence="Which one?")
    sync_run(books, RunState.QUEUED, "5001", kind=Kind.INVOICE, action=Action.NOTICE_PAYMENTS)
    assert "Needs attention Which one?" in text_of(sign_in, sam)


@pytest.mark.parametrize(
    ("kind", "number", "there", "told"),
    [
        ("invoice", "5001", {"voided": True}, "Ended It was voided in QuickBooks"),
        ("invoice", "5001", {"deleted": True}, "Ended It was deleted in QuickBooks"),
        (
            "invoice",
            "5001",
            {"total": 28_400},
            "Amounts differ It is $285.00 in Coperniq and $284.00 in QuickBooks.",
        ),
        (
            "payment",
            "6001",
            {"amount": 3_000},
            "Amounts differ It is $85.00 in Coperniq and $30.00 in QuickBooks.",
        ),
    ],
)
def test_what_was_left_different_is_not_in_step(
    invoice: RecordLink,
    sam: User,
    sign_in: SignIn,
    kind: str,
    number: str,
    there: dict[str, object],
    told: str,
) -> None:
    link = RecordLink.objects.get(kind=kind, coperniq_id=number)
    link.quickbooks_snapshot |= there
    link.save(update_fields=["quickbooks_snapshot"])
    text = text_of(sign_in, sam, f"/integrations/records/{kind}/{number}/")
    assert told in text
    assert "In step" not in text


def test_a_former_quickbooks_company_s_record_does_not_stand_in_for_a_new_one(
    invoice: RecordLink, books: QuickBooksConnection, acme: Company, sam: User, sign_in: SignIn
) -> None:
    RecordLink.objects.filter(pk=invoice.pk).update(quickbooks_id="145")
    books.state = QuickBooksConnection.State.ARCHIVED
    books.save()
    new = quickbooks_connection(acme, OTHER_REALM)
    values = {"kind": Kind.INVOICE, "quickbooks_id": "145", "direction": "pull", "outcome": "held"}
    log_entry(new, "", sentence="Which one is it?", record_name="Invoice 77", **values)
    assert "Invoice 77 Not in step Which one is it?" in text_of(
        sign_in, sam, "/integrations/records/invoice/q-145/"
    )
    former = sign_in(sam).get(INVOICE).content.decode()
    assert "Former company" in former
    assert "Open in QuickBooks" not in former
    assert "In step" not in former


def test_a_payment_of_several_invoices_shows_each(
    books: QuickBooksConnection, sam: User, sign_in: SignIn
) -> None:
    for number in ("1", "2"):
        values = {"coperniq_name": f"$10.00 for invoice {number}", "allocation_invoice_id": number}
        record_link(books, Kind.PAYMENT, number, coperniq_parent_id=number, **values)
    RecordLink.objects.filter(coperniq_id="1").update(quickbooks_id="qb-2")
    text = text_of(sign_in, sam, "/integrations/records/payment/q-qb-2/")
    assert "$10.00 for invoice 1" in text
    assert "$10.00 for invoice 2" in text


def test_an_item_has_names_too(books: QuickBooksConnection, sam: User, sign_in: SignIn) -> None:
    snapshot = {"name": "Permit", "income_account": "79", "sku": "P-1", "active": True}
    record_link(books, Kind.ITEM, "11", coperniq_name="Permit", quickbooks_snapshot=snapshot)
    LookupList.keep(books, LookupList.Name.ACCOUNTS, [{"id": "79", "name": "Sales"}])
    text = text_of(sign_in, sam, "/integrations/records/item/11/")
    assert "Income account Sales" in text
    assert "SKU P-1" in text


def test_a_question_that_names_quickbooks_id_alone_is_the_linked_record_s(
    invoice: RecordLink, books: QuickBooksConnection, sam: User, sign_in: SignIn
) -> None:
    pull = {"action": Action.PULL_INVOICE, "direction": "pull", "quickbooks_id": invoice.quickbooks_id}
    sync_run(books, RunState.HELD, "", kind=Kind.INVOICE, sentence="It was voided there.", **pull)
    assert "Needs attention It was voided there." in text_of(sign_in, sam)


def test_a_batch_s_line_leads_to_the_batch(books: QuickBooksConnection, alice: User, sign_in: SignIn) -> None:
    entry = log_entry(books, "batch:7", kind=Kind.JOB, record_name="Projects in or past their trigger phase")
    browser = sign_in(alice)
    assert 'href="/integrations/batches/7/"' in browser.get("/integrations/log/").content.decode()
    assert "Sync now" not in browser.get(f"/integrations/log/{entry.pk}/").content.decode()
