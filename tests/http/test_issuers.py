"""Several issuers: each is believed for its roles and its towns, and none can speak for the accounts of another."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.issuers import ROLES, Introspection, Issuer, read_issuers
from api.keys import KeyRing
from api.service import key_ring
from api.signatures import UnreadableError
from api.tokens import TokenChecker
from ledger.settings import Settings, SettingsError
from tests.http.jwks_endpoint import jwks_endpoint
from tests.http.small_house import COMMUNE, ISSUER, Signer, knocking, small_app

FAMILIES = "https://families.example"
STAFF = "https://staff.example"
NEIGHBOUR = "https://neighbour.example"
"""The first signs for parents, the second for the town, the third for another town alone."""

OWN, FAMILY, TOWN, OTHER = (Signer.make("same", issuer=name) for name in (ISSUER, FAMILIES, STAFF, NEIGHBOUR))
TRUSTED = (
    Issuer(ISSUER),
    Issuer(FAMILIES, alias="familles", roles=frozenset({"guardian", "portal"})),
    Issuer(STAFF, alias="agents", roles=frozenset({"agent"})),
    Issuer(NEIGHBOUR, alias="voisine", communes=frozenset({"villars"})),
)
RING = KeyRing(TRUSTED, fixed=[signer.key for signer in (OWN, FAMILY, TOWN, OTHER)])
WHERE = f"/v1/{COMMUNE}/demandes/1"


@pytest.fixture(scope="module")
def client() -> Iterator[httpx.Client]:
    with knocking(small_app(RING)) as knocking_client:
        yield knocking_client


def ask(client: httpx.Client, token: str, where: str = WHERE) -> httpx.Response:
    return client.get(where, headers={"Authorization": f"Bearer {token}"})


def account(signer: Signer, **claims: Any) -> str:
    return TokenChecker(RING).check(signer.token(**claims)).subject


def test_the_same_sub_at_two_issuers_is_two_accounts() -> None:
    assert account(OWN, sub="parent-1") == "parent-1"
    assert account(FAMILY, sub="parent-1") == "familles|parent-1"
    assert account(TOWN, sub="parent-1", role="agent") == "agents|parent-1"


@pytest.mark.parametrize("sub", ["familles|parent-1", "agents|", "voisine|parent|1"])
def test_a_sub_that_reads_like_an_account_of_another_issuer_is_refused(client: httpx.Client, sub: str) -> None:
    assert ask(client, OWN.token(sub=sub)).status_code == 401
    assert account(FAMILY, sub=sub) == f"familles|{sub}"


@pytest.mark.parametrize("sub", ["idp|parent-1", "familles", "familles-2|parent-1", "|parent-1", "Familles|parent-1"])
def test_a_bar_is_a_letter_like_another_where_it_confuses_nobody(sub: str) -> None:
    assert account(OWN, sub=sub) == sub


def test_the_name_of_an_account_is_bounded_with_its_alias(client: httpx.Client) -> None:
    longest = "a" * (255 - len("familles|"))
    assert len(account(FAMILY, sub=longest)) == 255
    assert ask(client, FAMILY.token(sub=longest + "a")).status_code == 401
    assert len(account(OWN, sub=longest + "a")) < 255


@pytest.mark.parametrize("role", sorted(ROLES - {"guardian", "portal"}))
def test_an_issuer_of_families_makes_nobody_an_agent(client: httpx.Client, role: str) -> None:
    assert ask(client, FAMILY.token(role="guardian")).status_code == 200
    answer = ask(client, FAMILY.token(role=role))
    assert answer.status_code == 401
    assert answer.json()["code"] == "unauthenticated"


def test_an_issuer_of_agents_opens_no_family_and_no_portal(client: httpx.Client) -> None:
    assert ask(client, TOWN.token(role="agent")).status_code == 200
    assert ask(client, TOWN.token(role="guardian")).status_code == 401
    assert ask(client, TOWN.token(role="agent", sub="portal", client_id="portal")).status_code == 401


def test_an_issuer_speaks_for_its_own_towns_alone(client: httpx.Client) -> None:
    assert ask(client, OTHER.token(commune="villars"), "/v1/villars/demandes/1").status_code == 200
    assert ask(client, OTHER.token()).status_code == 401


@pytest.mark.parametrize("claimed", [ISSUER, STAFF, "https://nobody.example"])
def test_a_key_speaks_for_its_own_issuer_even_under_the_same_name(client: httpx.Client, claimed: str) -> None:
    token = Signer(FAMILY.private, "same", claimed).token(role="agent")
    assert ask(client, token).status_code == 401
    nameless = Signer(FAMILY.private, "same", claimed).token({"kid": ...}, role="agent")
    assert ask(client, nameless).status_code == 401


@pytest.mark.parametrize("role", sorted(ROLES))
def test_a_client_that_speaks_for_nobody_is_a_portal_whatever_it_claims(role: str) -> None:
    caller = TokenChecker(RING).check(OWN.token(sub="portal", client_id="portal", role=role))
    assert (caller.role, caller.subject) == ("portal", "portal")
    caller = TokenChecker(RING).check(FAMILY.token(sub="portal", client_id="portal", role=role))
    assert (caller.role, caller.subject) == ("portal", "familles|portal")


def test_an_unknown_key_of_one_issuer_leaves_the_others_alone() -> None:
    here, there = Signer.make("key"), Signer.make("key", issuer=FAMILIES)
    with jwks_endpoint(here) as mine, jwks_endpoint(there) as other:
        ring = KeyRing([Issuer(ISSUER, mine.url), Issuer(FAMILIES, other.url, alias="familles")], rest_seconds=60)
        with knocking(small_app(ring)) as client:
            assert (mine.fetched, other.fetched) == (1, 1)
            for number in range(5):
                assert ask(client, Signer.make(f"unknown-{number}").token()).status_code == 401
            assert (mine.fetched, other.fetched) == (2, 1)
            assert ask(client, Signer.make("key", issuer="https://nobody.example").token()).status_code == 401
            assert (mine.fetched, other.fetched) == (2, 1)
            assert ask(client, there.token()).status_code == 200


FILE = """
[[issuer]]
iss = "https://login.example"
jwks = "https://login.example/jwks.json"
roles = ["guardian", "portal"]

[[issuer]]
iss = "https://staff.example"
alias = "agents"
roles = ["agent", "billing"]
communes = ["villars", "villennes-sur-seine"]
introspection = "https://staff.example/introspect"
client_id = "ardoise"
client_secret_file = "secret"
"""


def written(directory: Path, text: str) -> Path:
    (directory / "secret").write_text("hunter2\n")
    (directory / "secret").chmod(0o600)
    file = directory / "issuers.toml"
    file.write_text(text)
    file.chmod(0o600)
    return file


def test_a_file_names_every_issuer_and_how_far_it_is_trusted(tmp_path: Path) -> None:
    assert read_issuers(written(tmp_path, FILE)) == (
        Issuer("https://login.example", "https://login.example/jwks.json", roles=frozenset({"guardian", "portal"})),
        Issuer(
            "https://staff.example",
            alias="agents",
            roles=frozenset({"agent", "billing"}),
            communes=frozenset({"villars", "villennes-sur-seine"}),
            introspection=Introspection(address="https://staff.example/introspect", client="ardoise", secret="hunter2"),
        ),
    )


def test_an_issuer_is_trusted_for_every_role_and_town_unless_the_file_says_less(tmp_path: Path) -> None:
    [issuer] = read_issuers(written(tmp_path, '[[issuer]]\niss = "x"\njwks = "keys.json"'))
    assert (issuer.roles, issuer.communes, issuer.alias) == (ROLES, None, None)
    assert issuer.jwks == str(tmp_path / "keys.json"), "a file is looked for beside the one that names it"


ANOTHER = '[[issuer]]\niss = "x"\njwks = "https://x.example/jwks"\n'
LOGIN = '[[issuer]]\niss = "https://login.example"\njwks = "https://login.example/jwks"\n'
ASKED = 'introspection = "https://login.example/introspect"\nclient_id = "ardoise"\nclient_secret_file = "secret"\n'


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "write at least one [[issuer]] table"),
        ("[issuer]\niss = 'x'", "write at least one [[issuer]] table"),
        ("issuer = ['x']", "write at least one [[issuer]] table"),
        (LOGIN + "[agents]", "agents is not known"),
        ("[[issuer]", "is not a TOML file"),
        (LOGIN + 'secret = "hunter2"', "issuer 1: secret is not known"),
        (LOGIN + '"\\u0007" = 1', "a key is not known"),
        ('[[issuer]]\njwks = "keys.json"', "iss is missing"),
        ('[[issuer]]\niss = ""\njwks = "keys.json"', "iss must be a text of 1 to 255 visible characters"),
        ('[[issuer]]\niss = " x"\njwks = "keys.json"', "iss must be a text"),
        ("[[issuer]]\niss = 7", "iss must be a text"),
        ('[[issuer]]\niss = "x"', "give jwks, introspection, or both"),
        ('[[issuer]]\niss = "x"\njwks = "http://login.example/jwks"', "jwks must be the path of a file or an https"),
        ('[[issuer]]\niss = "x"\njwks = "https://[::1/jwks"', "jwks must be the path of a file or an https"),
        (LOGIN + 'alias = "Mairie|"', "alias must be a slug"),
        (LOGIN + 'roles = ["mayor"]', "roles must be among admin, agent, auditor, billing, guardian, portal"),
        (LOGIN + "roles = []", "roles must be a list of at least one text"),
        (LOGIN + 'roles = "agent"', "roles must be a list"),
        (LOGIN + "roles = [1]", "roles must be a list"),
        (LOGIN + 'communes = ["Villars"]', "communes must be slugs of towns"),
        (LOGIN + 'introspection = "https://login.example/introspect"', "go together: give the three, or none"),
        (LOGIN + 'client_id = "ardoise"', "go together: give the three, or none"),
        (LOGIN + ASKED.replace("https", "http"), "introspection must be an https URL"),
        (LOGIN + ASKED.replace('"secret"', '"nothing"'), "client_secret_file cannot be read"),
        (LOGIN + ASKED.replace('"secret"', '"issuers.toml"'), "client_secret_file must hold one line"),
        (LOGIN + LOGIN, "the iss https://login.example is given twice"),
        (LOGIN + 'alias = "a"\n' + ANOTHER + 'alias = "a"', "the alias a is given twice"),
        (LOGIN + ANOTHER, "one issuer at most has no alias"),
        (
            LOGIN + ASKED + ANOTHER + 'alias = "a"\n' + ASKED,
            "one issuer at most has introspection",
        ),
    ],
)  # fmt: skip
def test_a_mistake_in_the_file_is_one_clear_sentence(tmp_path: Path, text: str, sentence: str) -> None:
    with pytest.raises(SettingsError) as refusal:
        key_ring(Settings(issuers_file=written(tmp_path, text)))
    said = str(refusal.value)
    assert sentence in said
    assert str(tmp_path) in said
    assert "hunter2" not in said
    assert "\n" not in said


def test_a_file_that_is_not_there_or_holds_no_key_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="ARDOISE_ISSUERS_FILE cannot be read"):
        key_ring(Settings(issuers_file=tmp_path / "nowhere.toml"))
    (tmp_path / "latin.toml").write_bytes(b"\xe9")
    with pytest.raises(SettingsError, match="not text in UTF-8"):
        key_ring(Settings(issuers_file=tmp_path / "latin.toml"))
    (tmp_path / "large.toml").write_bytes(b"#" * 300_000)
    with pytest.raises(SettingsError, match="larger than 256 KiB"):
        key_ring(Settings(issuers_file=tmp_path / "large.toml"))
    (tmp_path / "keys.json").write_text('{"keys": []}')
    with pytest.raises(SettingsError, match=r"ARDOISE_ISSUERS_FILE cannot be used: .* holds no key"):
        key_ring(Settings(issuers_file=written(tmp_path, LOGIN.replace("https://login.example/jwks", "keys.json"))))


def test_a_secret_others_can_read_stops_the_start(tmp_path: Path) -> None:
    file = written(tmp_path, FILE)
    (tmp_path / "secret").chmod(0o640)
    with pytest.raises(SettingsError, match="client_secret_file can be read by others: chmod 600"):
        read_issuers(file)


def test_no_secret_is_ever_printed(tmp_path: Path) -> None:
    ring = key_ring(Settings(issuers_file=written(tmp_path, FILE)))
    assert "hunter2" not in repr(dict(ring.issuers))
    assert ring.ready, "an issuer that is asked about each token needs no key"


def test_a_token_is_never_shown_to_an_issuer_in_clear() -> None:
    with pytest.raises(ValueError, match="https"):
        Introspection(address="http://staff.example/introspect", client="ardoise", secret="hunter2")


def test_the_short_form_still_names_one_issuer() -> None:
    ring = key_ring(Settings(issuers=(ISSUER,), jwks="https://identity.example/jwks"))
    assert dict(ring.issuers) == {ISSUER: Issuer(ISSUER, "https://identity.example/jwks")}
    with pytest.raises(UnreadableError):
        TokenChecker(ring).check("not a token")


def test_the_file_the_documentation_shows_can_be_used_as_it_is(tmp_path: Path) -> None:
    page = (Path(__file__).parents[2] / "docs" / "identity.md").read_text()
    [example] = re.findall(r"```toml\n(.*?)```", page, flags=re.DOTALL)
    (tmp_path / "agents.secret").write_text("hunter2")
    (tmp_path / "agents.secret").chmod(0o600)
    (tmp_path / "facturation.jwks.json").write_text(json.dumps({"keys": [TOWN.jwk]}))
    (tmp_path / "issuers.toml").write_text(example)
    ring = key_ring(Settings(issuers_file=tmp_path / "issuers.toml"))
    assert [issuer.alias for issuer in ring.issuers.values()] == [None, "agents", "facturation"]
