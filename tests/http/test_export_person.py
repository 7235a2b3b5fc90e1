"""A family is given everything that is held about it, and nothing of anybody else."""

import os
import re
import subprocess
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from uuid import uuid4

import orjson
import pytest

from tests.faults.service import ARDOISE
from tests.http.regie import IBAN, issue
from tests.http.world import Who, World, made, world_on
from tests.servers import Database, as_url
from tests.vault import papers_made as papers

OURS, THEIRS = "Canarizoe", "Rossignol"
VOID = frozenset({"meta", "br"})


class Reader(HTMLParser):
    """What a page holds, when each element it opens is closed in its turn."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)


@pytest.fixture
def world(database: Database, tmp_path: Path) -> Iterator[World]:
    with world_on(database, tmp_path) as made_:
        made_.adopt()
        yield made_


@pytest.fixture
def export(world: World, database: Database, tmp_path: Path) -> Any:
    """The command, on the database of the test."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith("ARDOISE_")}
    ours |= {
        "ARDOISE_DATABASE_URL": as_url(database.service_url),
        "ARDOISE_OWNER_URL": as_url(database.owner_url),
        "ARDOISE_DATA": str(tmp_path),
        "ARDOISE_DEVELOPMENT": "1",
    }

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [str(ARDOISE), "export-person", str(world.commune), *arguments]
        return subprocess.run(command, env=ours, capture_output=True, text=True, timeout=120, check=False)

    return run


def put(who: Who, path: str, body: Any) -> None:
    made(who.send("PUT", path, body=body, key=uuid4().hex), 200)


def identity(name: str) -> dict[str, str]:
    return {"given_name": name, "family_name": f"<i>{name}</i> & Fils", "birth_date": "1981-02-03"}


def guardian_of(world: World, household: str, name: str) -> str:
    [guardian] = made(world.agent.get(f"/households/{household}/guardians"), 200)["guardians"]
    person = f"/households/{household}/people/{guardian['guardian']}"
    put(world.agent, f"{person}/identity", identity(name))
    put(world.agent, f"{person}/contact", {"telephone": "0611223344", "email": f"{name.lower()}@exemple.fr"})
    known: str = guardian["guardian"]
    return known


def test_a_family_is_given_all_of_its_own_and_nothing_of_the_other_parent(
    world: World, export: Any, tmp_path: Path
) -> None:
    mine, other = world.household("parent-1"), world.household("parent-2")
    child = world.child(mine, "cantine")
    put(world.agent, f"/children/{child}/identity", identity(OURS))
    guardian, stranger = guardian_of(world, mine, OURS), guardian_of(world, other, THEIRS)
    made(world.agent.post(f"/children/{child}/households", {"household": other}))
    parent, second = world.guardian("parent-1"), world.guardian("parent-2")
    [ours] = made(parent.ask(child, "cantine", "2024-01-22"))["demandes"]
    made(second.ask(child, "cantine", "2024-01-23"))
    document = made(parent.hand_in(papers.pdf(title=OURS), about=child))["document"]
    foreign = made(second.hand_in(papers.pdf(title=THEIRS), about=child))["document"]
    made(second.get(f"/children/{child}/identity"), 200)
    made(world.agent.get(f"/children/{child}/identity"), 200)

    target = tmp_path / "out" / "dossier"
    done = export("--household", mine, "--to", str(target), "--by", "dpo-1")
    assert done.returncode == 0, done.stderr
    files = {str(path.relative_to(target)): path for path in target.rglob("*") if path.is_file()}
    assert set(files) == {"dossier.html", "dossier.json", f"documents/{document}.pdf"}
    assert {path.stat().st_mode & 0o777 for path in files.values()} == {0o600}
    assert OURS.encode() in papers.text_of(files[f"documents/{document}.pdf"].read_bytes())
    text = "".join(files[name].read_text() for name in ("dossier.html", "dossier.json"))
    for secret in (THEIRS, other, stranger, foreign, "parent-2"):
        assert secret not in text, secret

    said = orjson.loads(files["dossier.json"].read_bytes())
    assert {one["person"] for one in said["people"]} == {guardian, child}
    assert (guardian, "Téléphone", "0611223344") in {
        (one["person"], one["field"], one["value"]) for one in said["details"]
    }
    assert [(one["number"], one["status"]) for one in said["demandes"]] == [(ours["number"], "Traitée positivement")]
    assert [one["activity"] for one in said["children"]] == ["cantine"]
    assert [(one["day"], one["number"]) for one in said["days"]] == [
        ("2024-01-22", ours["number"]),
        ("2024-01-23", None),
    ]
    assert ("GET /children/{child}/identity", "agent-1") in [(one["operation"], one["actor"]) for one in said["reads"]]

    read = Reader()
    read.feed(files["dossier.html"].read_text())
    read.close()
    assert read.open == []
    assert ("html", {"lang": "fr"}) in read.seen
    headings = [tag for tag, _ in read.seen if tag in ("h1", "h2")]
    assert headings.count("h1") == 1
    assert len(headings) == len(said) - 2 + 2
    assert all(attributes.get("scope") == "col" for tag, attributes in read.seen if tag == "th")
    assert "<i>" not in files["dossier.html"].read_text()
    assert read.words.count(f"{OURS} <i>{OURS}</i> & Fils") > 5
    assert not any("://" in (value or "") for _, attributes in read.seen for value in attributes.values())


def test_a_family_is_given_what_it_was_billed_paid_and_signed(
    world: World, export: Any, database: Database, tmp_path: Path
) -> None:
    mine, other = world.household("parent-1"), world.household("parent-2")
    guardian, _ = guardian_of(world, mine, OURS), guardian_of(world, other, THEIRS)
    issue(database, world.commune, mine, 17, 5_511, "2023-11")
    issue(database, world.commune, other, 18, 777, "2023-11")
    account = {"guardian": guardian, "holder": OURS, "iban": IBAN, "signed_on": "2024-01-08"}
    signed = made(world.agent.post(f"/households/{mine}/mandate", account))
    paid = {"household": mine, "amount_cents": 1_000, "means": "cheque", "received_on": "2024-01-12"}
    made(world.who("billing").post("/payments", {"payments": [paid]}))

    assert export("--household", mine, "--to", str(tmp_path / "out"), "--by", "dpo-1").returncode == 0
    text = (tmp_path / "out" / "dossier.json").read_text()
    said = orjson.loads(text)
    assert [(one["titre"], one["month"], one["amount"]) for one in said["titres"]] == [
        ("2024-000017", "novembre 2023", "55,11\u00a0€")
    ]
    assert [(one["amount"], one["means"]) for one in said["payments"]] == [("10,00\u00a0€", "Chèque")]
    assert [(one["mandate"], one["person"]) for one in said["mandates"]] == [(signed["mandate"], guardian)]
    details = {(one["what"], one["field"]): one["value"] for one in said["details"] if one["person"] == guardian}
    assert details["Compte bancaire", "IBAN"] == IBAN
    assert "2024-000018" not in text
    page = (tmp_path / "out" / "dossier.html").read_text()
    assert "À payer avant le" in page
    assert export("--household", other, "--to", str(tmp_path / "other"), "--by", "dpo-1").returncode == 0
    assert IBAN not in (tmp_path / "other" / "dossier.json").read_text()


def test_under_an_alternating_custody_the_others_days_are_left_out(world: World, export: Any, tmp_path: Path) -> None:
    mine, other = world.household("parent-1"), world.household("parent-2")
    child = world.child(mine, "cantine")
    made(world.agent.post(f"/children/{child}/households", {"household": other}))
    weeks = {"even_weeks": mine, "odd_weeks": other, "kind": "alternating", "first_day": "2023-09-01"}
    proof = {"kind": "judgement", "seen_on": "2024-01-15"}
    made(world.agent.post(f"/households/{mine}/custody", {"child": child, "proof": proof, **weeks}))
    made(world.guardian("parent-1").ask(child, "cantine", "2024-01-22"))
    made(world.guardian("parent-2").ask(child, "cantine", "2024-01-29"))
    world.clock.set("2024-02-09 18:00")
    for day in ("2024-02-02", "2024-02-09", "2024-01-29"):
        sheet = {"activity": "cantine", "unit": "repas", "day": day}
        made(world.agent.post("/attendance", {**sheet, "children": [{"child": child, "presence": "present"}]}), 200)
    days = {}
    for household in (mine, other):
        done = export("--household", household, "--to", str(tmp_path / household))
        assert done.returncode == 0, done.stderr
        text = (tmp_path / household / "dossier.json").read_text()
        assert (other if household == mine else mine) not in text
        said = orjson.loads(text)
        days[household] = [one["day"] for one in said["days"]]
        [stated] = [" ".join(one["said"]) for one in said["custody"]]
        assert "chez vous" in stated
        assert "dans l'autre foyer" in stated
    assert days == {mine: ["2024-01-22", "2024-02-09"], other: ["2024-01-29", "2024-02-02"]}


def test_what_two_homes_agreed_on_is_not_given_to_the_one_that_came_after(
    world: World, export: Any, tmp_path: Path
) -> None:
    mine, other, later = world.household("parent-1"), world.household("parent-2"), world.household("parent-3")
    child = world.child(mine)
    made(world.agent.post(f"/children/{child}/households", {"household": other}))
    proof = {"kind": "judgement", "seen_on": "2024-01-15"}
    said = {"child": child, "proof": proof}
    weeks = {"even_weeks": mine, "odd_weeks": other, "kind": "alternating", "first_day": "2023-09-01"}
    made(world.agent.post(f"/households/{mine}/custody", {**said, **weeks}))
    made(world.agent.post(f"/households/{mine}/custody", {**said, "kind": "end", "first_day": "2024-01-15"}))
    made(world.agent.delete(f"/children/{child}/households/{other}"), 200)
    made(world.agent.post(f"/children/{child}/households", {"household": later}))
    told = {}
    for household in (mine, later):
        done = export("--household", household, "--to", str(tmp_path / household))
        assert done.returncode == 0, done.stderr
        told[household] = len(orjson.loads((tmp_path / household / "dossier.json").read_bytes())["custody"])
    assert told == {mine: 2, later: 0}


def test_one_person_is_given_what_is_theirs(world: World, export: Any, tmp_path: Path) -> None:
    home = world.household("parent-1")
    guardian, child = guardian_of(world, home, OURS), world.child(home, "cantine")
    put(world.agent, f"/children/{child}/identity", identity(THEIRS))
    done = export("--person", guardian, "--to", str(tmp_path / "one"))
    assert done.returncode == 0, done.stderr
    said = orjson.loads((tmp_path / "one" / "dossier.json").read_bytes())
    assert [one["person"] for one in said["people"]] == [guardian]
    assert THEIRS not in (tmp_path / "one" / "dossier.json").read_text()


def test_what_an_account_said_is_no_longer_the_household_s_once_its_guardian_left(
    world: World, export: Any, tmp_path: Path
) -> None:
    home = world.household("parent-1")
    guardian = made(world.agent.post(f"/households/{home}/guardians"))["guardian"]
    body = {"identity": identity(THEIRS), "contact": {"email": "canari@exemple.fr"}, "children": [identity(THEIRS)]}
    asked = made(world.guardian("other-1").post("/me/activation", body))["activation"]
    made(
        world.agent.post(f"/activations/{asked}/decision", {"grant": {"household": home, "guardian": guardian}}),
        200,
    )
    for left in (False, True):
        if left:
            made(world.agent.delete(f"/households/{home}/guardians/{guardian}"), 200)
        done = export("--household", home, "--to", str(tmp_path / f"left-{left}"))
        assert done.returncode == 0, done.stderr
        assert ("canari@exemple.fr" in (tmp_path / f"left-{left}" / "dossier.json").read_text()) is not left


def page_of(directory: Path) -> str:
    """The words of the page, cell after cell."""
    read = Reader()
    read.feed((directory / "dossier.html").read_text())
    return "|".join(read.words)


def test_the_page_calls_people_days_and_amounts_as_a_family_does(world: World, export: Any, tmp_path: Path) -> None:
    home = world.household("parent-1")
    guardian, child = guardian_of(world, home, OURS), world.child(home, "cantine")
    parent = world.guardian("parent-1")
    quotient = {"amount_cents": 65_300, "source": "caf", "first_day": "2024-02-01"}
    made(world.agent.post(f"/households/{home}/quotients", quotient))
    status = {"residence": "outside", "regime": "msa", "first_day": "2024-02-01"}
    made(world.agent.post(f"/households/{home}/tariff-status", status))
    meal = {"activity": "cantine", "brought": True, "first_day": "2024-02-01"}
    made(world.agent.post(f"/children/{child}/meals", meal))
    made(parent.ask(child, "cantine", "2024-01-22"))
    document = made(parent.hand_in(papers.pdf(title=OURS), kind="certificat-medical", about=child))["document"]
    made(parent.get(f"/children/{child}/calendar", from_="2024-01-15", to="2024-01-31"), 200)
    done = export("--household", home, "--to", str(tmp_path / "all"))
    assert done.returncode == 0, done.stderr
    page = page_of(tmp_path / "all")
    for said in (
        "Titulaire",
        "653,00\u00a0€|Attestation de la CAF",
        "1er février 2024",
        "|Habite hors de la commune|MSA|",
        "|L'enfant apporte son repas|",
        "lundi 22 janvier 2024",
        "Réserver : lundi 22 janvier 2024, Repas (accepté)",
        "|Cantine|",
        "|Certificat m",
        "Le calendrier d'un enfant",
        f"|Enfant {child[:8]}|Enfant|{child}|",
        " ko|",
    ):
        assert said in page, said
    assert page.count(guardian) == page.count(child) == 1, "the identifiers are told once, with the people"
    names = page.replace(guardian, "").replace(child, "").replace(document, "")
    assert re.findall(r"[0-9a-f]{8}-[0-9a-f]{4}|[0-9]{4}-[0-9]{2}-[0-9]{2}|GET /|1981-", names) == []


def test_somebody_who_left_is_given_what_is_theirs_through_the_household_they_left(
    world: World, export: Any, tmp_path: Path
) -> None:
    home = world.household("parent-1")
    stays, child = guardian_of(world, home, OURS), world.child(home, "cantine")
    gone = made(world.agent.post(f"/households/{home}/guardians", {"subject": "parent-2"}))["guardian"]
    put(world.agent, f"/households/{home}/people/{gone}/identity", identity(THEIRS))
    second = world.guardian("parent-2")
    own = made(second.hand_in(papers.pdf(title=THEIRS)))["document"]
    made(second.hand_in(papers.pdf(title=OURS), about=child))
    made(world.agent.get(f"/households/{home}/people/{gone}"), 200)
    made(world.guardian("parent-1").get(f"/households/{home}/guardians"), 200)
    made(world.agent.send("DELETE", f"/households/{home}/guardians/{gone}", key=uuid4().hex), 200)
    alone = export("--person", gone, "--to", str(tmp_path / "one"))
    assert (alone.returncode, "with --household" in alone.stderr) == (1, True)
    done = export("--household", home, "--person", gone, "--to", str(tmp_path / "one"))
    assert done.returncode == 0, done.stderr
    text = (tmp_path / "one" / "dossier.json").read_text()
    said = orjson.loads(text)
    assert [(one["person"], one["role"]) for one in said["people"]] == [(gone, "N'est plus du foyer")]
    assert THEIRS in text
    assert [path.stem for path in (tmp_path / "one" / "documents").iterdir()] == [own]
    assert [one for one in (OURS, stays, child, "parent-1") if one in text] == []
    assert {one["role"] for one in said["reads"]} == {"Agent de la commune"}


def test_nothing_is_written_over_and_nobody_unknown_is_exported(world: World, export: Any, tmp_path: Path) -> None:
    home = world.household("parent-1")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "note").write_text("x")
    refused = export("--household", home, "--to", str(tmp_path / "full"))
    assert (refused.returncode, "is not empty" in refused.stderr) == (1, True)
    for option, name in (("--household", str(uuid4())), ("--person", str(uuid4()))):
        unknown = export(option, name, "--to", str(tmp_path / "new"))
        assert (unknown.returncode, "of that identifier in this town" in unknown.stderr) == (1, True)
    assert not (tmp_path / "new").exists()
    wrong = export("--household", "hello", "--to", str(tmp_path / "new"))
    assert (wrong.returncode, "an identifier is expected" in wrong.stderr) == (2, True)
    (tmp_path / "empty").mkdir()
    done = export("--household", home, "--to", str(tmp_path / "empty"))
    assert (done.returncode, done.stdout.rpartition(": ")[2]) == (0, "dossier.html, dossier.json and 0 documents.\n")


def test_an_export_is_in_the_log_of_everybody_it_shows(world: World, export: Any, tmp_path: Path) -> None:
    home = world.household("parent-1")
    child, [guardian] = world.child(home), made(world.agent.get(f"/households/{home}/guardians"), 200)["guardians"]
    done = export("--household", home, "--to", str(tmp_path / "all"), "--by", "dpo-1")
    assert done.returncode == 0, done.stderr
    reads = made(world.agent.get(f"/households/{home}/reads"), 200)["reads"]
    [line] = [one for one in reads if one["operation"] == "ardoise export-person"]
    assert (line["actor"], line["purpose"]) == ("dpo-1", "rights_request")
    assert set(line["about"]) == {home, child, guardian["guardian"]}


def test_whoever_exports_is_an_account_and_nobody_s_name(world: World, export: Any, tmp_path: Path) -> None:
    home = world.household("parent-1")
    for name in ("Zoé 0611223344", "Zoé Exemple", "", "a\nb"):
        refused = export("--household", home, "--to", str(tmp_path / "new"), "--by", name)
        said = " ".join(refused.stderr.replace("│", " ").split())
        assert (refused.returncode, "an account or a slug, without a space, never a name" in said) == (2, True)
    assert not (tmp_path / "new").exists()
