"""Orders with card numbers and CVVs that occur nowhere else, and then a look at every byte that was written."""

import base64
import json
import re
import subprocess
import tempfile
from itertools import chain
from pathlib import Path

import psutil
import psycopg
import pytest
import redis
import requests
from stdnum import luhn

from bookstore_lib.lab.customers import checkout_body
from bookstore_lib.lab.servers.postgres_server import find_postgres_bin
from bookstore_lib.runtime.card_seal import CardSeal
from bookstore_lib.runtime.settings import variable
from tests.support import eventually

STATIC = Path(__file__).parents[2] / "services" / "orchestrator" / "static"
# No other number in a log or a dump begins with a 0.
CVV = {"approved": "0837", "rejected": "0946", "failed": "0758", "open": "0649", "garbage": "0593"}


@pytest.fixture(scope="module")
def running_shop(open_shop):
    """Its folder is given, so the servers' data is still there when it has ended."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        shop = open_shop(executors=1, lease_ttl=1.5, run_dir=folder / "run")
        yield shop
        shop.close()


@pytest.fixture(scope="module")
def numbers():
    """A valid card number for each way of an order, that is found nowhere by chance."""
    stems = {way: f"400077391{index}24685" for index, way in enumerate(CVV)}
    return {way: stem + luhn.calc_check_digit(stem) for way, stem in stems.items()}


@pytest.fixture(scope="module")
def answers(running_shop, numbers):
    """Places all the orders; returns what the shop said, as text."""
    shop = running_shop

    def post(body, **headers):
        answer = requests.post(f"{shop.url}/checkout", data=body, headers=headers, timeout=60)
        return f"{answer.status_code}\n{answer.headers}\n{answer.text}"

    said = [post(_order(numbers["approved"], CVV["approved"], key)) for key in ("plain", "spaced", "dashed")]
    said += [post(_order(numbers["rejected"], CVV["rejected"], key)) for key in REJECTED]
    said += [post(body) for body in _garbage(numbers["garbage"], CVV["garbage"])]
    shop.kill("fraud_detection")
    said.append(post(_order(numbers["failed"], CVV["failed"], "plain")))
    shop.start("fraud_detection")
    eventually(lambda: requests.get(f"{shop.url}/api/health", timeout=5).ok)  # it is connected again
    assert "Order Approved" in said[0]
    assert "Order Failed" in said[-1]
    return said


REJECTED = {
    "wrong check digit": {"number": lambda number: number[:-1] + str((int(number[-1]) + 1) % 10)},
    "expired": {"expirationDate": lambda _: "01/20"},
    "letters": {"number": lambda number: f"{number}abc"},
    "long cvv": {"cvv": lambda _: f"{CVV['rejected']}{CVV['rejected']}"},
}
WRITTEN = {
    "plain": lambda number: number,
    "spaced": lambda number: re.sub(r"(\d{4})(?=\d)", r"\1 ", number),
    "dashed": lambda number: re.sub(r"(\d{4})(?=\d)", r"\1-", number),
}


def test_garbage_is_an_error_of_whoever_sent_it(answers, numbers):
    statuses = [answer.partition("\n")[0] for answer in answers[len(WRITTEN) + len(REJECTED) : -1]]

    assert set(statuses) == {"400", "413"}, statuses


def test_no_answer_shows_a_card(answers, numbers):
    assert _found("\n".join(answers).encode(), numbers) == []
    assert _cvvs("\n".join(answers)) == []


def test_no_page_shows_a_card(running_shop, answers, numbers):
    shop = running_shop
    own = [
        shop.url + path for path in ("/", "/docs", "/openapi.json", "/books?limit=100", "/api/health", "/api/leader")
    ]
    own += [shop.url + path for path in ("/status", "/api/status")]
    own += [f"{shop.url}/static/{file.name}" for file in STATIC.iterdir()]
    orders = [f"{shop.url}/orders/{row.order_id}" for row in shop.tables().orders]
    own += [order + part for order in orders for part in ("", "/diagram", "/events")]
    own += [url + path for url in shop.debug_urls.values() for path in ("/", "/status", "/debug/queue", "/nowhere")]
    # What somebody types into an address may be a card, too.
    own += [f"{shop.url}/{numbers['garbage']}", f"{shop.url}/books?page={numbers['garbage']}"]
    pages = {url: requests.get(url, headers={"X-Request-ID": numbers["garbage"]}, timeout=30) for url in own}

    assert len(pages) > 25
    assert {page.status_code for page in pages.values()} == {200, 400, 404}
    said = {url: f"{page.headers}\n{page.text}" for url, page in pages.items()}
    assert [url for url, text in said.items() if _found(text.encode(), numbers) or _cvvs(text)] == []


def test_no_log_and_no_trace_shows_a_card(running_shop, answers, numbers):
    written = [path for path in running_shop.run_dir.rglob("*") if path.suffix in (".log", ".jsonl")]

    assert len(written) > 10
    assert [path for path in written if _found(path.read_bytes(), numbers) or _cvvs(path.read_text())] == []


def test_redis_holds_no_card(running_shop, answers, numbers):
    with redis.Redis.from_url(running_shop._redis_url, decode_responses=True) as client:
        kept = [text for key in client.scan_iter() for text in [key, *_values(client, key)]]

    assert _found("\n".join(kept).encode(), numbers) == []
    assert _cvvs("\n".join(kept)) == []


def test_a_dump_of_the_record_shows_no_card_and_only_a_dead_letter_keeps_a_sealed_one(running_shop, answers, numbers):
    dump = subprocess.run(
        [find_postgres_bin() / "pg_dump", running_shop._postgres_url], capture_output=True, text=True, check=True
    ).stdout

    assert all(number[-4:] in dump for way, number in numbers.items() if way not in ("open", "garbage"))
    assert _found(dump.encode(), numbers) == []
    assert _cvvs(dump) == []
    (dead,) = running_shop.dead_letters()
    ((sealed_id, sealed),) = _sealed(running_shop)
    assert sealed_id == dead.order_id
    assert _found(_unpacked(sealed), numbers) == []
    card = CardSeal(_card_key(running_shop)).unseal(sealed)
    assert (card.number, card.cvv) == (numbers["failed"], "0" * len(CVV["failed"]))


def test_an_open_order_keeps_its_card_sealed_and_loses_it_when_it_is_settled(running_shop, numbers):
    shop = running_shop
    shop.kill("executor-1")
    body = _order(numbers["open"], CVV["open"], "plain")
    answer = requests.post(f"{shop.url}/checkout", data=body, headers={"Prefer": "respond-async"}, timeout=30)
    order_id = answer.json()["orderId"]

    sealed = dict(_sealed(shop))[order_id]
    assert _found(sealed, numbers) == []
    assert _found(_unpacked(sealed), numbers) == []
    assert CardSeal(_card_key(shop)).unseal(sealed).number == numbers["open"]
    shop.start("executor-1")

    assert shop.client.order(order_id, wait=20).status == "Order Approved"
    assert order_id not in dict(_sealed(shop))
    eventually(lambda: not shop.queue_length())


def test_when_all_has_ended_no_file_of_the_run_holds_a_card_number_in_any_form(running_shop, answers, numbers):
    running_shop.close()

    files = [path for path in running_shop.run_dir.rglob("*") if path.is_file()]
    folders = {path.relative_to(running_shop.run_dir).parts[0] for path in files}
    assert folders == {"logs", "traces", "redis", "postgres"}
    assert [path for path in files if _found(path.read_bytes(), numbers)] == []


@pytest.mark.parametrize("form", range(9))
def test_the_search_finds_a_number_in_every_form(numbers, form, tmp_path):
    (tmp_path / "file").write_bytes(b"before " + list(_forms(numbers["open"]))[form] + b" after")

    assert _found((tmp_path / "file").read_bytes(), numbers) == ["open"]


def _order(number, cvv, way):
    body = checkout_body({"Frankenstein": 1})
    card = {"number": number, "expirationDate": "12/30", "cvv": cvv}
    if way in WRITTEN:
        card["number"] = WRITTEN[way](number)
    else:
        card |= {field: change(card[field]) for field, change in REJECTED[way].items()}
    return json.dumps(body | {"creditCard": card}).encode()


def _garbage(number, cvv):
    """Bodies that are no orders, with a card in each."""
    good = json.loads(_order(number, cvv, "plain"))
    card = good["creditCard"]
    wrong = [
        {"creditCard": card | {"number": int(number)}},
        {"creditCard": card | {"number": number * 10}},
        {"creditCard": card | {"cvv": [cvv]}},
        {"creditCard": number},
        {"creditCard": {"number": number}},
        {"items": [{"name": "No Such Book", "quantity": 1}]},
        {"items": []},
        {"items": number},
        {"termsAccepted": False},
        {"user": {"name": "a\x00b", "contact": "c"}},
        {"user": {"name": "a\ud800b", "contact": "c"}},
        {"items": [{"name": "a\x00b", "quantity": 1}]},
        {"items": [{"name": "a\ud800b", "quantity": 1}]},
    ]
    bodies = [json.dumps(good | change).encode() for change in wrong]
    whole = json.dumps(good).encode()
    return [*bodies, whole[:-1], whole + b"}", b"[" + whole + b"]", b"\xff" + whole, whole * 300, b"[" * 60000 + whole]


def _forms(number):
    """The number as text, and as it would look encoded."""
    yield from (write(number).encode() for write in WRITTEN.values())
    yield number.encode().hex().encode()
    yield number.encode().hex().upper().encode()
    yield number.encode("utf-16-le")
    # In base64 the text looks different at each of three places; what its neighbours have a part in is left out.
    for shift in range(3):
        encoded = base64.b64encode(b"x" * shift + number.encode())
        yield encoded[(shift * 8 + 5) // 6 : (shift + len(number)) * 8 // 6]


def _found(content, numbers):
    return [way for way, number in numbers.items() if any(form in content for form in _forms(number))]


def _cvvs(text):
    return [cvv for cvv in CVV.values() if re.search(rf"(?<![0-9A-Za-z.:,]){cvv}(?![0-9A-Za-z])", text)]


def _values(client, key):
    match client.type(key):
        case "list":
            return client.lrange(key, 0, -1)
        case "set":
            return client.smembers(key)
        case "hash":
            return chain.from_iterable(client.hgetall(key).items())
        case _:
            return [client.get(key) or ""]


def _sealed(shop):
    with psycopg.connect(shop._postgres_url) as connection:
        return connection.execute("SELECT order_id, sealed_card FROM orders WHERE sealed_card IS NOT NULL").fetchall()


def _card_key(shop):
    orchestrator = next(status for status in shop.processes() if status.name == "orchestrator")
    return psutil.Process(orchestrator.pid).environ()[variable("card_key")]


def _unpacked(sealed):
    return base64.urlsafe_b64decode(sealed)
