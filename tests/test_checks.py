"""Settings with which the portal would lose work or give secrets away do not start."""

from __future__ import annotations

from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.conf import settings as django_settings
from django.core.checks import Error, run_checks
from pytest_django import Settings

from integrations.checks import check_database, check_portal

OWN_KEY = Fernet.generate_key().decode()


def ids() -> set[str | None]:
    found = check_portal()
    assert all(isinstance(message, Error) and message.hint for message in found)
    return {message.id for message in found}


def queue(settings: Settings, **values: Any) -> None:
    settings.Q_CLUSTER = {**django_settings.Q_CLUSTER, **values}


def test_the_settings_as_they_come_are_safe() -> None:
    assert ids() == set()


def test_the_checks_are_registered(settings: Settings) -> None:
    settings.LEASE_SECONDS = 0
    assert "integrations.E009" in {message.id for message in run_checks()}


@pytest.mark.parametrize(
    ("values", "id_"),
    [
        ({"timeout": 100, "retry": 200, "workers": 2, "queue_limit": 2}, "E001"),
        ({"timeout": None}, "E001"),
        ({"workers": 1, "queue_limit": 50, "timeout": 10, "retry": 500}, "E001"),
        ({"ack_failures": False}, "E002"),
        ({"max_attempts": 0}, "E002"),
        ({"catch_up": True}, "E003"),
        ({"workers": 0}, "E004"),
        ({"orm": None}, "E005"),
    ],
)
def test_unsafe_queues_are_refused(settings: Settings, values: dict[str, Any], id_: str) -> None:
    queue(settings, **values)
    assert ids() == {f"integrations.{id_}"}


@pytest.mark.parametrize(
    "missing", ["retry", "queue_limit", "ack_failures", "max_attempts", "catch_up", "orm"]
)
def test_django_q_s_own_defaults_are_refused(settings: Settings, missing: str) -> None:
    queue(settings, workers=4)
    del settings.Q_CLUSTER[missing]
    assert ids()


def test_retry_just_above_the_longest_wait_is_safe(settings: Settings) -> None:
    queue(settings, timeout=100, retry=201, workers=2, queue_limit=2)
    assert ids() == set()


@pytest.mark.parametrize("keys", [[], [""], ["no key"], [OWN_KEY, "no key"]])
def test_unusable_credential_keys_are_refused(settings: Settings, keys: list[str]) -> None:
    settings.CREDENTIAL_KEYS = keys
    assert ids() == {"integrations.E006"}


def test_an_unknown_environment_is_refused(settings: Settings) -> None:
    settings.INTUIT_ENVIRONMENT = "staging"
    assert ids() == {"integrations.E007"}


@pytest.mark.parametrize("options", [{}, {"transaction_mode": "DEFERRED"}])
def test_sqlite_has_to_take_its_lock_at_once(options: dict[str, str]) -> None:
    (found,) = check_database({"ENGINE": "django.db.backends.sqlite3", "OPTIONS": options})
    assert found.id == "integrations.E008"


def test_postgresql_has_no_such_mode() -> None:
    assert not list(check_database({"ENGINE": "django.db.backends.postgresql"}))


def test_a_lease_has_to_last(settings: Settings) -> None:
    settings.LEASE_SECONDS = 0
    assert ids() == {"integrations.E009"}
