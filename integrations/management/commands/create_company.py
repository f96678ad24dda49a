from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from accounts.audit import create_company
from integrations.management.json_command import JsonCommand, Options

if TYPE_CHECKING:
    from django.core.management.base import CommandParser


class Command(JsonCommand):
    help = "Adds a company to this installation."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name")
        parser.add_argument("--slug", required=True)
        parser.add_argument("--time-zone", required=True, help="Such as America/Denver.")

    def answer(self, options: Options) -> Mapping[str, object]:
        company = create_company(options["name"], options["slug"], options["time_zone"])
        return {"name": company.name, "slug": company.slug, "time_zone": company.time_zone}
