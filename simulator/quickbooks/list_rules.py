"""What accounts, items, payment methods and terms demand before they are stored."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from simulator.quickbooks import names, problems
from simulator.quickbooks.account_types import CLASSES, DEFAULT_SUBTYPES, TYPE_OF_SUBTYPE
from simulator.quickbooks.answers import Problem, Refused
from simulator.quickbooks.lists import ACCOUNT, ITEM, PAYMENT_METHOD, TERM
from simulator.quickbooks.ruling import Rules, active, refuse_all
from simulator.quickbooks.schema import overlong

if TYPE_CHECKING:
    from simulator.quickbooks.state import Company, Record

INCOME = {"Income", "Other Income"}
LARGEST = Decimal(99_999_999_999)
_STOCK = ("AssetAccountRef", "ExpenseAccountRef", "QtyOnHand", "InvStartDate")


@dataclass(frozen=True)
class ListRules(Rules):
    """One name, once; the suffix of an inactive one frees it."""

    suffix: str = names.SUFFIX
    forbidden: str = ""

    def settle(self, company: Company, record: Record, old: Record | None) -> None:
        fields = record.fields
        fields.setdefault("Active", True)
        if not fields.get("Name"):
            raise problems.missing("Name")
        was_off = old is not None and not old.active
        if not fields["Active"] and not fields["Name"].endswith(self.suffix):
            fields["Name"] += self.suffix
        elif fields["Active"] and was_off and company.switch("reactivation_strips_suffix"):
            fields["Name"] = fields["Name"].removesuffix(self.suffix)

    def check(self, company: Company, record: Record, old: Record | None) -> None:
        fields = record.fields
        refuse_all(
            [*self._bad_names(company, fields), *overlong(self.entity.properties, self._named(fields))]
        )
        if record.active:
            self._refuse_taken(company, record)

    def _bad_names(self, company: Company, fields: dict[str, Any]) -> list[Problem]:
        if self.forbidden and re.search(self.forbidden, fields["Name"]):
            return [problems.forbidden_characters("Name", str(company.switch("forbidden_character_code")))]
        return []

    def _named(self, fields: dict[str, Any]) -> dict[str, Any]:
        """QuickBooks's own suffix does not count against the length of a name."""
        return {**fields, "Name": fields["Name"].removesuffix(self.suffix)}

    def _refuse_taken(self, company: Company, record: Record) -> None:
        wanted = record.fields["Name"].lower()
        for other in company.records[self.entity.name].values():
            taken = {other.fields["Name"].lower()}
            if not other.active and not company.switch("inactive_name_frees"):
                taken.add(other.fields["Name"].removesuffix(self.suffix).lower())
            if other.id != record.id and wanted in taken:
                raise problems.duplicate_name("null")


@dataclass(frozen=True)
class AccountRules(ListRules):
    def settle(self, company: Company, record: Record, old: Record | None) -> None:
        super().settle(company, record, old)
        fields = record.fields
        kind, sub = fields.get("AccountType"), fields.get("AccountSubType")
        if kind is None and sub is None:
            if old is None:
                raise problems.missing("AccountType")
            kind = fields["AccountType"] = old.fields["AccountType"]
        if kind is None:
            if sub not in TYPE_OF_SUBTYPE:
                raise problems.bad_choice("AccountSubType", str(sub))
            fields["AccountType"] = TYPE_OF_SUBTYPE[sub]
        if sub is None and kind in DEFAULT_SUBTYPES:
            fields["AccountSubType"] = DEFAULT_SUBTYPES[kind]

    def check(self, company: Company, record: Record, old: Record | None) -> None:
        super().check(company, record, old)
        kind, sub = record.fields["AccountType"], record.fields.get("AccountSubType", "")
        if kind not in CLASSES:
            raise problems.bad_choice("AccountType", kind)
        if TYPE_OF_SUBTYPE.get(sub, kind) != kind:
            raise problems.business(f"{sub} is no kind of {kind}.", "6010", "Invalid account subtype")
        active(company, "Account", record.fields, "ParentRef")


@dataclass(frozen=True)
class ItemRules(ListRules):
    def settle(self, company: Company, record: Record, old: Record | None) -> None:
        super().settle(company, record, old)
        fields = record.fields
        if "Type" not in fields:
            if old is None and company.switch("item_without_type") == "refuse":
                raise problems.missing("Type")
            fields["Type"] = old.fields["Type"] if old else "Service"
        if fields["Type"] == "Category":
            return
        stock = fields["Type"] == "Inventory"
        for name, value in {"Taxable": False, "UnitPrice": Decimal(0), "PurchaseCost": Decimal(0)}.items():
            fields.setdefault(name, value)
        fields.setdefault("TrackQtyOnHand", False)
        if stock and not fields["TrackQtyOnHand"]:
            raise problems.missing("TrackQtyOnHand")

    def check(self, company: Company, record: Record, old: Record | None) -> None:
        fields = record.fields
        super().check(company, record, old)
        needed = {"Service": ("IncomeAccountRef",), "Inventory": ("IncomeAccountRef", *_STOCK)}
        for name in needed.get(fields["Type"], ()):
            if name not in fields:
                raise problems.missing(name)
        for name in ("UnitPrice", "PurchaseCost"):
            if abs(fields.get(name, 0)) > LARGEST:
                raise problems.bad_amount(name, fields[name])
        _check_accounts(company, fields)
        parent = active(company, "Item", fields, "ParentRef")
        if parent is not None and parent.id == record.id:
            raise problems.business("An item cannot be its own category.")


def _check_accounts(company: Company, fields: dict[str, Any]) -> None:
    income = active(company, "Account", fields, "IncomeAccountRef")
    if income is not None and income.fields["AccountType"] not in INCOME:
        raise problems.wrong_account_type("IncomeAccountRef")
    active(company, "Account", fields, "ExpenseAccountRef")
    active(company, "Account", fields, "AssetAccountRef")


@dataclass(frozen=True)
class TermRules(ListRules):
    def settle(self, company: Company, record: Record, old: Record | None) -> None:
        super().settle(company, record, old)
        record.fields["Type"] = "DATE_DRIVEN" if "DayOfMonthDue" in record.fields else "STANDARD"

    def check(self, company: Company, record: Record, old: Record | None) -> None:
        super().check(company, record, old)
        for name, (least, most) in _RANGES.items():
            if not least <= record.fields.get(name, least) <= most:
                raise Refused(Problem("2140", "Invalid Amount", f"{name} goes from {least} to {most}", name))


_RANGES = {
    "DueDays": (0, 999),
    "DiscountDays": (0, 999),
    "DueNextMonthDays": (0, 999),
    "DiscountPercent": (0, 100),
    "DayOfMonthDue": (1, 31),
    "DiscountDayOfMonth": (0, 31),
}
LISTS: dict[str, Rules] = {
    "Account": AccountRules(ACCOUNT, forbidden=r'[:"\t\n\r]'),
    "Item": ItemRules(ITEM, forbidden=r"[:\t\n\r]"),
    "PaymentMethod": ListRules(PAYMENT_METHOD, suffix=" (Deleted)"),
    "Term": TermRules(TERM),
}
