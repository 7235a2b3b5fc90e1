"""A page of the sealed ledger is bounded in bytes too: what a town writes never decides how much is held in memory."""

from hashlib import sha256

import psycopg

from projections.feed import MOST_BYTES
from tests.http.signed import until_signed
from tests.http.world import World, made
from tests.servers import Database


def test_a_page_stops_at_four_megabytes_and_the_next_carries_on(world: World, module_database: Database) -> None:
    sizes = [900_000] * 9 + [5_000_000, 10, 20, 900_000]
    with psycopg.connect(module_database.admin_url) as superuser:
        superuser.execute("SELECT set_config('ardoise.commune', %s, false)", [world.commune])
        for version, size in enumerate(sizes, start=2):
            stored = b'{"actor":"a","fact":{"child":"c","content":"' + b"x" * size + b'"}}'
            superuser.execute(
                "INSERT INTO ardoise.entries (commune, stream, version, type, recorded_at, stored, digest)"
                " VALUES (%s, %s, %s, 'rulebook_adopted.v1', '2024-01-14', %s, %s)",
                [world.commune, f"town/{world.commune}", version, stored, sha256(stored).digest()],
            )
    until_signed(world, 1 + len(sizes))
    auditor, after, pages = world.who("auditor"), 0, []
    while entries := made(page := auditor.get("/entries", after=after, limit=200), 200)["entries"]:
        said = [entry["position"] for entry in entries]
        assert sum(len(entry["stored"]) for entry in entries) <= MOST_BYTES or len(said) == 1
        assert page.json()["next"] == said[-1]
        pages.append(said)
        after = said[-1]
    assert [position for page in pages for position in page] == list(range(1, 2 + len(sizes)))
    assert len(pages) < 6, pages
    assert made(auditor.get("/entries", after=after - 3, limit=2), 200)["next"] == after - 1
