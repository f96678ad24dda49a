from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from accounts.models import Company
from integrations.connections import coperniq_api_key
from integrations.management.json_command import CompanyCommand, Options, secret_from
from integrations.status import webhook_address

if TYPE_CHECKING:
    from django.core.management.base import CommandParser


class Command(CompanyCommand):
    help = "Connects Coperniq by API key, or gives the connection a new key."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--api-key-env", required=True, metavar="VAR")

    def answer_for(self, company: Company, options: Options) -> Mapping[str, object]:
        api_key = secret_from(options["api_key_env"], "api_key_env")
        connection = coperniq_api_key.connect_coperniq(company, None, api_key)
        return {
            "state": connection.state,
            "guarded": connection.awaits_decision,
            "webhook_address": webhook_address(connection),
            "workflows": connection.workflows,
        }
