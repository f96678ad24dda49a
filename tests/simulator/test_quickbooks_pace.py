"""How fast the books may be asked and how fast they answer, on a real socket where it matters."""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from simulator.hooks import Severed
from simulator.serving import listen
from tests.simulator.conftest import Books, document, problem
from tests.simulator.sales import Sales, line, pays

if TYPE_CHECKING:
    from flask import Flask
    from werkzeug.serving import BaseWSGIServer

    from simulator.world import World


@pytest.fixture
def sales(books: Books) -> Sales:
    return Sales(books)


@pytest.fixture
def ann(books: Books) -> dict[str, Any]:
    return books.customer("Ann Lee")


@pytest.fixture
def server(app: Flask) -> Iterator[BaseWSGIServer]:
    found = listen(app, "127.0.0.1", 0)
    thread = threading.Thread(target=found.serve_forever, daemon=True)
    thread.start()
    yield found
    found.shutdown()
    thread.join()
    found.server_close()


def ask(server: BaseWSGIServer, books: Books, body: dict[str, Any] | None = None) -> int:
    wire = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=10)
    headers = {"Authorization": f"Bearer {books.token}", "Content-Type": "application/json"}
    method, path = ("GET", "preferences") if body is None else ("POST", "invoice")
    wire.request(method, f"/quickbooks/v3/company/{books.realm}/{path}", json.dumps(body or {}), headers)
    status = wire.getresponse().status
    wire.close()
    return status


def test_ten_slow_answers_take_no_longer_than_one(
    server: BaseWSGIServer, sales: Sales, ann: dict[str, Any], world: World
) -> None:
    sales.books.client.post("/_control/switches", json={"latency_ms": 300})
    begun = time.perf_counter()
    with ThreadPoolExecutor(10) as pool:
        seen = list(pool.map(lambda _: ask(server, sales.books, sales.body(ann)), range(10)))
    took = time.perf_counter() - begun
    assert seen == [200] * 10
    assert 0.3 <= took < 1.5
    assert len(sales.books.client.get("/_control/state").data) > 0
    world.switches["latency_ms"] = 0
    assert len(sales.rows("SELECT * FROM Invoice")) == 10


def test_the_eleventh_at_once_is_too_many(server: BaseWSGIServer, books: Books, world: World) -> None:
    """The burst of a second is set aside here: what is in flight counts for itself."""
    world.switches.update({"latency_ms": 400, "enforce_limits": True})
    begun = world.clock.now()
    moments = iter(range(1, 1000))
    world.clock.now = lambda: begun + timedelta(seconds=2 * next(moments))  # type: ignore[method-assign]
    with ThreadPoolExecutor(11) as pool:
        seen = list(pool.map(lambda _: ask(server, books), range(11)))
    assert sorted(seen) == [200] * 10 + [429]


def test_a_batch_is_metered_item_by_item(books: Books, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.switches["enforce_limits"] = True
    start = world.clock.now()
    moments = iter(range(10_000))
    monkeypatch.setattr(world.clock, "now", lambda: start + timedelta(milliseconds=150) * next(moments))
    items = [{"bId": str(n), "Query": "select count(*) from Customer"} for n in range(30)]
    seen = [books.post("batch", {"BatchItemRequest": items}).status_code for _ in range(18)]
    assert seen == [200] * 16 + [429] * 2


def test_forty_batches_a_minute(books: Books, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.switches["enforce_limits"] = True
    start = world.clock.now()
    moments = iter(range(10_000))
    monkeypatch.setattr(world.clock, "now", lambda: start + timedelta(milliseconds=60) * next(moments))
    item = {"bId": "1", "Query": "select count(*) from Customer"}
    seen = [books.post("batch", {"BatchItemRequest": [item]}).status_code for _ in range(42)]
    assert (seen.count(200), seen[-1]) == (40, 429)


def fault(sales: Sales, name: str, path: str, **more: Any) -> None:
    wanted = {"vendor": "quickbooks", "fault": name, "path": path, "method": "POST", **more}
    assert sales.books.client.post("/_control/faults", json=wanted).status_code == 200


def test_a_lost_answer_leaves_one_invoice_however_often_it_is_asked(
    sales: Sales, ann: dict[str, Any]
) -> None:
    fault(sales, "lost_answer", "/invoice")
    with pytest.raises(Severed):
        sales.books.post("invoice?requestid=r1", sales.body(ann))
    again = sales.write("invoice?requestid=r1", sales.body(ann))
    assert [one["Id"] for one in sales.rows("SELECT * FROM Invoice")] == [again["Id"]]


@pytest.mark.parametrize(
    ("name", "status"),
    [("throttle", 429), ("error_500", 500), ("error_502_html", 502), ("stale", 400), ("expired_token", 401)],
)
def test_faults_strike_one_entity_and_spare_the_others(
    sales: Sales, ann: dict[str, Any], name: str, status: int
) -> None:
    fault(sales, name, "/payment")
    invoice = sales.invoice(ann)
    assert sales.pay(ann, 5, pays(5, invoice)).status_code == status
    assert sales.read("Invoice", invoice)["Balance"] == 100
    assert sales.payment(ann, 5, pays(5, invoice))["UnappliedAmt"] == 0


def test_somebody_saves_the_invoice_that_is_being_edited(sales: Sales, ann: dict[str, Any]) -> None:
    invoice = sales.invoice(ann)
    touched = sales.person("POST", f"records/Invoice/{invoice['Id']}/touch")
    assert (touched["SyncToken"], touched["Line"]) == ("1", invoice["Line"])
    assert problem(sales.change("Invoice", invoice, PrivateNote="x"))["code"] == "5010"
    edited = sales.person(
        "PATCH", f"records/Invoice/{invoice['Id']}", {"Line": [line(120)], "PrivateNote": "By Dana"}
    )
    assert (edited["SyncToken"], edited["TotalAmt"]) == ("2", 120)


def test_the_log_names_the_new_entities(sales: Sales, ann: dict[str, Any]) -> None:
    sales.books.client.delete("/_control/log")
    invoice = sales.invoice(ann)
    sales.void(invoice)
    sales.books.post("batch", {"BatchItemRequest": []})
    log = document(sales.books.client.get("/_control/log"))
    assert [(one["entity"], one["status"], one["applied"]) for one in log] == [
        ("Invoice", 200, True),
        ("Invoice", 200, True),
        ("batch", 400, False),
    ]
