"""Chanteloup: a Clé Enfance, printed by the town and typed at home."""

from typing import Final

from api.demo import seen
from api.demo.cast import Cast
from api.demo.page import Page
from api.demo.stage import AGENT, Person
from api.demo.words import counted, long_day, wall_day
from ledger.identifiers import Subject

EVENING: Final = ("2024-10-15", "accueil-soir", "Soir")
FINDER: Final = Person("quelqu'un", "guardian", Subject("compte-inconnu"))
"""Somebody with an account, of no family of the town."""
WRONG: Final = ("0000-0000-0000", "1111-1111-1111", "2222-2222-2222", "3333-3333-3333")
SIXTH: Final = "4444-4444-4444"


def play(cast: Cast, page: Page) -> None:
    """Who holds the paper becomes a parent of the household, once; who guesses is stopped."""
    text = _printed(cast, page)
    _typed(cast, page, text)
    _refused(cast, page, text)


def _printed(cast: Cast, page: Page) -> str:
    """The key of Aminata's household, for Bakary who has no account there. Gives its text."""
    town, home = cast.town, cast.homes["Bakary"]
    town.at("2024-10-03 10:00")
    issued = town.tell(AGENT, f"/households/{home.household}/keys", {"guardian": home.guardian}).body
    identities = town.ask(AGENT, f"/households/{home.household}")["identities"]
    whom, text = identities[home.guardian], str(issued["text"])
    page.scene(
        town.stage.clock(),
        "Le compte de Bakary n'ouvre rien encore. L'agent lui délivre une Clé Enfance pour le foyer d'Aminata, et"
        " l'imprime : le texte n'est gardé nulle part.",
    )
    last_day = long_day(wall_day(issued["expires_at"]))
    page.show(
        seen.paper(
            [
                town.name,
                f"[bold]Clé Enfance[/] de {whom['given_name']} {whom['family_name']}",
                "",
                f"[bold]{text}[/]",
                "",
                f"À saisir une fois sur le portail, avant le {last_day}.",
            ]
        )
    )
    return text


def _typed(cast: Cast, page: Page, text: str) -> None:
    """In lower case and with spaces: it is the same key. Nothing of the family was his a minute before."""
    town, aminata, bakary = cast.town, cast.parents["Aminata"], cast.parents["Bakary"]
    town.at("2024-10-03 20:14")
    before = _seen(cast, bakary)
    town.at("2024-10-03 20:15")
    typed = text.lower().replace("-", " ")
    town.tried(bakary, "/me/key", {"key": typed})
    town.at("2024-10-03 20:16")
    hers, his = _seen(cast, aminata), _seen(cast, bakary)
    same = [key for key in hers if key != "responsable"]
    town.check([hers[key] for key in same] == [his[key] for key in same], "Bakary devait voir ce que voit Aminata")
    page.scene(town.stage.clock(), f"Le soir, Bakary tape « {typed} » : le compte est rattaché.")
    rows = [(key.capitalize(), hers[key], before[key], his[key]) for key in hers]
    page.show(seen.side_by_side(("", "Aminata", "Bakary, 20:14", "Bakary, 20:16"), rows))


def _seen(cast: Cast, who: Person) -> dict[str, str]:
    family, (day, activity, unit) = seen.family(cast, who), EVENING
    shown = {**family, "moussa, le 15/10": seen.NOTHING}
    if family["enfants"] != seen.NOTHING:
        shown["moussa, le 15/10"] = seen.day(cast, who, "Moussa", day, activity, unit).plain
    else:
        cast.town.unseen(who, f"/children/{cast.child('Moussa').id}")
    return shown


def _refused(cast: Cast, page: Page, text: str) -> None:
    """The same paper a second time, then guesses: refused alike, and the sixth of an hour is not looked at."""
    town, home = cast.town, cast.homes["Bakary"]
    town.at("2024-10-04 07:30")
    told = [town.tried(FINDER, "/me/key", {"key": key}, "key_refused") for key in (text, *WRONG)]
    sentences = {(said["status"], said["title"], said["detail"]) for said in told}
    town.check(len(sentences) == 1, "une clé utilisée et une clé inventée devaient être refusées de même")
    town.at("2024-10-04 07:31")
    sixth = town.tried(FINDER, "/me/key", {"key": SIXTH}, "too_many_attempts")
    again = counted(round(int(sixth["retry_after"]) / 60), "minute")
    [[_, title, detail]] = sentences
    page.scene(
        "2024-10-04T07:30:00+02:00",
        f"Quelqu'un ramasse le papier et le tape à son tour : [red]{title}[/]. « {detail} » Quatre clés inventées"
        f" reçoivent la même phrase ; la sixième n'est pas regardée : revenez dans {again}.",
    )
    town.at("2024-10-04 09:00")
    [key] = town.ask(AGENT, f"/households/{home.household}/keys")["keys"]
    nobody = town.ask(FINDER, "/me")
    town.check((key["used"], key["state"]) == (1, "used_up"), "la clé devait avoir servi une fois")
    town.check(not nobody["households"], "personne d'autre ne devait être rattaché")
    page.say(f"L'agent voit la clé : [bold]{key['state_label']}[/] ({key['used']} fois sur {key['uses']}).")
