"""A month of a town billed: its draft, its close when it is wanted, and the titres that follow."""

from dataclasses import dataclass
from datetime import date

from commands.close_month import CloseMonth
from commands.execute import Request, Result, execute
from commands.outcome import Refusal, Refused
from ledger.events import MonthClosed
from ledger.identifiers import Commune, Month
from ledger.regie import Regie
from ledger.store import Answer, Once
from ledger.streams import regie_page
from projections.billing.drafts import Summary
from replay.billing.draft import Drafted, draft
from replay.billing.issue import issue, refuse_to_replace, unissued
from replay.billing.job import Job, sealed
from replay.billing.runs import alone, connected
from replay.billing.titres import summary_of
from replay.leader import Connection


@dataclass(frozen=True, kw_only=True, slots=True)
class Billed:
    """What became of a month."""

    commune: Commune
    month: Month
    position: int
    digest: str
    summary: Summary
    closed: MonthClosed | None
    """How it is closed; None for a draft."""
    refused: str | None = None
    """The code of why it was not closed."""
    refused_day: date | None = None
    """The day a refusal is about."""
    kept: int = 0
    """Households that had been worked out before."""


def bill_month(
    job: Job,
    month: Month,
    *,
    close: bool = False,
    leave_out: bool = False,
    from_here: bool = False,
    replace: bool = False,
    fresh: bool = False,
) -> Billed:
    """Drafts a month; closes it and issues its titres when that is wanted; of a closed one, ends what was begun.

    `replace`, with `close`: of a month whose close the facts do not give, and no titre of which was issued.
    Waits for whoever works on the bills of the town. Raises AlteredLineError, BillingError and WorkerGoneError.
    """
    with (
        connected(job.conninfo, job.commune) as connection,
        alone(connection, job.commune, waits=lambda: job.watching.say("waiting for another process")),
    ):
        before = _closing(job, month)
        if before is not None and not replace:
            return _ended(connection, job, before)
        if before is not None:
            refuse_to_replace(connection, job, before)
        # What is closed is worked out by this process, all of it.
        drafted = draft(connection, job, month, fresh=fresh or close, instead_of=before)
        said = _Said(leave_out=leave_out, from_here=from_here, instead_of=before.digest if before else None)
        refusal = _closed(job, drafted, said) if close else None
        after = _closing(job, month) if close else None
        if after is not None and refusal is not None:
            # Somebody closed it meanwhile, on another draft.
            return _ended(connection, job, after)
        if after is not None:
            issue(connection, job, after, just_worked_out=True)
            sealed(connection, job.commune)
        return Billed(
            commune=job.commune,
            month=month,
            position=drafted.position,
            digest=drafted.digest,
            summary=drafted.summary,
            closed=after,
            refused=refusal.code if refusal is not None else None,
            refused_day=refusal.day if refusal is not None else None,
            kept=drafted.kept,
        )


def _ended(connection: Connection, job: Job, closed: MonthClosed) -> Billed:
    """A closed month, once its titres are all there."""
    left_by_others(connection, job)
    return Billed(
        commune=job.commune,
        month=closed.month,
        position=closed.position,
        digest=closed.digest,
        summary=summary_of(connection, job.commune, closed.month),
        closed=closed,
    )


def left_by_others(connection: Connection, job: Job) -> None:
    """Issues the titres of closed months that somebody left behind, for whoever is alone to do it, and seals them."""
    for month in unissued(connection, job.commune):
        late = _closing(job, month)
        assert late is not None, "a month of the books that the régie did not close"
        issue(connection, job, late)
    sealed(connection, job.commune)


def _closing(job: Job, month: Month) -> MonthClosed | None:
    page = regie_page(job.commune)
    regie = job.store.pages([page])[page].state
    return regie.closing(month) if isinstance(regie, Regie) else None


@dataclass(frozen=True, kw_only=True, slots=True)
class _Said:
    """What the régisseur says beside the draft."""

    leave_out: bool
    from_here: bool
    instead_of: str | None


def _closed(job: Job, drafted: Drafted, said: _Said) -> Refusal | None:
    """Closes a month on its draft; why not, where it is refused."""
    signature = job.signature()
    command = CloseMonth(
        month=drafted.month,
        position=drafted.position,
        draft=drafted.found,
        leave_out=said.leave_out,
        from_here=said.from_here,
        instead_of=said.instead_of,
    )
    # The page of the régie lets a month be closed once: what stood in the way is looked at again each time.
    once = Once(client=job.client, subject=job.by, key=signature.command, fingerprint=bytes(32))
    request = Request(commune=job.commune, command=command, signature=signature)
    result, _ = execute(job.store, request, once=once, respond=_answer)
    return result.outcome.refusals[0] if isinstance(result.outcome, Refused) else None


def _answer(result: Result) -> Answer:
    return Answer(status=409 if isinstance(result.outcome, Refused) else 201)
