"""Settings to parts to serving: `python -m services.suggestions`."""

from bookstore_lib.runtime.service import run_service
from services.suggestions.assemble import start

if __name__ == "__main__":
    run_service("suggestions", start)
