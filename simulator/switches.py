"""Every rule the vendors' documentation leaves open, with the default chosen here and why.

A client that is only right under one setting of a switch is right by luck: run its tests under both.
"""

from __future__ import annotations

from simulator.coperniq.switches import SWITCHES as COPERNIQ
from simulator.quickbooks.switches import CHANGES, MERGES, QUICKBOOKS, SALES
from simulator.quickbooks.switches import Setting as Setting

INTUIT: dict[str, tuple[Setting, str]] = {
    "any_loopback_redirect": (
        True,
        "development keys accept localhost; off asks for an exactly registered redirect_uri",
    ),
    "code_seconds": (600, "codes are short-lived, for how long is not written"),
    "rotate_every_refresh": (False, "the value changes after 24 h; on, every refresh changes it"),
    "refresh_grace": (
        0,
        "seconds the value before the last still works; the pages contradict each other, so dead at once",
    ),
    "reconnect_revokes_earlier": (
        False,
        "whether connecting a company again kills the tokens of before is not written",
    ),
    "refresh_days": (101, "x_refresh_token_expires_in was seen as 8726400 s; the pages say 100 days"),
}

GENERAL: dict[str, tuple[Setting, str]] = {
    "latency_ms": (
        0,
        "how long every answer of a vendor takes, over the work itself; a real one takes hundreds",
    ),
}

SWITCHES: dict[str, tuple[Setting, str]] = {
    **GENERAL,
    **INTUIT,
    **QUICKBOOKS,
    **CHANGES,
    **MERGES,
    **SALES,
    **COPERNIQ,
}


def defaults() -> dict[str, Setting]:
    return {name: default for name, (default, _) in SWITCHES.items()}
