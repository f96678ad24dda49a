"""The Flask application: the vendors' URLs, the control API and the board."""

from __future__ import annotations

from flask import Flask

from simulator import control, hooks
from simulator.board import views as board
from simulator.coperniq import control as coperniq_control
from simulator.coperniq import views as coperniq
from simulator.intuit import control as intuit_control
from simulator.intuit import views as intuit
from simulator.quickbooks import control as quickbooks_control
from simulator.quickbooks import views as quickbooks
from simulator.seed import plant
from simulator.webhooks import control as webhooks_control
from simulator.world import World

MAX_BODY = 12 * 1024 * 1024


def build_app(seed: str = "empty", portal_url: str = "") -> Flask:
    """`app.extensions["world"]` is the world, for tests that look inside."""
    world = World(portal_url)
    app = Flask("simulator", template_folder=None, static_folder=None)
    app.config.update(PROPAGATE_EXCEPTIONS=True, MAX_CONTENT_LENGTH=MAX_BODY)
    app.extensions["world"] = world
    hooks.install(app, world)
    _register(app, world)
    plant(world, seed)
    return app


def _register(app: Flask, world: World) -> None:
    for prefix, blueprint in {
        "/intuit": intuit.build_blueprint(world),
        "/quickbooks": quickbooks.build_blueprint(world),
        "/coperniq/v1": coperniq.build_blueprint(world),
        "/_control": control.build_blueprint(world),
        "/_control/intuit": intuit_control.build_blueprint(world),
        "/_control/quickbooks": quickbooks_control.build_blueprint(world),
        "/_control/coperniq": coperniq_control.build_blueprint(world),
        "/_control/webhooks": webhooks_control.build_blueprint(world),
        "/": board.build_blueprint(world),
    }.items():
        app.register_blueprint(blueprint, url_prefix=prefix)
