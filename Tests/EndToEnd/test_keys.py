# Part of MarketBus. Apache License 2.0, see LICENSE.
"""`marketbus doctor --keys` against a venue of our own on loopback: what it says of a key, and what it never shows.

The venue recomputes every signature with Python's own HMAC from the sheets' recipes: a wrong one gets the venue's refusal.
"""

import base64
import hashlib
import hmac
import json
import subprocess
import threading
import time
import urllib.parse
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Callable, Iterator, Optional

import pytest

from test_configuration import CONFIGURATION, run

KEY = "vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A"
SECRET = "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j"
PASSPHRASE = "word-of-mine-7"
EXCHANGE_SECRET = base64.b64encode(bytes(range(64))).decode()
ED25519 = "k0BUni0p0vZG1BdpVjS6ogBJ7kxm630AJ2dN+tuputDOKsRAwgyrpEQLeBtS1znTmzPX6Xr2eOWpzx6nW8knkA=="
EC_PEM = """-----BEGIN EC PRIVATE KEY-----
MHcCAQEEIKwf3Uox30cRWzRBOPoPOH5p0Gpb0Dt8zUKXUEM5fMkGoAoGCCqGSM49AwEHoUQDQgAEbAtpLlSZYVOwYICz+uEyxcS29vRIujiES/gQ1DC7FV4zK4JuYE9vqDyGZQYjdXHLM7I6f/QnnOITL+dXYWBHRA==
-----END EC PRIVATE KEY-----
"""
BINANCE = {
    "ipRestrict": False,
    "enableReading": True,
    "enableSpotAndMarginTrading": False,
    "enableFutures": False,
    "enableWithdrawals": False,
    "permitsUniversalTransfer": False,
}
ENDPOINTS = {
    "binance": "spot_rest",
    "okx": "rest",
    "htx": "spot_rest",
    "coinbase": "exchange_rest",
    "advanced": "advanced_rest",
}

Answer = tuple[int, Any]


def mac(text: str, secret: bytes = SECRET.encode()) -> bytes:
    return hmac.new(secret, text.encode(), hashlib.sha256).digest()


class Venue:
    """A venue that answers what the test wants, after it looked at the call."""

    def __init__(self) -> None:
        self.answer: Callable[["Venue", Any], Optional[Answer]] = lambda venue, call: (404, "")
        self.clock = 0.0
        self.seen: list[str] = []
        self.released = threading.Event()
        venue = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:  # noqa: N802
                venue.seen.append(self.path)
                found = venue.answer(venue, self)
                if found is None:
                    venue.released.wait(20)
                    self.close_connection = True
                    return
                status, body = found
                data = body.encode() if isinstance(body, str) else json.dumps(body).encode()
                self.send_response_only(status)
                self.send_header("Date", formatdate(time.time() + venue.clock, usegmt=True))
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.host = f"127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def close(self) -> None:
        self.released.set()
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def venue() -> Iterator[Venue]:
    made = Venue()
    try:
        yield made
    finally:
        made.close()


def keys_of(name: str) -> dict[str, str]:
    if name == "coinbase":
        return {"key": KEY, "secret": EXCHANGE_SECRET, "passphrase": PASSPHRASE}
    if name == "advanced":
        return {"key": KEY, "secret": ED25519}
    return {"key": KEY, "secret": SECRET, **({"passphrase": PASSPHRASE} if name == "okx" else {})}


def doctor(venue: Venue, folder: Path, name: str, keys: Optional[dict[str, str]] = None, *extra: str) -> Any:
    """Runs the doctor with keys in the environment."""
    word = "coinbase" if name == "advanced" else name
    environment = {
        f"MARKETBUS_KEYS__{word.upper()}__{part.upper()}": text for part, text in (keys or keys_of(name)).items()
    }
    setting = f"venues.{word}.endpoints.{ENDPOINTS[name]}=http://{venue.host}"
    done = run(
        "marketbus", "doctor", "--keys", "--set", setting, *extra, folder=folder, environment=environment
    )
    nothing_secret(done)
    return done


def nothing_secret(done: subprocess.CompletedProcess) -> None:
    said = done.stdout + done.stderr
    for word in (KEY, SECRET, PASSPHRASE, EXCHANGE_SECRET, ED25519, "MHcCAQEE", "signature="):
        assert word not in said, f"shown: {word} in {said}"


# --- venues that check the signature -----------------------------------------------------------------------------


def binance(answer: Any) -> Callable[[Venue, Any], Answer]:
    def reply(_: Venue, call: Any) -> Answer:
        path, _, query = call.path.partition("?")
        signed, _, signature = query.partition("&signature=")
        assert path == "/sapi/v1/account/apiRestrictions"
        if call.headers["X-MBX-APIKEY"] != KEY:
            return 401, {"code": -2015, "msg": "Invalid API-key, IP, or permissions for action."}
        if signature != mac(signed).hex():
            return 400, {"code": -1022, "msg": "Signature for this request is not valid."}
        return 200, answer

    return reply


def okx(perm: str, ip: str = "") -> Callable[[Venue, Any], Answer]:
    def reply(_: Venue, call: Any) -> Answer:
        expected = base64.b64encode(mac(call.headers["OK-ACCESS-TIMESTAMP"] + "GET" + call.path)).decode()
        if call.headers["OK-ACCESS-PASSPHRASE"] != PASSPHRASE:
            return 401, {"code": "50105", "msg": "Request header OK-ACCESS-PASSPHRASE incorrect."}
        if call.headers["OK-ACCESS-SIGN"] != expected:
            return 401, {"code": "50113", "msg": "Invalid Sign"}
        return 200, {"code": "0", "msg": "", "data": [{"uid": "1", "perm": perm, "ip": ip, "traderInsts": []}]}

    return reply


def htx(permission: str) -> Callable[[Venue, Any], Answer]:
    def reply(venue: Venue, call: Any) -> Answer:
        path, _, query = call.path.partition("?")
        pairs = urllib.parse.parse_qsl(query)
        signature = dict(pairs)["Signature"]
        rest = sorted((name, value) for name, value in pairs if name != "Signature")
        encoded = urllib.parse.urlencode(rest, quote_via=urllib.parse.quote)
        assert call.headers["Host"] == venue.host
        expected = base64.b64encode(mac(f"GET\n{venue.host}\n{path}\n{encoded}")).decode()
        if signature != expected:
            return 200, {"status": "error", "err-code": "api-signature-not-valid", "err-msg": "Verification failure"}
        if path == "/v2/user/uid":
            return 200, {"code": 200, "data": 63628520}
        assert path == "/v2/user/api-key" and dict(pairs)["uid"] == "63628520"
        row = {"accessKey": KEY, "permission": permission, "ipAddresses": "10.0.0.1", "validDays": -1}
        return 200, {"code": 200, "message": "success", "data": [row], "ok": True}

    return reply


def coinbase_exchange(_: Venue, call: Any) -> Answer:
    text = call.headers["CB-ACCESS-TIMESTAMP"] + "GET" + call.path
    expected = base64.b64encode(mac(text, bytes(range(64)))).decode()
    if call.headers["CB-ACCESS-SIGN"] != expected or call.headers["CB-ACCESS-PASSPHRASE"] != PASSPHRASE:
        return 401, {"message": "invalid signature"}
    return 200, [{"id": "1", "currency": "BTC"}]


def coinbase_advanced(can_transfer: bool) -> Callable[[Venue, Any], Answer]:
    def reply(venue: Venue, call: Any) -> Answer:
        token = call.headers["Authorization"].removeprefix("Bearer ").split(".")
        header, payload = (json.loads(base64.urlsafe_b64decode(part + "==")) for part in token[:2])
        assert header["kid"] == payload["sub"] == KEY and header["alg"] in ("EdDSA", "ES256")
        assert payload["uri"] == f"GET {venue.host}{call.path}" and payload["exp"] - payload["nbf"] == 120
        assert abs(payload["nbf"] - time.time()) < 5 and len(header["nonce"]) == 32
        assert len(base64.urlsafe_b64decode(token[2] + "==")) == 64
        return 200, {"can_view": True, "can_trade": False, "can_transfer": can_transfer, "portfolio_type": "DEFAULT"}

    return reply


HARMLESS = {
    "binance": binance(BINANCE),
    "okx": okx("read_only", "10.0.0.1,10.0.0.2"),
    "htx": htx("readOnly,trade"),
    "advanced": coinbase_advanced(False),
}
DANGEROUS = {
    "binance": binance({**BINANCE, "enableWithdrawals": True}),
    "okx": okx("read_only,withdraw,trade"),
    "htx": htx("trade,readOnly,withdraw"),
    "advanced": coinbase_advanced(True),
}


@pytest.mark.parametrize("name", HARMLESS)
def test_a_key_that_only_reads_is_good(venue: Venue, tmp_path: Path, name: str) -> None:
    venue.answer = HARMLESS[name]
    done = doctor(venue, tmp_path, name)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "reads: yes" in done.stdout and "withdraws: no" in done.stdout


@pytest.mark.parametrize("name", DANGEROUS)
def test_a_key_that_can_withdraw_is_refused(venue: Venue, tmp_path: Path, name: str) -> None:
    venue.answer = DANGEROUS[name]
    done = doctor(venue, tmp_path, name)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "CAN WITHDRAW" in done.stdout and "mend:" in done.stdout


def test_what_the_exchange_does_not_tell_is_said(venue: Venue, tmp_path: Path) -> None:
    venue.answer = coinbase_exchange
    done = doctor(venue, tmp_path, "coinbase")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "withdraws: unknown" in done.stdout and "doesn't tell" in done.stdout


def test_an_elliptic_key_works_too(venue: Venue, tmp_path: Path) -> None:
    venue.answer = coinbase_advanced(False)
    done = doctor(venue, tmp_path, "advanced", {"key": KEY, "secret": EC_PEM.replace("\n", "\\n")})
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", ("binance", "okx", "htx", "coinbase"))
def test_a_wrong_secret_is_named(venue: Venue, tmp_path: Path, name: str) -> None:
    venue.answer = coinbase_exchange if name == "coinbase" else HARMLESS[name]
    keys = keys_of(name)
    keys["secret"] = base64.b64encode(b"another secret of mine").decode()
    done = doctor(venue, tmp_path, name, keys)
    assert done.returncode == 1
    assert "signature is wrong" in done.stdout, done.stdout


ODD: dict[str, tuple[Optional[Answer], str]] = {
    "401": ((401, {"code": -2015, "msg": "Invalid API-key, IP, or permissions for action."}), "refuses it"),
    "403": ((403, "<html>Forbidden</html>"), "refuses it"),
    "garbage": ((200, "\x00\xff{]"), "not what the venue documents"),
    "other JSON": ((200, {"data": []}), "not what the venue documents"),
    "redirect": ((302, ""), "not what the venue documents"),
    "clock": ((400, {"code": -1021, "msg": "Timestamp for this request is outside of the recvWindow."}), "chronyc"),
    "limits": ((429, {"code": -1003, "msg": "Too many requests"}), "try again later"),
    "down": ((503, ""), "try again later"),
    "echo": ((400, {"code": -1100, "msg": f"no\n\x1b[31m {KEY} {SECRET} " + "x" * 5000}), "***"),
    "silence": (None, "reach"),
}


@pytest.mark.parametrize("case", ODD)
def test_odd_answers_are_told_in_plain_words(venue: Venue, tmp_path: Path, case: str) -> None:
    answer, words = ODD[case]
    venue.answer = lambda *_: answer
    done = doctor(venue, tmp_path, "binance", None, "--set", "doctor.timeout_ms=500")
    assert done.returncode == 1, done.stdout + done.stderr
    assert words in done.stdout, done.stdout
    assert "\x1b" not in done.stdout and len(done.stdout) < 1000


def test_a_clock_that_is_off_is_measured(venue: Venue, tmp_path: Path) -> None:
    venue.clock = -300
    venue.answer = HARMLESS["okx"]
    done = doctor(venue, tmp_path, "okx")
    assert done.returncode == 0
    assert "s ahead of okx's" in done.stdout, done.stdout


def test_a_closed_port_is_told(venue: Venue, tmp_path: Path) -> None:
    venue.close()
    done = doctor(venue, tmp_path, "binance")
    assert done.returncode == 1 and "BAD" in done.stdout


# --- where keys come from ----------------------------------------------------------------------------------------


def written(folder: Path, text: str, mode: int = 0o600) -> str:
    path = folder / "keys.yaml"
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)
    return str(path)


def test_a_file_of_keys_is_read(venue: Venue, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text(SECRET + "\n", encoding="utf-8")
    secret.chmod(0o600)
    venue.answer = HARMLESS["binance"]
    path = written(tmp_path, f"keys:\n  binance:\n    key: {KEY}\n    secret_file: {secret}\n")
    setting = f"venues.binance.endpoints.spot_rest=http://{venue.host}"
    done = run("marketbus", "doctor", "--keys", path, "--set", setting, folder=tmp_path)
    nothing_secret(done)
    assert done.returncode == 0, done.stdout + done.stderr
    secret.chmod(0o644)
    done = run("marketbus", "doctor", "--keys", path, "--set", setting, folder=tmp_path)
    assert done.returncode == CONFIGURATION and "chmod 600" in done.stderr


def test_a_file_that_everybody_reads_is_refused(venue: Venue, tmp_path: Path) -> None:
    path = written(tmp_path, f"keys:\n  binance:\n    key: {KEY}\n    secret: {SECRET}\n", mode=0o644)
    done = run("marketbus", "doctor", "--keys", path, folder=tmp_path)
    nothing_secret(done)
    assert done.returncode == CONFIGURATION and "chmod 600" in done.stderr
    assert venue.seen == []


@pytest.mark.parametrize(
    ("text", "words"),
    (
        ("keys:\n  binance:\n    key: k\n", "key or secret is missing"),
        ("keys:\n  binnce:\n    key: k\n    secret: s\n", "unknown key"),
        ("keys: {}\n", "no key is given"),
        ("keys: [\n", "not YAML"),
        ("binance:\n  key: k\n", "unknown key"),
    ),
)
def test_a_wrong_file_is_told(tmp_path: Path, text: str, words: str) -> None:
    done = run("marketbus", "doctor", "--keys", written(tmp_path, text), folder=tmp_path)
    assert done.returncode == CONFIGURATION and words in done.stderr, done.stderr


def test_no_key_at_all_is_told(tmp_path: Path) -> None:
    done = run("marketbus", "doctor", "--keys", folder=tmp_path)
    assert done.returncode == CONFIGURATION and "MARKETBUS_KEYS__BINANCE__KEY" in done.stderr
    done = run("marketbus", "doctor", "keys.yaml", folder=tmp_path)
    assert done.returncode == CONFIGURATION and "--keys" in done.stderr


@pytest.mark.parametrize(
    ("secret", "words"),
    (
        ("-----BEGIN PUBLIC KEY-----\\nAAAA\\n-----END PUBLIC KEY-----\\n", "PUBLIC KEY, not a private key"),
        ("-----BEGIN PRIVATE KEY-----\\nAAAA\\n-----END PRIVATE KEY-----\\n", "damaged"),
        ("-----BEGIN ENCRYPTED PRIVATE KEY-----\\nAAAA\\n-----END ENCRYPTED PRIVATE KEY-----\\n", "password"),
    ),
)
def test_a_bad_key_is_told_before_anything_is_sent(venue: Venue, tmp_path: Path, secret: str, words: str) -> None:
    done = doctor(venue, tmp_path, "binance", {"key": KEY, "secret": secret})
    assert done.returncode == 1 and words in done.stdout, done.stdout + done.stderr
    assert venue.seen == []


def test_a_key_never_goes_in_the_clear_to_another_machine(tmp_path: Path) -> None:
    for url in ("http://api.binance.com", "http://127.0.0.1.example.com", "http://localhost.example.com:80"):
        setting = f"venues.binance.endpoints.spot_rest={url}"
        environment = {"MARKETBUS_KEYS__BINANCE__KEY": KEY, "MARKETBUS_KEYS__BINANCE__SECRET": SECRET}
        done = run("marketbus", "doctor", "--keys", "--set", setting, folder=tmp_path, environment=environment)
        nothing_secret(done)
        assert done.returncode == CONFIGURATION and "https" in done.stderr


def test_keys_in_the_environment_disturb_no_other_service(tmp_path: Path) -> None:
    environment = {"MARKETBUS_KEYS__BINANCE__KEY": KEY, "MARKETBUS_KEYS__BINANCE__SECRET": SECRET}
    done = run("binance-feed", "--check-config", folder=tmp_path, environment=environment)
    nothing_secret(done)
    assert "keys." not in done.stdout + done.stderr
