"""Puts the suggestions service together."""

from contextlib import ExitStack

from bookstore_lib.pb.suggestions_pb2_grpc import add_SuggestionsServicer_to_server
from bookstore_lib.runtime.catalogue import Catalogue
from bookstore_lib.runtime.postgres import open_record
from bookstore_lib.runtime.service import serve_grpc
from bookstore_lib.runtime.sessions import Sessions
from bookstore_lib.runtime.settings import Settings
from bookstore_lib.runtime.tracker import OrderEventTracker
from services.suggestions.servicer import Suggestions


def start(settings: Settings, tracker: OrderEventTracker, parts: ExitStack) -> None:
    """Connect, migrate the record, and serve; the stack ends it all in the reverse order.

    Raises:
        SetupError: The record cannot be reached or a setting is wrong.
    """
    catalogue = Catalogue(open_record(settings.postgres_url, parts))
    servicer = Suggestions(Sessions(tracker, settings.session_idle), catalogue, tracker)
    serve_grpc(settings, tracker, parts, lambda s: add_SuggestionsServicer_to_server(servicer, s))
