"""A company whole, for assertions: archived records included, titles as stored."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulator.coperniq import phase_rendering, rendering
from simulator.coperniq.billing import rendering as billing

if TYPE_CHECKING:
    from simulator.coperniq.company import Company
    from simulator.coperniq.wire import Json


def whole_company(company: Company) -> Json:
    return {
        "id": company.id,
        "name": company.name,
        "accounts": [rendering.account(company, one, contacts=True) for one in company.accounts.values()],
        "contacts": [rendering.contact(company, one) for one in company.contacts.values()],
        "sites": [rendering.site(company, one) for one in company.sites.values()],
        "projects": [
            rendering.project(company, one, whole=True) | {"storedTitle": one.title}
            for one in company.projects.values()
        ],
        "workflows": [phase_rendering.workflow(company, one) for one in company.workflows.values()],
        "catalogItems": [rendering.catalog_item(company, one) for one in company.catalog.values()],
        **billing.whole(company),
    }
