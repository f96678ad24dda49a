from __future__ import annotations

from typing import Any

import pytest

from integrations.item_matching import ItemIndex, is_usable, match


def item(item_id: str, name: str, sku: str = "", **values: Any) -> dict[str, Any]:
    return {"id": item_id, "name": name, "sku": sku, "kind": "Service", "is_active": True, **values}


def row(name: str, code: str = "", sku: str = "") -> dict[str, Any]:
    return {"id": "1", "name": name, "code": code, "sku": sku}


ITEMS = [
    item("1", "Panel 400 W", "PAN-400"),
    item("2", "Inverter", "INV-1"),
    item("3", "Inverter big", "inv-1 "),
    item("4", "Labor"),
    item("5", "Old panel", "PAN-300", is_active=False),
    item("6", "Roof", kind="Category"),
    item("7", "Kit", "KIT", kind="Group"),
]


@pytest.mark.parametrize(
    ("wanted", "item_id", "rule"),
    [
        (row("Something else", code="pan-400"), "1", "code"),
        (row("Something else", sku="PAN-400"), None, ""),
        (row("Labor", code="PAN-400"), "1", "code"),
        (row(" labor "), "4", "name"),
        (row("Labor", code="unknown"), "4", "name"),
        (row("Inverter", code="INV-1"), "2", "name"),
        (row("Inverter small", code="INV-1"), None, "several"),
        (row("Old panel", code="PAN-300"), None, ""),
        (row("Roof"), None, ""),
        (row("Kit", code="KIT"), None, ""),
        (row("Nothing"), None, ""),
    ],
)
def test_code_comes_before_name_and_several_are_nobodys_guess(
    wanted: dict[str, Any], item_id: str | None, rule: str
) -> None:
    found, by = match(wanted, ITEMS)
    assert (found["id"] if found else None, by) == (item_id, rule)


def test_two_items_of_one_name_are_several() -> None:
    assert match(row("Labor"), [item("1", "Labor"), item("2", "LABOR")]) == (None, "several")


def test_empty_codes_match_nothing() -> None:
    assert match(row("Other"), [item("1", "Labor", "")]) == (None, "")
    assert match({"id": "1", "name": "Other", "code": None, "sku": None}, ITEMS) == (None, "")


def test_an_index_is_used_for_many() -> None:
    index = ItemIndex(ITEMS)
    assert [index.match(row(name))[1] for name in ("Labor", "Nothing")] == ["name", ""]


def test_only_single_active_things_stand_on_a_line() -> None:
    assert [is_usable(each) for each in ITEMS] == [True] * 4 + [False] * 3


@pytest.mark.parametrize("name", ["Inverter\u00a0 BIG", "inver\u200bter big.", "Ｉｎｖｅｒｔｅｒ big"])  # noqa: RUF001
def test_a_name_or_code_that_looks_the_same_is_the_same(name: str) -> None:
    found, rule = match(row(name), ITEMS)
    assert found is not None
    assert (found["id"], rule) == ("3", "name")
    found, rule = match(row("x", "PAN\u2011400"), ITEMS)
    assert found is not None
    assert (found["id"], rule) == ("1", "code")
