"""A fresh world for every test, and clients that speak raw HTTP with it."""

from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskClient

from simulator.app import build_app
from simulator.world import World
from tests.simulator.clients import REDIRECT, Books, Intuit, Office, Sales, document


@pytest.fixture
def app() -> Flask:
    return build_app("empty")


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
