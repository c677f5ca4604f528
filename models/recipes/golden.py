"""Writes models/world-box/golden: what ONNX Runtime makes of inputs that any language can rebuild from a formula.

The picture is 64 x 64: image[c, y, x] = 0.5 + 0.5 * sin(0.31 * x * (c + 1) + 0.17 * y), in double precision, then f32.
Each case of cases.json has a pose, a scene and the name of a file with the expected frame: f32, little-endian, [3, 64, 64].

Usage: golden.py [--check]    (--check compares within the tolerance and writes nothing)
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import numpy as np
import onnxruntime

FOLDER = Path(__file__).resolve().parent.parent / "world-box"
SIDE = 64
TOLERANCE = 1e-3
CASES = {
    "still-room": ([0, 0, 0, 0, 0, 0], [0.5, 1, 1.4, 6]),
    "forward-street": ([0.2, 0.02, 0.9, 0.05, -0.03, 0], [0.45, 1, -2.2, 9]),
    "back-open": ([-0.4, 0, -1.1, 0, 0, 0], [0.6, 1, 64, 12]),
    "renewal-room": ([0, 0, 0.5, 0, 0, 0.5], [0.5, 1, 1.4, 2.7]),
    "sideways-flat": ([0.8, 0, 0.6, 0, 0, 0], [0.5, 64, 64, 3]),
}


def picture() -> np.ndarray:
    c, y, x = np.meshgrid(np.arange(3), np.arange(SIDE), np.arange(SIDE), indexing="ij")
    return (0.5 + 0.5 * np.sin(0.31 * x * (c + 1) + 0.17 * y)).astype("<f4")[None]


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--check", action="store_true", help="compare with the committed files, write nothing")
    check = arguments.parse_args().check
    session = onnxruntime.InferenceSession(str(FOLDER / "model.onnx"), providers=["CPUExecutionProvider"])
    folder = FOLDER / "golden"
    folder.mkdir(exist_ok=True)
    listing, worst = [], 0.0
    for name, (pose, scene) in CASES.items():
        rows = {"pose": np.array([pose], "<f4"), "scene": np.array([scene], "<f4")}
        frame = session.run(None, {"image": picture(), **rows})[0].astype("<f4")
        if check:
            known = np.fromfile(folder / f"{name}.f32", "<f4").reshape(frame.shape)
            worst = max(worst, float(np.abs(known - frame).max()))
        else:
            frame.tofile(folder / f"{name}.f32")
        listing.append({"name": name, "pose": pose, "scene": scene, "frame": f"{name}.f32"})
    if not check:
        head = {"height": SIDE, "width": SIDE, "tolerance": TOLERANCE, "image": "0.5 + 0.5 * sin(0.31 * x * (c + 1) + 0.17 * y)"}
        (folder / "cases.json").write_text(json.dumps({**head, "cases": listing}, indent=1) + "\n", encoding="utf-8")
    print(f"{len(CASES)} cases, largest difference {worst:.2g}")
    return 0 if worst <= TOLERANCE else 1


if __name__ == "__main__":
    sys.exit(main())
