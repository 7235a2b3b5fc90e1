"""Every cent billed points at its facts: titres held against the close of their month, and line by line.

The titres are read as they are written, not from their rows, one after the other in the order of their households: a
month costs what reading it once does. What is found is named by the line of the payer's page, or of the régie's.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from hashlib import sha256
from operator import attrgetter
from typing import Any, Final, NamedTuple

import orjson

from ledger.codec import WIRE_NAMES, canonical
from ledger.events import MonthClosed, TitreIssued
from ledger.identifiers import ChildId, Commune, HouseholdId
from ledger.streams import child_page, household_page, payer_page, regie_page
from projections.billing.canonical import lines_in
from replay.verifying.bills import Again, Untold
from replay.verifying.findings import Finding
from replay.verifying.lines import Connection, Segment

Json = dict[str, Any]

PAYERS: Final = 200
"""Pages that are read at once."""
_LONG: Final = timedelta(hours=1)
"""Longer than the titres of a month take to be issued."""
_DO: Final = (
    "No titre it lacks is issued: restore the lines that were changed; if none was, run the version that closed it, or"
    " close the month again with `ardoise bill --close --replace`."
)
_LINES: Final = """
    SELECT stream, version, stored FROM entries WHERE commune = %s AND stream = ANY (%s) AND type = %s
"""
_WANTED: Final = """
    SELECT e.stream, e.version, e.type, e.stored FROM unnest(%s::text[], %s::bigint[]) AS wanted (stream, version)
    JOIN entries e ON e.commune = %s AND e.stream = wanted.stream AND e.version = wanted.version
"""
_POSITION: Final = """
    SELECT s.position FROM entries e JOIN seals s ON s.commune = e.commune AND s.arrival = e.arrival
    WHERE e.commune = %s AND e.stream = %s AND e.version = %s
"""
_BALANCES: Final = """
    SELECT household FROM (
        SELECT household, balance_cents AS said, 0 AS cents FROM payers WHERE commune = %(commune)s
        UNION ALL SELECT household, NULL, total_cents FROM titres WHERE commune = %(commune)s
        UNION ALL SELECT household, NULL, -amount_cents FROM payments
            WHERE commune = %(commune)s AND cancelled_on IS NULL
    ) told GROUP BY household HAVING max(said) IS DISTINCT FROM sum(cents) ORDER BY 1
"""
_QUOTIENT: Final = ("amount_cents", "source", "first_day")


class Kept(NamedTuple):
    """A line of a page, as it is written."""

    stream: str
    line: int
    json: Json

    def found(self, what: str, *more: object) -> Finding:
        """What is wrong with it."""
        return Finding.at(what, self.stream, self.line, more=": " + " ".join(map(str, more)))


@dataclass(kw_only=True, slots=True)
class Closing:
    """A month that was closed, and what was found of its titres so far."""

    kept: Kept
    fact: Json
    number: int
    """The next titre's."""
    titres: int = 0
    total_cents: int = 0
    digest: Any = field(default_factory=sha256)
    untold: list[Untold] = field(default_factory=list)
    """Bills that have no titre, the next household's last, until they are counted among the titres."""
    counted: list[Untold] = field(default_factory=list)

    @property
    def last(self) -> int:
        """The number of its last titre."""
        return int(self.fact["first_number"] + self.fact["titres"] - 1)

    def named(self, number: int) -> str:
        """A number of its year."""
        return f"{self.fact['year']}-{number:06d}"

    def count(self, household: str, bill: bytes, total_cents: int) -> None:
        """A titre, after the bills of the households before it that have none."""
        self.count_untold(household)
        if self.untold and self.untold[-1].household == household:
            # Its titre is there, and not sealed yet.
            self.untold.pop()
        self.titres += 1
        self.total_cents += total_cents
        self.digest.update(bill)

    def count_untold(self, before: str | None = None) -> None:
        """The bills that have no titre, up to a household or all of them."""
        while self.untold and (before is None or self.untold[-1].household < before):
            each = self.untold.pop()
            self.digest.update(each.bill)
            self.counted.append(each)

    def missing(self, upto: int) -> Iterator[Finding]:
        """The numbers nobody has, from the next one on."""
        if self.number <= upto:
            numbers = self.named(self.number) + (f" to {self.named(upto)}" if upto > self.number else "")
            yield self.kept.found("titre_missing", numbers)


@dataclass(kw_only=True, slots=True)
class Books:
    """The books of one town. `pages` are all there are; nothing is said of those that are broken."""

    commune: Commune
    pages: Mapping[str, Segment]
    broken: Collection[str]
    until: datetime
    """When the last sealed line was recorded."""
    again: Again
    """Every month billed again."""
    closings: dict[str, Closing] = field(default_factory=dict)

    def findings(self, connection: Connection) -> Iterator[Finding]:
        """Everything that is not as a bill should be."""
        regie = regie_page(self.commune)
        if regie in self.broken:
            return
        yield from self._regie(_read(connection, self.commune, [regie], MonthClosed))
        payers = sorted(stream for stream in self.pages if stream.startswith("payer/"))
        whole = [stream for stream in payers if stream not in self.broken]
        for start in range(0, len(whole), PAYERS):
            titres = _read(connection, self.commune, whole[start : start + PAYERS], TitreIssued)
            for titre in titres:
                yield from self._titre(titre)
                yield from self._lines(titre)
            yield from self._quotients(connection, titres)
        if whole == payers:
            for closing in self.closings.values():
                closing.count_untold()
                yield from self._month(closing)

    def _regie(self, lines: Iterable[Kept]) -> Iterator[Finding]:
        """The months follow one another, and so do the numbers of a year."""
        numbered: dict[int, int] = {}
        before: date | None = None
        for kept in lines:
            fact = kept.json["fact"]
            first = date.fromisoformat(f"{fact['month']}-01")
            if fact["instead_of"] is not None:
                replaced = self.closings.pop(fact["month"], None)
                if replaced is None or first != before or replaced.fact["digest"] != fact["instead_of"]:
                    yield kept.found("month_out_of_order", fact["month"])
                else:
                    numbered[replaced.fact["year"]] = replaced.fact["first_number"] - 1
            elif before is not None and first != (before + timedelta(days=31)).replace(day=1):
                yield kept.found("month_out_of_order", fact["month"])
            before = first
            if fact["first_number"] != numbered.get(fact["year"], 0) + 1:
                yield kept.found("numbers_not_gapless", fact["month"])
            closing = Closing(kept=kept, fact=fact, number=fact["first_number"])
            numbered[fact["year"]] = closing.last
            self.closings[fact["month"]] = closing
        for each in sorted(self.again.untold, key=attrgetter("household"), reverse=True):
            if each.month in self.closings:
                self.closings[each.month].untold.append(each)

    def _titre(self, titre: Kept) -> Iterator[Finding]:
        """It is of a closed month, under the next of its numbers, on its days, and comes to what its lines do."""
        fact = titre.json["fact"]
        closing = self.closings.get(fact["month"])
        if closing is None or titre.stream.rsplit("/", 1)[1] != fact["household"]:
            yield titre.found("titre_of_no_month", fact["titre"])
            return
        year, _, digits = fact["titre"].partition("-")
        number = int(digits) if digits.isdecimal() and year == str(closing.fact["year"]) else 0
        if closing.number <= number <= closing.last:
            yield from closing.missing(number - 1)
            closing.number = number + 1
        else:
            yield titre.found("titre_number_wrong", fact["titre"])
        if any(fact[name] != closing.fact[name] for name in ("position", "issued_on", "due_on")):
            yield titre.found("titre_not_as_closed", fact["titre"])
        if fact["total_cents"] != sum(line["amount_cents"] for line in fact["lines"]):
            yield titre.found("titre_total_wrong", fact["titre"])
        bill = canonical({"household": fact["household"], "lines": fact["lines"]})
        closing.count(fact["household"], bill, fact["total_cents"])

    def _lines(self, titre: Kept) -> Iterator[Finding]:
        """Each line multiplies out, counts its days, and rests on lines that are there."""
        fact = titre.json["fact"]
        for place, line in enumerate(fact["lines"], start=1):
            named = (fact["titre"], "line", place)
            if line["amount_cents"] != line["quantity"] * line["unit_price_cents"]:
                yield titre.found("bill_line_wrong", *named)
            if line["quantity"] != sum(day.get("quantity", 1) for day in line["days"]):
                yield titre.found("bill_days_wrong", *named)
            child = child_page(self.commune, ChildId(line["child"]))
            resting = [(child, number) for day in line["days"] for number in day.get("lines", ())]
            resting += [(cause["stream"], cause["line"]) for cause in line.get("causes", ())]
            if not all(self._is_there(stream, number) for stream, number in resting):
                yield titre.found("bill_rests_on_nothing", *named)

    def _is_there(self, stream: str, line: int) -> bool:
        page = self.pages.get(stream)
        return stream in self.broken or (page is not None and 1 <= line <= page.last)

    def _quotients(self, connection: Connection, titres: Sequence[Kept]) -> Iterator[Finding]:
        """Each quotient a line was priced with is what the household's page says where the line says."""
        used = [
            (titre, place, self._home(titre), line["quotient"])
            for titre in titres
            for place, line in enumerate(titre.json["fact"]["lines"], start=1)
            if line.get("quotient") is not None
        ]
        wanted = {(home, quotient["line"]) for _, _, home, quotient in used if home not in self.broken}
        streams, lines = [stream for stream, _ in wanted], [line for _, line in wanted]
        found: dict[tuple[str, int], Json] = {}
        for stream, line, kind, stored in connection.execute(_WANTED, (streams, lines, self.commune), binary=True):
            if kind.startswith("quotient_decided."):
                found[stream, line] = orjson.loads(stored)["fact"]
        for titre, place, home, quotient in used:
            fact = found.get((home, quotient["line"]))
            if home not in self.broken and (fact is None or any(fact[each] != quotient[each] for each in _QUOTIENT)):
                yield titre.found("bill_quotient_wrong", titre.json["fact"]["titre"], "line", place)

    def _home(self, titre: Kept) -> str:
        return household_page(self.commune, HouseholdId(titre.json["fact"]["household"]))

    def _month(self, closing: Closing) -> Iterator[Finding]:
        """As many titres as the close says, which come to what it says, line by line.

        Those of the last close may still be on their way, when the bills that have none yet are what it was closed on.
        """
        fact = closing.fact
        late = closing is not list(self.closings.values())[-1]
        late = late or datetime.fromisoformat(closing.kept.json["recorded_at"]) < self.until - _LONG
        if late:
            yield from closing.missing(closing.last)
        if closing.titres == fact["titres"] and not closing.counted:
            if closing.total_cents != fact["total_cents"]:
                yield closing.kept.found("month_total_differs", fact["month"])
            if closing.digest.hexdigest() != fact["digest"]:
                yield closing.kept.found("month_digest_differs", fact["month"])
        elif self.again.whole and fact["month"] in self.again.months:
            yield from self._untold(closing, late=late)

    def _untold(self, closing: Closing, *, late: bool) -> Iterator[Finding]:
        """A month some of whose titres are not there: what it was closed on, or something else."""
        fact, bills = closing.fact, closing.titres + len(closing.counted)
        total = closing.total_cents + sum(
            line.amount_cents for _, _, bill in closing.counted for line in lines_in(bill)
        )
        same = (bills, total, closing.digest.hexdigest()) == (fact["titres"], fact["total_cents"], fact["digest"])
        if not same:
            was = f"{fact['titres']} titres, {fact['total_cents']} cents"
            yield closing.kept.found(
                "close_not_reproduced", f"{fact['month']} was closed on {was}; the facts give {bills}, {total}. {_DO}"
            )
        if late or not same:
            for month, household, _ in closing.counted:
                page = payer_page(self.commune, household)
                yield Finding(what="bill_missing", where=f"{page}: no titre of {month}", stream=page)


def balances(connection: Connection, commune: Commune) -> Iterator[Finding]:
    """The households whose balance is not what they were billed less what they paid."""
    for (household,) in connection.execute(_BALANCES, {"commune": commune}):
        yield Finding(what="balance_differs", where=f"payers {household}")


def placed(connection: Connection, commune: Commune, found: Iterable[Finding]) -> Iterator[Finding]:
    """What was found at lines, with the positions of those that are sealed."""
    for each in found:
        row = connection.execute(_POSITION, (commune, each.stream, each.line)).fetchone() if each.line else None
        if row is None or each.stream is None or each.line is None:
            yield each
        else:
            more = each.where.removeprefix(f"{each.stream} line {each.line}")
            yield Finding.at(each.what, each.stream, each.line, row[0], more=more)


def _read(connection: Connection, commune: Commune, streams: Sequence[str], kind: type) -> list[Kept]:
    """The lines of these pages that hold a fact, page by page."""
    rows = connection.execute(_LINES, (commune, list(streams), WIRE_NAMES[kind]), binary=True)
    return sorted((Kept(stream, line, orjson.loads(stored)) for stream, line, stored in rows), key=_place)


def _place(kept: Kept) -> tuple[str, int]:
    return kept.stream, kept.line
