"""Whatever a titre rests on, and whatever is gone, an invoice is a paper or a problem that says why."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from shutil import copytree, rmtree
from uuid import uuid4

import psycopg
import pytest

from api.billing.paper import setting
from ledger.database import service_conninfo
from ledger.events import BilledLine, Cause
from ledger.identifiers import ChildId, HouseholdId, Month, Slug, Version
from ledger.settings import Settings
from ledger.streams import payer_page, town_page
from tests.http.issued import issue
from tests.http.test_erasures import IDENTITY, put
from tests.http.test_papers import TITRE, Family, billed, family
from tests.http.world import made, refused, world_on
from tests.papers import text_of
from tests.servers import Database
from tests.vault.rings import new_ring
from vault.key_file import read_ring
from vault.rewrapping import rewrap
from vault.sealing import KeyRing

__all__ = ["family"]
PDF = "application/pdf"
GUARD = "entries_are_never_changed"


def nobody(line: BilledLine) -> BilledLine:
    days = tuple(replace(day, lines=()) for day in line.days)
    return replace(line, child=ChildId(str(uuid4())), days=days)


@pytest.mark.parametrize(
    "odd",
    [
        lambda line: replace(line, activity=Slug("disparue"), unit=Slug("inconnue")),
        lambda line: replace(line, rulebook=Version("1999-01"), article=""),
        lambda line: replace(line, label=""),
        lambda line: replace(line, label="\N{GRINNING FACE}\x01\N{RIGHT-TO-LEFT OVERRIDE}"),
        lambda line: replace(line, quantity=-3, amount_cents=-981, regularises=Month("2023-08")),
        lambda line: replace(line, unit_price_cents=10**15, amount_cents=3 * 10**15),
        nobody,
    ],
)
def test_whatever_a_line_says_it_is_printed(family: Family, odd: Callable[[BilledLine], BilledLine]) -> None:
    line = odd(billed(family.lina, "cantine", "repas", "meal", 327, 4, 5, 7))
    family.write(family.titre("2023-000002", "2023-10", line))
    answer = family.world.agent.get("/titres/2023-000002/invoice.pdf")
    assert (answer.status_code, answer.headers["content-type"]) == (200, PDF), answer.text


def test_a_cause_that_is_no_line_of_a_family_is_printed(family: Family) -> None:
    line = billed(family.lina, "cantine", "repas", "meal", 327, 4)
    cause = Cause(stream=town_page(family.world.commune), line=1)
    family.write(family.titre("2023-000002", "2023-10", replace(line, causes=(cause,), regularises=Month("2023-09"))))
    assert family.world.agent.get("/titres/2023-000002/invoice.pdf").status_code == 200


def test_a_titre_issued_before_any_rulebook_and_without_a_line_is_printed(family: Family) -> None:
    titre = family.titre("2019-000001", "2019-09")
    family.write(replace(titre, lines=(), total_cents=5_000, issued_on=date(2019, 10, 2), due_on=date(2019, 11, 2)))
    [page] = text_of(family.world.agent.get("/titres/2019-000001/invoice.pdf").content)
    assert family.world.commune in page
    assert "50,00\xa0€" in page


@pytest.mark.parametrize("accept", ["", "*/*", "text/html", "application/pdf;q=0", "a" * 5_000, ",,;;;q=x", "\xe9"])
def test_an_invoice_is_a_pdf_whatever_is_accepted(family: Family, accept: str) -> None:
    answer = family.parent.send("GET", f"/titres/{TITRE}/invoice.pdf", headers={"Accept": accept.encode("latin-1")})
    assert (answer.status_code, answer.headers["content-type"]) == (200, PDF)


def test_a_line_that_is_gone_is_a_register_that_was_altered(family: Family, module_database: Database) -> None:
    stream = payer_page(family.world.commune, HouseholdId(family.household))
    with psycopg.connect(module_database.admin_url, autocommit=True) as superuser, superuser.transaction():
        superuser.execute(f"ALTER TABLE ardoise.entries DISABLE TRIGGER {GUARD}")
        gone = superuser.execute("DELETE FROM ardoise.entries WHERE stream = %s", (stream,)).rowcount
        superuser.execute(f"ALTER TABLE ardoise.entries ENABLE ALWAYS TRIGGER {GUARD}")
    assert gone == 1
    refused(family.world.agent.get(f"/titres/{TITRE}/invoice.pdf"), "altered_line", 500)


def test_an_invoice_whose_names_are_wrapped_by_a_lost_key_is_not_available(database: Database, tmp_path: Path) -> None:
    with world_on(database, tmp_path) as world:
        world.adopt()
        household = world.household("parent-1")
        child = world.child(household, "garderie")
        made(put(world.agent, f"/children/{child}/identity", IDENTITY), 200)
        number = issue(database, world.commune, household, [child])
        both = KeyRing({**new_ring("k-newer").keys, **read_ring(tmp_path / "vault.keys").keys})
        with psycopg.connect(service_conninfo(database.service_url, Settings()), autocommit=True) as connection:
            assert rewrap(connection, both, world.commune, lambda _: None) == 1
        refused(world.agent.get(f"/titres/{number}/invoice.pdf"), "vault_unavailable", 503)


def test_a_service_that_runs_sets_its_pages_although_their_files_are_gone(tmp_path: Path) -> None:
    copied = copytree(Path(setting.__file__).parent, tmp_path / "paper")
    spec = spec_from_file_location("paper_setting", copied / "setting.py")
    assert spec is not None
    assert spec.loader is not None
    loaded = module_from_spec(spec)
    spec.loader.exec_module(loaded)
    for left in (copied / "templates").iterdir():
        left.unlink()
    said = {"title": "Facture", "town": "Valmont", "office": "", "recipient": [], "reference": [], "footer": "Valmont"}
    empty = {"columns": [], "groups": [], "totals": [], "beside": [], "reasons": [], "page": "Page", "of": "sur"}
    due = {"due": {"what": "", "when": "", "amount": ""}, "payment": {"sentences": []}, "slip": {"parts": []}}
    page = {**said, **empty, **due, "recipient": ["Camille"], "reference": ["Titre"], "totals": []}
    assert loaded.as_pdf("invoice", page, made_on=date(2023, 10, 2)).startswith(b"%PDF")
    rmtree(copied)
