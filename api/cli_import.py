"""`ardoise import`: the families of a previous system, checked whole before anything is written, written one by one."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Final
from uuid import uuid4

import orjson
import typer
from rich.progress import BarColumn, MofNCompleteColumn, SpinnerColumn, TextColumn, TimeElapsedColumn

from api import french
from api.cli_import_lines import Family, Mistake, Reading
from api.cli_room import CLIENT as ACCOUNT
from api.cli_room import counted, progress, told, town_named
from api.clock import utc_now
from api.french_import import IMPORTED_OTHERWISE, WRITTEN_MEANWHILE
from api.running import in_one_line, opened, read_settings, stop
from api.sealing import sealed
from commands.execute import Request, Result, execute, preview
from commands.outcome import Known, Refused
from commands.town_days import town_day
from ledger.child import Child
from ledger.database import open_pool
from ledger.entry import Signature
from ledger.identifiers import ChildId, Commune, HouseholdId, PersonId, Stream, Subject
from ledger.postgres import PostgresStore
from ledger.store import Answer, AnyPage, BusyError, ConflictError, ErasedError, KeyReusedError, Once, Page, Store
from ledger.streams import child_page, household_page, town_page
from projections.inline import project
from replay.erasures import replay as replay_journal
from rulebook.town import Rules, rules_of_town
from vault.journal import Journal
from vault.key_file import ring_for
from vault.people import Vault
from vault.sealing import PersonKey

OPERATOR: Final = Subject(ACCOUNT)
CLIENT: Final = "ardoise-import"
MOST_BYTES: Final = 200 * 2**20
BARS: Final = (
    SpinnerColumn(),
    TextColumn("{task.description}"),
    BarColumn(),
    MofNCompleteColumn(),
    TimeElapsedColumn(),
)


@dataclass(kw_only=True)
class Summary:
    """What an import came to."""

    commune: Commune
    families: int
    imported: int = 0
    already: int = 0
    mistakes: list[Mistake] = field(default_factory=list)

    def content(self, *, check: bool) -> dict[str, Any]:
        """The summary as JSON says it."""
        return {
            "commune": self.commune,
            "checked_only": check,
            "families": self.families,
            "imported": self.imported,
            "already": self.already,
            "errors": [each._asdict() for each in self.mistakes],
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class Import:
    """The families of one file, on their way into one town."""

    commune: Commune
    store: Store
    vault: Vault

    def rules(self) -> Rules:
        """What the town adopted."""
        return rules_of_town(self.store.pages([town_page(self.commune)])[town_page(self.commune)].state)  # type: ignore[arg-type]

    def doubts(self, families: list[Family], rules: Rules) -> Iterator[Mistake]:
        """What the rulebook refuses, with nothing of the families written yet."""
        homes: dict[ChildId, HouseholdId] = {}
        for family in families:
            command = family.command
            pages: dict[Stream, AnyPage] = {}
            empty = household_page(self.commune, command.household)
            pages[empty] = Page(stream=empty)
            for child in command.children:
                page = child_page(self.commune, child.child)
                home = homes.get(child.child, HouseholdId(""))
                known = Child(child=child.child, households=(home,)) if child.joins else None
                pages[page] = Page(stream=page, state=known)
                homes.setdefault(child.child, command.household)
            outcome = command.decide(Known(commune=self.commune, now=utc_now(), rules=rules, pages=pages))
            yield from _refused(family, outcome) if isinstance(outcome, Refused) else ()

    def write(self, family: Family) -> bool | list[Mistake]:
        """Whether it was written now; False when it was before. Mistakes when it cannot be."""
        page = household_page(self.commune, family.command.household)
        command, there = family.command, self.store.pages([page])[page].state is not None
        try:
            if not there:
                command = family.sealed(self._details(family))
            request = Request(commune=self.commune, command=command, signature=_signature())
            found = None if there else preview(self.store, request)
            if found is not None and isinstance(found.outcome, Refused):
                return _refused(family, found.outcome)
            name = f"household/{command.household}"
            once = Once(client=CLIENT, subject=OPERATOR, key=name, fingerprint=family.fingerprint)
            _, kept = execute(self.store, request, once=once, respond=_status)
        except KeyReusedError:
            return [Mistake(family.line, "*", "imported_otherwise", IMPORTED_OTHERWISE)]
        except (BusyError, ConflictError):
            return [Mistake(family.line, "*", "conflict", WRITTEN_MEANWHILE)]
        except ErasedError:
            return [Mistake(family.line, "*", "person_erased", french.detail("person_erased"))]
        return not kept.replayed

    def _details(self, family: Family) -> Iterator[Any]:
        keys: dict[PersonId, PersonKey] = {}
        for person, kind, value in family.said:
            if person not in keys:
                keys[person] = self.vault.key_of(self.commune, person, utc_now())
            yield sealed(keys[person], kind, value)


def _refused(family: Family, refused: Refused) -> list[Mistake]:
    places = {child.child: place for place, child in enumerate(family.command.children)}
    return [
        Mistake(
            family.line,
            f"children[{places[each.child]}]" if each.child in places else "*",
            each.code,
            french.detail(each.code),
        )
        for each in refused.refusals
    ]


def _status(result: Result) -> Answer:
    return Answer(status=409 if isinstance(result.outcome, Refused) else 201)


def _signature() -> Signature:
    now, name = utc_now(), str(uuid4())
    return Signature(
        actor=OPERATOR,
        role="admin",
        client=CLIENT,
        command=name,
        correlation=name,
        happened_at=now,
        recorded_at=now,
    )


def import_families(
    commune: Annotated[str, typer.Argument(help="A town, as a slug: villennes-sur-seine.")],
    file: Annotated[Path, typer.Argument(help="One family a line, in JSON.", metavar="FILE.ndjson")],
    check: Annotated[bool, typer.Option("--check", help="Only say what is wrong: write nothing.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object at the end.")] = False,
) -> None:
    """Import the families of a previous system. What is already there is left as it is: run it again to resume."""
    settings, town = read_settings(), town_named(commune)
    lines = _lines(file)
    with opened(settings, may_be_first=True) as ready:
        pool = open_pool(ready.urls.service_url, ready.settings)
        try:
            store = PostgresStore(pool, project=project)
            told(replay_journal(Journal.open(settings), store, pool, now=utc_now()))
            ring = ring_for(settings, ready.urls.service_url)
            work = Import(commune=town, store=store, vault=Vault(ring, pool))
            summary = _run(work, lines, check=check)
        finally:
            pool.close()
    _tell(summary, file.name, check=check, as_json=as_json)


def _lines(file: Path) -> list[bytes]:
    try:
        if file.stat().st_size > MOST_BYTES:
            stop(f"{file.name} is larger than {MOST_BYTES // 2**20} MiB: cut it in several files.")
        return file.read_bytes().splitlines()
    except OSError as error:
        stop(f"{file.name} cannot be read: {error.strerror or type(error).__name__}.")


def _run(work: Import, lines: list[bytes], *, check: bool) -> Summary:
    rules = work.rules()
    if not rules.rulebooks:
        stop(f"{work.commune} has adopted no rulebook: is it the right town, and the right database?")
    reading = Reading(commune=work.commune, today=town_day(rules, utc_now())).read(lines)
    mistakes = sorted([*reading.mistakes, *work.doubts(reading.families, rules)])
    summary = Summary(commune=work.commune, families=len(reading.families), mistakes=mistakes)
    if check or mistakes:
        return summary
    with progress(*BARS) as bars:
        task = bars.add_task(str(work.commune), total=len(reading.families))
        for family in reading.families:
            written = work.write(family)
            if isinstance(written, list):
                summary.mistakes.extend(written)
            elif written:
                summary.imported += 1
            else:
                summary.already += 1
            bars.advance(task)
    return summary


def _tell(summary: Summary, name: str, *, check: bool, as_json: bool) -> None:
    if as_json:
        typer.echo(orjson.dumps(summary.content(check=check)).decode())
    else:
        for each in summary.mistakes:
            typer.echo(f"{name}:{each.line}: {each.field}: {each.code}: {each.detail}", err=True)
    if summary.mistakes:
        done = summary.imported + summary.already
        wrote = f"{summary.imported} imported, {summary.already} already there" if done else "nothing written"
        stop(f"{counted(len(summary.mistakes), 'mistake')} in {name}, {wrote}.")
    if as_json:
        return
    said = f"{counted(summary.families, 'family', 'families')} of {summary.commune}"
    if check:
        typer.echo(f"{said} can be imported.")
    else:
        typer.echo(f"{said}: {summary.imported} imported, {summary.already} already there.")


command = in_one_line(import_families)
