from __future__ import annotations

from argparse import RawDescriptionHelpFormatter
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError

from accounts.models import Company
from integrations.forms import configuration_of, configure
from integrations.forms.fields import Choice
from integrations.forms.mapping import MappingForm
from integrations.forms.presets import KEY, PRESETS
from integrations.forms.settings import SettingsForm
from integrations.forms.triggers import TriggerForm
from integrations.management.json_command import CompanyCommand, Options

if TYPE_CHECKING:
    from django.core.management.base import CommandParser


class Command(CompanyCommand):
    help = "Changes settings of a company, all of them or none, and prints what then holds."

    def create_parser(self, prog_name: str, subcommand: str, **options: Any) -> CommandParser:
        options |= {"epilog": "\n".join(described()), "formatter_class": RawDescriptionHelpFormatter}
        return super().create_parser(prog_name, subcommand, **options)

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("pairs", nargs="*", metavar="key=value")

    def answer_for(self, company: Company, options: Options) -> Mapping[str, object]:
        if options["pairs"]:
            configure(company, None, dict(map(pair, options["pairs"])))
        return configuration_of(company)


def described() -> Iterator[str]:
    """Every key with the values it takes, the label and the help of the page."""
    yield f"{KEY}={'|'.join(PRESETS)}  Sets the settings of one way of working together. Keys beside it count."
    for form, row in ((SettingsForm, ""), (TriggerForm, ".<workflow id>"), (MappingForm, ".<field>")):
        for name, key in form.keys.items():
            field = form.base_fields[name]
            values = f"={'|'.join(field.keys())}" if isinstance(field, Choice) else ""
            yield f"{key}{row}{values}  {field.label}. {field.help_text}"


def pair(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not equals:
        raise ValidationError({text: "Write it as key=value."})
    return key, value
