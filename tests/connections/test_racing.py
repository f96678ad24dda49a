"""Several people, or one person in several tabs, at the very same moment: the database decides, nobody is harmed."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
import responses
from django.db import IntegrityError, connections
from django.utils import timezone

from accounts.models import Company, User
from integrations.connections import coperniq_api_key
from integrations.connections.disconnection import NotConnected, disconnect
from integrations.connections.oauth_grant import Grant, store_grant
from integrations.models import CoperniqConnection, QuickBooksConnection
from integrations.quickbooks.oauth import Tokens
from integrations.quickbooks.records import CompanyInfo, Preferences
from tests.factories import OTHER_REALM, REALM, MockedVendors, company, quickbooks_connection

pytestmark = [pytest.mark.every_database, pytest.mark.django_db(transaction=True)]

State = QuickBooksConnection.State
AT_ONCE = 4


@pytest.fixture
def acme(transactional_db: None) -> Company:
    return company("acme")


@pytest.fixture
def alice(transactional_db: None) -> User:
    return User.objects.create_user("alice@example.com")


@pytest.fixture
def vendors() -> Iterator[MockedVendors]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as stage:
        yield MockedVendors(stage)


def grant(realm: str = REALM, access: str = "demo-access") -> Grant:
    soon = timezone.now() + timedelta(hours=1)
    return Grant(
        realm,
        Tokens(access, f"{access}-refresh", soon, soon, None),
        CompanyInfo("Books", "Books", "US", "PAID"),
        Preferences("USD", False, True, False, None),
    )


def together(*acts: Callable[[], object]) -> list[object]:
    """What each came to: its result, or the error it ended with."""
    gate = threading.Barrier(len(acts))
    results: list[object] = [None] * len(acts)

    def go(number: int, act: Callable[[], object]) -> None:
        gate.wait(10)
        try:
            results[number] = act()
        except (NotConnected, IntegrityError) as error:
            results[number] = error
        finally:
            connections.close_all()

    threads = [threading.Thread(target=go, args=(number, act)) for number, act in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def test_two_companies_want_the_same_books(acme: Company, alice: User) -> None:
    bolt = company("bolt")
    results = together(lambda: store_grant(acme, alice, grant()), lambda: store_grant(bolt, alice, grant()))
    assert sum(isinstance(result, NotConnected | IntegrityError) for result in results) == 1
    assert QuickBooksConnection.objects.live().count() == 1


def test_many_tabs_make_one_connection(acme: Company, alice: User) -> None:
    results = together(*[lambda: store_grant(acme, alice, grant())] * AT_ONCE)
    assert not any(isinstance(result, Exception) for result in results)
    stored = QuickBooksConnection.objects.get()
    assert stored.token_version == AT_ONCE
    assert stored.settings.pk


def test_two_tabs_with_different_books_make_one_connection_and_one_proposal(
    acme: Company, alice: User
) -> None:
    results = together(
        lambda: store_grant(acme, alice, grant()), lambda: store_grant(acme, alice, grant(OTHER_REALM))
    )
    assert not any(isinstance(result, Exception) for result in results)
    states = QuickBooksConnection.objects.values_list("state", flat=True)
    assert sorted(states) == [State.AWAITING_DECISION, State.PROPOSED]


def test_many_disconnect_at_once(acme: Company, alice: User, vendors: MockedVendors) -> None:
    quickbooks_connection(acme)
    vendors.revokes()
    results = together(*[lambda: disconnect(acme, alice)] * AT_ONCE)
    assert sum(isinstance(result, NotConnected) for result in results) == AT_ONCE - 1
    assert len(vendors.revoked()) == 1


def test_many_first_keys_make_one_connection(acme: Company, alice: User, vendors: MockedVendors) -> None:
    vendors.has_workflows()
    results = together(*[lambda: coperniq_api_key.connect_coperniq(acme, alice, "demo-key")] * AT_ONCE)
    assert not any(isinstance(result, Exception) for result in results)
    stored = CoperniqConnection.objects.get()
    tokens = {row.webhook_token for row in results if isinstance(row, CoperniqConnection)}
    assert tokens == {stored.webhook_token}
