"""The draft of a month: every household's bill up to the last sealed line, what they come to, what is missing."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from operator import attrgetter

import psycopg

from commands.close_month import DraftFound, first_of_next
from commands.town_days import town_day
from ledger.entry import AlteredLineError
from ledger.events import MonthClosed
from ledger.identifiers import Month, Slug
from projections.billing.drafts import Summary, earliest_day
from replay.billing.issue import issue, lacks_titres
from replay.billing.job import Job, sealed
from replay.billing.reading import Governed, Reading
from replay.billing.results import digest_in, summed, worked
from replay.billing.runs import BillingError, begin, end, refuse
from replay.leader import Connection
from rulebook.rulebook import Rulebook
from rulebook.town import Rules


@dataclass(frozen=True, kw_only=True, slots=True)
class Drafted:
    """A draft that is ready."""

    month: Month
    position: int
    after: Month | None
    """The last month that was closed."""
    digest: str
    summary: Summary
    kept: int
    """Households whose bills were worked out before, and still hold."""

    @property
    def found(self) -> DraftFound:
        """What the close of the month is decided on."""
        return DraftFound(
            position=self.position,
            after=self.after,
            titres=self.summary["bills"],
            total_cents=self.summary["total_cents"],
            digest=self.digest,
            missing=sum(self.summary["missing"].values()),
            earliest=self.summary.get("earliest"),
        )


def draft(
    connection: Connection, job: Job, month: Month, *, fresh: bool = False, instead_of: MonthClosed | None = None
) -> Drafted:
    """Works a month out, for whoever is alone to do it, and keeps it as its draft.

    What was recorded before the call is in it. Titres of closed months that are not all there are issued first: what a
    month owes to those before it is the difference with what was billed. `fresh`: nothing done before is kept.
    `instead_of`: how the month was closed, as if it had not been.
    Raises AlteredLineError, BillingError and WorkerGoneError.
    """
    try:
        return _drafted(connection, job, month, fresh=fresh, instead_of=instead_of)
    except psycopg.DataError as error:
        sentence = f"a line of {job.commune} cannot be read: run `ardoise verify {job.commune}`."
        refuse(connection, job.commune, month, sentence, job.clock())
        raise BillingError(sentence) from error
    except (AlteredLineError, BillingError) as error:
        refuse(connection, job.commune, month, str(error), job.clock())
        raise


def _drafted(connection: Connection, job: Job, month: Month, *, fresh: bool, instead_of: MonthClosed | None) -> Drafted:
    position, governed = _settled(connection, job, instead_of)
    if any(closed.month == month for closed in governed.closed):
        raise BillingError(f"{month} is closed: it has titres, and no draft.")
    _refuse_unpriced(governed.rules, job, month)
    after = governed.closed[-1].month if governed.closed else None
    run = begin(connection, job.commune, month, position, after=after, by=job.by, at=job.clock(), fresh=fresh)
    kept = worked(connection, job, run)
    digest, summary = digest_in(connection, run), summed(connection, run)
    earliest = None if governed.closed else _earliest(connection, governed.rules, job, month)
    if earliest is not None:
        summary["earliest"] = earliest
    end(connection, run, digest, summary, job.clock())
    return Drafted(month=month, position=position, after=after, digest=digest, summary=summary, kept=kept)


def _settled(connection: Connection, job: Job, instead_of: MonthClosed | None) -> tuple[int, Governed]:
    """A position after every titre of the months that are closed at it, and what governs the bills there."""
    while True:
        job.watching.say("sealing")
        position = sealed(connection, job.commune)
        governed = Reading(connection=connection, commune=job.commune, upto=position).governed()
        governed = governed._replace(closed=tuple(each for each in governed.closed if each != instead_of))
        late = [closed for closed in governed.closed if lacks_titres(connection, job.commune, closed)]
        if not late:
            return position, governed
        for closed in late:
            issue(connection, job, closed)


def _refuse_unpriced(rules: Rules, job: Job, month: Month) -> None:
    if not rules.rulebooks:
        raise BillingError(f"{job.commune} has adopted no rulebook: `ardoise rulebook adopt` first.")
    if date.fromisoformat(f"{month}-01") > town_day(rules, job.clock()):
        raise BillingError(f"{month} has not begun.")
    in_force = list(_in_force(rules, month))
    if not in_force:
        raise BillingError(f"no rulebook of {job.commune} is in force in {month}.")
    if not any(rulebook.tariffs for rulebook in in_force):
        raise BillingError(f"the rulebook of {job.commune} has no tariff in {month}: add [tarifs] and adopt it.")


def _earliest(connection: Connection, rules: Rules, job: Job, month: Month) -> Month | None:
    """A month before that has something to bill: told by the read models, since nobody is billed by what they say."""
    priced: dict[Slug, date] = {}
    for rulebook in sorted(rules.rulebooks, key=attrgetter("in_force_from")):
        for tariff in rulebook.tariffs:
            for activity in tariff.units:
                priced.setdefault(activity, rulebook.in_force_from)
    asked = earliest_day(job.commune, priced, date.fromisoformat(f"{month}-01"))
    [(day,)] = connection.execute(asked.sql, asked.values).fetchall()
    return None if day is None else Month(day.isoformat()[:7])


def _in_force(rules: Rules, month: Month) -> Iterator[Rulebook]:
    day, end_day = date.fromisoformat(f"{month}-01"), first_of_next(month)
    while day < end_day:
        rulebook = rules.on(day)
        if rulebook is not None:
            yield rulebook
        day += timedelta(days=1)
