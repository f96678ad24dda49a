import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.coperniq.webhooks import ProjectEvent, parse_event
from integrations.errors import UnreadableWebhook

BODY: dict[str, dict[str, object]] = {
    "event": {
        "eventId": 48291,
        "recordId": 10423,
        "triggerKey": "PROJECT_PHASE_STARTED",
        "triggerName": "Project Phase Started",
        "firedAt": "2026-03-31T17:04:22.000Z",
        "phaseInstanceId": 9001,
        "phaseTemplateId": 55,
        "status": "IN_PROGRESS",
    },
    "record": {"id": 10423, "uid": 3301, "type": "PROJECT", "title": "Jane Homeowner"},
}
STARTED = ProjectEvent(
    event_id="48291",
    trigger_key="PROJECT_PHASE_STARTED",
    record_type="PROJECT",
    record_id="10423",
    phase_template_id="55",
    phase_instance_id="9001",
    fired_at=datetime(2026, 3, 31, 17, 4, 22, tzinfo=UTC),
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=4), inner, max_size=2),
    max_leaves=5,
)
PART = JSON | st.dictionaries(st.sampled_from([*BODY["event"], "id", "type"]), JSON)


def parsed(body: object) -> ProjectEvent:
    return parse_event(json.dumps(body).encode())


def test_an_event_is_read() -> None:
    assert parsed(BODY) == STARTED


def test_ids_may_be_texts() -> None:
    texts = {part: {key: str(value) for key, value in fields.items()} for part, fields in BODY.items()}
    assert parsed(texts) == STARTED


def test_the_record_names_itself_where_the_event_does_not() -> None:
    assert parsed({"event": {"eventId": 1}, "record": {"id": 7}}).record_id == "7"


@pytest.mark.parametrize(
    "body", [{}, {"event": None}, {"event": [], "record": "x"}, {"event": {"eventId": {}}}]
)
def test_what_is_missing_is_empty(body: object) -> None:
    assert parsed(body) == ProjectEvent("", "", "", "", "", "", None)


@pytest.mark.parametrize("body", [b"", b"event=1", b"[]", b"null", b"7", b"\xff", b'{"a":' * 100_000, b"NaN"])
def test_what_is_no_object_is_unreadable(body: bytes) -> None:
    with pytest.raises(UnreadableWebhook):
        parse_event(body)


@given(st.binary(max_size=80) | JSON.map(lambda value: json.dumps(value).encode()))
def test_any_body_is_read_or_unreadable(body: bytes) -> None:
    try:
        parse_event(body)
    except UnreadableWebhook:
        return


@given(PART, PART)
def test_a_hostile_event_is_read_as_far_as_it_goes(event: object, record: object) -> None:
    assert isinstance(parsed({"event": event, "record": record}), ProjectEvent)
