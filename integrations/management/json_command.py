"""Base of the portal's commands: JSON on stdout; errors as JSON on stderr with exit code 1."""

from __future__ import annotations

import json
import os
import sys
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NoReturn

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.core.serializers.json import DjangoJSONEncoder

from accounts.models import Company
from integrations.errors import PortalError

if TYPE_CHECKING:
    from django.core.management.base import CommandParser


Options = Mapping[str, Any]


class JsonCommand(BaseCommand):
    """A subclass returns what is printed, or raises ValidationError or PortalError."""

    by_shell = False

    def run_from_argv(self, argv: list[str]) -> None:
        self.by_shell = True
        super().run_from_argv(argv)

    def handle(self, *_args: str, **options: Any) -> None:
        try:
            answer = self.answer(options)
        except ValidationError as error:
            by_field = hasattr(error, "error_dict")
            self.refuse(error.message_dict if by_field else {NON_FIELD_ERRORS: error.messages})
        except PortalError as error:
            self.refuse({NON_FIELD_ERRORS: [error.sentence]})
        self.show(answer)

    @abstractmethod
    def answer(self, options: Options) -> Mapping[str, object]: ...

    def show(self, answer: Mapping[str, object]) -> None:
        self.stdout.write(json.dumps(answer, cls=DjangoJSONEncoder, indent=2, ensure_ascii=False))

    def refuse(self, errors: Mapping[str, Sequence[str]]) -> NoReturn:
        errors_json = json.dumps({"errors": errors}, ensure_ascii=False)
        if self.by_shell:
            # Django would print "CommandError:" before it, which no JSON reader understands.
            self.stderr.write(errors_json)
            sys.exit(1)
        raise CommandError(errors_json)


class CompanyCommand(JsonCommand):
    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--company", required=True, metavar="SLUG")

    def answer(self, options: Options) -> Mapping[str, object]:
        company = Company.objects.filter(slug=options["company"]).first()
        if company is None:
            raise ValidationError({"company": f"There is no company “{options['company']}”."})
        return self.answer_for(company, options)

    @abstractmethod
    def answer_for(self, company: Company, options: Options) -> Mapping[str, object]: ...


def secret_from(variable: str, field: str) -> str:
    """Read a secret from the environment, since every user of the machine can read arguments."""
    secret = os.environ.get(variable, "")
    if not secret:
        raise ValidationError({field: f"The environment variable {variable} is not set."})
    return secret
