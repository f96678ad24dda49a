"""The control API: what a test or a demo does to both vendors from outside. JSON in and out, no authentication."""

from __future__ import annotations

from datetime import timedelta

from flask import Blueprint, Response, jsonify

from simulator.clock import VENDORS
from simulator.control_base import Answer, control_blueprint, read_body, refused
from simulator.coperniq.rendering import full_company_json
from simulator.quickbooks.rendering import render_full
from simulator.quickbooks.responses import json_response
from simulator.seed import SEEDS, plant
from simulator.switches import SWITCHES
from simulator.world import World


def build_blueprint(world: World) -> Blueprint:
    blueprint = control_blueprint("control", __name__)
    _state(blueprint, world)
    _log(blueprint, world)
    _faults(blueprint, world)
    _switches(blueprint, world)
    _clock(blueprint, world)
    return blueprint


def _state(blueprint: Blueprint, world: World) -> None:
    @blueprint.get("/state")
    def state() -> Response:
        """Every record of either vendor, archived ones included."""
        with world.lock:
            quickbooks = {
                realm: {
                    kind: [render_full(company, one) for one in rows.values()]
                    for kind, rows in company.records.items()
                }
                for realm, company in world.quickbooks.companies.items()
            }
            coperniq = {one.first_token: full_company_json(one) for one in world.coperniq.companies}
            return json_response({"quickbooks": quickbooks, "coperniq": coperniq})

    @blueprint.post("/reset")
    def reset() -> Answer:
        name = str(read_body().get("seed", "empty"))
        if name not in SEEDS:
            return refused(f"no seed {name!r}")
        world.reset()
        plant(world, name)
        return jsonify({"seed": name})


def _log(blueprint: Blueprint, world: World) -> None:
    @blueprint.get("/log")
    def read_log() -> Response:
        return jsonify(world.access.as_list())

    @blueprint.delete("/log")
    def empty_log() -> Response:
        world.access.clear()
        return jsonify({})


def _faults(blueprint: Blueprint, world: World) -> None:
    @blueprint.post("/faults")
    def add_fault() -> Response:
        return jsonify({"id": world.faults.add(read_body()).id})

    @blueprint.get("/faults")
    def list_faults() -> Response:
        return jsonify(world.faults.as_list())

    @blueprint.delete("/faults")
    def remove_faults() -> Response:
        world.faults.clear()
        return jsonify({})

    @blueprint.get("/faults/held")
    def read_held() -> Response:
        return jsonify({"held": world.faults.held})

    @blueprint.post("/faults/release")
    def release_held() -> Response:
        """The requests that are held go on; faults that wait for others stay."""
        world.faults.release()
        return jsonify({})


def _switches(blueprint: Blueprint, world: World) -> None:
    @blueprint.get("/switches")
    def read_switches() -> Response:
        return jsonify(world.switches)

    @blueprint.get("/switches/explained")
    def explain_switches() -> Response:
        return jsonify({name: {"default": default, "why": why} for name, (default, why) in SWITCHES.items()})

    @blueprint.post("/switches")
    def set_switches() -> Answer:
        wanted = read_body()
        unknown = sorted(set(wanted) - set(world.switches))
        if unknown:
            return refused(f"no switches {unknown}")
        with world.lock:
            world.switches.update(wanted)
        return jsonify(world.switches)


def _clock(blueprint: Blueprint, world: World) -> None:
    @blueprint.get("/clock")
    def read_clock() -> Response:
        clock = world.clock
        shown = {"now": clock.now().isoformat(), "offset_seconds": clock.offset_seconds}
        return jsonify({**shown, "stopped": clock.stopped})

    @blueprint.post("/clock")
    def set_clock() -> Response:
        """`stopped`: it stands at the beginning of the second, or goes on from where it stands."""
        wanted = read_body()
        if "stopped" in wanted:
            (world.clock.stop if wanted["stopped"] else world.clock.go_on)()
        world.clock.shift(timedelta(seconds=float(wanted.get("shift_seconds", 0))))
        return read_clock()

    @blueprint.get("/clocks")
    def read_clocks() -> Response:
        return jsonify(world.clock.beside_seconds())

    @blueprint.put("/clocks")
    def set_clocks() -> Answer:
        """How far each vendor runs ahead, or below zero behind; one that is not named stays as it is."""
        wanted = read_body()
        unknown = sorted(set(wanted) - set(world.clock.beside_seconds()))
        if unknown:
            return refused(f"no clocks {unknown}")
        with world.lock:
            for vendor in VENDORS:
                if (name := f"{vendor}_seconds") in wanted:
                    world.clock.set_beside(vendor, timedelta(seconds=float(wanted[name])))
        return read_clocks()
