"""The people of these tests, and a portal that consists of the accounts app alone.

Acme: Alice (admin), Frank (finance), Sam (staff). Bolt: Bob (admin). Nora is staff at Acme and admin at Bolt.
Olga runs the installation; Zoe can log in and belongs nowhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import deepcopy
from typing import Any, TypeAlias

import pytest
from django.conf import settings
from django.test import Client, override_settings

from accounts.models import Company, Membership, User
from accounts.roles import Role

PASSWORD = "demo-only-Tr0ubador"
BASE_PAGE = "<title>{% block title %}{% endblock %}</title>{% block content %}{% endblock %}"

SignIn: TypeAlias = Callable[[User], Client]


@pytest.fixture(scope="package", autouse=True)
def accounts_alone() -> Iterator[None]:
    """Other apps' pages and templates stay out of it."""
    templates: list[dict[str, Any]] = deepcopy(settings.TEMPLATES)
    loaders = [
        ("django.template.loaders.locmem.Loader", {"base.html": BASE_PAGE}),
        "django.template.loaders.filesystem.Loader",
        "django.template.loaders.app_directories.Loader",
    ]
    templates[0].pop("APP_DIRS")
    templates[0]["OPTIONS"]["loaders"] = [("django.template.loaders.cached.Loader", loaders)]
    with override_settings(ROOT_URLCONF="tests.accounts.urls", TEMPLATES=templates):
        yield


@pytest.fixture
def acme(db: None) -> Company:
    return Company.objects.create(name="Acme Solar", slug="acme", time_zone="America/Denver")


@pytest.fixture
def bolt(db: None) -> Company:
    return Company.objects.create(name="Bolt Roofing", slug="bolt", time_zone="America/Chicago")


def person(name: str, *memberships: tuple[Company, Role]) -> User:
    user = User.objects.create_user(f"{name}@example.com", PASSWORD, name=name.title())
    for company, role in memberships:
        Membership.objects.create(user=user, company=company, role=role)
    return user


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
    return person("nora", (acme, Role.STAFF), (bolt, Role.ADMIN))


@pytest.fixture
def zoe(db: None) -> User:
    return person("zoe")


@pytest.fixture
def olga(db: None) -> User:
    return User.objects.create_superuser("olga@example.com", PASSWORD)


@pytest.fixture
def sign_in() -> SignIn:
    def signed_in(user: User) -> Client:
        client = Client()
        client.force_login(user)
        return client

    return signed_in
