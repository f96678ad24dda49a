"""Recorded traffic of the real API (tests/recorded/README.md)."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

RECORDED = Path(__file__).parent.parent / "recorded"


@dataclass(frozen=True)
class Exchange:
    sent: str
    status: int
    headers: dict[str, str]
    body: str


def cassette(name: str) -> list[Exchange]:
    """One exchange or more, e.g. `cassette("error/401")`."""
    text = (RECORDED / f"minimul__qbo_api/spec/vcr/{name}.yml").read_text(encoding="utf-8")
    return [_exchange(raw) for raw in yaml.safe_load(text)["http_interactions"]]


def _exchange(raw: dict[str, Any]) -> Exchange:
    answer = raw["response"]
    hop = {"Transfer-Encoding", "Content-Length", "Connection", "Content-Type"}
    headers = {name: values[0] for name, values in answer["headers"].items() if name not in hop}
    return Exchange(
        raw["request"]["body"]["string"], answer["status"]["code"], headers, answer["body"]["string"]
    )


def recorded_customers() -> list[dict[str, Any]]:
    """The whole sample company of 2020, as a query answered it."""
    rows: list[dict[str, Any]] = json.loads(cassette("error/400")[0].body)["QueryResponse"]["Customer"]
    return rows


def fixture(name: str) -> str:
    return (RECORDED / f"Boulevard__ExQuickBooks/test/fixtures/{name}.json").read_text(encoding="utf-8")


def oauth_mock(name: str) -> Any:
    return json.loads(
        (RECORDED / f"intuit__oauth-jsclient/test/mocks/{name}.json").read_text(encoding="utf-8")
    )


def dotnet_document(name: str) -> bytes:
    folder = "IPPDotNetDevKitCSV3/Code/Intuit.Ipp.OAuth2PlatformClient.Test/Documents"
    return (RECORDED / f"intuit__QuickBooks-V3-DotNET-SDK/{folder}/{name}.json").read_bytes()
