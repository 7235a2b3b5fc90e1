"""Whose titres are whose: a stranger, the other parent, alternating custody; and questions that mean harm."""

import pytest

from api.cursors import write_cursor
from tests.http.billing_town import (
    JANUARY,
    MEALS,
    billing_town,
    came,
    closed,
    drafted,
    quotient,
    regie,
    reserved,
    titre_of,
)
from tests.http.parents import two_homes, whole
from tests.http.world import Who, World, made, refused

HIS, HERS = "2024-01-29", "2024-01-25"
"""A Monday of week 5, a Thursday of week 4."""


@pytest.fixture
def town(service: World) -> World:
    return billing_town(service)


def paths(household: str, child: str, titre: str) -> list[str]:
    return [
        f"/titres/{titre}",
        f"/titres/{titre}/lines/1",
        f"/households/{household}/titres",
        f"/children/{child}/entries/3/invoice-lines",
    ]


def test_a_stranger_cannot_tell_a_titre_from_one_that_does_not_exist(town: World) -> None:
    household, child = reserved(town)
    town.family("stranger-1", "cantine")
    came(town, child, *MEALS)
    town.clock.set("2024-02-01 09:00")
    closed(town)
    titre, stranger = titre_of(town, household)["titre"], town.guardian("stranger-1")
    nowhere = "00000000-0000-4000-8000-000000000000"
    for path, unknown in zip(paths(household, child, titre), paths(nowhere, nowhere, "2024-999999"), strict=True):
        refused(stranger.get(path), "not_found", 404)
        assert stranger.get(path).content == stranger.get(unknown).content
        assert town.guardian().get(path).status_code == 200
    for path in ("/billing", f"/billing/{JANUARY}", f"/billing/{JANUARY}/lines", f"/billing/{JANUARY}/titres"):
        refused(town.guardian().get(path), "not_found", 404)
    refused(town.guardian().post(f"/billing/{JANUARY}/close", {"position": 1}), "not_found", 404)
    refused(town.agent.post(f"/billing/{JANUARY}/close", {"position": 1}), "not_found", 404)


def test_in_two_homes_each_sees_its_own_titre_and_nothing_of_the_other(town: World) -> None:
    parents = two_homes(town)
    quotient(town, parents.hers, 30_000)
    quotient(town, parents.his, 150_000)
    parents.alternate()
    made(parents.father.ask(parents.child, "cantine", HIS))
    made(parents.mother.ask(parents.child, "cantine", HERS))
    came(town, parents.child, HERS, HIS)
    town.clock.set("2024-02-01 09:00")
    closed(town)
    hers, his = titre_of(town, parents.hers), titre_of(town, parents.his)
    assert (hers["total_cents"], his["total_cents"]) == (100, 450)
    refused(parents.mother.get(f"/titres/{his['titre']}"), "not_found", 404)
    refused(parents.father.get(f"/titres/{hers['titre']}/lines/1"), "not_found", 404)
    refused(parents.father.get(f"/households/{parents.hers}/titres"), "not_found", 404)
    why = parents.mother.get(f"/titres/{hers['titre']}/lines/1")
    told = whole(why)
    assert made(why, 200)["days"][0]["day"] == HERS
    assert [secret for secret in (parents.his, HIS, his["titre"], "father-1", "4,50") if secret in told] == []
    lines = [
        entry["line"]
        for entry in made(parents.father.get(f"/titres/{his['titre']}/lines/1"), 200)["days"][0]["entries"]
    ]
    for line in lines:
        of_hers = made(parents.mother.get(f"/children/{parents.child}/entries/{line}/invoice-lines"), 200)
        assert of_hers["invoice_lines"] == []
        of_his = made(parents.father.get(f"/children/{parents.child}/entries/{line}/invoice-lines"), 200)
        assert [each["titre"] for each in of_his["invoice_lines"]] == [his["titre"]]
        everything = made(regie(town).get(f"/children/{parents.child}/entries/{line}/invoice-lines"), 200)
        assert [each["household"] for each in everything["invoice_lines"]] == [parents.his]


# Questions that mean harm -------------------------------------------------------------------------------------------

HOSTILE_MONTHS = (
    "2022-13",
    "0000-00",
    "2022-00",
    "22-01",
    "2022-1",
    "2022-01 ",
    "2022-01%0a",
    "1899-12",
    "٢٠٢٢-٠١",
    "a",
)


@pytest.mark.parametrize("month", HOSTILE_MONTHS)
def test_a_month_that_is_none_is_refused(town: World, month: str) -> None:
    who = regie(town)
    answers = [
        who.get(f"/billing/{month}"),
        who.get(f"/billing/{month}/missing"),
        who.get(f"/billing/{month}/lines"),
        who.get(f"/billing/{month}/titres"),
        who.post(f"/billing/{month}/draft"),
        who.post(f"/billing/{month}/close", {"position": 1}),
    ]
    assert {answer.status_code for answer in answers} <= {404, 422}, month


def test_nul_names_nothing(town: World) -> None:
    who = regie(town)
    for path in ("/billing/2024-01%00", "/titres/2024-000001%00", "/titres/2024-000001/lines/1%00"):
        refused(who.get(path), "not_found", 404)
    assert who.get(f"/billing/{JANUARY}/lines", code="a\0b").status_code == 422


@pytest.mark.parametrize("position", [-1, 2**53, 2**63, 1.5, "1", None, True])
def test_a_position_that_is_none_is_refused(town: World, position: object) -> None:
    answer = regie(town).post(f"/billing/{JANUARY}/close", {"position": position})
    assert answer.status_code in (400, 422), answer.text


@pytest.mark.parametrize("line", ["0", "-1", "2147483648", "9007199254740993", "1e3", "01", "x"])
def test_a_line_that_is_none_is_refused(town: World, line: str) -> None:
    household, child = reserved(town)
    for path in (f"/titres/2024-000001/lines/{line}", f"/children/{child}/entries/{line}/invoice-lines"):
        assert regie(town).get(path).status_code in (404, 422), path
    assert household


@pytest.mark.parametrize("number", ["2024", "2024-1", "2024-0000000001", "2024-00000a", "' OR 1=1"])
def test_a_number_that_is_no_titre_is_refused(town: World, number: str) -> None:
    assert regie(town).get(f"/titres/{number}").status_code in (404, 422)


@pytest.mark.parametrize(
    ("path", "kind", "place"),
    [
        (f"/billing/{JANUARY}/missing", "missing", ["a\u0000b"]),
        (f"/billing/{JANUARY}/lines", "draft-lines", ["a\u0000b", 1]),
        (f"/billing/{JANUARY}/lines", "draft-lines", ["00000000-0000-4000-8000-000000000000", 2**40]),
        (f"/billing/{JANUARY}/titres", "titres", ["2024\u0000"]),
    ],
)
def test_a_forged_cursor_is_refused(town: World, path: str, kind: str, place: list[object]) -> None:
    refused(regie(town).get(path, cursor=write_cursor(kind, place)), "invalid_cursor", 422)  # type: ignore[arg-type]


def test_the_lines_of_a_month_are_read_page_by_page_of_its_draft_and_of_its_titres(town: World) -> None:
    for day in MEALS:
        town.places("cantine", day, 9)
    homes = [reserved(town, subject=f"parent-{number}", cents=65_000 + number) for number in range(1, 4)]

    second = town.child(homes[0][0], "cantine")
    made(town.guardian("parent-1").ask(second, "cantine", MEALS[0]))
    for _, child in homes:
        came(town, child, *MEALS)
    came(town, second, MEALS[0])
    town.clock.set("2024-02-01 09:00")
    drafted(town)
    of_draft = everything(regie(town))
    assert {line["titre"] for line in of_draft} == {None}
    assert sorted(line["amount_cents"] for line in of_draft) == [327, 654, 654, 654]
    closed(town)
    of_titres = everything(regie(town))
    shown = [(line["household"], line["child"], line["line"]) for line in of_draft]
    assert [(line["household"], line["child"], line["line"]) for line in of_titres] == shown
    assert sorted({line["titre"] for line in of_titres}) == [f"2024-00000{number}" for number in (1, 2, 3)]


def everything(who: Who) -> list[dict[str, object]]:
    """Every line, one at a time."""
    found: list[dict[str, object]] = []
    asked: dict[str, str] = {}
    while True:
        said = made(who.get(f"/billing/{JANUARY}/lines", limit=1, **asked), 200)
        found += said["lines"]
        if said["next"] is None:
            return found
        asked = {"cursor": said["next"]}
