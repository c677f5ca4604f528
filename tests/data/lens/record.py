"""Records what OpenCV's fisheye functions give, for the tests of src/media/lens.

    pip install opencv-python-headless numpy
    python tests/data/lens/record.py > tests/data/lens/opencv.json

The picture is a synthetic grid that the tests draw too. Points are (x, y) of the straightened picture, where they come
from in steps of 1/32 pixel, and the colour that cv2.remap gives them with its edges repeated. `kept` is the largest rectangle of
points that come from at most half a pixel outside the picture, found here by trying all pairs of rows. `sha256` is that of
the bytes inside.
"""

import hashlib
import json

import cv2
import numpy as np

CASES = [
    # width, height, strength, balance
    (320, 180, -0.18, 0.0),
    (320, 180, -0.18, 1.0),
    (180, 320, -0.18, 0.0),
    (161, 121, -0.3, 0.5),
    (240, 240, 0.12, 0.0),
    (200, 120, -0.58, 0.0),
    (1280, 720, -0.18, 0.0),
]
POINTS = 40


def grid(width, height):
    """A ramp in each channel, crossed by white lines every 16 pixels."""
    y, x = np.mgrid[0:height, 0:width]
    rgb = np.stack([x * 255 // (width - 1), y * 255 // (height - 1), (x * 7 + y * 13) % 256], axis=-1)
    rgb[(x % 16 == 0) | (y % 16 == 0)] = 255
    return rgb.astype(np.uint8)


def maps(width, height, strength, balance):
    longer = float(max(width, height))
    camera = np.array([[longer, 0, width / 2], [0, longer, height / 2], [0, 0, 1]])
    distortion = np.array([strength, 0, 0, 0])
    shown = cv2.fisheye.estimateNewCameraMatrixForUndistortRectify(
        camera, distortion, (width, height), np.eye(3), balance=balance
    )
    args = (camera, distortion, np.eye(3), shown, (width, height))
    return shown, *cv2.fisheye.initUndistortRectifyMap(*args, cv2.CV_16SC2)


def kept(steps, width, height):
    """The largest good rectangle: for each pair of rows, the longest run of columns that are good in all rows between."""
    last = np.array([width - 1, height - 1]) * 32
    good = ((steps >= -16) & (steps <= last + 16)).all(axis=-1)
    best = (0, 0, 0, 0)
    for top in range(height):
        run = np.ones(width, bool)
        for bottom in range(top, height):
            run &= good[bottom]
            if not run.any():
                break
            edges = np.flatnonzero(np.diff(np.concatenate([[0], run.view(np.int8), [0]])))
            starts, ends = edges[::2], edges[1::2]
            at = np.argmax(ends - starts)
            size = int(ends[at] - starts[at])
            if size * (bottom + 1 - top) > best[2] * best[3]:
                best = (int(starts[at]), top, size, bottom + 1 - top)
    x, y, w, h = best
    return x, y, w & ~1, h & ~1


def case(width, height, strength, balance):
    shown, whole, part = maps(width, height, strength, balance)
    steps = whole.astype(int) * 32 + np.stack([part & 31, part >> 5], axis=-1)
    straight = cv2.remap(grid(width, height), whole, part, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    x, y, w, h = kept(steps, width, height) if width < 1000 else (0, 0, width, height)
    random = np.random.default_rng(width * height)
    points = []
    for px, py in zip(random.integers(x, x + w, POINTS), random.integers(y, y + h, POINTS)):
        points.append([int(px), int(py), *map(int, steps[py, px]), *map(int, straight[py, px])])
    return {
        "size": [width, height],
        "strength": strength,
        "balance": balance,
        "focal": shown[0, 0],
        "centre": [shown[0, 2], shown[1, 2]],
        "kept": [x, y, w, h],
        "sha256": hashlib.sha256(straight[y : y + h, x : x + w].tobytes()).hexdigest(),
        "points": points,
    }


def line(value):
    return json.dumps(value, separators=(",", ":"))


cases = [line(case(*each)) for each in CASES]
print('{"opencv":"%s","cases":[\n%s\n]}' % (cv2.__version__, ",\n".join(cases)))
