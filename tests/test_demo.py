"""`ardoise demo`, run for real: once, again, after a kill, and with what it prints pasted into a shell."""

import os
import pty
import re
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from api.demo import two_homes, two_parents
from api.demo.cast import FAMILIES
from ledger.embedded import DATABASE, Server
from tests.demos import ARDOISE, HOUSE, SECONDS, environment
from tests.servers import Database, as_url, scratch_directory

TOURS = (HOUSE / "README.md", HOUSE / "docs" / "tour-families.md")
WIDTH = 100
NEIGHBOUR = ("villennes-sur-seine", "compte-0005")
KEY = r"\b[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}\b"
KILLED_AT = (
    "n° 43495",
    "l'agent suspend son compte",
    "hors délai (article 3.4)",
    "Clé Enfance de Bakary",
    "Mais cela se voit",
)

OF_VILLENNES = (
    r"7 mars 2024, 19:12\n.*n° 43493, En cours d'instruction",
    r"19:20, huit places +8 +9 +0 +1\n",
    r"n° 43493 Traitée négativement",
    r"7 mars 2024, 19:32\n.*n° 43495",
    r"20/03 ● Journée · Hors délai",
    r"27/03 □ Journée · Complet",
    r"Hors délai \(article 4\.1\) : Pour le mercredi 20 mars 2024",
    r"Complet \(article 4\.1\) : Il n'y a plus de place le mercredi 27 mars 2024",
    r"18 demandes d'autres familles, n° 43494 à 43512",
    r"8 mars 2024, 10:43\n.*n° 43513, En cours d'instruction",
    r"13 │ 25/03 │ 26/03 │ 27/03 ● Journée  ",
    r"8 mars 2024 +10:43 +n° 43513 .*✔ Traitée positivement",
    r"7 mars 2024 +19:32 +n° 43495 .*✔ Traitée positivement",
    r"7 mars 2024 +19:12 +n° 43493 .*✘ Traitée négativement",
    r"du 09 au 10/04/2024",
    r"Nino Neigeclair +non +présent +présent sans réservation",
    r"48 heures ouvrées, soit avant\s+le lun\. 18/03 20:40",
    r"Paolo Clairejonc, pour Matteo ; il reste 35 heures ouvrées",
    r"Responsable +Elena Clairejonc, Titulaire +– +Paolo Clairejonc,\n +Co-représentant",
    r"Le 27/03 +● Journée n° 43513 +– +● Journée n° 43513\n",
    r"Elena lit n° 43514 Retirée",
    r"lun\. 08:50:01 +● Journée n° 42107 +–\n",
    r"mar\. 14:00:01, rétabli +● Journée n° 42107 +● Journée n° 42107\n",
)
OF_THE_AUDITOR = (
    r"7 mars 2024, 19:30 +□ Journée · Complet +n° 43493 +✘ Traitée négativement +19:28",
    r"8 mars 2024, 19:30 +● Journée +n° 43513 +✔ Traitée positivement +11:05\n +n° 43493 +✘",
    r"3 checkpoints written in",
    r"line_changed: child/villennes-sur-seine/dea9252f-7ab2-575a-81a4-8ea24df6b25d\s+line 8",
    r"verified, no difference; compared with 1 checkpoint",
    r"26\s+lines\s+of\s+4\s+pages,\s+under\s+the\s+checkpoint",
    r"entries: 26 under the root",
    r"\n  OK\n",
)
OF_VILLARS = (
    r"22 août 2022 +16:54 +n° 18201 +Réservation Camille .*✔ Traitée positivement",
    r"22 août 2022 +16:54 +n° 18202 +Réservation Sasha .*✔ Traitée positivement",
    r"mer\. 24/08 23:59:59 +jeu\. 01/09/2022 +mer\. 24/08 23:59 .*✔ dans les temps",
    r"jeu\. 25/08 00:00:00 +jeu\. 01/09/2022 +mer\. 24/08 23:59 .*✘ Hors délai",
    r"mer\. 14/09 23:59:59 +lun\. 19/09/2022 .*✔ dans les temps",
    r"jeu\. 15/09 00:00:00 +lun\. 19/09/2022 .*✘ Hors délai",
    r"29/09 ✕ Repas",
    r"fermé le jeudi 29 septembre 2022 : grève",
    r"Justificatif hors délai",
    r"Justificatif obligatoire",
    r"Inaya +À partir du lundi 7 novembre 2022, semaines paires : chez vous ;",
    r"Yves +À partir du lundi 7 novembre 2022, semaines paires : dans l'autre foyer ;",
    r"Yves essaie le mardi 15 : Jour de garde de l'autre responsable",
    r"jeu\. 10/11/2022 +autre foyer ● Repas +chez vous +● Repas n° 18210\n",
    r"lun\. 14/11/2022 +chez vous +● Repas n° 18211 +autre foyer ● Repas\n",
    r"n° 18212 +mer\. 19/10 12:05 +Changement de téléphone ou de courriel +✔ Traitée positivement",
    r"n° 18213 +jeu\. 20/10 18:10 +Changement d'adresse +◐ En cours d'instruction",
    r"0639980057 ; quotient 653 € \(Attestation de la CAF\)",
    r"ven\. 21/10 09:15:20 +l'agent +GET /documents/\{document\} +Instruction d'une demande",
)
OF_THE_REGIE = (
    r"il\s+manque\s+un\s+pointage,\s+celui\s+de\s+la\s+garderie\s+du\s+ven\.\s+30/09/2022",
    r"2022-00000\d +Odile +2 +55,11 €",
    r"Garderie du soir, Lison +12 +1,05 € +12,60 €",
    r"Repas, Lison +13 +3,27 € +42,51 €",
    r"Quotient familial : 650\s€ \(CAF\), valable depuis le 1er septembre 2022\.\n +Tranche à partir de 600\s€",
    r"Tarif « Repas » : article 5\.1 du règlement 2022-09",
    r"Repas, Sasha \(rectification de 2022-09\) +-1 +3,92 € +-3,92 €",
    r"Ce qui a changé : absence acceptée le 12 octobre 2022 à 9 h 05 par le service",
)
OF_CHANTELOUP = (
    r"Louis +dim\. 01/10 00:00:00 +lun\. 23/10/2023 +lun\. 25/09 23:59 +5\.1 +✔ accepté, à majorer",
    r"Moussa +sam\. 30/09 23:59:59 +lun\. 23/10/2023 .*✔ dans les temps",
    r"Lina +mar\. 01/10 23:59:59 +mar\. 15/10/2024 +mar\. 01/10 23:59 +2\.1 +✔ dans les temps",
    r"Moussa +mer\. 02/10 00:00:00 +mar\. 15/10/2024 +mar\. 01/10 23:59 +2\.1 +✔ accepté, à majorer",
    r"Clé Enfance de Bakary Ombreval",
    r"[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}",
    r"Moussa, le 15/10 +● Soir n° 9110 +– +● Soir n° 9110",
    r"Clé Enfance refusée\..*\n.*\n.*la sixième n'est pas regardée : revenez dans 59 minutes",
    r"L'agent voit la clé : Utilisée \(1 fois sur 1\)",
    r"L'histoire est jouée et vérifiée : \d+ commandes par HTTP",
)


def demo(data: Path, *options: str, **more: str) -> subprocess.CompletedProcess[str]:
    command, env = [str(ARDOISE), "demo", *options], environment(data, **more)
    return subprocess.run(command, env=env, capture_output=True, text=True, timeout=SECONDS, check=False)


def story(output: str) -> str:
    """What is the same at every demo: the tables, and what was known then; not what is checked of this ledger."""
    told = output[output.index(" Villennes-sur-Seine, 2023-2024") : output.index("Chaque minute, une empreinte")]
    # What the council asks names files and a digest of the rulebook.
    told = told[: told.index(" Le conseil municipal de Villars")] + told[told.index(" L'auditrice  ─") :]
    assert told.count("\n") > 250
    return without_key(told)


def without_key(told: str) -> str:
    """A Clé Enfance, as printed and as typed, is another one in every ledger; so are the numbers of titres.

    Titres are numbered in the order of the identifiers of their households.
    """
    told = re.sub(r"\b2022-00000\d\b", "2022-…", told)
    return re.sub(r"[0-9A-Z]{4}(?:([- ])[0-9A-Z]{4}){2}", r"XXXX\1XXXX\1XXXX", told, flags=re.IGNORECASE)


def but_for_numbers(told: str) -> str:
    """A story in which a kill may have cost a number: the guide's own are kept, a neighbour's may be missing."""
    told = re.sub(r"n°\s+(?:18\d{3}|435(?:1[4-9]|2\d)|91\d\d)\b", "n° …", told)
    return re.sub(r"\b1[78] demandes d'autres", "… demandes d'autres", told)


@pytest.fixture(scope="module")
def directories() -> Iterator[Path]:
    """Where the demos of this file live; their servers are stopped even if a demo was killed."""
    with scratch_directory() as directory:
        try:
            yield directory
        finally:
            for data in directory.iterdir():
                Server(data).sweep()


@pytest.fixture(scope="module")
def data(directories: Path) -> Path:
    return directories / "told"


@pytest.fixture(scope="module")
def told(data: Path) -> str:
    """The first demo of a fresh directory."""
    run = demo(data, "--no-serve")
    assert (run.returncode, run.stderr) == (0, ""), run.stderr
    return run.stdout


@pytest.mark.parametrize("fact", [*OF_VILLENNES, *OF_VILLARS, *OF_THE_REGIE, *OF_CHANTELOUP, *OF_THE_AUDITOR])
def test_the_demo_tells_the_facts_of_the_guides(told: str, fact: str) -> None:
    assert re.search(fact, told), told


def test_a_file_receives_a_hundred_columns_without_colour_or_trailing_blanks(told: str) -> None:
    assert "\x1b" not in told
    assert [line for line in told.splitlines() if len(line) > WIDTH or line != line.rstrip()] == []


@pytest.mark.parametrize("tour", TOURS, ids=lambda tour: tour.name)
def test_what_the_tours_show_is_what_the_demo_prints(told: str, tour: Path) -> None:
    blocks = re.findall(r"^```\n(.*?)^```$", tour.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    shown = [line for block in blocks if re.search("[●✔╭─]|n° ", block) for line in without_key(block).splitlines()]
    assert len(shown) > 60
    assert [line for line in shown if line not in without_key(told).splitlines()] == []


def test_the_readme_counts_the_commands_of_the_story(told: str) -> None:
    [counted] = re.findall(r"(\d+) commandes par HTTP", told)
    assert f"as a portal would: {counted} commands." in TOURS[0].read_text(encoding="utf-8")


@pytest.mark.parametrize("town", ["villennes-sur-seine", "villars", "chanteloup-les-vignes"])
def test_what_the_demo_wrote_verifies(data: Path, told: str, town: str) -> None:
    assert told
    run = subprocess.run(
        [ARDOISE, "verify", town], env=environment(data), capture_output=True, text=True, timeout=SECONDS, check=False
    )
    assert run.returncode == 0, run.stdout + run.stderr


def test_the_ledger_holds_none_of_the_names_of_the_story(data: Path, told: str) -> None:
    assert "Matteo" in told
    server = Server(data)
    try:
        with psycopg.connect(server.start().admin_url, dbname=DATABASE) as connection:
            rows = connection.execute(
                "SELECT concat_ws(' ', stream, convert_from(stored, 'UTF8')) FROM ardoise.entries"
            )
            entries = [said for (said,) in rows]
    finally:
        server.leave()
    names = [
        name
        for families in FAMILIES.values()
        for each in families
        for name in (each.name, *each.guardians, *each.children)
    ]
    names += [two_homes.TELEPHONE, "0639980057", *two_homes.ADDRESS["lines"], two_parents.TELEPHONE, "0639980041"]
    assert len(entries) > 250
    assert any("reservation_requested" in entry for entry in entries)
    assert [name for name in names for entry in entries if re.search(rf"\b{name}\b", entry)] == []


def test_a_second_demo_tells_the_same_story_and_writes_nothing_twice(data: Path, told: str) -> None:
    again = demo(data, "--no-serve")
    assert (again.returncode, again.stderr) == (0, "")
    assert story(again.stdout) == story(told)
    assert re.findall(KEY, again.stdout) == re.findall(KEY, told)
    assert re.search(r"Tout était déjà là : \d+ commandes renvoyées, autant de réponses gardées", again.stdout)


@pytest.mark.parametrize("last_words", KILLED_AT)
def test_a_demo_killed_in_the_middle_goes_on_where_it_stopped(directories: Path, told: str, last_words: str) -> None:
    place = directories / f"killed-{len(last_words)}"
    with subprocess.Popen(
        [ARDOISE, "demo", "--no-serve"], env=environment(place), stdout=subprocess.PIPE, text=True
    ) as run:
        assert run.stdout is not None
        for line in run.stdout:
            if last_words in line:
                run.kill()
                break
        run.wait(SECONDS)
    assert run.returncode == -signal.SIGKILL
    again = demo(place, "--no-serve")
    assert (again.returncode, again.stderr) == (0, "")
    assert but_for_numbers(story(again.stdout)) == but_for_numbers(story(told))
    assert re.search(r"vérifiée : \d+ commandes par HTTP, dont \d+ déjà au registre", again.stdout)


def pasted(output: str) -> str:
    """The lines to paste, as a shell gets them: no caption, no prose."""
    after = output[output.index("Dans un autre terminal") :].splitlines()[1:]
    blocks = "\n".join(after).split("\n\n")
    lines = [line for block in blocks for line in block.splitlines() if not re.match(r"\d+\. |Ctrl-C", line)]
    return "\n".join(lines)


@pytest.mark.skipif(not (shutil.which("bash") and shutil.which("curl")), reason="needs bash and curl")
def test_what_the_demo_prints_works_when_it_is_pasted(data: Path, told: str, tmp_path: Path) -> None:
    assert told
    with subprocess.Popen(
        [ARDOISE, "demo", "--port", "0"],
        env=environment(data),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
    ) as run:
        assert run.stdout is not None
        assert run.stderr is not None
        printed = []
        for line in run.stdout:
            printed.append(line)
            if line.startswith("Ctrl-C"):
                break
        script = pasted("".join(printed))
        assert script.count("curl ") == 14
        honest = 'curl() { command curl --noproxy "*" --max-time 20 --fail "$@" || echo "REFUSED $*" >&2; }\n'
        shell = subprocess.run(
            ["bash", "-u"],
            input=honest + script,
            capture_output=True,
            text=True,
            cwd=tmp_path,
            env=environment(data),
            timeout=SECONDS,
            check=False,
        )
        run.send_signal(signal.SIGINT)
        printed_since = run.stdout.read()
        assert run.wait(SECONDS) == 0
        assert run.stderr.read() == ""
    assert (shell.returncode, shell.stderr) == (0, "")
    answers = shell.stdout.strip().splitlines()
    [calendar, preview, submitted, history, decided, places, yves, inaya, reads, refused, accepted, *rest] = answers
    told_since, why = rest
    assert '"editable":true' in calendar
    assert '"possible":true' in preview
    assert '"status":"en_cours"' in submitted
    assert '"status":"en_cours"' in history
    assert '"status":"traitee_positivement"' in decided
    assert '"taken":1' in places
    assert '"custody":"mine"' in yves
    assert '"custody":"other"' in inaya
    assert '"role_label":"Responsable"' in reads
    assert '"number":43493' in refused
    assert '"number":43513' not in refused
    assert '"number":43513' in accepted
    assert '"sentence":' in told_since
    assert '"sentences":["Restauration scolaire, repas : 13 × 3,27' in why.replace("\u202f", " ").replace("\xa0", " ")
    assert (tmp_path / "facture.pdf").read_bytes().startswith(b"%PDF")
    assert "Arrêté. Les données restent" in printed_since


def test_a_taken_port_is_said_in_one_line_before_anything_else(directories: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        run = demo(directories / "unused", ARDOISE_PORT=str(port))
    assert (run.returncode, run.stdout) == (1, "")
    assert run.stderr.count("\n") == 1
    assert f"le port {port} de 127.0.0.1 n'est pas libre" in run.stderr


def test_a_demo_that_may_not_sign_its_tokens_says_so(directories: Path) -> None:
    run = demo(directories / "unused", ARDOISE_ISSUERS="https://idp.example", ARDOISE_JWKS="keys.json")
    assert (run.returncode, run.stdout) == (1, "")
    assert "la démonstration signe ses jetons elle-même" in run.stderr


def test_without_its_notes_a_played_demo_refuses_to_show_another_day(data: Path, told: str, tmp_path: Path) -> None:
    assert told
    [notes] = data.glob("demo-*.jsonl")
    kept = notes.read_bytes()
    try:
        notes.unlink()
        run = demo(data, "--no-serve")
        assert run.returncode == 1
        assert run.stderr.startswith("ardoise: ces données contiennent déjà l'histoire")
    finally:
        notes.write_bytes(kept)


def test_a_terminal_gets_colours(data: Path, told: str) -> None:
    assert told
    ours, theirs = pty.openpty()
    plain = {"TERM": "xterm-256color", "COLUMNS": "120", "NO_COLOR": ""}
    with subprocess.Popen([ARDOISE, "demo", "--no-serve"], env=environment(data, **plain), stdout=theirs) as run:
        os.close(theirs)
        seen = b""
        while True:
            try:
                read = os.read(ours, 65_536)
            except OSError:  # how Linux says that nobody writes any more
                break
            if not read:
                break
            seen += read
    os.close(ours)
    assert run.returncode == 0
    assert "\x1b[1;32m ● Journée" in seen.decode()


def test_a_postgresql_of_ones_own_does_as_well(directories: Path, database: Database, told: str) -> None:
    urls = {"ARDOISE_DATABASE_URL": as_url(database.service_url), "ARDOISE_OWNER_URL": as_url(database.owner_url)}
    run = demo(directories / "own", "--no-serve", ARDOISE_DEVELOPMENT="1", **urls)
    assert (run.returncode, run.stderr) == (0, "")
    assert story(run.stdout) == story(told)


def test_a_family_that_was_forgotten_has_no_story_and_is_said_to_have_none(data: Path, told: str) -> None:
    assert told
    server = Server(data)
    try:
        with psycopg.connect(server.start().admin_url, dbname=DATABASE) as connection:
            rows = connection.execute(
                "SELECT household FROM ardoise.guardians WHERE commune = %s AND subject = %s", NEIGHBOUR
            )
            [[household]] = rows.fetchall()
    finally:
        server.leave()
    agreed = ["--agreement", "AD78-1", "--agreed-by", "archives-1", "--agreed-on", "2026-11-12", "--yes"]
    asked = [ARDOISE, "erase", NEIGHBOUR[0], "--household", household, *agreed]
    erased = subprocess.run(asked, env=environment(data), capture_output=True, text=True, timeout=SECONDS, check=False)
    assert erased.returncode == 0, erased.stderr
    run = demo(data, "--no-serve")
    assert run.returncode == 1
    assert ".." not in run.stderr.replace("./", "")
    assert run.stderr.endswith(f"Pour rejouer l'histoire depuis le début : rm -r {data}\n"), run.stderr
