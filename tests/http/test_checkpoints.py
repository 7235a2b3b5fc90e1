"""What is sealed is told in order, signed, and proved over HTTP to those who check by their own computation."""

import base64
from collections.abc import Iterator
from hashlib import sha256

import orjson
import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.schemas_checkpoints import EXAMPLES, ConsistencyProof, InclusionProof, SealedEntries, SignedHead
from ledger.identifiers import Commune
from replay.sealing.checkpoint import VerifierKey, parse, verify
from replay.sealing.merkle import leaf_hash, root_from_inclusion, roots_from_consistency
from tests.http.signed import until_signed
from tests.http.world import Who, World, made, refused, world_on
from tests.replay.trees import plain_root
from tests.servers import Database

LINES = 60


@pytest.fixture(scope="module")
def service(module_database: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A service that signs at once."""
    with world_on(module_database, tmp_path_factory.mktemp("service"), checkpoint_seconds=0.05) as made_:
        yield made_


@pytest.fixture(scope="module")
def town(service: World, module_database: Database) -> World:
    """A town whose lines are all sealed and signed."""
    world = service.of(Commune("scellee"))
    world.adopt()
    for number in range(8):
        world.family(f"parent-{number}", "mercredis", "cantine")
    with psycopg.connect(module_database.admin_url) as superuser:
        [[count]] = superuser.execute("SELECT count(*) FROM ardoise.entries WHERE commune = 'scellee'").fetchall()
    until_signed(world, count)
    return world


@pytest.fixture(scope="module")
def auditor(town: World) -> Who:
    return town.who("auditor")


@pytest.fixture(scope="module")
def leaves(auditor: Who) -> list[bytes]:
    """The leaves, from what the feed says and nothing else."""
    return [leaf_hash(entry["stored"].encode()) for entry in everything(auditor)]


def everything(who: Who, limit: int = 7) -> list[dict[str, object]]:
    entries: list[dict[str, object]] = []
    after = 0
    while page := made(who.get("/entries", after=after, limit=limit), 200):
        entries += page["entries"]
        if page["next"] == after:
            return entries
        after = page["next"]
    raise AssertionError


def b64(text: str) -> bytes:
    return base64.b64decode(text, validate=True)


# The signed head ----------------------------------------------------------------------------------------------------


def test_the_checkpoint_is_the_root_of_everything_the_feed_says(auditor: Who, leaves: list[bytes]):
    said = made(auditor.get("/checkpoint"), 200)
    assert (said["origin"], said["size"]) == ("ardoise.local/scellee", len(leaves))
    assert b64(said["root"]) == plain_root(leaves)
    found = parse(said["checkpoint"].encode())
    assert (found.head.size, found.head.root) == (len(leaves), plain_root(leaves))
    assert verify(found, [VerifierKey.read(said["key"])])


def test_the_note_itself_is_given_to_who_accepts_plain_text(auditor: Who):
    answer = auditor.send("GET", "/checkpoint", headers={"Accept": "text/plain"})
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.text == made(auditor.get("/checkpoint"), 200)["checkpoint"]
    anything = auditor.send("GET", "/checkpoint", headers={"Accept": "*/*, text/html"})
    assert anything.headers["content-type"] == "application/json"


def test_a_town_of_which_nothing_was_signed_is_told_to_come_back(service: World):
    said = service.of(Commune("inconnue")).who("auditor").get("/checkpoint")
    refused(said, "no_checkpoint_yet", 503)
    assert said.headers["retry-after"] == "5"


def test_asking_signs_nothing(town: World, auditor: Who, leaves: list[bytes]):
    before = auditor.get("/checkpoint").content
    made(auditor.get("/checkpoint/proof", from_=1), 200)
    assert auditor.get("/checkpoint").content == before


def test_the_examples_of_the_document_are_one_tree_and_verify():
    head, included = EXAMPLES[SignedHead], EXAMPLES[InclusionProof]
    grown, [entry] = EXAMPLES[ConsistencyProof], EXAMPLES[SealedEntries]["entries"]
    assert verify(parse(head["checkpoint"].encode()), [VerifierKey.read(head["key"])])
    leaf, path = leaf_hash(entry["stored"].encode()), [b64(each) for each in included["proof"]]
    assert root_from_inclusion(entry["position"] - 1, head["size"], leaf, path) == b64(head["root"])
    roots = b64(grown["from_root"]), b64(grown["to_root"])
    assert roots_from_consistency(3, 4, roots[0], [b64(each) for each in grown["proof"]]) == roots
    assert (roots[1], sha256(entry["stored"].encode()).hexdigest()) == (b64(head["root"]), entry["digest"])


# The proofs ---------------------------------------------------------------------------------------------------------


def test_every_line_is_proved_to_be_under_the_signed_root(auditor: Who, leaves: list[bytes]):
    signed = made(auditor.get("/checkpoint"), 200)
    for position, leaf in enumerate(leaves, start=1):
        said = made(auditor.get(f"/entries/{position}/proof"), 200)
        path = [b64(each) for each in said["proof"]]
        assert root_from_inclusion(position - 1, said["size"], leaf, path) == b64(signed["root"])
        assert (said["position"], b64(said["leaf"]), said["checkpoint"]) == (position, leaf, signed["checkpoint"])
    assert len(leaves) >= LINES // 2


@settings(max_examples=60)
@given(data=st.data())
def test_a_line_is_proved_in_the_tree_of_any_size(auditor: Who, leaves: list[bytes], data: st.DataObject):
    size = data.draw(st.integers(1, len(leaves)))
    position = data.draw(st.integers(1, size))
    said = made(auditor.get(f"/entries/{position}/proof", size=size), 200)
    path = [b64(each) for each in said["proof"]]
    assert root_from_inclusion(position - 1, size, leaves[position - 1], path) == plain_root(leaves[:size])
    assert b64(said["root"]) == plain_root(leaves[:size])


@settings(max_examples=60)
@given(data=st.data())
def test_the_ledger_is_proved_to_have_only_grown(auditor: Who, leaves: list[bytes], data: st.DataObject):
    second = data.draw(st.integers(1, len(leaves)))
    first = data.draw(st.integers(1, second))
    said = made(auditor.get("/checkpoint/proof", from_=first, to=second), 200)
    before, after = plain_root(leaves[:first]), plain_root(leaves[:second])
    path = [b64(each) for each in said["proof"]]
    assert roots_from_consistency(first, second, before, path) == (before, after)
    assert (b64(said["from_root"]), b64(said["to_root"])) == (before, after)


def test_without_a_second_size_the_proof_leads_to_the_signed_root(auditor: Who, leaves: list[bytes]):
    said = made(auditor.get("/checkpoint/proof", from_=3), 200)
    assert (said["from_size"], said["to_size"]) == (3, len(leaves))
    assert said["to_root"] == made(auditor.get("/checkpoint"), 200)["root"]


@pytest.mark.parametrize(
    ("path", "asked", "status", "code"),
    [
        ("/checkpoint/proof", {}, 422, "invalid_request"),
        ("/checkpoint/proof", {"from_": "0"}, 422, "invalid_request"),
        ("/checkpoint/proof", {"from_": "-1"}, 422, "invalid_request"),
        ("/checkpoint/proof", {"from_": "1.5"}, 422, "invalid_request"),
        ("/checkpoint/proof", {"from_": "9" * 16}, 422, "invalid_request"),
        ("/checkpoint/proof", {"from_": "9" * 400}, 422, "invalid_request"),
        ("/checkpoint/proof", {"from_": "3", "to": "2"}, 422, "invalid_request"),
        ("/checkpoint/proof", {"from_": "3", "to": "1000000"}, 422, "invalid_request"),
        ("/checkpoint/proof", {"from_": "3", "to": str(2**53 - 1)}, 422, "invalid_request"),
        ("/checkpoint/proof", {"from_": "1000000"}, 422, "invalid_request"),
        ("/checkpoint/proof", {"from_": "1", "size": "2"}, 422, "invalid_request"),
        ("/entries/0/proof", {}, 404, "not_found"),
        ("/entries/00/proof", {}, 404, "not_found"),
        ("/entries/1/proof", {"size": "0"}, 422, "invalid_request"),
        ("/entries/1/proof", {"size": "1000000"}, 422, "invalid_request"),
        ("/entries/1/proof", {"size": "\u0661"}, 422, "invalid_request"),
        ("/entries/5/proof", {"size": "4"}, 404, "not_found"),
        ("/entries/1000000/proof", {}, 404, "not_found"),
        (f"/entries/{2**53 - 1}/proof", {}, 404, "not_found"),
        (f"/entries/{2**53}/proof", {}, 404, "not_found"),
        (f"/entries/{'9' * 150}/proof", {}, 404, "not_found"),
        ("/entries/-1/proof", {}, 404, "not_found"),
        ("/entries/x/proof", {}, 404, "not_found"),
        ("/entries", {"after": "-1"}, 422, "invalid_request"),
        ("/entries", {"after": str(2**53)}, 422, "invalid_request"),
        ("/entries", {"after": "1e3"}, 422, "invalid_request"),
        ("/entries", {"limit": "0"}, 422, "invalid_request"),
        ("/entries", {"limit": "201"}, 422, "invalid_request"),
        ("/entries", {"cursor": "x"}, 422, "invalid_request"),
        ("/checkpoint", {"size": "3"}, 422, "invalid_request"),
    ],
)
def test_what_cannot_be_proved_is_refused_in_french(
    auditor: Who, path: str, asked: dict[str, str], status: int, code: str
):
    refused(auditor.get(path, **asked), code, status)


# The feed -----------------------------------------------------------------------------------------------------------


def test_the_feed_says_every_line_once_in_order_and_as_it_was_hashed(auditor: Who, module_database: Database):
    entries = everything(auditor)
    assert [entry["position"] for entry in entries] == list(range(1, len(entries) + 1))
    for entry in entries:
        stored = str(entry["stored"]).encode()
        assert sha256(stored).hexdigest() == entry["digest"]
        said = orjson.loads(stored)
        assert [said[name] for name in ("stream", "version", "type")] == [
            entry[name] for name in ("stream", "version", "type")
        ]
    with psycopg.connect(module_database.admin_url) as superuser:
        rows = superuser.execute("SELECT stored FROM ardoise.entries WHERE commune = 'scellee'").fetchall()
    assert sorted(str(entry["stored"]).encode() for entry in entries) == sorted(bytes(row[0]) for row in rows)


def test_the_feed_is_a_line_each_for_who_asks_so(auditor: Who):
    said = auditor.send("GET", "/entries", limit=5, after=2, headers={"Accept": "application/x-ndjson"})
    assert said.headers["content-type"] == "application/x-ndjson"
    lines = [orjson.loads(line) for line in said.content.splitlines()]
    assert lines == made(auditor.get("/entries", after=2, limit=5), 200)["entries"]
    assert said.content.endswith(b"\n")


def test_at_the_end_the_feed_says_where_to_go_on(auditor: Who, leaves: list[bytes]):
    end = made(auditor.get("/entries", after=len(leaves)), 200)
    assert end == {"entries": [], "next": len(leaves)}
    ahead = made(auditor.get("/entries", after=len(leaves) + 500), 200)
    assert ahead == {"entries": [], "next": len(leaves) + 500}


@pytest.mark.parametrize("role", ["auditor", "billing"])
def test_those_who_follow_the_ledger_are_in_the_access_log(town: World, module_database: Database, role: str):
    who = town.who(role, f"{role}-log")
    child = next(entry for entry in everything(who, 200) if str(entry["type"]).startswith("child_registered"))
    fact = orjson.loads(str(child["stored"]))["fact"]
    with psycopg.connect(module_database.admin_url) as superuser:
        rows = superuser.execute(
            "SELECT operation, about FROM access.reads WHERE actor = %s", (f"{role}-log",)
        ).fetchall()
    assert {row[0] for row in rows} == {"GET /entries"}
    about = {person for row in rows for person in row[1]}
    assert {fact["child"], fact["household"]} <= about
    assert all(len(person) == 36 for person in about)


def test_a_portal_without_a_user_follows_the_town_and_no_family(auditor: Who, town: World):
    whole, said = everything(auditor), everything(town.who("portal", "portal-log"))
    assert {str(entry["stream"]).partition("/")[0] for entry in said if entry["stream"]} == {"town"}
    for told, known in zip(said, whole, strict=True):
        if told["stream"] is None:
            assert told == dict.fromkeys(known) | {"position": known["position"], "digest": known["digest"]}
        else:
            assert told == known


@pytest.mark.parametrize("role", ["guardian", "agent", "admin"])
def test_nobody_else_follows_it_but_everybody_reads_what_is_signed(town: World, role: str):
    who = town.who(role, "parent-1" if role == "guardian" else None)
    for path in ("/entries", "/entries/1/proof", "/checkpoint/proof?from=1"):
        refused(who.send("GET", path), "not_found", 404)
    assert made(who.get("/checkpoint"), 200)["size"]


def test_a_checkpoint_that_cannot_be_read_is_no_error_of_the_caller(
    module_database: Database,
    tmp_path_factory: pytest.TempPathFactory,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
):
    directory = tmp_path_factory.mktemp("broken")
    with world_on(module_database, directory) as other:
        (directory / "checkpoints" / "abimee").mkdir()
        (directory / "checkpoints" / "abimee" / f"{9:016}.txt").write_text("nothing")
        asked = other.of(Commune("abimee")).who("auditor")
        for path in ("/checkpoint", "/checkpoint/proof?from=1", "/entries/1/proof"):
            refused(asked.send("GET", path), "no_checkpoint_yet", 503)
    written = "".join(capfd.readouterr()) + caplog.text  # wherever logs go by now
    assert written.count("is not a checkpoint of abimee") == 1, "said once"
