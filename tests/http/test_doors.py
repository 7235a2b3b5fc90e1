"""What the doors refuse, whatever stands behind them: hostile bodies, questions and paths."""

import json
from collections.abc import Iterator

import httpx
import pytest

from api import body as body_module
from api.keys import KeyRing
from api.problems import CONTENT_TYPE
from tests.http.small_house import CANARY, CHILD, COMMUNE, Signer, command, knocking, raw_command, small_app, wire

SIGNER = Signer.make()
SOUND = {"child": CHILD, "reserve": [{"day": "2024-03-27", "unit": "journee"}]}


@pytest.fixture(scope="module")
def client() -> Iterator[httpx.Client]:
    with knocking(small_app(KeyRing(fixed=[SIGNER.key])), SIGNER.token()) as knocking_client:
        yield knocking_client


def assert_problem(answer: httpx.Response, status: int, code: str) -> dict[str, object]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == CONTENT_TYPE
    problem: dict[str, object] = answer.json()
    assert problem["code"] == code
    assert problem["type"] == f"urn:ardoise:problem:{code}"
    assert problem["status"] == status
    assert problem["title"]
    assert CANARY not in answer.text
    assert CANARY not in str(answer.headers)
    return problem


def in_child(text: str) -> bytes:
    return b'{"child":"%s"}' % text.encode("utf-8", "surrogatepass")


HOSTILE_BODIES = {
    "an empty body": (b"", 400, "invalid_json"),
    "white space": (b"  \n ", 400, "invalid_json"),
    "half a document": (b'{"child":', 400, "invalid_json"),
    "two documents": (b"{}{}", 400, "invalid_json"),
    "a byte order mark": (b"\xef\xbb\xbf{}", 400, "invalid_json"),
    "bytes that are not UTF-8": (b'{"child":"\xff"}', 400, "invalid_json"),
    "an overlong encoding": (b'{"child":"\xc0\x80"}', 400, "invalid_json"),
    "UTF-16": ('{"child":"x"}'.encode("utf-16"), 400, "invalid_json"),
    "a surrogate encoded in UTF-8": (in_child("\ud800"), 400, "invalid_json"),
    "a lone surrogate": (b'{"child":"\\ud800"}', 400, "invalid_json"),
    "a lone surrogate in a key": (b'{"\\udfff":1}', 400, "invalid_json"),
    "NUL": (b'{"note":"a\\u0000b"}', 400, "invalid_json"),
    "NUL in a key": (b'{"a\\u0000":1}', 400, "invalid_json"),
    "NUL deep inside": (b'{"reserve":[{"day":["\\u0000"]}]}', 400, "invalid_json"),
    "a raw control character": (b'{"note":"a\x00b"}', 400, "invalid_json"),
    "a duplicate key": (b'{"child":"a","child":"b"}', 400, "invalid_json"),
    "a duplicate key inside a list": (b'{"reserve":[{"day":1,"day":2}]}', 400, "invalid_json"),
    "a duplicate key written with an escape": (b'{"note":1,"n\\u006fte":2}', 400, "invalid_json"),
    "NaN": (b'{"count":NaN}', 400, "invalid_json"),
    "Infinity": (b'{"count":Infinity}', 400, "invalid_json"),
    "minus Infinity": (b'{"count":-Infinity}', 400, "invalid_json"),
    "1e999": (b'{"count":1e999}', 400, "invalid_json"),
    "an integer beyond 2^53": (b'{"count":9007199254740993}', 400, "invalid_json"),
    "an integer of 60,000 digits": (b'{"count":' + b"9" * 60_000 + b"}", 400, "invalid_json"),
    "a decimal of 60,000 digits": (b'{"count":0.' + b"9" * 60_000 + b"}", 400, "invalid_json"),
    "a document nested 17 deep": (b"[" * 17 + b"]" * 17, 400, "invalid_json"),
    "a document nested 30,000 deep": (b"[" * 30_000 + b"]" * 30_000, 400, "invalid_json"),
    "objects nested 5,000 deep": (b'{"a":' * 5_000 + b"1" + b"}" * 5_000, 400, "invalid_json"),
    "a body of 64 KiB and one byte": (b'{"note":"' + b"a" * (64 * 1024 - 10) + b'"}', 413, "body_too_large"),
    "a body of 5 MB": (b" " * 5_000_000, 413, "body_too_large"),
    "a list": (b"[]", 422, "invalid_request"),
    "null": (b"null", 422, "invalid_request"),
    "a number": (b"1", 422, "invalid_request"),
    "an unknown field": (json.dumps({**SOUND, CANARY: 1}).encode(), 422, "invalid_request"),
    "an unknown field inside": (
        json.dumps({"child": CHILD, "reserve": [{"day": "2024-03-27", "unit": "a", CANARY: 1}]}).encode(),
        422,
        "invalid_request",
    ),
    "a missing field": (b"{}", 422, "invalid_request"),
    "a name instead of an identifier": (in_child(CANARY), 422, "invalid_request"),
    "an identifier in capitals": (in_child(CHILD.upper()), 422, "invalid_request"),
    "a number as a text": (json.dumps({**SOUND, "count": "1"}).encode(), 422, "invalid_request"),
    "a decimal where a whole number is expected": (
        json.dumps({**SOUND, "count": 1.0}).encode(),
        422,
        "invalid_request",
    ),
    "true where a whole number is expected": (json.dumps({**SOUND, "count": True}).encode(), 422, "invalid_request"),
    "401 days": (json.dumps({"child": CHILD, "reserve": [SOUND["reserve"][0]] * 401}).encode(), 422, "invalid_request"),  # type: ignore[index]
}
"""What is sent, and the refusal it gets. None of these may be a 500 or a 201."""


@pytest.mark.parametrize("name", HOSTILE_BODIES)
def test_a_hostile_body_is_refused_with_a_clear_problem(client: httpx.Client, name: str) -> None:
    body, status, code = HOSTILE_BODIES[name]
    assert_problem(command(client, body), status, code)


NOT_DAYS = ["2024-02-30", "2024-3-1", "27/03/2024", "1711497600", "2024-03-27T00:00:00", "0000-01-01", "9999-12-31",
            "2024-W13-3", "20240327", " 2024-03-27", "２０２４-03-27", 1711497600, None, ["2024-03-27"]]  # fmt: skip


@pytest.mark.parametrize("day", NOT_DAYS)
def test_what_is_not_an_iso_day_is_refused_by_its_place_and_never_repeated(client: httpx.Client, day: object) -> None:
    problem = assert_problem(
        command(client, {"child": CHILD, "reserve": [{"day": day, "unit": "journee"}]}), 422, "invalid_request"
    )
    assert problem["errors"] == [
        {
            "in": "body",
            "field": "reserve[0].day",
            "code": "day_expected",
            "detail": "Un jour est attendu, par exemple 2024-03-27.",
        }
    ]


def test_an_unknown_field_is_told_without_its_name(client: httpx.Client) -> None:
    problem = assert_problem(command(client, {**SOUND, CANARY: 1}), 422, "invalid_request")
    assert problem["errors"] == [
        {"in": "body", "field": "*", "code": "unknown_field", "detail": "Ce champ n'existe pas ici."}
    ]


def test_a_sound_command_passes_all_the_doors(client: httpx.Client) -> None:
    answer = command(client, SOUND)
    assert answer.status_code == 201, answer.text
    assert answer.json()["days"] == 1
    assert answer.json()["at"].endswith("Z")
    assert answer.headers["etag"] == '"43"'
    assert answer.headers["cache-control"] == "no-store"


def test_a_body_of_exactly_64_kib_is_read(client: httpx.Client) -> None:
    start, end = b'{"child":"%s","note":"' % CHILD.encode(), b'"}'
    filling = b"a" * (body_module.MAX_BODY_BYTES - len(start) - len(end))
    assert command(client, start + filling + end).status_code == 201


def test_the_largest_whole_number_is_read(client: httpx.Client) -> None:
    assert command(client, {**SOUND, "count": 2**53}).status_code == 201


@pytest.mark.parametrize(
    "content_type",
    ["text/plain", "application/x-www-form-urlencoded", "application/json; charset=latin-1", "", "application/jsonp",
     "multipart/form-data; boundary=a", "application/problem+json"],
)  # fmt: skip
def test_only_json_is_accepted(client: httpx.Client, content_type: str) -> None:
    assert_problem(command(client, SOUND, **{"Content-Type": content_type}), 415, "unsupported_media_type")


def test_json_with_its_charset_is_accepted(client: httpx.Client) -> None:
    assert command(client, SOUND, **{"Content-Type": 'Application/JSON; charset="UTF-8"'}).status_code == 201


def test_a_compressed_body_is_refused(client: httpx.Client) -> None:
    assert_problem(command(client, SOUND, **{"Content-Encoding": "gzip"}), 415, "unsupported_media_type")


def test_a_body_where_none_is_expected_is_refused(client: httpx.Client) -> None:
    answer = client.request("GET", f"/v1/{COMMUNE}/demandes/1", content=b'{"name":"Zoe-Canari-1971"}')
    assert_problem(answer, 400, "unexpected_body")


def test_a_chunked_body_is_bounded_while_it_arrives(client: httpx.Client) -> None:
    head = raw_command(SIGNER.token(), "Transfer-Encoding: chunked")
    chunk = b"2000\r\n" + b" " * 0x2000 + b"\r\n"
    answer = wire(client, head, *[chunk] * 40)
    assert b" 413 " in answer.split(b"\r\n")[0]
    assert b'"body_too_large"' in answer
    assert b"connection: close" in answer.lower()


def test_a_chunked_body_within_bounds_is_read(client: httpx.Client) -> None:
    text = json.dumps(SOUND).encode()
    pieces = [b"%x\r\n%s\r\n" % (len(part), part) for part in (text[:7], text[7:])]
    answer = wire(client, raw_command(SIGNER.token(), "Transfer-Encoding: chunked"), *pieces, b"0\r\n\r\n")
    assert b" 201 " in answer.split(b"\r\n")[0], answer


def test_a_length_that_promises_too_much_is_refused_before_the_body_comes(client: httpx.Client) -> None:
    answer = wire(client, raw_command(SIGNER.token(), "Content-Length: 999999999999"))
    assert b" 413 " in answer.split(b"\r\n")[0]


def test_a_client_that_never_ends_its_body_is_let_go(client: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(body_module, "BODY_SECONDS", 0.3)
    answer = wire(client, raw_command(SIGNER.token(), "Content-Length: 100"), b'{"child"', wait_seconds=0.05)
    assert b" 408 " in answer.split(b"\r\n")[0]
    assert b'"body_too_slow"' in answer


@pytest.mark.parametrize("key", ["", "é", "a b", "a" * 256, "a\tb"])
def test_a_key_nobody_could_type_again_is_refused(client: httpx.Client, key: str) -> None:
    answer = client.post(f"/v1/{COMMUNE}/demandes", json=SOUND, headers=[(b"Idempotency-Key", key.encode("latin-1"))])
    assert_problem(answer, 400, "idempotency_key_invalid")


def test_a_command_without_a_key_is_refused(client: httpx.Client) -> None:
    answer = client.post(f"/v1/{COMMUNE}/demandes", json=SOUND)
    assert_problem(answer, 400, "idempotency_key_missing")


def test_a_command_with_two_keys_is_refused(client: httpx.Client) -> None:
    answer = client.post(
        f"/v1/{COMMUNE}/demandes", json=SOUND, headers=[("Idempotency-Key", "a"), ("Idempotency-Key", "b")]
    )
    assert_problem(answer, 400, "idempotency_key_invalid")


def test_the_same_request_has_the_same_fingerprint_however_it_is_spelled(client: httpx.Client) -> None:
    spelled = b'{ "reserve":[{"unit":"journee","day":"2024-03-27"}],\n"child":"%s" }' % CHILD.encode()
    prints = {command(client, body).json()["print"] for body in (SOUND, spelled)}
    assert len(prints) == 1
    assert command(client, {**SOUND, "count": 1}).json()["print"] not in prints


@pytest.mark.parametrize("condition", ['"42"', '"7", "42"', "*", '"42", W/"42"'])
def test_a_condition_that_holds_lets_the_command_through(client: httpx.Client, condition: str) -> None:
    assert command(client, SOUND, **{"If-Match": condition}).status_code == 201


@pytest.mark.parametrize("condition", ['"41"', 'W/"42"', '"042"', '"abc"', '"42-gzip"', '"99999999999999999999"'])
def test_a_condition_that_does_not_hold_is_a_412(client: httpx.Client, condition: str) -> None:
    problem = assert_problem(command(client, SOUND, **{"If-Match": condition}), 412, "version_changed")
    assert problem["title"] == "Le dossier a changé"


@pytest.mark.parametrize("condition", ["42", '"42', '"4"2"', "", '"1",' * 17 + '"1"', '"42";"43"'])
def test_a_condition_that_cannot_be_read_is_refused(client: httpx.Client, condition: str) -> None:
    assert_problem(command(client, SOUND, **{"If-Match": condition}), 422, "invalid_request")


HOSTILE_QUESTIONS = [
    "from=2024-13-01",
    "from=%00",
    "from=2024-03-27%00",
    "from=%ff",
    "from=%ED%A0%80",
    "from=2024-03-27&from=2024-03-28",
    f"{CANARY}=1",
    f"from={CANARY}",
    "from=" + "a" * 1100,
    "from=" + "a" * 5000,
    "&" * 5000,
    "&".join(f"a{number}=1" for number in range(100)),
    "limit=0",
    "limit=201",
    "limit=ten",
    "limit=1e2",
    "limit=1.0",
    "limit=+5",
    "limit=%205",
    "limit=1_0",
    "limit=%EF%BC%95",
    "limit=99999999999999999999999999",
    "limit=" + "9" * 1000,
    "cursor=" + "a" * 600,
    "From=2024-03-27",
    "from",
]


@pytest.mark.parametrize("question", HOSTILE_QUESTIONS)
def test_a_hostile_question_is_refused_and_never_repeated(client: httpx.Client, question: str) -> None:
    path = f"/v1/{COMMUNE}/children/{CHILD}/calendar?{question}".encode()
    answer = wire(client, b"GET " + path + b" HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n\r\n" % _token())
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b" 422 " in head.split(b"\r\n")[0], answer
    assert json.loads(body)["code"] == "invalid_request"
    assert CANARY.encode() not in answer


@pytest.mark.parametrize("cursor", ["abc", "AAAAAAAAAAAA", "a.b", "Zm9v" * 20, "%00"])
def test_a_cursor_we_did_not_write_is_refused(client: httpx.Client, cursor: str) -> None:
    answer = client.get(f"/v1/{COMMUNE}/children/{CHILD}/calendar?cursor={cursor}")
    assert answer.status_code == 422
    assert answer.json()["code"] in ("invalid_cursor", "invalid_request")


def test_a_cursor_leads_back_to_its_place_and_any_change_breaks_it(client: httpx.Client) -> None:
    path = f"/v1/{COMMUNE}/children/{CHILD}/calendar"
    cursor = client.get(path).json()["next"]
    assert client.get(path, params={"cursor": cursor}).json()["after"] == ["2024-03-27", 50]
    for position in range(len(cursor)):
        other = "A" if cursor[position] != "A" else "B"
        tampered = cursor[:position] + other + cursor[position + 1 :]
        assert_problem(client.get(path, params={"cursor": tampered}), 422, "invalid_cursor")


HOSTILE_PATHS = [
    f"/v1/{COMMUNE}/demandes/0",
    f"/v1/{COMMUNE}/demandes/-1",
    f"/v1/{COMMUNE}/demandes/abc",
    f"/v1/{COMMUNE}/demandes/1.0",
    f"/v1/{COMMUNE}/demandes/+1",
    f"/v1/{COMMUNE}/demandes/%201",
    f"/v1/{COMMUNE}/demandes/01",
    f"/v1/{COMMUNE}/demandes/9007199254740992",
    f"/v1/{COMMUNE}/demandes/" + "9" * 150,
    f"/v1/{COMMUNE}/demandes/%00",
    f"/v1/{COMMUNE}/children/%00/calendar",
    f"/v1/{COMMUNE}/children/%ff/calendar",
    f"/v1/{COMMUNE}/children/%ED%A0%80/calendar",
    f"/v1/{COMMUNE}/children/a%0d%0ab/calendar",
    f"/v1/{COMMUNE}/children/{'a' * 201}/calendar",
    f"/v1/{COMMUNE}/demandes/1/",
    f"/v1/{COMMUNE}",
    "/v1/",
    "/v1/autre-commune/demandes/1",
    "/v1/%00/demandes/1",
    f"/v1/{COMMUNE}/agents",
    "/",
    "/docs",
    f"/{CANARY}",
]


@pytest.mark.parametrize("path", HOSTILE_PATHS)
def test_what_names_nothing_and_what_is_forbidden_are_the_same_404(client: httpx.Client, path: str) -> None:
    answer = client.get(path)
    assert_problem(answer, 404, "not_found")
    assert answer.content == client.get("/nowhere").content


def test_a_method_that_does_not_exist_says_which_do(client: httpx.Client) -> None:
    answer = client.put(f"/v1/{COMMUNE}/demandes")
    assert_problem(answer, 405, "method_not_allowed")
    assert answer.headers["allow"] == "POST"
    assert client.put(f"/v1/{COMMUNE}/demandes/1").headers["allow"] == "DELETE, GET"


def test_a_command_without_a_body_has_a_fingerprint_of_what_it_names(client: httpx.Client) -> None:
    def withdraw(number: int) -> str:
        answer = client.delete(f"/v1/{COMMUNE}/demandes/{number}", headers={"Idempotency-Key": "k"})
        assert answer.status_code == 200, answer.text
        return str(answer.json()["print"])

    assert withdraw(1) == withdraw(1)
    assert withdraw(1) != withdraw(2)


def test_an_instant_is_understood_with_its_offset_and_answered_in_utc(client: httpx.Client) -> None:
    answer = client.get(f"/v1/{COMMUNE}/demandes/1", params={"as_of": "2024-03-07T19:30:00+01:00"})
    assert answer.json() == {"number": 1, "as_of": "2024-03-07T18:30:00Z"}


@pytest.mark.parametrize(
    "instant",
    ["2024-03-07T19:30:00", "2024-03-07", "1709836200", "2024-03-07 19:30:00Z", "2024-03-07T25:00:00Z", "now",
     "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "2024-03-07T19:30:00+99:00"],
)  # fmt: skip
def test_an_instant_without_its_offset_or_out_of_reach_is_refused(client: httpx.Client, instant: str) -> None:
    answer = client.get(f"/v1/{COMMUNE}/demandes/1", params={"as_of": instant})
    problem = assert_problem(answer, 422, "invalid_request")
    assert problem["errors"][0]["field"] == "as_of"  # type: ignore[index]


def test_an_unexpected_exception_is_a_500_that_says_nothing_but_its_number(client: httpx.Client) -> None:
    answer = client.get(f"/v1/{COMMUNE}/broken", headers={"X-Request-Id": "from-the-portal-1"})
    problem = assert_problem(answer, 500, "unexpected")
    assert problem["correlation"] == "from-the-portal-1"
    assert answer.headers["x-request-id"] == "from-the-portal-1"


def test_a_database_that_does_not_answer_is_a_503_with_a_time_to_come_back(client: httpx.Client) -> None:
    answer = client.get(f"/v1/{COMMUNE}/unreachable")
    assert_problem(answer, 503, "database_unavailable")
    assert int(answer.headers["retry-after"]) >= 1


@pytest.mark.parametrize("given", ["short", "a" * 65, "with space in it", "semi;colon;here", "é" * 10])
def test_a_correlation_number_that_is_not_a_plain_word_is_replaced(client: httpx.Client, given: str) -> None:
    answer = client.get("/livez", headers=[(b"X-Request-Id", given.encode())])
    assert answer.headers["x-request-id"] != given
    assert len(answer.headers["x-request-id"]) == 32


def _token() -> bytes:
    return SIGNER.token().encode()
