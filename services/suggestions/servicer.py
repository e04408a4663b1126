"""Suggestions over gRPC."""

import grpc

from bookstore_lib.pb import common_pb2, suggestions_pb2, suggestions_pb2_grpc
from bookstore_lib.runtime.catalogue import Catalogue
from bookstore_lib.runtime.sessions import Sessions
from bookstore_lib.runtime.tracker import OrderEventTracker
from services.suggestions import rules

Session = tuple[int, ...]


class Suggestions(suggestions_pb2_grpc.SuggestionsServicer):
    """Knows the ids of the books of an order from InitializeOrder to ClearOrder."""

    def __init__(self, sessions: Sessions[Session], catalogue: Catalogue, tracker: OrderEventTracker) -> None:
        self._sessions, self._catalogue, self._tracker = sessions, catalogue, tracker

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
        books = rules.choose(self._catalogue.related(bought), set(bought))
        self._tracker.local(request.order_id, "books suggested", books=[book.title for book in books])
        return suggestions_pb2.SuggestionsReply(books=[suggestions_pb2.Book(**book._asdict()) for book in books])

    def ClearOrder(self, request: common_pb2.ClearRequest, context: grpc.ServicerContext) -> common_pb2.ClearReply:
        """Forget the order, if the final clock covers all that is known of it here."""
        return self._sessions.clear(request)
