from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from accounts.audit import add_member
from accounts.models import Company
from accounts.roles import Role
from integrations.management.json_command import CompanyCommand, Options, secret_from

if TYPE_CHECKING:
    from django.core.management.base import CommandParser


class Command(CompanyCommand):
    help = "Makes a person a member of a company. The password is needed for, and given to, new people only."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--email", required=True)
        parser.add_argument("--role", required=True, help=", ".join(Role.values))
        parser.add_argument("--password-env", metavar="VAR")

    def answer_for(self, company: Company, options: Options) -> Mapping[str, object]:
        variable = options["password_env"]
        password = secret_from(variable, "password_env") if variable else ""
        membership = add_member(company, options["email"], options["role"], password)
        return {"company": company.slug, "email": membership.user.email, "role": membership.role}
