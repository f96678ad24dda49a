"""Which customer is suggested for an account, and how many others it could be as well."""

from __future__ import annotations

from typing import Any

from integrations.models import ListedCustomer, MatchBy
from integrations.name_matching import name_key
from integrations.sync.customers.match_suggestions import CustomerSuggester


def listed(id_: str, name: str, **values: Any) -> ListedCustomer:
    return ListedCustomer(record_id=id_, name=name, name_key=name_key(name), **values)


def test_an_active_customer_goes_before_an_inactive_one_with_more_evidence() -> None:
    theirs = [
        listed("1", "Acme Corp", emails="office@acme.example", is_active=False),
        listed("2", "Acme Corp", is_active=True),
    ]
    account = listed("7", "Acme Corp", emails="office@acme.example")
    found = CustomerSuggester(theirs, MatchBy.NAME_OR_EMAIL).suggest(account, ())
    assert found is not None
    assert found.customer.record_id == "2"


def test_another_name_with_the_same_e_mail_could_be_it_as_well() -> None:
    theirs = [
        listed("1", "Acme Corp", emails="office@acme.example"),
        listed("2", "Zenith", emails="office@acme.example"),
        listed("3", "Acme Roofing and Solar of Austin"),
    ]
    account = listed("7", "Acme Corp", emails="office@acme.example")
    found = CustomerSuggester(theirs, MatchBy.NAME_OR_EMAIL).suggest(account, ())
    assert found is not None
    assert (found.customer.record_id, found.alternatives) == ("1", 1)
