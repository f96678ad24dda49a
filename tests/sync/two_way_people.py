"""What people do at both vendors in a random history; what there is nothing of for a step changes nothing."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from integrations.sync.engine.coperniq_texts import description_of, parts_of
from tests.sync.histories import cents
from tests.sync.two_way_view import MOST_INVOICES, People, Row, is_kept, share_of


class AtCoperniq(People):
    def make(self, where: int, rows: list[Any], due: str, memo: str) -> str:
        if len(self.in_coperniq()) >= MOST_INVOICES:
            return "enough"
        fields: Row = {"description": memo, **({"dueDate": due} if due else {})}
        made = self.harnesses[where].invoice(*rows, **fields)
        return self.edited("coperniq", "invoice", made["id"])

    def edit(self, invoice: Row | None, **fields: Any) -> str:
        if invoice is None:
            return "none"
        self.harness.edit(invoice, **fields)
        return self.edited("coperniq", "invoice", invoice["id"])

    def relist(self, which: int, rows: list[Any]) -> str:
        return self.edit(self.some_invoice(which), lineItems=[self.harness.line(*row) for row in rows])

    def reprice(self, which: int, quantity: int, price: Decimal) -> str:
        invoice = self.some_invoice(which)
        if invoice is None or not invoice["lineItems"]:
            return "none"
        names = ("id", "catalogItemId", "quantity", "unitPrice", "description")
        first, *others = [{name: row[name] for name in names} for row in invoice["lineItems"]]
        return self.edit(invoice, lineItems=[{**first, "quantity": quantity, "unitPrice": price}, *others])

    def redate(self, which: int, due: str) -> str:
        return self.edit(self.some_invoice(which), dueDate=due)

    def rename(self, which: int, memo: str) -> str:
        """A person leaves the portal's own number and mark where they stand."""
        invoice = self.some_invoice(which)
        if invoice is None:
            return "none"
        now = parts_of(invoice["description"] or "", numbered=True)
        return self.edit(invoice, description=description_of(now.number, memo, now.tag))

    def decline(self, which: int) -> str:
        invoice = self.some_invoice(which)
        if invoice is None:
            return "none"
        self.harness.act(invoice, "decline")
        return self.edited("coperniq", "invoice", invoice["id"])

    def pay(self, which: int, share: Decimal) -> str:
        invoice = self.some_invoice(which)
        amount = share_of(cents(invoice["amount"]) - cents(invoice["amountPaid"]), share) if invoice else 0
        if invoice is None or amount <= 0:
            return "nothing open"
        made = self.harness.pay(invoice, amount)
        return self.edited("coperniq", "payment", made["id"]) + f" of {amount} on {invoice['id']}"

    def correct_payment(self, which: int, share: Decimal) -> str:
        found = self.some_payment(which)
        amount = share_of(cents(found[1]["amount"]), share) if found else 0
        if found is None or amount <= 0:
            return "none"
        self.harness.change_payment(*found, amount=amount)
        return self.edited("coperniq", "payment", found[1]["id"])

    def remove_payment(self, which: int) -> str:
        found = self.some_payment(which)
        if found is None:
            return "none"
        self.harness.remove_payment(*found)
        return self.edited("coperniq", "payment", found[1]["id"])


class InQuickBooks(People):
    def write(self, where: int, fields: Row) -> str:
        if len(self.books("Invoice")) >= MOST_INVOICES:
            return "enough"
        made = self.control("invoices", {"customer": self.customers[where], **fields})
        return self.edited("quickbooks", "invoice", made["Id"])

    def type_twice(self, where: int, rows: list[Any]) -> str:
        """The office and the bookkeeper type the same bill before either has seen the other's."""
        total = sum(quantity * price for _, quantity, price in rows)
        most = max(len(self.books("Invoice")), len(self.in_coperniq()))
        if most >= MOST_INVOICES or total <= 0:
            return "enough"
        ours = self.harnesses[where].invoice(*rows)
        line = {"item": "Permit", "quantity": 1, "price": total}
        theirs = self.control("invoices", {"customer": self.customers[2 * where + 1], "lines": [line]})
        return (
            self.edited("coperniq", "invoice", ours["id"])
            + " = "
            + self.edited("quickbooks", "invoice", theirs["Id"])
        )

    def change(self, document: Row | None, **fields: Any) -> str:
        if document is None:
            return "none"
        self.control(f"invoices/{document['Id']}", fields, "PATCH")
        return self.edited("quickbooks", "invoice", document["Id"])

    def rewrite(self, which: int, lines: list[Row]) -> str:
        return self.change(self.some_document(which), lines=lines)

    def requote(self, which: int, quantity: Decimal, price: Decimal) -> str:
        """The first line gets another quantity and price, and stays the same line."""
        document = self.some_document(which)
        lines = [row for row in document["Line"] if "Id" in row] if document else []
        sold = [row for row in lines if row["DetailType"] == "SalesItemLineDetail"]
        if not sold:
            return "none"
        named = sold[0]["SalesItemLineDetail"].get("ItemRef", {}).get("value", "Permit")
        first = {"id": sold[0]["Id"], "item": named, "quantity": quantity, "price": price}
        rest = [{"id": row["Id"], "keep": True} for row in lines if row is not sold[0] and is_kept(row)]
        return self.change(document, lines=[first, *rest])

    def discount(self, which: int, off: Row | None) -> str:
        return self.change(self.some_document(which), discount=off)

    def put_off(self, which: int, due: str) -> str:
        return self.change(self.some_document(which), due=due)

    def note(self, which: int, text: str) -> str:
        """A person leaves the portal's own line where it stands."""
        document = self.some_document(which)
        if document is None:
            return "none"
        own = [line for line in document.get("PrivateNote", "").split("\n") if line.startswith("[Coperniq")]
        return self.change(document, note="\n".join([text, *own]))

    def renumber(self, which: int, number: str) -> str:
        return self.change(self.some_document(which), number=number)

    def void(self, which: int) -> str:
        document = self.some_document(which)
        if document is None:
            return "none"
        self.control(f"invoices/{document['Id']}/void")
        return self.edited("quickbooks", "invoice", document["Id"])

    def delete(self, which: int) -> str:
        document = self.some_document(which)
        if document is None:
            return "none"
        self.control(f"records/Invoice/{document['Id']}", None, "DELETE")
        return self.edited("quickbooks", "invoice", document["Id"])

    def receive(self, which: int, count: int, share: Decimal) -> str:
        """One payment for several invoices of one customer."""
        rows = [row for row in self.books("Invoice") if cents(row["Balance"]) > 0]
        if not rows:
            return "nothing open"
        first = rows[which % len(rows)]
        same = [row for row in rows if row["CustomerRef"]["value"] == first["CustomerRef"]["value"]]
        paid = [first, *(row for row in same if row is not first)][:count]
        shares = {row["Id"]: share_of(cents(row["Balance"]), share) for row in paid}
        invoices = [{"id": id_, "amount": amount} for id_, amount in shares.items() if amount > 0]
        if not invoices:
            return "nothing to pay"
        made = self.control("payments", {"customer": first["CustomerRef"]["value"], "invoices": invoices})
        return self.edited("quickbooks", "payment", made["Id"]) + f" of {shares}"

    def advance(self, which: int, share: Decimal) -> str:
        """Money for the customer of an invoice, which is not applied to any yet."""
        rows = [row for row in self.books("Invoice") if share_of(cents(row["Balance"]), share) > 0]
        if not rows:
            return "nothing open"
        first = rows[which % len(rows)]
        amount = share_of(cents(first["Balance"]), share)
        made = self.control("payments", {"customer": first["CustomerRef"]["value"], "amount": amount})
        return self.edited("quickbooks", "payment", made["Id"]) + f" of {amount}"

    def apply_advance(self, which: int, into: int) -> str:
        receipts = [row for row in self.books("Payment") if row["UnappliedAmt"] > 0]
        if not receipts:
            return "nothing unapplied"
        receipt = receipts[which % len(receipts)]
        kept = {
            row["LinkedTxn"][0]["TxnId"]: row["Amount"] for row in receipt["Line"] if row.get("LinkedTxn")
        }
        rows = [row for row in self.books("Invoice") if cents(row["Balance"]) > 0 and row["Id"] not in kept]
        rows = [row for row in rows if row["CustomerRef"]["value"] == receipt["CustomerRef"]["value"]]
        if not rows:
            return "nothing open"
        paid = rows[into % len(rows)]
        share = min(receipt["UnappliedAmt"], paid["Balance"])
        invoices = [{"id": id_, "amount": amount} for id_, amount in {**kept, paid["Id"]: share}.items()]
        self.control(f"payments/{receipt['Id']}", {"invoices": invoices}, "PATCH")
        return self.edited("quickbooks", "payment", receipt["Id"]) + f" {share} to {paid['Id']}"

    def correct_receipt(self, which: int, share: Decimal) -> str:
        receipt = self.some_receipt(which)
        if receipt is None:
            return "none"
        rows = [row for row in receipt["Line"] if row.get("LinkedTxn")]
        shares = {row["LinkedTxn"][0]["TxnId"]: share_of(cents(row["Amount"]), share) for row in rows}
        invoices = [{"id": id_, "amount": amount} for id_, amount in shares.items() if amount > 0]
        if not invoices:
            return "none"
        total = sum(row["amount"] for row in invoices)
        self.control(f"payments/{receipt['Id']}", {"invoices": invoices, "amount": total}, "PATCH")
        return self.edited("quickbooks", "payment", receipt["Id"])

    def move_receipt(self, which: int, onto: int, share: Decimal) -> str:
        """To an invoice of the same customer, all of it or a part; of no share the payment waits with the customer."""
        receipt = self.some_receipt(which)
        if receipt is None:
            return "none"
        customer = receipt["CustomerRef"]["value"]
        rows = [row for row in self.books("Invoice") if row["CustomerRef"]["value"] == customer]
        moved = share_of(cents(receipt["TotalAmt"]), share)
        if not rows or (share and not moved):
            return "nowhere to move it"
        shares = [{"id": rows[onto % len(rows)]["Id"], "amount": moved}] if moved else []
        first = next((row["LinkedTxn"][0] for row in receipt["Line"] if row.get("LinkedTxn")), None)
        if moved and first and 0 < share < 1 and first["TxnId"] != shares[0]["id"]:
            shares.insert(0, {"id": first["TxnId"], "amount": moved})
        total = Decimal(str(receipt["TotalAmt"]))
        self.control(f"payments/{receipt['Id']}", {"invoices": shares, "amount": total}, "PATCH")
        return self.edited("quickbooks", "payment", receipt["Id"]) + f" to {shares}"

    def deposit(self, which: int, share: Decimal) -> str:
        document = self.some_document(which)
        if document is None:
            return "none"
        amount = share_of(cents(document["TotalAmt"]), share)
        self.control(f"records/Invoice/{document['Id']}", {"Deposit": amount}, "PATCH")
        return self.edited("quickbooks", "invoice", document["Id"]) + f" {amount}"

    def credit(self, which: int, share: Decimal) -> str:
        """A credit memo, applied to the invoice at once."""
        rows = [row for row in self.books("Invoice") if cents(row["Balance"]) > 0]
        amount = share_of(cents(rows[which % len(rows)]["Balance"]), share) if rows else 0
        if not rows or amount <= 0:
            return "nothing open"
        document = rows[which % len(rows)]
        item = {"ItemRef": {"value": self.books("Item")[0]["Id"]}}
        line = {"DetailType": "SalesItemLineDetail", "Amount": amount, "SalesItemLineDetail": item}
        made = self.simulator.in_books(
            self.portal.realm, "CreditMemo", CustomerRef=document["CustomerRef"], Line=[line]
        )
        self.control(f"creditmemos/{made['Id']}/apply", {"invoice": document["Id"]})
        return self.edited("quickbooks", "invoice", document["Id"]) + f" {amount}"

    def void_receipt(self, which: int) -> str:
        receipt = self.some_receipt(which)
        if receipt is None:
            return "none"
        self.control(f"payments/{receipt['Id']}/void")
        return self.edited("quickbooks", "payment", receipt["Id"])

    def delete_receipt(self, which: int) -> str:
        receipt = self.some_receipt(which)
        if receipt is None:
            return "none"
        self.control(f"records/Payment/{receipt['Id']}", None, "DELETE")
        return self.edited("quickbooks", "payment", receipt["Id"])

    def call_otherwise(self, which: int, name: str) -> str:
        self.control(f"records/Customer/{self.customers[which]}", {"DisplayName": name}, "PATCH")
        return f"customer {self.customers[which]}"

    def merge(self, which: int, into: int) -> str:
        """A stranger goes into one of ours, or one of ours into a stranger or another of ours."""
        away, survivor = self.customers[which], self.customers[into]
        self.control("merge/Customer", {"from": away, "into": survivor})
        return f"customer {away} into {survivor}"
