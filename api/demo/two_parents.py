"""Villennes: two parents, two accounts, one calendar; an account that asks an agent, another that is suspended."""

from typing import Final

from api.demo import asks, seen
from api.demo.cast import Cast, identity
from api.demo.neighbours import WEDNESDAYS
from api.demo.page import Page
from api.demo.stage import AGENT, Json, Person
from api.demo.words import counted, short_instant

BOOKED: Final = "2024-03-27"
WISHED: Final = "2024-04-03"
GUIDE: Final = (43513, 43495, 43493)
"""The demandes of Matteo the guide shows, the latest first."""
TELEPHONE: Final = "06 39 98 00 41"
"""Of the numbers that are never given to anybody."""


def play(cast: Cast, page: Page) -> None:
    """What two parents share, and what an account opens or does not."""
    _activation(cast, page)
    _shared(cast, page)
    _suspension(cast, page)


def _activation(cast: Cast, page: Page) -> None:
    """Paolo asks on a Thursday evening; an agent who recognises him ties his account to the guardian he is."""
    town, elena, paolo = cast.town, cast.parents["Elena"], cast.parents["Paolo"]
    town.at("2024-03-14 20:40")
    before = _seen(cast, paolo)
    town.check(before["enfants"] == seen.NOTHING, "Paolo ne devait encore rien voir")
    surname = town.ask(elena, f"/households/{cast.homes['Elena'].household}")["identities"][
        cast.homes["Elena"].guardian
    ]
    told: Json = {
        "identity": identity("Paolo", surname["family_name"]),
        "contact": {"telephone": TELEPHONE},
        "children": [identity("Matteo", surname["family_name"])],
    }
    asked = town.tell(paolo, "/me/activation", told).body
    page.scene(
        asked["requested_at"],
        "Le compte d'Elena est rattaché au foyer depuis la rentrée. Paolo crée le sien : il dit qui il est, et de"
        f" quel enfant il répond. [bold]{asked['status_label']}[/] : la ville promet 48 heures ouvrées, soit avant le"
        f" {short_instant(asked['due_at'])}.",
    )
    town.at("2024-03-15 09:05")
    [waiting] = town.ask(AGENT, "/activations")["activations"]
    who, child = waiting["told"]["identity"], waiting["told"]["children"][0]
    left = counted(waiting["working_hours_left"], "heure ouvrée", "heures ouvrées")
    known = _recognised(cast, who)
    page.scene(
        town.stage.clock(),
        f"L'agent lit la file : {who['given_name']} {who['family_name']}, pour {child['given_name']} ; il reste {left}."
        " Il reconnaît un responsable du foyer, et lui rattache le compte.",
    )
    grant = {"grant": {"household": cast.homes["Paolo"].household, "guardian": known}}
    town.tell(AGENT, f"/activations/{waiting['activation']}/decision", grant, expect=200)
    town.at("2024-03-15 09:10")
    after, hers = _seen(cast, paolo), _seen(cast, elena)
    town.check((after["demandes"], after["enfants"]) == (hers["demandes"], hers["enfants"]), "tous deux voient de même")
    page.say("Ce que voit chacun, Paolo avec le même jeton avant et après :")
    rows = [(label.capitalize(), hers[label], before[label], after[label]) for label in hers]
    page.show(seen.side_by_side(("", "Elena", "Paolo, jeudi 20:40", "Paolo, vendredi 09:10"), rows))


def _recognised(cast: Cast, who: Json) -> str:
    """The guardian of the household who is called so and has no account."""
    home = cast.town.ask(AGENT, f"/households/{cast.homes['Paolo'].household}")
    names = {guardian: known["given_name"] for guardian, known in home["identities"].items()}
    free = [each["guardian"] for each in home["guardians"] if each["subject"] is None]
    found: str = next(guardian for guardian in free if names[guardian] == who["given_name"])
    return found


def _seen(cast: Cast, who: Person) -> dict[str, str]:
    """The family, a day of Matteo's and his demandes of the guide, as somebody sees them."""
    family, matteo = seen.family(cast, who), cast.child("Matteo").id
    if family["enfants"] == seen.NOTHING:
        cast.town.unseen(who, f"/children/{matteo}/calendar", week="2024-W13")
        known = cast.town.ask(who, "/demandes", child=matteo)["demandes"]
        return {**family, "le 27/03": seen.NOTHING, "demandes": seen.signed(known)}
    day = seen.day(cast, who, "Matteo", BOOKED, WEDNESDAYS, "Journée").plain
    listed = cast.town.ask(who, "/demandes", child=matteo)["demandes"]
    guide = [each for each in listed if each["number"] in GUIDE]
    cast.town.check(len(guide) == len(GUIDE), f"{who.name} devait voir les trois demandes du guide")
    return {**family, "le 27/03": day, "demandes": seen.signed(guide)}


def _shared(cast: Cast, page: Page) -> None:
    """Each may take back what the other asked for."""
    town, elena, paolo = cast.town, cast.parents["Elena"], cast.parents["Paolo"]
    asked = asks.submit(cast, "2024-03-15 18:30", "Matteo", asks.wanted(WEDNESDAYS, "journee", [WISHED]))
    number = asked["number"]
    town.at("2024-03-15 19:02")
    seen_by_him = town.ask(paolo, f"/demandes/{number}")
    waits = seen.day(cast, paolo, "Matteo", WISHED, WEDNESDAYS, "Journée").plain
    page.scene(
        asked["submitted_at"],
        f"Elena demande le 3 avril : [bold]n° {number}[/]. À 19:02, Paolo voit « {waits} », {asked['status_label']}.",
    )
    town.check(seen_by_him["status"] == "en_cours", f"Paolo devait voir la n° {number} attendre")
    taken_back = town.take_back(paolo, f"/demandes/{number}").body
    town.at("2024-03-15 19:03")
    hers = town.ask(elena, f"/demandes/{number}")
    boxes = [seen.day(cast, who, "Matteo", WISHED, WEDNESDAYS, "Journée").plain for who in (elena, paolo)]
    town.check(
        hers["status"] == taken_back["status"] == "retiree", f"la n° {number} devait être retirée pour tous deux"
    )
    town.check(boxes == ["□ Journée"] * 2, "le 3 avril devait être libre pour tous deux")
    page.scene(
        town.stage.clock(),
        f"Il la retire : les deux parents agissent sur tout. Elena lit n° {number} [bold]{hers['status_label']}[/], et"
        f" tous deux voient « {boxes[0]} ».",
    )


def _suspension(cast: Cast, page: Page) -> None:
    """An account that was lost opens nothing, at once, whatever its token still says; the other parent's does."""
    town, home, marc, sophie = cast.town, cast.homes["Marc"], cast.parents["Marc"], cast.parents["Sophie"]
    path = f"/households/{home.household}/guardians/{home.guardian}/suspension"
    rows = [("dim. 21:00", *_both(cast, "2024-03-17 21:00"))]
    town.at("2024-03-18 08:50")
    told = town.tell(AGENT, path, {"scope": "account", "reason": "account_lost"}, expect=200).body
    town.check(told["standing"] == "account_suspended", "le compte de Marc devait être suspendu")
    page.scene(
        town.stage.clock(),
        "Marc a perdu son téléphone et appelle la mairie : l'agent suspend son compte. Le jeton qu'il avait est encore"
        " valable une heure, et n'ouvre plus rien à l'instant même.",
    )
    rows.append(("lun. 08:50:01", *_both(cast, "2024-03-18 08:50:01")))
    town.unseen(marc, f"/households/{home.household}")
    town.at("2024-03-19 14:00")
    town.take_back(AGENT, path)
    rows.append(("mar. 14:00:01, rétabli", *_both(cast, "2024-03-19 14:00:01")))
    page.show(seen.side_by_side(("Le 27 mars de Jules", sophie.name, marc.name), rows))
    town.check(
        [row[2] == seen.NOTHING for row in rows] == [False, True, False], "la suspension devait prendre et finir"
    )
    town.check(all(row[1] == rows[0][1] for row in rows), "Sophie devait toujours voir le jour de Jules")


def _both(cast: Cast, when: str) -> tuple[str, str]:
    """Jules' day as each of his parents sees it at an instant."""
    cast.town.at(when)
    found = []
    for who in (cast.parents["Sophie"], cast.parents["Marc"]):
        children = cast.town.ask(who, "/me")["children"]
        if children:
            found.append(seen.day(cast, who, "Jules", BOOKED, WEDNESDAYS, "Journée").plain)
        else:
            cast.town.unseen(who, f"/children/{cast.child('Jules').id}/calendar", week="2024-W13")
            found.append(seen.NOTHING)
    return found[0], found[1]
