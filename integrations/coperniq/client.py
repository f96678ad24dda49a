"""The live connection to one Coperniq account (coperniq-api.md §2, §3)."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

from integrations.coperniq.faults import VENDOR, error_for, out_of_sight, unreadable
from integrations.coperniq.records import (
    Account,
    Contact,
    Project,
    Site,
    Workflow,
    read_account_record,
    read_contact_record,
    read_project_record,
    read_site_record,
    read_workflow_record,
)
from integrations.errors import AccessLost, RecordMissing, UnexpectedShape, UnreadableJson
from integrations.http import Call, Reply, VendorSession, path_segment
from integrations.parsing import Wild, load_json

PAGE_SIZE = 100
"""The most Coperniq gives (§2.4): every page counts against 5,000 calls a day."""
MOST_PAGES = 300
CLOCK_NOISE = timedelta(seconds=2)
"""The Date header counts whole seconds, and the answer was some time under way."""


class CoperniqClient:
    """One per thread. `on_call` counts the calls of a session made here; one handed in has its own."""

    def __init__(
        self,
        *,
        api_url: str,
        api_key: str,
        on_call: Callable[[Call], None] | None = None,
        session: VendorSession | None = None,
    ) -> None:
        self._base = api_url.rstrip("/")
        self._headers = {"x-api-key": api_key.strip(), "Accept": "application/json"}
        self._session = session or VendorSession(VENDOR, on_call=on_call)
        self._calls_remaining: int | None = None
        self._calls_made = 0
        self._clock_behind = timedelta(0)

    @property
    def timeout_seconds(self) -> float:
        """The longest one request may be under way; a list is read by several."""
        return self._session.timeout_seconds

    @property
    def calls_remaining(self) -> int | None:
        """Of today's, as the latest answer said; None where Coperniq does not tell (§2.3)."""
        return self._calls_remaining

    @property
    def calls_made(self) -> int:
        """By this client, answered or not."""
        return self._calls_made

    @property
    def clock_behind(self) -> timedelta:
        """How far Coperniq's clock was behind ours in the latest answer; never negative."""
        return self._clock_behind

    def read_workflows(self) -> list[Workflow]:
        """One request: this list is not known to be paged (§2.4)."""
        rows, _ = _rows(self._get("workflows"))
        return [read_workflow_record(row) for row in rows]

    def read_project(self, project_id: str) -> Project:
        return read_project_record(
            self._record(f"projects/{path_segment(project_id)}", include_archived="true")
        )

    def list_projects(self, updated_after: datetime | None) -> list[Project]:
        """Each project once, oldest change first. Archived ones too, as when read by id.

        Whether `updated_after` includes the moment itself is unknown: the caller overlaps (§2.4).
        """
        since = {"updated_after": _moment(updated_after)} if updated_after else {}
        newest: dict[str, Project] = {}
        for row in self._pages("projects", order_by="asc", include_archived="true", **since):
            project = read_project_record(row)
            known = newest.get(project.id)
            if known is None or known.updated_at <= project.updated_at:
                newest[project.id] = project
        return sorted(newest.values(), key=lambda project: (project.updated_at, project.id))

    def read_account(self, account_id: str) -> Account:
        path = f"accounts/{path_segment(account_id)}"
        return read_account_record(self._record(path, include_archived="true", include_contacts="true"))

    def read_contact(self, contact_id: str) -> Contact:
        return read_contact_record(self._record(f"contacts/{path_segment(contact_id)}"), contact_id)

    def read_sites(self, account_id: str) -> list[Site]:
        """Only this account's, should the filter ever be ignored."""
        sites = {site.id: site for site in map(read_site_record, self._pages("sites", accountId=account_id))}
        return [site for site in sites.values() if site.account_id in ("", account_id)]

    def _record(self, path: str, **params: str) -> Wild:
        """A 403 may mean the key or only this record (A4): whether the key still opens anything tells which."""
        try:
            return self._get(path, **params)
        except AccessLost as error:
            if error.status != 403:
                raise
            self.read_workflows()
            raise out_of_sight(error) from error

    def _pages(self, path: str, **params: str) -> Iterator[Wild]:
        seen: set[str] = set()
        for page in range(1, MOST_PAGES + 1):
            rows, has_more = _rows(self._page(path, page, **params))
            yield from rows
            known = len(seen)
            seen.update(row.identifier("id") for row in rows)
            # Nothing new means that paging is ignored: the same page would come for ever.
            if len(seen) == known or not (len(rows) >= PAGE_SIZE if has_more is None else has_more):
                return
        raise UnexpectedShape(path, "last page")

    def _page(self, path: str, page: int, **params: str) -> Wild:
        """What comes after a full last page is not documented: an empty list, or "not found"."""
        try:
            return self._get(path, page=str(page), page_size=str(PAGE_SIZE), **params)
        except RecordMissing:
            if page == 1:
                raise
            return Wild([], path)

    def _get(self, path: str, **params: str) -> Wild:
        self._calls_made += 1
        reply = self._session.send("GET", f"{self._base}/{path}", params=params, headers=self._headers)
        self._note(reply)
        error = error_for(reply)
        if error is not None:
            raise error
        try:
            return Wild(load_json(reply.body), path)
        except UnreadableJson:
            raise unreadable(reply) from None

    def _note(self, reply: Reply) -> None:
        behind = datetime.now(UTC) - (reply.vendor_time or datetime.now(UTC))
        self._clock_behind = behind if behind > CLOCK_NOISE else timedelta(0)
        told = reply.headers.get("X-RateLimit-Remaining", "")
        if told.isdecimal():
            self._calls_remaining = int(told[:9])


def _rows(answer: Wild) -> tuple[list[Wild], bool | None]:
    """Lists are bare or wrapped (§2.4); `has_more` is None where the length of the page has to tell."""
    if isinstance(answer.value, list):
        return answer.rows(), None
    if not isinstance(answer.child("items").value, list):
        raise UnexpectedShape(answer.path, "list")
    return answer.children("items"), answer.flag("has_more", None)


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
