"""Finds the QuickBooks customers that could be an account, by canonical name, e-mail address, phone and postal address.

QuickBooks' queries compare texts as they are written, and know neither phones nor addresses
(docs/vendors/quickbooks-online.md, 7.2). So each process keeps what identifies the customers of a company: it lists them
once, and then reads before each look only those that have changed since.
"""

from __future__ import annotations

import re
import time
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from integrations.errors import UnexpectedShape, VendorError
from integrations.models import Kind, MatchBy, RecordLink
from integrations.name_matching import (
    address_key,
    canonical_name,
    email_addresses,
    email_keys,
    is_probably_same_name,
    phone_keys,
)
from integrations.quickbooks.narrowing import IDS_AT_ONCE
from integrations.quickbooks.records import ADDRESS_PARTS, Customer
from integrations.sync.customers.mapping import EMAIL_PATH, PHONE_PATH, WantedCustomer
from integrations.sync.customers.naming import name_spellings, without_inactive_suffix
from integrations.sync.engine.context import SyncContext

_OVERLAP = timedelta(minutes=10)
"""How far before the newest change seen changes are read again: rows become visible late, and stamps are rounded."""
_MOST_PAGES = 20
_MOST_KEPT = 100_000
"""Customers of all companies together; the index that was not used for longest is given up first."""
_UNLISTED_SECONDS = 600.0
_UNREADABLE_LIST = ("4002", "2210")
"""One malformed e-mail address in it makes a whole answer fail (docs/vendors/quickbooks-online.md, 2.2)."""
_ADDRESSES_ASKED = 3
_LETTERS_ASKED = 3
_WORDS = re.compile(r"(?:(?!ss)[a-z0-9])+")
"""What is written alike in every spelling of a name; “ss” may be “ß”."""

_CLAIM_SECONDS = 30.0

_indexes: OrderedDict[tuple[int, datetime | None], CustomerIndex] = OrderedDict()

Keys = frozenset[tuple[str, str]]


@dataclass(frozen=True)
class SearchKeys:
    """What customers are found by: `sure` ones say that it is the same customer, `vague` ones that it may be."""

    sure: Keys
    vague: Keys


def keys_of_customer(customer: Customer) -> SearchKeys:
    values = customer.values
    phones = [values[PHONE_PATH], *customer.other_phones]
    addresses = [customer.address.values(), customer.shipping_address.values()]
    name = without_inactive_suffix(values["DisplayName"])
    return _search_keys(name, values["CompanyName"], values[EMAIL_PATH], phones, addresses)


def keys_of_account(wanted: WantedCustomer, match_by: str = MatchBy.NAME_OR_EMAIL) -> SearchKeys:
    """The name of a company is among them only if customers are matched by it."""
    values = wanted.values
    address = [values.get(f"BillAddr.{part}", "") for part in ADDRESS_PARTS]
    name = wanted.name
    if match_by == MatchBy.COMPANY_NAME:
        name = values.get("CompanyName", "") or name
    company = name if match_by == MatchBy.COMPANY_NAME else ""
    return _search_keys(name, company, values.get(EMAIL_PATH, ""), [values.get(PHONE_PATH, "")], [address])


def _search_keys(
    name: str, company: str, email: str, phones: Iterable[str], addresses: Iterable[Iterable[str]]
) -> SearchKeys:
    names = [("name", name), *([("company", company)] if company else [])]
    return SearchKeys(
        frozenset(
            {
                *((kind, canonical_name(text)) for kind, text in names),
                *(("email", key) for key in email_keys(email)),
            }
        ),
        frozenset(
            {
                *(("phone", key) for phone in phones for key in phone_keys(phone)),
                *(("address", key) for key in map(address_key, addresses) if key),
            }
        ),
    )


class CustomerIndex:
    """The top-level customers of one QuickBooks company by their keys. Guarded by the lock “list of customers”.

    `claims` are the names of customers that are being created: account and until when, by canonical name.
    """

    def __init__(self) -> None:
        self.newest: datetime | None = None
        self.read_at = float("-inf")
        self.unlisted_until = float("-inf")
        self.claims: dict[str, tuple[str, float]] = {}
        self._names: dict[str, str] = {}
        self._keys: dict[str, Keys] = {}
        self._ids: dict[tuple[str, str], set[str]] = defaultdict(set)

    def __len__(self) -> int:
        return len(self._keys)

    def put(self, customers: Iterable[Customer]) -> None:
        for customer in customers:
            self._remove(customer.id)
            if not customer.parent_id:
                keys = keys_of_customer(customer)
                self._names[customer.id] = without_inactive_suffix(customer.values["DisplayName"])
                self._keys[customer.id] = keys.sure | keys.vague
                for key in self._keys[customer.id]:
                    self._ids[key].add(customer.id)
            stamps = [stamp for stamp in (self.newest, customer.updated_at) if stamp is not None]
            self.newest = max(stamps, default=None)

    def _remove(self, id_: str) -> None:
        self._names.pop(id_, None)
        for key in self._keys.pop(id_, ()):
            self._ids[key].discard(id_)
            if not self._ids[key]:
                del self._ids[key]

    def find(self, name: str, keys: SearchKeys) -> list[str]:
        """At most 100 ids, those with the name first: many customers may share an address or a phone."""
        sure = [id_ for key in sorted(keys.sure, reverse=True) for id_ in sorted(self._ids.get(key, ()))]
        vague = {id_ for key in keys.vague for id_ in self._ids.get(key, ())}
        alike = sorted(id_ for id_ in vague if is_probably_same_name(name, self._names[id_]))
        return list(dict.fromkeys([*sure, *alike]))[:IDS_AT_ONCE]


@dataclass(frozen=True)
class SimilarCustomers:
    """`is_complete`: whether all customers were looked through for phones and postal addresses."""

    customers: list[Customer]
    is_complete: bool


def find_similar_customers(ctx: SyncContext, wanted: WantedCustomer) -> SimilarCustomers:
    """Customers with the account's name, an e-mail address, phone or postal address of it, as they are now.

    One read, and another if there are any. If not all customers can be listed, because they are too many or too many
    have a malformed e-mail address, those spelled alike or with the e-mail address are asked for as well.
    """
    ids, is_complete = _find_ids(ctx, wanted)
    found = ctx.quickbooks.find_customers(ids)
    if not is_complete:
        found += _ask_for_similar(ctx, wanted)
    return SimilarCustomers(list({customer.id: customer for customer in found}.values()), is_complete)


def _find_ids(ctx: SyncContext, wanted: WantedCustomer) -> tuple[list[str], bool]:
    """Those listed, and whether these are all."""
    requested_at = time.monotonic() - ctx.list_valid_seconds
    with ctx.locked("list of customers"):
        index = _index_of(ctx)
        is_complete = index.unlisted_until <= requested_at
        if is_complete and index.read_at < requested_at:  # else another thread has read them meanwhile
            read_at = time.monotonic()
            is_complete = _read_changed(ctx, index)
            if is_complete:
                index.read_at = read_at
            else:
                index.unlisted_until = read_at + _UNLISTED_SECONDS
        return index.find(wanted.name, keys_of_account(wanted, ctx.settings.match_by)), is_complete


def claim_new_name(ctx: SyncContext, name: str, account_id: str) -> bool:
    """Whether this account may get a new customer of that name now.

    False while another account is about to get one whose name looks the same: it is not linked yet, so that its customer
    would be taken for a free one, or not be seen at all.
    """
    key, now = canonical_name(name), time.monotonic()
    with ctx.locked("list of customers"):
        claims = _index_of(ctx).claims
        for known in [known for known, (_, until) in claims.items() if until < now]:
            del claims[known]
        owner, _ = claims.get(key, (account_id, now))
        is_free = (
            owner == account_id or RecordLink.objects.pushed(ctx.connection, Kind.CUSTOMER, owner) is not None
        )
        if is_free:
            claims[key] = (account_id, now + _CLAIM_SECONDS)
    return is_free


def release_new_name(ctx: SyncContext, name: str) -> None:
    """QuickBooks has refused the customer."""
    with ctx.locked("list of customers"):
        _index_of(ctx).claims.pop(canonical_name(name), None)


def _index_of(ctx: SyncContext) -> CustomerIndex:
    """The index of this connection."""
    key = (ctx.connection.pk, ctx.connection.connected_at)
    index = _indexes.setdefault(key, CustomerIndex())
    _indexes.move_to_end(key)
    while len(_indexes) > 1 and sum(map(len, list(_indexes.values()))) > _MOST_KEPT:
        _indexes.popitem(last=False)
    return index


def _read_changed(ctx: SyncContext, index: CustomerIndex) -> bool:
    """Whether all were listed; those that were not are read again by the next look."""
    newest = index.newest
    since = newest - _OVERLAP if newest is not None else None

    def read() -> list[Customer]:
        for page in ctx.quickbooks.list_customers(since, _MOST_PAGES):
            index.put(page)
        return []

    if _listed(read) is None:
        index.newest = newest
        return False
    return True


def _listed(read: Callable[[], list[Customer]]) -> list[Customer] | None:
    """None if QuickBooks cannot answer for one record's e-mail address, or the list is too long to be kept."""
    try:
        return read()
    except UnexpectedShape as error:
        if error.wanted != "last page":
            raise
    except VendorError as error:
        if error.code not in _UNREADABLE_LIST:
            raise
    return None


def _ask_for_similar(ctx: SyncContext, wanted: WantedCustomer) -> list[Customer]:
    found = find_customers_spelled_alike(ctx, wanted.name)
    for email in email_addresses(wanted.values.get(EMAIL_PATH, ""))[:_ADDRESSES_ASKED]:
        found += ctx.quickbooks.find_customers_with_email(email)
    return list({customer.id: customer for customer in found}.values())


def fixed_words(name: str) -> list[str]:
    """What every spelling of the name has in this order; none if that is too little to ask for."""
    words = _WORDS.findall(canonical_name(name))
    return words if sum(map(len, words)) >= _LETTERS_ASKED else []


def find_customers_spelled_alike(ctx: SyncContext, name: str) -> list[Customer]:
    """Customers and jobs with the name, or with its words in this order. Two reads, the second of them not needed to
    find the name as it is written."""
    found = ctx.quickbooks.find_customers_named(name_spellings(name))
    if words := fixed_words(name):
        found += _listed(lambda: ctx.quickbooks.find_customers_spelled_alike(words)) or []
    return list({customer.id: customer for customer in found}.values())
