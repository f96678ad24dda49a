"""Intuit's OAuth 2.0 endpoints and consent page: docs/vendors/quickbooks-online.md, 1."""

from __future__ import annotations

from base64 import b64decode
from binascii import Error as NotBase64
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from secrets import compare_digest
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Response, jsonify, redirect, render_template, request
from werkzeug.wrappers import Response as Answer

from simulator.intuit.grants import ACCESS_SECONDS, App, Grant, InvalidGrant
from simulator.world import World

SCOPES = {
    *("com.intuit.quickbooks.accounting", "com.intuit.quickbooks.payment"),
    *("openid", "profile", "email", "phone", "address"),
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


HARD_HEADER = "x-include-refresh-token-hard-expires-in"


def build_blueprint(world: World) -> Blueprint:
    pages = Blueprint("intuit", __name__, template_folder="templates")
    consent_routes(pages, world)
    _discovery(pages)

    @pages.post("/oauth2/v1/tokens/bearer")
    def token() -> Response:
        with world.lock:
            return _token(world)

    @pages.post("/v2/oauth2/tokens/revoke")
    def revoke() -> Response:
        with world.lock:
            return _revoke(world)

    return pages


def _discovery(pages: Blueprint) -> None:
    @pages.get("/.well-known/openid_configuration")
    @pages.get("/.well-known/openid_sandbox_configuration")
    def discovery() -> Response:
        base = f"{request.host_url}intuit"
        return jsonify(
            issuer="https://oauth.platform.intuit.com/op/v1",
            authorization_endpoint=f"{base}/connect/oauth2",
            token_endpoint=f"{base}/oauth2/v1/tokens/bearer",
            userinfo_endpoint=f"{base}/v1/openid_connect/userinfo",
            revocation_endpoint=f"{base}/v2/oauth2/tokens/revoke",
            jwks_uri=f"{base}/op/v1/jwks",
            response_types_supported=["code"],
            subject_types_supported=["public"],
            id_token_signing_alg_values_supported=["RS256"],
            scopes_supported=["openid", "email", "profile", "address", "phone"],
            token_endpoint_auth_methods_supported=["client_secret_post", "client_secret_basic"],
            claims_supported=["aud", "exp", "iat", "iss", "realmid", "sub"],
        )


def _token(world: World) -> Response:
    app = _authenticated(world)
    if app is None:
        return _error("invalid_client", 401)
    form = request.form
    if request.mimetype != "application/x-www-form-urlencoded" or any(
        len(form.getlist(name)) > 1 for name in form
    ):
        return _error("invalid_request")
    kind = form.get("grant_type", "")
    needed = {"authorization_code": ("code", "redirect_uri"), "refresh_token": ("refresh_token",)}
    if kind not in needed:
        return _error("unsupported_grant_type" if kind else "invalid_request")
    if not all(form.get(name) for name in needed[kind]):
        return _error("invalid_request")
    try:
        return _tokens(world, _granted(world, app, kind))
    except InvalidGrant as reason:
        return _error("invalid_grant", description=str(reason))


def _granted(world: World, app: App, kind: str) -> Grant:
    if kind == "refresh_token":
        return world.intuit.refresh(app.client_id, request.form["refresh_token"])
    return world.intuit.redeem(app.client_id, request.form["code"], request.form["redirect_uri"])


def _tokens(world: World, grant: Grant) -> Response:
    now = world.clock.now()
    shown: dict[str, Any] = {
        "token_type": "bearer",
        "expires_in": ACCESS_SECONDS,
        "access_token": list(grant.access)[-1],
        "refresh_token": grant.refresh,
        "x_refresh_token_expires_in": round((grant.refresh_until - now).total_seconds()),
    }
    if request.headers.get(HARD_HEADER, "").lower() == "true":
        shown["x_refresh_token_hard_expires_in"] = round((grant.hard_until - now).total_seconds())
    if "openid" in grant.scope.split():
        shown["id_token"] = "eyJ.demo.id-token"
    return _uncached(jsonify(shown))


def _revoke(world: World) -> Response:
    app = _authenticated(world)
    if app is None:
        return _error("invalid_client", 401)
    body = request.get_json(silent=True)
    token = body.get("token") if isinstance(body, dict) else None
    if not isinstance(token, str) or not world.intuit.revoke(app.client_id, token):
        return _error("invalid_request")
    return _uncached(Response(status=200))


def _authenticated(world: World) -> App | None:
    """Client id and secret by HTTP Basic only."""
    scheme, _, packed = request.headers.get("Authorization", "").partition(" ")
    try:
        client_id, _, secret = b64decode(packed, validate=True).decode().partition(":")
    except (NotBase64, UnicodeDecodeError):
        return None
    app = world.intuit.apps.get(client_id)
    if scheme != "Basic" or app is None:
        return None
    return app if compare_digest(secret.encode(), app.client_secret.encode()) else None


def _error(name: str, status: int = 400, description: str = "") -> Response:
    answer = jsonify({"error": name, "error_description": description} if description else {"error": name})
    answer.status_code = status
    return _uncached(answer)


def _uncached(answer: Response) -> Response:
    answer.headers["Cache-Control"] = "no-cache, no-store"
    answer.headers["Pragma"] = "no-cache"
    return answer
