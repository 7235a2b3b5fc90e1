"""The auditor: what was known then, one byte changed behind everybody's back, and a family's evidence handed out."""

import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final

import orjson
import psycopg
from rich import box
from rich.table import Table
from rich.text import Text

from api.demo import tables, tour
from api.demo.cast import VILLENNES, Cast
from api.demo.neighbours import WEDNESDAYS
from api.demo.page import Page
from api.demo.stage import AUDITOR, StoryError
from api.demo.tables import GREYED, STATES
from api.demo.villennes import ACCEPTED, REFUSED, THAT_DAY, UNITS
from api.demo.words import clock, wall_day
from ledger.identifiers import ChildId, Commune
from ledger.settings import Settings
from ledger.streams import child_page
from replay import verify_evidence
from rulebook.french_dates import french_date

THEN: Final = (("2024-03-07T19:30:00+01:00", REFUSED), ("2024-03-08T19:30:00+01:00", ACCEPTED))
SECONDS: Final = 120
NOTE: Final = "demo-octet.json"
_GUARD: Final = "entries_are_never_changed"


def play(casts: Mapping[Commune, Cast], settings: Settings, admin_url: str | None, page: Page) -> None:
    """Asks the past about Matteo's 27 March; then holds the ledger to its word."""
    cast = casts[VILLENNES]
    page.chapter("L'auditrice")
    cast.town.today()
    _known_then(cast, page)
    _signed(cast, settings, page)
    if admin_url is not None:
        _tampered(cast, settings, admin_url, page)
    _handed_out(cast, settings, page)


def _known_then(cast: Cast, page: Page) -> None:
    """The same question at two instants: what had been asked, and what had become of it."""
    page.line()
    page.say(
        "Elle demande, aujourd'hui, ce que l'on savait du mercredi 27 mars de Matteo le 7 mars 2024 à 19:30, puis le"
        " lendemain à la même heure. Les réponses viennent des faits d'alors, relus un à un."
    )
    table = Table(box=box.SIMPLE_HEAD, header_style="bold", border_style=GREYED, pad_edge=False)
    for column in ("Ce qu'on savait le", "Calendrier", "Demande", "", "Décidée à"):
        table.add_column(column)
    matteo = cast.child("Matteo").id
    for instant, number in THEN:
        asked = {"from_": THAT_DAY, "to": THAT_DAY, "as_of": instant}
        [day] = cast.town.look(AUDITOR, f"/children/{matteo}/calendar", activity=WEDNESDAYS, **asked)["days"]
        known = cast.town.look(AUDITOR, "/demandes", child=matteo, **asked)["demandes"]
        cast.town.check(known[0]["number"] == number, f"le {instant}, la dernière demande connue devait être {number}")
        sign, style = STATES[day["state"]]
        seen = Text(f"{sign} {UNITS[day['unit']]}", style=style)
        if not day["editable"]:
            seen.append(f" · {day['title']}", style=f"italic {GREYED}")
        when = f"{french_date(wall_day(instant))}, {clock(instant)}"
        for demande in known:
            decided = clock(demande["decided_at"]) if demande["decided_at"] else ""
            table.add_row(when, seen, f"n° {demande['number']}", tables.status(demande), decided)
            when, seen = "", Text("")
    page.show(table)


def _signed(cast: Cast, settings: Settings, page: Page) -> None:
    """What leaves the database, so that nobody can write its past anew unseen."""
    page.line()
    page.say("Chaque minute, une empreinte signée de tout ce qui est écrit sort de la base. En voici une :")
    cast.town.check(run(page, settings, ["checkpoint", "write"]).returncode == 0, "l'empreinte devait être signée")


def _tampered(cast: Cast, settings: Settings, admin_url: str, page: Page) -> None:
    """A superuser changes one byte of the refusal; verify says where. Then the byte is put back."""
    stream = child_page(VILLENNES, ChildId(cast.child("Matteo").id))
    with (
        closing(psycopg.connect(admin_url, autocommit=True)) as connection,
        _changed(connection, stream, settings.data / NOTE) as version,
    ):
        page.line()
        page.say(
            "Un administrateur de la base écarte les gardes et change [bold]un octet[/] de la ligne du refus."
            " L'application n'en a pas le droit ; lui, rien ne l'arrête. Mais cela se voit :"
        )
        done = run(page, settings, ["verify", VILLENNES])
    named = f"{stream} line {version}" in done.stdout + done.stderr
    cast.town.check(done.returncode == 1 and named, "verify devait montrer la ligne changée")
    page.line()
    page.say("L'octet remis à sa place :")
    done = run(page, settings, ["verify", VILLENNES])
    cast.town.check(done.returncode == 0, "verify ne devait plus rien trouver")


@contextmanager
def _changed(connection: psycopg.Connection[Any], stream: str, note: Path) -> Iterator[int]:
    """The line of the refusal with one byte changed, for as long as the block; its number.

    What must be put back is noted first, in case the demo is killed meanwhile.
    """
    row = connection.execute(
        "SELECT version, position('\"complet\"'::bytea IN stored) FROM ardoise.entries"
        " WHERE stream = %s AND type = 'demande_rejected.v1' AND position('\"complet\"'::bytea IN stored) > 0"
        " ORDER BY version LIMIT 1",
        (stream,),
    ).fetchone()
    if row is None:
        raise StoryError("la ligne du refus devait être au registre", before=True)
    version, at = row
    note.write_bytes(orjson.dumps([stream, version, at]))
    try:
        _put(connection, stream, version, at, ord("C"))
        yield version
    finally:
        _put(connection, stream, version, at, ord("c"))
        note.unlink()


def put_back(settings: Settings, admin_url: str) -> None:
    """Puts back the byte of a demo that was killed while it was changed."""
    note = settings.data / NOTE
    if note.exists():
        stream, version, at = orjson.loads(note.read_bytes())
        with closing(psycopg.connect(admin_url, autocommit=True)) as connection:
            _put(connection, stream, version, at, ord("c"))
        note.unlink()


def _put(connection: psycopg.Connection[Any], stream: str, version: int, at: int, byte: int) -> None:
    """Writes one byte of a stored line, the guard set aside for it: nothing of Ardoise may do so."""
    with connection.transaction():
        connection.execute(f"ALTER TABLE ardoise.entries DISABLE TRIGGER {_GUARD}")
        connection.execute(
            "UPDATE ardoise.entries SET stored = set_byte(stored, %s, %s) WHERE stream = %s AND version = %s",
            (at, byte, stream, version),
        )
        connection.execute(f"ALTER TABLE ardoise.entries ENABLE ALWAYS TRIGGER {_GUARD}")


def _handed_out(cast: Cast, settings: Settings, page: Page) -> None:
    """The evidence of Matteo's family, checked by the one file that knows nothing of Ardoise."""
    page.line()
    page.say(
        "Elle emporte le dossier de la famille : les lignes telles qu'elles furent scellées, leurs preuves, la tête"
        " signée de l'arbre. Un seul fichier Python, sans rien d'Ardoise, le vérifie ailleurs :"
    )
    household = cast.homes["Elena"].household
    file = settings.data / "dossier-matteo.json"
    export = ["export", VILLENNES, household, "--by", AUDITOR.subject, "--output", str(file), "--force"]
    done = run(page, settings, export)
    cast.town.check(done.returncode == 0, f"l'export devait réussir : {done.stderr}")
    key = cast.town.look(AUDITOR, "/checkpoint")["key"]
    verifier = Path(verify_evidence.__file__)
    page.command(f"python3 -I {tour.near(verifier)} {tour.near(file)} --key '{key}'")
    checked = _ran([sys.executable, "-I", str(verifier), str(file), "--key", key])
    _show(page, checked)
    cast.town.check(checked.returncode == 0, f"le dossier devait se vérifier : {checked.stdout}{checked.stderr}")


def run(
    page: Page, settings: Settings, arguments: Sequence[str], *, until: str = ""
) -> subprocess.CompletedProcess[str]:
    """A command of the terminal, shown as one would type it, with what it says until a line that holds some words."""
    shown = [tour.near(Path(word)) if word.startswith("/") else word for word in arguments]
    page.command(f"{tour.ardoise(settings)} {' '.join(shown)}")
    done = _ran([str(Path(sys.executable).parent / "ardoise"), *arguments])
    _show(page, done, until)
    return done


def _ran(command: Sequence[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=SECONDS)  # noqa: S603


def _show(page: Page, done: subprocess.CompletedProcess[str], until: str = "") -> None:
    for line in [*done.stderr.splitlines(), *done.stdout.splitlines()]:
        if until and until in line:
            page.line("  …")
            return
        if line:
            page.show(Text(line))
