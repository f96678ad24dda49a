from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from integrations.errors import UnexpectedShape
from integrations.json_reader import load_json
from integrations.quickbooks.documents import (
    PaymentLine,
    QuickBooksInvoice,
    QuickBooksPayment,
    parse_quickbooks_invoice,
    parse_quickbooks_payment,
)
from tests.quickbooks.recordings import Exchange, cassette


def recorded_invoice(exchange: Exchange) -> dict[str, Any]:
    document: Any = load_json(exchange.body)
    found: dict[str, Any] = document["Invoice"]
    return found


CREATED = recorded_invoice(cassette("create/invoice")[0])
VOIDED = recorded_invoice(cassette("void/invoice")[1])

LINKED_LINE = """{"Amount": 387.00, "LinkedTxn": [{"TxnId": "96", "TxnType": "Invoice"}], "LineEx": {"any": [
 {"name": "{http://schema.intuit.com/finance/v3}NameValue", "value": {"Name": "txnId", "Value": "96"}}]}}"""
PAYMENT = f"""{{"Id": "33", "SyncToken": "0", "CustomerRef": {{"value": "1", "name": "Amy"}}, "TxnDate": "2026-04-02",
 "TotalAmt": 400.00, "UnappliedAmt": 13.00, "PaymentMethodRef": {{"value": "2"}}, "PaymentRefNum": "1187",
 "DepositToAccountRef": {{"value": "4"}}, "PrivateNote": "by post", "ProcessPayment": false,
 "LinkedTxn": [{{"TxnId": "102", "TxnType": "Deposit"}}], "Line": [{LINKED_LINE}],
 "MetaData": {{"CreateTime": "2026-05-05T02:05:12-07:00", "LastUpdatedTime": "2026-05-05T02:05:13-07:00"}}}}"""


def invoice(**fields: object) -> QuickBooksInvoice:
    return parse_quickbooks_invoice(CREATED | fields)


def payment(**fields: object) -> QuickBooksPayment:
    document: Any = load_json(PAYMENT)
    return parse_quickbooks_payment(document | fields)


def test_a_recorded_invoice_is_read_whole() -> None:
    found = invoice()
    assert (found.id, found.sync_token, found.number, found.customer_id) == ("266", "0", "1043", "1")
    assert (found.on, found.due_on) == (date(2020, 9, 29), date(2020, 10, 29))
    assert (found.total_cents, found.balance_cents) == (10000, 10000)
    assert (found.note, found.memo, found.email_status, found.payment_ids) == ("", "", "NotSet", ())
    assert found.created_at == found.updated_at == datetime(2020, 9, 29, 12, 58, 7, tzinfo=UTC)
    assert not found.is_voided
    assert not found.is_paid


def test_a_recorded_line_of_an_amount_only_has_no_quantity() -> None:
    line, subtotal = invoice().lines
    assert (line.id, line.kind, line.item_id, line.item_name) == ("1", "SalesItemLineDetail", "1", "Services")
    assert (line.quantity, line.unit_price, line.amount_cents) == (None, None, 10000)
    assert line.raw["SalesItemLineDetail"]["TaxCodeRef"] == {"value": "NON"}
    assert (subtotal.id, subtotal.kind, subtotal.item_id) == ("", "SubTotalLineDetail", "")
    assert "TaxCodeRef" not in repr(line)


def test_quantity_and_price_keep_their_decimals() -> None:
    detail = {"ItemRef": {"value": "1"}, "Qty": Decimal("1.5"), "UnitPrice": Decimal("66.66667")}
    row = {
        "Id": "1",
        "Amount": Decimal("100.00"),
        "Description": "Hours",
        "DetailType": "SalesItemLineDetail",
        "SalesItemLineDetail": detail,
    }
    line = invoice(Line=[row]).lines[0]
    assert (line.quantity, line.unit_price, line.description) == (
        Decimal("1.5"),
        Decimal("66.66667"),
        "Hours",
    )


def test_a_bundle_has_its_item_under_another_name() -> None:
    detail = {"GroupItemRef": {"value": "9", "name": "Kit"}, "Quantity": Decimal(2), "Line": []}
    line = invoice(Line=[{"Id": "1", "DetailType": "GroupLineDetail", "GroupLineDetail": detail}]).lines[0]
    assert (line.item_id, line.item_name, line.quantity, line.amount_cents) == ("9", "Kit", Decimal(2), 0)


def test_a_line_of_another_shape_says_nothing() -> None:
    line = invoice(Line=[None]).lines[0]
    assert (line.id, line.kind, line.amount_cents, line.raw) == ("", "", 0, {})


def test_notes_and_linked_payments_are_read() -> None:
    links = [
        {"TxnId": "33", "TxnType": "Payment"},
        {"TxnId": "7", "TxnType": "Estimate"},
        {"TxnId": "34", "TxnType": "Payment"},
    ]
    found = invoice(PrivateNote="internal", CustomerMemo={"value": "Thank you"}, LinkedTxn=links)
    assert (found.note, found.memo, found.payment_ids) == ("internal", "Thank you", ("33", "34"))


def test_a_recorded_void_is_known() -> None:
    found = parse_quickbooks_invoice(VOIDED)
    assert found.is_voided
    assert not found.is_paid
    assert (found.sync_token, found.number) == ("1", "1041")


@pytest.mark.parametrize(
    "fields",
    [
        {"PrivateNote": ""},
        {"PrivateNote": "Not Voided"},
        {"TotalAmt": Decimal(1)},
        {"Balance": Decimal(1)},
        {"Line": [{"Amount": Decimal(1)}, {"Amount": Decimal(-1)}]},
    ],
)
def test_an_invoice_that_comes_to_nothing_is_not_void(fields: dict[str, object]) -> None:
    assert not parse_quickbooks_invoice(VOIDED | fields).is_voided


@pytest.mark.parametrize(("total", "balance", "paid"), [(100, 0, True), (100, 1, False), (0, 0, False)])
def test_an_invoice_without_balance_is_paid(total: int, balance: int, paid: bool) -> None:
    assert invoice(TotalAmt=Decimal(total), Balance=Decimal(balance)).is_paid == paid


@pytest.mark.parametrize("missing", ["Id", "SyncToken", "CustomerRef", "TxnDate", "TotalAmt", "Balance"])
def test_an_invoice_without_its_essentials_is_refused(missing: str) -> None:
    with pytest.raises(UnexpectedShape, match=f"Invoice.{missing}"):
        invoice(**{missing: None})


def test_the_rest_of_an_invoice_may_be_missing() -> None:
    needed = {
        name: CREATED[name] for name in ("Id", "SyncToken", "CustomerRef", "TxnDate", "TotalAmt", "Balance")
    }
    found = parse_quickbooks_invoice(needed)
    assert (found.number, found.due_on, found.lines, found.updated_at) == ("", None, (), None)


def test_a_payment_is_read_whole() -> None:
    found = payment()
    assert (found.id, found.sync_token, found.customer_id, found.on) == ("33", "0", "1", date(2026, 4, 2))
    assert (found.total_cents, found.unapplied_cents) == (40000, 1300)
    assert (found.method_id, found.reference, found.deposit_account_id) == ("2", "1187", "4")
    assert (found.note, found.is_deposited, found.is_voided) == ("by post", True, False)
    assert found.created_at == datetime(2026, 5, 5, 9, 5, 12, tzinfo=UTC)
    assert found.updated_at == datetime(2026, 5, 5, 9, 5, 13, tzinfo=UTC)
    line = found.lines[0]
    assert (line.amount_cents, line.txn_id, line.txn_type) == (38700, "96", "Invoice")
    assert "LineEx" in line.raw


def test_what_an_invoice_got_is_summed_up() -> None:
    def row(cents: str, txn_id: str, txn_type: str = "Invoice") -> dict[str, object]:
        return {"Amount": Decimal(cents), "LinkedTxn": [{"TxnId": txn_id, "TxnType": txn_type}]}

    found = payment(Line=[row("1.00", "96"), row("2.50", "96"), row("4", "97"), row("8", "96", "CreditMemo")])
    assert [found.applied_to(invoice_id) for invoice_id in ("96", "97", "98")] == [350, 400, 0]


def test_an_unapplied_payment_has_no_lines_and_no_deposit() -> None:
    found = payment(Line=[], LinkedTxn=[], UnappliedAmt=None)
    assert (found.lines, found.is_deposited, found.unapplied_cents) == ((), False, 0)


def test_a_line_linked_to_nothing_is_read() -> None:
    assert payment(Line=[{"Amount": Decimal(1)}]).lines == (PaymentLine(100, "", "", {"Amount": Decimal(1)}),)


@pytest.mark.parametrize(
    ("total", "unapplied", "note", "voided"),
    [
        (0, 0, "Voided", True),
        (0, 0, "Voided - by post", True),
        (0, 0, "Created by QB Online to link credits to charges.", False),
        (1, 0, "Voided", False),
        (0, 1, "Voided", False),
    ],
)
def test_a_void_payment_is_known_by_its_note(total: int, unapplied: int, note: str, voided: bool) -> None:
    found = payment(TotalAmt=Decimal(total), UnappliedAmt=Decimal(unapplied), PrivateNote=note)
    assert found.is_voided == voided


@pytest.mark.parametrize("odd", [{"TotalAmt": None}, {"UnappliedAmt": "?"}, {"Line": [{"LinkedTxn": []}]}])
def test_a_payment_of_no_readable_amount_is_refused(odd: dict[str, object]) -> None:
    with pytest.raises(UnexpectedShape):
        payment(**odd)
