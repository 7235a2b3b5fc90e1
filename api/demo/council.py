"""The council of Villars: what another tariff would have changed, asked of what really happened."""

from typing import Final

from api.demo import auditor, tour
from api.demo.cast import VILLARS, Cast
from api.demo.page import Page
from api.demo.regie import OCTOBER, SEPTEMBER
from ledger.settings import Settings
from rulebook.towns import load

FILE, REPORT = "projet-de-tarif.toml", "projet-de-tarif.html"
NEXT: Final = "Par tranche de quotient"
"""Where the demo stops telling: the page for the council has it all."""
PROPOSED: Final = (
    ('version = "2022-09"', 'version = "2022-09-projet"'),
    ('titre = "Règlement intérieur', 'titre = "Projet de règlement intérieur'),
    ("{ a_partir_de = 600, prix = 3.27 }", "{ a_partir_de = 600, prix = 3.00 }"),
    ("{ a_partir_de = 900, prix = 3.92 }", "{ a_partir_de = 900, prix = 4.20 }"),
)
"""What the council would vote: less for the middle brackets, more for those above."""


def play(cast: Cast, settings: Settings, page: Page) -> None:
    """Writes the project down, and asks what families would have paid. Nothing enters the ledger."""
    page.chapter("Le conseil municipal de Villars")
    page.line()
    page.say(
        "Avant de voter, la ville demande ce qu'un autre tarif aurait changé à l'automne 2022 : les mêmes demandes, aux"
        " mêmes heures, les mêmes enfants venus ou non, sous le projet."
    )
    [text, *_] = load(VILLARS)
    for now, then in PROPOSED:
        cast.town.check(now in text, f"le règlement devait écrire {now}")
        text = text.replace(now, then)
    project, report = settings.data / FILE, settings.data / REPORT
    project.write_text(text, encoding="utf-8")
    asked = ["what-if", "--rulebook", str(project), "--from", SEPTEMBER, "--to", OCTOBER]
    done = auditor.run(page, settings, [*asked, "--html", str(report), "--force"], until=NEXT)
    cast.town.check(done.returncode == 0, f"what-if devait répondre : {done.stderr}")
    page.line()
    page.say(f"Par quotient, par foyer, et chaque demande qui aurait eu une autre réponse : {tour.near(report)}")
