"""Builds API clients from stored connections and counts their calls per company."""

from __future__ import annotations

import threading
import time
from collections import Counter

from django.conf import settings

from integrations.connections import rate_limiter
from integrations.connections.rate_limiter import RateLimiter
from integrations.connections.tokens import TokenSource
from integrations.coperniq.client import CoperniqClient
from integrations.http import Call, CallLimiter, VendorSession
from integrations.models import CallCount, CoperniqConnection, QuickBooksConnection
from integrations.quickbooks.client import QuickBooksClient

CONNECT_TIMEOUT_SECONDS = 5.0


class CallMeter:
    """Counts calls in memory; `flush` adds them to the company's row with one statement per vendor.

    With `every`, `flush` writes at most once in so many seconds.
    """

    def __init__(self, company_id: int, every: float = 0.0) -> None:
        self.company_id = company_id
        self.every = every
        self._flushed_at = time.monotonic() if every else float("-inf")
        self._lock = threading.Lock()
        self._counts: Counter[tuple[str, bool]] = Counter()

    def count(self, call: Call) -> None:
        with self._lock:
            self._counts[call.vendor, call.write] += 1

    def flush(self, *, now: bool = False) -> None:
        with self._lock:
            if not now and time.monotonic() < self._flushed_at + self.every:
                return
            self._flushed_at = time.monotonic()
            counts, self._counts = self._counts, Counter()
        for vendor in {vendor for vendor, _ in counts}:
            CallCount.add(self.company_id, vendor, reads=counts[vendor, False], writes=counts[vendor, True])


def vendor_session(vendor: str, meter: CallMeter, limiter: CallLimiter | None = None) -> VendorSession:
    timeout = (CONNECT_TIMEOUT_SECONDS, float(settings.VENDOR_TIMEOUT_SECONDS))
    return VendorSession(vendor=vendor, timeout=timeout, on_call=meter.count, limiter=limiter)


def quickbooks_session(realm_id: str, meter: CallMeter) -> VendorSession:
    return vendor_session("quickbooks", meter, call_limiter_for(realm_id))


def call_limiter_for(realm_id: str) -> RateLimiter:
    """The rate limiter that the threads of this process share for this company."""
    return rate_limiter.rate_limiter_for(
        realm_id, CONNECT_TIMEOUT_SECONDS + 2 * settings.VENDOR_TIMEOUT_SECONDS
    )


def coperniq_client(connection: CoperniqConnection, meter: CallMeter) -> CoperniqClient:
    return coperniq_client_with_key(connection.api_key, meter)


def coperniq_client_with_key(api_key: str, meter: CallMeter) -> CoperniqClient:
    return CoperniqClient(
        api_url=settings.COPERNIQ_API_URL, api_key=api_key, session=vendor_session("coperniq", meter)
    )


def quickbooks_client(
    connection: QuickBooksConnection, meter: CallMeter, tokens: TokenSource | None = None
) -> QuickBooksClient:
    return QuickBooksClient(
        api_url=settings.QUICKBOOKS_API_URL,
        realm_id=connection.realm_id,
        access_token=tokens or TokenSource(connection.pk),
        session=quickbooks_session(connection.realm_id, meter),
    )
