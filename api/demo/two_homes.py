"""Villars: Noé lives a week with each of his parents; what each of them does, and sees."""

from typing import Final

from api.demo import asks, seen
from api.demo.cast import Cast
from api.demo.page import Page
from api.demo.papers import certificate
from api.demo.stage import AGENT, Json, Person

MEALS: Final = "restauration-scolaire"
PARENTS: Final = ("Inaya", "Yves")
FIRST_DAY: Final = "2022-11-07"
WEEKS: Final = ("2022-11-07", "2022-11-20")
"""Weeks 45 and 46: his, then hers."""
HIS_DAYS: Final = ("2022-11-08", "2022-11-10")
HER_DAYS: Final = ("2022-11-14", "2022-11-17")
HER_TUESDAY: Final = "2022-11-15"
TELEPHONE: Final = "06 39 98 00 57"
"""Of the numbers that are never given to anybody."""
ADDRESS: Final[Json] = {"lines": ["3 chemin des Ardoises"], "postcode": "42390", "city": "Villars", "country": "FR"}
QUOTIENT_CENTS: Final = 65_300


def play(cast: Cast, page: Page) -> None:
    """What was judged, what each books, what neither sees of the other, and what a household changes and reads."""
    _agreed(cast, page)
    numbers = _booked(cast, page)
    _apart(cast, page, numbers)
    _changed(cast, page)
    _who_read(cast, page)


def _agreed(cast: Cast, page: Page) -> None:
    """An agent sees the judgement: even weeks hers, odd weeks his, the holidays by halves."""
    town, noe = cast.town, cast.child("Noé").id
    hers, his = cast.homes["Inaya"].household, cast.homes["Yves"].household
    town.at("2022-10-17 10:00")
    town.tell(AGENT, f"/children/{noe}/households", {"household": hers})
    custody: Json = {
        "child": noe,
        "kind": "alternating",
        "first_day": FIRST_DAY,
        "even_weeks": hers,
        "odd_weeks": his,
        "holidays": {"even_years": hers, "odd_years": his},
        "proof": {"kind": "judgement", "seen_on": "2022-10-17"},
    }
    town.tell(AGENT, f"/households/{hers}/custody", custody)
    town.at("2022-10-17 10:05")
    page.scene(
        "2022-10-17T10:00+02:00",
        "Les parents de Noé se sont séparés. L'agent voit le jugement, rattache Noé au foyer d'Inaya et dit de qui est"
        " chaque jour. Ce que chacun lit :",
    )
    rows = []
    for name in PARENTS:
        path = f"/households/{cast.homes[name].household}/custody"
        [child] = town.ask(cast.parents[name], path)["children"]
        [statement] = child["statements"]
        town.check(statement["proof"]["kind"] == "judgement", "le jugement vu devait être écrit")
        rows.append((name, "\n".join(statement["sentences"])))
    page.show(seen.side_by_side(("", "Garde alternée de Noé"), rows))


def _booked(cast: Cast, page: Page) -> dict[str, int]:
    """Each books days of theirs; hers are not his to book. Gives the number of each one's demande."""
    town, child = cast.town, cast.child("Noé").id
    numbers = {}
    for name, when, days in (("Yves", "2022-10-18 19:00", HIS_DAYS), ("Inaya", "2022-10-18 19:20", HER_DAYS)):
        town.at(when)
        body = {"child": child, **asks.wanted(MEALS, "repas", days)}
        [demande] = town.tell(cast.parents[name], "/demandes", body).body["demandes"]
        town.check(demande["status"] == "traitee_positivement", f"les jours de {name} devaient être accordés")
        numbers[name] = demande["number"]
    town.at("2022-10-18 19:40")
    tried = {"child": child, **asks.wanted(MEALS, "repas", [HER_TUESDAY])}
    refused = town.refused(cast.parents["Yves"], "/demandes", tried, "custody").error
    page.scene(
        town.stage.clock(),
        f"Yves a réservé deux repas de sa semaine 45 (n° {numbers['Yves']}), Inaya deux de sa semaine 46"
        f" (n° {numbers['Inaya']}). Yves essaie le mardi 15 : [red]{refused['title']}[/]. « {refused['detail']} »",
    )
    return numbers


def _apart(cast: Cast, page: Page, numbers: dict[str, int]) -> None:
    """The same two weeks as each sees them: whose day always, who booked it never."""
    town, noe = cast.town, cast.child("Noé").id
    town.at("2022-10-18 20:00")
    views, listed = {}, []
    for name, other in zip(PARENTS, reversed(PARENTS), strict=True):
        who, unknown = cast.parents[name], numbers[other]
        path = f"/children/{noe}/calendar"
        views[name] = town.ask(who, path, from_=WEEKS[0], to=WEEKS[1], activity=MEALS)["days"]
        told = {each["demande"] for each in views[name]} - {None}
        town.check(told == {numbers[name]}, f"{name} ne devait voir que sa demande, et voit {told}")
        own = town.ask(who, "/demandes", child=noe)["demandes"]
        town.check(unknown not in {each["number"] for each in own}, f"{name} ne devait pas lister la n° {unknown}")
        town.unseen(who, f"/demandes/{unknown}")
        town.unseen(who, f"/households/{cast.homes[other].household}")
        listed.append((name, seen.demandes(own)))
    page.scene(
        town.stage.clock(),
        "Le même calendrier, au même instant, chez chacun : de qui est le jour, ce qui y est, et jamais ce que"
        " l'autre a demandé.",
    )
    page.show(seen.weeks(views, "Repas"))
    page.say("Les demandes de Noé que chacun lit ; celle de l'autre n'existe pas pour lui, ni son foyer :")
    page.show(seen.side_by_side(("", "Demandes"), listed))


def _changed(cast: Cast, page: Page) -> None:
    """A telephone by rule, at once; an address and a quotient with their papers, decided by an agent."""
    town, inaya, household = cast.town, cast.parents["Inaya"], cast.homes["Inaya"].household
    path = f"/households/{household}/demandes"
    town.at("2022-10-19 12:05")
    [telephone] = town.tell(inaya, path, {"kind": "contact", "contact": {"telephone": TELEPHONE}}).body["demandes"]
    town.check(telephone["status"] == "traitee_positivement", "la règle devait changer le téléphone à la minute")
    town.at("2022-10-20 18:10")
    home = town.hand_in(inaya, certificate("Justificatif de domicile"), kind="domicile")
    caf = town.hand_in(inaya, certificate("Attestation de quotient familial"), kind="quotient")
    address: Json = {"kind": "address", "address": ADDRESS, "documents": [home]}
    quotient: Json = {"kind": "quotient", "amount_cents": QUOTIENT_CENTS, "source": "caf", "documents": [caf]}
    asked = [town.tell(inaya, path, body).body["demandes"][0] for body in (address, quotient)]
    town.at("2022-10-20 18:20")
    mine = town.ask(inaya, "/demandes", household=household)["demandes"]
    page.scene(
        town.stage.clock(),
        "Inaya a changé de téléphone : la règle l'a écrit à la minute. Son adresse et son quotient attendent un agent,"
        " avec leurs justificatifs.",
    )
    page.show(seen.queue(sorted((each for each in mine if not each["days"]), key=lambda each: each["number"])))
    _decided(cast, page, [each["number"] for each in asked], [home, caf])


def _decided(cast: Cast, page: Page, numbers: list[int], papers: list[str]) -> None:
    """The agent reads what is asked and its paper, and accepts; the family reads it as it now is."""
    town, inaya, household = cast.town, cast.parents["Inaya"], cast.homes["Inaya"].household
    town.at("2022-10-21 09:14")
    waiting = town.ask(AGENT, "/demandes", household=household, status="en_cours", order="oldest")["demandes"]
    town.check({each["number"] for each in waiting} == set(numbers), "la file devait tenir les deux demandes d'Inaya")
    proposed: Json = {}
    for number, paper, minute in zip(numbers, papers, ("09:15", "09:17"), strict=True):
        town.at(f"2022-10-21 {minute}")
        proposed |= town.ask(AGENT, f"/demandes/{number}")["proposed"] or {}
        town.at(f"2022-10-21 {minute}:20")
        town.opened(AGENT, paper)
    for number in numbers:
        asks.decide(cast, "2022-10-21 09:20", number, {"approve": "all"}, "traitee_positivement")
    town.at("2022-10-21 12:00")
    known = town.ask(inaya, f"/households/{household}/people/{cast.homes['Inaya'].guardian}")
    town.at("2022-10-21 12:00:20")
    [quotient] = town.ask(inaya, f"/households/{household}/quotients")["quotients"]
    town.check(known["address"] == proposed["address"] == ADDRESS, "l'adresse devait être celle qui était demandée")
    town.check(quotient["amount_cents"] == QUOTIENT_CENTS, "le quotient devait être celui qui était déclaré")
    page.scene(
        "2022-10-21T12:00+02:00",
        f"L'agent a lu les deux documents et accepté. Inaya relit son dossier : {', '.join(known['address']['lines'])},"
        f" {known['address']['postcode']} {known['address']['city']} ; {known['contact']['telephone']} ; quotient"
        f" {quotient['amount_cents'] // 100} € ({quotient['source_label']}).",
    )


def _who_read(cast: Cast, page: Page) -> None:
    """The family reads who opened its file; nothing of the other home of its child."""
    town, inaya, home = cast.town, cast.parents["Inaya"], cast.homes["Inaya"]
    town.at("2022-10-24 20:00")
    path = f"/households/{home.household}/reads"
    lines = town.ask(inaya, path, limit="200")["reads"]
    town.check({each["actor"] for each in lines} == {home.guardian, AGENT.subject}, "seuls Inaya et l'agent ont lu")
    theirs = [each for each in lines if each["actor"] != home.guardian]
    town.check(len(theirs) > 1, "les lectures de l'agent devaient être au journal")
    page.scene(town.stage.clock(), "Inaya demande qui a consulté son dossier. Ce que la ville a lu :")
    page.show(seen.reads(theirs, lambda actor: _called(actor, AGENT)))
    for name in PARENTS:
        if name != "Inaya":
            town.unseen(cast.parents[name], path)


def _called(actor: str, agent: Person) -> str:
    return agent.name if actor == agent.subject else actor
