from __future__ import annotations

from collections.abc import Mapping

from accounts.models import Company
from integrations.management.json_command import CompanyCommand, Options
from integrations.status import status_of


class Command(CompanyCommand):
    help = "Prints how a company's integration is doing."

    def answer_for(self, company: Company, _options: Options) -> Mapping[str, object]:
        return status_of(company)
