"""What the terminal prints of a history, and of what was known at an instant."""

from datetime import date, timedelta
from typing import Final

from rich.console import Console
from rich.text import Text

from api import french_past as french
from api.cli_room import printer
from api.french import STATUSES
from api.french_changes import box_label, described, lines
from api.french_formalities import KINDS
from api.french_history import sentence
from api.history_words import HistoryWords, lowered, short
from api.known_then import Then
from api.telling import identifier_of
from ledger.days import local_day
from ledger.identifiers import Slug
from ledger.rows import Row
from ledger.streams import kind_of
from replay.timeline import Item
from rulebook.french_dates import french_date, french_day, french_instant

PAGES: Final = {"child": french.OF_CHILD, "household": french.OF_HOUSEHOLD, "payer": french.OF_PAYER}
STYLES: Final = {"-": "red", "+": "green"}
MARGIN: Final = 2


def indented(console: Console, text: Text, lead: str) -> None:
    """Prints a text after a lead; what does not fit on the line goes on under it. Nothing is left at the ends."""
    for line in text.wrap(console, console.width - len(lead)):
        line.rstrip()
        console.print(Text(lead) + line)
        lead = " " * len(lead)


class Timeline:
    """A history, printed line by line as it is read."""

    def __init__(
        self, words: HistoryWords, commune: str, *, household: str | None = None, child: str | None = None
    ) -> None:
        self._words, self._console = words, printer()
        self._day: date | None = None
        whose = french.OF_HOUSEHOLD.format(household) if household else french.OF_CHILD.format(child)
        self._console.print(Text(french.HISTORY.format(whose=whose, commune=commune), style="bold"))

    def add(self, item: Item) -> None:
        """One line, under its day."""
        at = item.line.recorded_at
        day = local_day(at, self._words.zone)
        if day != self._day:
            self._day = day
            self._console.print()
            self._console.print(Text(french_day(day).capitalize(), style="bold"))
        lead = f"{'':{MARGIN}}{at.astimezone(self._words.zone):%H:%M}{'':{MARGIN}}"
        for part in self._parts(item):
            indented(self._console, part, lead)
            lead = " " * len(lead)

    def _parts(self, item: Item) -> list[Text]:
        said = [Text(sentence(item, self._words)), Text(self._where(item), style="dim")]
        if item.entry.signature.happened_at != item.line.recorded_at:
            happened = french_instant(item.entry.signature.happened_at, self._words.zone)
            said.append(Text(french.HAPPENED.format(happened), style="dim"))
        asked = item.cause.asked
        if asked is not None:
            who = french.ASKED_BY.format(actor=asked.actor, who=french.who(asked.role), version=asked.version)
            said.append(Text(who, style="dim"))
        return said + [Text(f"{sign} {text}", style=STYLES[sign]) for sign, text in lines(item.changes, self._words)]

    def _where(self, item: Item) -> str:
        line, signature = item.line, item.entry.signature
        whose = PAGES[kind_of(line.stream)]
        sealed = french.UNSEALED if line.position is None else french.SEALED.format(line.position)
        page = whose.format(short(identifier_of(line.stream)))
        where = french.WHERE.format(version=line.version, whose=page, sealed=sealed)
        who = f"{signature.actor} ({french.who(signature.role)}, {signature.client})"
        return f"{french.BY_RULE.format(who) if item.cause.decided_by == 'rule' else who} · {where}"

    def close(self) -> None:
        """Says that there was nothing, when there was nothing."""
        if self._day is None:
            self._console.print(Text(french.NO_LINE))


def _about(first: date, last: date) -> str:
    """A day, a month, or a period."""
    if first == last:
        return french.ABOUT_DAY.format(day=french_day(first))
    if (first.day, last + timedelta(days=1)) == (1, (first + timedelta(days=31)).replace(day=1)):
        return french.ABOUT_MONTH.format(month=french_date(first).removeprefix("1er "))
    return french.ABOUT_PERIOD.format(first=french_date(first), last=french_date(last))


def known(then: Then, commune: str) -> None:
    """What was known, and about which days."""
    console, words, whom = printer(), then.words, then.subject
    whose = (
        french.OF_CHILD.format(whom.child)
        if whom.child
        else french.OF_HOUSEHOLD.format(whom.household)
        if whom.household
        else french.OF_DEMANDE.format(whom.demande)
    )
    title = french.KNOWN.format(instant=words.instant(then.known_at), whose=whose, commune=commune)
    if whom.child is not None:
        title += f"\n{_about(then.first, then.last)}"
    parts: list[tuple[str, list[str]]] = []
    if whom.child is not None:
        parts.append((french.DAYS, list(_days(then))))
    parts.append((french.DEMANDES, [_demande(row, words) for row in then.demandes]))
    account = [described(table, row, words) for table, rows in then.account.items() for row in rows]
    if whom.demande is None:
        parts.append((french.ACCOUNT, account))
    console.print(Text(title, style="bold"))
    for name, said in parts:
        console.print()
        console.print(Text(name, style="bold"))
        for text in said or [french.NOTHING]:
            indented(console, Text(text), " " * MARGIN)


def _days(then: Then) -> list[str]:
    """Each box as it stood then; and as it stands now, where that is not the same."""
    before, after = ({_key(row): _box(row) for row in rows} for rows in (then.days, then.now))
    said = []
    for day, activity, unit in sorted({*before, *after}):
        place = day, activity, unit
        names = f"{then.words.activity(activity, day)}, {then.words.unit(activity, unit, day)}"
        text = f"{french_day(day)} ({names}) : {before.get(place, french.FREE)}"
        if before.get(place) != after.get(place):
            text += f" ; {french.TODAY.format(after.get(place, french.FREE))}"
        said.append(text)
    return said


def _key(row: Row) -> tuple[date, Slug, Slug]:
    return row["day"], row["activity"], row["unit"]


def _box(row: Row) -> str:
    return f"{box_label(row['state'], row['absence'])}, demande n° {row['demande']}"


def _demande(row: Row, words: HistoryWords) -> str:
    said = [french.SUBMITTED.format(words.instant(row["submitted_at"]))]
    if row["decided_at"] is not None:
        said.append(french.DECIDED.format(words.instant(row["decided_at"])))
    if row["days"]:
        days = [(day["unit"], date.fromisoformat(str(day["day"]))) for day in row["days"]]
        said.insert(0, words.days(row["activity"], days))
    return f"n° {row['number']}, {lowered(KINDS[row['kind']])} {', '.join(said)} : {lowered(STATUSES[row['status']])}"
