"""Every rule the vendors' documentation leaves open, with the default chosen here and why.

A client that is only right under one setting of a switch is right by luck: run its tests under both.
"""

from __future__ import annotations

from integrations.simulator.coperniq.switches import SWITCHES as COPERNIQ

Setting = bool | int | str

INTUIT: dict[str, tuple[Setting, str]] = {
    "any_loopback_redirect": (
        True,
        "development keys accept localhost; off asks for an exactly registered redirect_uri",
    ),
    "code_seconds": (600, "codes are short-lived, for how long is not written"),
    "rotate_every_refresh": (False, "the value changes after 24 h; on, every refresh changes it"),
    "refresh_grace": (
        0,
        "seconds the value before the last still works; the pages contradict each other, so dead at once",
    ),
    "reconnect_revokes_earlier": (
        False,
        "whether connecting a company again kills the tokens of before is not written",
    ),
    "refresh_days": (101, "x_refresh_token_expires_in was seen as 8726400 s; the pages say 100 days"),
}

QUICKBOOKS: dict[str, tuple[Setting, str]] = {
    "throttle_form": (
        "alternate",
        "429 was recorded as XML, today's JSON form is unknown: alternate | xml | json",
    ),
    "enforce_limits": (
        False,
        "500 a minute, 10 a second, 10 in flight per company; off so that tests may be quick",
    ),
    "date_header_offset_seconds": (0, "the Date header of a vendor whose clock is wrong, or ours is"),
    "requestid_memory_seconds": (86400, "how long a requestid replays is unknown"),
    "requestid_other_body": (
        "replay",
        "same requestid, other body: replay the first answer, or refuse with 600",
    ),
    "requestid_remembers_refusals": (False, "whether a refused write replays its refusal is unknown"),
    "inactive_name_frees": (True, "the suffix (deleted) presumably frees the name; off, it stays taken"),
    "display_name_case_sensitive": (False, "uniqueness is presumably blind to case"),
    "job_names_unique": (
        "everywhere",
        "the page says everywhere; a recorded list holds a job and a customer of one name: everywhere | within_parent",
    ),
    "duplicate_name_tail": (
        "sentence",
        "6240 was recorded with a sentence and with the word null: sentence | null",
    ),
    "forbidden_character_code": (
        "2040",
        "no colon, tab or newline in names; the code of the refusal is not written",
    ),
    "clear_by_sparse": ("both", "what clears a field in a sparse update: both | empty_string | null | none"),
    "sparse_nested": ("replace", "an address in a sparse update: replace it whole | merge its parts"),
    "customer_noop_bumps": (
        False,
        "a no-op keeps SyncToken on Account, Item, Employee; for Customer nobody recorded it",
    ),
    "parent_without_job": ("refuse", "ParentRef without Job: refuse | ignore (a top-level customer results)"),
    "deactivating_parent": ("jobs_stay", "jobs of a parent made inactive: jobs_stay | jobs_follow"),
    "reactivation_strips_suffix": (False, "Active:true alone may or may not remove the suffix (deleted)"),
    "email_search_comma_lists": (
        False,
        "whether = finds one address inside a comma-separated list is unknown",
    ),
    "email_dot_address": (False, "only PrimaryEmailAddr without .Address was seen to work"),
    "maxresults_over_1000": ("refuse", "more than 1000 may be refused or cut: refuse | clamp"),
    "bare_backslash": ("keep", "a backslash not before an apostrophe: keep | refuse"),
    "empty_query_answer": ("fault_in_200", "a query without statement: fault_in_200 | 4000"),
    "address_ids_move": (True, "address ids were seen to differ between a read and the next answer"),
}

SWITCHES: dict[str, tuple[Setting, str]] = {**INTUIT, **QUICKBOOKS, **COPERNIQ}


def defaults() -> dict[str, Setting]:
    return {name: default for name, (default, _) in SWITCHES.items()}
