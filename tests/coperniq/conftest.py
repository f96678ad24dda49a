from collections.abc import Iterator

import pytest
import responses

from integrations.coperniq.client import CoperniqClient
from integrations.http import VendorSession

API = "https://coperniq.example/v1"


@pytest.fixture
def vendor() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield mock


@pytest.fixture
def api() -> CoperniqClient:
    session = VendorSession("coperniq", sleep=lambda seconds: None)
    return CoperniqClient(api_url=API + "/", api_key=" demo-key\n", session=session)


def params(mock: responses.RequestsMock, n: int = 0) -> dict[str, str]:
    found: dict[str, str] = getattr(mock.calls[n].request, "params", {})
    return found
