"""Whatever goes wrong becomes an error in JSON."""

import json
import logging
from typing import Any

import redis
from flask import request
from werkzeug.exceptions import HTTPException

from bookstore_lib.core.errors import BookstoreError, UnavailableError
from bookstore_lib.runtime.logs import audit
from services.orchestrator import answers

log = logging.getLogger(__name__)


def on_error(error: Exception) -> Any:
    """The answer to a request that raised. The log says that it was refused; of our own mistakes it says more."""
    if isinstance(error, redis.RedisError):
        error = UnavailableError("Redis does not answer; try again later.")
    if isinstance(error, BookstoreError):
        audit(_page(), error.code)
        return answers.from_error(error)
    if isinstance(error, HTTPException):
        response = error.get_response()  # with the headers that belong to it, such as Allow
        code = error.name.lower().replace(" ", "_")
        audit(_page(), code)
        response.set_data(json.dumps(answers.error_answer(code, error.description or error.name)))
        response.content_type = "application/json"
        return response
    log.error("A request failed in an unexpected way", exc_info=error)
    return answers.error_answer("internal", "This is our mistake; the orchestrator's log says more."), 500


def _page() -> str:
    """What was asked for, in our own words: people put anything into an address."""
    return request.url_rule.rule if request.url_rule else "no page"
