"""What it costs to ask about the past of a child of 50, 500 and 5,000 lines, in process and over HTTP."""

import tempfile
import time
import tracemalloc
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Final

import httpx

from api.development import DevelopmentKey, issue_token
from benchmarks.bench import connections, median_ms, progress, table
from benchmarks.families import CANTEEN, NOW, years
from benchmarks.http import RULEBOOK, process
from commands.adopt_rulebook import AdoptRulebook
from commands.execute import Request, execute
from ledger.codec import Codec
from ledger.entry import Signature
from ledger.events import ChildEnrolled, ChildFact
from ledger.identifiers import ChildId, Commune, EnrolmentId, Subject, new_id
from ledger.postgres import EntryRecorder, Pool, PostgresStore
from ledger.store import Answer, Append, Once, Write
from ledger.streams import child_page
from projections.inline import project
from replay.as_of import Past

LINES: Final = (50, 500, 5_000)
TOWN: Final = Commune("bench-as-of")
THEN: Final = NOW + timedelta(days=30)
"""Everything was known by then, so that every line is folded."""
QUESTIONS: Final = {
    "the child": "",
    "a month of the calendar": "/calendar?month=2015-06",
}
HEAD: Final = ["lines", "what is asked", "now", "as of", "fold alone", "MiB of the fold"]


def run(service_url: str) -> None:
    """Prints a row a question, in milliseconds (median)."""
    table("What was known of a child (median, ms)", HEAD, measured(service_url))


def measured(service_url: str, lengths: Sequence[int] = LINES) -> list[tuple[object, ...]]:
    """The rows of `HEAD`."""
    rows: list[tuple[object, ...]] = []
    with connections(service_url, 2) as pool, tempfile.TemporaryDirectory(prefix="ardoise-bench-") as directory:
        store = PostgresStore(pool, project=project)
        asked = Request(
            commune=TOWN, command=AdoptRulebook(content=RULEBOOK.replace("bench-http", TOWN)), signature=_signed()
        )
        execute(store, asked, once=_once(), respond=lambda _: Answer(status=201))
        children = {lines: _written(store, lines) for lines in lengths}
        with process("ledger", service_url, directory) as port, httpx.Client() as http:
            http.headers["Authorization"] = f"Bearer {_token(Path(directory))}"
            for lines, child in children.items():
                folding = _folding(pool, child)
                alone, memory = median_ms(folding, times=9), _mebibytes(folding)
                for name, path in QUESTIONS.items():
                    url = f"http://127.0.0.1:{port}/v1/{TOWN}/children/{child}{path}"
                    past = f"{url}{'&' if '?' in url else '?'}as_of={THEN.isoformat().replace('+00:00', 'Z')}"
                    _patiently(http, past)
                    with progress(f"{name} of {lines} lines"):
                        now, then = (_timed(http, address) for address in (url, past))
                    rows.append((lines, name, now, then, alone, memory))
    return rows


def _written(store: PostgresStore, lines: int) -> ChildId:
    child = ChildId(new_id())
    enrolled = ChildEnrolled(
        enrolment=EnrolmentId("e"),
        activity=CANTEEN,
        first_day=date(2015, 1, 1),
        last_day=date(2030, 12, 31),
        site=None,
        group=None,
    )
    first, *rest = years(child, lines - 1)
    facts: list[ChildFact] = [first, enrolled, *rest]
    with progress(f"writing {lines} lines"):
        for start in range(0, lines, 100):
            page = store.child(TOWN, child)
            prepared = store.prepare(TOWN, _signed(), [Write(page=page, facts=facts[start : start + 100])])
            answer = Answer(status=201)
            store.append(Append(prepared=prepared, once=_once(), answer=answer, capacity=lambda _: None))
    return child


def _folding(pool: Pool, child: ChildId) -> Callable[[], None]:
    page, codec = child_page(TOWN, child), Codec()
    lines = [bytes(line.state) for line in EntryRecorder(pool).select_events(page)]

    def fold() -> None:
        Past(as_of=THEN).fold(page, (codec.read(line) for line in lines))

    return fold


def _mebibytes(attempt: Callable[[], None]) -> float:
    """The most memory an attempt held at once."""
    tracemalloc.start()
    attempt()
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return most / 2**20


def _patiently(http: httpx.Client, url: str) -> None:
    while http.get(url).status_code == 503:
        time.sleep(0.2)


def _get(http: httpx.Client, url: str) -> None:
    answer = http.get(url)
    assert answer.is_success, answer.text


def _token(data: Path) -> str:
    return issue_token(
        DevelopmentKey.open(data),
        subject=Subject("agent"),
        role="agent",
        commune=TOWN,
        client="bench",
        lifetime=timedelta(hours=2),
        now=datetime.now(UTC),
    )


def _once() -> Once:
    return Once(client="c", subject="s", key=new_id(), fingerprint=bytes(32))


def _signed() -> Signature:
    return Signature(
        actor=Subject("s"),
        role="agent",
        client="c",
        command=new_id(),
        correlation=new_id(),
        happened_at=NOW,
        recorded_at=NOW,
    )


def _timed(http: httpx.Client, url: str) -> float:
    return median_ms(lambda: _get(http, url), times=15)
