"""The board: both vendors on one page."""

from __future__ import annotations

import re
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from simulator.app import build_app
from simulator.board.form_data import dollars
from tests.simulator.clients import Books, Json, Office, Sales, line, pays

HOSTILE = "<script>alert(1)</script>"


def page(client: FlaskClient, **query: Any) -> str:
    answer = client.get("/", query_string=query)
    assert answer.status_code == 200
    return answer.text


def column(text: str, name: str) -> str:
    """The part of the page between the heading of a phase and the next heading of its kind."""
    found = re.search(rf"<h3>{re.escape(name)} <span.*?(?=<h3>|</section>)", text, re.DOTALL)
    assert found, name
    return found[0]


def send(client: FlaskClient, path: str, **form: str) -> TestResponse:
    return client.post(path, data=form)


def sent_home(answer: TestResponse) -> None:
    assert answer.status_code == 303
    assert answer.location.startswith("/?")


def test_the_page_says_that_it_is_a_simulator(client: FlaskClient) -> None:
    text = page(client)
    assert "<h1>Simulator</h1>" in text
    assert "Nothing here reaches Coperniq or Intuit" in text


def test_without_a_company_a_form_says_so(client: FlaskClient) -> None:
    answer = send(client, "/board/accounts", title="Ann")
    assert (answer.status_code, "There is no Coperniq company yet." in answer.text) == (400, True)


def test_every_phase_is_a_column_and_every_project_a_card(demo: Office) -> None:
    text = page(demo.client)
    assert re.findall(r"<h3>([^<]+) <span", text)[:6] == [
        *("Welcome", "Engineering", "Permitting", "Installation", "Inspection", "Billing")
    ]
    card = column(text, "Engineering")
    for fact in ("John Smith", "#12345", "$25,000", "10.5 kW"):
        assert fact in card
    assert "No account" in column(text, "Welcome")
    assert "$31,240.50" in column(text, "Permitting")


def test_another_workflow_and_company_can_be_chosen(demo: Office) -> None:
    other = demo.get("workflows")[1]
    text = page(demo.client, workflow=other["id"])
    assert "Sunline Warehouse Roof" in column(text, "Contract")
    assert "Amelia Brooks" not in page(demo.client, realm="9341450000000002")
    assert page(demo.client, workflow="77777", company="x", realm="y").count("<h3>") == page(
        demo.client
    ).count("<h3>")


def test_a_refusal_is_shown_on_the_page(demo: Office) -> None:
    project = demo.get("projects", title="John Smith")[0]
    path = f"/board/projects/{project['id']}/move"
    for phase, words in (
        ("", "Choose a phase."),
        ("1", "no such phase"),
        (str(project["phase"]["templateId"]), "already"),
    ):
        answer = send(demo.client, path, phase=phase)
        assert answer.status_code == 400
        assert words in answer.text
        assert 'role="alert"' in answer.text


def test_a_new_project_begins_in_the_first_phase_with_the_accounts_address(demo: Office) -> None:
    account = demo.get("accounts", title="Emily")[0]
    form = {"account": str(account["id"]), "title": "", "value": "$12,500.25", "size": "6.4"}
    sent_home(send(demo.client, "/board/projects", **form))
    made = demo.get("projects", order_by="desc")[0]
    assert (made["title"], str(made["value"]), str(made["size"])) == ("Emily Nguyen", "12500.25", "6.4")
    assert (made["phase"]["name"], made["address"]) == ("Welcome", account["address"])


@pytest.mark.parametrize(
    "form",
    [
        {"title": ""},
        {"title": "A", "value": "much"},
        {"title": "A", "size": "NaN"},
        {"title": "A", "account": "1"},
    ],
)
def test_a_wrong_project_is_not_made(demo: Office, form: dict[str, str]) -> None:
    before = len(demo.get("projects", page_size=100))
    assert send(demo.client, "/board/projects", **form).status_code == 400
    assert len(demo.get("projects", page_size=100)) == before


def test_a_new_account_has_its_contact_and_its_site(demo: Office) -> None:
    form = {"title": "Ann Lee", "contact": "Bo Lee", "email": "bo@example.com", "phone": "5"}
    sent_home(send(demo.client, "/board/accounts", **form, address="9 Fir Rd, Austin, TX 78701"))
    account = demo.get("accounts", title="Ann Lee", include_contacts="true")[0]
    assert (account["primaryEmail"], account["contacts"][0]["emails"]) == (
        "bo@example.com",
        ["bo@example.com"],
    )
    assert demo.get(f"contacts/{account['contacts'][0]['id']}")["name"] == "Bo Lee"
    assert demo.get("sites", accountId=account["id"])[0]["city"] == "Austin"


@pytest.mark.parametrize("form", [{"title": ""}, {"title": "A", "email": "nobody"}])
def test_a_wrong_account_leaves_nothing_behind(demo: Office, form: dict[str, str]) -> None:
    contacts = len(demo.get("contacts", page_size=100))
    assert send(demo.client, "/board/accounts", **form).status_code == 400
    assert len(demo.get("contacts", page_size=100)) == contacts


def test_a_fault_is_switched_on_shown_and_switched_off(demo: Office) -> None:
    sent_home(send(demo.client, "/board/faults", fault="coperniq-500"))
    assert "error 500, 2 to come" in page(demo.client)
    assert demo.call("GET", "accounts").status_code == 500
    sent_home(send(demo.client, "/board/faults/clear"))
    assert demo.call("GET", "accounts").status_code == 200
    assert send(demo.client, "/board/faults", fault="rain").status_code == 400


def test_customers_show_their_jobs_below_and_the_newest_change_first(
    client: FlaskClient, books: Books
) -> None:
    ann = books.customer("Ann Lee")
    books.customer("Bo Poe", PrimaryEmailAddr={"Address": "bo@example.com"})
    client.post("/_control/clock", json={"shift_seconds": 60})
    books.job("Ann's roof", ann)
    text = page(client)
    names = re.findall(r'class="name">([^<]+)<', text)
    assert names == ["Ann Lee", "Ann&#39;s roof", "Bo Poe"]
    assert "depth-1 glows" in text
    assert text.count('<b class="mark new">') == 1
    assert "bo@example.com" in text
    client.post("/_control/clock", json={"shift_seconds": 60})
    books.changed(books.read(ann), Notes="called")
    text = page(client)
    assert text.count('<b class="mark changed">') == 1
    assert "depth-0 glows" in text


def test_the_strip_shows_calls_and_posts_newest_first(client: FlaskClient) -> None:
    office = Office.opened(client)
    wanted = {"api_key": office.key, "urls": ["http://127.0.0.1:1/secret-token"]}
    client.put("/_control/webhooks/coperniq", json=wanted)
    client.post("/_control/webhooks/faults", json={"vendor": "coperniq", "fault": "lost"})
    office.project("Roof")
    office.get("accounts")
    office.call("GET", "projects/1")
    text = page(client)
    assert re.findall(r'class="path">([^<]+)<', text) == [
        "/coperniq/v1/projects/1",
        "/coperniq/v1/accounts",
        "PROJECT_CREATED",
    ]
    assert re.findall(r'class="status (\w+)">([^<]+)<', text) == [
        ("bad", "404"),
        ("ok", "200"),
        ("bad", "lost"),
    ]
    assert "secret-token" not in text
    assert office.key not in text


def test_the_live_parts_come_alone_and_are_never_kept(demo: Office) -> None:
    answer = demo.client.get("/board/live")
    assert answer.headers["Cache-Control"] == "no-store"
    assert "<html" not in answer.text
    parts = re.findall(r'data-part="(\w+)"', answer.text)
    assert parts == ["columns", "customers", "invoices", "payments", "calls", "pending", "posts", "faults"]
    assert re.findall(r'data-part="(\w+)"', page(demo.client)) == parts


def test_nobodys_text_becomes_markup(client: FlaskClient, books: Books) -> None:
    office = Office.opened(client, name=HOSTILE)
    office.workflow(HOSTILE)
    account = office.account(HOSTILE)
    office.project(HOSTILE, accountId=account["id"])
    books.customer(HOSTILE)
    office.call("GET", HOSTILE)
    text = page(client)
    assert HOSTILE not in text
    assert text.count("&lt;script&gt;alert(1)&lt;/script&gt;") >= 6
    assert HOSTILE not in client.get("/board/live").text


def test_a_project_in_a_phase_that_was_removed_is_still_shown(demo: Office) -> None:
    workflow = demo.get("workflows")[0]
    demo.person("DELETE", f"workflows/{workflow['id']}/phases/{workflow['phases'][1]['id']}")
    assert "#12345" in column(page(demo.client), "No phase of this workflow")


def test_nothing_is_loaded_from_elsewhere(demo: Office) -> None:
    text = page(demo.client)
    assert all(one.startswith(("/", "data:")) for one in re.findall(r'(?:src|href)="([^"]+)"', text))
    links = re.findall(r'(?:src="|<link [^>]*href=")([^"]+)"', text)
    assert sorted(links) == [
        *("/board/static/board.css", "/board/static/board.js", "/board/static/books.css", "data:,"),
    ]
    for path in ("/board/static/board.css", "/board/static/board.js"):
        with demo.client.get(path) as answer:
            assert answer.status_code == 200
            assert b"http" not in answer.data


def test_the_portal_is_linked_when_its_address_is_known() -> None:
    client = build_app("empty", portal_url="http://127.0.0.1:8000/").test_client()
    assert 'href="http://127.0.0.1:8000/">Open the portal</a>' in page(client)
    assert "Open the portal" not in page(build_app("empty").test_client())


def rows(sales: Sales, part: str) -> list[str]:
    """The items of one list, their tags stripped."""
    text = sales.books.client.get("/board/live", query_string={"realm": sales.books.realm}).text
    found = re.search(rf'data-part="{part}".*?</ul>', text, re.DOTALL)
    assert found
    items = re.findall(r"<li.*?</li>", found[0], re.DOTALL)
    return [" ".join(re.sub(r"<[^>]+>", " ", one).split()) for one in items]


def test_every_state_of_an_invoice(sales: Sales, ann: Json) -> None:
    job = sales.books.job("Roof", ann)
    numbered = {"TxnDate": "2024-01-01", "DueDate": "2024-01-31"}
    opened = sales.invoice(job, line("1234.50"), DocNumber="1", **numbered)
    partial, paid, voided = (sales.invoice(ann, DocNumber=one, **numbered) for one in "234")
    sales.payment(ann, 30, pays(30, partial))
    sales.payment(ann, 100, pays(100, paid))
    sales.void(voided)
    sales.person("POST", f"invoices/{opened['Id']}/send")
    found = {one[:2]: one for one in rows(sales, "invoices")}
    assert found["#1"] == "#1 Ann Lee: Roof $1,234.50 open e-mailed due 2024-01-31 $1,234.50 open"
    assert found["#2"] == "#2 Ann Lee $100.00 partial not sent due 2024-01-31 $70.00 open"
    assert found["#3"] == "#3 Ann Lee $100.00 paid not sent due 2024-01-31"
    assert found["#4"] == "#4 Ann Lee $0.00 voided not sent due 2024-01-31"


def test_a_payment_says_where_it_came_from_and_went(sales: Sales, ann: Json) -> None:
    invoice = sales.invoice(ann, DocNumber="1001")
    sales.payment(
        ann,
        120,
        pays(100, invoice),
        TxnDate="2024-02-01",
        PaymentMethodRef={"value": "2"},
        PaymentRefNum="4711",
    )
    loose = sales.payment(ann, 5, TxnDate="2024-02-02")
    sales.person("POST", "deposits", {"payments": [loose["Id"]]})
    found = rows(sales, "payments")
    assert sorted(found, reverse=True)[0].startswith(
        "Ann Lee $5.00 2024-02-02 No method Undeposited Funds deposited"
    )
    assert (
        "Ann Lee $120.00 2024-02-01 Check 4711 Undeposited Funds $100.00 to invoice 1001 , $20.00 left over".replace(
            " ,", ","
        )
        in found
    )


def test_a_credit_and_a_void_among_payments(sales: Sales, ann: Json) -> None:
    memo = sales.person("POST", "records/CreditMemo", sales.body(ann, line(30), DocNumber="CM-1"))
    invoice = sales.invoice(ann, DocNumber="1001")
    sales.payment(ann, 0, pays(30, invoice), pays(30, memo, "CreditMemo"))
    sales.void_payment(sales.payment(ann, 5))
    text = " | ".join(rows(sales, "payments"))
    assert "$30.00 to invoice 1001, $30.00 from credit CM-1" in text
    assert "$0.00" in text
    assert "voided" in text


def test_the_lists_are_cut_and_the_counts_are_not(sales: Sales, ann: Json) -> None:
    for _ in range(45):
        sales.invoice(ann, line(1))
    assert len(rows(sales, "invoices")) == 40
    text = sales.books.client.get("/", query_string={"realm": sales.books.realm}).text
    assert 'data-part="invoice-count">45<' in text


@pytest.mark.parametrize(("cents", "shown"), [(0, "$0.00"), (123456789, "$1,234,567.89"), (-5, "-$0.05")])
def test_money_is_written_plainly(cents: int, shown: str) -> None:
    assert dollars(cents) == shown
