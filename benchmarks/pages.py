"""Reading a child's page of 50, 500 and 5,000 lines: after a cold start with and without snapshot, and warm."""

from eventsourcing.popo import POPOAggregateRecorder

from benchmarks.bench import connections, median_ms, progress, table
from benchmarks.families import TOWN, append_of, years
from ledger.codec import Codec
from ledger.identifiers import ChildId
from ledger.pages import SNAPSHOT_EVERY, Pages
from ledger.postgres import EntryRecorder, Pool, PostgresStore, SnapshotRecorder
from ledger.streams import child_page
from projections.inline import project

LINES = (50, 500, 5_000)


def run(service_url: str) -> None:
    """Prints one row per length, beside the floor: the same bytes fetched and thrown away."""
    with connections(service_url, 4) as pool:
        rows = [_measured(pool, lines) for lines in LINES]
    table(
        "Reading a page (median, ms)",
        ["lines", "bytes fetched", "no snapshot", "cold", "warm", "to write one more"],
        rows,
    )


def _measured(pool: Pool, lines: int) -> tuple[object, ...]:
    store, child = PostgresStore(pool, project=project), ChildId(f"child-{lines}")
    facts = years(child, lines + 2)
    with progress(f"writing {lines} lines"):
        # Ends some lines after a snapshot, as a page does.
        for start in range(0, lines, SNAPSHOT_EVERY // 4):
            store.append(append_of(store, child, facts[start : min(start + SNAPSHOT_EVERY // 4, lines)]))
    page = child_page(TOWN, child)
    entries, snapshots, codec = EntryRecorder(pool), SnapshotRecorder(pool), Codec()
    warm = Pages(entries, snapshots, codec)
    with progress(f"reading {lines} lines"):
        return (
            lines,
            median_ms(lambda: entries.select_events(page), times=20),
            median_ms(lambda: Pages(entries, POPOAggregateRecorder(), codec).read(page), times=7),
            median_ms(lambda: Pages(entries, snapshots, codec).read(page), times=20),
            median_ms(lambda: warm.read(page), times=50),
            median_ms(lambda: append_of(store, child, facts[lines : lines + 1]), times=50),
        )
