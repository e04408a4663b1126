"""Settings to parts to serving: `python -m services.order_executor`."""

import socket

from bookstore_lib.runtime.service import run_service
from services.order_executor.assemble import start

if __name__ == "__main__":
    run_service(f"executor-{socket.gethostname()}", start)
