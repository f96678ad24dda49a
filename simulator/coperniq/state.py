"""All of simulated Coperniq: the companies, found by any of their keys."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

from simulator.coperniq import seed
from simulator.coperniq.company import Company, Ids
from simulator.coperniq.faulted import faulted
from simulator.coperniq.whole import whole_company

if TYPE_CHECKING:
    from simulator.coperniq.records import Key, User
    from simulator.world import World


class Coperniq:
    def __init__(self, world: World) -> None:
        self._world = world
        world.faults.bodies["coperniq"] = faulted
        self._ids = Ids()
        self.companies: list[Company] = []

    def add_company(
        self, name: str, api_key: str, email: str = "", password: str = "demo-password"
    ) -> Company:
        company = Company(self._world, self._ids, self._ids.next("company"), name)
        owner = company.add_user(
            email or f"owner{company.id}@coperniq.example", password, "Dana", "Whitfield"
        )
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

    def as_dict(self) -> dict[str, Any]:
        """`{first key of the company: its records}`, archived ones included, titles as stored."""
        return {company.first_token: whole_company(company) for company in self.companies}

    def seed_demo(self) -> None:
        seed.plant(self.add_company(seed.COMPANY, seed.API_KEY, seed.OWNER, seed.PASSWORD))
