"""Acme: Alice (admin), Frank (finance), Sam (staff). Bolt: Bob (admin). Olga runs it all. Both have books and a key."""

from __future__ import annotations

import pytest
from django.test import Client

from accounts.models import Company, User
from accounts.roles import Role
from integrations.models import QuickBooksConnection
from tests.factories import OTHER_REALM, SignIn, company, coperniq_connection, person, quickbooks_connection


@pytest.fixture
def acme(db: None) -> Company:
    return company("acme")


@pytest.fixture
def bolt(db: None) -> Company:
    return company("bolt")


@pytest.fixture
def acme_books(acme: Company) -> QuickBooksConnection:
    coperniq_connection(acme)
    return quickbooks_connection(acme)


@pytest.fixture
def bolt_books(bolt: Company) -> QuickBooksConnection:
    coperniq_connection(bolt)
    return quickbooks_connection(bolt, OTHER_REALM)


@pytest.fixture
def sign_in() -> SignIn:
    def signed_in(user: User) -> Client:
        client = Client()
        client.force_login(user)
        return client

    return signed_in


@pytest.fixture
def client_of_alice(acme: Company, sign_in: SignIn) -> Client:
    return sign_in(person("alice", (acme, Role.ADMIN)))


@pytest.fixture
def client_of_frank(acme: Company, sign_in: SignIn) -> Client:
    return sign_in(person("frank", (acme, Role.FINANCE)))


@pytest.fixture
def client_of_sam(acme: Company, sign_in: SignIn) -> Client:
    return sign_in(person("sam", (acme, Role.STAFF)))


@pytest.fixture
def client_of_olga(db: None, sign_in: SignIn) -> Client:
    return sign_in(User.objects.create_superuser("olga@example.com"))
