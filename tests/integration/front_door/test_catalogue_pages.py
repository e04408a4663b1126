"""The storefront, the catalogue, and how the shop is."""

import re

import pytest
import redis

from tests.integration.front_door.shop import error_of


def test_the_root_is_the_storefront_and_all_that_it_needs_is_there(closed_shop):
    page = closed_shop.http.get("/")

    assert page.status_code == 200
    assert page.mimetype == "text/html"
    needed = re.findall(r'(?:src|href)="(static/[^"]+)"', page.text)
    assert len(needed) >= 2
    assert {closed_shop.http.get(f"/{path}").status_code for path in needed} == {200}


def test_books_come_in_pages_that_cover_the_catalogue_once(closed_shop):
    pages = [closed_shop.http.get(f"/books?page={page}&limit=100").get_json() for page in (1, 2, 3, 4)]
    ids = [int(book["bookId"]) for page in pages for book in page["books"]]

    assert ids == sorted(set(ids))
    assert len(ids) == pages[0]["total"]
    assert (pages[1]["page"], pages[1]["limit"]) == (2, 100)
    assert pages[0]["books"][0] == {
        "bookId": "1",
        "title": "Book A",
        "author": "Course Staff",
        "genre": "Textbook",
        "price": 10.0,
        "stock": 100_000,
    }


def test_a_page_past_the_end_is_empty_and_still_knows_the_total(closed_shop):
    first, beyond = (closed_shop.http.get(f"/books?page={page}").get_json() for page in (1, 1000))

    assert beyond["books"] == []
    assert beyond["total"] == first["total"]


@pytest.mark.parametrize(
    ("query", "titles"),
    [
        ("q=fRANKenstein", {"Frankenstein"}),
        ("q=shelley&genre=gothic", {"Frankenstein"}),
        ("author=stoker", {"Dracula"}),
        ("author=course+staff&genre=textbook", {"Book A", "Book B"}),
        ("q=%25", set()),
        ("q=' OR 1=1 --", set()),
        ("q=dracula&author=shelley", set()),
    ],
)
def test_books_are_found_by_text_author_and_genre_in_any_case(closed_shop, query, titles):
    found = closed_shop.http.get(f"/books?{query}").get_json()

    assert {book["title"] for book in found["books"]} == titles
    assert found["total"] == len(titles)


def test_health_says_which_part_is_ill(closed_shop):
    assert closed_shop.http.get("/api/health").get_json() == {"status": "ok", "parts": closed_shop.parts}

    closed_shop.parts["redis"] = False

    answer = closed_shop.http.get("/api/health")
    assert (answer.status_code, answer.get_json()["status"]) == (503, "degraded")


def test_the_leader_and_its_epoch_are_told_or_redis_is_said_to_be_away(closed_shop):
    assert closed_shop.http.get("/api/leader").get_json() == {"leader": "executor-1", "epoch": 7}

    def gone():
        raise redis.ConnectionError("Error 111 connecting to sesame:6379")

    closed_shop.holder = gone
    answer = closed_shop.http.get("/api/leader")
    assert error_of(answer) == (503, "unavailable")
    assert "sesame" not in answer.text
