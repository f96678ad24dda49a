"""A database of the version before the models were typed migrates, and syncing goes on where it stood.

tests/stored/README.md says what the files hold and how they were made. Everything is judged from outside: by the portal's
JSON pages and by what stands at both vendors. The processes live at the time the database was made.
"""

from __future__ import annotations

import gzip
import json
import os
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import time_machine

from integrations.management.demo_stack import WEB_SERVER
from integrations.management.http_client import PortalClient
from tests.processes.process_stack import PASSWORD, answers, free_port
from tests.processes.worker import HASTY, ROOT, Worker, eventually, launch
from tests.simulation import Simulation, simulation

# On SQLite whatever the run is given: that is what the stored file is.
pytestmark = pytest.mark.processes

STORED = Path(__file__).parent / "stored"
CREDENTIAL_KEY = "c3RvcmVkLWRhdGFiYXNlLWZvci10ZXN0cy1vbmx5ISE="
SECRET_KEY = "demo-only-secret-key-that-must-be-replaced-before-real-use"
COMPANIES = ("brightfield", "northgate")
LEFT = "60007"
"""A payment of Coperniq whose counterpart was voided; a person answered to leave Coperniq as it is."""
KINDS = ("customer", "job", "invoice", "payment", "item")
LINK_FIELDS = (
    *("kind", "coperniq_id", "quickbooks_id", "coperniq_name", "quickbooks_name"),
    *("number", "amount_cents", "rule", "linked_at", "synced_at"),
)
# What these buttons answer had one key, "release", in the version that stored the database.
KEYS_OF_THEIR_OWN = {
    "Push it although it is archived": "push_archived",
    "Decline it in Coperniq too": "decline_in_coperniq",
    "Leave Coperniq as it is": "leave_coperniq",
    "Leave both as they are": "leave_both",
    "Go on with it where it is in QuickBooks": "go_on",
    "Go on with it where it is in Coperniq": "go_on",
}
RUN_FIELDS = (
    "id",
    "direction",
    "kind",
    "action",
    "state",
    "name",
    "coperniq_id",
    "quickbooks_id",
    "plan",
    "choices",
)
WRITE_COLUMNS = (
    "id",
    "vendor",
    "kind",
    "entity",
    "operation",
    "quickbooks_id",
    "request_id",
    "state",
    "sends",
)
IDS = ("id", "kind", "coperniq_id", "quickbooks_id")
TABLES_WITH_PARTS = {
    "recordlink": ("is_additional",),
    "remotewrite": ("shared_entry_name",),
    "syncrun": (),
}
LOG_FIELDS = ("id", "at", "direction", "kind", "outcome", "coperniq_id", "quickbooks_id", "sentence")

Row = dict[str, Any]


def unpacked(name: str) -> Any:
    return json.loads(gzip.decompress((STORED / name).read_bytes()))


class Restored:
    """The portal on a copy of the stored database, and both vendors as they stood when it was stored."""

    def __init__(self, folder: Path, simulator: Simulation) -> None:
        self.folder, self.simulator = folder, simulator
        self.stored: Row = unpacked("portal.json.gz")
        self.shift = datetime.fromisoformat(self.stored["ended_at"]) - datetime.now(UTC)
        self.portal = f"http://127.0.0.1:{free_port()}"
        self.worker = Worker(folder, self.environment)
        self.processes: list[subprocess.Popen[bytes]] = []
        self.visitors: dict[str, PortalClient] = {}

    @property
    def environment(self) -> dict[str, str]:
        return {
            **os.environ,
            **self.simulator.settings(),
            **HASTY,
            "CREDENTIAL_KEYS": CREDENTIAL_KEY,
            "DEMO": "on",  # the database was made with the demo's signing key
            "SECRET_KEY": SECRET_KEY,
            "DATABASE_URL": f"sqlite:///{self.folder / 'portal.sqlite3'}",
            "PORTAL_URL": self.portal,
            "CLOCK_SHIFT_SECONDS": str(self.shift.total_seconds()),
            "PYTHONPATH": str(STORED / "clock"),
        }

    def restore(self) -> None:
        with closing(sqlite3.connect(self.folder / "portal.sqlite3")) as database:
            database.executescript(gzip.decompress((STORED / "database.sql.gz").read_bytes()).decode())
        self.simulator.reset()
        for row in unpacked("vendors.json.gz"):
            self.repeat(row)
        self.simulator.control("clock", {"shift_seconds": self.shift.total_seconds()})

    def repeat(self, row: Row) -> None:
        """One change at a vendor, at its time: it has to come to the same ids and versions."""
        with time_machine.travel(datetime.fromisoformat(row["at"]), tick=False):
            answer = self.simulator.session.request(
                row["method"],
                self.simulator.url + row["path"],
                data=row["body"].encode(),
                headers=row["headers"],
                timeout=20,
            )
        assert answer.ok, (row, answer.text)
        if row["answer"]:
            assert ids_of(answer.json()) == row["answer"], row

    def start(self) -> None:
        address = self.portal.removeprefix("http://")
        self.processes.append(
            launch(self.folder, self.environment, "-m", "gunicorn", *WEB_SERVER, "-w", "1", "-b", address)
        )
        eventually(lambda: answers(f"{self.portal}/healthz"), "the portal answers")
        for company in COMPANIES:
            self.visitors[company] = PortalClient(self.portal)
            self.visitors[company].sign_in(f"admin@{company}.example", PASSWORD)

    def close(self) -> None:
        if self.worker.is_running:
            self.worker.kill()
        for process in self.processes:
            process.terminate()
            process.wait(30)
        self.simulator.reset()

    def rows(self, table: str, *columns: str) -> list[Row]:
        """Rows of the database itself, for what no page shows."""
        with closing(sqlite3.connect(self.folder / "portal.sqlite3")) as database:
            found = database.execute(f"SELECT {', '.join(columns)} FROM integrations_{table} ORDER BY id")
            return [dict(zip(columns, row, strict=True)) for row in found]

    def manage(self, *commands: list[str]) -> None:
        """Several commands in one process."""
        done = subprocess.run(
            [sys.executable, "-m", "tests.processes.many_commands"],
            env=self.environment,
            cwd=ROOT,
            input=json.dumps(commands),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{commands}: {done.stdout}\n{done.stderr}"

    def sync(self) -> None:
        """Both companies look at everything, until nothing is left to do."""
        self.manage(
            *(["sync_now", "--company", slug, "--ignore-pauses", "--wait", "60"] for slug in COMPANIES)
        )

    # what the portal says

    def links(self, company: str, kind: str) -> list[Row]:
        return list(self.visitors[company].json(f"/integrations/links/{kind}/")["links"])

    def runs(self, company: str, state: str = "") -> list[Row]:
        rows = self.visitors[company].json("/integrations/runs/")["runs"]
        return [row for row in rows if state in ("", row["state"])]

    def log(self, company: str) -> list[Row]:
        return list(self.visitors[company].json("/integrations/log/")["entries"])

    def held(self, company: str, action: str, coperniq_id: object) -> Row:
        rows = self.runs(company, "held")
        (found,) = [row for row in rows if (row["action"], row["coperniq_id"]) == (action, str(coperniq_id))]
        return found

    def decide(self, company: str, run: Row, choice: str) -> None:
        answer = self.visitors[company].post(
            f"/integrations/runs/{run['id']}/decide/", "application/json", choice=choice, plan=run["plan"]
        )
        assert answer.status_code == 200, (run, answer.text)

    def linked(self, kind: str, coperniq_id: object, company: str = "brightfield") -> Row:
        """The one link of a Coperniq record."""
        (found,) = [row for row in self.links(company, kind) if row["coperniq_id"] == str(coperniq_id)]
        return found

    # what stands at the vendors

    def books(self, entity: str, company: str = "brightfield") -> list[Row]:
        return list(self.simulator.state()["quickbooks"][self.stored["realms"][company]].get(entity, []))

    def coperniq(self, noun: str, company: str = "brightfield") -> list[Row]:
        return list(self.simulator.state()["coperniq"][f"key-{company}"][noun])

    def invoice(self, name: str, company: str = "brightfield") -> Row:
        wanted = self.stored["invoices"][name]
        return next(row for row in self.coperniq("invoices", company) if row["id"] == wanted)

    def record(self, entity: str, link: Row, company: str) -> Row:
        return next(row for row in self.books(entity, company) if row["Id"] == link["quickbooks_id"])

    def document(self, name: str, company: str = "brightfield") -> Row:
        """The invoice of QuickBooks that a Coperniq invoice is linked to."""
        id_ = self.linked("invoice", self.stored["invoices"][name], company)["quickbooks_id"]
        return next(row for row in self.books("Invoice", company) if row["Id"] == id_)


NAMED = ("id", "Id", "SyncToken", "uid", "realm_id")


def ids_of(reported: Any) -> Row:
    """Ids and versions in an answer: Coperniq's stand by themselves, QuickBooks' within the record."""
    rows = [reported, *reported.values()] if isinstance(reported, dict) else []
    return {name: row[name] for row in rows if isinstance(row, dict) for name in NAMED if name in row}


@pytest.fixture
def simulator_on_a_port() -> Iterator[Simulation]:
    """The portal's own processes talk to it over a socket."""
    with simulation() as running:
        yield running


@pytest.fixture
def restored(tmp_path: Path, simulator_on_a_port: Simulation) -> Iterator[Restored]:
    found = Restored(tmp_path, simulator_on_a_port)
    try:
        found.restore()
        yield found
    finally:
        found.close()


def test_a_stored_database_migrates_and_goes_on_syncing(restored: Restored) -> None:
    links = restored.rows("recordlink", "id", "kind", "written", "coperniq_image", "quickbooks_image")
    writes = restored.rows("remotewrite", *WRITE_COLUMNS)
    before = {table: restored.rows(table, *IDS, "quickbooks_part") for table in TABLES_WITH_PARTS}
    for row, about in zip(before["remotewrite"], restored.rows("remotewrite", "about"), strict=True):
        row["quickbooks_part"] = row["quickbooks_part"] or part_of(about)
    restored.manage(["migrate", "--verbosity", "0"], ["makemigrations", "--check", "--dry-run"])
    check_states(restored, links)
    check_snapshots(restored, links)
    assert restored.rows("remotewrite", *WRITE_COLUMNS) == writes
    check_ids(restored, before)
    restored.start()
    check_everything_is_there(restored)
    restored.worker.start()
    restored.sync()
    check_at_rest(restored)
    release_again(restored, "rob")
    check_answers(restored)
    check_open_writes(restored)
    check_questions_stay(restored)
    answer_more(restored)
    edit_both_sides(restored)
    restored.sync()
    check_more_answers(restored, release_again(restored, "uma"))
    check_edits(restored)
    check_money(restored)
    check_second_pass(restored)


def check_everything_is_there(restored: Restored) -> None:
    """Links, runs and log read as the version that stored them showed them."""
    for company in COMPANIES:
        before = restored.stored["before"][company]
        for kind in KINDS:
            assert_same_rows(restored.links(company, kind), before["links"][kind], LINK_FIELDS)
        assert_same_rows(restored.runs(company), [as_spelled_now(row) for row in before["runs"]], RUN_FIELDS)
        assert_same_rows(restored.log(company), before["log"]["entries"], LOG_FIELDS)


def check_states(restored: Restored, before: list[Row]) -> None:
    """Everything that was remembered about a record is still known. What was one bag has a name for each thing now."""
    states = {
        row["id"]: json.loads(row["sync_state"]) for row in restored.rows("recordlink", "id", "sync_state")
    }
    remembered: set[str] = set()
    for link in before:
        written, state = json.loads(link["written"]), states.pop(link["id"])
        found = STATES[link["kind"]](written)
        assert state == ({"version": 1} if link["kind"] != "item" else {}) | known(found), link
        remembered |= {*known(found)}
    assert not states
    assert remembered == REMEMBERED


def check_ids(restored: Restored, before: dict[str, list[Row]]) -> None:
    """`quickbooks_part` was an invoice or marked the link of a merged customer; an account stood as a Coperniq id."""
    expected = {table: [split_ids(row) for row in rows] for table, rows in before.items()}
    for table, columns in TABLES_WITH_PARTS.items():
        found = restored.rows(table, *IDS, "allocation_invoice_id", *columns)
        assert found == [only(row, tuple(found[0])) for row in expected[table]]
    assert any(row["is_additional"] for row in expected["recordlink"])
    assert any(row["allocation_invoice_id"] for row in expected["syncrun"])
    assert {row["shared_entry_name"] for row in expected["remotewrite"]} >= {"Coperniq Payments", "Card"}


def part_of(write: Row) -> str:
    """The invoice of a payment that was sent to QuickBooks was known from the link that it was to make."""
    return str(json.loads(write["about"]).get("written", {}).get("part", ""))


def split_ids(row: Row) -> Row:
    is_additional = row["quickbooks_part"].startswith("merged ")
    _, is_shared, entry_name = row["coperniq_id"].partition(": ")
    return {
        **row,
        "coperniq_id": "" if is_shared else row["coperniq_id"],
        "shared_entry_name": entry_name,
        "is_additional": is_additional,
        "allocation_invoice_id": "" if is_additional else row["quickbooks_part"],
    }


def check_snapshots(restored: Restored, before: list[Row]) -> None:
    """Each has the values it had; those of invoices, payments and items have a version, and no field without a value."""
    found = restored.rows("recordlink", "coperniq_snapshot", "quickbooks_snapshot")
    for link, now in zip(before, found, strict=True):
        for side in ("coperniq", "quickbooks"):
            image = json.loads(link[f"{side}_image"])
            if image and link["kind"] in ("invoice", "payment", "item"):
                image = {"version": 1, **{name: value for name, value in image.items() if value is not None}}
            assert json.loads(now[f"{side}_snapshot"]) == image, link


def known(state: Row) -> Row:
    return {name: value for name, value in state.items() if value}


def invoice_state(written: Row) -> Row:
    edits = {
        side: {name: known({"digest": edit["value"], "at": edit["at"]}) for name, edit in fields.items()}
        for side, fields in written.get("changed_at", {}).items()
    }
    return {
        "ended": written.get("ended"),
        "line_ids": written.get("line_ids"),
        "has_folded_lines": written.get("folded"),
        "keeps_removed_lines": written.get("lines_stay"),
        "needs_repair": written.get("repair"),
        "was_chosen": written.get("sent_anyway"),
        "unsettled": written.get("unsettled"),
        "moved_from": written.get("moved_from"),
        "edit_times": known(edits),
        "overridden": {
            name: {
                "side": each["side"],
                "text": each["told"],
                "payload": each["values"],
                "run_id": each["run"],
            }
            for name, each in written.get("losers", {}).items()
        },
    }


def payment_state(written: Row) -> Row:
    ended = {"gone": "gone_in_quickbooks", "left": "only_in_quickbooks"}.get(written.get("ended", ""))
    return {
        "ended": ended,
        "is_share": written.get("share"),
        "needs_applying": written.get("misplaced"),
    }


STATES: dict[str, Callable[[Row], Row]] = {
    "customer": lambda written: {"written_values": written},
    "job": lambda written: {"written_values": written},
    "invoice": invoice_state,
    "payment": payment_state,
    "item": lambda written: written,
}
# The stored database has a record for each.
REMEMBERED = {
    *("written_values", "ended", "line_ids", "keeps_removed_lines", "was_chosen", "unsettled", "moved_from"),
    *("edit_times", "overridden", "is_share", "has_folded_lines", "needs_repair", "needs_applying"),
}


def as_spelled_now(run: Row) -> Row:
    choices = [{**each, "key": KEYS_OF_THEIR_OWN.get(each["label"], each["key"])} for each in run["choices"]]
    return {**run, "choices": choices, "plan": run["plan"].removeprefix("merge ")}


def assert_same_rows(found: list[Row], before: list[Row], names: tuple[str, ...]) -> None:
    assert [only(row, names) for row in found] == [only(row, names) for row in before]


def is_at_rest(restored: Restored, company: str) -> bool:
    """The worker polls on, and each poll may ask for a run that finds nothing to do."""
    return not [row for row in restored.runs(company) if row["state"] in ("queued", "running")]


def check_at_rest(restored: Restored) -> None:
    for company in COMPANIES:
        eventually(partial(is_at_rest, restored, company), f"{company} comes to rest")
        assert not [row for row in restored.runs(company) if row["cause"] in ("internal", "unstored")]
        entries = {row["id"] for row in restored.log(company)}
        assert entries >= {row["id"] for row in restored.stored["before"][company]["log"]["entries"]}


def release_again(restored: Restored, name: str) -> Row:
    """What was to be a person's first and last name is the company's now, so the preview is shown once more."""
    held = restored.held("northgate", "push_customer", restored.stored["people"][name]["account"])
    assert held["cause"] == "preview_changed"
    restored.decide("northgate", held, "release")
    restored.sync()
    return dict(held["planned"][0])


def check_answers(restored: Restored) -> None:
    """What people had answered before the database was stored is done as they said."""
    people = restored.stored["people"]
    for name in ("conflicting", "i3"):  # use_coperniq: while it was held, and after QuickBooks' edit had won
        assert restored.document(name)["DueDate"] == "2026-05-01"
        assert restored.document(name)["PrivateNote"].startswith("Ours")
    parent = restored.linked("customer", restored.invoice("moved")["account"]["id"])["quickbooks_id"]
    assert restored.document("moved")["CustomerRef"]["value"] == parent  # release: it goes on where it is
    assert paid_on(restored, "chq") == ([4000, 4000], [4000, 4000])  # record_both
    assert restored.invoice("v1")["storedStatus"] == "DECLINED"  # release: declined as it was voided
    assert restored.document("old2")["DocNumber"] == f"{restored.invoice('old2')['uid']}-2"  # new_number
    assert (
        restored.linked("customer", people["pat"]["account"])["quickbooks_id"] == restored.stored["pat_into"]
    )
    assert restored.linked("customer", people["quinn"]["account"])["quickbooks_name"] == "Quinn Lee #2"
    assert restored.linked("job", people["dan"]["project"])["quickbooks_name"].startswith("Dan's garage |")
    assert (
        restored.linked("customer", people["gus"]["account"])["quickbooks_id"] == restored.stored["gus_into"]
    )
    for name in ("lou", "nina", "otto"):  # lost, queued, and only an event
        assert restored.linked("customer", people[name]["account"])
        assert restored.linked("job", people[name]["project"])
    assert restored.linked("customer", people["rob"]["account"], "northgate")  # a preview that was released
    assert restored.linked("job", people["rob"]["project"], "northgate")


def check_open_writes(restored: Restored) -> None:
    """Whatever became of a write without an answer: what it was to make is there, and only once."""
    for name, amount in (("w1", 40101), ("u1", 60606), ("w10", 50505), ("i1", 40010)):
        assert cents(restored.document(name)["TotalAmt"]) == amount
        assert amounts(restored.books("Invoice"), "TotalAmt").count(amount) == 1
    assert amounts(restored.coperniq("invoices"), "amount").count(40202) == 1
    assert amounts(restored.books("Payment"), "TotalAmt").count(1234) == 1
    assert amounts(restored.books("Payment"), "TotalAmt").count(2345) == 1
    assert amounts(restored.books("Payment", "northgate"), "TotalAmt") == [12300]
    payments = [row for invoice in restored.coperniq("invoices") for row in invoice["payments"]]
    assert amounts(payments, "amount").count(3456) == 1
    for company in COMPANIES:
        assert names(restored.books("Account", company)).count("Coperniq Payments") == 1
        for entity, name in (("Customer", "DisplayName"), ("Account", "Name"), ("PaymentMethod", "Name")):
            assert_no_doubles(row[name] for row in restored.books(entity, company))
        assert_no_doubles(row["name"] for row in restored.coperniq("catalogItems", company))
    assert names(restored.books("PaymentMethod")).count("Card") == 1
    assert "Gravel" in [row["name"] for row in restored.coperniq("catalogItems", "northgate")]


def check_questions_stay(restored: Restored) -> None:
    """What nobody has answered is still asked, with the same choices."""
    for company in COMPANIES:
        runs = restored.stored["before"][company]["runs"]
        before = [as_spelled_now(row) for row in runs if row["state"] == "held"]
        now = {row["id"]: row for row in restored.runs(company, "held")}
        for row in before:
            assert (now[row["id"]]["choices"], now[row["id"]]["plan"]) == (row["choices"], row["plan"])


def answer_more(restored: Restored) -> None:
    """Questions of the version before are answered after the migration."""
    people, invoices = restored.stored["people"], restored.stored["invoices"]
    for company, action, id_, choice in (
        ("brightfield", "push_customer", people["ray"]["account"], "create_with_suffix"),
        ("brightfield", "notice_entry", people["eve"]["project"], "release"),
        ("brightfield", "notice_customer", people["gus2"]["account"], "relink"),
        ("brightfield", "push_invoice", invoices["undecided"], "use_quickbooks"),
        ("brightfield", "pull_invoice", invoices["moved2"], "go_on"),
        ("brightfield", "pull_invoice", invoices["v2"], "decline_in_coperniq"),
        ("northgate", "push_customer", people["uma"]["account"], "release"),
        ("northgate", "push_job", people["uma"]["project"], "release"),
    ):
        restored.decide(company, restored.held(company, action, id_), choice)
    cheque = restored.invoice("chq2")["payments"][0]["id"]
    same = restored.held("brightfield", "push_payment", cheque)
    restored.decide("brightfield", same, same["choices"][0]["key"])


def check_more_answers(restored: Restored, shown: Row) -> None:
    people = restored.stored["people"]
    assert restored.linked("customer", people["ray"]["account"])["quickbooks_name"] == "Ray Lee #2"
    assert restored.linked("job", people["eve"]["project"])["quickbooks_name"].startswith("Eve's garage |")
    assert restored.linked("customer", people["gus2"]["account"])["quickbooks_name"] == "Gus Family 2"
    assert restored.document("undecided")["DueDate"] == "2026-06-01"
    assert restored.invoice("undecided")["dueDate"].startswith("2026-06-01")
    assert restored.invoice("v2")["storedStatus"] == "DECLINED"
    assert paid_on(restored, "chq2") == ([4000], [4000])
    row = restored.record(
        "Customer", restored.linked("customer", people["uma"]["account"], "northgate"), "northgate"
    )
    assert {field: str(at(row, field)) for field in changed(shown)} == changed(shown)
    assert restored.linked("job", people["uma"]["project"], "northgate")


def edit_both_sides(restored: Restored) -> None:
    """Records that were linked long before the migration change, and money comes in on either side."""
    key, realm = "key-brightfield", restored.stored["realms"]["brightfield"]
    simulator, line = restored.simulator, restored.invoice("i4")["lineItems"][0]
    names = ("id", "catalogItemId", "unitPrice", "description")
    simulator.change(
        "invoices", restored.invoice("i4")["id"], key, lineItems=[{**only(line, names), "quantity": 3}]
    )
    simulator.control(f"coperniq/{key}/invoices/{restored.invoice('w1')['id']}/payments", {"amount": 101})
    simulator.control(
        f"quickbooks/{realm}/invoices/{restored.stored['documents']['q1']}", {"due": "2026-12-24"}, "PATCH"
    )
    document = restored.document("w10")
    paid = {"customer": document["CustomerRef"]["value"], "invoices": [{"id": document["Id"], "amount": 5}]}
    simulator.control(f"quickbooks/{realm}/payments", paid)


def check_edits(restored: Restored) -> None:
    assert cents(restored.document("i4")["TotalAmt"]) == 18000
    assert paid_on(restored, "w1") == ([10100], [10100])
    assert paid_on(restored, "w10") == ([500], [500])
    (link,) = [
        row
        for row in restored.links("brightfield", "invoice")
        if row["quickbooks_id"] == restored.stored["documents"]["q1"]
    ]
    invoice = next(row for row in restored.coperniq("invoices") if str(row["id"]) == link["coperniq_id"])
    assert invoice["dueDate"].startswith("2026-12-24")


def check_money(restored: Restored) -> None:
    """To the cent and once, except where a person is still asked; and every link of before is there."""
    for company in COMPANIES:
        open_runs = [row for row in restored.runs(company) if row["state"] in ("held", "waiting")]
        asked = {(row["kind"], row["coperniq_id"]) for row in open_runs}
        asked |= {(row["kind"], row["quickbooks_id"]) for row in open_runs if row["direction"] == "pull"}
        check_invoices(restored, company, asked)
        check_payments(restored, company, asked)
        for kind in KINDS:
            before = [row["coperniq_id"] for row in restored.stored["before"][company]["links"][kind]]
            now = Counter(row["coperniq_id"] for row in restored.links(company, kind))
            assert not [id_ for id_ in before if now[id_] != 1]


def check_invoices(restored: Restored, company: str, asked: set[tuple[str, str]]) -> None:
    links = {row["quickbooks_id"]: row["coperniq_id"] for row in restored.links(company, "invoice")}
    ours = {str(row["id"]): row for row in restored.coperniq("invoices", company)}
    for document in restored.books("Invoice", company):
        id_ = links.pop(document["Id"], "")
        if ("invoice", document["Id"]) in asked or ("invoice", id_) in asked:
            continue
        assert id_, f"invoice {document['Id']} is nobody's"
        is_declined = ours[id_]["storedStatus"] == "DECLINED"
        assert cents(document["TotalAmt"]) == (0 if is_declined else cents(ours[id_]["amount"])), document
    assert not links
    linked = {row["coperniq_id"] for row in restored.links(company, "invoice")}
    assert not [id_ for id_ in ours if id_ not in linked and ("invoice", id_) not in asked]


def check_payments(restored: Restored, company: str, asked: set[tuple[str, str]]) -> None:
    links = {row["coperniq_id"]: row for row in restored.links(company, "payment")}
    receipts = {row["Id"]: row for row in restored.books("Payment", company)}
    for invoice in restored.coperniq("invoices", company):
        for payment in invoice["payments"]:
            id_ = str(payment["id"])
            if id_ != LEFT and ("payment", id_) not in asked:
                receipt = receipts[links[id_]["quickbooks_id"]]
                applied = [row["Amount"] for row in receipt["Line"]]
                assert cents(payment["amount"]) in (cents(receipt["TotalAmt"]), *map(cents, applied)), payment
    ids = {row["quickbooks_id"] for row in links.values()}
    assert not [id_ for id_ in receipts if id_ not in ids and ("payment", id_) not in asked]


def check_second_pass(restored: Restored) -> None:
    before = restored.simulator.state()
    restored.simulator.forget_log()
    restored.sync()
    assert restored.simulator.log(write=True) == []
    after = restored.simulator.state()
    assert after["quickbooks"] == before["quickbooks"]
    for key, company in before["coperniq"].items():
        assert after["coperniq"][key]["invoices"] == company["invoices"]


# Small things


def paid_on(restored: Restored, name: str) -> tuple[list[int], list[int]]:
    """Cents of each payment on an invoice: in Coperniq, and applied in QuickBooks."""
    id_ = restored.document(name)["Id"]
    lines = [line for row in restored.books("Payment") for line in row["Line"]]
    theirs = [line["Amount"] for line in lines if line["LinkedTxn"][0]["TxnId"] == id_]
    return sorted(amounts(restored.invoice(name)["payments"], "amount")), sorted(map(cents, theirs))


def cents(amount: object) -> int:
    return int(Decimal(str(amount)) * 100)


def amounts(rows: Iterable[Row], name: str) -> list[int]:
    return [cents(row[name]) for row in rows]


def names(rows: Iterable[Row]) -> list[str]:
    return [row["Name"] for row in rows]


def assert_no_doubles(values: Iterable[str]) -> None:
    assert not [value for value, count in Counter(values).items() if count > 1]


def only(row: Row, wanted: Iterable[str]) -> Row:
    return {name: row[name] for name in wanted}


def changed(write: Row) -> dict[str, str]:
    """What a preview showed, by the path of the field."""
    return {row["field"]: row["after"] for row in write["changes"]}


def at(record: Row, path: str) -> Any:
    value: Any = record
    for name in path.split("."):
        value = value[name]
    return value
