"""All of simulated Coperniq: the companies, found by any of their keys."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from simulator.coperniq.company import Company, Ids

if TYPE_CHECKING:
    from simulator.coperniq.records import Key, User
    from simulator.environment import Environment
    from simulator.webhooks.sender import Webhooks


class Coperniq:
    def __init__(self, environment: Environment, webhooks: Webhooks) -> None:
        self._environment, self._webhooks = environment, webhooks
        self._ids = Ids()
        self.companies: list[Company] = []

    def add_company(
        self, name: str, api_key: str, email: str = "", password: str = "demo-password"
    ) -> Company:
        id_ = self._ids.next("company")
        company = Company(self._environment, self._webhooks, self.companies, self._ids, id_, name)
        owner = company.add_user(email or f"owner{id_}@coperniq.example", password, "Dana", "Whitfield")
        company.add_key(api_key, owner, name="first key")
        self.companies.append(company)
        return company

    def find(self, token: str) -> tuple[Company, Key] | None:
        for company in self.companies:
            for key in company.keys:
                if secrets.compare_digest(key.token.encode(), token.encode()):
                    return company, key
        return None

    def log_in(self, email: str, password: str) -> tuple[Company, User] | None:
        for company in self.companies:
            for user in company.users:
                if (user.email, user.password) == (email, password):
                    return company, user
        return None
