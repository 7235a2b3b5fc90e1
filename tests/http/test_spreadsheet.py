"""The files of the régie open right in a French spreadsheet."""

import csv
import io
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.billing.paper.spreadsheet import BOM, Text, as_csv, day, euros, lines_to_csv, month, row_of, totals_to_csv
from api.french_paper import LINE_COLUMNS
from ledger.identifiers import HouseholdId, Month
from tests.papers import COMMON, MATTEO, garderie, line

FORMULAS = ("=1+1", "+33", "-2", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =1", "\u00a0=1", "＝1", "=cmd|' /C calc'!A0")


def opened(content: bytes) -> list[list[str]]:
    """What a French spreadsheet reads: the mark, semicolons, quotes doubled."""
    assert content.startswith(BOM)
    text = content.decode("utf-8-sig")
    assert text.endswith("\r\n")
    assert "\n" not in text.replace("\r\n", "")
    return list(csv.reader(io.StringIO(text, newline=""), delimiter=";", strict=True))


def rows_of_common() -> list[dict[str, object]]:
    return [row_of(each, household=COMMON.household, month=COMMON.month, titre=COMMON.titre) for each in COMMON.lines]


def test_a_line_says_all_that_it_is_with_commas_and_french_days() -> None:
    head, first, *others = opened(b"".join(lines_to_csv(rows_of_common())))
    assert head == list(LINE_COLUMNS)
    assert dict(zip(head, first, strict=True)) == {
        "Mois": "mois 2022-09", "Titre": "2022-000017", "Foyer": "household", "Enfant": "child-matteo",
        "Activité": "restauration", "Formule": "repas", "Nature": "Repas", "Libellé": "Repas", "Mois rectifié": "",
        "Quantité": "10", "Prix unitaire": "3,05", "Montant": "30,50", "Compte": "7067", "Règlement": "version 2022-09",
        "Article": "art. 9.1", "Premier jour": "01/09/2022", "Dernier jour": "16/09/2022",
        "Jours": "01/09/2022 02/09/2022 05/09/2022 06/09/2022 08/09/2022 09/09/2022 12/09/2022 13/09/2022 "
        "15/09/2022 16/09/2022",
    }  # fmt: skip
    amounts = [Decimal(row[head.index("Montant")].replace(",", ".")) for row in (first, *others)]
    assert sum(amounts) * 100 == COMMON.total_cents


def test_the_bytes_are_those_a_spreadsheet_recognises() -> None:
    content = b"".join(lines_to_csv(rows_of_common()[:1]))
    assert content[:3] == b"\xef\xbb\xbf"
    head, first = content[3:].split(b"\r\n")[:2]
    assert head.startswith('"Mois";"Titre";"Foyer";"Enfant";"Activité"'.encode())
    assert first.startswith(b'"mois 2022-09";"2022-000017";"household"')
    assert b";10;3,05;30,50;" in first


@pytest.mark.parametrize("hostile", FORMULAS)
def test_what_would_be_a_formula_is_a_text(hostile: str) -> None:
    [[_], [cell]] = opened(b"".join(as_csv(["Libellé"], [[Text(hostile)]])))
    assert cell.startswith("'")


def test_an_amount_taken_back_stays_a_number() -> None:
    back = row_of(line(MATTEO, "Repas", 305, -1), household=HouseholdId("h"), month=Month("2022-09"), titre=None)
    head, row = opened(b"".join(lines_to_csv([back])))
    assert row[head.index("Montant")] == "-3,05"
    assert row[head.index("Quantité")] == "-1"
    assert row[head.index("Titre")] == ""


def test_what_is_no_date_and_no_number_is_not_taken_for_one() -> None:
    head, row = opened(b"".join(lines_to_csv(rows_of_common()[:1])))
    assert (row[head.index("Article")], row[head.index("Règlement")]) == ("art. 9.1", "version 2022-09")


@pytest.mark.parametrize(("cents", "said"), [(0, "0,00"), (-5, "-0,05"), (165_300, "1653,00"), (-610, "-6,10")])
def test_an_amount_has_a_comma_and_no_space(cents: int, said: str) -> None:
    assert euros(cents).spelled == said


def test_days_are_french_and_a_month_is_never_taken_for_a_day() -> None:
    assert day(date(2024, 3, 7)).spelled == day("2024-03-07").spelled == "07/03/2024"
    assert (month("2024-03").said, month(None).said) == ("mois 2024-03", "")


def test_totals_are_told_by_nature_and_account_regularisations_apart() -> None:
    row = {"nature": "care", "code": "7066", "regularises": "2022-08", "lines": 2, "quantity": -3, "amount_cents": -306}
    content = b"".join(totals_to_csv(Month("2022-09"), [row]))
    assert opened(content)[1] == ["mois 2022-09", "Garde", "7066", "mois 2022-08", "2", "-3", "-3,06"]


@given(said=st.lists(st.text(), min_size=1, max_size=5))
def test_any_text_stays_in_its_cell(said: list[str]) -> None:
    kept = [each.encode("utf-8", "ignore").decode() for each in said]
    [_, row] = opened(b"".join(as_csv(["x"] * len(kept), [list(map(Text, kept))])))
    assert len(row) == len(kept)


def test_a_file_comes_in_pieces() -> None:
    rows = (
        row_of(garderie(MATTEO, "matin", 102, 1), household=HouseholdId("h"), month=Month("2022-09"), titre=None)
        for _ in range(2_000)
    )
    pieces = list(lines_to_csv(rows))
    assert len(pieces) > 4
    assert len(opened(b"".join(pieces))) == 2_001
