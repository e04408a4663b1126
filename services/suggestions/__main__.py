"""Settings to parts to serving: `python -m services.suggestions`."""

from contextlib import ExitStack

from bookstore_lib.pb.suggestions_pb2_grpc import add_SuggestionsServicer_to_server
from bookstore_lib.runtime.catalogue import Catalogue
from bookstore_lib.runtime.postgres import Database
from bookstore_lib.runtime.service import run_service, serve_grpc
from bookstore_lib.runtime.sessions import Sessions
from bookstore_lib.runtime.settings import Settings
from bookstore_lib.runtime.tracker import OrderEventTracker
from services.suggestions.servicer import Suggestions


def start(settings: Settings, tracker: OrderEventTracker, parts: ExitStack) -> None:
    database = Database(settings.postgres_url)
    parts.callback(database.close)
    database.migrate()
    servicer = Suggestions(Sessions(tracker, settings.session_idle), Catalogue(database), tracker)
    serve_grpc(settings, tracker, parts, lambda s: add_SuggestionsServicer_to_server(servicer, s))


if __name__ == "__main__":
    run_service("suggestions", start)
