"""Which pages may read the answers, and what a browser is told to beware of."""

import pytest

from tests.integration.front_door.shop import PAGE, good


@pytest.mark.parametrize("origin", [PAGE, "http://127.0.0.1:8080"])
@pytest.mark.parametrize("body", [good(), b"{"])
def test_the_course_page_may_read_answers_and_errors(closed_shop, origin, body):
    answer = closed_shop.post(body, headers={"Origin": origin})

    assert answer.headers["Access-Control-Allow-Origin"] == origin
    assert "Origin" in answer.headers["Vary"]


@pytest.mark.parametrize(
    "origin", [None, "null", "http://localhost:8081", "https://evil.example", f"{PAGE}.evil.example"]
)
def test_no_other_page_may(closed_shop, origin):
    headers = {"Origin": origin} if origin else {}

    assert "Access-Control-Allow-Origin" not in closed_shop.post(good(), headers=headers).headers
    assert "Access-Control-Allow-Origin" not in closed_shop.http.get("/books", headers=headers).headers


def test_the_course_page_may_send_json_and_a_key(closed_shop):
    answer = closed_shop.http.options(
        "/checkout",
        headers={
            "Origin": PAGE,
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "content-type,idempotency-key",
        },
    )

    assert answer.status_code in (200, 204)
    assert answer.headers["Access-Control-Allow-Origin"] == PAGE
    allowed = answer.headers["Access-Control-Allow-Headers"].lower()
    assert "content-type" in allowed
    assert "idempotency-key" in allowed


@pytest.mark.parametrize("path", ["/", "/books", "/nowhere", "/static/store.js"])
def test_every_answer_carries_the_security_headers(closed_shop, path):
    headers = closed_shop.http.get(path).headers

    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert "default-src 'self'" in headers["Content-Security-Policy"]
