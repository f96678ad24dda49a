"""What can happen in a history of both sides, drawn by chance: steps that mean the same whenever they are played."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from tests.sync.histories import Chance, Step
from tests.sync.two_way_view import PEOPLES_YEAR

AT_COPERNIQ = ("Permit", "Panel", "Inverter", "Roof", "Unheard of")
IN_QUICKBOOKS = ("Permit", "Labour", "Panel", "Gravel")
QUANTITIES = ("1", "2", "3", "7", "0.5", "1.25", "2.333", "12")
SHARES = ("0.01", "0.25", "0.5", "1")
COPERNIQ_FAULTS = ("lost_answer", "late_error_500", "error_500", "throttle")
QUICKBOOKS_FAULTS = (*COPERNIQ_FAULTS, "late_error_502", "stale", "refuse_connection_before")
SWITCHES: dict[str, list[object]] = {
    "itemless_lines": ["kept", "replaced", "ignored"],
    "line_ids": ["kept", "renewed"],
    "payment_moves_updated_at": [True, False],
    "payment_edit_moves_updated_at": [True, False],
    "invoice_list_shape": ["wrapped", "array"],
    "requestid_memory_seconds": [86400, 0],
    "void_note": ["replaced", "kept_behind"],
    "sale_noop_bumps": [False, True],
    "cdc_rows": ["query", "read"],
    "cdc_limit_keeps": ["newest", "oldest"],
    "merge_moves": ["silently", "time", "version"],
    "merge_new_version": [True, False],
    "merged_away": ["inactive", "gone"],
    "due_date_absent": ["omitted", "null"],
}

COPERNIQ_STEPS = {
    "make": 4,
    "relist": 4,
    "reprice": 4,
    "redate": 4,
    "rename": 4,
    "decline": 1,
    "pay": 6,
    "correct_payment": 1,
    "remove_payment": 1,
}
QUICKBOOKS_STEPS = {
    "write": 4,
    "type_twice": 1,
    "rewrite": 4,
    "requote": 3,
    "discount": 2,
    "put_off": 4,
    "note": 4,
    "renumber": 2,
    "void": 1,
    "delete": 1,
    "receive": 5,
    "advance": 2,
    "apply_advance": 2,
    "correct_receipt": 1,
    "move_receipt": 1,
    "deposit": 1,
    "credit": 1,
    "void_receipt": 1,
    "delete_receipt": 1,
    "call_otherwise": 1,
    "merge": 1,
}
BETWEEN = {"poll": 9, "look": 6, "deliver": 11, "turn": 2, "wait": 12, "lose_news": 1}
TROUBLE = {"fault": 4, "coperniq_fault": 4, "crash": 4}
PEOPLE = {"decide": 5}
CALM = {"make": 4, "redate": 3, "rename": 3, "pay": 5, "write": 4, "put_off": 3, "note": 3, "receive": 5}
"""Everyday work: nothing is taken back, and no line is edited after it was paid or had to be put together."""


class TwoWayChance(Chance):
    def pick(self, weights: dict[str, int]) -> str:
        return self.choices(list(weights), list(weights.values()))[0]

    def history(self, length: int = 50, *, trouble: bool = True, people: bool = True) -> list[Step]:
        weights = {**COPERNIQ_STEPS, **QUICKBOOKS_STEPS, **BETWEEN}
        weights |= TROUBLE if trouble else {}
        weights |= PEOPLE if people else {}
        steps: list[Step] = [("make", *self.of_make()), ("write", *self.of_write()), ("poll",), ("look",)]
        while len(steps) < length:
            verb = self.pick(weights)
            steps.append((verb, *getattr(self, f"of_{verb}", self.of_none)()))
        return steps

    def edits(self, length: int, kinds: dict[str, int] | None = None) -> list[Step]:
        """Of people alone, and nobody merges anything."""
        weights = kinds or {**COPERNIQ_STEPS, **QUICKBOOKS_STEPS, "merge": 0, "type_twice": 0}
        steps: list[Step] = [("make", *self.of_make()), ("write", *self.of_write())]
        while len(steps) < length:
            verb = self.pick(weights)
            steps.append((verb, *getattr(self, f"of_{verb}", self.of_none)()))
        return steps

    def of_none(self) -> tuple[Any, ...]:
        return ()

    def which(self) -> tuple[Any, ...]:
        return (self.randint(0, 9),)

    # Coperniq

    def rows(self) -> list[tuple[str, int, Decimal]]:
        found = [
            (self.choice(AT_COPERNIQ), self.randint(1, 40), self.price())
            for _ in range(self.choice([1, 1, 2, 3, 5]))
        ]
        total = sum((quantity * price for _, quantity, price in found), Decimal(0))
        return found + ([("Discount", 1, -min(self.price(), total))] if self.random() < 0.2 else [])

    def text(self) -> str:
        return "".join(self.choices("abc é'\"\\:&#", k=self.randint(0, 12)))

    def day(self) -> str:
        return f"{PEOPLES_YEAR}-{self.randint(1, 12):02d}-{self.randint(1, 28):02d}"

    def of_make(self) -> tuple[Any, ...]:
        return self.randint(0, 1), self.rows(), self.choice(["", self.day()]), self.text()

    def of_relist(self) -> tuple[Any, ...]:
        return (*self.which(), self.rows())

    def of_reprice(self) -> tuple[Any, ...]:
        return (*self.which(), self.randint(1, 30), self.price())

    def of_redate(self) -> tuple[Any, ...]:
        return (*self.which(), self.day())

    def of_rename(self) -> tuple[Any, ...]:
        return (*self.which(), self.text())

    of_decline = which

    def of_pay(self) -> tuple[Any, ...]:
        return (*self.which(), Decimal(self.choice(SHARES)))

    def of_correct_payment(self) -> tuple[Any, ...]:
        return (*self.which(), Decimal(self.choice(SHARES)))

    of_remove_payment = which

    # QuickBooks

    def sold(self) -> list[dict[str, Any]]:
        """Fractions, the same item twice, and now and then words between the lines."""
        found: list[dict[str, Any]] = [
            {
                "item": self.choice(IN_QUICKBOOKS),
                "quantity": Decimal(self.choice(QUANTITIES)),
                "price": self.price(),
                "description": self.text(),
            }
            for _ in range(self.choice([1, 1, 2, 3, 4]))
        ]
        return found + ([{"text": "as agreed"}] if self.random() < 0.2 else [])

    def off(self) -> dict[str, Any]:
        if self.random() < 0.5:
            return {"percent": self.choice(["10", "12.5", "33.33"])}
        return {"amount": Decimal(self.choice([1, 99, 1234])) / 100}

    def of_write(self) -> tuple[Any, ...]:
        fields: dict[str, Any] = {"lines": self.sold()}
        fields |= {"due": self.day()} if self.random() < 0.6 else {}
        fields |= {"note": self.text()} if self.random() < 0.6 else {}
        fields |= {"discount": self.off()} if self.random() < 0.3 else {}
        return self.randint(0, 3), fields

    def of_rewrite(self) -> tuple[Any, ...]:
        return (*self.which(), self.sold())

    def of_requote(self) -> tuple[Any, ...]:
        return (*self.which(), Decimal(self.choice(QUANTITIES)), self.price())

    def of_discount(self) -> tuple[Any, ...]:
        return (*self.which(), self.choice([None, self.off()]))

    def of_put_off(self) -> tuple[Any, ...]:
        return (*self.which(), self.day())

    def of_note(self) -> tuple[Any, ...]:
        return (*self.which(), self.text())

    def of_renumber(self) -> tuple[Any, ...]:
        return (*self.which(), f"R-{self.randint(1, 10**6)}")

    of_void = of_delete = which

    def of_receive(self) -> tuple[Any, ...]:
        return (*self.which(), self.choice([1, 1, 1, 2, 3]), Decimal(self.choice(SHARES)))

    def of_advance(self) -> tuple[Any, ...]:
        return (*self.which(), Decimal(self.choice(SHARES)))

    def of_apply_advance(self) -> tuple[Any, ...]:
        return self.randint(0, 9), self.randint(0, 9)

    def of_type_twice(self) -> tuple[Any, ...]:
        return self.randint(0, 1), self.rows()

    def of_correct_receipt(self) -> tuple[Any, ...]:
        return (*self.which(), Decimal(self.choice(SHARES)))

    def of_move_receipt(self) -> tuple[Any, ...]:
        return (*self.which(), self.randint(0, 9), Decimal(self.choice(["0", "0.5", "1"])))

    def of_deposit(self) -> tuple[Any, ...]:
        return (*self.which(), Decimal(self.choice(["0", "0.25", "0.5"])))

    def of_credit(self) -> tuple[Any, ...]:
        return (*self.which(), Decimal(self.choice(SHARES)))

    of_void_receipt = of_delete_receipt = which

    def of_call_otherwise(self) -> tuple[Any, ...]:
        return self.randint(0, 3), f"Called {self.randint(1, 10**6)}"

    def of_merge(self) -> tuple[Any, ...]:
        return self.randint(0, 3), self.randint(0, 5)

    # in between

    def of_fault(self) -> tuple[Any, ...]:
        return self.choice(QUICKBOOKS_FAULTS), self.randint(1, 3), self.randint(0, 4)

    def of_coperniq_fault(self) -> tuple[Any, ...]:
        return self.choice(COPERNIQ_FAULTS), self.randint(1, 2), self.randint(0, 3)

    def of_crash(self) -> tuple[Any, ...]:
        return (self.randint(0, 14),)

    def of_deliver(self) -> tuple[Any, ...]:
        """Luck for each event: 0 lost, 1 once, 2 twice, 3 later; and in which order and words."""
        luck = self.choices([0, 1, 2, 3], [2, 10, 2, 3], k=20)
        return luck, self.random() < 0.4, self.choice(["cloudevents", "legacy"])

    def of_wait(self) -> tuple[Any, ...]:
        return (self.choice([1, 5, 30, 150, 150, 300, 1000]),)

    def of_decide(self) -> tuple[Any, ...]:
        return self.randint(0, 9), self.randint(0, 9)
