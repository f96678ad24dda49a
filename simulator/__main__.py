"""`python -m simulator --port 9001`: both vendors in one process, for demos and whole-system tests."""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Sequence
from types import FrameType

from simulator.app import build_app
from simulator.serving import listen


def main(arguments: Sequence[str] | None = None) -> None:
    options = _parser().parse_args(arguments)
    app = build_app(seed=options.seed, portal_url=options.portal_url)
    server = listen(app, options.host, options.port)
    signal.signal(signal.SIGTERM, _stop)
    sys.stdout.write(f"listening on http://{options.host}:{server.server_port}\n")
    sys.stdout.flush()
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        return


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="simulator", description="Simulated Coperniq and QuickBooks Online")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=9001, help="0 picks a free port")
    parser.add_argument("--seed", choices=["demo", "empty"], default="empty")
    parser.add_argument("--portal-url", default="", help="shown as a link on the board")
    return parser


def _stop(number: int, frame: FrameType | None) -> None:
    raise SystemExit(0)


if __name__ == "__main__":
    main()
