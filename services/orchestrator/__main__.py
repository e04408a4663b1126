"""Settings to parts to serving: `python -m services.orchestrator`."""

from bookstore_lib.runtime.service import run_service
from services.orchestrator.assemble import start

if __name__ == "__main__":
    run_service("orchestrator", start)
