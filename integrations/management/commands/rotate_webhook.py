from __future__ import annotations

from collections.abc import Mapping

from accounts.models import Company
from integrations.connections.coperniq_api_key import replace_webhook_token
from integrations.management.json_command import CompanyCommand, Options
from integrations.status import webhook_address


class Command(CompanyCommand):
    help = "Makes a new webhook address for Coperniq; the former one works for another hour or until the next one."

    def answer_for(self, company: Company, options: Options) -> Mapping[str, object]:
        connection = replace_webhook_token(company, None)
        return {
            "webhook_address": webhook_address(connection),
            "former_until": connection.former_webhook_token_until,
        }
