"""Invoices, tax certificates and the files of the régie, asked over HTTP by those who may."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import uuid4

import pytest

from ledger.events import (
    BilledDay,
    BilledLine,
    DirectDebitAsked,
    DirectDebitReturned,
    Fact,
    PaymentRecorded,
    TitreIssued,
)
from ledger.identifiers import (
    ChildId,
    CollectionId,
    HouseholdId,
    MandateId,
    Month,
    PaymentId,
    Slug,
    TitreNumber,
    Version,
)
from ledger.store import Write
from ledger.streams import payer_page
from tests.http.test_erasures import AFTER, AGREEMENT
from tests.http.test_people import guardian_of, put
from tests.http.world import Who, World, made, refused
from tests.ledger.long_pages import signature
from tests.ledger.small_ledger import append
from tests.papers import tags_of, text_of
from tests.servers import Database
from tests.stores import OnPostgres, on_postgres

CAMILLE = {"given_name": "Camille", "family_name": "Exemple", "birth_date": "1984-05-06"}
ADDRESS = {"lines": ["12 rue de l'Église"], "postcode": "42390", "city": "Valmont"}
LINA = {"given_name": "Lina", "family_name": "Exemple", "birth_date": "2019-02-03"}
MATTEO = {"given_name": "Matteo", "family_name": "Exemple", "birth_date": "2013-02-03"}
TITRE = "2023-000001"


@dataclass(frozen=True, kw_only=True)
class Family:
    """A household with two children, its first titre issued."""

    world: World
    kept: OnPostgres
    household: str
    guardian: str
    lina: str
    matteo: str

    @property
    def parent(self) -> Who:
        return self.world.guardian("parent-1")

    def write(self, *facts: Fact) -> None:
        stream = payer_page(self.world.commune, HouseholdId(self.household))
        page = self.kept.store.pages([stream])[stream]
        write = self.kept.store.prepare(self.world.commune, signature(), [Write(page=page, facts=list(facts))])
        append(self.kept.store, write)

    def titre(self, number: str = TITRE, month: str = "2023-09", *lines: BilledLine) -> TitreIssued:
        asked = lines or (
            billed(self.lina, "cantine", "repas", "meal", 327, 4, 5, 7),
            billed(self.lina, "garderie", "soir", "care", 210, 4, 5),
            billed(self.matteo, "garderie", "soir", "care", 210, 4),
        )
        return TitreIssued(
            titre=TitreNumber(number),
            household=HouseholdId(self.household),
            month=Month(month),
            position=9,
            issued_on=date(2023, 10, 2),
            due_on=date(2023, 11, 2),
            total_cents=sum(line.amount_cents for line in asked),
            lines=asked,
        )

    def pays(self, cents: int, on: date) -> PaymentRecorded:
        return PaymentRecorded(
            payment=PaymentId(str(uuid4())),
            household=HouseholdId(self.household),
            amount_cents=cents,
            means="card",
            received_on=on,
        )


def billed(child: str, activity: str, unit: str, nature: Any, price_cents: int, *days: int) -> BilledLine:
    return BilledLine(
        child=ChildId(child),
        activity=Slug(activity),
        unit=Slug(unit),
        nature=nature,
        label="Cantine" if nature == "meal" else "Garderie",
        unit_price_cents=price_cents,
        quantity=len(days),
        amount_cents=len(days) * price_cents,
        rulebook=Version("2023-09"),
        article="7.1",
        code="7067",
        quotient=None,
        steps=(),
        days=tuple(BilledDay(day=date(2023, 9, day), basis="reserved", lines=(1,)) for day in days),
    )


@pytest.fixture
def family(world: World, module_database: Database) -> Iterator[Family]:
    household = world.household("parent-1")
    guardian = guardian_of(world, household)
    for kind, said in (("identity", CAMILLE), ("address", ADDRESS)):
        made(put(world.agent, f"/households/{household}/people/{guardian}/{kind}", said), 200)
    children = [world.child(household, "cantine", "garderie") for _ in range(2)]
    for child, said in zip(children, (LINA, MATTEO), strict=True):
        made(put(world.agent, f"/children/{child}/identity", said), 200)
    with on_postgres(module_database) as kept:
        lina, matteo = children
        settled = Family(world=world, kept=kept, household=household, guardian=guardian, lina=lina, matteo=matteo)
        settled.write(settled.titre())
        yield settled


def invoice(family: Family, number: str = TITRE) -> list[str]:
    answer = family.parent.get(f"/titres/{number}/invoice.pdf")
    assert answer.status_code == 200, answer.text
    return text_of(answer.content)


def test_a_parent_opens_an_invoice_that_names_them_and_says_why(family: Family) -> None:
    answer = family.parent.get(f"/titres/{TITRE}/invoice.pdf")
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.headers["content-disposition"] == f'inline; filename="facture-{TITRE}.pdf"'
    assert answer.headers["cache-control"] == "no-store"
    first, *others = text_of(answer.content)
    for said in (
        "Camille Exemple", "12 rue de l'Église", "42390 Valmont", f"Titre n° {TITRE} du 2 octobre 2023", "16,11\xa0€",
        "au plus tard le 2 novembre 2023", "Lina", "Matteo", "les 4, 5 et 7", "9,81\xa0€",
    ):  # fmt: skip
        assert said in first
    assert "3 × 3,27\xa0€ = 9,81\xa0€" in " ".join(others)
    assert "article 7.1" in " ".join(others)
    assert tags_of(answer.content).count("Table") == 2
    assert answer.content == family.parent.get(f"/titres/{TITRE}/invoice.pdf").content


def test_a_stranger_a_parent_elsewhere_and_an_unknown_number_are_answered_alike(family: Family) -> None:
    family.world.household("stranger")
    for who, number in (
        (family.world.guardian("stranger"), TITRE),
        (family.world.guardian("nobody"), TITRE),
        (family.world.who("auditor"), TITRE),
        (family.world.who("admin"), TITRE),
        (family.parent, "2023-000099"),
        (family.parent, "2023-1"),
        (family.parent, "..%2f..%2fetc"),
    ):
        refused(who.get(f"/titres/{number}/invoice.pdf"), "not_found", 404)
    for role in ("agent", "billing"):
        assert family.world.who(role).get(f"/titres/{TITRE}/invoice.pdf").status_code == 200


def test_who_opened_an_invoice_is_written_with_whom_it_names(family: Family) -> None:
    family.world.agent.get(f"/titres/{TITRE}/invoice.pdf")
    reads = made(family.parent.get(f"/households/{family.household}/reads"), 200)["reads"]
    found = next(read for read in reads if read["operation"] == "GET /titres/{number}/invoice.pdf")
    assert {family.household, family.guardian, family.lina, family.matteo} == set(found["about"])
    assert found["operation_label"] == "Une facture à lire et à imprimer"


def test_what_was_paid_since_is_taken_off(family: Family) -> None:
    family.write(family.pays(1_000, date(2023, 10, 10)))
    [first, *_] = invoice(family)
    assert "Déjà payé" in first
    assert "6,11\xa0€" in first
    family.write(family.pays(611, date(2023, 10, 12)))
    assert "Facture payée" in invoice(family)[0]


def test_a_debit_that_was_asked_for_says_its_day(family: Family) -> None:
    bank = {"guardian": family.guardian, "iban": "FR7630006000011234567890189", "holder": "Camille Exemple"}
    path = f"/households/{family.household}/mandate"
    signed = made(family.world.agent.post(path, {**bank, "signed_on": "2023-09-05"}))
    [first, *_] = invoice(family)
    assert "Prélevé" not in first, "a town that is no creditor debits nobody"
    assert "FR76" not in first
    collection = CollectionId(str(uuid4()))
    family.write(
        DirectDebitAsked(
            collection=collection,
            mandate=MandateId(signed["mandate"]),
            titre=TitreNumber(TITRE),
            amount_cents=1_611,
            sequence="FRST",
            collect_on=date(2023, 11, 6),
        )
    )
    [first, *_] = invoice(family)
    assert "Prélevé le 6 novembre 2023 sur le compte finissant par 0189." in first
    assert "Montant : 16,11\xa0€, le 6 novembre 2023." in first
    assert f"Référence unique du mandat (RUM) : {signed['mandate']}." in first
    family.write(family.titre("2023-000002", "2023-10"))
    [second, *_] = invoice(family, "2023-000002")
    assert f"(titre {TITRE}) est prélevée à part : 16,11\xa0€ le 6 novembre 2023." in second
    assert "Il reste aussi à payer" not in second
    family.write(DirectDebitReturned(collection=collection, titre=TitreNumber(TITRE), reason="AM04"))
    [first, *_] = invoice(family)
    assert "Le prélèvement du 6 novembre 2023 a été rejeté par la banque. Payez autrement, sans attendre" in first
    assert "Prélevé" not in first
    assert "Il reste aussi à payer" in invoice(family, "2023-000002")[0]


def test_a_family_nobody_named_has_an_invoice_too(world: World, module_database: Database) -> None:
    household = world.household("parent-9")
    child = world.child(household, "cantine")
    with on_postgres(module_database) as kept:
        unnamed = Family(world=world, kept=kept, household=household, guardian="", lina=child, matteo=child)
        unnamed.write(unnamed.titre("2023-000001", "2023-09", billed(child, "cantine", "repas", "meal", 327, 4)))
        [first, *_] = text_of(world.agent.get(f"/titres/{TITRE}/invoice.pdf").content)
    assert f"Foyer {household[:8]}" in first
    assert "Enfant 1" in first


def test_a_certificate_tells_the_care_that_was_paid_for_a_child_under_six(family: Family) -> None:
    family.write(family.pays(1_611, date(2023, 12, 20)))
    path = f"/households/{family.household}/tax-certificates/2023"
    said = made(family.parent.get(path), 200)
    assert (said["year"], said["final"], said["amount_cents"]) == (2023, True, 420)
    assert said["children"] == [{"child": family.lina, "amount_cents": 420}]
    assert said["left_out"] == [{"child": family.matteo, "reason": "six_or_over"}]
    assert [(each["amount_cents"], each["received_on"]) for each in said["payments"]] == [(1_611, "2023-12-20")]
    answer = family.parent.get(f"{path}/certificate.pdf")
    assert answer.headers["content-disposition"] == 'inline; filename="attestation-2023.pdf"'
    [page] = text_of(answer.content)
    for text in (
        "Attestation de frais de garde payés en 2023", "Camille Exemple", "Lina", "3 février 2019", "4,20\xa0€",
        "20 décembre 2023", "Carte bancaire", "Matteo avait six ans ou plus au 1er janvier 2023",
        "article 200 quater B",
    ):  # fmt: skip
        assert text in page
    assert "provisoire" not in page


def test_a_certificate_of_a_year_under_way_is_provisional_and_one_of_next_year_does_not_exist(family: Family) -> None:
    path = f"/households/{family.household}/tax-certificates"
    assert made(family.parent.get(f"{path}/2024"), 200)["final"] is False
    assert "provisoire" in text_of(family.parent.get(f"{path}/2024/certificate.pdf").content)[0]
    for year in ("2025", "1999", "20x4", "٢٠٢٣", "02023"):
        refused(family.parent.get(f"{path}/{year}"), "not_found", 404)
        refused(family.parent.get(f"{path}/{year}/certificate.pdf"), "not_found", 404)


def test_a_certificate_is_nobody_elses(family: Family) -> None:
    family.world.household("stranger")
    path = f"/households/{family.household}/tax-certificates/2023"
    for who in (family.world.guardian("stranger"), family.world.who("auditor")):
        refused(who.get(path), "not_found", 404)
        refused(who.get(f"{path}/certificate.pdf"), "not_found", 404)
    unknown = f"/households/{uuid4()}/tax-certificates/2023"
    refused(family.world.agent.get(unknown), "not_found", 404)


def test_the_invoice_of_a_family_that_was_forgotten_names_nobody(family: Family) -> None:
    before = family.world.agent.get(f"/titres/{TITRE}/invoice.pdf").content
    family.world.clock.set(AFTER)
    settled = {"household": family.household, **AGREEMENT, "settled_elsewhere": True}
    made(family.world.who("admin").post("/erasures", settled), 200)
    answer = family.world.agent.get(f"/titres/{TITRE}/invoice.pdf")
    assert answer.status_code == 200
    said = " ".join(text_of(answer.content))
    assert "Redevable dont le dossier est effacé" in said
    assert "Enfant dont le dossier est effacé" in said
    assert "16,11\xa0€" in said
    for name in ("Camille", "Exemple", "12 rue", "Lina", "Matteo"):
        assert name in " ".join(text_of(before))
        assert name not in said
    left_out = made(family.world.agent.get(f"/households/{family.household}/tax-certificates/2023"), 200)["left_out"]
    assert left_out == []
