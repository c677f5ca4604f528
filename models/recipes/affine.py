"""Writes tests/engine/data/affine: the smallest model with state that moves on at every run, for the engine suite.

    y = 2 x + s,  and y is the next s

Usage: affine.py [--check]    (--check compares with the committed files and writes nothing)
"""

from __future__ import annotations

import argparse
import hashlib
import re
import sys
from pathlib import Path

from graph import Graph

FOLDER = Path(__file__).resolve().parent.parent.parent / "tests" / "engine" / "data" / "affine"


def build() -> bytes:
    g = Graph("affine")
    x, s = g.input("x", ["batch", 4]), g.input("s", ["batch", 4])
    g.output(x * 2.0 + s, "y", ["batch", 4])
    return g.serialise("frameloom", "y = 2 x + s")


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--check", action="store_true", help="compare with the committed files, write nothing")
    check = arguments.parse_args().check
    model = build()
    digest = hashlib.sha256(model).hexdigest()
    manifest = (FOLDER / "model.toml").read_text(encoding="utf-8")
    manifest = re.sub(r'(?m)^sha256 = ".*"$', f'sha256 = "{digest}"', manifest)
    files = {"model.onnx": model, "model.toml": manifest.encode()}
    stale = [name for name, data in files.items() if not (FOLDER / name).exists() or (FOLDER / name).read_bytes() != data]
    if not check:
        for name, data in files.items():
            (FOLDER / name).write_bytes(data)
    print(f"{digest}  {len(model)} bytes; {'differs: ' + ', '.join(stale) if stale else 'the same as before'}")
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
