"""Custom properties, and what the `custom` object of a write may hold: docs/vendors/coperniq-api.md, 3.13."""

from __future__ import annotations

from simulator.coperniq import rendering
from simulator.coperniq.company import Company
from simulator.coperniq.query_parameters import Answer, Call
from simulator.coperniq.records import Property
from simulator.coperniq.validation import Json, invalid

TYPES = ("account", "opportunity", "project", "vendor", "ahj", "client", "request")
_ALIASES = {"client": "account", "request": "opportunity"}


def list_(call: Call) -> Answer:
    asked = call.query.get("record_type", "")
    wanted = [one.strip() for one in asked.split(",")] if asked else list(TYPES)
    unknown = [one for one in wanted if one not in TYPES]
    if unknown:
        raise invalid("record_type", f"record_type must be one of {', '.join(TYPES)}")
    return 200, {name: [rendering.property_json(one) for one in _of(call.company, name)] for name in wanted}


def _of(company: Company, record_type: str) -> list[Property]:
    return [one for one in company.properties if one.record_type == _ALIASES.get(record_type, record_type)]


def keys(company: Company, record_type: str) -> set[str]:
    return {one.key_name for one in _of(company, record_type)}


def read_custom(company: Company, record_type: str, now: Json, body: Json, *, new_options: bool) -> Json:
    """The custom values after a write: keys not sent stay, null clears one. Learns new options where allowed."""
    sent = body.get("custom")
    if sent is None:
        return {}
    if not isinstance(sent, dict):
        raise invalid("custom", "custom must be an object")
    known = {one.key_name: one for one in _of(company, record_type)}
    result, grown = dict(now), []
    for name, value in sent.items():
        if name not in known:
            if company.switches["unknown_custom_keys"] == "refuse":
                raise invalid(f"custom.{name}", f"Unknown property {name}")
            continue
        grown += _checked(known[name], value, new_options)
        result[name] = value
    for one, option in grown:
        one.options.append(option)
    return {"custom": {name: value for name, value in result.items() if value is not None}}


def _checked(known: Property, value: object, new_options: bool) -> list[tuple[Property, str]]:
    where = f"custom.{known.key_name}"
    if value is not None and known.is_multiple != isinstance(value, list):
        raise invalid(
            where, f"{known.key_name} must be {'an array' if known.is_multiple else 'a single value'}"
        )
    each = value if isinstance(value, list) else [] if value is None else [value]
    if not known.options:
        return []
    strange = [str(one) for one in each if one not in known.options]
    if strange and not new_options:
        raise invalid(where, f"{strange[0]} is not an option of {known.name}")
    return [(known, one) for one in dict.fromkeys(strange)]


ROUTES = [("GET", "properties", list_)]
