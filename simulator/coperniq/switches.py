"""What Coperniq's documentation leaves open: name -> (default, why there is a choice).

Where a page says something, the default follows the page; otherwise it is the harder answer for a client.
"""

from __future__ import annotations

from typing import Any

from simulator.coperniq.billing.switches import SWITCHES as BILLING

API: dict[str, tuple[Any, str]] = {
    "bad_key_status": (401, "documented as 401; a gateway before the API may answer 403 instead: 401 | 403"),
    "foreign_record_status": (
        404,
        "a record the key may not see: presumably 404, 403 is documented on few operations",
    ),
    "unknown_route_status": (404, "paths outside the API were seen to answer 403: 404 | 403"),
    "body_too_large_status": (413, "10 MB is the limit; the answer above it is not written"),
    "unknown_fields": ("ignore", "fields no schema lists: ignore | refuse"),
    "unknown_custom_keys": ("refuse", "custom values for a property that does not exist: refuse | ignore"),
    "phase_id_writable": (
        "ignore",
        "prose names phaseId as writable, no schema does: ignore | refuse | accept",
    ),
    "timestamp_form": (
        "milliseconds",
        "pages print 09:30:00Z, webhook samples 17:04:22.000Z: milliseconds | seconds",
    ),
    "legacy_shape": (
        False,
        "before the renaming: client, clientId, clients and uid for account, accountId, accounts, number",
    ),
    "address_parts": (
        False,
        "street, city, state, zipcode were seen on accounts and projects, no schema lists them",
    ),
    "delete_body": ("empty", "200 without a documented body: empty | record"),
    "delete_archives": (False, "DELETE of an account or project may only archive it"),
    "delete_account_with_projects": ("orphan", "what becomes of its projects: orphan | cascade | refuse"),
}

LISTS: dict[str, tuple[Any, str]] = {
    "page_size_over_max": ("clamp", "page_size above 100: clamp | refuse"),
    "page_beyond_end": ("empty", "a page after the last: empty | not_found"),
    "bad_paging": ("refuse", "page=0 or page_size=many: refuse | default"),
    "updated_bounds_inclusive": (False, "whether updated_after and updated_before include their own moment"),
    "order_field": ("updatedAt", "what order_by sorts, before id: updatedAt | createdAt | id"),
    "order_default": ("asc", "the schema says asc, prose for accounts says desc: asc | desc | mixed (prose)"),
    "list_filters": (
        "contains",
        "title, address, primaryName, primaryPhone, primaryEmail: contains | equals",
    ),
    "workflows_paged": (True, "prose gives /workflows paging, the declaration none"),
}

LIMITS: dict[str, tuple[Any, str]] = {
    "rate_limit_headers": (True, "documented on every authenticated answer, yet a third party saw none"),
    "daily_window": ("fixed", "the 5,000 a day reset every 24 h, or the window rolls: fixed | rolling"),
    "requests_per_second": (100, "documented per key; 0 turns it off"),
    "throttle_body": ("documented", "429: documented (message, code) | gateway (message only) | empty"),
    "retry_after_seconds": (0, "Retry-After on 429 is not documented; 0 sends none"),
}

WRITES: dict[str, tuple[Any, str]] = {
    "match_without_parameters": (
        True,
        "POST with neither match parameter: the declared defaults apply, or nothing matches",
    ),
    "match_ignores_case": (False, "whether title and e-mail are matched blind to case"),
    "match_sees_archived": (False, "whether match-or-create finds archived records"),
    "match_post_status": (200, "a created account or project: only 200 is documented, others answer 201"),
    "patch_always_touches": (True, "a PATCH that changes nothing moves updatedAt, or not"),
    "children_touch_account": (False, "a changed contact or site moves the account's updatedAt, or not"),
    "account_makes_site": (
        True,
        "an account's address becomes a site at once, or only POST /sites makes one",
    ),
    "project_default_workflow": (
        True,
        "a project without workflowId gets the company's first workflow, or none",
    ),
}

PHASES: dict[str, tuple[Any, str]] = {
    "reentry_new_instance": (
        True,
        "entering a phase again: a new phase instance, or the old one starts anew",
    ),
    "phase_moves_updated_at": (True, "a phase start moves project.updatedAt, or polling cannot see it"),
    "parallel_phases": (False, "whether two phases may be IN_PROGRESS at once"),
    "first_phase_starts": (True, "a new project enters the first phase of its workflow, or waits before it"),
    "rename_reaches_instances": (
        True,
        "renaming a phase template renames the instances made from it, or not",
    ),
}

WEBHOOKS: dict[str, tuple[Any, str]] = {
    "webhook_phase_status": (
        "instance",
        "status of phase events: instance (IN_PROGRESS, COMPLETED) | label | absent",
    ),
    "webhook_phase_template": (
        True,
        "phaseTemplateId is in the documented list of extras; off, it is missing",
    ),
    "webhook_record": (
        "sample",
        "record: sample (a receiver's test data) | api (fields as the API) | minimal (id, uid, type)",
    ),
    "webhook_retry_seconds": (
        [1, 2, 4, 8],
        "Coperniq's schedule is unknown, Intuit's runs to hours; short for tests",
    ),
    "coperniq_webhook_timeout_seconds": (10, "how long Coperniq waits for an answer is unknown"),
    "quickbooks_webhook_timeout_seconds": (3, "Intuit asks for an answer within 3 s"),
    "webhook_batch_seconds": (0.2, "Intuit gathers events for a while; for how long is not written"),
    "webhook_void_word": ("void", "type of void events: void | voided, both occur"),
    "webhook_content_type": ("application/json", "CloudEvents also come as application/cloudevents+json"),
    "webhook_datacontenttype": (True, "datacontenttype of a CloudEvent may be missing"),
    "webhook_alternative_ids": (
        False,
        "data of a CloudEvent is empty in most samples, some name another id of the record",
    ),
    "webhook_last_updated": ("zulu", "lastUpdated of the legacy form: zulu | offset (-0700 without colon)"),
    "webhook_connected_only": (
        False,
        "Intuit tells only of connected companies; off, so that tests need no connection",
    ),
}

SWITCHES: dict[str, tuple[Any, str]] = {**API, **LISTS, **LIMITS, **WRITES, **PHASES, **BILLING, **WEBHOOKS}
