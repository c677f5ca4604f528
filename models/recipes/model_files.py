"""The command line that every recipe of a graph has: writes a model's file and its hash in model.toml, or compares them.

Not responsible for what is in the graph. Invariant: file and hash are written together, so they never disagree.
"""

from __future__ import annotations

import argparse
import hashlib
import re
from pathlib import Path


def write_or_check(folder: Path, model: bytes, title: str) -> int:
    """Obeys the command line (`--check` writes nothing); gives the exit status, 1 if a check found a difference."""
    arguments = argparse.ArgumentParser(description=title)
    arguments.add_argument("--check", action="store_true", help="compare with the committed files, write nothing")
    check = arguments.parse_args().check
    digest = hashlib.sha256(model).hexdigest()
    manifest = (folder / "model.toml").read_text(encoding="utf-8")
    manifest = re.sub(r'(?m)^sha256 = ".*"$', f'sha256 = "{digest}"', manifest)
    files = {"model.onnx": model, "model.toml": manifest.encode()}
    stale = [name for name, data in files.items() if not (folder / name).exists() or (folder / name).read_bytes() != data]
    if not check:
        for name, data in files.items():
            (folder / name).write_bytes(data)
    print(f"{digest}  {len(model)} bytes; {'differs: ' + ', '.join(stale) if stale else 'the same as before'}")
    return 1 if check and stale else 0
