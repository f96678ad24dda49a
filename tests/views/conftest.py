"""Acme: Alice (admin), Frank (finance), Sam (staff). Bolt: Bob (admin). Nora is admin of both; Olga runs it all."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import responses
from django.test import Client
from pytest_django import Settings

from accounts.models import Company, User
from accounts.roles import Role
from tests.factories import MockedVendors, SignIn, company, person


@pytest.fixture
def acme(db: None) -> Company:
    return company("acme")


@pytest.fixture
def bolt(db: None) -> Company:
    return company("bolt")


@pytest.fixture
def alice(acme: Company) -> User:
    return person("alice", (acme, Role.ADMIN))


@pytest.fixture
def frank(acme: Company) -> User:
    return person("frank", (acme, Role.FINANCE))


@pytest.fixture
def sam(acme: Company) -> User:
    return person("sam", (acme, Role.STAFF))


@pytest.fixture
def bob(bolt: Company) -> User:
    return person("bob", (bolt, Role.ADMIN))


@pytest.fixture
def nora(acme: Company, bolt: Company) -> User:
    return person("nora", (acme, Role.ADMIN), (bolt, Role.ADMIN))


@pytest.fixture
def olga(db: None) -> User:
    return User.objects.create_superuser("olga@example.com")


@pytest.fixture
def sign_in() -> SignIn:
    def signed_in(user: User) -> Client:
        client = Client()
        client.force_login(user)
        return client

    return signed_in


@pytest.fixture
def vendors(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[MockedVendors]:
    monkeypatch.setattr("integrations.http.READ_PAUSES", ())
    settings.INTUIT_CLIENT_ID, settings.INTUIT_CLIENT_SECRET = "demo-client", "demo-secret"
    settings.PORTAL_URL = "https://portal.example.com"
    with responses.RequestsMock(assert_all_requests_are_fired=False) as stage:
        yield MockedVendors(stage)
