"""Intuit's recorded OAuth bodies against the simulator's."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.simulator.conftest import Intuit, document

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from simulator.world import World

RECORDED = Path(__file__).parents[1] / "recorded"
MOCKS = RECORDED / "intuit__oauth-jsclient/test/mocks"
DOCUMENTS = (
    RECORDED
    / "intuit__QuickBooks-V3-DotNET-SDK/IPPDotNetDevKitCSV3/Code/Intuit.Ipp.OAuth2PlatformClient.Test/Documents"
)


def read(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8-sig"))
    return found


def kinds(tokens: dict[str, Any]) -> dict[str, type]:
    return {name: type(value) for name, value in tokens.items()}


def test_token_response_with_openid(intuit: Intuit, realm: str) -> None:
    scope = "com.intuit.quickbooks.accounting openid"
    ours = document(intuit.redeem(intuit.code(realm, scope=scope)))
    assert kinds(ours) == kinds(read(DOCUMENTS / "success_token_response.json"))
    assert kinds(ours) == kinds(read(MOCKS / "refreshResponse.json"))


def test_headers_of_the_token_response(intuit: Intuit, realm: str) -> None:
    recorded = read(MOCKS / "response.json")["headers"]
    ours = intuit.redeem(intuit.code(realm)).headers
    for name in ("cache-control", "pragma"):
        assert ours[name] == recorded[name]
    assert "intuit_tid" in ours


def test_invalid_grant(intuit: Intuit, world: World, realm: str) -> None:
    recorded = read(MOCKS / "errorResponse.json")
    code = intuit.code(realm)
    world.clock.shift(timedelta(hours=1))
    answer = intuit.redeem(code)
    assert answer.status_code == recorded["response"]["status"]
    assert document(answer) == recorded["json"]


def test_discovery_has_the_recorded_keys_and_fixed_values(client: FlaskClient) -> None:
    recorded = read(DOCUMENTS / "discovery.json")
    ours = document(client.get("/intuit/.well-known/openid_configuration"))
    assert set(ours) == set(recorded)
    own = {name for name in recorded if name.endswith("_endpoint") or name == "jwks_uri"}
    assert {name: ours[name] for name in set(ours) - own} == {
        name: recorded[name] for name in set(ours) - own
    }
