"""A paper is handed in once, opened by its owner, and by agents while a demande that names it is theirs to decide."""

import asyncio
import io
import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any, get_args
from urllib.parse import urlencode, urlsplit
from uuid import uuid4

import httpx
import pikepdf
import psycopg
import pytest
from fastapi import Request
from PIL import Image

from api.body import RawBody
from api.detail_bodies import DocumentKind
from api.documents import MOST_UPLOADS, UPLOAD, admitted
from api.french_people import DOCUMENTS
from api.problems import Problem
from tests.http.world import Who, World, box, made, refused
from tests.servers import Database
from tests.vault import papers_made as papers

CERTIFICATE = "certificat-medical"


def hand_in(who: Who, content: bytes, **asked: Any) -> httpx.Response:
    return who.hand_in(content, **asked)


@pytest.fixture
def household(world: World) -> str:
    return world.household("parent-1", "parent-2")


@pytest.fixture
def child(world: World, household: str) -> str:
    return world.child(household, "cantine")


def guardian_of(world: World, household: str, subject: str = "parent-1") -> str:
    rows = made(world.agent.get(f"/households/{household}/guardians"), 200)["guardians"]
    [found] = [row["guardian"] for row in rows if row["subject"] == subject]
    return str(found)


def test_a_paper_handed_in_is_given_back_as_a_file(world: World, household: str, child: str) -> None:
    answer = hand_in(world.guardian(), papers.pdf(title="Bonjour"), about=child)
    said = made(answer)
    assert said == {
        "document": said["document"],
        "owner": guardian_of(world, household),
        "about": child,
        "kind": CERTIFICATE,
        "kind_label": "Certificat médical",
        "media_type": "application/pdf",
        "size_bytes": said["size_bytes"],
    }
    found = world.guardian().get(f"/documents/{said['document']}")
    assert answer.headers["location"] == urlsplit(str(found.url)).path
    assert found.status_code == 200
    assert len(found.content) == said["size_bytes"]
    with pikepdf.open(io.BytesIO(found.content)) as copy:
        assert b"Bonjour" in copy.pages[0].obj.Contents.read_bytes()
    assert found.headers["content-type"] == "application/pdf"
    assert found.headers["content-disposition"] == f'attachment; filename="{said["document"]}.pdf"'
    assert found.headers["x-content-type-options"] == "nosniff"
    assert found.headers["content-security-policy"] == "sandbox; default-src 'none'"
    assert found.headers["cache-control"] == "no-store"


def test_the_content_says_what_it_is_and_not_the_header(world: World, household: str) -> None:
    said = made(hand_in(world.guardian(), papers.located_jpeg(), type_="application/pdf"))
    assert (said["media_type"], said["about"]) == ("image/jpeg", None)
    found = world.guardian().get(f"/documents/{said['document']}")
    assert b"CANARI" not in found.content
    with Image.open(io.BytesIO(found.content)) as image:
        assert not image.getexif()


def test_the_same_paper_for_the_same_use_is_kept_once(world: World, household: str, child: str) -> None:
    parent, content = world.guardian(), papers.pdf()
    first = made(hand_in(parent, content, about=child))
    assert made(hand_in(parent, content, about=child), 200) == first
    copy = parent.get(f"/documents/{first['document']}").content
    assert made(hand_in(parent, copy, about=child), 200) == first
    others = [
        made(hand_in(parent, content)),
        made(hand_in(parent, content, about=child, kind="quotient")),
        made(hand_in(parent, papers.pdf(2), about=child)),
        made(hand_in(world.guardian("parent-2"), content, about=child)),
    ]
    assert len({first["document"], *(other["document"] for other in others)}) == 5


def test_of_many_who_hand_in_the_same_paper_at_once_one_keeps_it(world: World, household: str) -> None:
    owner, content = guardian_of(world, household), papers.png()
    agents = [world.who("agent", f"agent-{number}") for number in range(4)]
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda agent: hand_in(agent, content, guardian=owner), agents))
    assert sorted(answer.status_code for answer in answers) == [200] * 3 + [201]
    assert len({answer.json()["document"] for answer in answers}) == 1


def test_the_same_key_gives_the_same_answer_and_other_bytes_are_refused(world: World, household: str) -> None:
    parent = world.guardian()
    first = hand_in(parent, papers.pdf(), key="once")
    again = hand_in(parent, papers.pdf(), key="once")
    assert (again.status_code, again.content) == (201, first.content)
    assert again.headers["Idempotency-Hit"] == "true"
    refused(hand_in(parent, papers.pdf(2), key="once"), "idempotency_key_reused", 422)
    refused(hand_in(parent, papers.pdf(), key="once", kind="autre"), "idempotency_key_reused", 422)
    refused(hand_in(parent, papers.pdf(), key="a b"), "idempotency_key_invalid", 400)


@pytest.mark.parametrize(
    ("content", "code", "status"),
    [
        (papers.pdf_with_script_when_opened(), "document_unsafe", 422),
        (papers.pdf_with_attachment(), "document_unsafe", 422),
        (papers.encrypted_pdf(user="secret"), "document_unsafe", 422),
        (papers.pdf()[:300], "document_unreadable", 422),
        (papers.bomb(), "document_too_large", 413),
        (papers.pdf() + bytes(10 * 2**20), "document_too_large", 413),
        (papers.encoded(papers.pixels(), "GIF"), "document_type_refused", 415),
        (b"<svg/>", "document_type_refused", 415),
        (b"", "document_type_refused", 415),
    ],
    ids=["script", "attachment", "encrypted", "cut", "bomb", "large", "gif", "svg", "nothing"],
)
def test_a_paper_that_cannot_be_kept_is_refused_with_its_reason(
    world: World, household: str, content: bytes, code: str, status: int
) -> None:
    refused(hand_in(world.guardian(), content), code, status)
    assert made(world.guardian().get("/documents"), 200)["documents"] == []


@pytest.mark.parametrize("type_", ["application/json", "image/gif", "text/html", "multipart/form-data"])
def test_a_body_announced_as_something_else_is_not_read(world: World, household: str, type_: str) -> None:
    refused(hand_in(world.guardian(), papers.pdf(), type_=type_), "document_type_refused", 415)


def test_a_body_that_says_it_is_small_and_is_not_is_cut(world: World, household: str) -> None:
    def endless() -> Iterator[bytes]:
        for _ in range(200):
            yield bytes(100_000)

    who = world.guardian()
    headers = {"Authorization": f"Bearer {who.token}", "Content-Type": "image/png", "Idempotency-Key": "x"}
    try:
        answer = who.http.post(
            f"/v1/{who.commune}/documents", params={"kind": "autre"}, content=endless(), headers=headers
        )
    except httpx.WriteError:
        return  # refused and closed while it was still being sent
    refused(answer, "document_too_large", 413)


def announced(world: World, token: str, key: str = "x", **asked: str) -> socket.socket:
    """A connection on which a file is announced, of which the first byte comes and no other."""
    address = urlsplit(world.url)
    assert address.hostname is not None
    assert address.port is not None
    line = socket.create_connection((address.hostname, address.port), timeout=10)
    line.sendall(
        f"POST /v1/{world.commune}/documents?{urlencode({'kind': 'autre', **asked})} HTTP/1.1\r\nHost: x\r\n"
        f"Content-Type: image/png\r\nAuthorization: Bearer {token}\r\nIdempotency-Key: {key}\r\n"
        "Content-Length: 9000000\r\n\r\nx".encode()
    )
    return line


def test_a_stranger_is_refused_before_the_body_is_read(world: World, household: str, child: str) -> None:
    world.household("parent-9")
    tokens = {subject: world.token("guardian", subject) for subject in ("nobody", "parent-9")}
    for token, asked in (
        (world.token("auditor", "a"), {}),
        (tokens["nobody"], {}),
        (tokens["parent-9"], {"about": child}),
        (tokens["parent-9"], {"guardian": guardian_of(world, household)}),
        (world.token("agent", "agent-1"), {"guardian": str(uuid4())}),
    ):
        with announced(world, token, **asked) as line:
            assert line.recv(4096).startswith(b"HTTP/1.1 404")


@pytest.mark.parametrize(
    "asked", [{"kind": "canari-zoe"}, {"kind": "autre", "about": "y"}, {"kind": "autre", "more": "y"}]
)
def test_a_question_that_is_not_sound_is_refused(world: World, household: str, asked: dict[str, Any]) -> None:
    refused(hand_in(world.guardian(), papers.pdf(), **asked), "invalid_request", 422)


def test_nobody_hands_in_for_a_family_that_is_not_theirs(world: World, household: str, child: str) -> None:
    other = world.household("parent-9")
    foreign = guardian_of(world, other, "parent-9")
    parent = world.guardian()
    answers = [
        hand_in(world.guardian("nobody"), papers.pdf()),
        hand_in(parent, papers.pdf(), guardian=foreign),
        hand_in(parent, papers.pdf(), guardian=guardian_of(world, household, "parent-2")),
        hand_in(world.guardian("parent-9"), papers.pdf(), about=child),
        hand_in(world.agent, papers.pdf(), guardian=foreign, about=child),
        hand_in(world.agent, papers.pdf(), guardian=str(uuid4())),
        hand_in(world.who("auditor"), papers.pdf()),
        hand_in(parent, papers.pdf(), about=str(uuid4())),
    ]
    for answer in answers:
        refused(answer, "not_found", 404)


def test_an_agent_hands_in_for_a_guardian_who_then_owns_it(world: World, household: str, child: str) -> None:
    refused(hand_in(world.agent, papers.pdf()), "invalid_request", 422)
    said = made(hand_in(world.agent, papers.pdf(), guardian=guardian_of(world, household), about=child))
    assert said["owner"] == guardian_of(world, household)
    assert world.guardian().get(f"/documents/{said['document']}").status_code == 200


def test_a_document_opens_for_its_owner_only_and_reads_as_nothing_for_others(
    world: World, household: str, child: str
) -> None:
    document = made(hand_in(world.guardian(), papers.pdf(), about=child))["document"]
    world.household("parent-9")
    unknown = world.guardian().get(f"/documents/{uuid4()}")
    for who in [
        world.guardian("parent-2"),
        world.guardian("parent-9"),
        world.guardian("nobody"),
        world.agent,
        world.who("auditor"),
        world.who("billing"),
        world.who("admin"),
    ]:
        answer = who.get(f"/documents/{document}")
        refused(answer, "not_found", 404)
        assert answer.content == unknown.content
    elsewhere = world.of(world.commune + "-x").agent  # type: ignore[arg-type]
    refused(elsewhere.get(f"/documents/{document}"), "not_found", 404)


def test_the_list_is_ones_own_the_latest_first_page_by_page(world: World, household: str, child: str) -> None:
    parent = world.guardian()
    kept = []
    for pages in range(1, 6):
        world.clock.set(f"2024-01-15 1{pages}:00")
        kept.append(made(hand_in(parent, papers.pdf(pages), about=child))["document"])
    made(hand_in(world.guardian("parent-2"), papers.pdf(9)))
    seen: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        page = made(parent.get("/documents", limit="2", **({"cursor": cursor} if cursor else {})), 200)
        seen += [row["document"] for row in page["documents"]]
        cursor = page["next"]
    assert seen == kept[::-1]
    refused(parent.get("/documents", cursor="x"), "invalid_cursor", 422)
    assert made(world.guardian("nobody").get("/documents"), 200) == {"documents": [], "next": None}


def test_an_account_that_was_taken_away_opens_nothing_any_more(world: World, household: str) -> None:
    document = made(hand_in(world.guardian(), papers.pdf()))["document"]
    made(world.agent.delete(f"/households/{household}/guardians/{guardian_of(world, household)}/account"), 200)
    refused(world.guardian().get(f"/documents/{document}"), "not_found", 404)


def test_a_protocol_names_a_document_about_the_child(world: World, household: str, child: str) -> None:
    parent = world.guardian()
    about = made(hand_in(parent, papers.pdf(), about=child, kind="protocole"))["document"]
    own = made(hand_in(parent, papers.pdf(), kind="protocole"))["document"]

    def say(document: str) -> httpx.Response:
        body = {"items": ["individual_protocol"], "protocol": document}
        return parent.send("PUT", f"/children/{child}/health", body=body, key=uuid4().hex)

    refused(say(own), "unknown_document", 422)
    made(say(about), 200)
    assert made(world.guardian("parent-2").get(f"/children/{child}/health"), 200)["protocol"] == about


def test_a_document_about_somebody_who_was_forgotten_is_gone(
    world: World, household: str, child: str, module_database: Database
) -> None:
    document = made(hand_in(world.guardian(), papers.pdf(), about=child))["document"]
    with psycopg.connect(module_database.admin_url) as connection:
        connection.execute("SELECT vault.forget(%s, %s, now())", (world.commune, child))
    refused(world.guardian().get(f"/documents/{document}"), "not_found", 404)
    refused(hand_in(world.guardian(), papers.pdf(2), about=child), "not_found", 404)


def absent(world: World, child: str, document: str) -> int:
    """Matteo did not come on Monday 22 January; the parent joins the paper."""
    parent = world.guardian()
    made(parent.ask(child, "cantine", "2024-01-22"))
    world.clock.set("2024-01-25 18:00")
    asked = {"child": child, "activity": "cantine", "kind": "absence", "absent": [box("2024-01-22 repas")]}
    said = made(parent.post("/demandes", {**asked, "reason": "maladie", "document": document}))
    number: int = said["demandes"][0]["number"]
    return number


def opens(world: World, document: str) -> bool:
    """Whether an agent opens it; listed and opened go together."""
    answer = world.agent.get(f"/documents/{document}")
    owner = made(world.guardian().get("/documents"), 200)["documents"][0]["owner"]
    listed = made(world.agent.get("/documents", guardian=owner), 200)["documents"]
    assert [row["document"] for row in listed] == [document] * (answer.status_code == 200)
    return answer.status_code == 200


@pytest.mark.parametrize("approve", ["all", "none"])
def test_an_agent_opens_what_a_demande_names_until_two_months_after_the_decision(
    world: World, household: str, child: str, approve: str
) -> None:
    document = made(hand_in(world.guardian(), papers.pdf(), about=child))["document"]
    assert not opens(world, document)
    number = absent(world, child, document)
    assert opens(world, document)
    world.clock.set("2024-06-30 10:00")
    assert opens(world, document), "it waits for a decision, however long"
    reason = {} if approve == "all" else {"reason": "autre"}
    made(world.agent.post(f"/demandes/{number}/decision", {"approve": approve, **reason}), 200)
    world.clock.set("2024-08-30 09:59")
    assert opens(world, document)
    world.clock.set("2024-08-30 10:01")
    assert not opens(world, document)
    assert world.guardian().get(f"/documents/{document}").status_code == 200


def test_an_agent_opens_the_protocol_of_a_child_as_long_as_it_is_one(world: World, household: str, child: str) -> None:
    document = made(hand_in(world.guardian(), papers.pdf(), about=child))["document"]
    assert not opens(world, document)
    for protocol in (document, None):
        body = {"items": ["individual_protocol"], "protocol": protocol}
        made(world.guardian().send("PUT", f"/children/{child}/health", body=body, key=uuid4().hex), 200)
        assert opens(world, document) == (protocol is not None)


def test_a_demande_taken_back_closes_its_document_to_agents(world: World, household: str, child: str) -> None:
    document = made(hand_in(world.guardian(), papers.pdf(), about=child))["document"]
    number = absent(world, child, document)
    made(world.guardian().delete(f"/demandes/{number}"), 200)
    assert not opens(world, document)


def test_a_guardian_does_not_join_the_paper_of_the_other(world: World, household: str, child: str) -> None:
    document = made(hand_in(world.guardian("parent-2"), papers.pdf(), about=child))["document"]
    made(world.guardian().ask(child, "cantine", "2024-01-22"))
    world.clock.set("2024-01-25 18:00")
    asked = {"child": child, "activity": "cantine", "kind": "absence", "absent": [box("2024-01-22 repas")]}
    body = {**asked, "reason": "maladie", "document": document}
    refused(world.guardian().post("/demandes", body), "unknown_document", 422)
    made(world.agent.post("/demandes", body))


async def beginning_of_a_file(seconds: float) -> None:
    """Reads a file of which only the beginning ever comes."""
    arrived = [{"type": "http.request", "body": b"\x89PNG", "more_body": True}]

    async def receive() -> dict[str, Any]:
        if arrived:
            return arrived.pop()
        await asyncio.sleep(60)
        raise AssertionError

    scope = {"type": "http", "headers": [(b"content-type", b"image/png")]}
    types = frozenset({"image/png"})
    body = RawBody(admits=admitted, media_types=types, most_bytes=100, seconds=seconds, most_at_once=1)
    await body.read(Request(scope, receive))


def test_a_file_that_does_not_arrive_in_time_is_given_up() -> None:
    with pytest.raises(Problem) as told:
        asyncio.run(beginning_of_a_file(0.05))
    assert (told.value.code, told.value.status) == ("body_too_slow", 408)


def test_files_that_come_slowly_take_few_places_and_questions_none_behind_them(world: World, household: str) -> None:
    owner = guardian_of(world, household)
    tokens = [world.token("agent", f"agent-{number}") for number in range(MOST_UPLOADS)]
    with ExitStack() as slow:
        for token in tokens:
            slow.enter_context(announced(world, token, guardian=owner))
        until(lambda: len(UPLOAD.senders) == MOST_UPLOADS)
        assert refused(hand_in(world.guardian(), papers.pdf()), "overloaded", 503)
        assert world.guardian().get("/documents").status_code == 200
    until(lambda: not UPLOAD.senders)
    made(hand_in(world.guardian(), papers.pdf()))


def test_an_account_sends_one_file_at_a_time_and_others_send_theirs(world: World, household: str) -> None:
    with announced(world, world.token("guardian", "parent-1")):
        until(lambda: len(UPLOAD.senders) == 1)
        answer = hand_in(world.guardian(), papers.pdf())
        refused(answer, "overloaded", 503)
        assert answer.headers["retry-after"]
        made(hand_in(world.guardian("parent-2"), papers.pdf()))
    until(lambda: not UPLOAD.senders)
    made(hand_in(world.guardian(), papers.pdf()))


def test_every_kind_of_document_has_a_french_label(world: World, household: str) -> None:
    assert tuple(DOCUMENTS) == get_args(DocumentKind)
    operation = world.http.get("/openapi.json").json()["paths"]["/v1/{commune}/documents"]["post"]
    [said] = [parameter["schema"] for parameter in operation["parameters"] if parameter["name"] == "kind"]
    assert tuple(said["enum"]) == tuple(DOCUMENTS)
    for kind in DOCUMENTS:
        assert made(hand_in(world.guardian(), papers.pdf(), kind=kind))["kind_label"] == DOCUMENTS[kind]


def until(so: Callable[[], bool]) -> None:
    give_up_at = time.monotonic() + 10
    while not so():
        assert time.monotonic() < give_up_at
        time.sleep(0.01)
