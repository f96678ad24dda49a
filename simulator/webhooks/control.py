"""`/_control/webhooks`: who is subscribed, which faults are active, what was sent."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, Response, jsonify

from simulator.control_base import Answer, control_blueprint, read_body, refused
from simulator.coperniq.triggers import NAMES
from simulator.webhooks.intuit_events import Event
from simulator.webhooks.sender import CoperniqTarget, QuickBooksTarget
from simulator.world import World


def _urls(wanted: object) -> tuple[str, ...] | None:
    if not isinstance(wanted, list) or not all(isinstance(one, str) for one in wanted):
        return None
    parts = [urlsplit(one) for one in wanted]
    return tuple(wanted) if all(one.scheme in {"http", "https"} and one.netloc for one in parts) else None


def build_blueprint(world: World) -> Blueprint:
    blueprint = control_blueprint("webhooks", __name__)

    @blueprint.put("/coperniq")
    def subscribe_coperniq() -> Answer:
        return _subscribe_coperniq(world, read_body())

    @blueprint.put("/quickbooks")
    def subscribe_quickbooks() -> Answer:
        return _subscribe_quickbooks(world, read_body())

    @blueprint.post("/quickbooks/events")
    def send_events() -> Answer:
        return _send_events(world, read_body())

    _deliveries(blueprint, world)
    _faults(blueprint, world)
    return blueprint


def _send_events(world: World, body: dict[str, Any]) -> Answer:
    """Events that never happened, or happened long ago, in one post as far as they fit."""
    try:
        events = [_event(world, one) for one in body["events"]]
    except (KeyError, TypeError, ValueError) as reason:
        return refused(f"an event needs realm, entity, id and operation: {reason}")
    signature = str(body.get("signature", "valid"))
    if signature not in {"valid", "wrong", "absent"}:
        return refused("signature: valid, wrong or absent")
    if not world.webhooks.send_events(events, signature):
        return refused("nobody subscribed", 404)
    return jsonify({"events": len(events)})


def _event(world: World, given: dict[str, Any]) -> Event:
    at = datetime.fromisoformat(given["at"]) if "at" in given else world.clock.at("quickbooks")
    realm, entity, id_, operation = (str(given[name]) for name in ("realm", "entity", "id", "operation"))
    event = Event(realm, entity, id_, operation, at.astimezone(UTC), str(given.get("deleted_id", "")))
    return replace(event, event_id=str(given["event_id"])) if "event_id" in given else event


def _subscribe_coperniq(world: World, body: dict[str, Any]) -> Answer:
    """An empty list of urls ends the subscription."""
    urls, triggers = _urls(body.get("urls")), body.get("triggers")
    if urls is None or not (triggers is None or isinstance(triggers, list)):
        return refused("urls must be an array of http urls, triggers null or an array")
    unknown = sorted(set(triggers or []) - set(NAMES))
    if unknown:
        return refused(f"no triggers {unknown}")
    with world.lock:
        found = world.coperniq.find(str(body.get("api_key", "")))
        if found is None:
            return refused("no company has that key", 404)
        wanted = None if triggers is None else frozenset(triggers)
        world.webhooks.coperniq[found[0].first_token] = CoperniqTarget(urls, wanted)
    return jsonify({"urls": len(urls)})


def _subscribe_quickbooks(world: World, body: dict[str, Any]) -> Answer:
    """An empty url ends the subscription."""
    url, form = body.get("url"), body.get("form", "cloudevents")
    if url == "":
        world.webhooks.quickbooks = None
        return jsonify({})
    token = body.get("verifier_token")
    if (
        _urls([url]) is None
        or not isinstance(token, str)
        or not token
        or form not in {"cloudevents", "legacy"}
    ):
        return refused("url, verifier_token and form (cloudevents or legacy) are needed")
    world.webhooks.quickbooks = QuickBooksTarget(str(url), token, form)
    return jsonify({"form": form})


def _deliveries(blueprint: Blueprint, world: World) -> None:
    @blueprint.get("")
    def read() -> Response:
        pending = world.webhooks.pending
        return jsonify({"pending": pending, "deliveries": world.webhooks.log.as_list()})

    @blueprint.delete("")
    def empty() -> Response:
        world.webhooks.log.clear()
        return jsonify({})


def _faults(blueprint: Blueprint, world: World) -> None:
    @blueprint.post("/faults")
    def add() -> Response:
        return jsonify({"id": world.webhooks.faults.add(read_body()).id})

    @blueprint.get("/faults")
    def listed() -> Response:
        return jsonify(world.webhooks.faults.as_list())

    @blueprint.delete("/faults")
    def remove() -> Response:
        world.webhooks.faults.clear()
        return jsonify({})

    @blueprint.post("/flush")
    def flush() -> Response:
        return jsonify({"sent": world.webhooks.flush()})
