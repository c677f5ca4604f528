"""Writes tests/engine/data/affine: the smallest model with state that moves on at every run, for the engine suite.

    y = 2 x + s,  and y is the next s

Usage: affine.py [--check]    (--check compares with the committed files and writes nothing)
"""

from __future__ import annotations

import sys
from pathlib import Path

from graph import Graph
from model_files import write_or_check

FOLDER = Path(__file__).resolve().parent.parent.parent / "tests" / "engine" / "data" / "affine"


def build() -> bytes:
    g = Graph("affine")
    x, s = g.input("x", ["batch", 4]), g.input("s", ["batch", 4])
    g.output(x * 2.0 + s, "y", ["batch", 4])
    return g.serialise("frameloom", "y = 2 x + s")


if __name__ == "__main__":
    sys.exit(write_or_check(FOLDER, build(), __doc__.splitlines()[0]))
