"""The page on which a person lets an application into one of their QuickBooks companies."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from flask import Response, redirect, render_template, request

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flask import Blueprint
    from werkzeug.wrappers import Response as Answer

    from simulator.intuit.state import App
    from simulator.world import World

SCOPES = {
    "com.intuit.quickbooks.accounting",
    "com.intuit.quickbooks.payment",
    "openid",
    "profile",
    "email",
    "phone",
    "address",
}


@dataclass(frozen=True)
class Asked:
    """What the application asks for; every field travels through the form unchanged."""

    client_id: str
    response_type: str
    scope: str
    redirect_uri: str
    state: str

    @classmethod
    def read(cls, given: Mapping[str, str]) -> Asked:
        return cls(**{name: given.get(name, "") for name in cls.__dataclass_fields__})


def consent_routes(pages: Blueprint, world: World) -> None:
    @pages.get("/connect/oauth2")
    def ask() -> Answer:
        asked = Asked.read(request.args)
        return _turned_down(world, asked) or _form(world, asked)

    @pages.post("/connect/oauth2/decide")
    def decide() -> Answer:
        asked = Asked.read(request.form)
        return _turned_down(world, asked) or _decided(world, asked)


def _turned_down(world: World, asked: Asked) -> Answer | None:
    """Nothing is sent to a redirect_uri that does not belong to the application."""
    app = world.intuit.apps.get(asked.client_id)
    if app is None:
        return _page_error("The app that sent you here is not known to Intuit (client_id).")
    if not world.intuit.accepts_redirect(app, asked.redirect_uri):
        return _page_error("The redirect_uri query parameter value is invalid.")
    if not asked.state:
        return _page_error("The state query parameter is missing.")
    if asked.response_type != "code":
        return _back(asked, error="invalid_request")
    if not asked.scope.split() or not set(asked.scope.split()) <= SCOPES:
        return _back(asked, error="invalid_scope")
    return None


def _form(world: World, asked: Asked, complaint: str = "", status: int = 200) -> Answer:
    app: App = world.intuit.apps[asked.client_id]
    with world.lock:
        companies = [(one.realm_id, one.name) for one in world.quickbooks.companies.values()]
    shown = render_template(
        "consent.html", app=app, asked=asdict(asked), companies=companies, complaint=complaint
    )
    return Response(shown, status=status)


def _decided(world: World, asked: Asked) -> Answer:
    if request.form.get("decision") != "authorize":
        return _back(asked, error="access_denied")
    realm = request.form.get("realm_id", "")
    with world.lock:
        if realm not in world.quickbooks.companies:
            return _form(world, asked, "Choose the company to connect.", 400)
        code = world.intuit.issue_code(asked.client_id, realm, asked.scope, asked.redirect_uri)
    return _back(asked, code=code, realmId=realm)


def _back(asked: Asked, **found: str) -> Answer:
    joint = "&" if "?" in asked.redirect_uri else "?"
    return redirect(f"{asked.redirect_uri}{joint}{urlencode({**found, 'state': asked.state})}", 302)


def _page_error(why: str) -> Answer:
    return Response(render_template("consent_error.html", why=why), status=400)
