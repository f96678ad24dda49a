"""A fresh world for every test, and clients that speak raw HTTP with it."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.serving import BaseWSGIServer

from simulator.app import build_app
from simulator.serving import listen
from simulator.world import World
from tests.simulator.clients import REDIRECT, Books, Events, Intuit, Json, Office, Sales, document
from tests.simulator.receiver import Receiver, receiving


@pytest.fixture(scope="session")
def built_app() -> Flask:
    return build_app()


@pytest.fixture
def app(built_app: Flask) -> Flask:
    """As it is when it has been built, which takes longer than most of these tests."""
    built_app.extensions["world"].reset()
    return built_app


@pytest.fixture
def world(app: Flask) -> World:
    found: World = app.extensions["world"]
    found.intuit.apps["demo-client"].redirect_uris.append(REDIRECT)
    return found


@pytest.fixture
def client(app: Flask, world: World) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def realm(client: FlaskClient) -> str:
    answer = client.post(
        "/_control/quickbooks/companies", json={"company_name": "Test Books", "using_sales_tax": True}
    )
    return str(document(answer)["realm_id"])


@pytest.fixture
def intuit(client: FlaskClient) -> Intuit:
    return Intuit(client)


@pytest.fixture
def books(client: FlaskClient, realm: str, intuit: Intuit) -> Books:
    return Books(client, realm, intuit.connect(realm)["access_token"])


@pytest.fixture
def sales(books: Books) -> Sales:
    return Sales(books)


@pytest.fixture
def office(client: FlaskClient) -> Office:
    return Office.opened(client)


@pytest.fixture
def ann(books: Books) -> Json:
    return books.customer("Ann Lee")


@pytest.fixture
def demo(client: FlaskClient) -> Office:
    client.post("/_control/reset", json={"seed": "demo"})
    return Office(client, "demo-coperniq-key")


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as found:
        yield found


@pytest.fixture
def events(world: World, monkeypatch: pytest.MonkeyPatch) -> Events:
    """What would be sent to Intuit's webhooks: entity, id, operation."""
    found: Events = []
    monkeypatch.setattr(world.webhooks, "quickbooks_changed", lambda _, *change: found.append(change))
    return found


@pytest.fixture
def server(app: Flask) -> Iterator[BaseWSGIServer]:
    found = listen(app, "127.0.0.1", 0)
    thread = threading.Thread(target=found.serve_forever, daemon=True)
    thread.start()
    yield found
    found.shutdown()
    thread.join()
    found.server_close()
