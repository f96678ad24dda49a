"""What a person does at Intuit: registers an app in the developer portal, disconnects it inside QuickBooks."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify

from simulator.control_base import control_blueprint, read_body
from simulator.intuit.grants import App
from simulator.world import World


def build_blueprint(world: World) -> Blueprint:
    blueprint = control_blueprint("intuit_control", __name__)

    @blueprint.post("/apps")
    def register() -> Response:
        wanted = read_body()
        app = App(
            str(wanted["client_id"]),
            str(wanted["client_secret"]),
            str(wanted.get("name", wanted["client_id"])),
            [str(uri) for uri in wanted.get("redirect_uris", [])],
        )
        with world.lock:
            world.intuit.register(app)
        return jsonify({"client_id": app.client_id})

    @blueprint.post("/disconnect")
    def disconnect() -> Response:
        wanted = read_body()
        with world.lock:
            count = world.intuit.disconnect(str(wanted.get("realm_id", "")), str(wanted.get("client_id", "")))
        return jsonify({"disconnected": count})

    @blueprint.post("/connections")
    def connect() -> Response:
        """A connection made earlier, with the tokens it had: what a stored database of the portal still holds."""
        wanted = read_body()
        named = [str(wanted[name]) for name in ("client_id", "realm_id", "access_token", "refresh_token")]
        with world.lock:
            world.intuit.restore(*named)
        return jsonify({"realm_id": named[1]})

    @blueprint.get("/connections")
    def connections() -> Response:
        with world.lock:
            shown = [
                {"client_id": g.client_id, "realm_id": g.realm, "alive": not g.revoked}
                for g in world.intuit.grants
            ]
        return jsonify(shown)

    return blueprint
