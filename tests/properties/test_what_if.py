"""Under the rules it really had, a town asked again is the same town; under others, its figures add up."""

from datetime import date

from hypothesis import given, settings
from hypothesis import strategies as st

from api.french_what_if import Made
from api.what_if_plain import plain
from commands.adopt_rulebook import AdoptRulebook
from ledger.child import Child
from ledger.events import QuotientDecided
from ledger.identifiers import Month
from ledger.store import Page
from ledger.streams import household_page
from replay.what_if.comparing import Asked, Comparison
from replay.what_if.report import report_of
from rulebook.reader import read_rulebook
from tests.asks import join
from tests.billed import PRICED, Said
from tests.histories import DAYS, NOWS, histories, live
from tests.spec import Story, clock, enrolled
from tests.spec import given as told_of
from tests.town import AWA, DIALLO, MATTEO, ROSSI, VALMONT
from tests.what_ifs import asked_again

MONTHS = ("2024-01", "2024-03", "2024-04")
TEXT = f"""{PRICED}
[tarifs.accueil]
libelle = "Accueil"
article = "8"
nature = "garde"
activites = ["mercredis", "vacances"]
tranches = [{{ a_partir_de = 0, prix = 4.10 }}, {{ a_partir_de = 500, prix = 9.05 }}]
"""
OTHERS = (
    TEXT.replace("prix = 3.27", "prix = 4.01").replace("prix = 9.05", "prix = 7"),
    TEXT.replace("nombre = 2\n", "nombre = 1\n"),
    TEXT.replace("semaines_avant = 1", "semaines_avant = 2").replace("jours_apres = 15", "jours_apres = 1"),
    TEXT.replace('instruction = "agent"', 'instruction = "regle"'),
    TEXT.replace('instruction = "regle"', 'instruction = "agent"'),
)


def town() -> Story:
    """A town with two families enrolled in everything, and prices; Matteo is of both."""
    steps = [enrolled(MATTEO, AWA, activity=activity) for activity in DAYS]
    story = told_of(lambda story: story.must(AdoptRulebook(content=TEXT)), *steps, join(DIALLO), clock(NOWS[0])).story
    for household, cents in ((ROSSI, 62_000), (DIALLO, 31_000)):
        decided = QuotientDecided(amount_cents=cents, source="caf", first_day=date(2023, 9, 1))
        story.must(Said(household_page(VALMONT, household), decided))
    return story


@given(history=histories)
def test_under_the_same_rules_nothing_is_otherwise(history):
    story = live(town(), history)
    replayed = asked_again(story, TEXT)
    world = replayed.world
    for person in (MATTEO, AWA):
        page: Page[Child] = world.town.store.child(VALMONT, person.id)
        there, here = story.child(person), page.state
        assert here is not None
        assert {key: (slot.state, slot.absence, slot.household) for key, slot in here.slots.items()} == {
            key: (slot.state, slot.absence, slot.household) for key, slot in there.slots.items()
        }
        assert here.attendance == there.attendance
        assert list(here.closed.values()) == list(there.closed.values())
    assert [each for each in world.answers.compared.values() if each.real != each.here] == []
    assert (world.lost, world.assumed) == ({}, {})
    assert [each.total.change for each in replayed.effects(MONTHS).values()] == [0, 0]


@settings(max_examples=settings().max_examples // 2)  # each is asked again twice
@given(history=histories, text=st.sampled_from(OTHERS))
def test_under_others_the_figures_add_up_and_are_the_same_twice(history, text):
    story = live(town(), history)
    one, again = (figures(story, text) for _ in range(2))
    assert one == again
    total = one["total"]
    for parts in (one["months"], one["groups"]):
        assert sum(each["real_cents"] for each in parts) == total["real_cents"]
        assert sum(each["here_cents"] for each in parts) == total["here_cents"]
    households, asked = one["households"], one["asked"]
    counted = households["gainers"] + households["losers"] + households["unchanged"]
    assert counted == households["billed"] == sum(each["households"] for each in households["classes"])
    turned = sum(each["days"] for each in asked["turned"])
    assert asked["refused"] + asked["granted"] <= turned <= asked["days"]


def figures(story: Story, text: str) -> dict[str, object]:
    """The report of a story under another text, as JSON."""
    replayed, other = asked_again(story, text), read_rulebook(text)
    world = replayed.world
    comparison = Comparison(
        asked=Asked(commune=VALMONT, other=other, months=[Month(month) for month in MONTHS]),
        position=1,
        wishes=world.answers.compared,
        households=list(replayed.effects(MONTHS).values()),
        lost=world.lost,
        assumed=world.assumed,
    )
    report = report_of(comparison)
    return plain(Made(commune=VALMONT, rulebook=other, digest="", reconsidered=(), report=report))
