"""The titres of a closed month: worked out again, held against the digest of its close, and each issued once.

Whatever is killed, the next call goes on: the payer's page knows which months it has a titre of, and the number of a
titre is the place of its household.
"""

from collections.abc import Iterator
from hashlib import sha256
from time import sleep
from typing import Final

from commands.execute import Request, Result, execute
from commands.issue_titres import BillToIssue, IssueTitres
from commands.outcome import Refused
from ledger.events import MonthClosed
from ledger.identifiers import Commune, HouseholdId, Month, Subject
from ledger.regie import titre_number
from ledger.store import Answer, BusyError, ConflictError, Once
from projections.billing.canonical import lines_in
from projections.billing.drafts import CODE
from replay.billing.job import Job, signed
from replay.billing.results import worked
from replay.billing.runs import BillingError, begin, clear
from replay.leader import Connection

TITRES_AT_ONCE: Final = 50
"""Kept in one transaction: a kill loses that many at most, and nobody waits long for a lock."""
HASH_BYTES: Final = 32
ATTEMPTS: Final = 5
"""Payments come meanwhile, on the same pages."""
WAIT_SECONDS: Final = 0.2
BILLING: Final = Subject("ardoise-billing")
"""Who signs titres, whoever closed the month and whichever process issues them: nobody decides them."""
_WAITING: Final = "SELECT month FROM ardoise.billing_waits(%s) WHERE commune = %s AND what = 'titres'"
_TITRE: Final = "SELECT titre FROM titres WHERE commune = %s AND titre = %s"
_TITRES: Final = "SELECT FROM titres WHERE commune = %s AND month = %s LIMIT 1"
_BILLS: Final = """
    SELECT household, bill FROM draft_bills
    WHERE commune = %(commune)s AND month = %(month)s AND lines > 0 AND household > %(after)s
    ORDER BY household LIMIT %(limit)s
"""
Bill = tuple[HouseholdId, bytes]


def unissued(connection: Connection, commune: Commune) -> list[Month]:
    """The closed months of a town some of whose titres are not there, in order."""
    with connection.transaction():
        return [month for (month,) in connection.execute(_WAITING, (CODE, commune))]


def lacks_titres(connection: Connection, commune: Commune, closed: MonthClosed) -> bool:
    """Whether a month was closed and some of its titres are not there: they are issued in order, the last one last."""
    last = titre_number(closed.year, closed.first_number + closed.titres - 1)
    return closed.titres > 0 and connection.execute(_TITRE, (commune, last)).fetchone() is None


def issue(connection: Connection, job: Job, closed: MonthClosed, *, just_worked_out: bool = False) -> None:
    """Issues what is left of the titres of a month, for whoever is alone to do it.

    `just_worked_out`: by this process, every one of them, up to the position of the close; otherwise they are worked
    out again. Nothing is issued unless all bills together are those the month was closed with.
    Raises AlteredLineError, BillingError and WorkerGoneError.
    """
    if not just_worked_out:
        _worked_again(connection, job, closed)
    hashes = _held(connection, job, closed)
    if hashes is None:
        raise BillingError(
            f"the bills of {closed.month} are not those {job.commune} closed it with: no titre was issued. Run"
            f" `ardoise verify {job.commune}`, and the version of Ardoise that closed the month; when none gives them,"
            f" `ardoise bill {closed.month} --commune {job.commune} --close --replace`."
        )
    job.watching.say(f"issuing the titres of {closed.month}")
    job.watching.done(0, closed.titres)
    place = 0
    for some in _bills(connection, job.commune, closed.month):
        _issued(job, closed, place, some, hashes)
        place += len(some)
        job.watching.done(place, closed.titres)
    clear(connection, job.commune, closed.month)


def refuse_to_replace(connection: Connection, job: Job, closed: MonthClosed) -> None:
    """Raises BillingError unless nobody was billed by a close, and nobody can be: the facts give other bills."""
    if connection.execute(_TITRES, (job.commune, closed.month)).fetchone() is not None:
        raise BillingError(f"titres of {closed.month} were issued: its close stands.")
    _worked_again(connection, job, closed)
    if _held(connection, job, closed) is not None:
        raise BillingError(f"{closed.month} was closed on what the facts give: run it without --replace.")


def _worked_again(connection: Connection, job: Job, closed: MonthClosed) -> None:
    """Every bill, up to the position of the close."""
    position, now = closed.position, job.clock()
    run = begin(connection, job.commune, closed.month, position, after=None, by=job.by, at=now, fresh=True)
    worked(connection, job, run)


def _held(connection: Connection, job: Job, closed: MonthClosed) -> bytes | None:
    """The hash of each bill, where all of them together are what the close says."""
    digest, hashes, total, count = sha256(), bytearray(), 0, 0
    for some in _bills(connection, job.commune, closed.month):
        for _, stored in some:
            digest.update(stored)
            hashes += sha256(stored).digest()
            total += sum(line.amount_cents for line in lines_in(stored))
            count += 1
    same = (digest.hexdigest(), total, count) == (closed.digest, closed.total_cents, closed.titres)
    return bytes(hashes) if same else None


def _bills(connection: Connection, commune: Commune, month: Month) -> Iterator[list[Bill]]:
    after = ""
    while True:
        values = {"commune": commune, "month": month, "after": after, "limit": TITRES_AT_ONCE}
        some: list[Bill] = connection.execute(_BILLS, values, binary=True).fetchall()
        if not some:
            return
        yield some
        after = some[-1][0]


def _issued(job: Job, closed: MonthClosed, place: int, some: list[Bill], hashes: bytes) -> None:
    for at, (_, stored) in enumerate(some, start=place):
        if sha256(stored).digest() != hashes[at * HASH_BYTES : (at + 1) * HASH_BYTES]:
            raise BillingError(f"a bill of {closed.month} was altered while its titres were issued: run it again.")
    command = IssueTitres(
        month=closed.month,
        digest=closed.digest,
        place=place,
        bills=[BillToIssue(household=household, lines=lines_in(stored)) for household, stored in some],
    )
    # The same key whoever issues them and whenever: what makes these titres is the close, not the process.
    named = f"titres {closed.month} {place} {len(some)}"
    fingerprint = sha256(f"{named} {closed.digest}".encode()).digest()
    once = Once(client=BILLING, subject=BILLING, key=named, fingerprint=fingerprint)
    request = Request(commune=job.commune, command=command, signature=signed(BILLING, "billing", BILLING, job.clock()))
    for attempt in range(1, ATTEMPTS + 1):
        try:
            execute(job.store, request, once=once, respond=_issued_answer)
        except (BusyError, ConflictError):
            if attempt == ATTEMPTS:
                raise
            sleep(WAIT_SECONDS * attempt)
        else:
            return


def _issued_answer(result: Result) -> Answer:
    """Nothing is kept of a refusal: what stands in the way may be gone when they are issued again."""
    if isinstance(result.outcome, Refused):
        raise BillingError(f"titres cannot be issued: {result.outcome.code}.")
    return Answer(status=201)
