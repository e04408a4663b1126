"""Whatever goes wrong becomes an error in JSON."""

import json
import logging
from typing import Any

import redis
from werkzeug.exceptions import HTTPException

from bookstore_lib.core.errors import BookstoreError, UnavailableError
from services.orchestrator import answers

log = logging.getLogger(__name__)


def on_error(error: Exception) -> Any:
    """The answer to a request that raised; what is our own mistake goes into the log, and not into the answer."""
    if isinstance(error, redis.RedisError):
        error = UnavailableError("Redis does not answer; try again later.")
    if isinstance(error, BookstoreError):
        return answers.from_error(error)
    if isinstance(error, HTTPException):
        response = error.get_response()  # with the headers that belong to it, such as Allow
        code = error.name.lower().replace(" ", "_")
        response.set_data(json.dumps(answers.error_answer(code, error.description or error.name)))
        response.content_type = "application/json"
        return response
    log.error("A request failed in an unexpected way", exc_info=error)
    return answers.error_answer("internal", "This is our mistake; the orchestrator's log says more."), 500
