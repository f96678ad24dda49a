from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from email.utils import format_datetime

import pytest
import requests
import responses

from integrations import errors
from integrations.coperniq import paging
from integrations.coperniq.client import CoperniqClient
from integrations.coperniq.paging import PAGE_SIZE
from integrations.errors import UnexpectedShape, VendorError
from integrations.http import Call
from tests.coperniq.conftest import API, params

Read = Callable[[CoperniqClient], object]


def a_project(
    number: int, updated_at: str = "2026-03-31T17:04:22.000Z", **fields: object
) -> dict[str, object]:
    return {"id": number, "title": f"Project {number}", "updatedAt": updated_at} | fields


def test_workflows_with_their_phases_are_read(api: CoperniqClient, vendor: responses.RequestsMock) -> None:
    phases = [{"id": 55, "name": "Installation"}, {"id": 56, "name": "Billing"}]
    vendor.get(f"{API}/workflows", json=[{"id": 7, "name": "Solar", "type": "PROJECT", "phases": phases}])
    workflow = api.read_workflows()[0]
    assert (workflow.id, workflow.name) == ("7", "Solar")
    assert [(phase.id, phase.name) for phase in workflow.phases] == [
        ("55", "Installation"),
        ("56", "Billing"),
    ]
    assert len(vendor.calls) == 1


def test_the_key_goes_along_without_the_blanks_it_was_pasted_with(
    api: CoperniqClient, vendor: responses.RequestsMock
) -> None:
    vendor.get(f"{API}/workflows", json=[])
    api.read_workflows()
    assert dict(vendor.calls[0].request.headers)["x-api-key"] in ("demo-key", b"demo-key")


def test_a_project_is_read_by_id_even_if_archived(
    api: CoperniqClient, vendor: responses.RequestsMock
) -> None:
    vendor.get(f"{API}/projects/10423", json=a_project(10423))
    assert api.read_project("10423").id == "10423"
    assert params(vendor) == {"include_archived": "true"}


def test_an_account_is_read_with_its_contacts(api: CoperniqClient, vendor: responses.RequestsMock) -> None:
    vendor.get(
        f"{API}/accounts/5",
        json={"id": 5, "contacts": [{"id": 9, "emails": ["pat@example.com"], "phones": []}]},
    )
    assert api.read_account("5").contacts[0].id == "9"
    assert params(vendor) == {"include_archived": "true", "include_contacts": "true"}


def test_a_contact_that_does_not_name_its_id_has_the_one_asked_for(
    api: CoperniqClient, vendor: responses.RequestsMock
) -> None:
    vendor.get(f"{API}/contacts/9", json={"name": "Pat Doe", "emails": ["pat@example.com"], "phones": ["1"]})
    contact = api.read_contact("9")
    assert (contact.id, contact.name, contact.emails, contact.phones) == (
        "9",
        "Pat Doe",
        ("pat@example.com",),
        ("1",),
    )


def test_only_the_sites_of_the_account_are_read(api: CoperniqClient, vendor: responses.RequestsMock) -> None:
    rows = [
        {"id": 1, "accountId": 5, "street": "1 Main St"},
        {"id": 2, "accountId": 6},
        {"id": 3},
        {"id": 1, "accountId": 5},
    ]
    vendor.get(f"{API}/sites", json=rows)
    assert [site.id for site in api.read_sites("5")] == ["1", "3"]
    assert params(vendor) == {"accountId": "5", "page": "1", "page_size": "100"}


def test_projects_are_listed_page_by_page_with_an_explicit_order(
    api: CoperniqClient, vendor: responses.RequestsMock
) -> None:
    vendor.get(f"{API}/projects", json=[a_project(n) for n in range(PAGE_SIZE)])
    vendor.get(f"{API}/projects", json=[a_project(PAGE_SIZE)])
    assert len(api.list_projects(None)) == PAGE_SIZE + 1
    assert params(vendor, 0) == {
        "page": "1",
        "page_size": "100",
        "order_by": "asc",
        "include_archived": "true",
    }
    assert params(vendor, 1)["page"] == "2"


def test_projects_may_be_listed_since_a_moment(api: CoperniqClient, vendor: responses.RequestsMock) -> None:
    vendor.get(f"{API}/projects", json=[])
    moment = datetime(2026, 3, 31, 12, 4, 22, 5000, tzinfo=timezone(-timedelta(hours=5)))
    assert api.list_projects(moment) == []
    assert params(vendor)["updated_after"] == "2026-03-31T17:04:22.005Z"


def test_wrapped_lists_are_read_until_no_more_is_announced(
    api: CoperniqClient, vendor: responses.RequestsMock
) -> None:
    vendor.get(f"{API}/projects", json={"items": [a_project(1)], "page": 1, "page_size": 1, "has_more": True})
    vendor.get(
        f"{API}/projects", json={"items": [a_project(2)], "page": 2, "page_size": 1, "has_more": False}
    )
    assert [project.id for project in api.list_projects(None)] == ["1", "2"]


def test_a_wrapped_list_that_does_not_tell_is_read_by_its_length(
    api: CoperniqClient, vendor: responses.RequestsMock
) -> None:
    vendor.get(f"{API}/projects", json={"items": [a_project(1)]})
    api.list_projects(None)
    assert len(vendor.calls) == 1


def test_each_project_comes_once_as_it_was_last_seen_oldest_first(
    api: CoperniqClient, vendor: responses.RequestsMock
) -> None:
    rows = [
        a_project(2, "2026-03-31T17:00:00Z"),
        a_project(1, "2026-03-31T17:00:00Z"),
        a_project(3, "2026-03-31T18:00:00Z", title="new"),
        a_project(3, "2026-03-31T16:00:00Z", title="old"),
        a_project(4, "2026-03-31T10:00:00Z", title="old"),
        a_project(4, "2026-03-31T11:00:00Z", title="new"),
    ]
    vendor.get(f"{API}/projects", json=rows)
    found = api.list_projects(None)
    assert [project.id for project in found] == ["4", "1", "2", "3"]
    assert (found[0].title, found[3].title) == ("new", "new")


def test_a_vendor_that_ignores_paging_is_not_asked_for_ever(
    api: CoperniqClient, vendor: responses.RequestsMock
) -> None:
    vendor.get(f"{API}/projects", json=[a_project(n) for n in range(PAGE_SIZE)])
    assert len(api.list_projects(None)) == PAGE_SIZE
    assert len(vendor.calls) == 2


def test_a_page_that_is_not_found_is_the_end_of_the_list(
    api: CoperniqClient, vendor: responses.RequestsMock
) -> None:
    vendor.get(f"{API}/projects", json=[a_project(n) for n in range(PAGE_SIZE)])
    vendor.get(f"{API}/projects", status=404, json={"message": "Page not found"})
    assert len(api.list_projects(None)) == PAGE_SIZE


def test_a_list_whose_first_page_is_not_found_is_not_empty(
    api: CoperniqClient, vendor: responses.RequestsMock
) -> None:
    vendor.get(f"{API}/projects", status=404, json={"message": "Not found"})
    with pytest.raises(errors.RecordMissing):
        api.list_projects(None)


def test_a_list_without_end_is_given_up(
    api: CoperniqClient, vendor: responses.RequestsMock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paging, "MOST_PAGES", 2)
    for page in (1, 2):
        vendor.get(f"{API}/projects", json={"items": [a_project(page)], "has_more": True})
    with pytest.raises(UnexpectedShape, match="last page"):
        api.list_projects(None)


@pytest.mark.parametrize("body", [{}, {"items": {}}, 7, "list"])
def test_what_is_no_list_is_not_taken_for_an_empty_one(
    api: CoperniqClient, vendor: responses.RequestsMock, body: object
) -> None:
    vendor.get(f"{API}/projects", json=body)
    with pytest.raises(UnexpectedShape):
        api.list_projects(None)


@pytest.mark.parametrize("body", ["", "<html>"])
def test_an_unreadable_answer_is_tried_again_later(
    api: CoperniqClient, vendor: responses.RequestsMock, body: str
) -> None:
    vendor.get(f"{API}/workflows", body=body)
    with pytest.raises(errors.Unavailable):
        api.read_workflows()


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (400, {"message": "is required", "code": "VALIDATION_ERROR", "field": "title"}, errors.Refused),
        (401, {"message": "Unauthorized", "code": "UNAUTHORIZED"}, errors.AccessLost),
        (404, {"message": "Not found", "code": "NOT_FOUND"}, errors.RecordMissing),
        (408, {}, errors.Unavailable),
        (409, {}, errors.Refused),
        (429, {"message": "Slow down", "code": "RATE_LIMIT_EXCEEDED"}, errors.Throttled),
        (500, {"message": "GraphQL", "code": "GRAPHQL_ERROR"}, errors.Unavailable),
        (502, {}, errors.Unavailable),
        (302, {}, errors.Unavailable),
    ],
)
def test_refusals_are_known_by_their_status(
    api: CoperniqClient,
    vendor: responses.RequestsMock,
    status: int,
    body: dict[str, str],
    kind: type[VendorError],
) -> None:
    vendor.get(
        f"{API}/projects/1", status=status, json=body, headers={"Date": "Tue, 29 Sep 2020 12:58:16 GMT"}
    )
    with pytest.raises(VendorError) as caught:
        api.read_project("1")
    error = caught.value
    assert type(error) is kind
    assert (error.vendor, error.status) == ("coperniq", status)
    assert error.code == body.get("code", "")
    assert error.vendor_time == datetime(2020, 9, 29, 12, 58, 16, tzinfo=UTC)


@pytest.mark.parametrize(
    "read",
    [
        lambda api: api.read_project("1"),
        lambda api: api.read_account("1"),
        lambda api: api.read_contact("1"),
    ],
)
def test_a_record_out_of_sight_is_missing_while_the_key_still_works(
    api: CoperniqClient, vendor: responses.RequestsMock, read: Read
) -> None:
    for kind in ("projects", "accounts", "contacts"):
        vendor.get(f"{API}/{kind}/1", status=403, json={"message": "Forbidden", "code": "FORBIDDEN"})
    vendor.get(f"{API}/workflows", json=[])
    with pytest.raises(errors.RecordMissing) as caught:
        read(api)
    assert (caught.value.status, caught.value.code, caught.value.detail) == (403, "FORBIDDEN", "Forbidden")
    assert len(vendor.calls) == 2


@pytest.mark.parametrize(("probe", "kind"), [(403, errors.AccessLost), (503, errors.Unavailable)])
def test_a_forbidden_record_says_nothing_where_the_key_cannot_be_shown_to_work(
    api: CoperniqClient, vendor: responses.RequestsMock, probe: int, kind: type[VendorError]
) -> None:
    vendor.get(f"{API}/projects/1", status=403, json={"message": "Forbidden"})
    vendor.get(f"{API}/workflows", status=probe, json={"message": "Forbidden"})
    with pytest.raises(VendorError) as caught:
        api.read_project("1")
    assert type(caught.value) is kind


def test_an_unauthorized_key_is_not_tried_a_second_time(
    api: CoperniqClient, vendor: responses.RequestsMock
) -> None:
    vendor.get(f"{API}/projects/1", status=401, json={})
    with pytest.raises(errors.AccessLost):
        api.read_project("1")
    assert len(vendor.calls) == 1


def test_a_forbidden_list_means_the_key(api: CoperniqClient, vendor: responses.RequestsMock) -> None:
    vendor.get(f"{API}/projects", status=403, json={"message": "Forbidden"})
    with pytest.raises(errors.AccessLost):
        api.list_projects(None)


def test_the_refused_field_is_named(api: CoperniqClient, vendor: responses.RequestsMock) -> None:
    vendor.get(f"{API}/projects/1", status=400, json={"message": "is required", "field": "title"})
    with pytest.raises(errors.Refused, match="Coperniq refused: title: is required"):
        api.read_project("1")


def test_an_html_error_is_survived(api: CoperniqClient, vendor: responses.RequestsMock) -> None:
    vendor.get(f"{API}/projects/1", status=400, body="<html>")
    with pytest.raises(errors.Refused, match="HTTP 400"):
        api.read_project("1")


def test_a_read_survives_a_moment_of_trouble(api: CoperniqClient, vendor: responses.RequestsMock) -> None:
    vendor.get(f"{API}/projects/1", body=requests.ConnectionError("dropped"))
    vendor.get(f"{API}/projects/1", json=a_project(1))
    assert api.read_project("1").id == "1"


@pytest.mark.parametrize(
    "read",
    [
        lambda api: api.read_project("../accounts/5"),
        lambda api: api.read_account(""),
        lambda api: api.read_contact(".."),
    ],
)
def test_an_id_cannot_lead_to_another_record(
    api: CoperniqClient, vendor: responses.RequestsMock, read: Read
) -> None:
    with pytest.raises(UnexpectedShape):
        read(api)
    assert not vendor.calls


def test_the_calls_left_today_are_known_where_the_header_is_sent(
    api: CoperniqClient, vendor: responses.RequestsMock
) -> None:
    seen = [api.calls_remaining]
    for remaining in ("4711", "many", "0"):
        vendor.get(f"{API}/workflows", json=[], headers={"x-ratelimit-remaining": remaining})
        api.read_workflows()
        seen.append(api.calls_remaining)
    assert seen == [None, 4711, 4711, 0]


def test_a_client_counts_what_it_asks(api: CoperniqClient, vendor: responses.RequestsMock) -> None:
    vendor.get(f"{API}/workflows", json=[])
    vendor.get(f"{API}/projects", json=[a_project(n) for n in range(PAGE_SIZE)])
    vendor.get(f"{API}/projects", status=500)
    api.read_workflows()
    with pytest.raises(errors.Unavailable):
        api.list_projects(None)
    assert api.calls_made == 3


def test_a_refusal_tells_the_calls_left_too(api: CoperniqClient, vendor: responses.RequestsMock) -> None:
    vendor.get(f"{API}/workflows", status=429, headers={"X-RateLimit-Remaining": "0"})
    with pytest.raises(errors.Throttled):
        api.read_workflows()
    assert api.calls_remaining == 0


def test_calls_are_counted_and_bounded() -> None:
    calls: list[Call] = []
    api = CoperniqClient(api_url=API, api_key="demo-key", on_call=calls.append)
    with responses.RequestsMock() as mock:
        mock.get(f"{API}/workflows", json=[])
        api.read_workflows()
    assert [(call.vendor, call.path, call.write) for call in calls] == [("coperniq", "/v1/workflows", False)]
    assert api.timeout_seconds == 55


@pytest.mark.parametrize(("seconds", "behind"), [(-30, True), (-1, False), (30, False), (None, False)])
def test_a_clock_behind_ours_is_noticed(
    api: CoperniqClient, vendor: responses.RequestsMock, seconds: int | None, behind: bool
) -> None:
    seen = (
        {} if seconds is None else {"Date": format_datetime(datetime.now(UTC) + timedelta(seconds=seconds))}
    )
    vendor.get(f"{API}/workflows", json=[], headers=seen)
    api.read_workflows()
    assert (api.clock_behind > timedelta(seconds=20)) == behind
    assert bool(api.clock_behind) == behind
