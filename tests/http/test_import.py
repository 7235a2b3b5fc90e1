"""The families of a previous system come in whole or not at all, once, whatever is killed."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import orjson
import psycopg
import pytest
from typer.testing import CliRunner

from api.cli import app
from ledger.database import service_conninfo
from ledger.identifiers import Commune
from ledger.settings import Settings
from replay.verifying.verify import verify
from tests.http.world import World, made, world_on
from tests.servers import Database, as_url

ARDOISE = Path(sys.executable).with_name("ardoise")
MANY, LINES = 300, 7
_towns = count(1)


@dataclass(frozen=True, kw_only=True)
class Town:
    """A town, its service, and an operator's shell on the same database and the same keys."""

    world: World
    database: Database
    data: Path

    def file(self, *families: Any) -> Path:
        path = self.data / f"families-{next(_towns)}.ndjson"
        path.write_bytes(b"\n".join(each if isinstance(each, bytes) else orjson.dumps(each) for each in families))
        return path

    def environment(self) -> dict[str, str]:
        ours = {name: "" for name in os.environ if name.startswith("ARDOISE_")}
        return ours | {
            "ARDOISE_DATABASE_URL": as_url(self.database.service_url),
            "ARDOISE_OWNER_URL": as_url(self.database.owner_url),
            "ARDOISE_DATA": str(self.data),
            "ARDOISE_DEVELOPMENT": "1",
        }

    def start(self, path: Path) -> "subprocess.Popen[bytes]":
        """In a process of its own, to be killed."""
        command: Sequence[str | Path] = [ARDOISE, "import", self.world.commune, path]
        quiet = subprocess.DEVNULL
        return subprocess.Popen(command, env={**os.environ, **self.environment()}, stdout=quiet, stderr=quiet)

    def run(self, path: Path, *more: str, commune: str | None = None) -> tuple[int, str, str]:
        command = ["import", commune or self.world.commune, str(path), *more]
        result = CliRunner().invoke(app, command, env=self.environment())
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result.exit_code, result.stdout, result.stderr

    def imported(self, path: Path) -> dict[str, Any]:
        code, out, err = self.run(path, "--json")
        assert code == 0, err
        said: dict[str, Any] = orjson.loads(out)
        return said

    def lines(self) -> int:
        with psycopg.connect(self.database.admin_url) as superuser:
            row = superuser.execute("SELECT count(*) FROM ardoise.entries WHERE commune = %s", (self.world.commune,))
            [found] = row.fetchone() or (0,)
            return int(found)

    def households(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        cursor: dict[str, str] = {}
        while True:
            page = made(self.world.agent.get("/households", limit=200, **cursor), 200)
            found += page["households"]
            if page["next"] is None:
                return found
            cursor = {"cursor": page["next"]}


@pytest.fixture(scope="module")
def service(module_database: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    data = tmp_path_factory.mktemp("import")
    with world_on(module_database, data) as made_:
        yield Town(world=made_, database=module_database, data=data)


@pytest.fixture
def town(service: Town) -> Town:
    world = service.world.of(Commune(f"reprise-{next(_towns)}"))
    world.adopt()
    return Town(world=world, database=service.database, data=service.data)


def named(given_name: str, **more: str) -> dict[str, str]:
    return {"given_name": given_name, "family_name": "Exemple", **more}


CANTINE = {"activity": "cantine", "site": "centre", "first_day": "2023-09-04", "last_day": "2024-07-05"}
ADDRESS = {"lines": ["12 rue Haute"], "postcode": "78670", "city": "Valmont"}
FAMILY: dict[str, Any] = {
    "ref": "F-1",
    "guardians": [
        {"ref": "paola", "identity": named("Paola"), "address": ADDRESS, "contact": {"telephone": "0612345678"}},
        {"ref": "bruno", "subject": "old|bruno", "holder": True, "identity": named("Bruno")},
    ],
    "children": [
        {"ref": "C-1", "identity": named("Matteo", birth_date="2015-02-03"), "enrolments": [CANTINE]},
        {"ref": "C-2", "identity": named("Chiara", birth_date="2017-05-06")},
    ],
    "members": [{"ref": "zio", "identity": named("Zio")}],
    "contacts": [{"ref": "nonna", "collects": True, "identity": named("Nonna")}],
}


def test_a_family_comes_in_with_its_people_their_names_and_their_accounts(town: Town) -> None:
    code, out, err = town.run(town.file(FAMILY))
    assert (code, out) == (0, f"1 family of {town.world.commune}: 1 imported, 0 already there.\n"), err
    [household] = town.households()
    parent = town.world.guardian("old|bruno")
    said = made(parent.get(f"/households/{household['household']}"), 200)
    names = {person: each["given_name"] for person, each in said["identities"].items()}
    assert [(names[row["guardian"]], row["holder_label"], row["subject"]) for row in said["guardians"]] == [
        ("Paola", "Co-représentant", None),
        ("Bruno", "Titulaire", "old|bruno"),
    ]
    assert {names[child] for child in said["children"]} == {"Matteo", "Chiara"}
    assert [names[row["person"]] for row in said["members"]] == ["Zio"]
    assert [(names[row["person"]], row["collects"]) for row in said["contacts"]] == [("Nonna", True)]
    [matteo] = [child for child in said["children"] if names[child] == "Matteo"]
    [enrolment] = made(parent.get(f"/children/{matteo}/enrolments"), 200)["enrolments"]
    assert (enrolment["activity"], enrolment["site"]) == ("cantine", "centre")
    [paola] = [row["guardian"] for row in said["guardians"] if names[row["guardian"]] == "Paola"]
    person = made(parent.get(f"/households/{household['household']}/people/{paola}"), 200)
    assert (person["address"]["lines"], person["contact"]["telephone"]) == (["12 rue Haute"], "0612345678")
    made(parent.ask(matteo, "cantine", "2024-01-22"))


def test_a_link_of_an_import_says_so(town: Town) -> None:
    town.imported(town.file(FAMILY))
    with psycopg.connect(town.database.admin_url) as superuser:
        kept = superuser.execute(
            "SELECT convert_from(stored, 'UTF8') FROM ardoise.entries WHERE commune = %s ORDER BY stream, version",
            (town.world.commune,),
        ).fetchall()
    lines = [orjson.loads(text) for (text,) in kept]
    links = [line["fact"] for line in lines if line["type"].startswith("guardian_linked")]
    assert [(link["subject"], link["how"]) for link in links] == [("old|bruno", "import")]
    assert not any(name in str(kept) for name in ("Paola", "Matteo", "Nonna", "Exemple", "rue Haute", "C-1"))


def test_what_is_imported_twice_is_there_once(town: Town) -> None:
    path = town.file(FAMILY, {"ref": "F-2", "guardians": [{"ref": "awa"}]}, b"")
    first = town.imported(path)
    assert (first["families"], first["imported"], first["already"]) == (2, 2, 0)
    lines = town.lines()
    again = town.imported(path)
    assert (again["families"], again["imported"], again["already"]) == (2, 0, 2)
    assert town.lines() == lines


def test_a_family_that_changed_since_is_left_as_it_is_and_told(town: Town) -> None:
    town.imported(town.file(FAMILY))
    lines = town.lines()
    other = {**FAMILY, "guardians": FAMILY["guardians"][:1]}
    code, _, err = town.run(town.file({"ref": "F-0", "guardians": [{"ref": "awa"}]}, other))
    assert code == 1
    assert ":2: *: imported_otherwise:" in err
    assert "1 mistake in" in err
    assert town.lines() == lines + 2, "the other family came in"
    renamed = {**FAMILY, "contacts": [{**FAMILY["contacts"][0], "identity": named("Nonno")}]}
    assert town.imported(town.file(renamed))["already"] == 1, "a name is corrected in the portal, not by an import"


def test_every_mistake_is_told_with_its_line_and_nothing_is_written(town: Town) -> None:
    lines = town.lines()
    path = town.file(
        FAMILY,
        b'{"ref": "F-2", "guardians": [{"ref": "a"}], "note": "a story"}',
        b'{"ref": "F-3", "ref": "F-4", "guardians": [{"ref": "a"}]}',
        b"not json",
        {"ref": "F-5", "guardians": []},
        {"ref": "F-1", "guardians": [{"ref": "a"}]},
        {"ref": "F-6", "guardians": [{"ref": "a", "identity": named("Awa", birth_date="2150-01-01")}]},
        {"ref": "F-7", "guardians": [{"ref": "a"}, {"ref": "a"}]},
        {"ref": "F-8", "guardians": [{"ref": "a", "holder": True}, {"ref": "b", "holder": True}]},
        {"ref": "F-9", "guardians": [{"ref": "a", "subject": "x"}, {"ref": "b", "subject": "x"}]},
        {"ref": "F-10", "guardians": [{"ref": "a"}], "children": [{"ref": "C-1", "identity": named("Other")}]},
        {
            "ref": "F-11",
            "guardians": [{"ref": "a"}],
            "children": [
                {"ref": "C-9", "enrolments": [{**CANTINE, "site": "nowhere"}, {**CANTINE, "activity": "golf"}]}
            ],
        },
        {"ref": "F-12", "guardians": [{"ref": "a"}], "children": [{"ref": "C-8", "enrolments": [CANTINE, CANTINE]}]},
        {"ref": "F-13", "guardians": [{"ref": "a"}], "contacts": [{"ref": "b"}]},
        b'{"ref": "F-14", "guardians": [{"ref": "\\u0000"}]}',
    )
    code, out, err = town.run(path)
    assert (code, out) == (1, "")
    told = [line.split(": ")[:3] for line in err.splitlines()[:-1]]
    place = path.name
    assert told == [
        [f"{place}:2", "*", "unknown_field"],
        [f"{place}:3", "*", "invalid_json"],
        [f"{place}:4", "*", "invalid_json"],
        [f"{place}:5", "guardians", "too_few"],
        [f"{place}:6", "ref", "asked_twice"],
        [f"{place}:7", "guardians[0].identity.birth_date", "in_the_future"],
        [f"{place}:8", "*", "inconsistent"],
        [f"{place}:9", "*", "inconsistent"],
        [f"{place}:10", "*", "inconsistent"],
        [f"{place}:11", "children[0]", "asked_twice"],
        [f"{place}:12", "children[0]", "unknown_activity"],
        [f"{place}:12", "children[0]", "unknown_site"],
        [f"{place}:13", "children[0]", "already_enrolled"],
        [f"{place}:14", "contacts[0].collects", "required"],
        [f"{place}:15", "*", "invalid_json"],
    ]
    sentences = [line.split(": ", 3)[3] for line in err.splitlines()[:-1]]
    assert all(sentence[0].isupper() and sentence.endswith(".") for sentence in sentences), "all of them in French"
    assert "15 mistakes in" in err
    assert "nothing written" in err
    assert not any(word in err for word in ("a story", "golf", "Other", "2150"))
    assert town.lines() == lines
    code, out, err = town.run(path, "--json")
    assert code == 1
    assert len(orjson.loads(out)["errors"]) == 15


def test_a_check_writes_nothing(town: Town) -> None:
    lines = town.lines()
    code, out, _ = town.run(town.file(FAMILY), "--check")
    assert (code, out) == (0, f"1 family of {town.world.commune} can be imported.\n")
    assert town.lines() == lines


def test_a_child_of_two_households_is_one_child(town: Town) -> None:
    other = {"ref": "F-2", "guardians": [{"ref": "carla", "subject": "old|carla"}], "children": [{"ref": "C-1"}]}
    town.imported(town.file(FAMILY, other))
    [child] = made(town.world.guardian("old|carla").get("/me"), 200)["children"]
    said = made(town.world.agent.get(f"/children/{child['child']}"), 200)
    assert len(said["households"]) == 2
    made(town.world.guardian("old|bruno").get(f"/children/{child['child']}"), 200)
    third = {"ref": "F-3", "guardians": [{"ref": "a"}], "children": [{"ref": "C-1"}]}
    code, _, err = town.run(town.file(FAMILY, other, third))
    assert code == 1
    assert ":3: children[0]: too_many:" in err


def test_a_town_that_adopted_nothing_and_a_file_that_is_not_are_said_in_one_line(town: Town) -> None:
    code, _, err = town.run(town.file(FAMILY), commune="nowhere")
    assert (code, len(err.splitlines())) == (1, 1)
    assert "has adopted no rulebook" in err
    code, _, err = town.run(town.data / "missing.ndjson")
    assert (code, len(err.splitlines())) == (1, 1)
    assert "cannot be read" in err
    code, _, err = town.run(town.file(FAMILY), commune="No Town")
    assert (code, len(err.splitlines())) == (1, 1)


def test_an_import_that_is_killed_is_resumed_and_nothing_is_there_twice(town: Town) -> None:
    families = [
        {
            "ref": f"F-{n}",
            "guardians": [{"ref": "a", "subject": f"old|{n}", "identity": named("Awa")}],
            "children": [{"ref": f"C-{n}", "identity": named("Moussa"), "enrolments": [CANTINE]}],
        }
        for n in range(MANY)
    ]
    path, before = town.file(*families), town.lines()
    kills = 0
    for goal in (MANY // 10, MANY // 3, MANY // 2):
        process = town.start(path)
        deadline = time.monotonic() + 60
        while town.lines() - before < goal * LINES and process.poll() is None:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        kills += process.poll() is None
        process.send_signal(signal.SIGKILL)
        process.wait(30)
    assert kills == 3, "each was in the middle of it"
    assert (town.lines() - before) % LINES == 0, "a family is there whole or not at all"
    said = town.imported(path)
    assert said["families"] == MANY
    assert said["imported"] > 0
    assert said["already"] > 0
    assert said["imported"] + said["already"] == MANY
    assert town.lines() - before == MANY * LINES
    households = town.households()
    assert len(households) == MANY
    assert {row["guardians"][0]["subject"] for row in households} == {f"old|{n}" for n in range(MANY)}
    assert all(len(row["identities"]) == 2 for row in households)
    with psycopg.connect(service_conninfo(town.database.service_url, Settings()), autocommit=True) as connection:
        assert list(verify(connection, town.world.commune)) == []
