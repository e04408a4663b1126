"""Suggestions over gRPC."""

import time
from functools import lru_cache

import grpc

from bookstore_lib.core.order import Book
from bookstore_lib.pb import common_pb2, suggestions_pb2, suggestions_pb2_grpc
from bookstore_lib.runtime.catalogue import Catalogue
from bookstore_lib.runtime.sessions import Sessions
from bookstore_lib.runtime.tracker import OrderEventTracker
from services.suggestions import rules

Session = tuple[int, ...]

# So long a look at the catalogue is good for: others buy the same books at the same time.
_LOOK_SECONDS = 1.0
_LOOKS = 1024


class Suggestions(suggestions_pb2_grpc.SuggestionsServicer):
    """Knows the ids of the books of an order from InitializeOrder to ClearOrder."""

    def __init__(self, sessions: Sessions[Session], catalogue: Catalogue, tracker: OrderEventTracker) -> None:
        self._sessions, self._tracker = sessions, tracker

        @lru_cache(_LOOKS)
        def suggested(bought: Session, _second: int) -> list[Book]:
            return rules.choose(catalogue.related(bought), set(bought))

        self._suggested = suggested

    def InitializeOrder(
        self, request: suggestions_pb2.InitializeSuggestions, context: grpc.ServicerContext
    ) -> common_pb2.InitializeReply:
        """Remember the order."""
        self._sessions.open(request.order_id, tuple(item.book_id for item in request.items))
        return common_pb2.InitializeReply()

    def GetSuggestions(
        self, request: common_pb2.OrderRequest, context: grpc.ServicerContext
    ) -> suggestions_pb2.SuggestionsReply:
        """Find related books."""
        bought = self._sessions.data(request.order_id)
        books = self._suggested(bought, int(time.monotonic() / _LOOK_SECONDS))
        self._tracker.local(request.order_id, "books suggested", books=[book.title for book in books])
        return suggestions_pb2.SuggestionsReply(books=[suggestions_pb2.Book(**book._asdict()) for book in books])

    def ClearOrder(self, request: common_pb2.ClearRequest, context: grpc.ServicerContext) -> common_pb2.ClearReply:
        """Forget the order, if the final clock covers all that is known of it here."""
        return self._sessions.clear(request)
