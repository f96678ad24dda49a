"""An HTTP client for the pages of the portal: signs in, follows Intuit's redirects, submits forms."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests

TIMEOUT_SECONDS = 30


class PortalClient:
    def __init__(self, portal: str) -> None:
        self.portal = portal
        self.session = requests.Session()
        self.session.trust_env = False

    def sign_in(self, email: str, password: str) -> None:
        self.get("/accounts/login/")
        answer = self.post("/accounts/login/", username=email, password=password)
        if answer.status_code != 302:
            raise RuntimeError(f"{email} could not sign in at {self.portal}")

    def get(self, path: str, **params: str) -> requests.Response:
        return self.session.get(
            self.portal + path, params=params, allow_redirects=False, timeout=TIMEOUT_SECONDS
        )

    def json(self, path: str, **params: str) -> dict[str, Any]:
        answer = self.get(path, format="json", **params)
        answer.raise_for_status()
        return dict(answer.json())

    def post(self, path: str, accept: str = "text/html", **fields: Any) -> requests.Response:
        token = self.session.cookies.get("csrftoken", "")
        return self.session.post(
            self.portal + path,
            data={"csrfmiddlewaretoken": token, **fields},
            headers={"Referer": self.portal, "Accept": accept},
            allow_redirects=False,
            timeout=TIMEOUT_SECONDS,
        )

    def connect_quickbooks(self, realm_id: str, decision: str = "authorize") -> requests.Response:
        """Connect QuickBooks with a decision on Intuit's page; returns the portal's last response."""
        away = self.post("/integrations/quickbooks/connect/").headers["Location"]
        page = self.session.get(away, timeout=TIMEOUT_SECONDS)
        page.raise_for_status()
        back = self._decide(away, realm_id, decision)
        return self.session.get(back, allow_redirects=False, timeout=TIMEOUT_SECONDS)

    def _decide(self, away: str, realm_id: str, decision: str) -> str:
        parts = urlsplit(away)
        fields = {name: values[0] for name, values in parse_qs(parts.query).items()}
        answer = self.session.post(
            f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}/decide",
            data={**fields, "realm_id": realm_id, "decision": decision},
            allow_redirects=False,
            timeout=TIMEOUT_SECONDS,
        )
        if answer.status_code != 302:
            raise RuntimeError(f"Intuit's page answered {answer.status_code}: {_text(answer)}")
        return answer.headers["Location"]


def _text(answer: requests.Response) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", answer.text).split())[:300]
