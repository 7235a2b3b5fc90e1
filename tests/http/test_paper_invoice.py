"""The invoice a family is handed, read back as a machine reads it."""

from dataclasses import replace
from datetime import date
from io import BytesIO

import pikepdf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.billing.paper.invoice import Debit, Owed, invoice_images, invoice_pdf
from api.billing.paper.letters import BLANK, SHOWN, shown
from ledger.identifiers import Month, TitreNumber
from tests.papers import COMMON, LINA, MATTEO, garderie, invoice, line, tags_of, text_of, titre

HOSTILE = (
    '#set page(fill: black) $x$ [ ] { } " \\ * _ ` <a> @b // /*',
    '#read("/etc/passwd") #import "@preview/x:1.0.0"',
    "Zoë 👩‍👧 O'Брайен שָׁלוֹם مُحَمَّد 中文 \u202eolleh",
    "W" * 200,
    "\x00\x1b[31m\ud800".encode("utf-16", "surrogatepass").decode("utf-16", "replace"),
)


def test_a_common_family_reads_what_it_owes_on_one_page_and_why_on_the_next() -> None:
    first, second = text_of(invoice_pdf(invoice()))
    for said in (
        "Villars", "Régie périscolaire", "Camille Exemple", "42390 Villars", "Facture de septembre 2022",
        "Titre n° 2022-000017 du 3 octobre 2022", "À payer", "au plus tard le 2 novembre 2022", "52,01\xa0€", "Matteo",
        "Lina", "Repas", "les 1er, 2, 5, 6, 8, 9, 12, 13, 15 et 16", "30,50\xa0€", "Total pour Matteo",
        "36,62\xa0€", "Total de la facture", "Comment payer", "Trésor public",
        "Papillon à joindre à un chèque",
    ):  # fmt: skip
        assert said in first
    assert "Page 1 sur 2" in first
    assert "Pourquoi ces montants" in second
    assert second.count("réservé le 30 août, présent.") == 23
    assert "Villars · titre n° 2022-000017" in second


def test_a_month_of_two_children_and_six_lines_is_one_page() -> None:
    school = [day for day in range(1, 31) if date(2022, 9, day).weekday() not in (2, 5, 6)]
    lines = [line(child, "Restauration scolaire", 305, *school) for child in (MATTEO, LINA)]
    lines += [garderie(child, unit, 102, *school) for child in (MATTEO, LINA) for unit in ("matin", "soir")]
    ways = ("Par carte bancaire, en ligne, avec PayFiP.", "Par chèque.", "En espèces.", "Par prélèvement SEPA.")
    first, second, *_ = text_of(invoice_pdf(invoice(titre(*lines), how_to_pay=ways)))
    assert "Papillon à joindre" in first
    assert "Par prélèvement SEPA." in first
    assert second.startswith("Pourquoi ces montants")


def test_a_screen_reader_finds_the_language_the_title_the_headings_and_the_tables() -> None:
    content = invoice_pdf(invoice())
    with pikepdf.open(BytesIO(content)) as document:
        assert document.Root.Lang == "fr"
        assert document.Root.MarkInfo.Marked
        assert document.Root.ViewerPreferences.DisplayDocTitle
        assert document.docinfo["/Title"] == "Facture de septembre 2022"
        with document.open_metadata() as told:
            assert told["pdfuaid:part"] == "1"
            assert told["dc:title"] == "Facture de septembre 2022"
    tags = tags_of(content)
    assert [tags.count(each) for each in ("H1", "H2", "H3", "H4", "Table", "TH")] == [1, 4, 2, 5, 2, 8]
    assert tags.index("H1") < tags.index("Table") < tags.index("L")


def test_the_same_invoice_is_the_same_bytes_on_any_day() -> None:
    assert invoice_pdf(invoice()) == invoice_pdf(invoice())
    assert b"2022" in invoice_pdf(invoice())
    with pikepdf.open(BytesIO(invoice_pdf(invoice()))) as document:
        assert document.docinfo["/CreationDate"] == "D:20221003120000Z"


@pytest.mark.parametrize("name", HOSTILE)
def test_what_people_are_called_is_never_read_as_markup(name: str) -> None:
    content = invoice_pdf(
        invoice(town=name, office=name, recipient=(name, name), children={MATTEO: name, LINA: "Lina"})
    )
    first = text_of(content)[0].replace("\u200b", "")
    assert "52,01\xa0€" in first
    assert "root:" not in first
    if name.isascii() and name.isprintable():
        assert name.replace(" ", "") in first.replace(" ", "")


def test_a_letter_no_font_has_is_a_blank_and_a_mark_that_joins_no_letter_is_left_out() -> None:
    assert shown("Zoë\u0308 😀中 \u202eab\u200d") == f"Zoë {BLANK}{BLANK} ab"
    assert shown("E\u0301lise") == "Élise"


@settings(max_examples=60, deadline=None)
@given(name=st.text(min_size=1, max_size=40))
def test_any_text_may_be_a_name(name: str) -> None:
    assert text_of(invoice_pdf(invoice(recipient=(name,), children={MATTEO: name, LINA: name})))


@settings(max_examples=60, deadline=None)
@given(name=st.text(alphabet=sorted(SHOWN), min_size=1, max_size=40))
def test_the_fonts_have_every_letter_that_is_shown(name: str) -> None:
    assert BLANK not in shown(name.replace(BLANK, ""))
    assert text_of(invoice_pdf(invoice(recipient=(name,))))


def test_every_letter_that_is_shown_can_be_set() -> None:
    letters = sorted(SHOWN)
    rows = ["".join(letters[at : at + 40]) for at in range(0, len(letters), 40)]
    assert text_of(invoice_pdf(invoice(recipient=rows)))


def test_three_hundred_lines_are_set_with_the_head_of_the_table_on_each_page() -> None:
    lines = [line(MATTEO, f"Prestation {number}", 100 + number, 1, 2) for number in range(300)]
    pages = text_of(invoice_pdf(invoice(titre(*lines))))
    assert all(f"Prestation {number} " in " ".join(pages) for number in range(300))
    on = [page for page in pages if "Prestation 7 " in page or "Prestation 150 " in page]
    assert all("Quantité" in page for page in on if "les 1er et 2" in page)


def test_a_credit_says_that_it_is_in_favour_of_the_family() -> None:
    credit = titre(replace(line(LINA, "Repas", 305, -1, -5), regularises=Month("2022-08")))
    [first, _] = text_of(invoice_pdf(invoice(credit)))
    assert "Avoir de septembre 2022" in first
    assert "En votre faveur" in first
    assert "Total de l'avoir" in first
    assert "Rectification d'août 2022 : Repas" in first
    assert "−2" in first
    assert "−6,10\xa0€" in first
    assert "les 1er et 5 " in first
    assert "Comment payer" not in first
    assert "Papillon" not in first


def test_nothing_to_pay_is_said_so() -> None:
    zero = titre(garderie(MATTEO, "matin", 0, 1, 5))
    first = text_of(invoice_pdf(invoice(zero)))[0]
    assert "Rien à payer" in first
    assert "0,00\xa0€" in first
    assert "au plus tard" not in first


def test_what_was_paid_is_taken_off_and_a_paid_invoice_asks_for_nothing() -> None:
    part = text_of(invoice_pdf(invoice(paid_cents=2_000)))[0]
    for said in ("Reste à payer", "Déjà payé", "−20,00\xa0€", "32,01\xa0€", "au plus tard le 2 novembre 2022"):
        assert said in part
    paid = text_of(invoice_pdf(invoice(paid_cents=COMMON.total_cents)))[0]
    assert "Facture payée" in paid
    assert "Comment payer" not in paid


def test_a_debit_says_when_and_under_which_mandate_and_asks_for_nothing_else() -> None:
    waits = Debit(mandate="RUM-17", creditor="Ville de Villars", creditor_id="FR72ZZZ123456", account="1234")
    first = text_of(invoice_pdf(invoice(debit=waits)))[0]
    assert "À payer par prélèvement" in first
    assert "Prélevé au plus tôt le 2 novembre 2022 sur le compte finissant par 1234." in first
    asked = replace(waits, collect_on=date(2022, 11, 4), amount_cents=5_201)
    noticed = text_of(invoice_pdf(invoice(debit=asked)))[0]
    for said in (
        "Prélevé le 4 novembre 2022 sur le compte finissant par 1234.", "Prélèvement SEPA",
        "Montant : 52,01\xa0€, le 4 novembre 2022.",
        "Ville de Villars, identifiant créancier SEPA (ICS) FR72ZZZ123456.",
        "Référence unique du mandat (RUM) : RUM-17.",
    ):  # fmt: skip
        assert said in noticed
    assert "Comment payer" not in first
    assert "Papillon" not in first


def test_what_earlier_invoices_ask_for_stands_beside() -> None:
    owed = Owed(titre=TitreNumber("2022-000003"), month=Month("2022-08"), amount_cents=1_200)
    first = text_of(invoice_pdf(invoice(owed_before=[owed], held_cents=50)))[0]
    assert "12,00\xa0€ de la facture d'août 2022 (titre 2022-000003)" in first
    assert "La régie détient 0,50\xa0€" in first


def test_a_debit_the_bank_sent_back_is_paid_otherwise() -> None:
    first = text_of(invoice_pdf(invoice(returned_on=date(2022, 11, 4))))[0]
    assert "À payer par prélèvement" not in first
    assert "Le prélèvement du 4 novembre 2022 a été rejeté par la banque. Payez autrement, sans attendre" in first
    assert "l'échéance était le 2 novembre 2022." in first
    assert "Comment payer" in first


def test_an_invoice_under_way_at_the_bank_is_not_asked_for_twice() -> None:
    before = Owed(titre=TitreNumber("2022-000003"), month=Month("2022-08"), amount_cents=1_200)
    debited = replace(before, collect_on=date(2022, 11, 4))
    first = text_of(invoice_pdf(invoice(owed_before=[debited])))[0]
    assert "Il reste aussi à payer" not in first
    assert "La facture d'août 2022 (titre 2022-000003) est prélevée à part : 12,00\xa0€ le 4 novembre 2022." in first


def test_a_credit_says_where_it_went_to_the_cent() -> None:
    credit = titre(replace(line(LINA, "Repas", 305, -1, -5), regularises=Month("2022-08")))
    paid = Owed(titre=TitreNumber("2022-000003"), month=Month("2022-08"), amount_cents=200)
    said = {"credited": [paid], "credit_left_cents": 410}
    first = text_of(invoice_pdf(invoice(credit, held_cents=410, **said)))[0]
    assert (
        "Sur les 6,10\xa0€ de cet avoir : 2,00\xa0€ ont payé la facture d'août 2022 (titre 2022-000003) et 4,10\xa0€ "
        "paieront vos prochaines factures."
    ) in first
    assert "détient" not in first
    more = text_of(invoice_pdf(invoice(credit, held_cents=1_410, **said)))[0]
    assert "Avec d'autres sommes reçues, la régie détient en tout 14,10\xa0€ pour votre compte." in more


def test_an_invoice_says_whom_to_ask_and_how_it_is_contested() -> None:
    said = {"contact": ["au guichet, aux heures d'ouverture"], "appeal": ["auprès de la régie", "devant le juge."]}
    first, second = text_of(invoice_pdf(invoice(**said)))
    assert "Papillon" in first, "whatever a town writes of it, the slip stays with the amount"
    assert second.startswith("Une question, un désaccord")
    assert "Pour toute question : au guichet, aux heures d'ouverture." in second
    assert "Pour contester cette facture : auprès de la régie ; devant le juge." in second
    assert "Pourquoi ces montants" in second
    assert "Une question" not in " ".join(text_of(invoice_pdf(invoice())))


def test_the_pages_can_be_looked_at() -> None:
    images = invoice_images(invoice(), ppi=40)
    assert [image[:4] for image in images] == [b"\x89PNG"] * 2
