"""`make demo` as a visitor meets it: the printed log-ins work, and a card moved on the board becomes a job."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from integrations.management.http_client import PortalClient
from tests.processes.process_stack import free_port
from tests.processes.worker import ROOT, eventually
from tests.simulation import Simulation

pytestmark = pytest.mark.processes

REALM = "9341450000000001"
KEY = "demo-coperniq-key"
JOB = "Garcia Residence | #12347 | $31,240.50 | 12.8 kW"


class Demo:
    def __init__(self, folder: Path) -> None:
        ports = [str(free_port()), str(free_port())]
        command = [sys.executable, "manage.py", "demo", "--port", ports[0], "--simulator-port", ports[1]]
        command += ["--folder", str(folder)]
        self.process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        self.printed = ""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.printed += line
            if "Ctrl-C" in line:
                break
        self.portal = re.search(r"Portal\s+(http://[\d.:]+)", self.printed)[1]  # type: ignore[index]  # it is printed
        self.simulator = Simulation(re.search(r"Simulator\s+(http://[\d.:]+)", self.printed)[1])  # type: ignore[index]

    def stop(self) -> int:
        self.process.send_signal(signal.SIGINT)
        code = self.process.wait(90)
        assert self.process.stdout is not None
        self.process.stdout.close()
        return code

    def log_ins(self) -> dict[str, str]:
        return dict(re.findall(r"^  (\w+)\s+(\S+@\S+)$", self.printed, re.MULTILINE))

    @property
    def password(self) -> str:
        return re.search(r"with the password (\S+) as", self.printed)[1]  # type: ignore[index]  # it is printed


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    running = Demo(tmp_path_factory.mktemp("demo") / "house")
    yield running
    assert running.stop() == 0


@pytest.mark.soak
def test_every_role_signs_in(stack: Demo) -> None:
    assert set(stack.log_ins()) == {"admin", "finance", "staff", "operator"}
    for email in stack.log_ins().values():
        visitor = PortalClient(stack.portal)
        visitor.sign_in(email, stack.password)
        assert visitor.get("/integrations/?company=brightfield").status_code == 200


def test_a_card_moved_on_the_board_becomes_a_customer_and_a_job(stack: Demo) -> None:
    move_card(stack)
    assert "Maria Garcia" in names(stack)
    logged = f"Created the job “{JOB}” in QuickBooks."
    staff = visitor(stack)
    eventually(lambda: logged in sentences(staff), "the log tells it")


@pytest.mark.soak
def test_an_invoice_made_and_paid_on_the_boards_quickbooks_side_is_in_coperniq(stack: Demo) -> None:
    move_card(stack)
    job = next(row for row in stack.simulator.customers(REALM) if row["DisplayName"] == JOB)
    first = {"line-0": "", "item-0": "1", "quantity-0": "2.75", "price-0": "118.50", "taxed-0": "1"}
    second = {"line-1": "", "item-1": "1", "quantity-1": "1", "price-1": "285", "taxed-1": "1"}
    made = send(stack, f"customers/{job['Id']}/invoices", **first, **second, percent="5")
    staff, total = visitor(stack), "$629.21"  # of lines $610.88, less 5 %, and 8 % of what is taxed
    eventually(lambda: any(total in logged for logged in sentences(staff)), "the invoice is in Coperniq")
    send(stack, f"{made}/payments", amount="100", method="Check")
    recorded = "Recorded the payment of $100.00 for invoice 1001 in Coperniq."
    eventually(lambda: recorded in sentences(staff), "so is its payment")


def move_card(stack: Demo) -> None:
    """Garcia's card, to Installation, where it may stand already."""
    if JOB in names(stack):
        return
    company = stack.simulator.control(f"coperniq/{KEY}", method="GET")
    project = next(row for row in company["projects"] if row["title"] == "Garcia Residence")
    workflow = next(row for row in company["workflows"] if row["id"] == project["workflowId"])
    phase = next(row for row in workflow["phases"] if row["name"] == "Installation")
    stack.simulator.start_phase(project["id"], phase["id"], KEY)
    eventually(lambda: JOB in names(stack), "the job is in QuickBooks")


def send(stack: Demo, path: str, **form: str) -> str:
    """A form of the board; where it leads to."""
    answer = stack.simulator.session.post(f"{stack.simulator.url}/board/{path}", form, timeout=20)
    assert answer.ok, answer.text
    return urlsplit(answer.url).path.removeprefix("/board/")


def visitor(stack: Demo) -> PortalClient:
    found = PortalClient(stack.portal)
    found.sign_in(stack.log_ins()["staff"], stack.password)
    return found


def names(stack: Demo) -> list[str]:
    return [row["DisplayName"] for row in stack.simulator.customers(REALM)]


def sentences(staff: PortalClient) -> list[str]:
    return [entry["sentence"] for entry in staff.json("/integrations/log/")["entries"]]


@pytest.mark.soak
def test_a_port_in_use_is_named(stack: Demo) -> None:
    taken = stack.portal.rsplit(":", 1)[1]
    command = [sys.executable, "manage.py", "demo", "--port", taken]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert f"Port {taken} is in use" in done.stderr
