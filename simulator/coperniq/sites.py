"""Sites: the structured addresses of an account. They have no updated_after and no archive."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from simulator.coperniq import addresses, fields, linking, listing, rendering
from simulator.coperniq.errors import invalid
from simulator.coperniq.records import Site

if TYPE_CHECKING:
    from simulator.coperniq.call import Answer, Call
    from simulator.coperniq.company import Company
    from simulator.coperniq.records import User

UPDATE: fields.Schema = {
    "title": ("title", fields.nullable(fields.text)),
    "fullAddress": ("full_address", fields.filled),
    "street": ("street", fields.nullable(fields.text)),
    "city": ("city", fields.nullable(fields.text)),
    "state": ("state", fields.nullable(fields.text)),
    "zipcode": ("zipcode", fields.nullable(fields.text)),
    "geoLocation": ("geo_location", fields.filled),
    "timezone": ("timezone", fields.nullable(fields.text)),
}
CREATE: fields.Schema = {"accountId": ("account_id", fields.identifier), **UPDATE}


def read(company: Company, body: dict[str, Any]) -> dict[str, Any]:
    values = fields.read(CREATE, _renamed(company, body), ("accountId",), company.switches["unknown_fields"])
    linking.existing([values["account_id"]], company.accounts, "accountId")
    if "full_address" not in values and "geo_location" not in values:
        raise invalid("fullAddress", "fullAddress or geoLocation is required")
    return values


def _renamed(company: Company, body: dict[str, Any]) -> dict[str, Any]:
    if not company.switches["legacy_shape"]:
        return body
    return {"accountId" if name == "clientId" else name: value for name, value in body.items()}


def add(company: Company, user: User | None, values: dict[str, Any]) -> Site:
    """The geocoder fills the parts that the request leaves open."""
    site = Site(**company.stamp("site", user), **(addresses.split(values.get("full_address", "")) | values))
    company.sites[site.id] = site
    _touch_account(company, user, site)
    return site


def change(company: Company, user: User | None, site: Site, values: dict[str, Any]) -> None:
    if "full_address" in values:
        values = addresses.split(values["full_address"]) | values
    for name, value in values.items():
        setattr(site, name, value)
    company.touch(site, user)
    _touch_account(company, user, site)


def _touch_account(company: Company, user: User | None, site: Site) -> None:
    if company.switches["children_touch_account"]:
        company.touch(company.accounts[site.account_id], user)


def find(company: Company, id: int) -> Site:
    if id not in company.sites:
        raise company.absent("sites", id)
    return company.sites[id]


def list_(call: Call) -> Answer:
    """Takes no order_by, so the order is that of the ids."""
    found = sorted(call.company.sites.values(), key=lambda one: one.id)
    if "accountId" in call.query:
        account = fields.identifier(call.query["accountId"], "accountId")
        found = [one for one in found if one.account_id == account]
    for name in ("state", "city", "zipcode"):
        if name in call.query:
            found = [one for one in found if getattr(one, name) == call.query[name]]
    return 200, [rendering.site(call.company, one) for one in listing.page(call, found)]


def get(call: Call) -> Answer:
    return 200, rendering.site(call.company, find(call.company, call.id))


def create(call: Call) -> Answer:
    """200 with the site that is there already, 201 with a new one."""
    values = read(call.company, call.body())
    for one in call.company.sites.values():
        same = one.full_address is not None and one.full_address == values.get("full_address")
        if one.account_id == values["account_id"] and same:
            return 200, rendering.site(call.company, one)
    return 201, rendering.site(call.company, add(call.company, call.user, values))


def update(call: Call) -> Answer:
    site = find(call.company, call.id)
    change(
        call.company, call.user, site, fields.read(UPDATE, call.body(), (), call.switches["unknown_fields"])
    )
    return 200, rendering.site(call.company, site)


def move(call: Call) -> Answer:
    """The moved site is another site: it gets a new id, and the old one is gone."""
    old = find(call.company, call.id)
    body = {"accountId": old.account_id, **call.body()}
    if "fullAddress" not in body and "geoLocation" not in body:
        body |= {"fullAddress": old.full_address} if old.full_address else {"geoLocation": old.geo_location}
    made = add(call.company, call.user, read(call.company, body))
    del call.company.sites[old.id]
    return 200, rendering.site(call.company, made)


def delete(call: Call) -> Answer:
    site = find(call.company, call.id)
    shown = rendering.site(call.company, site)
    del call.company.sites[site.id]
    return 200, shown if call.switches["delete_body"] == "record" else None


ROUTES = [
    ("GET", "sites", list_),
    ("POST", "sites", create),
    ("GET", "sites/<id>", get),
    ("PATCH", "sites/<id>", update),
    ("DELETE", "sites/<id>", delete),
    ("POST", "sites/<id>/move", move),
]
