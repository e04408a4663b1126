"""Generate the stubs in bookstore_lib/pb from the .proto files here: `python protos/generate.py [folder]`."""

import sys
from importlib.resources import files
from pathlib import Path

from grpc_tools import protoc

PROTOS = Path(__file__).parent
ROOT = PROTOS.parent


def generate(root: Path) -> None:
    """Write the stubs and their types under `root`/bookstore_lib/pb.

    Raises:
        SystemExit: protoc refused a file; it has said why on standard error.
    """
    (root / "bookstore_lib" / "pb").mkdir(parents=True, exist_ok=True)
    arguments = [
        "protoc",
        # The .proto files appear under the package's path, so that the stubs import each other by their full name.
        f"--proto_path=bookstore_lib/pb={PROTOS}",
        f"--proto_path={files('grpc_tools') / '_proto'}",
        f"--plugin=protoc-gen-mypy={Path(sys.executable).parent / 'protoc-gen-mypy'}",
        f"--plugin=protoc-gen-mypy_grpc={Path(sys.executable).parent / 'protoc-gen-mypy_grpc'}",
        f"--python_out={root}",
        f"--grpc_python_out={root}",
        f"--mypy_out=quiet:{root}",
        f"--mypy_grpc_out=quiet:{root}",
        *sorted(str(path) for path in PROTOS.glob("*.proto")),
    ]
    if protoc.main(arguments) != 0:
        sys.exit("The stubs were not generated: protoc refused a file (see above).")


if __name__ == "__main__":
    generate(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT)
