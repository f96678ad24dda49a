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


def answer_with(intuit: Intuit, *exchanges: Exchange) -> None:
    for exchange in exchanges:
        intuit.mock.post(
            f"{COMPANY}/customer", body=exchange.body, status=exchange.status, headers=exchange.headers
        )


def refusal(intuit: Intuit) -> VendorError:
    with pytest.raises(VendorError) as caught:
        intuit.client.write("Customer", BODY, "demo-request")
    return caught.value


def test_a_recorded_create_is_answered(intuit: Intuit) -> None:
    answer_with(intuit, cassette("create/customer")[0])
    answer = intuit.client.write("Customer", BODY, "demo-request")
    assert answer.record["Id"] == "70"
    assert answer.record["Balance"] == Decimal(0)
    assert answer.intuit_tid == "1-5f732f68-d4d3c70ce72c15e07d2bc328"
    assert answer.vendor_time == datetime(2020, 9, 29, 12, 58, 16, tzinfo=UTC)
    assert "Doe5" not in repr(answer)


def test_the_body_goes_over_the_wire_byte_for_byte(intuit: Intuit) -> None:
    answer_with(intuit, cassette("create/customer")[0])
    intuit.client.write("Customer", BODY, "demo-request")
    sent = intuit.sent()
    assert sent.body == BODY.encode()
    assert sent.params == {"minorversion": "75", "requestid": "demo-request"}
    assert sent.headers["Content-Type"] == "application/json"


def test_an_operation_is_named_in_the_address(intuit: Intuit) -> None:
    intuit.mock.post(f"{COMPANY}/invoice", json={"Invoice": {"Id": "266", "status": "Deleted"}})
    intuit.client.write("Invoice", '{"Id":"266","SyncToken":"0"}', "demo-request", operation="delete")
    assert intuit.sent().params["operation"] == "delete"


def test_a_recorded_update_is_answered_with_its_new_version(intuit: Intuit) -> None:
    answer_with(intuit, cassette("update/customer")[1])
    answer = intuit.client.write("Customer", cassette("update/customer")[1].sent, "demo-request")
    assert (answer.record["SyncToken"], answer.record["DisplayName"]) == ("1", "Jack Moe")


def test_a_recorded_taken_name_is_reported(intuit: Intuit) -> None:
    answer_with(intuit, cassette("error/validation")[0])
    error = refusal(intuit)
    assert isinstance(error, errors.NameTaken)
    assert (error.status, error.code) == (400, "6240")
    assert error.intuit_tid == "1-5f733d9a-1d4e21aa217ba43177113df4"


@pytest.mark.parametrize(
    "body", ["", "<html>", "{}", "[]", '{"Customer": null}', '{"Customer": {}}', '{"Customer": "70"}']
)
def test_a_write_whose_answer_cannot_be_read_has_an_unknown_outcome(intuit: Intuit, body: str) -> None:
    intuit.mock.post(f"{COMPANY}/customer", body=body)
    assert isinstance(refusal(intuit), OutcomeUnknown)


@pytest.mark.parametrize("lost", [requests.ReadTimeout(), requests.ConnectionError()])
def test_a_write_whose_answer_is_lost_is_sent_once(intuit: Intuit, lost: Exception) -> None:
    intuit.mock.post(f"{COMPANY}/customer", body=lost)
    assert isinstance(refusal(intuit), OutcomeUnknown)
    assert len(intuit.mock.calls) == 1


def test_a_rejected_token_is_renewed_once_and_the_same_request_repeated(intuit: Intuit) -> None:
    answer_with(intuit, cassette("error/401")[0], cassette("create/customer")[0])
    assert intuit.client.write("Customer", BODY, "demo-request").record["Id"] == "70"
    assert intuit.asked == ["", "first"]
    assert [intuit.sent(n).headers["Authorization"] for n in (0, 1)] == ["Bearer first", "Bearer second"]
    assert intuit.sent(0).params == intuit.sent(1).params
    assert intuit.sent(0).body == intuit.sent(1).body


def test_a_token_rejected_twice_means_access_is_lost(intuit: Intuit) -> None:
    answer_with(intuit, cassette("error/401")[0])
    error = refusal(intuit)
    assert type(error) is AccessLost
    assert (error.status, error.code) == (401, "3200")
    assert "AB01" not in error.sentence + error.detail
    assert intuit.asked == ["", "first"]
    assert len(intuit.mock.calls) == 2


def test_a_lost_grant_passes_through(intuit: Intuit) -> None:
    def give(rejected: str) -> str:
        if rejected:
            raise AuthorizationRevoked(vendor="quickbooks")
        return "first"

    intuit.client._access_token = give
    answer_with(intuit, cassette("error/401")[0])
    assert isinstance(refusal(intuit), AuthorizationRevoked)


def test_no_token_is_renewed_for_a_person_without_the_right(intuit: Intuit) -> None:
    fault = {"fault": {"error": [{"message": "no access", "code": "120"}], "type": "AUTHORIZATION"}}
    intuit.mock.post(f"{COMPANY}/customer", status=401, json=fault)
    assert isinstance(refusal(intuit), NotAdministrator)
    assert intuit.asked == [""]


def test_a_renewal_that_takes_too_long_is_not_waited_for(
    intuit: Intuit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wire, "TOKEN_SECONDS", -1.0)
    assert isinstance(refusal(intuit), Unavailable)
    assert not intuit.mock.calls


def test_a_write_of_another_kind_than_answered_has_an_unknown_outcome(intuit: Intuit) -> None:
    intuit.mock.post(f"{COMPANY}/customer", body=json.dumps({"Vendor": {"Id": "1"}}))
    assert isinstance(refusal(intuit), OutcomeUnknown)
