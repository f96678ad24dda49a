from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint

if TYPE_CHECKING:
    from integrations.simulator.world import World


def build_blueprint(world: World) -> Blueprint:
    return Blueprint("board", __name__)
