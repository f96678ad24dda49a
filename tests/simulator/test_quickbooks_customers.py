"""Customers, their names and their jobs."""

from __future__ import annotations

from datetime import timedelta

import pytest

from simulator.world import World
from tests.simulator.clients import Books, Json, document, problem


def test_a_new_customer_comes_back_as_the_recording_of_2026_has_it(books: Books) -> None:
    answer = books.post(
        "customer",
        {
            "DisplayName": "Test Customer May 2026",
            "GivenName": "Test",
            "FamilyName": "Customer",
            "PrimaryEmailAddr": {"Address": "testcustomer@example.com"},
            "PrimaryPhone": {"FreeFormNumber": "(555) 555-1234"},
            "BillAddr": {"Line1": "123 Test Street", "City": "Mountain View", "CountrySubDivisionCode": "CA"},
            "Notes": "note",
        },
    )
    found = document(answer)["Customer"]
    assert answer.status_code == 200
    assert set(found) == {
        "Taxable",
        "BillAddr",
        "Notes",
        "Job",
        "BillWithParent",
        "Balance",
        "BalanceWithJobs",
        "CurrencyRef",
        "PreferredDeliveryMethod",
        "IsProject",
        "domain",
        "sparse",
        "Id",
        "SyncToken",
        "MetaData",
        "GivenName",
        "FamilyName",
        "FullyQualifiedName",
        "DisplayName",
        "PrintOnCheckName",
        "Active",
        "PrimaryPhone",
        "PrimaryEmailAddr",
        "DefaultTaxCodeRef",
    }
    assert (found["Id"], found["SyncToken"], found["domain"], found["sparse"]) == ("1", "0", "QBO", False)
    assert found["PrintOnCheckName"] == "Test Customer"
    assert found["FullyQualifiedName"] == "Test Customer May 2026"
    assert found["CurrencyRef"] == {"value": "USD", "name": "United States Dollar"}
    assert (found["Taxable"], found["Job"], found["BillWithParent"], found["IsProject"]) == (
        True,
        False,
        False,
        False,
    )
    assert found["PreferredDeliveryMethod"] == "Print"
    assert (found["Balance"], found["BalanceWithJobs"]) == (0, 0)
    assert found["BillAddr"]["Id"].isdigit()
    assert found["MetaData"]["CreateTime"] == found["MetaData"]["LastUpdatedTime"]


def test_absent_fields_are_left_out_never_null(books: Books) -> None:
    found = books.customer("Bare", Notes=None, GivenName="", PrimaryPhone={"FreeFormNumber": ""}, BillAddr={})
    assert None not in found.values()
    assert not {"Notes", "GivenName", "PrimaryPhone", "BillAddr", "Level", "ParentRef"} & set(found)


def test_a_company_without_sales_tax_gives_no_tax_code(books: Books) -> None:
    books.client.patch(f"/_control/quickbooks/{books.realm}", json={"using_sales_tax": False})
    found = books.customer("Untaxed")
    assert found["Taxable"] is False
    assert "DefaultTaxCodeRef" not in found


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"GivenName": "Ann", "FamilyName": "Lee"}, "Ann Lee"),
        ({"GivenName": "Ann", "FamilyName": "Lee", "CompanyName": "Lee Ltd"}, "Lee Ltd"),
        ({}, "Shown"),
        ({"PrintOnCheckName": "Chosen"}, "Chosen"),
    ],
)
def test_print_on_check_name_is_derived(books: Books, fields: dict[str, str], expected: str) -> None:
    assert books.customer("Shown", **fields)["PrintOnCheckName"] == expected


def test_the_display_name_is_built_from_the_parts(books: Books) -> None:
    parts = {"Title": "Dr.", "GivenName": "Ann", "MiddleName": "B.", "FamilyName": "Lee", "Suffix": "Jr."}
    answer = books.post("customer", parts)
    assert document(answer)["Customer"]["DisplayName"] == "Dr. Ann B. Lee Jr."


@pytest.mark.parametrize("body", [{}, {"CompanyName": "Only A Company"}, {"Notes": "x"}, {"DisplayName": ""}])
def test_some_part_of_a_name_is_required(books: Books, body: dict[str, str]) -> None:
    answer = books.post("customer", body)
    assert (answer.status_code, problem(answer)["code"]) == (400, "6080")


@pytest.mark.parametrize("name", ["Smith: Roof", "Tab\tName", "New\nLine"])
@pytest.mark.parametrize("field", ["DisplayName", "GivenName", "FamilyName"])
def test_colon_tab_and_newline_are_forbidden_in_names(books: Books, field: str, name: str) -> None:
    answer = books.post("customer", {"DisplayName": "Fine", field: name})
    assert (answer.status_code, problem(answer)["code"], problem(answer)["element"]) == (400, "2040", field)


def test_the_code_for_forbidden_characters_is_a_switch(books: Books, world: World) -> None:
    world.switches["forbidden_character_code"] = "6000"
    assert problem(books.post("customer", {"DisplayName": "a:b"}))["code"] == "6000"


LIMITS = {
    "DisplayName": 500,
    "Title": 16,
    "Suffix": 16,
    "GivenName": 100,
    "MiddleName": 100,
    "FamilyName": 100,
    "CompanyName": 100,
    "PrintOnCheckName": 110,
    "Notes": 2000,
    "ResaleNum": 16,
    "GSTIN": 15,
    "BusinessNumber": 10,
    "PrimaryPhone.FreeFormNumber": 30,
    "AlternatePhone.FreeFormNumber": 30,
    "Mobile.FreeFormNumber": 30,
    "Fax.FreeFormNumber": 30,
    "WebAddr.URI": 1000,
    "BillAddr.Line1": 500,
    "BillAddr.Line5": 500,
    "ShipAddr.City": 255,
    "BillAddr.Country": 255,
    "BillAddr.CountrySubDivisionCode": 255,
    "ShipAddr.PostalCode": 30,
}


def nested(path: str, value: str) -> Json:
    outer, _, inner = path.partition(".")
    return {outer: {inner: value}} if inner else {outer: value}


@pytest.mark.parametrize(("path", "limit"), LIMITS.items())
def test_a_text_may_be_as_long_as_its_limit_and_no_longer(books: Books, path: str, limit: int) -> None:
    name = {"DisplayName": "Long"}
    answer = books.post("customer", {**name, **nested(path, "x" * (limit + 1))})
    assert (answer.status_code, problem(answer)["code"], problem(answer)["element"]) == (400, "2050", path)
    assert books.post("customer", {**name, **nested(path, "x" * limit)}).status_code == 200


def test_an_email_has_at_most_a_hundred_characters(books: Books) -> None:
    address = "a@" + "b" * 95 + ".com"
    assert (
        problem(books.post("customer", {"DisplayName": "L", "PrimaryEmailAddr": {"Address": address}}))[
            "code"
        ]
        == "2050"
    )


def test_address_lines_share_two_thousand_characters(books: Books) -> None:
    lines = {f"Line{number}": "x" * 401 for number in range(1, 6)}
    assert problem(books.post("customer", {"DisplayName": "L", "BillAddr": lines}))["code"] == "2050"


def test_several_problems_come_in_one_fault(books: Books) -> None:
    body = {"DisplayName": "ok", "Title": "x" * 17, "PrimaryEmailAddr": {"Address": "nobody"}}
    errors = document(books.post("customer", body))["Fault"]["Error"]
    assert [error["code"] for error in errors] == ["2050", "2210"]


@pytest.mark.parametrize(
    "address", ["nobody", "a@b", "@b.com", "a b@c.com", "a@b.com; c@d.com", "a@b.com, nobody", "a@b."]
)
def test_an_email_needs_an_at_and_a_dot(books: Books, address: str) -> None:
    answer = books.post("customer", {"DisplayName": "Mail", "PrimaryEmailAddr": {"Address": address}})
    assert (answer.status_code, problem(answer)["code"]) == (400, "2210")


def test_several_emails_in_one_field_are_common(books: Books) -> None:
    both = {"Address": "a@example.com, b@example.com"}
    assert books.customer("Two", PrimaryEmailAddr=both)["PrimaryEmailAddr"] == both


@pytest.mark.parametrize(
    ("body", "unknown", "java"),
    [
        ({"DisplayName": "X", "Nickname": "y"}, "Nickname", "Customer"),
        ({"displayName": "X"}, "displayName", "Customer"),
        ({"Customer": {"DisplayName": "X"}}, "Customer", "Customer"),
        ({"DisplayName": "X", "PrimaryPhone": {"Number": "1"}}, "Number", "TelephoneNumber"),
        ({"DisplayName": "X", "BillAddr": {"Street": "1"}}, "Street", "PhysicalAddress"),
    ],
)
def test_unknown_properties_are_refused_in_the_words_of_the_recording(
    books: Books, body: Json, unknown: str, java: str
) -> None:
    answer = books.post("customer", body)
    detail = problem(answer)["Detail"]
    assert (answer.status_code, problem(answer)["code"]) == (400, "2010")
    assert problem(answer)["Message"] == "Request has invalid or unsupported property"
    assert detail.startswith(
        f'Property Name:Unrecognized field "{unknown}" (class com.intuit.schema.finance.v3.{java}), '
    )
    assert "not marked as ignorable (" in detail
    assert detail.endswith("\n specified is unsupported or invalid")
    assert "element" not in problem(answer)


@pytest.mark.parametrize(
    "body",
    [
        {"DisplayName": {"value": "x"}},
        {"DisplayName": ["x"]},
        {"DisplayName": "x", "PrimaryEmailAddr": "a@b.com"},
        {"DisplayName": "x", "Active": "perhaps"},
        {"DisplayName": "x", "SalesTermRef": "3"},
    ],
)
def test_values_of_the_wrong_type_are_refused(books: Books, body: Json) -> None:
    assert problem(books.post("customer", body))["code"] == "2010"


def test_a_body_must_be_a_json_object_and_say_so(books: Books) -> None:
    for more in ({"data": "{"}, {"data": "[1]"}):
        answer = books.call("POST", "customer", content_type="application/json", **more)
        assert (answer.status_code, problem(answer)["code"]) == (400, "2010")
    answer = books.call("POST", "customer", data='{"DisplayName":"x"}', content_type="text/plain")
    assert problem(answer)["code"] == "2010"


def test_known_read_only_properties_are_ignored_without_a_word(books: Books) -> None:
    found = books.customer(
        "Quiet",
        FullyQualifiedName="Loud",
        Level=3,
        BalanceWithJobs=99,
        IsProject=True,
        MetaData={"CreateTime": "1999-01-01T00:00:00-08:00"},
        domain="XYZ",
        V4IDPseudonym="abc",
    )
    assert found["FullyQualifiedName"] == "Quiet"
    assert found["BalanceWithJobs"] == 0
    assert found["IsProject"] is False
    assert not found["MetaData"]["CreateTime"].startswith("1999")
    assert found["domain"] == "QBO"
    assert "Level" not in found


def test_an_opening_balance_counts_on_creation_only(books: Books) -> None:
    created = books.customer("Owing", Balance=12.5, OpenBalanceDate="2026-01-01")
    assert str(created["Balance"]) == "12.50"
    changed = books.changed(created, Balance=900, Notes="x")
    assert str(changed["Balance"]) == "12.50"


def test_the_date_of_the_opening_balance_cannot_be_changed_later(books: Books) -> None:
    created = books.customer("Owing", Balance=5, OpenBalanceDate="2026-01-01")
    changed = books.changed(created, OpenBalanceDate="2026-02-02", Notes="x")
    assert changed["OpenBalanceDate"] == "2026-01-01"


def test_truth_may_come_as_a_word(books: Books) -> None:
    assert books.customer("Wordy", Taxable="false", BillWithParent="TRUE")["Taxable"] is False


def test_money_keeps_its_trailing_zeros_on_the_wire(books: Books) -> None:
    answer = books.post("customer", {"DisplayName": "Owing", "Balance": 639})
    assert '"Balance":639.00,' in answer.text


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("OpenBalanceDate", "01/02/2026", "2060"),
        ("Balance", "much", "2140"),
        ("PreferredDeliveryMethod", "Pigeon", "2170"),
        ("CurrencyRef", {"value": "EUR"}, "2220"),
        ("SalesTermRef", {"value": "99"}, "610"),
        ("PaymentMethodRef", {"value": "99"}, "610"),
    ],
)
def test_each_kind_of_bad_value_has_its_code(books: Books, field: str, value: object, code: str) -> None:
    assert problem(books.post("customer", {"DisplayName": "x", field: value}))["code"] == code


def test_references_come_back_without_a_name(books: Books) -> None:
    found = books.customer("Termed", SalesTermRef={"value": "4", "name": "whatever"})
    assert found["SalesTermRef"] == {"value": "4"}


def test_the_currency_is_fixed_once_set(books: Books) -> None:
    books.client.patch(f"/_control/quickbooks/{books.realm}", json={"multicurrency": True})
    created = books.customer("Euro", CurrencyRef={"value": "EUR"})
    assert created["CurrencyRef"] == {"value": "EUR", "name": "Euro"}
    assert books.changed(created, CurrencyRef={"value": "USD"}, Notes="n")["CurrencyRef"]["value"] == "EUR"
    home = books.customer("Home")
    assert books.changed(home, CurrencyRef={"value": "EUR"}, Notes="n")["CurrencyRef"]["value"] == "USD"


def test_tax_identifiers_come_back_masked_and_a_masked_one_written_back_destroys_the_real_one(
    books: Books,
) -> None:
    created = books.customer("Taxed", PrimaryTaxIdentifier="99-1234567")
    assert created["PrimaryTaxIdentifier"] == "XXXXX34567"
    assert raw(books, created)["PrimaryTaxIdentifier"] == "99-1234567"
    books.changed(created, PrimaryTaxIdentifier=created["PrimaryTaxIdentifier"])
    assert raw(books, created)["PrimaryTaxIdentifier"] == "XXXXX34567"


def raw(books: Books, record: Json) -> Json:
    state = document(books.client.get("/_control/state"))["quickbooks"][books.realm]["Customer"]
    found: Json = next(one for one in state if one["Id"] == record["Id"])
    return found


def test_letters_of_every_script_survive(books: Books) -> None:
    assert books.customer("Žofia Łąka 太陽 ☀")["DisplayName"] == "Žofia Łąka 太陽 ☀"


def test_write_read_and_query_show_different_fields(books: Books) -> None:
    created = books.customer("Three Roads")
    read = books.read(created)
    queried = document(books.query("SELECT * FROM Customer"))["QueryResponse"]["Customer"][0]
    assert set(read) - set(created) == {"V4IDPseudonym"}
    assert set(queried) - set(read) == {"ClientEntityId"}
    assert set(read) - set(queried) == {"DefaultTaxCodeRef"}
    assert queried["ClientEntityId"] == "0"


def test_a_query_shows_the_tax_code_that_somebody_chose(books: Books) -> None:
    books.customer("Chosen", DefaultTaxCodeRef={"value": "3"})
    rows = document(books.query("SELECT * FROM Customer"))["QueryResponse"]["Customer"]
    assert rows[0]["DefaultTaxCodeRef"] == {"value": "3"}


def test_address_ids_do_not_stay(books: Books) -> None:
    created = books.customer("Addressed", BillAddr={"Line1": "1 Road"})
    changed = books.changed(created, Notes="x")
    assert changed["BillAddr"]["Line1"] == "1 Road"
    assert changed["BillAddr"]["Id"] != created["BillAddr"]["Id"]


TAKEN = "The name supplied already exists. : "


def test_a_second_customer_of_the_name_is_6240_in_the_recorded_words(books: Books) -> None:
    books.customer("Ann Lee")
    answer = books.post("customer", {"DisplayName": "Ann Lee"})
    assert answer.status_code == 400
    assert document(answer)["Fault"]["type"] == "ValidationFault"
    assert problem(answer) == {
        "Message": "Duplicate Name Exists Error",
        "Detail": TAKEN + "Another customer is already using this name. Please use a different name.",
        "code": "6240",
        "element": "",
    }


def test_the_other_recorded_tail_is_the_word_null_without_element(books: Books, world: World) -> None:
    world.switches["duplicate_name_tail"] = "null"
    books.customer("Ann Lee")
    found = problem(books.post("customer", {"DisplayName": "Ann Lee"}))
    assert (found["Detail"], "element" in found) == (TAKEN + "null", False)


@pytest.mark.parametrize("entity", ["Customer", "Vendor", "Employee"])
def test_the_refusal_may_name_the_holder(books: Books, world: World, entity: str) -> None:
    world.switches["duplicate_name_tail"] = "id"
    books.customer("Somebody Else")
    holder = document(books.person(entity, DisplayName="Ann Lee"))
    answers = [
        books.post("customer", {"DisplayName": "Ann Lee"}),
        books.change(books.customer("Bob"), DisplayName="ann lee"),
    ]
    assert [problem(one)["Detail"] for one in answers] == [f"{TAKEN}Id={holder['Id']}"] * 2
    item = {"Name": "Hours", "Type": "Service", "IncomeAccountRef": {"value": "1150040001"}}
    assert problem(books.post("item", item))["Detail"] == f"{TAKEN}Id=2"


LOOKALIKES = [
    ("Harbor  Coffee", "Harbor Coffee"),
    ("Jos\u00e9 P\u00e9rez", "Jose\u0301 Pe\u0301rez"),
    ("Harbor\u00a0Coffee", "Harbor Coffee"),
    ("\uff28arbor Coffee", "Harbor Coffee"),
]


@pytest.mark.parametrize(("name", "lookalike"), LOOKALIKES)
def test_names_that_look_alike_are_two_unless_switched(
    books: Books, world: World, name: str, lookalike: str
) -> None:
    assert books.customer(name)["DisplayName"] == name
    assert books.customer(lookalike)["DisplayName"] == lookalike
    assert books.found("SELECT * FROM Customer WHERE DisplayName = '" + lookalike + "'") == [lookalike]
    world.switches["lookalike_names"] = "same"
    third = books.customer("Third")
    assert problem(books.change(third, DisplayName=lookalike))["code"] == "6240"
    assert problem(books.person("Vendor", DisplayName=f"{name} "))["code"] == "6240"


@pytest.mark.parametrize("entity", ["Vendor", "Employee"])
def test_vendors_and_employees_share_the_names(books: Books, entity: str) -> None:
    assert books.person(entity, DisplayName="Shared Name").status_code == 200
    found = problem(books.post("customer", {"DisplayName": "Shared Name"}))
    assert found["code"] == "6240"
    assert found["Detail"].startswith(
        TAKEN + "Another customer, vendor or employee is already using this name."
    )
    books.customer("Mine")
    assert problem(books.person(entity, DisplayName="Mine"))["code"] == "6240"


def test_uniqueness_is_blind_to_case_unless_switched(books: Books, world: World) -> None:
    books.customer("ann lee")
    assert problem(books.post("customer", {"DisplayName": "Ann LEE"}))["code"] == "6240"
    world.switches["display_name_case_sensitive"] = True
    assert books.post("customer", {"DisplayName": "Ann LEE"}).status_code == 200


def test_a_name_built_from_parts_can_collide_too(books: Books) -> None:
    books.customer("Ann Lee")
    assert problem(books.post("customer", {"GivenName": "Ann", "FamilyName": "Lee"}))["code"] == "6240"


def test_renaming_onto_another_is_6240_and_changes_nothing(books: Books) -> None:
    books.customer("Ann")
    bob = books.customer("Bob")
    assert problem(books.change(bob, DisplayName="Ann", Notes="x"))["code"] == "6240"
    assert books.read(bob)["DisplayName"] == "Bob"
    assert "Notes" not in books.read(bob)


def test_keeping_ones_own_name_collides_with_nobody(books: Books) -> None:
    ann = books.customer("Ann")
    assert books.changed(ann, DisplayName="ANN")["DisplayName"] == "ANN"


def test_company_names_need_not_be_unique(books: Books) -> None:
    books.customer("One", CompanyName="Same")
    assert books.customer("Two", CompanyName="Same")["CompanyName"] == "Same"


def test_a_job_must_be_unique_on_its_own_unless_switched(books: Books, world: World) -> None:
    parent = books.customer("Parent")
    other = books.customer("Other")
    books.job("Roof", parent)
    answer = books.post("customer", {"DisplayName": "Roof", "Job": True, "ParentRef": {"value": other["Id"]}})
    assert problem(answer)["code"] == "6240"
    world.switches["job_names_unique"] = "within_parent"
    assert books.job("Roof", other)["FullyQualifiedName"] == "Other:Roof"
    again = {"DisplayName": "roof", "Job": True, "ParentRef": {"value": other["Id"]}}
    assert problem(books.post("customer", again))["code"] == "6240"


def test_an_inactive_customer_wears_the_suffix_and_stays_readable(books: Books) -> None:
    ann = books.customer("Ann", GivenName="Ann")
    gone = books.changed(ann, Active=False)
    assert (gone["DisplayName"], gone["FullyQualifiedName"], gone["Active"]) == (
        "Ann (deleted)",
        "Ann (deleted)",
        False,
    )
    assert (gone["SyncToken"], gone["PrintOnCheckName"]) == ("1", "Ann")
    assert books.read(ann)["Active"] is False


def test_an_inactive_customer_frees_its_name_unless_switched(books: Books, world: World) -> None:
    books.changed(books.customer("Ann"), Active=False)
    world.switches["inactive_name_frees"] = False
    assert problem(books.post("customer", {"DisplayName": "Ann"}))["code"] == "6240"
    world.switches["inactive_name_frees"] = True
    assert books.post("customer", {"DisplayName": "Ann"}).status_code == 200


def test_coming_back_needs_the_name_without_the_suffix(books: Books, world: World) -> None:
    gone = books.changed(books.customer("Ann"), Active=False)
    back = books.changed(gone, Active=True)
    assert (back["DisplayName"], back["Active"]) == ("Ann (deleted)", True)
    assert books.changed(back, DisplayName="Ann")["DisplayName"] == "Ann"
    gone = books.changed(books.customer("Bob"), Active=False)
    assert books.changed(gone, Active=True, DisplayName="Bob")["DisplayName"] == "Bob"
    world.switches["reactivation_strips_suffix"] = True
    gone = books.changed(books.customer("Cid"), Active=False)
    assert books.changed(gone, Active=True)["DisplayName"] == "Cid"


def test_coming_back_to_a_name_that_is_taken_is_6240(books: Books) -> None:
    gone = books.changed(books.customer("Ann"), Active=False)
    books.customer("Ann")
    assert problem(books.change(gone, Active=True, DisplayName="Ann"))["code"] == "6240"


@pytest.mark.parametrize("entity", ["Vendor", "Employee"])
def test_inactive_vendors_and_employees_wear_the_suffix_too(books: Books, entity: str) -> None:
    found = document(books.person(entity, DisplayName="Pat"))
    path = f"/_control/quickbooks/{books.realm}/records/{entity}/{found['Id']}"
    assert document(books.client.patch(path, json={"Active": False}))["DisplayName"] == "Pat (deleted)"


@pytest.mark.parametrize(
    ("entity", "suffix", "more"),
    [("Account", " (deleted)", {"AccountType": "Bank"}), ("PaymentMethod", " (Deleted)", {})],
)
def test_lists_wear_their_own_suffix(books: Books, entity: str, suffix: str, more: dict[str, str]) -> None:
    found = document(books.person(entity, Name="Thing", **more))
    path = f"/_control/quickbooks/{books.realm}/records/{entity}/{found['Id']}"
    assert document(books.client.patch(path, json={"Active": False}))["Name"] == "Thing" + suffix


def test_lists_want_a_name_of_their_own(books: Books) -> None:
    found = problem(books.person("Account", AccountType="Bank"))
    assert (found["code"], found["element"]) == ("2020", "Name")
    assert problem(books.person("Account", Name="services", AccountType="Income"))["code"] == "6240"


def balance(books: Books, id_: str, amount: int) -> None:
    path = f"/_control/quickbooks/{books.realm}/customers/{id_}/balance"
    assert books.client.post(path, json={"amount": amount}).status_code == 200


def test_a_job_tells_its_level_its_full_name_and_its_parent_without_name(books: Books) -> None:
    parent = books.customer("Freeman Sporting Goods")
    job = books.job("0969 Ocean View Road", parent, BillWithParent=True)
    assert (job["Job"], job["Level"], job["BillWithParent"]) == (True, 1, True)
    assert job["ParentRef"] == {"value": parent["Id"]}
    assert job["FullyQualifiedName"] == "Freeman Sporting Goods:0969 Ocean View Road"
    assert job["DisplayName"] == "0969 Ocean View Road"
    assert "Level" not in books.read(parent)


def test_job_and_parent_belong_together(books: Books, world: World) -> None:
    parent = books.customer("Ann")
    lonely = problem(books.post("customer", {"DisplayName": "Roof", "Job": True}))
    assert (lonely["code"], lonely["element"]) == ("2020", "ParentRef")
    body = {"DisplayName": "Roof", "ParentRef": {"value": parent["Id"]}}
    assert problem(books.post("customer", body))["element"] == "Job"
    world.switches["parent_without_job"] = "ignore"
    found = document(books.post("customer", body))["Customer"]
    assert (found["Job"], "ParentRef" in found) == (False, False)


def test_an_unknown_or_inactive_parent_is_610(books: Books) -> None:
    gone = books.changed(books.customer("Ann"), Active=False)
    for parent in (gone["Id"], "404"):
        body = {"DisplayName": "Roof", "Job": True, "ParentRef": {"value": parent}}
        assert problem(books.post("customer", body))["code"] == "610"


def test_five_levels_are_the_limit(books: Books) -> None:
    line = [books.customer("L0")]
    for level in range(1, 5):
        line.append(books.job(f"L{level}", line[-1]))
    assert line[-1]["Level"] == 4
    assert line[-1]["FullyQualifiedName"] == "L0:L1:L2:L3:L4"
    body = {"DisplayName": "L5", "Job": True, "ParentRef": {"value": line[-1]["Id"]}}
    assert problem(books.post("customer", body))["code"] == "6180"


def test_moving_a_family_counts_its_own_levels(books: Books) -> None:
    top = books.customer("Top")
    deep = books.job("L2", books.job("L1", top))
    family = books.customer("Family")
    books.job("Grandchild", books.job("Child", family))
    move = {"Job": True, "ParentRef": {"value": deep["Id"]}}
    assert problem(books.change(family, **move))["code"] == "6180"


def test_nobody_becomes_a_job_of_itself_or_of_its_own_job(books: Books) -> None:
    ann = books.customer("Ann")
    roof = books.job("Roof", ann)
    for parent in (ann, roof):
        answer = books.change(ann, Job=True, ParentRef={"value": parent["Id"]})
        assert problem(answer)["code"] == "6000"


def test_renaming_a_parent_moves_the_full_names_of_its_jobs_without_touching_them(
    books: Books, world: World
) -> None:
    ann = books.customer("Ann")
    roof = books.job("Roof", ann)
    world.clock.shift(timedelta(minutes=1))
    books.changed(ann, DisplayName="Anna")
    moved = books.read(roof)
    assert moved["FullyQualifiedName"] == "Anna:Roof"
    assert (moved["SyncToken"], moved["MetaData"]) == ("0", roof["MetaData"])


def test_a_job_moves_to_another_customer(books: Books) -> None:
    roof = books.job("Roof", books.customer("Ann"))
    bob = books.customer("Bob")
    assert books.changed(roof, ParentRef={"value": bob["Id"]})["FullyQualifiedName"] == "Bob:Roof"


def test_a_parents_balance_with_jobs_sums_the_jobs(books: Books) -> None:
    ann = books.customer("Ann")
    balance(books, books.job("Roof", ann)["Id"], 85)
    balance(books, books.job("Shed", ann)["Id"], 15)
    found = books.read(ann)
    assert (found["Balance"], str(found["BalanceWithJobs"])) == (0, "100.00")


def test_a_balance_moves_the_times_of_all_ancestors_and_no_sync_token(books: Books, world: World) -> None:
    ann = books.customer("Ann")
    roof = books.job("Roof", ann)
    tile = books.job("Tile", roof)
    bystander = books.job("Shed", ann)
    world.clock.shift(timedelta(minutes=1))
    balance(books, tile["Id"], 10)
    times = {books.read(one)["MetaData"]["LastUpdatedTime"] for one in (tile, roof, ann)}
    assert len(times) == 1
    assert times.pop() > ann["MetaData"]["LastUpdatedTime"]
    assert {books.read(one)["SyncToken"] for one in (tile, roof, ann)} == {"0"}
    assert books.read(bystander)["MetaData"] == bystander["MetaData"]


def test_a_parent_whose_job_owes_cannot_be_made_inactive(books: Books) -> None:
    ann = books.customer("Ann")
    balance(books, books.job("Roof", ann)["Id"], 10)
    assert problem(books.change(ann, Active=False))["code"] == "6220"


@pytest.mark.parametrize(("form", "active"), [("jobs_stay", True), ("jobs_follow", False)])
def test_jobs_of_a_parent_made_inactive_stay_or_follow(
    books: Books, world: World, form: str, active: bool
) -> None:
    world.switches["deactivating_parent"] = form
    ann = books.customer("Ann")
    tile = books.job("Tile", books.job("Roof", ann))
    books.changed(ann, Active=False)
    found = books.read(tile)
    assert found["Active"] is active
    assert found["SyncToken"] == ("0" if active else "1")
    assert found["DisplayName"] == ("Tile" if active else "Tile (deleted)")
