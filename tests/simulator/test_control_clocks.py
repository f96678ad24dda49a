"""Two vendors whose clocks do not agree, with each other or with ours."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

import pytest

from tests.simulator.conftest import Books, document
from tests.simulator.office import Office
from tests.simulator.receiver import receiving, settled

if TYPE_CHECKING:
    from flask.testing import FlaskClient

HOUR = 3600
CLOSE = timedelta(seconds=30)


def set_clocks(client: FlaskClient, **seconds: float) -> dict[str, Any]:
    answer = client.put("/_control/clocks", json=seconds)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = document(answer)
    return found


def ahead(text: str) -> timedelta:
    return datetime.fromisoformat(text) - datetime.now(UTC)


def test_each_vendor_stamps_by_its_own_clock(client: FlaskClient, books: Books) -> None:
    office = Office.opened(client)
    set_clocks(client, quickbooks_seconds=HOUR, coperniq_seconds=-HOUR)
    customer = books.customer("Ann Lee")
    assert abs(ahead(customer["MetaData"]["CreateTime"]) - timedelta(hours=1)) < CLOSE
    account = office.account("Ann Lee")
    assert abs(ahead(account["updatedAt"]) + timedelta(hours=1)) < CLOSE
    dates = [
        parsedate_to_datetime(answer.headers["Date"])
        for answer in (books.get(f"customer/{customer['Id']}"), office.call("GET", "accounts"))
    ]
    assert abs(dates[0] - dates[1] - timedelta(hours=2)) < CLOSE
    envelope = document(books.get(f"customer/{customer['Id']}"))["time"]
    assert abs(ahead(envelope) - timedelta(hours=1)) < CLOSE


def test_a_clock_is_read_at_once_and_may_go_back(client: FlaskClient, books: Books) -> None:
    set_clocks(client, quickbooks_seconds=HOUR)
    ann = books.customer("Ann Lee")
    set_clocks(client, quickbooks_seconds=-HOUR)
    later = books.changed(ann, DisplayName="Ann Li")
    times = [datetime.fromisoformat(one["MetaData"]["LastUpdatedTime"]) for one in (ann, later)]
    assert abs(times[0] - times[1] - timedelta(hours=2)) < CLOSE


def test_webhooks_tell_the_time_of_their_vendor(client: FlaskClient, books: Books) -> None:
    office = Office.opened(client)
    office.switch(webhook_batch_seconds=0.01)
    set_clocks(client, quickbooks_seconds=HOUR, coperniq_seconds=-HOUR)
    with receiving() as receiver:
        client.put("/_control/webhooks/quickbooks", json={"url": receiver.url, "verifier_token": "t"})
        client.put("/_control/webhooks/coperniq", json={"api_key": office.key, "urls": [receiver.url]})
        books.customer("Ann Lee")
        settled(client)
        office.project("Roof")
        settled(client)
    assert abs(ahead(receiver.bodies[0][0]["time"][:26] + "+00:00") - timedelta(hours=1)) < CLOSE
    assert abs(ahead(receiver.bodies[1]["event"]["firedAt"]) + timedelta(hours=1)) < CLOSE


def test_tokens_do_not_die_by_it(client: FlaskClient, books: Books) -> None:
    set_clocks(client, quickbooks_seconds=40 * 24 * HOUR)
    assert books.query("SELECT * FROM Customer").status_code == 200


def test_one_is_named_and_the_other_stays(client: FlaskClient) -> None:
    assert set_clocks(client, quickbooks_seconds=1.5) == {"quickbooks_seconds": 1.5, "coperniq_seconds": 0}
    set_clocks(client, coperniq_seconds=-2)
    found = document(client.get("/_control/clocks"))
    assert found == {"quickbooks_seconds": 1.5, "coperniq_seconds": -2}
    client.post("/_control/reset", json={"seed": "empty"})
    assert document(client.get("/_control/clocks")) == {"quickbooks_seconds": 0, "coperniq_seconds": 0}


@pytest.mark.parametrize("wanted", [{"intuit_seconds": 1}, {"quickbooks_seconds": "soon"}])
def test_what_is_no_clock(client: FlaskClient, wanted: dict[str, Any]) -> None:
    assert client.put("/_control/clocks", json=wanted).status_code == 400
