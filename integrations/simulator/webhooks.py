from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint

if TYPE_CHECKING:
    from integrations.simulator.world import World


class Webhooks:
    def __init__(self, world: World) -> None:
        self._world = world

    def quickbooks_changed(self, realm: str, entity: str, id_: str, operation: str) -> None:
        """Tells whoever subscribed; nobody yet."""

    def reset(self) -> None:
        """Forgets what waits."""


def build_blueprint(world: World) -> Blueprint:
    return Blueprint("webhooks", __name__)
