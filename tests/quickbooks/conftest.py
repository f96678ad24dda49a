from collections.abc import Iterator

import pytest
import responses

from integrations.http import VendorSession
from integrations.quickbooks.client import QuickBooksClient

API = "https://quickbooks.example"
COMPANY = f"{API}/v3/company/9341457021722202"


class Intuit:
    """The vendor's side of a test, and the tokens asked for."""

    def __init__(self, mock: responses.RequestsMock) -> None:
        self.mock = mock
        self.asked: list[str] = []
        self.client = QuickBooksClient(
            api_url=API + "/",
            realm_id="9341457021722202",
            access_token=self.give_token,
            session=VendorSession("quickbooks", sleep=lambda seconds: None),
        )

    def give_token(self, rejected: str) -> str:
        self.asked.append(rejected)
        return "second" if rejected else "first"

    def sent(self, n: int = 0) -> "SentRequest":
        return SentRequest(self.mock.calls[n].request)


class SentRequest:
    def __init__(self, request: object) -> None:
        self.params: dict[str, str] = getattr(request, "params", {})
        self.body: object = getattr(request, "body", None)
        self.headers = {name: _text(value) for name, value in dict(getattr(request, "headers", {})).items()}


def _text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else value


@pytest.fixture
def routes() -> Iterator[Intuit]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield Intuit(mock)
