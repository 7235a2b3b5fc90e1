"""Whatever a family has had, what a demande is said to cost is what the bills of its months move by."""

from collections.abc import Sequence
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.child import SlotKey
from ledger.entry import Entry
from ledger.events import DayDemanded
from ledger.identifiers import ChildId, Month, Slug
from ledger.streams import child_page
from projections.billing.demanded import Asked, changes_of
from projections.billing.family import Family
from projections.billing.month import stories_of, worked_out
from projections.billing.offer import offer_of
from projections.billing.supposed import Scene, expected, of_child
from tests.asks import absent, approve, submit
from tests.projections.billing.regie import Regie
from tests.properties.test_billing import PEOPLE, TARIFFS, _changed, histories, town
from tests.spec import Ask, about
from tests.town import CANTINE, DIALLO, GARDERIE, MERCREDIS, ROSSI, Person

MONTHS = [Month(f"2024-{number:02}") for number in range(1, 7)]
BOXES = {
    MERCREDIS: [f"2024-03-{day} {unit}" for day in ("06", "13", "20", "27") for unit in ("journee", "matinee")],
    CANTINE: [f"2024-{day} repas" for day in ("01-26", "01-29", "01-30", "02-01", "03-25", "03-26")],
    GARDERIE: [f"2024-{day} soir" for day in ("01-16", "03-25", "03-26")],
}
Wish = tuple[Slug, str, list[str], list[Person]]


@st.composite
def wishes(draw: st.DrawFn) -> Wish:
    activity = draw(st.sampled_from(sorted(BOXES)))
    boxes = draw(st.lists(st.sampled_from(BOXES[activity]), min_size=1, max_size=4, unique=True))
    of = draw(st.lists(st.sampled_from(PEOPLE), min_size=1, max_size=2, unique=True))
    return activity, draw(st.sampled_from(["reserve", "reserve", "cancel", "absence"])), boxes, of


def ask_of(wish: Wish) -> Ask:
    _, verb, boxes, of = wish
    if verb == "absence":
        return absent(*boxes, of=of[0], reason="sortie", derogation="urgence")
    reserve, cancel = (boxes, []) if verb == "reserve" else ([], boxes)
    return submit(reserve=reserve, cancel=cancel, of=of, partial=True, derogation="urgence", approve=True)


def lines_of(regie: Regie, child: ChildId) -> list[Entry]:
    stream = child_page(regie.story.commune, child)
    return [placed.entry for placed in regie.page(stream, regie.position())]


def asked_of(entries: Sequence[Entry]) -> list[Asked]:
    """One demande after the other, each with the lines of those before it."""
    numbers = list(dict.fromkeys(entry.fact.demande for entry in entries))  # type: ignore[union-attr]
    found = []
    for count, number in enumerate(numbers, start=1):
        kept = [entry for entry in entries if entry.fact.demande in numbers[:count]]  # type: ignore[union-attr]
        slots = {
            (ChildId(entry.stream.rsplit("/", 1)[1]), SlotKey(entry.fact.activity, day.unit, day.day))
            for entry in entries
            if isinstance(entry.fact, DayDemanded) and entry.fact.demande == number
            for day in entry.fact.days
        }
        found.append(Asked(kept, slots))
    return found


def total(scene: Scene, family: Family) -> int:
    """What six months cost a household, every day that is reserved come to."""
    for child, page in family.children.items():
        family = of_child(family, child, expected(scene, page, MONTHS))
    stories = stories_of(family, scene.rules)
    charges = [charge for month in MONTHS for charge in worked_out(stories, scene.offer, month).charges]
    return sum(charge.part.amount_cents for charge in charges)


@settings(deadline=None, max_examples=60)
@given(histories.map(lambda found: found[:12]), st.lists(wishes(), max_size=4), wishes())
def test_a_demande_costs_what_the_bills_of_the_whole_family_move_by(
    history: Any, before: list[Wish], last: Wish
) -> None:
    regie = Regie(story=town(), tariffs=TARIFFS, change=_changed)
    for activity, each in [*history, *((wish[0], ask_of(wish)) for wish in before)]:
        about(Slug(activity))(regie.story)
        try:
            each.tried(regie.story)
        except IndexError:  # the child has no demande yet
            continue
    known = {person.id: len(lines_of(regie, person.id)) for person in PEOPLE}
    families = [regie.family(household) for household in (ROSSI, DIALLO)]
    scene = Scene(commune=regie.story.commune, now=regie.story.now, offer=offer_of(regie.rules()))
    about(last[0])(regie.story)
    ask_of(last).tried(regie.story)
    written = [entry for person in PEOPLE for entry in lines_of(regie, person.id)[known[person.id] :]]
    if written and last[1] == "absence":
        approve(of=last[3][0]).tried(regie.story)
    moved = [total(scene, regie.family(each.household)) - total(scene, each) for each in families]
    prices = changes_of(scene, families, asked_of(written))
    assert sum(price.total_cents for price in prices) == sum(moved)
    for family, difference in zip(families, moved, strict=True):
        assert sum(price.total_cents for price in changes_of(scene, [family], asked_of(written))) == difference
