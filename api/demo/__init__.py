"""`ardoise demo`: the three towns and the story of their guides, played over HTTP and told in tables."""

import errno
import logging
import os
import socket
from contextlib import ExitStack, closing
from functools import partial
from typing import Final

import httpx
import typer
from psycopg.conninfo import make_conninfo

from api import logs
from api.demo import auditor, chanteloup, council, present, tour, villars, villennes
from api.demo.cast import CHANTELOUP, VILLARS, VILLENNES, Cast
from api.demo.notes import Notes
from api.demo.page import Page
from api.demo.stage import AFRESH, Stage, StoryClock, StoryError, Town
from api.development import DevelopmentKey
from api.running import stop
from api.server import running_server, server
from api.service import application
from ledger.database import DatabaseUrls, check_database, database_of
from ledger.directory import ADMIN
from ledger.identifiers import Commune
from ledger.migrate import migrate
from ledger.numbers import set_next_number
from ledger.settings import Settings
from rulebook.reader import read_rulebook
from rulebook.towns import load

INTERRUPTED: Final = 130
CHAPTERS: Final = (
    (VILLENNES, "2023-2024", villennes.play),
    (VILLARS, "2022-2023", villars.play),
    (CHANTELOUP, "2023-2025", chanteloup.play),
)


def play(settings: Settings, *, port: int | None, serve: bool) -> None:
    """Starts what must be started, plays the story, then serves on today's date until a signal asks to stop."""
    if not settings.development_key:
        stop(
            "la démonstration signe ses jetons elle-même : retirez ARDOISE_ISSUERS et ARDOISE_JWKS,"
            " et mettez ARDOISE_DEVELOPMENT=1 si la base est la vôtre."
        )
    logs.configure(level=logging.ERROR)
    with ExitStack() as open_things:
        listener = _listen(settings, port) if serve else None
        if listener is not None:
            open_things.enter_context(closing(listener))
        try:
            _play(settings, listener, Page(), open_things)
        except StoryError as astray:
            afresh = f" {AFRESH.format(tour.near(settings.data))}" if astray.before and settings.embedded else ""
            stop(f"{astray}{afresh}")
        except KeyboardInterrupt:
            typer.echo("\nInterrompu. La prochaine démonstration reprendra là où celle-ci s'est arrêtée.", err=True)
            raise typer.Exit(INTERRUPTED) from None


def _listen(settings: Settings, port: int | None) -> socket.socket:
    """The port, held from the start: whoever is early waits for the end of the story."""
    wanted = settings.port if port is None else port
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        return socket.create_server((settings.host, wanted), family=family, backlog=128)
    except OSError as error:
        reason = "un autre programme l'écoute" if error.errno == errno.EADDRINUSE else os.strerror(error.errno or 0)
        stop(f"le port {wanted} de {settings.host} n'est pas libre ({reason}) : essayez ARDOISE_PORT=8001 make demo")


def _play(settings: Settings, listener: socket.socket | None, page: Page, open_things: ExitStack) -> None:
    page.title("Ardoise", "le registre des réservations derrière un portail famille : l'ardoise qu'on n'efface pas")
    page.line()
    with page.step("PostgreSQL embarqué" if settings.embedded else "PostgreSQL") as done:
        urls = open_things.enter_context(database_of(settings))
        migrate(urls.owner_url, log=lambda _: None)
        admin_url = make_conninfo(urls.owner_url, user=ADMIN) if settings.embedded else None
        if admin_url is not None:
            auditor.put_back(settings, admin_url)
        report = check_database(urls.service_url)
        place = f", données dans {tour.near(settings.data)}" if settings.embedded else f" sur {report.place}"
        done.append(f"PostgreSQL {report.version}{place}")
    clock = StoryClock()
    with running_server(application(settings, urls.service_url, clock=clock)) as address, ExitStack() as story:
        http = story.enter_context(httpx.Client(base_url=address, timeout=30, trust_env=False))
        notes = story.enter_context(closing(Notes(settings.data)))
        stage = Stage(http=http, clock=clock, key=DevelopmentKey.open(settings.data), notes=notes)
        casts = _told(stage, urls, page)
        council.play(casts[VILLARS], settings, page)
        auditor.play(casts, settings, admin_url, page)
        days = _today(casts, page)
        page.line(_counted(stage), style="green")
    if listener is not None:
        _serve(settings, urls, listener, page, casts, days)


def _told(stage: Stage, urls: DatabaseUrls, page: Page) -> dict[Commune, Cast]:
    casts: dict[Commune, Cast] = {}
    towns = [(_town(stage, commune), years, chapter) for commune, years, chapter in CHAPTERS]
    with page.step("Les règlements, adoptés par HTTP"):
        for town, *_ in towns:
            present.adopt(town, first=True)
    for town, years, chapter in towns:
        page.chapter(f"{town.name}, {years}")
        casts[town.commune] = chapter(town, page, partial(set_next_number, urls.owner_url, town.commune))
    return casts


def _town(stage: Stage, commune: Commune) -> Town:
    return Town(stage=stage, commune=commune, name=read_rulebook(load(commune)[0]).name)


def _today(casts: dict[Commune, Cast], page: Page) -> list[present.Bookable]:
    page.chapter("Aujourd'hui")
    with page.step("Les règlements d'aujourd'hui et l'année scolaire en cours"):
        for cast in casts.values():
            present.adopt(cast.town, first=False)
        present.open_year(casts)
        days = present.bookable(casts)
    if days:
        page.show(present.table(days, casts))
    return days


def _counted(stage: Stage) -> str:
    if stage.repeated == stage.commands:
        return (
            f"✓ Tout était déjà là : {stage.commands} commandes renvoyées, autant de réponses gardées,"
            " rien écrit deux fois."
        )
    again = f", dont {stage.repeated} déjà au registre" if stage.repeated else ""
    return f"✓ L'histoire est jouée et vérifiée : {stage.commands} commandes par HTTP{again}."


def _serve(
    settings: Settings,
    urls: DatabaseUrls,
    listener: socket.socket,
    page: Page,
    casts: dict[Commune, Cast],
    days: list[present.Bookable],
) -> None:
    """Serves on today's date; the first signal ends it."""
    logs.configure(level=logging.DEBUG if settings.log_level == "debug" else logging.ERROR)
    port = listener.getsockname()[1]
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(settings.host, settings.host)  # noqa: S104 - shown, not bound
    page.chapter("À vous")
    tour.show(page, settings, casts, days, f"http://{f'[{host}]' if ':' in host and '[' not in host else host}:{port}")
    page.line()
    page.line("Ctrl-C pour arrêter.", style="dim")
    server(application(settings, urls.service_url), settings.host, port).run(sockets=[listener])
    page.line()
    page.line(f"Arrêté. Les données restent dans {tour.near(settings.data)}.")
