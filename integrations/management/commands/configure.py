from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from django.core.exceptions import ValidationError

from accounts.models import Company
from integrations.forms import configuration_of, configure
from integrations.management.json_command import CompanyCommand, Options

if TYPE_CHECKING:
    from django.core.management.base import CommandParser


class Command(CompanyCommand):
    help = "Changes settings of a company, all of them or none, and prints what then holds."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("pairs", nargs="*", metavar="key=value")

    def answer_for(self, company: Company, options: Options) -> Mapping[str, object]:
        if options["pairs"]:
            configure(company, None, dict(map(pair, options["pairs"])))
        return configuration_of(company)


def pair(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not equals:
        raise ValidationError({text: "Write it as key=value."})
    return key, value
