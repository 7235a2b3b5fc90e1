"""What a client calls its request goes back to it and to the log; what stays for ever is a number nobody chose."""

from collections.abc import Iterator
from uuid import uuid4

import psycopg
import pytest

from tests.http.world import World
from tests.servers import Database

WORD = "canari-zoe-jaune"


@pytest.fixture
def kept(world: World, module_database: Database) -> Iterator[psycopg.Cursor[tuple[str]]]:
    """What the ledger and the access log of the town say."""
    with psycopg.connect(module_database.admin_url) as connection:
        yield connection.execute(
            "SELECT convert_from(stored, 'UTF8') FROM ardoise.entries WHERE commune = %(commune)s"
            " UNION ALL SELECT reads::text FROM access.reads WHERE commune = %(commune)s",
            {"commune": world.commune},
        )


@pytest.fixture
def said(world: World, request: pytest.FixtureRequest) -> str:
    """A command and a question under the same name."""
    word: str = request.param
    household = world.household("parent-1")
    for answer in (
        world.agent.post(f"/households/{household}/members", {}, X_Request_Id=word),
        world.agent.send("GET", f"/households/{household}", headers={"X-Request-Id": word}),
    ):
        assert answer.is_success
        assert answer.headers["x-request-id"] == word
    return word


@pytest.mark.parametrize("said", [WORD], indirect=True)
def test_a_word_of_the_client_stays_nowhere(said: str, kept: psycopg.Cursor[tuple[str]]) -> None:
    rows = [row for (row,) in kept]
    assert rows
    assert not [row for row in rows if said in row]


@pytest.mark.parametrize("said", [str(uuid4()), uuid4().hex], indirect=True, ids=["with hyphens", "without"])
def test_a_number_of_the_client_is_kept_in_the_ledger_and_in_the_access_log(
    said: str, kept: psycopg.Cursor[tuple[str]]
) -> None:
    assert len([row for (row,) in kept if said in row]) == 2
