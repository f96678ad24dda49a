"""Invoices by the API: the envelope, the lines, what is refused, and every open question both ways."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.simulator.clients import Json, Office, document, refusal

ISSUED = "2026-03-01T00:00:00.000Z"
LATER = "2999-01-01T00:00:00.000Z"


@pytest.fixture
def roof(office: Office) -> Json:
    account = office.account("Ann")
    return office.project("Roof", accountId=account["id"], value=20000)


def line(item: Json, price: Any = 10, quantity: Any = 1, **fields: Any) -> Json:
    return {
        "catalogItemId": item["id"],
        "quantity": quantity,
        "unitCost": 4,
        "unitPrice": price,
        **fields,
    }


def body(record: Json, *lines: Json, **fields: Any) -> Json:
    return {"recordId": record["id"], "calculationMethod": "LINE_ITEMS", "lineItems": list(lines), **fields}


def listed(office: Office, path: str = "invoices", **query: Any) -> list[int]:
    return [one["id"] for one in office.get(path, **query)["items"]]


def test_an_invoice_has_exactly_the_documented_fields(office: Office, roof: Json) -> None:
    item = office.item("Panel", code="P-1", sku="S1")
    answer = office.call("POST", "invoices", body(roof, line(item, "x"), dueDate=LATER))
    assert refusal(answer) == (400, "VALIDATION_ERROR", "lineItems[0].unitPrice")
    answer = office.call(
        "POST", "invoices", body(roof, line(item, 99.95, 2), dueDate=LATER, description="memo")
    )
    assert answer.status_code == 201
    made = document(answer)
    assert set(made) == {
        *("id", "uid", "type", "status", "description", "amount", "amountPaid", "dueDate"),
        *("calculationMethod", "percentage", "baseAmount", "basedOnId", "basedOnUid"),
        *("isArchived", "sharedWithPortal", "account", "record", "lineItems", "createdAt", "updatedAt"),
    }
    assert made == office.get(f"invoices/{made['id']}") == office.get("invoices")["items"][0]
    assert (made["type"], made["status"], made["amount"], made["amountPaid"]) == (
        "INVOICE",
        "DRAFT",
        Decimal("199.9"),
        0,
    )
    assert made["account"]["title"] == "Ann"
    assert made["record"] == {"id": roof["id"], "uid": roof["number"], "title": "Roof"}
    assert (made["dueDate"], made["basedOnId"]) == (LATER, None)


def test_a_line_shows_its_item_without_code_and_without_total(office: Office, roof: Json) -> None:
    item = office.item("Panel", type="PRODUCT", category="PV_MODULE", code="P-1", sku="S1", manufacturer="M")
    made = office.post("invoices", body(roof, line(item, 10, 3, description="on the roof", id=0)))
    (found,) = made["lineItems"]
    shown = {"id": item["id"], "name": "Panel", "manufacturer": "M", "sku": "S1", "type": "PRODUCT"}
    assert found == {
        "id": found["id"],
        "catalogItemId": item["id"],
        "quantity": 3,
        "unitCost": 4,
        "unitPrice": 10,
        "description": "on the roof",
        "catalogItem": shown,
    }


def test_numbers_of_invoices_go_on_by_themselves(office: Office, roof: Json) -> None:
    first = office.invoice(roof, 1, uid=2000)
    assert office.post("invoices", body(roof, line(office.item())))["uid"] == first["uid"] + 1


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"recordId": None}, "recordId"),
        ({"recordId": 1}, "recordId"),
        ({"calculationMethod": None}, "calculationMethod"),
        ({"calculationMethod": "SUM"}, "calculationMethod"),
        ({"lineItems": None}, "lineItems"),
        ({"lineItems": []}, "lineItems"),
        ({"lineItems": {}}, "lineItems"),
        ({"lineItems": [1]}, "lineItems[0]"),
        ({"sections": [{"name": "A"}]}, "sections[0].lineItems"),
        ({"sections": [{"name": "A", "lineItems": []}]}, "sections[0].lineItems"),
        ({"status": "DECLINED"}, "status"),
        ({"status": "OVERDUE"}, "status"),
        ({"status": "SENT"}, "issueDate"),
        ({"status": "PARTIALLY_PAID"}, "issueDate"),
        ({"status": "PAID", "issueDate": None}, "issueDate"),
        ({"dueDate": "2026-03-01"}, "dueDate"),
        ({"dueDate": "0001-01-01T00:00:00+05:00"}, "dueDate"),
        ({"description": 5}, "description"),
    ],
)
def test_a_wrong_field_is_named_and_nothing_is_made(
    office: Office, roof: Json, changed: Json, field: str
) -> None:
    answer = office.call("POST", "invoices", body(roof, line(office.item())) | changed)
    assert refusal(answer) == (400, "VALIDATION_ERROR", field)
    assert listed(office) == []


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"catalogItemId": None}, "catalogItemId"),
        ({"catalogItemId": 1}, "catalogItemId"),
        ({"quantity": None}, "quantity"),
        ({"quantity": 1.5}, "quantity"),
        ({"quantity": "1"}, "quantity"),
        ({"quantity": 0}, "quantity"),
        ({"unitCost": None}, "unitCost"),
        ({"unitPrice": None}, "unitPrice"),
        ({"id": 77}, "id"),
        ({"description": 5}, "description"),
    ],
)
def test_a_wrong_line_is_named(office: Office, roof: Json, changed: Json, field: str) -> None:
    wanted = body(roof, line(office.item("A")), line(office.item("B")) | changed)
    answer = office.call("POST", "invoices", wanted)
    assert refusal(answer) == (400, "VALIDATION_ERROR", f"lineItems[1].{field}")


def test_how_a_wrong_line_is_named_is_a_switch(office: Office, roof: Json) -> None:
    wanted = body(roof, line(office.item("A"), quantity=0))
    for setting, field in (("name", "quantity"), ("list", "lineItems")):
        office.switch(line_fields_named=setting)
        assert refusal(office.call("POST", "invoices", wanted))[2] == field
    office.switch(quantity_below_one="allow")
    assert office.post("invoices", wanted)["amount"] == 0


def test_a_catalog_item_occurs_once_over_lines_and_sections(office: Office, roof: Json) -> None:
    item = office.item()
    answer = office.call("POST", "invoices", body(roof, line(item), line(item)))
    assert refusal(answer) == (400, "VALIDATION_ERROR", "lineItems[1].catalogItemId")
    section = {"name": "Roof", "lineItems": [line(item)]}
    answer = office.call("POST", "invoices", body(roof, line(item), sections=[section]))
    assert refusal(answer) == (400, "VALIDATION_ERROR", "sections[0].lineItems[0].catalogItemId")


def test_sections_are_flattened_and_named_where_switched(office: Office, roof: Json) -> None:
    sections = [
        {"name": "Roof", "lineItems": [line(office.item("A"))]},
        {"lineItems": [line(office.item("B"))]},
    ]
    made = office.post("invoices", body(roof, line(office.item("C")), sections=sections))
    assert [one["catalogItem"]["name"] for one in made["lineItems"]] == ["C", "A", "B"]
    assert "sectionName" not in made["lineItems"][1]
    office.switch(section_name_returned=True)
    found = office.get(f"invoices/{made['id']}")["lineItems"]
    assert [one["sectionName"] for one in found] == [None, "Roof", None]
    for name in ("", "x" * 501):
        wrong = body(roof, sections=[{"name": name, "lineItems": [line(office.item("D"))]}])
        assert refusal(office.call("POST", "invoices", wrong))[2] == "sections[0].name"


@pytest.mark.parametrize(
    ("sent", "kept"), [("0.1", "0.1"), ("19.99", "19.99"), ("1.005", "1.01"), ("-3.5", "-3.5")]
)
def test_money_is_dollars_to_the_cent(
    client: FlaskClient, office: Office, roof: Json, sent: str, kept: str
) -> None:
    item = office.item()
    raw = (
        f'{{"recordId": {roof["id"]}, "calculationMethod": "LINE_ITEMS", "lineItems": [{{'
        f'"catalogItemId": {item["id"]}, "quantity": 3, "unitCost": 0, "unitPrice": {sent}}}]}}'
    )
    answer = client.post("/coperniq/v1/invoices", data=raw, headers={"x-api-key": office.key})
    made = document(answer)
    assert made["lineItems"][0]["unitPrice"] == Decimal(kept)
    assert made["amount"] == 3 * Decimal(kept)
    office.switch(unit_decimals="refuse", negative_total="refuse")
    answer = client.post("/coperniq/v1/invoices", data=raw, headers={"x-api-key": office.key})
    assert (answer.status_code == 400) == (sent in {"1.005", "-3.5"})


def test_an_invoice_sent_at_once_has_its_day_of_issue(office: Office, roof: Json) -> None:
    made = office.post("invoices", body(roof, line(office.item()), status="SENT", issueDate=ISSUED))
    assert made["status"] == "SENT"
    assert "issueDate" not in made
    office.switch(issue_date_returned=True)
    assert office.get(f"invoices/{made['id']}")["issueDate"] == ISSUED
    draft = office.post("invoices", body(roof, line(office.item("B")), issueDate="nonsense"))
    assert draft["issueDate"] is None


def test_a_percentage_of_the_projects_value(office: Office, roof: Json) -> None:
    wanted = {"recordId": roof["id"], "calculationMethod": "PERCENTAGE", "percentage": 12.5}
    made = office.post("invoices", wanted)
    assert [made[name] for name in ("amount", "percentage", "baseAmount", "basedOnId", "lineItems")] == [
        *(2500, Decimal("12.5"), 20000, roof["id"]),
        [],
    ]
    for changed, field in (
        ({"percentage": None}, "percentage"),
        ({"percentage": -1}, "percentage"),
        ({"percentage": 101}, "percentage"),
        ({"lineItems": [line(office.item())]}, "lineItems"),
        ({"sections": []}, "sections"),
    ):
        assert refusal(office.call("POST", "invoices", wanted | changed))[2] == field
    answer = office.call("PATCH", f"invoices/{made['id']}", {"lineItems": [line(office.item("B"))]})
    assert refusal(answer) == (400, "VALIDATION_ERROR", "lineItems")


def test_a_percentage_of_nothing_and_on_patch_are_switches(office: Office, roof: Json) -> None:
    bare = office.project("Shed")
    wanted = {"recordId": bare["id"], "calculationMethod": "PERCENTAGE", "percentage": 101}
    office.switch(percentage_over_100="allow")
    assert office.post("invoices", wanted)["amount"] == 0
    office.switch(percentage_without_base="refuse")
    assert refusal(office.call("POST", "invoices", wanted))[2] == "percentage"
    made = office.post("invoices", wanted | {"recordId": roof["id"]})
    path = f"invoices/{made['id']}"
    assert office.patch(path, {"percentage": 1})["percentage"] == 101
    office.switch(percentage_on_patch="accept")
    assert office.patch(path, {"percentage": 1})["amount"] == 200
    office.switch(percentage_on_patch="refuse", issue_date_on_patch="refuse")
    assert refusal(office.call("PATCH", path, {"percentage": 2}))[2] == "percentage"
    assert refusal(office.call("PATCH", path, {"issueDate": ISSUED}))[2] == "issueDate"


def test_the_list_is_wrapped_and_says_whether_more_follows(office: Office, roof: Json) -> None:
    made = [office.invoice(roof, 1)["id"] for _ in range(5)]
    first = office.get("invoices", page_size=3)
    assert (first["page"], first["page_size"], first["has_more"]) == (1, 3, True)
    second = office.get("invoices", page_size=3, page=2)
    assert (second["page"], second["has_more"]) == (2, False)
    assert [one["id"] for one in first["items"] + second["items"]] == made
    assert office.get("invoices", page_size=5)["has_more"] is False
    office.switch(has_more="full_page")
    assert office.get("invoices", page_size=5)["has_more"] is True
    assert office.get("invoices", page_size=500)["page_size"] == 100
    assert office.get("invoices", page=9)["items"] == []
    office.switch(invoice_list_shape="array")
    assert [one["id"] for one in office.get("invoices")] == made


def test_the_lists_below_a_project_and_an_account(office: Office, roof: Json) -> None:
    account = office.get("accounts")[0]
    of_project, of_account = office.invoice(roof, 1), office.invoice(account, 2)
    office.invoice(office.project("Other"), 3)
    assert of_account["record"] == {"id": account["id"], "uid": account["number"], "title": "Ann"}
    assert listed(office, f"projects/{roof['id']}/invoices") == [of_project["id"]]
    path = f"accounts/{account['id']}/invoices"
    assert listed(office, path) == listed(office, path.replace("accounts", "clients"))
    assert listed(office, path) == [of_project["id"], of_account["id"]]
    office.switch(account_invoices="own")
    assert listed(office, path) == [of_account["id"]]
    assert refusal(office.call("GET", "accounts/1/invoices"))[:2] == (404, "NOT_FOUND")
    assert refusal(office.call("GET", "projects/1/invoices"))[:2] == (404, "NOT_FOUND")


def test_a_patch_changes_what_it_names(office: Office, roof: Json) -> None:
    made = office.invoice(roof, 10, description="memo", dueDate=LATER)
    office.later()
    path = f"invoices/{made['id']}"
    found = office.patch(path, {"description": None, "status": "SENT"})
    assert (found["description"], found["status"], found["dueDate"]) == (None, "SENT", LATER)
    assert found["updatedAt"] > made["updatedAt"]
    for status in ("DECLINED", "PAID", "PARTIALLY_PAID", "OVERDUE", "DRAFT"):
        assert office.patch(path, {"status": status})["status"] == status
    answer = office.call("PATCH", path, {"calculationMethod": "LINE_ITEMS", "description": "x"})
    assert refusal(answer) == (400, "VALIDATION_ERROR", "calculationMethod")
    assert refusal(office.call("PATCH", path, {"status": "VOID"}))[2] == "status"
    assert refusal(office.call("PATCH", path, {"lineItems": []}))[2] == "lineItems"
    assert office.get(path)["description"] is None


def test_a_patch_that_changes_nothing_need_not_move_the_moment(office: Office, roof: Json) -> None:
    made, item = office.invoice(roof, 10, description="memo"), office.item()
    office.later()
    office.switch(patch_always_touches=False)
    kept = {name: made["lineItems"][0][name] for name in ("id", "catalogItemId", "quantity", "unitPrice")}
    same = {"description": "memo", "lineItems": [{**kept, "unitCost": 0}]}
    assert office.patch(f"invoices/{made['id']}", same)["updatedAt"] == made["updatedAt"]
    assert office.patch(f"catalog-items/{item['id']}", {"name": "Panel"}) == item
    office.switch(patch_always_touches=True)
    assert office.patch(f"invoices/{made['id']}", same)["updatedAt"] > made["updatedAt"]


def test_lines_of_a_patch_replace_the_set_and_keep_their_ids(office: Office, roof: Json) -> None:
    made = office.invoice(roof, 10, 20)
    path, (first, second) = f"invoices/{made['id']}", made["lineItems"]
    kept = line({"id": first["catalogItemId"]}, 15, id=first["id"])
    fresh = line(office.item("New"), 1)
    found = office.patch(path, {"lineItems": [fresh, kept]})["lineItems"]
    assert [one["unitPrice"] for one in found] == [1, 15]
    assert found[1]["id"] == first["id"]
    assert found[0]["id"] not in {first["id"], second["id"]}
    assert refusal(office.call("PATCH", path, {"lineItems": [{**kept, "id": second["id"]}]}))[2] == (
        "lineItems[0].id"
    )
    twice = [kept, {**fresh, "id": first["id"]}]
    assert refusal(office.call("PATCH", path, {"lineItems": twice}))[2] == "lineItems[1].id"
    office.switch(unknown_line_id="new", line_ids="renewed")
    again = office.patch(path, {"lineItems": [kept, {**fresh, "id": 77}]})["lineItems"]
    assert {one["id"] for one in again}.isdisjoint({first["id"], 77})


def test_lines_of_a_patch_may_be_merged(office: Office, roof: Json) -> None:
    office.switch(line_update="merge")
    made = office.invoice(roof, 10, 20)
    path, (first, second) = f"invoices/{made['id']}", made["lineItems"]
    kept = line({"id": second["catalogItemId"]}, 25, id=second["id"])
    found = office.patch(path, {"lineItems": [line(office.item("New"), 1), kept]})["lineItems"]
    assert [one["unitPrice"] for one in found] == [10, 25, 1]
    again = {"lineItems": [line({"id": first["catalogItemId"]})]}
    assert refusal(office.call("PATCH", path, again))[2] == "lineItems[0].catalogItemId"


def test_an_archived_item_stays_on_the_line_where_it_stood(office: Office, roof: Json) -> None:
    made = office.invoice(roof, 10)
    path, (first,) = f"invoices/{made['id']}", made["lineItems"]
    office.call("DELETE", f"catalog-items/{first['catalogItemId']}")
    assert office.get(path)["lineItems"][0]["catalogItem"] is None
    kept = line({"id": first["catalogItemId"]}, 15, id=first["id"])
    assert office.patch(path, {"lineItems": [kept]})["amount"] == 15
    new = body(roof, {**kept, "id": 0})
    assert refusal(office.call("POST", "invoices", new))[2] == "lineItems[0].catalogItemId"
    office.switch(archived_item_on_line="refuse", deleted_catalog_item="shown")
    assert refusal(office.call("PATCH", path, {"lineItems": [kept]}))[2] == "lineItems[0].catalogItemId"
    assert office.get(path)["lineItems"][0]["catalogItem"]["name"] == "Item 10"
    office.switch(archived_item_on_line="allow")
    assert office.call("POST", "invoices", new).status_code == 201


def test_a_due_date_that_has_passed_makes_it_overdue(office: Office, roof: Json) -> None:
    made = office.invoice(roof, 10, status="SENT", dueDate="2999-05-01T12:00:00Z")
    path = f"invoices/{made['id']}"
    past = office.patch(path, {"dueDate": "2026-01-05T12:00:00Z"})
    assert past["status"] == "OVERDUE"
    for status in ("DRAFT", "PAID", "DECLINED"):
        assert office.patch(path, {"status": status})["status"] == status
    assert office.patch(path, {"status": "PARTIALLY_PAID"})["status"] == "OVERDUE"
    office.switch(overdue="never")
    assert office.get(path)["status"] == "PARTIALLY_PAID"


def test_the_moment_of_becoming_overdue(client: FlaskClient, office: Office, roof: Json) -> None:
    now = document(client.get("/_control/clock"))["now"]
    office.switch(overdue_from="next_day", overdue_moves_updated_at=True)
    made = office.invoice(roof, 10, status="SENT", dueDate=now)
    office.later(1)
    path = f"invoices/{made['id']}"
    assert office.get(path)["status"] == "SENT"
    office.later(86400)
    assert listed(office, updated_after=made["updatedAt"]) == [made["id"]]
    seen = office.get(path)
    assert seen["status"] == "OVERDUE"
    office.later(60)
    assert office.get(path)["updatedAt"] == seen["updatedAt"]


def test_a_status_that_the_payments_do_not_bear_out(office: Office, roof: Json) -> None:
    made = office.invoice(roof, 10)
    path = f"invoices/{made['id']}"
    assert office.patch(path, {"status": "PAID"})["amountPaid"] == 0
    office.switch(written_status="recomputed")
    office.patch(path, {"status": "SENT"})
    assert office.patch(path, {"status": "PAID"})["status"] == "SENT"
    office.switch(written_status="refuse", status_back_to_draft="refuse")
    for status in ("PAID", "DRAFT"):
        assert refusal(office.call("PATCH", path, {"status": status}))[2] == "status"
    office.person("POST", office.payments(made), {"amount": 4})
    assert office.patch(path, {"status": "PARTIALLY_PAID"})["status"] == "PARTIALLY_PAID"
    office.switch(written_status="as_sent", paid_by_status=True)
    assert office.patch(path, {"status": "PAID"})["amountPaid"] == 10


def test_a_date_keeps_its_hour_unless_switched(office: Office, roof: Json) -> None:
    made = office.invoice(roof, 10)
    path = f"invoices/{made['id']}"
    assert "dueDate" not in made or made["dueDate"] is None
    assert "dueDate" not in office.get(path)
    office.switch(due_date_absent="null")
    assert office.get(path)["dueDate"] is None
    office.switch(due_date_absent="created")
    assert office.get(path)["dueDate"] == made["createdAt"]
    sent = {"dueDate": "2998-12-31T23:30:00-06:00"}
    assert office.patch(path, sent)["dueDate"] == "2999-01-01T05:30:00.000Z"
    office.switch(sent_time_of_day="midnight_utc", bare_dates="accept")
    assert office.patch(path, sent)["dueDate"] == LATER
    assert office.patch(path, {"dueDate": "2998-02-03"})["dueDate"] == "2998-02-03T00:00:00.000Z"
    office.switch(due_date_null="refuse")
    assert refusal(office.call("PATCH", path, {"dueDate": None}))[2] == "dueDate"
    office.switch(due_date_null="clears", due_date_absent="omitted")
    assert "dueDate" not in office.patch(path, {"dueDate": None})


def test_deleting_is_for_good_unless_switched(office: Office, roof: Json) -> None:
    made = office.invoice(roof, 10)
    answer = office.call("DELETE", f"invoices/{made['id']}")
    assert (answer.status_code, answer.data) == (200, b"")
    assert refusal(office.call("GET", f"invoices/{made['id']}")) == (404, "NOT_FOUND", "")
    office.switch(invoice_delete="archive", delete_body="record")
    made = office.invoice(roof, 10)
    assert document(office.call("DELETE", f"invoices/{made['id']}"))["isArchived"] is True
    assert listed(office) == [made["id"]]
    office.switch(archived_invoices="hidden")
    assert listed(office) == []
    assert office.get(f"invoices/{made['id']}")["isArchived"] is True
    office.switch(archived_invoices="gone")
    assert office.call("GET", f"invoices/{made['id']}").status_code == 404


def test_a_paid_invoice_goes_with_its_payments(office: Office, roof: Json) -> None:
    made = office.invoice(roof, 10, status="SENT")
    office.person("POST", office.payments(made), {"amount": 10})
    assert office.get(f"invoices/{made['id']}")["status"] == "PAID"
    assert office.call("DELETE", f"invoices/{made['id']}").status_code == 200
    gone = [office.call("GET", path) for path in (f"invoices/{made['id']}", office.payments(made))]
    assert [refusal(one) for one in gone] == [(404, "NOT_FOUND", "")] * 2
    assert listed(office) == []
    assert document(office.client.get(f"/_control/coperniq/{office.key}"))["payments"] == []
    office.switch(invoice_delete="archive")
    kept = office.invoice(roof, 20, status="SENT")
    office.person("POST", office.payments(kept), {"amount": 20})
    before = office.get(f"invoices/{kept['id']}")
    assert (before["status"], before["isArchived"]) == ("PAID", False)
    office.later(5)
    assert office.call("DELETE", f"invoices/{kept['id']}").status_code == 200
    found = office.get(f"invoices/{kept['id']}")
    assert (found["status"], found["amountPaid"], found["isArchived"]) == ("PAID", 20, True)
    assert found["updatedAt"] > before["updatedAt"]
    assert len(office.get(office.payments(kept))) == 1
    assert office.person("POST", f"invoices/{kept['id']}/restore")["isArchived"] is False


def test_payments_may_stand_in_the_way(office: Office, roof: Json) -> None:
    made = office.invoice(roof, 10)
    office.person("POST", office.payments(made), {"amount": 5})
    office.switch(delete_paid_invoice="refuse", edit_paid_invoice="refuse")
    assert refusal(office.call("DELETE", f"invoices/{made['id']}"))[:2] == (409, "CONFLICT")
    (first,) = made["lineItems"]
    wanted = {"lineItems": [line({"id": first["catalogItemId"]}, 4, id=first["id"])]}
    assert refusal(office.call("PATCH", f"invoices/{made['id']}", wanted))[:2] == (409, "CONFLICT")
    office.switch(edit_paid_invoice="allow")
    assert office.patch(f"invoices/{made['id']}", wanted)["status"] == "PAID"


def test_the_record_of_an_invoice_may_go(office: Office, roof: Json) -> None:
    made, path = office.invoice(roof, 10), f"projects/{roof['id']}"
    office.switch(delete_record_with_invoices="refuse")
    assert refusal(office.call("DELETE", path))[:2] == (409, "CONFLICT")
    office.switch(delete_record_with_invoices="orphan")
    assert office.call("DELETE", path).status_code == 200
    found = office.get(f"invoices/{made['id']}")
    assert (found["record"], found["account"]) == (None, None)
    account = office.get("accounts")[0]
    office.invoice(account, 5)
    office.switch(delete_record_with_invoices="cascade")
    office.call("DELETE", f"accounts/{account['id']}")
    assert listed(office) == [made["id"]]


def test_a_record_that_is_missing_or_archived(office: Office, roof: Json) -> None:
    office.switch(missing_record_status=404, invoice_on_archived_record="refuse")
    wanted = body(roof, line(office.item()))
    assert refusal(office.call("POST", "invoices", wanted | {"recordId": 1}))[:2] == (404, "NOT_FOUND")
    office.person("PATCH", f"projects/{roof['id']}", {"isActive": False})
    assert refusal(office.call("POST", "invoices", wanted))[2] == "recordId"


def test_before_the_renaming_an_invoice_had_a_client_and_a_title(office: Office, roof: Json) -> None:
    office.switch(legacy_shape=True, invoice_title="stored", invoice_create_requires="older")
    wanted = body(roof, line(office.item()))
    assert refusal(office.call("POST", "invoices", wanted))[2] == "title"
    made = office.post("invoices", wanted | {"title": "Deposit", "type": "INVOICE", "dueDate": LATER})
    assert (made["title"], made["client"]["title"], "account" in made) == ("Deposit", "Ann", False)
    office.switch(invoice_title="refuse")
    assert refusal(office.call("PATCH", f"invoices/{made['id']}", {"title": "x"}))[2] == "title"
    office.switch(invoice_title="ignored", legacy_shape=False)
    assert "title" not in office.patch(f"invoices/{made['id']}", {"title": "x"})


def test_an_invoice_of_another_company_is_not_there(client: FlaskClient, office: Office) -> None:
    other = Office.opened(client, "other-key", "Other")
    made = other.invoice(other.project("Roof"), 10)
    for path in (f"invoices/{made['id']}", f"invoices/{made['id']}/payments"):
        assert refusal(office.call("GET", path)) == (404, "NOT_FOUND", "")
    office.switch(foreign_record_status=403)
    assert office.call("GET", f"invoices/{made['id']}").status_code == 403
    answer = office.call("POST", "invoices", body(made["record"], line(office.item())))
    assert refusal(answer)[2] == "recordId"
