"""Customer mapping: which QuickBooks customer an account of Coperniq probably is, by name and other evidence. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from integrations.causes import Cause
from integrations.messages.customer_mapping import SuggestionReason
from integrations.models import ListedCustomer, MatchBy
from integrations.name_matching import SUGGESTED_FROM, canonical_name, find_near_keys, name_key, score_keys

_AS_LIKELY = 5
"""Another customer could be it as well if its score is at most so much lower, or if it has the same e-mail."""


@dataclass(frozen=True)
class Suggestion:
    """`score` is how alike the names are, in per cent; `alternatives` how many other customers could be it as well."""

    customer: ListedCustomer
    score: int
    reasons: tuple[Cause, ...]
    alternatives: int = 0

    @property
    def rank(self) -> tuple[object, ...]:
        sure = [SuggestionReason.SAME_EMAIL.cause in self.reasons, self.score == 100]
        return (self.customer.is_active, sum(sure), self.score, len(self.reasons))

    def is_as_likely_as(self, best: Suggestion) -> bool:
        is_same_email = SuggestionReason.SAME_EMAIL.cause in self.reasons
        return is_same_email or self.score >= max(best.score - _AS_LIKELY, SUGGESTED_FROM)


class CustomerSuggester:
    """Compares accounts with all customers of one QuickBooks company, which it keeps in memory."""

    def __init__(self, customers: Iterable[ListedCustomer], match_by: str) -> None:
        self.match_by = match_by
        self._customers = {row.record_id: row for row in customers}
        self._keys: dict[str, str] = {}
        self._evidence: dict[tuple[str, str], set[str]] = defaultdict(set)
        for id_, row in self._customers.items():
            for place, key in enumerate(self._keys_of(row)):
                self._keys[f"{place}:{id_}"] = key
            for evidence in _evidence_of(row):
                self._evidence[evidence].add(id_)

    def suggest(self, account: ListedCustomer, left_out: Collection[str]) -> Suggestion | None:
        """The best suggestion for the account, None if there is none; `left_out` are ids of customers it is not."""
        found = sorted(
            (self._suggestion(account, id_) for id_ in self._candidates(account) if id_ not in left_out),
            key=lambda each: (each.rank, each.customer.record_id),
            reverse=True,
        )
        if not found:
            return None
        best, *others = found
        likely = sum(each.is_as_likely_as(best) for each in others)
        return Suggestion(best.customer, best.score, best.reasons, likely)

    def _candidates(self, account: ListedCustomer) -> set[str]:
        ids: set[str] = set()
        if self.match_by != MatchBy.EMAIL:
            for key in self._keys_of(account):
                ids |= {place_and_id.partition(":")[2] for place_and_id in find_near_keys(key, self._keys)}
        if self.match_by != MatchBy.COMPANY_NAME:
            kinds = ("email",) if self.match_by == MatchBy.EMAIL else ("email", "tax", "phone")
            for evidence in _evidence_of(account):
                ids |= self._evidence[evidence] if evidence[0] in kinds else set()
        return ids

    def _suggestion(self, account: ListedCustomer, id_: str) -> Suggestion:
        customer = self._customers[id_]
        pairs = ((one, other) for one in self._keys_of(account) for other in self._keys_of(customer))
        score = max((score_keys(one, other) for one, other in pairs), default=0)
        same = {kind for kind, key in _evidence_of(account) if id_ in self._evidence[kind, key]}
        return Suggestion(customer, score, tuple(_reasons(score, same, customer)))

    def _keys_of(self, row: ListedCustomer) -> list[str]:
        """By company name, the name of an account's contact does not count."""
        keys = [row.name_key] if self.match_by == MatchBy.COMPANY_NAME else [row.name_key, row.other_key]
        if self.match_by == MatchBy.COMPANY_NAME and row.company_name:
            keys.insert(0, name_key(row.company_name))
        return [key for key in dict.fromkeys(keys) if key]


def _evidence_of(row: ListedCustomer) -> Iterator[tuple[str, str]]:
    yield from (("email", key) for key in row.emails.split())
    yield from (("phone", key) for key in row.phones.split())
    if row.tax_number:
        yield "tax", row.tax_number


def _reasons(score: int, same: Collection[str], customer: ListedCustomer) -> Iterator[Cause]:
    if score >= SUGGESTED_FROM:
        yield (SuggestionReason.SAME_NAME if score == 100 else SuggestionReason.NEAR_NAME).cause
    for kind, reason in (
        ("email", SuggestionReason.SAME_EMAIL),
        ("tax", SuggestionReason.SAME_TAX_NUMBER),
        ("phone", SuggestionReason.SAME_PHONE),
    ):
        if kind in same:
            yield reason.cause
    if not customer.is_active:
        yield SuggestionReason.INACTIVE.cause


def describe_reasons(causes: Iterable[str]) -> str:
    """In words, "" for none."""
    texts = {reason.cause: reason.template for reason in SuggestionReason}
    found = [texts[Cause(cause)] for cause in causes if cause in texts]
    return ", ".join([*found[:1], *(text[:1].lower() + text[1:] for text in found[1:])])


def key_of_name(name: str) -> str:
    """As `name_matching.name_key`, "" for a name that a reader does not see."""
    return name_key(name)[:500] if canonical_name(name) else ""
