"""Sites, the structured addresses of an account, without updated_after and archive.

docs/vendors/coperniq-api.md, 3.3.
"""

from __future__ import annotations

from simulator.coperniq import contacts, rendering, validation
from simulator.coperniq.company import Company
from simulator.coperniq.query_parameters import Answer, Call, page
from simulator.coperniq.records import Site, User
from simulator.coperniq.validation import Json, invalid

UPDATE: validation.Schema = {
    "title": ("title", validation.nullable(validation.text)),
    "fullAddress": ("full_address", validation.filled),
    "street": ("street", validation.nullable(validation.text)),
    "city": ("city", validation.nullable(validation.text)),
    "state": ("state", validation.nullable(validation.text)),
    "zipcode": ("zipcode", validation.nullable(validation.text)),
    "geoLocation": ("geo_location", validation.filled),
    "timezone": ("timezone", validation.nullable(validation.text)),
}
CREATE: validation.Schema = {"accountId": ("account_id", validation.identifier), **UPDATE}


def read(company: Company, body: Json) -> Json:
    values = validation.read_fields(
        CREATE, _renamed(company, body), ("accountId",), company.switches["unknown_fields"]
    )
    contacts.require_existing([values["account_id"]], company.accounts, "accountId")
    if "full_address" not in values and "geo_location" not in values:
        raise invalid("fullAddress", "fullAddress or geoLocation is required")
    return values


def _renamed(company: Company, body: Json) -> Json:
    if not company.switches["legacy_shape"]:
        return body
    return {"accountId" if name == "clientId" else name: value for name, value in body.items()}


def add(company: Company, user: User | None, values: Json) -> Site:
    """The geocoder fills the parts that the request leaves open."""
    site = Site(
        **company.stamp("site", user), **(rendering.split_address(values.get("full_address", "")) | values)
    )
    company.sites[site.id] = site
    _touch_account(company, user, site)
    return site


def change(company: Company, user: User | None, site: Site, values: Json) -> None:
    if "full_address" in values:
        values = rendering.split_address(values["full_address"]) | values
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
        account = validation.identifier(call.query["accountId"], "accountId")
        found = [one for one in found if one.account_id == account]
    for name in ("state", "city", "zipcode"):
        if name in call.query:
            found = [one for one in found if getattr(one, name) == call.query[name]]
    return 200, [rendering.site_json(call.company, one) for one in page(call, found)]


def get(call: Call) -> Answer:
    return 200, rendering.site_json(call.company, find(call.company, call.id))


def create(call: Call) -> Answer:
    """200 with the site that is there already, 201 with a new one."""
    values = read(call.company, call.body())
    for one in call.company.sites.values():
        same = one.full_address is not None and one.full_address == values.get("full_address")
        if one.account_id == values["account_id"] and same:
            return 200, rendering.site_json(call.company, one)
    return 201, rendering.site_json(call.company, add(call.company, call.user, values))


def update(call: Call) -> Answer:
    site = find(call.company, call.id)
    change(
        call.company,
        call.user,
        site,
        validation.read_fields(UPDATE, call.body(), (), call.switches["unknown_fields"]),
    )
    return 200, rendering.site_json(call.company, site)


def move(call: Call) -> Answer:
    """The moved site is another site: it gets a new id, and the old one is gone."""
    old = find(call.company, call.id)
    body = {"accountId": old.account_id, **call.body()}
    if "fullAddress" not in body and "geoLocation" not in body:
        body |= {"fullAddress": old.full_address} if old.full_address else {"geoLocation": old.geo_location}
    made = add(call.company, call.user, read(call.company, body))
    del call.company.sites[old.id]
    return 200, rendering.site_json(call.company, made)


def delete(call: Call) -> Answer:
    site = find(call.company, call.id)
    shown = rendering.site_json(call.company, site)
    del call.company.sites[site.id]
    return call.deleted(shown)


ROUTES = [
    ("GET", "sites", list_),
    ("POST", "sites", create),
    ("GET", "sites/<id>", get),
    ("PATCH", "sites/<id>", update),
    ("DELETE", "sites/<id>", delete),
    ("POST", "sites/<id>/move", move),
]
