"""What the demo leaves of its families, asked over HTTP: each person is answered what the tour says they see."""

import re
import shutil
import signal
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

from api.clock import utc_now
from api.demo import two_homes, two_parents
from api.demo.cast import CHANTELOUP, VILLARS, VILLENNES
from api.demo.stage import CLIENT
from api.development import DevelopmentKey, issue_token
from ledger.embedded import Server
from ledger.identifiers import Commune, Subject
from tests.demos import ARDOISE, HOUSE, SECONDS, environment
from tests.servers import scratch_directory

TOUR = HOUSE / "docs" / "tour-families.md"
AUDIT = HOUSE / "docs" / "audit.md"
BILLING = HOUSE / "docs" / "billing.md"


@dataclass(frozen=True)
class Served:
    """The ledger the demo left, served on today's date, and anybody's token."""

    address: str
    data: Path

    def get(self, town: Commune, who: str, path: str, **query: str) -> httpx.Response:
        key, role = DevelopmentKey.open(self.data), "agent" if who == "agent-demo" else "guardian"
        lifetime, now = timedelta(minutes=5), utc_now()
        token = issue_token(
            key, subject=Subject(who), role=role, commune=town, client=CLIENT, lifetime=lifetime, now=now
        )
        headers = {"Authorization": f"Bearer {token}"}
        address = f"{self.address}/v1/{town}{path}"
        return httpx.get(address, params=query, headers=headers, trust_env=False, timeout=20)

    def read(self, town: Commune, who: str, path: str, **query: str) -> Any:
        """An answer that must be one."""
        answer = self.get(town, who, path, **query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def numbers(self, town: Commune, who: str) -> set[int]:
        return {each["number"] for each in self.read(town, who, "/demandes", limit="200")["demandes"]}


ELENA, PAOLO, SOPHIE, MARC = "compte-0001", "compte-0002", "compte-0003", "compte-0004"
YVES, INAYA = "compte-0004", "compte-0005"
AMINATA, BAKARY, FINDER = "compte-0001", "compte-0002", "compte-inconnu"
"""Accounts are numbered in each town."""


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    with scratch_directory() as data:
        try:
            yield from served_from(data)
        finally:
            Server(data).sweep()


def served_from(data: Path) -> Iterator[Served]:
    command, env = [str(ARDOISE), "demo", "--port", "0"], environment(data)
    with subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True) as run:
        assert run.stdout is not None
        printed = ""
        for line in run.stdout:
            printed += line
            if line.startswith("Ctrl-C"):
                break
        [address] = re.findall(r"répond sur (http://[^ ]+)", printed)
        yield Served(address, data)
        run.send_signal(signal.SIGINT)
        run.communicate(timeout=SECONDS)
        assert run.returncode == 0


def test_two_parents_read_the_same_of_their_child(served: Served) -> None:
    hers, his = (served.read(VILLENNES, who, "/me") for who in (ELENA, PAOLO))
    assert hers["children"] == his["children"]
    assert len(hers["children"]) == 2
    [matteo] = re.findall(r"^MATTEO=(\S+)", TOUR.read_text(encoding="utf-8"), re.MULTILINE)
    assert matteo in {each["child"] for each in hers["children"]}
    for path in [f"/demandes/{number}" for number in (43493, 43495, 43513)]:
        assert served.read(VILLENNES, ELENA, path) == served.read(VILLENNES, PAOLO, path)
    assert served.numbers(VILLENNES, ELENA) == served.numbers(VILLENNES, PAOLO)
    week = {"week": "2024-W13", "activity": "alsh-mercredis"}
    booked = set()
    for each in hers["children"]:
        both = [served.read(VILLENNES, who, f"/children/{each['child']}/calendar", **week) for who in (ELENA, PAOLO)]
        assert both[0] == both[1]
        booked |= {day["demande"] for day in both[0]["days"]}
    assert 43513 in booked
    [withdrawn] = served.read(VILLENNES, ELENA, "/demandes", status="retiree")["demandes"]
    assert [day["day"] for day in withdrawn["days"]] == [two_parents.WISHED]


def test_the_service_tells_the_names_of_a_household_to_those_of_it(served: Served) -> None:
    own = served.read(VILLENNES, PAOLO, "/me")["households"][0]["household"]
    home = served.read(VILLENNES, PAOLO, f"/households/{own}")
    names = {(known["given_name"], known["family_name"]) for known in home["identities"].values()}
    assert names == {(name, "Clairejonc") for name in ("Elena", "Paolo", "Matteo", "Giulia")}
    [his] = [each for each in home["guardians"] if each["subject"]]
    assert (his["subject"], his["holder_label"]) == (PAOLO, "Co-représentant")
    assert served.get(VILLENNES, SOPHIE, f"/households/{own}").status_code == 404


def test_a_suspended_account_read_nothing_and_then_as_before(served: Served) -> None:
    [notes] = served.data.glob("demo-*.jsonl")
    noted = {line["asked"]: line["answer"] for line in map(orjson.loads, notes.read_text("utf-8").splitlines())}
    me = [noted[f"{at} {MARC} /v1/{VILLENNES}/me"] for at in ("2024-03-18T08:50:01", "2024-03-19T14:00:01")]
    assert (me[0]["children"], me[0]["households"]) == ([], [])
    refused = [said for asked, said in noted.items() if asked.startswith(f"2024-03-18T08:50:01 {MARC} ")]
    assert [said["status"] for said in refused if "status" in said] == [404, 404]
    assert me[1] == served.read(VILLENNES, MARC, "/me")
    assert me[1]["children"] == served.read(VILLENNES, SOPHIE, "/me")["children"]


def test_a_key_was_used_by_one_account_and_no_other(served: Served) -> None:
    hers, his, nobody = (served.read(CHANTELOUP, who, "/me") for who in (AMINATA, BAKARY, FINDER))
    assert hers["children"] == his["children"] != []
    assert (nobody["children"], nobody["households"]) == ([], [])
    household = his["households"][0]["household"]
    [key] = served.read(CHANTELOUP, "agent-demo", f"/households/{household}/keys")["keys"]
    assert (key["state"], key["used"], key["uses"], key["guardian"]) == (
        "used_up",
        1,
        1,
        his["households"][0]["guardian"],
    )


def test_each_of_two_homes_reads_its_own_side_of_the_same_days(served: Served) -> None:
    [noe] = served.read(VILLARS, INAYA, "/me")["children"]
    period = {"from": two_homes.WEEKS[0], "to": two_homes.WEEKS[1], "activity": two_homes.MEALS}
    path = f"/children/{noe['child']}/calendar"
    views = [served.read(VILLARS, who, path, **period)["days"] for who in (INAYA, YVES)]
    assert len(views[0]) == len(views[1]) > 5
    for hers, his in zip(*views, strict=True):
        assert (hers["day"], hers["state"]) == (his["day"], his["state"])
        assert {hers["custody"], his["custody"]} == {"mine", "other"}
        assert None in (hers["demande"], his["demande"])
        odd = hers["week"] % 2 == 1
        assert his["custody"] == ("mine" if odd else "other")
    reserved = [{day["day"] for day in view if day["demande"]} for view in views]
    assert reserved == [set(two_homes.HER_DAYS), set(two_homes.HIS_DAYS)]


def test_neither_of_two_homes_reads_the_demandes_of_the_other(served: Served) -> None:
    hers, his = served.numbers(VILLARS, INAYA), served.numbers(VILLARS, YVES)
    assert hers
    assert his
    assert not hers & his
    for who, others in ((INAYA, his), (YVES, hers)):
        assert {served.get(VILLARS, who, f"/demandes/{number}").status_code for number in others} == {404}


def test_what_a_household_changed_is_what_it_reads_and_so_is_who_read_it(served: Served) -> None:
    [own] = served.read(VILLARS, INAYA, "/me")["households"]
    home = f"/households/{own['household']}"
    known = served.read(VILLARS, INAYA, f"{home}/people/{own['guardian']}")
    assert (known["address"], known["contact"]["telephone"]) == (two_homes.ADDRESS, "0639980057")
    [quotient] = served.read(VILLARS, INAYA, f"{home}/quotients")["quotients"]
    assert (quotient["amount_cents"], quotient["source"]) == (two_homes.QUOTIENT_CENTS, "caf")
    period = {"from": "2022-10-17", "to": "2022-10-24", "limit": "200"}
    lines = served.read(VILLARS, INAYA, f"{home}/reads", **period)["reads"]
    assert {line["actor"] for line in lines} == {own["guardian"], "agent-demo"}
    opened = [line["operation"] for line in lines if line["role"] == "agent"]
    assert opened.count("GET /documents/{document}") == 2
    assert served.get(VILLARS, YVES, f"{home}/reads").status_code == 404


def expected(printed: str) -> re.Pattern[str]:
    """What the tour prints of an answer: folded, with `…` for what it leaves out and for the end of an identifier."""
    told = re.escape(re.sub(r"\n *", "", printed))
    told = re.sub(r'"[0-9a-f]{8}\\-…"', '"[0-9a-f-]{36}"', told)
    return re.compile(told.replace("…", ".*?"))


def said_by(script: str, served: Served, here: Path) -> str:
    """What a plain shell prints when this is pasted into it."""
    shell = subprocess.run(
        ["bash", "-eu"],
        input='curl() { command curl --noproxy "*" --max-time 20 "$@"; }\n' + script,
        capture_output=True,
        text=True,
        cwd=here,
        env=environment(served.data),
        timeout=5 * SECONDS,
        check=False,
    )
    assert (shell.returncode, shell.stderr) == (0, "")
    return shell.stdout


@pytest.mark.skipif(not (shutil.which("bash") and shutil.which("curl")), reason="needs bash and curl")
def test_the_answers_of_the_tour_are_those_of_the_demo(served: Served, tmp_path: Path) -> None:
    tour = TOUR.read_text(encoding="utf-8")
    [first, *_] = re.findall(r"^```\n(.*?)^```$", tour, re.MULTILINE | re.DOTALL)
    sessions = "".join(re.findall(r"^```console\n(.*?)^```$", tour, re.MULTILINE | re.DOTALL))
    asked = re.findall(r"^\$ (curl (?:.*\\\n)*.*)\n((?:(?!\$ ).*\n)+)", sessions, re.MULTILINE)
    assert len(asked) > 15
    prepared = first.replace("./.ardoise", str(served.data)).replace(".venv/bin/ardoise", str(ARDOISE))
    script = prepared + "".join(f"{command}\nprintf '\\n'\n" for command, _ in asked)
    answers = said_by(script, served, tmp_path).splitlines()
    assert len(answers) == len(asked)
    wrong = [
        (command, answer)
        for (command, printed), answer in zip(asked, answers, strict=True)
        if not expected(printed).fullmatch(answer)
    ]
    assert wrong == []


OF_EACH_DEMO = {
    r"(?<=household/villennes-sur-seine/)[0-9a-f-]{36}|(?<=du foyer )[0-9a-f]{8}": "a household",
    r"\b[0-9a-f]{64}\b|(?<!\S)[A-Za-z0-9+/]{43}=(?!\S)": "a root",
    r"(?<= )[A-Za-z0-9+/]{80,}={0,2}$": "a signature",
    r"\b\d+(?= entries\b| lines of\b)|^\d+$": "so many",
}
"""What is another in each demo; how many lines there are depends on the school year of today."""
OF_A_MONTH = {
    r"\b[0-9a-f]{8}-(?:[0-9a-f-]{27}|…)": "an identifier",
    r"\b20\d\d-\d{6}\b": "a titre",
    r"\bVILLARS-[0-9A-F]{20}\b": "a mandate",
    r"\b\d+(?= lines verified)|(?<=position )\d+|(?<=\"position\":)\d+": "so many",
    r"(?<=payer au plus tard le )\d\d/\d\d/\d{4}": "a day",
    "[━─]+|\ufeff": "",
}
"""What is another in each demo of a month that is billed; titres follow the identifiers of households."""
OF_A_BROKEN_LEDGER = ("ardoise parked", "ardoise drift")


def alike(printed: str, masks: Mapping[str, str]) -> str:
    """What is printed, whichever demo it is of and however it is folded."""
    for each, word in masks.items():
        printed = re.sub(each, word, printed, flags=re.MULTILINE)
    return re.sub(r"\s+", "", printed)


@pytest.mark.skipif(not (shutil.which("bash") and shutil.which("curl")), reason="needs bash and curl")
@pytest.mark.parametrize(("page", "masks"), [(AUDIT, OF_EACH_DEMO), (BILLING, {**OF_EACH_DEMO, **OF_A_MONTH})])
def test_every_command_of_a_page_shows_what_is_written_there(
    served: Served, tmp_path: Path, page: Path, masks: Mapping[str, str]
) -> None:
    sessions = "".join(re.findall(r"^```\n(\$ .*?)^```$", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL))
    asked = re.findall(r"^\$ ((?:.*\\\n)*.*)\n((?:(?!\$ ).*\n)*)", sessions, re.MULTILINE)
    asked = [(command, shown) for command, shown in asked if not command.startswith(OF_A_BROKEN_LEDGER)]
    assert len(asked) > 10
    mark = "what comes next"
    # The verifier ends with 1 on the file that was changed; what each command says is held against the page.
    script = "".join(f"{{ {command}\n}} || true\nprintf '\\n{mark}\\n'\n" for command, _ in asked)
    script = script.replace("./.ardoise", str(served.data)).replace("$PWD/.venv/bin", str(ARDOISE.parent))
    answers = said_by("exec 2>&1\n" + script, served, tmp_path).split(f"\n{mark}\n")[:-1]
    assert len(answers) == len(asked)
    wrong = [
        (command, answer)
        for (command, shown), answer in zip(asked, answers, strict=True)
        if not re.fullmatch(re.escape(alike(shown, masks)).replace("…", ".*?"), alike(answer, masks))
    ]
    assert wrong == []
