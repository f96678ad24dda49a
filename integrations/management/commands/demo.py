from __future__ import annotations

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from integrations.management.demo_stack import DemoStack


class Command(BaseCommand):
    help = "Runs portal, worker and simulators of both vendors with a demo company, afresh at every start."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--port", type=int, default=8000, help="of the portal")
        parser.add_argument("--simulator-port", type=int, default=8001, help="of both vendors' simulators")

        parser.add_argument(
            "--folder", type=Path, default=settings.VAR / "demo", help="for its database; emptied first"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        with DemoStack(options["folder"], options["port"], options["simulator_port"]) as stack:
            self.stdout.write(stack.start_all())
            self.stdout.flush()
            stack.wait()
