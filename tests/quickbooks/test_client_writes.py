import json
from datetime import UTC, datetime
from decimal import Decimal

import pytest
import requests

from integrations import errors
from integrations.errors import (
    AccessLost,
    AuthorizationRevoked,
    NotAdministrator,
    OutcomeUnknown,
    Unavailable,
    VendorError,
)
from integrations.quickbooks import wire
from tests.quickbooks.conftest import COMPANY, Intuit
from tests.quickbooks.recordings import Exchange, cassette

BODY = '{"DisplayName": "Doe5, Jane",  "Notes": "Zoë ☀", "n": 1.0}'


def answer_with(routes: Intuit, *exchanges: Exchange) -> None:
    for exchange in exchanges:
        routes.mock.post(
            f"{COMPANY}/customer", body=exchange.body, status=exchange.status, headers=exchange.headers
        )


def refusal(routes: Intuit) -> VendorError:
    with pytest.raises(VendorError) as caught:
        routes.client.write("Customer", BODY, "demo-request")
    return caught.value


def test_a_recorded_create_is_answered(routes: Intuit) -> None:
    answer_with(routes, cassette("create/customer")[0])
    answer = routes.client.write("Customer", BODY, "demo-request")
    assert answer.record["Id"] == "70"
    assert answer.record["Balance"] == Decimal(0)
    assert answer.intuit_tid == "1-5f732f68-d4d3c70ce72c15e07d2bc328"
    assert answer.vendor_time == datetime(2020, 9, 29, 12, 58, 16, tzinfo=UTC)
    assert "Doe5" not in repr(answer)


def test_the_body_goes_over_the_wire_byte_for_byte(routes: Intuit) -> None:
    answer_with(routes, cassette("create/customer")[0])
    routes.client.write("Customer", BODY, "demo-request")
    sent = routes.sent()
    assert sent.body == BODY.encode()
    assert sent.params == {"minorversion": "75", "requestid": "demo-request"}
    assert sent.headers["Content-Type"] == "application/json"


def test_an_operation_is_named_in_the_address(routes: Intuit) -> None:
    routes.mock.post(f"{COMPANY}/invoice", json={"Invoice": {"Id": "266", "status": "Deleted"}})
    routes.client.write("Invoice", '{"Id":"266","SyncToken":"0"}', "demo-request", operation="delete")
    assert routes.sent().params["operation"] == "delete"


def test_a_recorded_update_is_answered_with_its_new_version(routes: Intuit) -> None:
    answer_with(routes, cassette("update/customer")[1])
    answer = routes.client.write("Customer", cassette("update/customer")[1].sent, "demo-request")
    assert (answer.record["SyncToken"], answer.record["DisplayName"]) == ("1", "Jack Moe")


def test_a_recorded_taken_name_is_reported(routes: Intuit) -> None:
    answer_with(routes, cassette("error/validation")[0])
    error = refusal(routes)
    assert isinstance(error, errors.NameTaken)
    assert (error.status, error.code) == (400, "6240")
    assert error.intuit_tid == "1-5f733d9a-1d4e21aa217ba43177113df4"


@pytest.mark.parametrize(
    "body", ["", "<html>", "{}", "[]", '{"Customer": null}', '{"Customer": {}}', '{"Customer": "70"}']
)
def test_a_write_whose_answer_cannot_be_read_has_an_unknown_outcome(routes: Intuit, body: str) -> None:
    routes.mock.post(f"{COMPANY}/customer", body=body)
    assert isinstance(refusal(routes), OutcomeUnknown)


@pytest.mark.parametrize("lost", [requests.ReadTimeout(), requests.ConnectionError()])
def test_a_write_whose_answer_is_lost_is_sent_once(routes: Intuit, lost: Exception) -> None:
    routes.mock.post(f"{COMPANY}/customer", body=lost)
    assert isinstance(refusal(routes), OutcomeUnknown)
    assert len(routes.mock.calls) == 1


def test_a_rejected_token_is_renewed_once_and_the_same_request_repeated(routes: Intuit) -> None:
    answer_with(routes, cassette("error/401")[0], cassette("create/customer")[0])
    assert routes.client.write("Customer", BODY, "demo-request").record["Id"] == "70"
    assert routes.asked == ["", "first"]
    assert [routes.sent(n).headers["Authorization"] for n in (0, 1)] == ["Bearer first", "Bearer second"]
    assert routes.sent(0).params == routes.sent(1).params
    assert routes.sent(0).body == routes.sent(1).body


def test_a_token_rejected_twice_means_access_is_lost(routes: Intuit) -> None:
    answer_with(routes, cassette("error/401")[0])
    error = refusal(routes)
    assert type(error) is AccessLost
    assert (error.status, error.code) == (401, "3200")
    assert "AB01" not in error.sentence + error.detail
    assert routes.asked == ["", "first"]
    assert len(routes.mock.calls) == 2


def test_a_lost_grant_passes_through(routes: Intuit) -> None:
    def give(rejected: str) -> str:
        if rejected:
            raise AuthorizationRevoked(vendor="quickbooks")
        return "first"

    routes.client._access_token = give
    answer_with(routes, cassette("error/401")[0])
    assert isinstance(refusal(routes), AuthorizationRevoked)


def test_no_token_is_renewed_for_a_person_without_the_right(routes: Intuit) -> None:
    fault = {"fault": {"error": [{"message": "no access", "code": "120"}], "type": "AUTHORIZATION"}}
    routes.mock.post(f"{COMPANY}/customer", status=401, json=fault)
    assert isinstance(refusal(routes), NotAdministrator)
    assert routes.asked == [""]


def test_a_renewal_that_takes_too_long_is_not_waited_for(
    routes: Intuit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wire, "TOKEN_SECONDS", -1.0)
    assert isinstance(refusal(routes), Unavailable)
    assert not routes.mock.calls


def test_a_write_of_another_kind_than_answered_has_an_unknown_outcome(routes: Intuit) -> None:
    routes.mock.post(f"{COMPANY}/customer", body=json.dumps({"Vendor": {"Id": "1"}}))
    assert isinstance(refusal(routes), OutcomeUnknown)
