"""`ardoise what-if`: sentences and tables for the council, one line for what is wrong, and nothing written."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from hashlib import sha256
from html import unescape
from pathlib import Path
from xml.etree import ElementTree as ET

import orjson
import pikepdf
import pytest
from PIL import Image
from typer.testing import CliRunner, Result

from api.cli import app
from benchmarks.billing_town import CONTENT
from tests.billing_jobs import TOWN, fill, rows
from tests.faults.service import url_of
from tests.servers import Cluster, Database, as_url

CHILDREN = 48
HOUSEHOLDS = 30
HOSTILE = "Cantine <script>alert('1')</script> & \\\"fils\\\""
OTHER = (
    CONTENT.replace('version = "2023-09"', 'version = "2024-projet"')
    .replace('nom = "Cantine"', f'nom = "{HOSTILE}"')
    .replace("nombre = 2\n", "nombre = 12\n")
    .replace("prix = 1.85", "prix = 1.50")
    .replace("prix = 4.95", "prix = 5.60")
)
MONTHS = ("--from", "2024-03", "--to", "2024-03")
BROWSER = next(
    (found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), None
)
_DIGEST = "SELECT count(*) AS n, md5(coalesce(string_agg(t::text, '|' ORDER BY t::text), '')) AS digest FROM {table} t"
_TABLES = """
    SELECT table_schema || '.' || table_name AS name FROM information_schema.tables
    WHERE table_schema IN ('ardoise', 'vault') AND table_type = 'BASE TABLE' ORDER BY 1
"""


@pytest.fixture(scope="module")
def month(cluster: Cluster, template: Database) -> Iterator[Database]:
    """A month of a town, sealed."""
    with cluster.database(template.name) as made:
        fill(made, CHILDREN)
        yield made


@pytest.fixture
def other(tmp_path: Path) -> Path:
    """Another rulebook: another deadline, other prices."""
    path = tmp_path / "projet.toml"
    path.write_text(OTHER)
    return path


def what_if(database: Database, place: Path, *words: str) -> Result:
    ours = {name: "" for name in os.environ if name.startswith("ARDOISE_")} | {
        "ARDOISE_DATABASE_URL": url_of(database),
        "ARDOISE_OWNER_URL": as_url(database.owner_url),
        "ARDOISE_DATA": str(place),
        "ARDOISE_DEVELOPMENT": "1",
    }
    result = CliRunner().invoke(app, ["what-if", *words], env=ours)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def plain(text: str) -> str:
    """Without spaces that are never cut."""
    return text.replace("\u202f", " ").replace("\u00a0", " ")


def test_the_council_is_told_in_sentences_and_tables(month: Database, other: Path, tmp_path: Path):
    said = what_if(month, tmp_path, "--rulebook", str(other), *MONTHS)
    assert (said.exit_code, said.stderr) == (0, "")
    told = plain(said.stdout)
    for part in (
        "Villars · mars 2024 · et si : 2024-projet",
        "Avec ce projet, les familles devraient",
        f"Sur {HOUSEHOLDS} foyers facturés",
        "Mois par mois",
        "Par tranche de quotient familial",
        "Combien de foyers, pour quel écart",
        "Les dix plus grands écarts",
        "Hors délai, article 3.2",
        sha256(OTHER.encode()).hexdigest(),
    ):
        assert part in told
    assert "home-0" not in told
    assert "child-0" not in told


def test_the_same_position_and_the_same_text_make_the_same_report(month: Database, other: Path, tmp_path: Path):
    words = ("--rulebook", str(other), *MONTHS, "--json", "-")
    said = what_if(month, tmp_path, *words)
    found = orjson.loads(said.stdout)
    again = what_if(month, tmp_path, *words, "--position", str(found["position"]))
    assert said.stdout_bytes == again.stdout_bytes
    assert found["rulebook"]["digest"] == sha256(OTHER.encode()).hexdigest()
    households = found["households"]
    assert households["billed"] == households["gainers"] + households["losers"] + households["unchanged"] == HOUSEHOLDS
    assert found["total"]["change_cents"] == sum(each["change_cents"] for each in found["groups"])
    assert found["asked"]["refused"] > 0
    assert all(group["households"] >= 5 for group in found["groups"])
    assert len(found["largest"]) == 10


def test_under_its_own_rulebook_a_town_is_the_same(month: Database, tmp_path: Path):
    own = tmp_path / "own.toml"
    own.write_text(CONTENT)
    found = orjson.loads(what_if(month, tmp_path, "--rulebook", str(own), *MONTHS, "--json", "-").stdout)
    assert (found["total"]["change_cents"], found["asked"]["turned"]) == (0, [])
    assert found["total"]["real_cents"] > 0
    assert found["households"]["unchanged"] == HOUSEHOLDS


def kept(database: Database) -> dict[str, tuple[int, str]]:
    """How many rows each table has, and a digest of them."""
    found = {}
    for table in rows(database, _TABLES):
        [row] = rows(database, _DIGEST.format(table=table["name"]))
        found[table["name"]] = row["n"], row["digest"]
    return found


def test_nothing_is_written_but_a_line_of_who_asked(cluster: Cluster, month: Database, other: Path, tmp_path: Path):
    with cluster.database(month.name) as town:
        before = kept(town)
        assert before["ardoise.entries"][0] > 1_000
        said = what_if(town, tmp_path, "--rulebook", str(other), *MONTHS, "--by", "council-1")
        assert said.exit_code == 0
        assert kept(town) == before
        [line] = rows(town, "SELECT actor, operation, purpose, about FROM access.reads WHERE actor = 'council-1'")
        assert line == {"actor": "council-1", "operation": "ardoise what-if", "purpose": "billing", "about": []}


# What is wrong -------------------------------------------------------------------------------------------------------


def refused(database: Database, place: Path, *words: str) -> str:
    """The one line it ends with."""
    said = what_if(database, place, *words)
    assert (said.exit_code, said.stdout) == (2, ""), said.output
    assert said.stderr.count("\n") == 1, said.stderr
    return said.stderr


def test_what_is_wrong_is_one_line(month: Database, other: Path, tmp_path: Path):
    def told(*words: str) -> str:
        return refused(month, tmp_path, "--rulebook", str(other), *words)

    assert "--from 2024-04 comes after --to 2024-03." in told("--from", "2024-04", "--to", "2024-03")
    assert "at most 24 months" in told("--from", "2022-01", "--to", "2024-03")
    assert "nothing was asked nor owed in villars" in told("--from", "2023-09", "--to", "2023-10")
    assert "is a rulebook of villars, not of valmont" in told(*MONTHS, "--commune", "valmont")
    assert "--reconsider takes a reason for refusal" in told(*MONTHS, "--reconsider", "caprice")
    assert "there is no position 999999 yet" in told(*MONTHS, "--position", "999999")
    assert "two files" in told(*MONTHS, "--json", "same", "--html", "same")
    assert "cannot be written" in told(*MONTHS, "--html", str(tmp_path / "nowhere" / "page.html"))


def test_a_rulebook_that_is_unsound_is_told_as_when_it_is_checked(month: Database, other: Path, tmp_path: Path):
    other.write_text(OTHER.replace("nombre = 12\n", "nombre = -1\n"))
    said = what_if(month, tmp_path, "--rulebook", str(other), *MONTHS)
    checked = CliRunner().invoke(app, ["rulebook", "check", str(other)])
    assert (said.exit_code, said.stdout, said.stderr) == (2, "", checked.stderr)
    assert "à corriger" in said.stderr


def test_a_town_that_is_not_there_is_said(month: Database, other: Path, tmp_path: Path):
    other.write_text(OTHER.replace(f'commune = "{TOWN}"', 'commune = "valmont"'))
    assert "there is no line of valmont" in refused(month, tmp_path, "--rulebook", str(other), *MONTHS)


def test_a_file_that_is_there_is_kept_unless_somebody_says_so(month: Database, other: Path, tmp_path: Path):
    html, figures = tmp_path / "page.html", tmp_path / "figures.json"
    html.write_text("kept")
    words = ("--rulebook", str(other), *MONTHS, "--html", str(html), "--json", str(figures))
    assert "is there already" in refused(month, tmp_path, *words)
    assert (html.read_text(), figures.exists()) == ("kept", False)
    said = what_if(month, tmp_path, *words, "--force")
    assert (said.exit_code, "est écrit" in said.stdout) == (0, True)
    assert html.stat().st_mode & 0o777 == 0o600
    assert orjson.loads(figures.read_bytes())["commune"] == TOWN
    assert sorted(each.name for each in tmp_path.iterdir() if each.name.startswith(".page")) == []


# The page ------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def shown(month: Database, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of the month."""
    place = tmp_path_factory.mktemp("page")
    (place / "projet.toml").write_text(OTHER)
    html = place / "page.html"
    said = what_if(month, place, "--rulebook", str(place / "projet.toml"), *MONTHS, "--html", str(html))
    assert said.exit_code == 0, said.output
    return html


def test_the_page_is_whole_in_itself_and_says_what_it_assumes(shown: Path):
    text = shown.read_text()
    tree = ET.fromstring(text)
    names = [each.tag.rpartition("}")[2] for each in tree.iter()]
    assert (tree.get("lang"), names.count("h1"), names.count("main"), names.count("nav")) == ("fr", 1, 1, 1)
    assert not {"script", "link", "img", "iframe", "object", "form"} & set(names)
    addresses = {value for each in tree.iter() for name, value in each.items() if name in ("href", "src")}
    assert all(value.startswith("#") for value in addresses)
    assert set(re.findall(r"https?://[^\"' ]+", text)) == {"http://www.w3.org/2000/svg"}
    assert not [name for each in tree.iter() for name in each.keys() if name.startswith("on") or name == "style"]  # noqa: SIM118
    words = plain(unescape(" ".join(tree.itertext())))
    for part in (
        "Avec ce projet, les familles devraient",
        "Ce qui est supposé",
        "n'a laissé aucune trace",
        "Hors délai",
    ):
        assert part in words
    assert "<script>alert('1')</script>" in words
    assert sha256(OTHER.encode()).hexdigest() in words


def test_every_chart_has_a_name_and_its_figures_in_a_table(shown: Path):
    tree = ET.fromstring(shown.read_text())
    sections = [each for each in tree.iter("section") if next(each.iter("figure"), None) is not None]
    assert len(sections) == 4
    svg = "{http://www.w3.org/2000/svg}"
    for section in sections:
        drawings = [each for each in section.iter(f"{svg}svg") if each.get("role") == "img"]
        assert len(drawings) == 1
        named = drawings[0].get("aria-labelledby")
        assert next(each.text for each in drawings[0].iter(f"{svg}title") if each.get("id") == named)
        table = next(section.iter("table"))
        assert table.find("caption") is not None
        assert all(each.get("scope") == "col" for each in table.findall("thead/tr/th"))
        assert table.findall("tbody/tr")


if BROWSER is not None:

    def browsed(place: Path, html: Path, *words: str) -> str:
        """What a browser has to say of a page."""
        command = [str(BROWSER), "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"]
        told = [f"--user-data-dir={place / 'profile'}", "--enable-logging=stderr", *words, html.as_uri()]
        ran = subprocess.run([*command, *told], capture_output=True, text=True, timeout=120, check=True)
        return ran.stderr

    def test_a_browser_shows_it_and_prints_it_on_a4(shown: Path, tmp_path: Path):
        image, paper = tmp_path / "page.png", tmp_path / "page.pdf"
        said = browsed(tmp_path, shown, f"--screenshot={image}", "--window-size=400,6000")
        assert "Content Security Policy" not in said
        colours = {colour for _, colour in Image.open(image).convert("RGB").getcolors(2**24)}
        assert {(0x1F, 0x4E, 0x79), (0x93, 0xA1, 0xB0), (0x2A, 0x6F, 0xB0)} <= colours
        browsed(tmp_path, shown, f"--print-to-pdf={paper}", "--no-pdf-header-footer")
        with pikepdf.open(paper) as printed:
            assert len(printed.pages) >= 2
            assert [round(float(side)) for side in printed.pages[0].mediabox[2:]] == [595, 842]

    def test_a_browser_refuses_a_style_that_is_not_ours(shown: Path, tmp_path: Path):
        """What the policy of the page forbids is said, so that silence says something."""
        altered = tmp_path / "altered.html"
        altered.write_text(shown.read_text().replace("--here: #1f4e79", "--here: #1f4e78"))
        said = browsed(tmp_path, altered, f"--screenshot={tmp_path / 'altered.png'}", "--window-size=400,600")
        assert "Content Security Policy" in said
