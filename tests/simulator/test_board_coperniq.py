"""Invoices on the page for people: on the card, on a page of their own, and by forms alone."""

from __future__ import annotations

import re

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.simulator.clients import Json, Office

HOSTILE = "<script>alert(1)</script>"


@pytest.fixture
def project(demo: Office) -> Json:
    found: Json = demo.get("projects", title="John Smith")[0]
    return found


def send(demo: Office, path: str, **form: str) -> TestResponse:
    return demo.client.post(path, data={name.replace("_", "-"): value for name, value in form.items()})


def items(demo: Office) -> dict[str, str]:
    return {one["name"]: str(one["id"]) for one in demo.get("catalog-items")}


def created(demo: Office, project: Json, **form: str) -> Json:
    answer = send(demo, f"/board/projects/{project['id']}/invoices", **form)
    assert answer.status_code == 303, answer.text
    found = re.match(r"/board/invoices/(\d+)\?company=", answer.location)
    assert found
    invoice: Json = demo.get(f"invoices/{found[1]}")
    return invoice


def two_lines(demo: Office, project: Json, **form: str) -> Json:
    known = items(demo)
    rows = {"item_0": known["Permit"], "item_1": known["Site survey"], "price_1": "10"}
    return created(demo, project, **rows, **form)


def test_a_card_shows_what_its_project_was_billed(demo: Office) -> None:
    text = demo.client.get("/").text
    for words in ("Invoice 1001", "overdue", "Solar panel 400 W</span>", "$3,468", "$4,968", "$2,000"):
        assert words in text
    assert "Solar panel 400 W</span>" in demo.client.get("/board/live").text


def test_a_card_shows_four_invoices_and_counts_the_rest(demo: Office, project: Json) -> None:
    for number in range(1, 7):
        demo.invoice(project, number, uid=5000 + number)
    text = demo.client.get("/").text
    assert re.findall(r">Invoice (50\d\d)<", text) == ["5006", "5005", "5004", "5003"]
    assert "and 2 older" in text


def test_an_invoice_is_made_of_catalog_and_custom_items(demo: Office, project: Json) -> None:
    form = {"item_0": items(demo)["Solar panel 400 W"], "quantity_0": "10", "description_0": "South roof"}
    form |= {"item_1": "", "new_1": "Crane hire", "price_1": "$1,250.50", "item_2": ""}
    made = created(demo, project, **form, due="2999-01-31", memo="Half now")
    assert (made["status"], str(made["amount"]), made["description"]) == ("DRAFT", "4140.5", "Half now")
    assert made["dueDate"] == "2999-01-31T00:00:00.000Z"
    first, second = made["lineItems"]
    assert [str(first[name]) for name in ("quantity", "unitPrice", "unitCost", "description")] == [
        *("10", "289", "168.5"),
        "South roof",
    ]
    assert (second["catalogItem"]["name"], second["catalogItem"]["type"]) == ("Crane hire", "SERVICE")
    assert "Crane hire" in items(demo)


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({}, "at least one line"),
        ({"item_0": "", "price_0": "5"}, "Row 1: choose a catalog item"),
        ({"item_0": "1", "price_0": "5"}, "Row 1: choose a catalog item"),
        ({"item_0": "", "new_0": "Crane"}, "Row 1: a price is missing"),
        (
            {"item_0": "", "item_1": "", "new_1": "Crane", "price_1": "much"},
            "Row 2: the price must be a number",
        ),
        ({"item_0": "", "new_0": "Crane", "price_0": "5", "quantity_0": "1.5"}, "whole quantities only"),
        ({"item_0": "", "new_0": "Crane", "price_0": "5", "due": "soon"}, "must be an ISO 8601"),
    ],
)
def test_a_wrong_invoice_is_shown_again_as_typed(
    demo: Office, project: Json, form: dict[str, str], words: str
) -> None:
    known, before = items(demo), len(demo.get("invoices")["items"])
    answer = send(demo, f"/board/projects/{project['id']}/invoices", **form, memo=HOSTILE)
    assert answer.status_code == 400
    assert words in answer.text
    assert 'role="alert"' in answer.text
    assert all(f'value="{value}"' in answer.text for name, value in form.items() if "price" in name)
    assert HOSTILE not in answer.text
    assert "&lt;script&gt;" in answer.text
    assert (items(demo), len(demo.get("invoices")["items"])) == (known, before)


def test_lines_are_edited_added_and_removed(demo: Office, project: Json) -> None:
    made = two_lines(demo, project)
    path, (first, second) = f"/board/invoices/{made['id']}", made["lineItems"]
    text = demo.client.get(path).text
    assert f'name="line-1" value="{second["id"]}"' in text
    assert len(re.findall(r'name="item-\d"', text)) == 3
    form = {"line_0": str(first["id"]), "item_0": str(first["catalogItemId"]), "remove_0": "1"}
    form |= {"line_1": str(second["id"]), "item_1": str(second["catalogItemId"]), "quantity_1": "3"}
    form |= {"price_1": "12.34", "description_1": "Twice", "line_2": "", "item_2": "", "new_2": "Crane"}
    answer = send(demo, path, **form, price_2="-1", due="", memo="")
    assert (answer.status_code, answer.location.startswith(f"{path}?company=")) == (303, True)
    found = demo.get(f"invoices/{made['id']}")
    kept, fresh = found["lineItems"]
    assert (kept["id"], kept["quantity"], str(kept["unitPrice"]), kept["description"]) == (
        *(second["id"], 3, "12.34"),
        "Twice",
    )
    assert (kept["unitCost"], fresh["unitPrice"], str(found["amount"])) == (90, -1, "36.02")
    assert send(demo, path, item_0="").status_code == 303
    assert demo.get(f"invoices/{made['id']}")["lineItems"] == []


def test_a_text_of_several_lines_stays_as_it_is(demo: Office, project: Json) -> None:
    made = two_lines(demo, project, description_0="Front roof\r\nGarage roof", memo="One\r\ntwo")
    assert (made["lineItems"][0]["description"], made["description"]) == (
        "Front roof\nGarage roof",
        "One\ntwo",
    )
    text = demo.client.get(f"/board/invoices/{made['id']}").text
    assert 'name="description-0" rows="2">Front roof\nGarage roof</textarea>' in text
    assert 'name="memo" rows="2">One\ntwo</textarea>' in text


def test_a_day_left_alone_keeps_its_hour_and_lines_their_section(demo: Office, project: Json) -> None:
    demo.switch(person_time_of_day="end_of_day_local", section_name_returned=True)
    lines = [{"catalogItem": {"name": "Crane"}, "unitPrice": 5}]
    wanted = {"recordId": project["id"], "sections": [{"name": "Yard", "lineItems": lines}]}
    made = demo.person("POST", "invoices", {**wanted, "dueDate": "2999-01-31"})
    path, line = f"/board/invoices/{made['id']}", made["lineItems"][0]
    assert 'name="due" value="2999-01-31"' in demo.client.get(path).text
    demo.switch(person_time_of_day="noon_local")
    rows = {"line_0": str(line["id"]), "item_0": str(line["catalogItemId"]), "price_0": "6"}
    send(demo, path, **rows, due="2999-01-31", memo="x")
    found = demo.get(f"invoices/{made['id']}")
    assert (found["dueDate"], found["amount"]) == (made["dueDate"], 6)
    assert found["lineItems"][0]["sectionName"] == "Yard"
    send(demo, path, **rows, due="2999-02-01", memo="x")
    assert demo.get(f"invoices/{made['id']}")["dueDate"] == "2999-02-01T18:00:00.000Z"


def test_a_payment_is_recorded(demo: Office, project: Json) -> None:
    made = two_lines(demo, project)
    path = f"/board/invoices/{made['id']}"
    form = {"amount": "$60.25", "method": "CREDIT_CARD", "day": "2026-03-04", "reference": "1188"}
    assert send(demo, f"{path}/payments", **form).status_code == 303
    (paid,) = demo.get(demo.payments(made))
    assert (str(paid["amount"]), paid["paymentMethod"], paid["paymentReference"], paid["paymentDate"]) == (
        *("60.25", "CREDIT_CARD", "1188"),
        "2026-03-04T00:00:00.000Z",
    )
    text = demo.client.get(path).text
    for words in ("Credit card · 1188", "$60.25", "$299.75", "partially paid"):
        assert words in text
    assert send(demo, f"{path}/payments", amount="1", method="ACH", day="").status_code == 303


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({"amount": "", "method": "CASH"}, "needs an amount"),
        ({"amount": "ten", "method": "CASH"}, "The amount must be a number"),
        ({"amount": "10", "method": "SHELLS"}, "Choose how it was paid"),
    ],
)
def test_a_wrong_payment_is_not_taken(demo: Office, form: dict[str, str], words: str) -> None:
    old = demo.get("invoices/20001")
    answer = send(demo, f"/board/invoices/{old['id']}/payments", **form)
    assert (answer.status_code, words in answer.text) == (400, True)
    assert 'value="350"' in answer.text
    assert len(demo.get(demo.payments(old))) == 1


def test_an_invoice_is_sent_declined_archived_and_restored(demo: Office, project: Json) -> None:
    made = two_lines(demo, project)
    path = f"/board/invoices/{made['id']}"
    for action, status, archived, offered in (
        ("send", "SENT", False, "Decline"),
        ("decline", "DECLINED", False, "Send again"),
        ("archive", "DECLINED", True, "Restore"),
        ("restore", "DECLINED", False, "Archive"),
    ):
        assert send(demo, f"{path}/{action}").status_code == 303
        found = demo.get(f"invoices/{made['id']}")
        assert (found["status"], found["isArchived"]) == (status, archived)
        assert f">{offered}</button>" in demo.client.get(path).text


def test_an_invoice_over_a_share_has_no_lines_to_edit(demo: Office, project: Json) -> None:
    wanted = {"recordId": project["id"], "calculationMethod": "PERCENTAGE", "percentage": 10, "amount": 2600}
    made = demo.person("POST", "invoices", wanted)
    text = demo.client.get(f"/board/invoices/{made['id']}").text
    assert "10 % of the project" in text
    assert "$100" in text
    assert 'name="item-0"' not in text
    assert send(demo, f"/board/invoices/{made['id']}", memo="Deposit", due="").status_code == 303
    assert demo.get(f"invoices/{made['id']}")["description"] == "Deposit"


def test_what_is_gone_has_a_page_that_leads_back(client: FlaskClient, demo: Office) -> None:
    for path in ("/board/invoices/1", "/board/projects/1/invoices/new"):
        answer = client.get(path)
        assert (answer.status_code, "Back to the board" in answer.text) == (404, True)
    demo.call("DELETE", f"projects/{demo.get('invoices/20001')['record']['id']}")
    assert "A record that was deleted" in client.get("/board/invoices/20001").text
    client.post("/_control/reset", json={"seed": "empty"})
    assert client.get("/board/invoices/1").status_code == 404
