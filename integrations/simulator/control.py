"""The control room: what a test or a demo does to the world from outside. JSON in and out, no authentication."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, jsonify, request

from integrations.simulator.faults import FaultRefused
from integrations.simulator.quickbooks.answers import json_response
from integrations.simulator.seed import SEEDS, plant
from integrations.simulator.switches import SWITCHES

if TYPE_CHECKING:
    from integrations.simulator.world import World

Answer = Response | tuple[Response, int]


def body() -> dict[str, Any]:
    found = request.get_json(silent=True)
    return found if isinstance(found, dict) else {}


def refused(why: str) -> Answer:
    return jsonify({"error": why}), 400


def build_blueprint(world: World) -> Blueprint:
    room = Blueprint("control", __name__)
    _state(room, world)
    _log(room, world)
    _faults(room, world)
    _switches(room, world)
    _clock(room, world)
    return room


def _state(room: Blueprint, world: World) -> None:
    @room.get("/state")
    def state() -> Response:
        return json_response(world.as_dict())

    @room.post("/reset")
    def reset() -> Answer:
        name = str(body().get("seed", "empty"))
        if name not in SEEDS:
            return refused(f"no seed {name!r}")
        world.reset()
        plant(world, name)
        return jsonify({"seed": name})


def _log(room: Blueprint, world: World) -> None:
    @room.get("/log")
    def read_log() -> Response:
        return jsonify(world.access.as_list())

    @room.delete("/log")
    def empty_log() -> Response:
        world.access.clear()
        return jsonify({})


def _faults(room: Blueprint, world: World) -> None:
    @room.post("/faults")
    def add_fault() -> Answer:
        try:
            return jsonify({"id": world.faults.add(body()).id})
        except FaultRefused as reason:
            return refused(str(reason))

    @room.get("/faults")
    def list_faults() -> Response:
        return jsonify(world.faults.as_list())

    @room.delete("/faults")
    def remove_faults() -> Response:
        world.faults.clear()
        return jsonify({})


def _switches(room: Blueprint, world: World) -> None:
    @room.get("/switches")
    def read_switches() -> Response:
        return jsonify(world.switches)

    @room.get("/switches/explained")
    def explain_switches() -> Response:
        return jsonify({name: {"default": default, "why": why} for name, (default, why) in SWITCHES.items()})

    @room.post("/switches")
    def set_switches() -> Answer:
        wanted = body()
        unknown = sorted(set(wanted) - set(world.switches))
        if unknown:
            return refused(f"no switches {unknown}")
        with world.lock:
            world.switches.update(wanted)
        return jsonify(world.switches)


def _clock(room: Blueprint, world: World) -> None:
    @room.get("/clock")
    def read_clock() -> Response:
        return jsonify({"now": world.clock.now().isoformat(), "offset_seconds": world.clock.offset_seconds})

    @room.post("/clock")
    def shift_clock() -> Response:
        world.clock.shift(timedelta(seconds=float(body().get("shift_seconds", 0))))
        return read_clock()
