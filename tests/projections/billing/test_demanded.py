"""What a demande costs: the difference it makes to the bills of the whole family, told day by day."""

from collections.abc import Sequence
from dataclasses import replace

from ledger.child import SlotKey
from ledger.entry import Entry
from ledger.identifiers import Slug
from ledger.streams import child_page
from projections.billing.demanded import Asked, changes_of
from projections.billing.offer import offer_of
from projections.billing.supposed import Price, Scene
from rulebook.tariffs import Conditions, Tariff
from tests.asks import absent, approve, reserve, submit
from tests.projections.billing.regie import Regie, grid, in_short, tariff
from tests.spec import Ask, about, clock, enrolled, given
from tests.town import CANTINE, CHIARA, MATTEO, MERCREDIS, ROSSI, Person, at, day

OFTEN = tariff(MERCREDIS, "9.00", grid("5.00", conditions=Conditions(units_from=3)))
SECOND = replace(tariff(MERCREDIS, "9.00", grid("6.00", conditions=Conditions(rank_from=2))), rank_among="billed")


def wednesdays(*days: str, of: Sequence[Person] = (MATTEO,)) -> Ask:
    return submit(reserve=[f"{each} journee" for each in days], of=of, derogation="urgence", approve=True)


def previewed(before: Sequence[Ask], last: Ask, *slots: tuple[Person, str], under: Tariff) -> list[Price]:
    """What a demande is said to cost, of a child after the other."""
    story = given(about(MERCREDIS), enrolled(MATTEO, CHIARA), clock("2024-01-10 10:00"), *before).story
    regie = Regie(story=story, tariffs=[under])
    family, known = regie.family(ROSSI), regie.position()
    scene = Scene(commune=story.commune, now=story.now, offer=offer_of(regie.rules()))
    last(story)
    asked: list[Asked] = []
    lines: list[Entry] = []
    for person in dict.fromkeys(person for person, _ in slots):
        page = regie.page(child_page(story.commune, person.id), regie.position())
        lines += [placed.entry for placed in page if placed.position > known]
        keys = {(each.id, SlotKey(MERCREDIS, Slug("journee"), day(on))) for each, on in slots if each is person}
        asked.append(Asked(tuple(lines), keys))
    return changes_of(scene, [family], asked)


def test_a_day_that_makes_the_others_cheaper_costs_what_the_bill_moves_by() -> None:
    before = wednesdays("2024-03-06", "2024-03-13")
    [price] = previewed([before], wednesdays("2024-03-20"), (MATTEO, "2024-03-20"), under=OFTEN)
    assert [in_short(line) for line in price.lines] == ["1 x 5 Mercredis 03-20"]
    assert [in_short(line) for line in price.elsewhere] == [
        "-2 x 9 Mercredis 03-06 03-13",
        "2 x 5 Mercredis 03-06 03-13",
    ]
    assert price.total_cents == -300


def test_a_day_that_makes_a_sister_the_second_child_says_what_it_saves_her() -> None:
    before = wednesdays("2024-03-20", of=[CHIARA])
    [price] = previewed([before], wednesdays("2024-03-20"), (MATTEO, "2024-03-20"), under=SECOND)
    assert [(line.child, line.amount_cents) for line in price.lines] == [(MATTEO.id, 900)]
    assert sorted((line.child, line.amount_cents) for line in price.elsewhere) == [(CHIARA.id, -900), (CHIARA.id, 600)]
    assert price.total_cents == 600


def test_demandes_of_one_preview_follow_one_another_and_add_up() -> None:
    both = wednesdays("2024-03-20", of=[MATTEO, CHIARA])
    prices = previewed([], both, (MATTEO, "2024-03-20"), (CHIARA, "2024-03-20"), under=SECOND)
    assert [(price.total_cents, price.elsewhere) for price in prices] == [(900, ()), (600, ())]


def test_a_day_that_changes_nothing_else_says_so() -> None:
    [price] = previewed([], wednesdays("2024-03-20"), (MATTEO, "2024-03-20"), under=OFTEN)
    assert (price.total_cents, price.elsewhere, price.missing) == (900, (), ())


def test_an_absence_that_makes_a_run_long_enough_spares_the_days_of_the_month_before() -> None:
    boxes = [f"{each} repas" for each in ("2024-01-30", "2024-02-01")]
    story = given(about(CANTINE), enrolled(MATTEO), clock("2024-01-10 10:00"), reserve(*boxes)).story
    regie = Regie(story=story)
    regie.change = lambda rulebook: replace(
        rulebook,
        activities={
            **rulebook.activities,
            CANTINE: replace(
                rulebook.activities[CANTINE],
                absence=replace(rulebook.activities[CANTINE].absence, minimum_run_days=2),  # type: ignore[type-var]
            ),
        },
    )
    clock("2024-02-01 18:00")(story)
    said = [absent(each, reason="sortie", derogation="urgence") for each in boxes]
    said[0](story)
    approve()(story)
    family, known = regie.family(ROSSI), regie.position()
    said[1](story)
    page = regie.page(child_page(story.commune, MATTEO.id), regie.position())
    scene = Scene(commune=story.commune, now=at("2024-02-01 18:00"), offer=offer_of(regie.rules()))
    slots = {(MATTEO.id, SlotKey(CANTINE, Slug("repas"), day("2024-02-01")))}
    [price] = changes_of(scene, [family], [Asked([each.entry for each in page if each.position > known], slots)])
    assert [in_short(line) for line in price.lines] == ["-1 x 3 Cantine 02-01"]
    assert [in_short(line) for line in price.elsewhere] == ["-1 x 3 Cantine 01-30"]
