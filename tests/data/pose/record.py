"""Records letterboxed pixels and decoded persons, for the tests of src/pipelines/referee/pose.

    pip install opencv-python-headless numpy
    python tests/data/pose/record.py > tests/data/pose/recorded.json

Pictures go through cv2.resize (INTER_LINEAR) and cv2.copyMakeBorder as Ultralytics' LetterBox does. Predictions are drawn at random
and go through a small numpy version of its pose post-processing: confidence threshold, boxes from centres to corners,
greedy suppression by IoU (what torchvision.ops.nms does), scaling back by gain and padding, clipping, and keypoints of
low visibility set to 0. The one difference: keypoints are moved back by the padding as it was laid, in whole pixels, as
boxes are; Ultralytics moves keypoints by the unrounded half.
"""

import json

import cv2
import numpy as np

PICTURES = [((96, 54), (64, 64)), ((50, 80), (64, 64)), ((64, 36), (64, 36)), ((40, 30), (64, 36)), ((101, 57), (64, 64))]
PREDICTIONS = [((1280, 720), (640, 640)), ((1280, 718), (640, 640)), ((500, 800), (256, 144))]
COUNT = 28
CONFIDENCE, IOU, VISIBILITY = 0.25, 0.7, 0.5


def geometry(source, target):
    gain = min(target[1] / source[1], target[0] / source[0])
    inner = [int(round(side * gain)) for side in source]
    half = [(to - side) / 2 for to, side in zip(target, inner)]
    pad = [int(round(side - 0.1)) for side in half]
    return gain, inner, pad, [int(round(side + 0.1)) for side in half]


def picture(width, height):
    y, x = np.mgrid[0:height, 0:width]
    return np.stack([x * 255 // (width - 1), y * 255 // (height - 1), (x * 7 + y * 13) % 256], axis=-1).astype(np.uint8)


def letterboxed(source, target):
    gain, inner, pad, rest = geometry(source, target)
    rgb = picture(*source)
    if tuple(inner) != source:
        rgb = cv2.resize(rgb, inner, interpolation=cv2.INTER_LINEAR)
    rgb = cv2.copyMakeBorder(rgb, pad[1], rest[1], pad[0], rest[0], cv2.BORDER_CONSTANT, value=(114, 114, 114))
    random = np.random.default_rng(source[0])
    points = [[int(random.integers(target[0])), int(random.integers(target[1]))] for _ in range(40)]
    return {"source": source, "input": target, "pixels": [[x, y, *map(int, rgb[y, x])] for x, y in points]}


def draw(source, target, random):
    """Three clusters of boxes that overlap, and a few that are unsure."""
    gain, inner, pad, _ = geometry(source, target)
    centres = random.uniform(0.2, 0.8, (3, 2)) * inner + pad
    rows = np.zeros((56, COUNT))
    for at in range(COUNT):
        size = np.array([0.18, 0.5]) * inner * random.uniform(0.95, 1.05, 2)
        rows[0:2, at] = centres[at % 3] + random.normal(0, 0.012, 2) * inner
        rows[2:4, at] = size
        rows[4, at] = random.uniform(0.15, 0.95)
        rows[5::3, at] = rows[0, at] + random.uniform(-0.7, 0.7, 17) * size[0]
        rows[6::3, at] = rows[1, at] + random.uniform(-0.7, 0.7, 17) * size[1]
        rows[7::3, at] = random.uniform(0.3, 1.0, 17)
    return rows.round(2).astype(np.float32)


def iou(a, b):
    low, high = np.maximum(a[:2], b[:2]), np.minimum(a[2:], b[2:])
    shared = np.prod(np.maximum(high - low, 0))
    return shared / (np.prod(a[2:] - a[:2]) + np.prod(b[2:] - b[:2]) - shared)


def persons(rows, source, target):
    gain, _, pad, _ = geometry(source, target)
    boxes = np.concatenate([rows[:2] - rows[2:4] / 2, rows[:2] + rows[2:4] / 2]).T
    order = [at for at in np.argsort(-rows[4], kind="stable") if rows[4, at] > CONFIDENCE]
    kept = []
    for at in order:
        if all(iou(boxes[at], boxes[other]) <= IOU for other in kept):
            kept.append(at)

    def back(points):
        points = (points - pad) / gain
        return np.clip(points, 0, source)

    found = []
    for at in kept:
        corners = back(boxes[at].reshape(2, 2)).ravel()
        points = back(np.stack([rows[5::3, at], rows[6::3, at]], axis=1))
        points[rows[7::3, at] < VISIBILITY] = 0
        found.append({"bbox": corners, "confidence": rows[4, at], "keypoints": points})
    return found


def plain(value):
    if isinstance(value, dict):
        return {key: plain(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(each) for each in value]
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    return round(float(value), 3) if isinstance(value, (float, np.floating)) else value


def case(source, target, random):
    rows = draw(source, target, random)
    return {"source": source, "input": target, "predictions": rows.ravel(), "persons": persons(rows, source, target)}


def line(value):
    return json.dumps(plain(value), separators=(",", ":"))


random = np.random.default_rng(7)
pictures = [line(letterboxed(*each)) for each in PICTURES]
cases = [line(case(*each, random)) for each in PREDICTIONS]
print('{"letterboxes":[\n%s\n],"cases":[\n%s\n]}' % (",\n".join(pictures), ",\n".join(cases)))
