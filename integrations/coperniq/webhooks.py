"""Reads Coperniq's webhooks (docs/vendors/coperniq-api.md, 4; https://docs.coperniq.io/coperniq-api/webhooks)."""

from dataclasses import dataclass
from datetime import datetime

from integrations.errors import UnreadableJson, UnreadableWebhook
from integrations.json_reader import JsonReader, load_json


@dataclass(frozen=True)
class ProjectEvent:
    """The ids in a webhook; missing ones are "".

    A webhook is only a signal: the record itself is read from the API.
    """

    event_id: str
    trigger_key: str
    record_type: str
    record_id: str
    phase_template_id: str
    phase_instance_id: str
    fired_at: datetime | None


def parse_event(body: bytes) -> ProjectEvent:
    """The event in a request body. Raises UnreadableWebhook unless the body is a JSON object.

    See docs/vendors/coperniq-api.md, 4.2.
    """
    try:
        document = JsonReader(load_json(body))
    except UnreadableJson as error:
        raise UnreadableWebhook("The notification is not readable JSON.") from error
    if not isinstance(document.value, dict):
        raise UnreadableWebhook("The notification is not a JSON object.")
    return _read(document.child("event"), document.child("record"))


def _read(event: JsonReader, record: JsonReader) -> ProjectEvent:
    return ProjectEvent(
        event_id=event.identifier("eventId", ""),
        trigger_key=event.identifier("triggerKey", ""),
        record_type=record.identifier("type", ""),
        record_id=event.identifier("recordId", record.identifier("id", "")),
        phase_template_id=event.identifier("phaseTemplateId", ""),
        phase_instance_id=event.identifier("phaseInstanceId", ""),
        fired_at=event.moment("firedAt", None),
    )
