"""Schemathesis makes requests of the OpenAPI document, right and wrong ones, and holds a real shop to it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

# Examples of each operation; the full check is `BOOKSTORE_SCHEMATHESIS=500`.
EXAMPLES = os.environ.get("BOOKSTORE_SCHEMATHESIS", "15")
CONFIG = Path(__file__).parents[1] / "schemathesis.toml"


@pytest.mark.timeout(3600)
def test_no_request_gets_an_answer_that_is_not_documented_or_a_failure_of_ours(shop, tmp_path):
    command = [
        str(Path(sys.executable).parent / "schemathesis"),
        *("--config-file", str(CONFIG)),
        *("run", f"{shop.url}/openapi.json", "--checks", "all", "-n", EXAMPLES, "--seed", "1"),
    ]

    result = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)

    assert result.returncode == 0, result.stdout
