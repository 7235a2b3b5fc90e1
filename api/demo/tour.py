"""What to open and what to paste, once the service listens."""

import os
import shlex
import sys
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Final
from uuid import uuid4

from api.clock import utc_now
from api.demo import regie
from api.demo.cast import VILLARS, VILLENNES, Cast, Child
from api.demo.page import Page
from api.demo.present import Bookable
from api.demo.stage import ADMIN, AGENT, AUDITOR, CLIENT, REGIE, Person
from api.demo.words import long_day
from api.development import OWNER_ONLY, DevelopmentKey, issue_token
from ledger.identifiers import Commune
from ledger.settings import Settings

FILE: Final = "demo.env"
HOURS: Final = 12
CURL: Final = "curl -sS -w '\\n' \\"
JSON: Final = "-H 'Content-Type: application/json'"
NOE_S_PARENTS: Final = ("Yves", "Inaya")


def write_tokens(settings: Settings, casts: Mapping[Commune, Cast], days: Sequence[Bookable], address: str) -> Path:
    """Addresses, tokens and children as shell variables, in a file only its owner reads, beside the signing key."""
    key, lines = DevelopmentKey.open(settings.data), []
    for commune, cast in casts.items():
        short = shell_name(commune)
        lines.append(f"{short}={address}/v1/{commune}")
        parent = next(iter(cast.parents.values()))
        for role, who in (("PARENT", parent), ("AGENT", AGENT), ("ADMIN", ADMIN)):
            lines.append(f"{role}_{short}={_token(key, who, commune)}")
    villars = casts[VILLARS]
    lines += [f"{shell_word(name)}={_token(key, villars.parents[name], VILLARS)}" for name in NOE_S_PARENTS]
    lines.append(f"FOYER_INAYA={villars.homes['Inaya'].household}")
    matteo = casts[VILLENNES].child("Matteo")
    lines.append(f"AUDITRICE={_token(key, AUDITOR, VILLENNES)}")
    lines.append(f"FOYER_ELENA={casts[VILLENNES].homes['Elena'].household}")
    lines += [f"REGIE={_token(key, REGIE, VILLARS)}", f"ODILE={_token(key, villars.parents['Odile'], VILLARS)}"]
    lines += _billed(villars)
    lines += sorted(
        {f"{shell_word(child.name)}={child.id}" for child in [villars.child("Noé"), matteo, *_children(days)]}
    )
    path = settings.data / FILE
    draft = path.with_name(f"{FILE}.{uuid4().hex}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, OWNER_ONLY), "w", encoding="ascii") as file:
        file.write("\n".join(lines) + "\n")
    draft.replace(path)
    return path


def _billed(villars: Cast) -> list[str]:
    """The families docs/billing.md bills, the children it speaks of, and two of their titres."""
    homes, titres = villars.homes, villars.titres
    return [
        *(f"FOYER_{shell_word(name)}={homes[name].household}" for name in ("Odile", "Yves")),
        f"RESPONSABLE_ODILE={homes['Odile'].guardian}",
        *(f"{shell_word(name)}={villars.child(name).id}" for name in ("Lison", "Jeanne")),
        f"TITRE={titres['Odile', regie.SEPTEMBER]}",
        f"TITRE_NADIA={titres['Nadia', regie.OCTOBER]}",
    ]


def _children(days: Sequence[Bookable]) -> list[Child]:
    return [day.child for day in days]


def shell_word(name: str) -> str:
    """NOE, for Noé."""
    return unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().upper()


def shell_name(commune: Commune) -> str:
    """VILLENNES, for villennes-sur-seine."""
    return commune.partition("-")[0].upper()


def _token(key: DevelopmentKey, who: Person, commune: Commune) -> str:
    return issue_token(
        key,
        subject=who.subject,
        role=who.role,
        commune=commune,
        client=CLIENT,
        lifetime=timedelta(hours=HOURS),
        now=utc_now(),
    )


def near(path: Path) -> str:
    """A path as one would type it from here, quoted for a shell; with a slash, so that `.` and a command find it."""
    here = Path.cwd()
    return shlex.quote(f"./{path.relative_to(here)}" if path.is_relative_to(here) else str(path))


def ardoise(settings: Settings) -> str:
    """The command line of this installation, on the data of this demo."""
    elsewhere = settings.data != Path.cwd() / ".ardoise"
    data = f"ARDOISE_DATA={near(settings.data)} " if elsewhere else ""
    return f"{data}{near(Path(sys.executable).parent / 'ardoise')}"


def show(page: Page, settings: Settings, casts: Mapping[Commune, Cast], days: Sequence[Bookable], address: str) -> None:
    """Where to look, the tokens, and lines that work when they are pasted."""
    tokens = write_tokens(settings, casts, days, address)
    page.line()
    page.say(f"Le service répond sur [bold]{address}[/] : /openapi.json (l'interface), /readyz, /metrics.")
    page.say(
        f"Quatorze jetons (parent, agent, admin de chaque ville, les deux parents de Noé, Odile, une auditrice, la"
        f" régie), bons {HOURS} heures, sont dans {near(tokens)}."
    )
    page.say("Pour un autre jeton :")
    page.paste(f"  {ardoise(settings)} token villars --role agent --subject agent-demo")
    page.line()
    page.line("Dans un autre terminal, depuis ce répertoire :", style="bold")
    page.line()
    page.paste(f". {near(tokens)}")
    day = next((each for each in days if each.open.commune in _INSTRUCTED), None)
    if day is None:
        page.line()
        page.say("Aucun jour ne peut être réservé avant la fin de l'année scolaire : revenez à la rentrée.")
        return
    for number, (caption, lines) in enumerate(
        [*_lines(day), *_family_lines(days), *_auditor_lines(), *_billing_lines()], start=1
    ):
        page.line()
        page.line(f"{number}. {caption}", style="cyan")
        page.paste(*lines)


_INSTRUCTED: Final = ("villennes-sur-seine", "chanteloup-les-vignes")
"""Where an agent decides, so that a demande can be seen waiting."""


def _lines(day: Bookable) -> list[tuple[str, list[str]]]:
    """What a parent may try with a day, then an agent: a caption, and the lines to paste."""
    return [*_parent_lines(day), *_agent_lines(day)]


def _parent_lines(day: Bookable) -> list[tuple[str, list[str]]]:
    town, name, activity = f"${shell_name(day.open.commune)}", day.child.name, day.open.activity
    wanted = date.fromisoformat(day.box["day"])
    year, week, _ = wanted.isocalendar()
    said, child, parent = long_day(wanted), f"${shell_word(name)}", _bearer("PARENT", day)
    body = (
        f'-d \'{{"child": "\'{child}\'", "activity": "{activity}",\n'
        f'       "reserve": [{{"day": "{wanted}", "unit": "{day.open.unit}"}}]}}\''
    )
    calendar = f'"{town}/children/{child}/calendar?week={year}-W{week:02d}&activity={activity}"'
    submitted = [
        f'DEMANDE=$(curl -sS "{town}/demandes" {JSON} \\',
        f"  {_fresh_key()} {parent} \\",
        f"  {body})",
        "printf '%s\\n' \"$DEMANDE\"",
        "NUMERO=$(printf '%s' \"$DEMANDE\" | sed 's/.*\"number\":\\([0-9]*\\).*/\\1/')",
    ]
    return [
        (f"Le calendrier de {name}, la semaine du {said}", [CURL, f"  {calendar} \\", f"  {parent}"]),
        (
            f"Ce que donnerait une demande pour le {said}, sans rien écrire",
            [CURL, f'  "{town}/demandes/preview" {JSON} \\', f"  {parent} \\", f"  {body}"],
        ),
        (
            f"{day.child.parent.name} dépose la demande (collez-la deux fois : même réponse, rien de plus au registre)",
            submitted,
        ),
        (f"Les demandes de {name}, avec leur état", [CURL, f'  "{town}/demandes?child={child}" \\', f"  {parent}"]),
    ]


def _agent_lines(day: Bookable) -> list[tuple[str, list[str]]]:
    town, agent, wanted = f"${shell_name(day.open.commune)}", _bearer("AGENT", day), day.box["day"]
    decision = [
        CURL,
        f'  "{town}/demandes/$NUMERO/decision" {JSON} \\',
        f"  {_fresh_key()} {agent} \\",
        '  -d \'{"approve": "all"}\'',
    ]
    places = f'"{town}/activities/{day.open.activity}/places?from={wanted}&to={wanted}"'
    return [
        ("L'agent accepte", decision),
        ("Les places de ce jour, vues par l'agent", [CURL, f"  {places} \\", f"  {agent}"]),
    ]


def _family_lines(days: Sequence[Bookable]) -> list[tuple[str, list[str]]]:
    """Noé's week as each of his parents sees it, and who read the file of one of them."""
    his = next((each for each in days if each.child.name == "Noé"), None)
    if his is None:
        return []
    wanted = date.fromisoformat(his.box["day"])
    year, week, _ = wanted.isocalendar()
    calendar = f'"$VILLARS/children/$NOE/calendar?week={year}-W{week:02d}&activity={his.open.activity}"'
    seen = [
        (
            f"La semaine de Noé, garde alternée, comme {name} la voit (custody : mine ou other)",
            [CURL, f"  {calendar} \\", f'  -H "Authorization: Bearer ${shell_word(name)}"'],
        )
        for name in NOE_S_PARENTS
    ]
    reads = '"$VILLARS/households/$FOYER_INAYA/reads?limit=5"'
    return [
        *seen,
        ("Qui a consulté le dossier d'Inaya", [CURL, f"  {reads} \\", '  -H "Authorization: Bearer $INAYA"']),
    ]


def _auditor_lines() -> list[tuple[str, list[str]]]:
    """What was known then, and all that happened since."""
    bearer = '-H "Authorization: Bearer $AUDITRICE"'
    known = '"$VILLENNES/demandes?child=$MATTEO&from=2024-03-27&to=2024-03-27&as_of={}"'
    then = [
        (
            f"Ce que l'on savait le {when} à 19:30 du 27 mars de Matteo, vu par l'auditrice",
            [CURL, f"  {known.format(instant)} \\", f"  {bearer}"],
        )
        for when, instant in (("7 mars 2024", "2024-03-07T18:30:00Z"), ("lendemain", "2024-03-08T18:30:00Z"))
    ]
    history = '"$VILLENNES/households/$FOYER_ELENA/history?limit=5"'
    return [*then, ("L'histoire de la famille d'Elena, ligne à ligne", [CURL, f"  {history} \\", f"  {bearer}"])]


def _billing_lines() -> list[tuple[str, list[str]]]:
    """An invoice, why its second line, and what a month of meals would cost."""
    bearer = '-H "Authorization: Bearer $ODILE"'
    why = '"$VILLARS/titres/$TITRE/lines/2"'
    paper = '"$VILLARS/titres/$TITRE/invoice.pdf"'
    return [
        ("Pourquoi la deuxième ligne de la facture d'Odile, jour par jour", [CURL, f"  {why} \\", f"  {bearer}"]),
        ("Sa facture, en PDF", [f"curl -sS -o facture.pdf {paper} \\", f"  {bearer}"]),
    ]


def _bearer(role: str, day: Bookable) -> str:
    return f'-H "Authorization: Bearer ${role}_{shell_name(day.open.commune)}"'


def _fresh_key() -> str:
    """The same when a line is pasted twice, another at the next demo."""
    return f"-H 'Idempotency-Key: essai-{uuid4().hex[:12]}'"
