"""Payments of an invoice: added and read, never changed by the API; what they do to the invoice is asked both ways."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.simulator.clients import Json, Office, document, refusal

DAY = "2026-03-01T00:00:00.000Z"


@pytest.fixture
def sent(office: Office) -> Json:
    """An invoice over 100 dollars that has been sent."""
    return office.invoice(office.project("Roof"), 100, status="SENT")


def money(amount: Any = 40, **fields: Any) -> Json:
    return {"amount": amount, "paymentMethod": "CHECK", "paymentDate": DAY, **fields}


def read(office: Office, invoice: Json) -> Json:
    found: Json = office.get(f"invoices/{invoice['id']}")
    return found


def standing(office: Office, invoice: Json) -> tuple[str, Any]:
    found = read(office, invoice)
    return found["status"], found["amountPaid"]


def test_a_payment_has_exactly_the_documented_fields(office: Office, sent: Json) -> None:
    answer = office.call(
        "POST", office.payments(sent), money(40.25, notes="thanks", paymentReference="QBO-77")
    )
    assert answer.status_code == 201
    made = document(answer)
    assert set(made) == {
        *("id", "invoiceNumber", "amount", "status", "paymentMethod", "paymentDate", "paymentReference"),
        *("notes", "isExternal", "createdAt", "updatedAt", "createdBy"),
    }
    assert made == office.get(f"{office.payments(sent)}/{made['id']}")
    assert office.get(office.payments(sent)) == [made]
    assert (made["amount"], made["paymentDate"], made["isExternal"]) == (Decimal("40.25"), DAY, False)
    assert (made["paymentReference"], made["notes"], made["status"]) == ("QBO-77", "thanks", "PAID")
    assert set(made["createdBy"]) == {"id", "firstName", "lastName"}


def test_the_number_of_a_payment_is_its_own(office: Office, sent: Json) -> None:
    first, second = (office.post(office.payments(sent), money(1)) for _ in range(2))
    assert second["invoiceNumber"] == first["invoiceNumber"] + 1
    office.switch(payment_number="null", payment_is_external=True, payment_status="SUCCEEDED")
    third = office.post(office.payments(sent), money(1))
    assert (third["invoiceNumber"], third["isExternal"], third["status"]) == (None, True, "SUCCEEDED")


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"amount": None}, "amount"),
        ({"amount": "40"}, "amount"),
        ({"amount": 0}, "amount"),
        ({"amount": -1}, "amount"),
        ({"amount": 0.004}, "amount"),
        ({"amount": 100.01}, "amount"),
        ({"paymentMethod": None}, "paymentMethod"),
        ({"paymentMethod": "Check"}, "paymentMethod"),
        ({"paymentMethod": "WIRE"}, "paymentMethod"),
        ({"paymentDate": None}, "paymentDate"),
        ({"paymentDate": "2026-03-01"}, "paymentDate"),
        ({"notes": 5}, "notes"),
        ({"paymentReference": 5}, "paymentReference"),
    ],
)
def test_a_wrong_payment_is_refused(office: Office, sent: Json, changed: Json, field: str) -> None:
    answer = office.call("POST", office.payments(sent), money() | changed)
    assert refusal(answer) == (400, "VALIDATION_ERROR", field)
    assert (office.get(office.payments(sent)), standing(office, sent)) == ([], ("SENT", 0))


@pytest.mark.parametrize("method", ["PATCH", "PUT", "DELETE"])
def test_a_payment_is_never_changed_nor_removed(office: Office, sent: Json, method: str) -> None:
    made = office.post(office.payments(sent), money())
    path = f"{office.payments(sent)}/{made['id']}"
    assert refusal(office.call(method, path, {"amount": 1})) == (405, "METHOD_NOT_ALLOWED", "")
    assert office.get(path) == made


def test_a_payment_of_another_invoice_is_not_found(office: Office, sent: Json) -> None:
    made = office.post(office.payments(sent), money())
    other = office.invoice(office.project("Shed"), 5)
    assert refusal(office.call("GET", f"{office.payments(other)}/{made['id']}"))[:2] == (404, "NOT_FOUND")
    assert refusal(office.call("POST", "invoices/1/payments", money()))[:2] == (404, "NOT_FOUND")
    assert refusal(office.call("GET", "payments"))[:2] == (404, "NOT_FOUND")


def test_payments_move_the_status_the_sum_and_the_moment(office: Office, sent: Json) -> None:
    office.later()
    office.post(office.payments(sent), money(40))
    assert standing(office, sent) == ("PARTIALLY_PAID", 40)
    assert read(office, sent)["updatedAt"] > sent["updatedAt"]
    office.post(office.payments(sent), money(60))
    assert standing(office, sent) == ("PAID", 100)
    assert refusal(office.call("POST", office.payments(sent), money(0.01)))[2] == "amount"


def test_each_effect_of_a_payment_can_be_missing(office: Office, sent: Json) -> None:
    office.later()
    office.switch(payment_moves_updated_at=False)
    office.post(office.payments(sent), money(10))
    assert read(office, sent)["updatedAt"] == sent["updatedAt"]
    office.switch(payment_moves_status=False)
    office.post(office.payments(sent), money(90))
    assert standing(office, sent) == ("PARTIALLY_PAID", 100)
    office.switch(payment_moves_amount_paid=False, overpayment="accept")
    office.post(office.payments(sent), money(5))
    assert standing(office, sent) == ("PARTIALLY_PAID", 100)


def test_odd_amounts_may_be_taken(office: Office, sent: Json) -> None:
    office.switch(overpayment="accept", nonpositive_payment="accept")
    for amount in (150, -50, 0):
        office.post(office.payments(sent), money(amount))
    assert standing(office, sent) == ("PAID", 100)
    office.post(office.payments(sent), money(-100))
    assert standing(office, sent) == ("SENT", 0)


@pytest.mark.parametrize(("rule", "status"), [("settles", "PARTIALLY_PAID"), ("stays_draft", "DRAFT")])
def test_a_draft_may_be_paid(office: Office, rule: str, status: str) -> None:
    draft = office.invoice(office.project("Roof"), 100)
    office.switch(payment_on_draft="refuse")
    assert refusal(office.call("POST", office.payments(draft), money()))[2] == "status"
    office.switch(payment_on_draft=rule)
    office.post(office.payments(draft), money())
    assert standing(office, draft) == (status, 40)


@pytest.mark.parametrize(("rule", "status"), [("settles", "PARTIALLY_PAID"), ("stays_declined", "DECLINED")])
def test_a_declined_or_archived_invoice_may_be_paid(
    office: Office, sent: Json, rule: str, status: str
) -> None:
    office.person("POST", f"invoices/{sent['id']}/decline")
    assert refusal(office.call("POST", office.payments(sent), money()))[2] == "status"
    office.person("POST", f"invoices/{sent['id']}/archive")
    office.switch(payment_on_declined=rule, payment_on_archived="refuse")
    assert refusal(office.call("POST", office.payments(sent), money()))[0] == 400
    office.switch(payment_on_archived="accept")
    office.post(office.payments(sent), money())
    assert standing(office, sent) == (status, 40)


def test_a_reference_may_be_cut(office: Office, sent: Json) -> None:
    office.switch(payment_reference_length=5)
    made = office.post(office.payments(sent), money(paymentReference="QBO-payment-77"))
    assert made["paymentReference"] == "QBO-p"


def test_a_new_total_moves_the_status_unless_switched(office: Office, sent: Json) -> None:
    office.post(office.payments(sent), money(40))
    (line,) = sent["lineItems"]
    wanted = {name: line[name] for name in ("id", "catalogItemId", "quantity", "unitCost")}
    for price, status in ((40, "PAID"), (50, "PARTIALLY_PAID")):
        office.patch(f"invoices/{sent['id']}", {"lineItems": [{**wanted, "unitPrice": price}]})
        assert standing(office, sent)[0] == status
    office.switch(lines_move_status=False)
    office.patch(f"invoices/{sent['id']}", {"lineItems": [{**wanted, "unitPrice": 40}]})
    assert standing(office, sent)[0] == "PARTIALLY_PAID"


def test_a_person_takes_any_amount_with_any_status(office: Office, sent: Json) -> None:
    for amount, status in ((150, "PAID"), (-20, "REFUNDED"), (0, "PENDING"), (99, "FAILED")):
        office.person("POST", office.payments(sent), {"amount": amount, "status": status})
    found = office.get(office.payments(sent))
    assert [(one["amount"], one["status"]) for one in found] == [
        (150, "PAID"),
        (-20, "REFUNDED"),
        (0, "PENDING"),
        (99, "FAILED"),
    ]
    assert standing(office, sent) == ("PAID", 130)
    office.switch(uncounted_payments="REFUNDED, FAILED")
    office.person("PATCH", f"{office.payments(sent)}/{found[2]['id']}", {"notes": "x"})
    assert standing(office, sent) == ("PAID", 150)


def test_a_person_changes_and_removes_a_payment(office: Office, sent: Json) -> None:
    made = office.post(office.payments(sent), money(100))
    path = f"{office.payments(sent)}/{made['id']}"
    office.later()
    changed = {"amount": 30.5, "paymentDate": "2026-04-02", "paymentMethod": "WIRE", "isExternal": True}
    found = office.person("PATCH", path, changed)
    assert (found["amount"], found["paymentDate"]) == (Decimal("30.5"), "2026-04-02T00:00:00.000Z")
    assert (found["paymentMethod"], found["isExternal"]) == ("WIRE", True)
    assert found["updatedAt"] > made["updatedAt"]
    assert standing(office, sent) == ("PARTIALLY_PAID", Decimal("30.5"))
    seen = read(office, sent)["updatedAt"]
    office.later()
    office.switch(payment_edit_moves_updated_at=False)
    office.person("DELETE", path)
    assert office.get(office.payments(sent)) == []
    assert (standing(office, sent), read(office, sent)["updatedAt"]) == (("SENT", 0), seen)


@pytest.mark.parametrize(("rule", "status"), [("DRAFT", "DRAFT"), ("unchanged", "PAID")])
def test_what_an_invoice_is_without_its_last_payment(
    office: Office, sent: Json, rule: str, status: str
) -> None:
    made = office.person("POST", office.payments(sent), {"amount": 100})
    office.switch(unpaid_again=rule)
    office.person("DELETE", f"{office.payments(sent)}/{made['id']}")
    assert standing(office, sent) == (status, 0)


@pytest.mark.parametrize(
    ("rule", "printed"),
    [
        ("midnight_utc", "2026-04-02T00:00:00.000Z"),
        ("noon_local", "2026-04-02T18:00:00.000Z"),
        ("midnight_local", "2026-04-02T06:00:00.000Z"),
        ("end_of_day_local", "2026-04-03T05:59:59.999Z"),
    ],
)
def test_the_hour_of_a_day_that_a_person_picked(office: Office, sent: Json, rule: str, printed: str) -> None:
    office.switch(person_time_of_day=rule)
    made = office.person("POST", office.payments(sent), {"amount": 1, "paymentDate": "2026-04-02"})
    assert made["paymentDate"] == printed
    assert office.person("PATCH", f"invoices/{sent['id']}", {"dueDate": "2026-04-02"})["dueDate"] == printed
    blank = office.person("POST", office.payments(sent), {"amount": 1, "paymentDate": None})
    assert blank["paymentDate"] is None
