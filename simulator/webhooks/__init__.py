"""Both vendors' webhook senders: what they post, to whom, and what goes wrong on the way."""

from simulator.webhooks.control import build_blueprint
from simulator.webhooks.sender import Webhooks

__all__ = ["Webhooks", "build_blueprint"]
