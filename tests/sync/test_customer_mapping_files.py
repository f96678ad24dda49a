"""The customer mapping as CSV, out and in, and from the command."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.core.management.base import CommandError

from integrations.models import CustomerMatch, RecordLink
from tests.factories import JSON
from tests.portal_harness import PortalHarness
from tests.sync.mapping_page import PAGE, MappingPage, enter, go_on
from tests.sync.test_customer_mapping_read import read_lists
from tests.test_commands import run_json

Table = list[dict[str, str]]


def download(page: MappingPage) -> Table:
    text = page.client.get(PAGE, {"format": "csv"}).getvalue().decode()
    return list(csv.DictReader(io.StringIO(text)))


def as_csv(rows: Table) -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def check(page: MappingPage, text: str) -> Any:
    file = SimpleUploadedFile("mapping.csv", text.encode("utf-8-sig"), "text/csv")
    return page.client.post(f"{PAGE}import/", {"file": file}, headers=JSON).json()


def confirm(page: MappingPage, text: str) -> Any:
    fields = {"text": text, "confirm": "yes"}
    return page.client.post(f"{PAGE}import/", fields, headers=JSON).json()


@pytest.fixture
def accounts(portal: PortalHarness, page: MappingPage) -> dict[str, Any]:
    for name in ("Acme Corp", "Oak Street Partners East", "Bolt Roofing", "=1+1 Solar"):
        portal.simulator.in_books(portal.realm, DisplayName=name)
    made = {
        name: portal.account(name)
        for name in ("Acme Corporation", "Oak Street Partners", "Lakeside HOA", "=1+1 Solar LLC", "Nobody")
    }
    page.read()
    return made


def test_the_table_comes_back_with_decisions(
    portal: PortalHarness,
    page: MappingPage,
    accounts: dict[str, Any],
) -> None:
    rows = download(page)
    assert {row["coperniq_name"] for row in rows} >= {"Acme Corporation", "'=1+1 Solar LLC"}
    bolt = portal.customer(DisplayName="Bolt Roofing")["Id"]
    decisions = {
        "Acme Corporation": {"decision": "accept"},
        "Oak Street Partners": {"decision": "Reject"},
        "Lakeside HOA": {"decision": "choose", "quickbooks_id": bolt},
        "Nobody": {"decision": "create"},
    }
    text = as_csv([{**row, **decisions.get(row["coperniq_name"], {})} for row in rows])
    portal.simulator.forget_log()
    shown = check(page, text)
    assert (shown["ok"], shown["stored"], shown["skipped"], len(shown["rows"])) == (True, False, 1, 4)
    assert not RecordLink.objects.exists(), "a dry run"
    assert confirm(page, text)["stored"]
    assert portal.simulator.log(write=True) == []
    assert page.counts() == {"suggested": 1, "none": 2, "mapped": 2, "rejected": 1}
    again = check(page, text)
    assert again["refused"] == 2, "what is linked already is not linked again"
    enter(portal, accounts["Lakeside HOA"])
    assert len(portal.customers(Job=False)) == 4


def test_one_wrong_row_and_nothing_is_done(
    portal: PortalHarness,
    page: MappingPage,
    accounts: dict[str, Any],
) -> None:
    acme = portal.customer(DisplayName="Acme Corp")["Id"]
    ids = {name: account["id"] for name, account in accounts.items()}
    text = (
        "coperniq_id,quickbooks_id,decision\n"
        f"{ids['Acme Corporation']},{acme},accept\n"
        f"{ids['Oak Street Partners']},{acme},choose\n"
        f"{ids['Lakeside HOA']},4711,choose\n"
        "999999,,create\n"
        f"{ids['Nobody']},,marry\n"
        f"{ids['Nobody']},,\n"
    )
    for answer in (check(page, text), confirm(page, text)):
        assert (answer["ok"], answer["refused"], answer["stored"]) == (False, 4, False)
        said = {row["number"]: "".join(row["errors"]) for row in answer["rows"]}
        assert said[2] == ""
        assert "already linked to “Acme Corporation”" in said[3]
        assert "no customer with the id 4711" in said[4]
        assert "knows" in said[5]
        assert "Write one of" in said[6]
    assert not RecordLink.objects.exists()
    assert not CustomerMatch.objects.filter(decided_at__isnull=False).exists()
    html = page.client.post(f"{PAGE}import/", {"file": SimpleUploadedFile("m.csv", text.encode())}).text
    assert "4 rows cannot be carried out" in html


@pytest.mark.parametrize(
    "text", ["", "a,b\n1,2\n", "coperniq_id,decision,decision\n1,,\n", '"coperniq_id,decision\n1,"2"3\n']
)
def test_what_is_no_such_table_is_refused(portal: PortalHarness, page: MappingPage, text: str) -> None:
    assert "errors" in check(page, text)
    binary = SimpleUploadedFile("m.csv", b"\xff\xfe\x00\x01")
    assert page.client.post(f"{PAGE}import/", {"file": binary}, headers=JSON).status_code == 400


def test_the_command_starts_lists_accepts_and_decides(portal: PortalHarness) -> None:
    acme = portal.account("Acme Corporation")
    portal.account("Oak Street Partners")
    portal.simulator.in_books(portal.realm, DisplayName="Acme Corp")
    oak = portal.simulator.in_books(portal.realm, DisplayName="Oak Street Partners East")
    slug = ("--company", portal.company.slug)
    assert run_json("match", *slug)["read"] is None
    assert run_json("match", *slug, "--start")["read"]["stage"] == "customers"
    go_on()
    listed = run_json("match", *slug, "--list")
    assert [(row["coperniq_name"], row["score"]) for row in listed["suggestions"]] == [
        ("Acme Corporation", 100),
        ("Oak Street Partners", 88),
    ]
    answer = run_json("match", *slug, "--accept-at", "95")
    assert (answer["accepted"], answer["left_out"], answer["mapped"], answer["suggested"]) == (1, {}, 1, 1)
    other = listed["suggestions"][1]["coperniq_id"]
    answer = run_json("match", *slug, "--decide", "reject", "--account", other, "--customer", oak["Id"])
    assert (answer["rejected"], answer["none"]) == (1, 1)
    for wrong in (("--accept-at", "50"), ("--decide", "accept", "--account", str(acme["id"]))):
        with pytest.raises(CommandError):
            call_command("match", *slug, *wrong)
    read_lists(portal)
    assert run_json("match", *slug)["rejected"] == 1
