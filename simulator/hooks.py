"""What happens around every vendor request: the fault that waits, the headers, the entry in the log."""

from __future__ import annotations

import socket
import time
from datetime import timedelta

from flask import Flask, Response, g, request
from werkzeug.http import http_date

from simulator import access_log
from simulator.faults import AFTER, LATE_ERRORS, ONLY_DELAYED, Fault
from simulator.quickbooks.entities import entity_of_path
from simulator.world import World

_STATUS_SENT = {"late_error_500": 500, "late_error_502": 502}


class Severed(ConnectionResetError):
    """The connection is gone without an answer; in-process clients see this exception instead of a dead socket."""


def install(app: Flask, world: World) -> None:
    @app.before_request
    def apply_fault() -> Response | None:
        g.vendor = access_log.vendor_of(request.path)
        g.realm, g.segment = access_log.realm_and_entity(request.path)
        world.gateway.arrive(g.realm)
        g.fault = world.faults.apply(g.vendor, request.method, request.path) if g.vendor else None
        return _before(world, g.fault) if g.fault else None

    @app.after_request
    def finish(answer: Response) -> Response:
        if not g.get("vendor"):
            return answer
        _wait_latency(world)
        _stamp(world, answer)
        _log(world, answer)
        if g.fault is not None and g.fault.fault in AFTER:
            return _after(world, g.fault, answer)
        return answer

    @app.teardown_request
    def leave(error: BaseException | None) -> None:
        if "realm" in g:
            world.gateway.leave(g.realm)


def _wait_latency(world: World) -> None:
    """The work is done and the world's lock is free: many requests wait here at once."""
    seconds = float(world.switches["latency_ms"]) / 1000
    if seconds > 0:
        time.sleep(seconds)


def _before(world: World, fault: Fault) -> Response | None:
    if fault.fault in AFTER:
        return None
    if fault.fault == "slow":
        world.faults.pause(fault.seconds)
        return None
    if fault.fault == "meanwhile_before":
        world.faults.act(fault)
        return None
    if fault.fault == "refuse_connection_before":
        _log(world, None)
        _sever()
    return world.faults.body(g.vendor, fault.fault)


def _after(world: World, fault: Fault, answer: Response) -> Response:
    if fault.fault in LATE_ERRORS:
        failed = world.faults.body(g.vendor, LATE_ERRORS[fault.fault])
        _stamp(world, failed)
        return failed
    if fault.fault in {"hang", "slow_answer"}:
        world.faults.pause(fault.seconds)
        return answer
    if fault.fault == "meanwhile_after":
        world.faults.act(fault)
        return answer
    _sever()
    return answer


def _sever() -> None:
    connection = request.environ.get("werkzeug.socket")
    if connection is not None:
        connection.shutdown(socket.SHUT_RDWR)
    raise Severed("closed by a simulated fault")


def _stamp(world: World, answer: Response) -> None:
    skew = timedelta(seconds=float(world.switches["date_header_offset_seconds"]))
    vendor_time = world.clock.at("coperniq" if g.vendor == "coperniq" else "quickbooks")
    answer.headers["Date"] = http_date(vendor_time + skew)
    if g.vendor == "quickbooks":
        answer.headers["Intuit-Tid"] = world.gateway.next_tid()
    elif g.vendor == "intuit":
        answer.headers["intuit_tid"] = world.gateway.next_tid()


def _log(world: World, answer: Response | None) -> None:
    """`status` is what the client hears, 0 where it gets no answer: it cannot know what happened, we can."""
    struck = g.fault.fault if g.fault is not None else ""
    unanswered = answer is None or struck in AFTER - LATE_ERRORS.keys() - ONLY_DELAYED
    write = access_log.is_write(request.method, request.path)
    status = answer.status_code if answer is not None else 0
    applied = g.get("applied", write and status in range(200, 300) and not g.get("replayed"))
    world.access.add(
        world.clock.now(),
        vendor=g.vendor,
        method=request.method,
        path=request.path,
        query=access_log.readable_query(request.query_string.decode("latin-1")),
        realm=g.realm,
        entity=g.get("entity") or (entity_of_path(g.segment) if g.vendor == "quickbooks" else g.segment),
        status=0 if unanswered else _STATUS_SENT.get(struck, status),
        write=write,
        applied=applied,
        replayed=bool(g.get("replayed")),
        request_id=request.args.get("requestid", ""),
        fault=struck,
        record=access_log.record_of(answer.get_json(silent=True)) if applied and answer is not None else "",
    )
