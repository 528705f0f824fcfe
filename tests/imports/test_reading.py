"""Files of any program become the same rows; what cannot be read is refused with its line and reason."""

from datetime import UTC, datetime

import pytest

from app.errors import InvalidRequest
from app.transfer.imports.reading import fields, layouts, rows, tables
from app.transfer.imports.reading.fields import Tool
from app.transfer.imports.reading.refusals import RowLeftOut, RowRefused
from app.transfer.imports.reading.rows import Reader

PEOPLE = "Email,First Name,Token\nada@example.com,Zoë,ada\nben@example.com,Ben,ben\n"


def reader(text: str | bytes, tool: Tool = "rewardful", *maps: str) -> tuple[Reader, list[tables.Line]]:
    """The lines of a file, and what reads them."""
    content = text.encode() if isinstance(text, str) else text
    table = tables.read_table(content, "list.csv")
    layout = layouts.recognize(tool, table.header, fields.parse_maps(maps), "list.csv")
    return Reader(layout, currency="usd"), list(table.lines())


@pytest.mark.parametrize(
    "content",
    [
        PEOPLE.encode(),
        PEOPLE.encode("utf-8-sig"),
        PEOPLE.encode("utf-16"),
        PEOPLE.encode("cp1252"),
        PEOPLE.replace("\n", "\r\n").encode(),
        PEOPLE.replace(",", ";").encode(),
        ("sep=;\r\n" + PEOPLE.replace(",", ";")).encode(),
        PEOPLE.replace(",", "\t").encode(),
        PEOPLE.replace("Zoë", '"Zoë"').replace("Email", '"Email"').encode(),
        PEOPLE.replace("Zoë", '="Zoë"').encode(),
        ("\n" + PEOPLE).lstrip("\n").replace("\nben", "\n\n,,\nben").encode(),
        PEOPLE.replace(",Token", ",Token,,").encode(),
    ],
    ids=["utf-8", "bom", "utf-16", "cp1252", "crlf", "semicolons", "sep", "tabs", "quotes", "marks", "blank", "commas"],
)
def test_same_list_of_any_program_gives_the_same_affiliates(content: bytes) -> None:
    reading, lines = reader(content)
    found = [reading.affiliate(line) for line in lines]
    assert [(one.email, one.first_name, one.codes) for one in found] == [
        ("ada@example.com", "Zoë", ("ada",)),
        ("ben@example.com", "Ben", ("ben",)),
    ]


def test_cells_with_quotes_commas_and_line_ends_keep_the_numbers_of_their_lines() -> None:
    text = 'Email,Name\n"ada@example.com","Lovelace, ""Ada""\nthe first"\nben@example.com,Ben\n'
    reading, lines = reader(text)
    assert [line.number for line in lines] == [2, 4]
    assert reading.affiliate(lines[0]).first_name == "Lovelace,"
    assert reading.affiliate(lines[0]).last_name == '"Ada" the first'


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"PK\x03\x04\x00\x00", "is no text"),
        (b'Email,Name\nada@example.com,"Ada\nben@example.com,Ben\n', "from line 2 on"),
        (b'Email,Name\nada@example.com,Ada\nben@example.com,"Ben"x\n', "from line 3 on"),
        (b"Email,Email\na@example.com,b@example.com\n", 'has the column "Email" twice'),
    ],
)
def test_file_that_would_lose_rows_is_refused_with_its_line(content: bytes, message: str) -> None:
    with pytest.raises(InvalidRequest, match=message) as refused:
        list(tables.read_table(content, "list.csv").lines())
    assert refused.value.code == "file_unreadable"


@pytest.mark.parametrize(
    ("line", "code", "field"),
    [
        (b"ada@example.com,Zo\xc3,ada", "encoding_broken", "affiliate_first_name"),
        (b"ada@example.com,Ada,ada,more", "cell_count", None),
        (b'ada@example.com,"=HYPERLINK(""https://evil.example"")",ada', "formula", "affiliate_first_name"),
        (b"ada@example.com,Ada,@SUM(1)", "formula", "affiliate_code"),
    ],
)
def test_line_that_is_damaged_is_refused_and_its_neighbours_are_not(line: bytes, code: str, field: str | None) -> None:
    content = "Email,First Name,Token\nzoe@example.com,Zoë Müller,zoe\n".encode() + line + b"\n"
    reading, (good, damaged) = reader(content)
    reading.check(good)
    assert reading.affiliate(good).first_name == "Zoë Müller"
    with pytest.raises(RowRefused) as refused:
        reading.check(damaged)
    assert (refused.value.code, refused.value.field) == (code, field)


@pytest.mark.parametrize(
    ("tool", "header", "contents"),
    [
        ("rewardful", "id,first_name,last_name,email,state,paypal_email,links,stripe_customer_id", "affiliates"),
        ("rewardful", "stripe_customer_id,first_name,last_name,email,token", "affiliates+customers"),
        ("rewardful", "id,stripe_customer_id,email,conversion_state,affiliate_email,created_at", "customers"),
        ("rewardful", "ID,Amount,Currency,State,Due At,Paid At,Affiliate Email", "commissions"),
        ("firstpromoter", "id,email,name,status,default_ref_id,referral_link", "affiliates"),
        ("firstpromoter", "id,email,uid,status,customer_since,ref_id,promoter_email", "customers"),
        ("firstpromoter", "id,status,amount,unit,is_paid,promoter_id,created_at", "commissions"),
        ("tolt", "id,first_name,last_name,email,status,link", "affiliates"),
        ("tolt", "id,email,customer_id,status,partner_id,created_at", "customers"),
        ("tolt", "id,amount,currency,status,partner_id,customer_id,created_at", "commissions"),
        ("csv", "affiliate_email,affiliate_code,affiliate_status,balance,currency", "affiliates+commissions"),
        ("csv", "affiliate_code,customer_id,customer_email,first_paid_at", "customers"),
    ],
)
def test_list_is_recognized_by_its_columns(tool: Tool, header: str, contents: str) -> None:
    layout = layouts.recognize(tool, header.split(","), fields.parse_maps([]), "list.csv")
    if contents == "affiliates+commissions":
        assert (layout.enrolls, layout.has_money, layout.has_customers) == (True, True, False)
    assert layout.contents == contents


@pytest.mark.parametrize(
    ("tool", "header", "maps", "message"),
    [
        (
            "rewardful",
            "Partner,Mail",
            [],
            'has no column for affiliate_email .*columns \\("Partner", "Mail"\\) .* --map \'Partner=affiliate_email\'',
        ),
        ("csv", "affiliate_email,amount", [], "has no column for commission_id"),
        ("csv", "affiliate_code", [], "has no column for affiliate_email .* or customer_email .* or amount"),
        ("rewardful", "Amount,Commission,Affiliate Email,ID", [], "are both read as amount"),
        (
            "csv",
            "affiliate_email,commission_id,amount,Owed",
            ["Owed=balance"],
            '"amount" and "Owed" .* only one of them',
        ),
        ("csv", "Mail", ["Mail"], "is no mapping"),
        ("csv", "Mail", ["Mail=email"], "unknown field 'email'"),
        ("csv", "Mail", ["Mail=affiliate_email:cents"], "affiliate_email takes none"),
        ("csv", "When", ["When=earned_at:cents"], "earned_at takes day-first or month-first"),
        ("csv", "Mail", ["Mail=affiliate_email", "mail=-"], "mapped twice"),
    ],
)
def test_column_that_is_needed_and_unknown_is_asked_for(tool: Tool, header: str, maps: list[str], message: str) -> None:
    with pytest.raises(InvalidRequest, match=message):
        layouts.recognize(tool, header.split(","), fields.parse_maps(maps), "list.csv")


def test_mapped_columns_go_before_known_ones_and_unread_ones_are_named() -> None:
    maps = ["Contact = affiliate_email", "email=-", "E-mail 2=customer_email"]
    layout = layouts.recognize("rewardful", ["Contact", "Email", "Token", "Phone"], fields.parse_maps(maps[:2]), "x")
    assert layout.unread == ("Email", "Phone")
    assert layout.places["affiliate_email"] == [0]
    with pytest.raises(InvalidRequest, match="no file has the column 'email2'"):
        layouts.refuse_unused(fields.parse_maps(maps), [["Contact", "Email"]])


def test_codes_are_taken_from_tokens_and_links_and_those_that_cannot_be_are_refused() -> None:
    text = (
        "Email,Tokens,Links\n"
        "ada@example.com,ADA|ada-2|a.b,"
        "https://x.example/?via=ada https://x.example/p?fp_ref=adal&utm=1 https://x.example/\n"
    )
    reading, [line] = reader(text)
    found = reading.affiliate(line)
    assert found.codes == ("ada", "ada-2", "adal")
    assert [(one.code, one.value) for one in found.refused] == [
        ("link_without_code", "https://x.example/"),
        ("code_invalid", "a.b"),
    ]


def test_customer_is_read_with_ids_stage_and_times() -> None:
    text = (
        "id,stripe_customer_id,email,conversion_state,became_conversion_at,created_at,affiliate_email\n"
        'r1,cus_1,Cleo@Example.com,conversion,"Aug 20, 2020","Aug 19, 2020",ada@example.com\n'
        "r2,,dan@example.com,lead,,,ada@example.com\n"
        "r3,,,visitor,,,ada@example.com\n"
        "r4,sub_1,,lead,,,ada@example.com\n"
        ",,,lead,,,ada@example.com\n"
        "r6,cus_6,,bought twice,,,ada@example.com\n"
    )
    reading, [cleo, dan, *others] = reader(text)
    assert reading.customer(cleo) == rows.CustomerRow(
        customer_id=None,
        source_id="r1",
        stripe_customer_id="cus_1",
        email="cleo@example.com",
        stage="paying",
        referred_at=datetime(2020, 8, 19, tzinfo=UTC),
        first_paid_at=datetime(2020, 8, 20, tzinfo=UTC),
    )
    assert (found := reading.customer(dan)) is not None
    assert (found.stage, found.email, found.first_paid_at) == ("lead", "dan@example.com", None)
    refused = []
    for line in others:
        with pytest.raises((RowRefused, RowLeftOut)) as raised:
            reading.customer(line)
        refused.append(str(raised.value))
    assert refused == ["no_customer", "stripe_customer_invalid", "customer_missing", "status_unknown"]


def test_commission_is_owed_unless_it_was_paid_voided_or_is_no_money() -> None:
    text = (
        "id,status,amount,unit,is_paid,promoter_id,created_at\n"
        "1,approved,12.50,cash,false,7,2020-08-19\n"
        "2,pending,1.00,cash,,7,\n"
        "3,approved,1.00,cash,true,7,\n"
        "4,denied,1.00,cash,,7,\n"
        "5,approved,100,points,,7,\n"
        "6,approved,0.00,cash,,7,\n"
        "7,approved,-3.00,cash,,7,\n"
        ",approved,1.00,cash,,7,\n"
    )
    reading, lines = reader(text, "firstpromoter")
    shown = []
    for line in lines:
        try:
            found = reading.money(line)
        except (RowRefused, RowLeftOut) as other:
            shown.append(str(other))
        else:
            assert found is not None
            shown.append(f"{found.commission_id} {found.state} {found.amount_minor} {found.currency}")
    assert shown == [
        "1 owed 1250 usd",
        "2 pending 100 usd",
        "paid",
        "voided",
        "not_money",
        "zero",
        "7 owed -300 usd",
        "missing",
    ]
