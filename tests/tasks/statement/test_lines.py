"""Whole files, as partners and spreadsheets write them."""

from __future__ import annotations

import codecs
from decimal import Decimal
from pathlib import Path

import pytest

from tasks.reports.statement import Decimals, Line, NoStatement, Statement, Wishes


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "statement.csv"


def read(file: Path, content: str | bytes, encoding: str = "utf-8", **wishes: str) -> list[Line]:
    file.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
    return list(Statement(file, Wishes(**wishes)).lines())


def problems(lines: list[Line]) -> dict[int, str]:
    return {line.number: line.problem for line in lines if line.problem}


GERMAN = "Bestellnummer;Gutscheincode;Bestellwert;Währung\n145789; skdxxr4324 ;1.219,99;EUR\n145790;ÄB1;0,00;GBP\n"
READ = [
    Line(2, "145789", "SKDXXR4324", Decimal("1219.99"), "EUR"),
    Line(3, "145790", "ÄB1", Decimal("0.00"), "GBP"),
]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_encodings_delimiters_and_line_ends(file: Path, encoding: str, delimiter: str, newline: str) -> None:
    content = GERMAN.replace(";", delimiter).replace("\n", newline)
    assert read(file, content, encoding) == READ
    assert Statement(file).layout.encoding == encoding


def test_commas_between_cells_and_within(file: Path) -> None:
    content = 'Order ID,Code,Order Value,Currency\n145789,skdxxr4324,"1,219.99",EUR\n145790,äb1,0.00,GBP\n'
    assert read(file, content) == READ
    assert Statement(file).layout.decimals is Decimals.POINT


def test_lines_above_the_header_blank_ones_and_totals(file: Path) -> None:
    content = (
        '\nSovendus GmbH;;;\n"Abrechnung ""November"";\n\n'
        + GERMAN
        + ";;;\n\nSumme;;1.219,99;\nGesamt:;;1.219,99;EUR\n"
    )
    assert [(line.order_id, line.number) for line in read(file, content)] == [("145789", 6), ("145790", 7)]
    statement = Statement(file)
    list(statement.lines())
    assert statement.totals == 2


def test_a_total_beside_a_code_is_an_order_called_total(file: Path) -> None:
    assert [line.order_id for line in read(file, "Order ID;Code\nTotal;A1\n")] == ["Total"]


def test_orders_only(file: Path) -> None:
    assert read(file, "Bestellnummer\n 145789 \n145790\n") == [Line(2, "145789"), Line(3, "145790")]


def test_a_header_and_nothing_more_lists_nothing(file: Path) -> None:
    assert read(file, "Bestellnummer;Code\n") == []


@pytest.mark.parametrize(
    ("cell", "order_id"),
    [('"=""0145789"""', "0145789"), ("'=1+1", "=1+1"), ("'-5", "-5"), ("'5", "'5"), ("0145789", "0145789"),
     ("\N{NO-BREAK SPACE}7\N{NO-BREAK SPACE}", "7"), ("Ab/12", "Ab/12")],
)  # fmt: skip
def test_order_numbers_are_exact_without_what_spreadsheets_need(file: Path, cell: str, order_id: str) -> None:
    assert read(file, f"Order ID;Code\n{cell};A\n")[0].order_id == order_id


def test_a_lone_separator_is_read_by_what_the_other_amounts_tell(file: Path) -> None:
    assert [line.value for line in read(file, "Order ID;Nettowert\n1;1.234\n2;5,00\n")] == [1234, Decimal("5.00")]
    assert [line.value for line in read(file, "Order ID;Nettowert\n1;1.234\n2;5.00\n")] == [
        Decimal("1.234"), Decimal("5.00"),
    ]  # fmt: skip


@pytest.mark.parametrize("rest", ["2;7\n", "2;5,00\n3;5.00\n"])
def test_a_lone_separator_is_refused_where_they_tell_nothing_or_both(file: Path, rest: str) -> None:
    lines = read(file, f"Order ID;Nettowert\n1;1.234\n{rest}")
    assert problems(lines) == {2: "'1.234' may be 1.234 or 1234: say --decimal point or --decimal comma"}
    said = read(file, f"Order ID;Nettowert\n1;1.234\n{rest}", decimals="comma")
    assert said[0].value == 1234


def test_a_line_that_cannot_be_read_is_refused_with_its_number(file: Path) -> None:
    content = (
        "Order ID,Code,Order Value,Currency\n"
        "1,A,219,99,EUR\n"  # a decimal comma in a file of commas
        "2,A\n"
        ",A,1.00,EUR\n"
        "4,A,abc,EUR\n"
        "5,A,1.00,Euro\n"
        "6,A,£1.00,EUR\n"
        "1.45E+05,A,1.00,EUR\n"
        '"8\n9",A,1.00,EUR\n'
        '"10"x,A,1.00,EUR\n'
        "11,A,1.00,EUR,,\n"
    )
    lines = read(file, content)
    assert problems(lines) == {
        2: "5 cells, where the header has 4",
        3: "2 cells, where the header has 4",
        4: "no order number",
        5: "'abc' is no amount",
        6: "'Euro' is no currency such as EUR",
        7: "two currencies: EUR and GBP",
        8: "a spreadsheet has rounded the order number to 1.45E+05",
        10: "the order number goes over several lines, or is longer than 512 characters",
        11: "no CSV: ',' expected after '\"'",
    }
    assert [line.order_id for line in lines if not line.problem] == ["11"]


def test_currencies(file: Path) -> None:
    lines = read(file, "Order ID;Order Value (EUR);Currency\n1;5,00;\n2;5,00;eur\n3;5,00 €;EUR\n4;;GBP\n")
    assert [line.currency for line in lines] == ["EUR", "EUR", "EUR", "GBP"]
    assert lines[3].value is None
    assert problems(read(file, "Order ID;Order Value (EUR);Currency\n1;5,00;GBP\n2;5,00;EUR\n")) == {
        2: "two currencies: EUR and GBP"
    }


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"", "it is empty"),
        (b"\n\n", "it is empty"),
        (b"PK\x03\x04rest", "Excel workbook: save it as CSV"),
        (b"\xd0\xcf\x11\xe0rest", "Excel workbook"),
        (b"%PDF-1.7", "PDF"),
        (b"Order ID\n1\0\n", "zero bytes"),
        (b"Order ID;Code\n1;\x81\n", "neither UTF-8 nor Windows-1252"),
        (b"Datum;Betrag\n1.11.;5,00\n", r"names a column for the order number .* it begins with 'Datum;Betrag'"),
        (b"Order ID;Bestellnummer\n1;1\n", "which column is the order"),
        (b'Order ID;Code\n1;A\n2;"B\n3;C\n', "the quote that opens in line 3 is never closed"),
        (b"Order ID;Nettowert\n1;abc\n2;def\n", "none of its lines can be read; line 2: 'abc' is no amount"),
        (b"Order ID,a;Order ID;b\n1,2;3;4\n", "line 1 can be parted by ';' or ',': say which with --delimiter"),
    ],
)
def test_what_is_no_statement(file: Path, content: bytes, complaint: str) -> None:
    with pytest.raises(NoStatement, match=complaint):
        read(file, content)


def test_an_encoding_that_is_another(file: Path) -> None:
    file.write_bytes(GERMAN.encode())
    with pytest.raises(NoStatement, match="cannot be read as ascii"):
        Statement(file, Wishes(encoding="ascii"))
    file.write_bytes(b"Order ID;Code\n" + b"1;A\n" * 20_000 + codecs.BOM_UTF8)
    with pytest.raises(NoStatement, match="cannot be read as ascii"):
        list(Statement(file, Wishes(encoding="ascii")).lines())


def test_what_the_operator_says_goes_first(file: Path) -> None:
    content = "Ref#Order ID#Wert\n7#x#1.234\n"
    assert read(file, content, delimiter="#", order="Ref", value="wert", decimals="comma") == [
        Line(2, "7", None, Decimal(1234))
    ]
    with pytest.raises(NoStatement, match="none of its first 2 lines has a column 'Nummer'"):
        read(file, content, order="Nummer")
