import json

import pytest

from integrations import errors
from integrations.errors import VendorError
from integrations.http import Reply
from integrations.quickbooks.faults import error_for, is_token_rejected, read_document
from tests.quickbooks.recordings import cassette, fixture

THROTTLED_XML = """<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<IntuitResponse time="2017-07-30T22:45:22.933-07:00" xmlns="http://schema.intuit.com/finance/v3">
<Fault type="SERVICE"><Error code="3001"><Message>message=ThrottleExceeded; errorCode=003001; statusCode=429</Message>
<Detail>The request limit was reached. Try again later &amp; slower</Detail></Error></Fault></IntuitResponse>"""


def error_of(status: int, body: str, *, write: bool = True) -> VendorError | None:
    reply = Reply(status, {"intuit_tid": "1-5f"}, body.encode())
    return error_for(reply, read_document(reply), write=write)


def a_fault(*codes: str, message: str = "", detail: str = "", kind: str = "ValidationFault") -> str:
    rows = [{"Message": message, "Detail": detail, "code": code, "element": ""} for code in codes]
    return json.dumps({"Fault": {"Error": rows, "type": kind}, "time": "2020-09-29T06:58:50.262-07:00"})


def a_gateway_fault(code: str, message: str) -> str:
    rows = [{"message": message, "detail": None, "code": code, "element": None}]
    return json.dumps({"warnings": None, "fault": {"error": rows, "type": "SERVICE"}, "time": 1601391072830})


def test_a_success_is_no_error() -> None:
    assert error_of(200, cassette("create/customer")[0].body) is None
    assert error_of(200, '{"Fault": null, "fault": null}') is None


@pytest.mark.parametrize(
    ("recorded", "code", "kind"),
    [
        (cassette("error/validation")[0].body, "6240", errors.NameTaken),
        (fixture("item/update_item_error"), "5010", errors.StaleVersion),
        (cassette("error/400_json")[0].body, "2010", errors.PortalBug),
        (cassette("error/500")[0].body, "500", errors.FeatureOff),
        (cassette("error/500")[1].body, "2030", errors.PortalBug),
        (cassette("error/400")[1].body, "4001", errors.Refused),
        (fixture("api/query_error"), "4000", errors.Refused),
    ],
)
def test_recorded_refusals_are_known(recorded: str, code: str, kind: type[VendorError]) -> None:
    error = error_of(400, recorded)
    assert type(error) is kind
    assert (error.code, error.status, error.intuit_tid) == (code, 400, "1-5f")


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("100", errors.AccessLost),
        ("120", errors.NotAdministrator),
        ("3100", errors.AccessLost),
        ("3202", errors.AccessLost),
        ("003001", errors.Throttled),
        ("610", errors.InactiveReference),
        ("2500", errors.InactiveReference),
        ("6140", errors.NumberTaken),
        ("6190", errors.SubscriptionEnded),
        ("6200", errors.BooksClosed),
        ("6210", errors.BooksClosed),
        ("6220", errors.HasBalance),
        ("6280", errors.HasBalance),
        ("620", errors.CannotBeLinked),
        ("6540", errors.Deposited),
        ("6250", errors.InvalidCustomer),
        ("6180", errors.TooDeep),
        ("2210", errors.BadEmail),
        ("6420", errors.EmailRequired),
        ("2220", errors.WrongCurrency),
        ("2250", errors.NoLines),
        ("2140", errors.BadAmount),
        ("2290", errors.BadAmount),
        ("6070", errors.BadAmount),
        ("2160", errors.BadQuantity),
        ("6090", errors.BadDiscount),
        ("2060", errors.BadDate),
        ("2070", errors.BadDate),
        ("6270", errors.StockDate),
        ("2050", errors.TooLong),
        ("6100", errors.BadTaxCode),
        ("6010", errors.BadAccountType),
        ("6430", errors.BadAccountType),
        ("500", errors.FeatureOff),
        ("5000", errors.FeatureOff),
        ("5020", errors.FeatureOff),
        ("5030", errors.FeatureOff),
        ("2010", errors.PortalBug),
        ("2020", errors.PortalBug),
        ("2030", errors.PortalBug),
        ("2170", errors.PortalBug),
        ("6000", errors.BusinessRule),
        ("6080", errors.Refused),
        ("600", errors.OutcomeUnknown),
        ("2130", errors.OutcomeUnknown),
        ("10000", errors.OutcomeUnknown),
        ("", errors.Refused),
    ],
)
@pytest.mark.parametrize("status", [200, 400])
def test_a_code_of_a_write_decides_whatever_the_status(
    code: str, kind: type[VendorError], status: int
) -> None:
    assert type(error_of(status, a_fault(code))) is kind


def test_a_missing_record_of_a_read_is_missing() -> None:
    assert type(error_of(400, a_fault("610"), write=False)) is errors.RecordMissing


@pytest.mark.parametrize(("write", "kind"), [(True, errors.OutcomeUnknown), (False, errors.Unavailable)])
@pytest.mark.parametrize("status", [301, 408, 500, 502, 503, 504])
def test_a_breakdown_loses_the_outcome_of_a_write_only(
    status: int, write: bool, kind: type[VendorError]
) -> None:
    assert type(error_of(status, "<html><h1>Bad Gateway</h1></html>", write=write)) is kind
    assert type(error_of(status, a_fault("6240"), write=write)) is kind


@pytest.mark.parametrize(("write", "kind"), [(True, errors.OutcomeUnknown), (False, errors.Unavailable)])
def test_a_system_fault_is_a_breakdown(write: bool, kind: type[VendorError]) -> None:
    assert type(error_of(200, a_fault("99999", kind="SystemFault"), write=write)) is kind


def test_a_repeated_request_id_of_a_read_is_a_plain_refusal() -> None:
    assert type(error_of(400, a_fault("600"), write=False)) is errors.Refused


@pytest.mark.parametrize("status", [200, 400, 429, 503])
def test_throttling_is_known_as_xml(status: int) -> None:
    error = error_of(status, THROTTLED_XML)
    assert type(error) is errors.Throttled
    assert error.code == "3001"
    assert "Try again later & slower" in error.detail


@pytest.mark.parametrize(
    "body", ["", "slow down", "{}", a_gateway_fault("003001", "message=ThrottleExceeded"), "<x/>"]
)
def test_throttling_is_known_by_its_status(body: str) -> None:
    assert type(error_of(429, body)) is errors.Throttled


def test_throttling_is_known_by_its_text() -> None:
    assert (
        type(error_of(400, a_gateway_fault("", "message=ThrottleExceeded; statusCode=429")))
        is errors.Throttled
    )


@pytest.mark.parametrize(
    ("status", "kind"),
    [(401, errors.AccessLost), (403, errors.AccessLost), (404, errors.RecordMissing), (413, errors.Refused)],
)
def test_a_bare_status_decides_where_nothing_is_said(status: int, kind: type[VendorError]) -> None:
    error = error_of(status, "<html>")
    assert type(error) is kind
    assert error.detail == f"HTTP {status}"


def test_an_application_without_access_is_reported() -> None:
    body = a_gateway_fault("3100", "message=ApplicationAuthorizationFailed; errorCode=003100; statusCode=403")
    assert type(error_of(403, body)) is errors.AccessLost


def test_the_old_code_of_a_taken_number_is_known_by_its_text() -> None:
    text = "DocNumber=1037 is assigned to TxnType=Invoice with TxnId=129"
    error = error_of(400, a_fault("6210", message="Duplicate Document Number Error", detail=text))
    assert isinstance(error, errors.NumberTaken)
    assert (error.holder_number, error.holder_id) == ("1037", "129")


def test_of_several_errors_the_telling_one_decides() -> None:
    error = error_of(400, a_fault("6000", "6240"))
    assert type(error) is errors.NameTaken
    assert error.code == "6240"
    assert type(error_of(400, a_fault("6240", "600"))) is errors.OutcomeUnknown


def test_a_rule_of_business_is_reported_in_quickbooks_own_words() -> None:
    text = "Business Validation Error: You must set a transaction amount."
    error = error_of(400, a_fault("6000", message="A business validation error has occurred", detail=text))
    assert error is not None
    assert text in error.sentence


def test_a_mistake_of_the_portal_is_not_explained_to_a_bookkeeper() -> None:
    error = error_of(400, cassette("error/400_json")[0].body)
    assert error is not None
    assert "Unrecognized field" in error.detail
    assert "Unrecognized field" not in error.sentence
    assert "support" in error.sentence


def test_the_text_of_every_error_is_kept_once() -> None:
    rows = [
        {"Message": "Stale Object Error", "Detail": "Stale Object Error : You and Pat", "code": "5010"},
        {"Message": "Invalid ID", "Detail": "Id should be a number", "code": "2030"},
    ]
    error = error_of(400, json.dumps({"Fault": {"Error": rows}}))
    assert error is not None
    assert error.detail == "Stale Object Error : You and Pat · Invalid ID: Id should be a number"


def test_the_recorded_token_is_not_repeated() -> None:
    error = error_of(401, cassette("error/401")[0].body)
    assert error is not None
    assert "AB01" not in error.detail


@pytest.mark.parametrize(
    "body",
    [
        '{"Fault": {"type": "x"}}',
        '{"Fault": "?"}',
        '{"fault": {"error": ["?"]}}',
        '{"Fault": {"Error": [null]}}',
    ],
)
def test_a_fault_of_another_shape_is_a_fault(body: str) -> None:
    assert type(error_of(200, body)) is errors.Refused


def test_a_token_is_rejected_only_by_a_401_that_a_new_one_can_cure() -> None:
    def rejected(status: int, body: str) -> bool:
        reply = Reply(status, {}, body.encode())
        return is_token_rejected(reply, read_document(reply))

    assert rejected(401, cassette("error/401")[0].body)
    assert rejected(401, "")
    assert not rejected(401, a_gateway_fault("120", "not an administrator"))
    assert not rejected(403, a_gateway_fault("3100", "wrong company"))
