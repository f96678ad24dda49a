"""System checks for settings with which the portal would lose work, stop or reveal secrets."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from cryptography.fernet import Fernet
from django.conf import settings
from django.core.checks import CheckMessage, Error, register

from accounts.throttle import trusted_networks


@register
def check_portal(**_kwargs: Any) -> Sequence[CheckMessage]:
    database = check_database(settings.DATABASES["default"])
    return [*check_queue(settings.Q_CLUSTER), *check_secrets(), *check_environment(), *database]


def error(number: int, message: str, hint: str) -> Error:
    return Error(message, hint=hint, id=f"integrations.E{number:03}")


def check_queue(queue: dict[str, Any]) -> Iterator[Error]:
    """The defaults of django-q2 do not fit: it would lose tasks, or execute them twice."""
    workers = queue.get("workers") or 0
    if workers < 1:
        yield error(4, "The queue has no workers.", "Set QUEUE_WORKERS to 1 or more.")
    else:
        yield from check_redelivery(queue, workers)
    if queue.get("ack_failures") is not True or queue.get("max_attempts") != 1:
        yield error(
            2,
            "A failed task of the queue would be repeated forever.",
            "Set ack_failures to True and max_attempts to 1: runs are tried again by their own rows.",
        )
    if queue.get("catch_up") is not False:
        yield error(3, "After a stop every missed schedule would be run.", "Set catch_up to False.")
    if not queue.get("orm"):
        yield error(
            5,
            "The queue is not kept in the database.",
            "Set orm: other brokers lose what a dead worker held.",
        )


def check_redelivery(queue: dict[str, Any], workers: int) -> Iterator[Error]:
    timeout, retry = queue.get("timeout") or 0, queue.get("retry") or 60
    limit = queue.get("queue_limit") or workers**2
    longest = timeout * (1 + limit / workers)
    if not timeout or retry <= longest:
        yield error(
            1,
            "The queue would hand out tasks again that are still waiting or running.",
            f"Set timeout, and retry above timeout * (1 + queue_limit / workers), here {longest:g} seconds.",
        )


def check_secrets() -> Iterator[Error]:
    if not settings.CREDENTIAL_KEYS or not all(map(is_fernet_key, settings.CREDENTIAL_KEYS)):
        yield error(
            6,
            "CREDENTIAL_KEYS holds no key, or one that cannot be used.",
            "Make one with: python -c 'from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())'",
        )


def check_environment() -> Iterator[Error]:
    if settings.INTUIT_ENVIRONMENT not in settings.QUICKBOOKS_HOSTS:
        known = " or ".join(settings.QUICKBOOKS_HOSTS)
        yield error(7, "INTUIT_ENVIRONMENT is not known.", f"Set it to {known}.")
    try:
        trusted_networks(tuple(settings.TRUSTED_PROXIES))
    except ValueError as reason:
        yield error(
            11,
            f"TRUSTED_PROXIES has an entry that is no address: {reason}.",
            'Set addresses, networks, or "unix".',
        )
    if settings.LEASE_SECONDS < 1:
        yield error(9, "A lease could be taken by two workers at once.", "Set LEASE_SECONDS to 1 or more.")


def check_database(database: dict[str, Any]) -> Iterator[Error]:
    mode = database.get("OPTIONS", {}).get("transaction_mode")
    if database["ENGINE"] == "django.db.backends.sqlite3" and mode != "IMMEDIATE":
        yield error(
            8,
            "SQLite's transactions would fail half way when two want to write.",
            'Set transaction_mode to "IMMEDIATE" in the OPTIONS of the database.',
        )


def is_fernet_key(key: str) -> bool:
    try:
        Fernet(key)
    except ValueError:
        return False
    return True
