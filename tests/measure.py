"""Figures of the code: what one step runs through, names, untyped dictionaries, lines.

Run it with `.venv/bin/python -m tests.measure`. A step is one pass of the worker over what is due, with the simulator in
the same process; counted are files and functions of the product that were called, SQL statements and vendor calls.

Before the packages were laid out anew (commit 0011467): 72 files and 425 functions for a new invoice, 66 and 374 for a
memo, 78 and 431 for a payment; 240 of 812 names of integrations/sync in several modules; 166 lines with untyped
dictionaries; 25.0, 14.1 and 44.2 thousand lines of product, simulator and tests.
"""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import CodeType, FrameType
from unittest import mock

import django

ROOT = Path(__file__).resolve().parent.parent
PRODUCT = tuple(f"{ROOT / name}{os.sep}" for name in ("integrations", "accounts"))
INTERFACE = {"plan", "apply", "detect", "on_response", "find_lost_write", "read"}
"""Names that every record package has, because the engine calls them."""
UNTYPED = re.compile(r"^.*\b(?:dict|Mapping)\[str, Any\]", re.MULTILINE)
PARTS = {"product": ("integrations", "accounts", "config"), "simulator": ("simulator",), "tests": ("tests",)}


def tracked(*folders: str) -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", *folders], cwd=ROOT, capture_output=True, text=True, check=True
    )
    paths = [ROOT / name for name in listed.stdout.splitlines() if name.endswith(".py")]
    return [path for path in paths if path.is_file() and "migrations" not in path.parts]


def called(step: Callable[[], object]) -> set[tuple[str, str]]:
    """File and name of the product's functions that `step` calls; all lambdas of a file share one name."""
    found: set[CodeType] = set()

    def note(frame: FrameType, event: str, _: object) -> None:
        if event == "call":
            found.add(frame.f_code)

    sys.setprofile(note)
    try:
        step()
    finally:
        sys.setprofile(None)
    return {(code.co_filename, code.co_name) for code in found if code.co_filename.startswith(PRODUCT)}


def measure_steps() -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext, override_settings, setup_test_environment

    from integrations.connections import rate_limiter
    from tests.conftest import OpenGate
    from tests.invoice_harness import open_invoice_harness
    from tests.portal_harness import open_portal
    from tests.sync.in_process import InProcess

    setup_test_environment()
    connection.creation.create_test_db(verbosity=0)
    simulator = InProcess()
    simulator.reset()
    open_gate = mock.patch.object(rate_limiter, "rate_limiter_for", return_value=OpenGate())
    with override_settings(**simulator.settings()), simulator.connected(), open_gate:
        portal = open_invoice_harness(open_portal(simulator))
        portal.book_item("Permit")
        invoice = portal.invoice(("Permit", 1, 100))

        def measure(name: str) -> None:
            simulator.forget_log()
            with CaptureQueriesContext(connection) as queries:
                functions = called(portal.work)
            files = {file for file, _ in functions}
            sync = sum(f"{os.sep}sync{os.sep}" in file for file in files)
            print(
                f"{name:16} {len(files):3} files ({sync} of sync), {len(functions):3} functions, "
                f"{len(queries):3} SQL statements, {len(simulator.log())} vendor calls"
            )

        measure("new invoice")
        portal.edit(invoice, description="Another memo")
        measure("memo edited")
        portal.pay(invoice, 40)
        measure("payment")
    connection.creation.destroy_test_db(":memory:", verbosity=0)


def measure_names() -> None:
    names: list[str] = []
    for path in tracked("integrations/sync"):
        body = ast.parse(path.read_text()).body
        names += [node.name for node in body if isinstance(node, ast.FunctionDef | ast.ClassDef)]
    own = [name for name in names if name not in INTERFACE]
    for what, chosen in (("public", [name for name in own if name[0] != "_"]), ("all", own)):
        modules = Counter(chosen)
        twice = {name: count for name, count in modules.items() if count > 1}
        shown = " ".join(sorted(twice, key=lambda name: (-twice[name], name))[:12])
        print(f"{what:16} {sum(twice.values()):3} of {len(chosen)} names are another module's too: {shown}")


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    os.environ["DATABASE_URL"] = "sqlite://:memory:"
    django.setup()
    measure_steps()
    measure_names()
    untyped = sum(len(UNTYPED.findall(path.read_text())) for path in tracked("integrations/sync"))
    print(f"{'untyped in sync':16} {untyped:3} lines with dict[str, Any] or Mapping[str, Any]")
    for part, folders in PARTS.items():
        print(f"{part:16} {sum(len(path.read_text().splitlines()) for path in tracked(*folders)):,} lines")
