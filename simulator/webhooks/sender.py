"""Webhooks of both vendors, from the change to the subscriber.

docs/vendors/quickbooks-online.md, 10.6; docs/vendors/coperniq-api.md, 4.1.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from simulator.environment import Environment
from simulator.webhooks import intuit_events
from simulator.webhooks.delivery import Delivery, DeliveryLog, DeliveryQueue
from simulator.webhooks.faults import WebhookFaults
from simulator.webhooks.intuit_events import Event


@dataclass(frozen=True)
class CoperniqTarget:
    """One company's automations; no triggers named means one automation per trigger there is."""

    urls: tuple[str, ...]
    triggers: frozenset[str] | None


@dataclass(frozen=True)
class QuickBooksTarget:
    """One per app, over all its companies."""

    url: str
    verifier_token: str
    form: str


class Webhooks:
    """Lives as long as its world, over resets. Called with the world's lock held or not: it only queues."""

    def __init__(self, environment: Environment, is_connected: Callable[[str], bool]) -> None:
        self._environment = environment
        self._is_connected = is_connected
        self._lock = threading.Lock()
        self._queues: dict[str, DeliveryQueue] = {}
        self._batch: list[Event] = []
        self._leaving = 0
        self._gathering: threading.Timer | None = None
        self.log = DeliveryLog()
        self.faults = WebhookFaults()
        self.coperniq: dict[str, CoperniqTarget] = {}
        self.quickbooks: QuickBooksTarget | None = None

    def reset(self) -> None:
        """Forgets everything, the subscriptions too: a new world has no receivers."""
        with self._lock:
            self.coperniq.clear()
            self.quickbooks = None
            self._batch.clear()
            queues = list(self._queues.values())
            self._queues.clear()
        for queue in queues:
            queue.clear()
        self.faults.forget()
        self.log.clear()

    @property
    def _switches(self) -> dict[str, Any]:
        return self._environment.switches

    @property
    def pending(self) -> int:
        """Posts that still have a try before them, held ones too, and events not yet gathered into a post."""
        with self._lock:
            queues, gathered = list(self._queues.values()), len(self._batch) + self._leaving
        return gathered + self.faults.held + sum(queue.pending for queue in queues)

    def coperniq_fired(self, api_key: str, trigger_key: str, body: dict[str, Any]) -> None:
        target = self.coperniq.get(api_key)
        if target is None or (target.triggers is not None and trigger_key not in target.triggers):
            return
        raw = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
        for url in target.urls:
            self._send(self._delivery("coperniq", url, raw, {"Content-Type": "application/json"}))

    def quickbooks_changed(
        self, realm: str, entity: str, id_: str, operation: str, deleted_id: str = ""
    ) -> None:
        """`operation` as the legacy form spells it: Create, Update, Delete, Merge, Void, Emailed."""
        if (
            self.quickbooks is None
            or not intuit_events.is_sent(entity, operation)
            or not self._may_send(realm)
        ):
            return
        event = Event(
            realm, entity, str(id_), operation, self._environment.clock.at("quickbooks"), deleted_id
        )
        with self._lock:
            self._batch.append(event)
            if self._gathering is None:
                self._gathering = threading.Timer(
                    float(self._switches["webhook_batch_seconds"]), self._post_batch
                )
                self._gathering.daemon = True
                self._gathering.start()

    def _may_send(self, realm: str) -> bool:
        return not self._switches["webhook_connected_only"] or self._is_connected(realm)

    def _post_batch(self) -> None:
        """The events count as pending until they are in a queue."""
        with self._lock:
            events, self._batch, self._gathering = self._batch, [], None
            self._leaving += len(events)
            target = self.quickbooks
        if target is not None:
            self._post_all(target, self.faults.apply_to_events("quickbooks", events))
        with self._lock:
            self._leaving -= len(events)

    def send_events(self, events: list[Event], signature: str = "valid") -> bool:
        """Sends any events at once: also unknown entities and operations, and companies that are not connected."""
        target = self.quickbooks
        if target is None:
            return False
        token = {"wrong": "another token", "absent": ""}.get(signature, target.verifier_token)
        self._post_all(
            replace(target, verifier_token=token), self.faults.apply_to_events("quickbooks", events)
        )
        return True

    def _post_all(self, target: QuickBooksTarget, events: list[Event]) -> None:
        for start in range(0, len(events), intuit_events.MAX_EVENTS):
            self._post_events(target, events[start : start + intuit_events.MAX_EVENTS])

    def _post_events(self, target: QuickBooksTarget, events: list[Event]) -> None:
        switches = self._switches
        raw = intuit_events.body(events, target.form, switches)
        cloud = target.form == "cloudevents"
        headers = {
            "Content-Type": switches["webhook_content_type"] if cloud else "application/json",
        }
        if target.verifier_token:
            headers["intuit-signature"] = intuit_events.signature(target.verifier_token, raw)
        self._send(self._delivery("quickbooks", target.url, raw, headers))

    def _delivery(self, vendor: str, url: str, raw: bytes, headers: dict[str, str]) -> Delivery:
        switches = self._switches
        timeout = float(switches[f"{vendor}_webhook_timeout_seconds"])
        retries = [float(one) for one in switches["webhook_retry_seconds"]]
        return Delivery(vendor, url, raw, headers, timeout, retries, due=time.monotonic())

    def _send(self, delivery: Delivery) -> None:
        leaving, fault = self.faults.apply(delivery)
        if fault == "lost":
            delivery.attempt = 0
            self._report(delivery, 0, "lost")
        self._put(leaving)

    def _put(self, deliveries: list[Delivery]) -> None:
        for delivery in deliveries:
            with self._lock:
                queue = self._queues.setdefault(delivery.url, DeliveryQueue(self._report))
            queue.put(delivery)

    def flush(self) -> int:
        """Sends what a `reverse` holds, the last first."""
        released = self.faults.flush()
        now = time.monotonic()
        for delivery in released:
            delivery.due = now
        self._put(released)
        return len(released)

    def _report(self, delivery: Delivery, status: int, error: str) -> None:
        self.log.add(self._environment.clock.now(), delivery, json.loads(delivery.raw), status, error)
