"""Trains the built-in keypoint model `fencer-keypoints` on drawn bouts, and writes its folder.

The pictures come from this program itself (`frameloom bench-role draw`), so the data can be drawn again by anybody. One thread,
fixed seeds: the same machine gives the same weights; another may round otherwise, which is why the file is pinned by its sum and
not made again in every check.

    python fencer_keypoints.py --frameloom ../../target/release/frameloom     # draws, trains, exports, measures (an hour)
    python fencer_keypoints.py --check                                         # what can be checked without training

Needs requirements-train.txt to train and requirements.txt to check.
"""

import argparse
import hashlib
import json
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
FOLDER = HERE.parent / "fencer-keypoints"
WIDTH, HEIGHT = 256, 144
STRIDE = 4
GRID = (HEIGHT // STRIDE, WIDTH // STRIDE)
PERSONS, JOINTS = 2, 17
MAPS = PERSONS * JOINTS
RECORD = WIDTH * HEIGHT * 3 + MAPS * 3 * 4
TRAIN_SEED, TEST_SEED = 1_000_000, 9_000_000
# COCO's pairs of left and right: a mirrored person has them exchanged.
SWAP = [0, 2, 1, 4, 3, 6, 5, 8, 7, 10, 9, 12, 11, 14, 13, 16, 15]
GROUPS = {
    "head": [0, 1, 2, 3, 4],
    "shoulders and hips": [5, 6, 11, 12],
    "elbows and knees": [7, 8, 13, 14],
    "hands": [9, 10],
    "feet": [15, 16],
}


def draw(frameloom, path, count, seed):
    """Draws `count` frames into `path`, unless they are there."""
    if path.exists() and path.stat().st_size == count * RECORD:
        return
    size = ["--width", str(WIDTH), "--height", str(HEIGHT)]
    command = [frameloom, "bench-role", "draw", "--out", path, "--count", count, "--seed", seed, *size]
    subprocess.run([str(part) for part in command], check=True)


def load(path):
    """Pictures as uint8 [n,3,H,W] and truth as float32 [n,2,17,3]."""
    raw = np.fromfile(path, np.uint8).reshape(-1, RECORD)
    pixels = raw[:, : WIDTH * HEIGHT * 3].reshape(-1, HEIGHT, WIDTH, 3)
    truth = raw[:, WIDTH * HEIGHT * 3 :].copy().view("<f4").reshape(-1, PERSONS, JOINTS, 3)
    return pixels, truth


def network(torch):
    """The network: a small U-shaped net with a heat map for each joint of each fencer."""
    nn = torch.nn

    class Block(nn.Module):
        def __init__(self, width):
            super().__init__()
            self.a = nn.Conv2d(width, width, 3, padding=1, bias=False)
            self.na = nn.BatchNorm2d(width)
            self.b = nn.Conv2d(width, width, 3, padding=1, bias=False)
            self.nb = nn.BatchNorm2d(width)

        def forward(self, x):
            return torch.relu(x + self.nb(self.b(torch.relu(self.na(self.a(x))))))

    def down(before, after):
        return nn.Sequential(nn.Conv2d(before, after, 3, 2, 1, bias=False), nn.BatchNorm2d(after), nn.ReLU())

    def up(before, after):
        return nn.Sequential(nn.ConvTranspose2d(before, after, 2, 2, bias=False), nn.BatchNorm2d(after), nn.ReLU())

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.d1, self.d2 = down(3, 16), nn.Sequential(down(16, 32), Block(32))
            self.d3, self.d4 = nn.Sequential(down(32, 48), Block(48)), nn.Sequential(down(48, 64), Block(64), Block(64))
            self.d5 = nn.Sequential(down(64, 64), Block(64))
            self.u4, self.u3, self.u2 = up(64, 64), up(64, 48), up(48, 32)
            self.b4, self.b3, self.b2 = Block(64), Block(48), Block(32)
            self.maps = nn.Conv2d(32, MAPS, 1)
            self.there = nn.Linear(64, PERSONS)

        def features(self, x):
            two = self.d2(self.d1(x))
            three = self.d3(two)
            four = self.d4(three)
            # Rows of the picture halve to an odd number on the way down; the last row is repeated so that they double back.
            five = self.d5(torch.cat([four, four[:, :, -1:]], 2) if four.shape[2] % 2 else four)
            there = self.there(five.mean((2, 3)))
            four = self.b4(four + self.u4(five)[:, :, : four.shape[2]])
            three = self.b3(three + self.u3(four))
            return self.maps(self.b2(two + self.u2(three))), there

        def forward(self, images):
            """[B,3,H,W] RGB 0..1 → [B,56,2]."""
            maps, there = self.features(images - 0.5)
            chance = torch.softmax(maps.reshape(-1, MAPS, GRID[0] * GRID[1]), 2)
            x, y = (chance * self.grid_x).sum(2), (chance * self.grid_y).sum(2)
            x, y = x.reshape(-1, PERSONS, JOINTS), y.reshape(-1, PERSONS, JOINTS)
            # A map of one joint has a peak of about 0.16; one that does not know has a flat one.
            sure = (chance.amax(2) * 8.0).clamp(max=1.0).reshape(-1, PERSONS, JOINTS)
            there = torch.sigmoid(there)
            left, right, top, bottom = x.amin(2), x.amax(2), y.amin(2), y.amax(2)
            box = torch.stack([(left + right) / 2, (top + bottom) / 2, right - left, bottom - top, there], 2)
            points = torch.stack([x, y, sure * there[:, :, None]], 3).reshape(-1, PERSONS, 3 * JOINTS)
            return torch.cat([box, points], 2).transpose(1, 2)

    net = Net()
    ys, xs = torch.meshgrid(*(torch.arange(n) for n in GRID), indexing="ij")
    for name, places in (("grid_x", xs), ("grid_y", ys)):
        net.register_buffer(name, (places.reshape(1, 1, -1).float() + 0.5) * STRIDE - 0.5)
    return net


def augmented(torch, pixels, truth, lot):
    """A batch as floats, mirrored, moved, scaled and recoloured by lot."""
    n = len(pixels)
    images = torch.from_numpy(pixels.transpose(0, 3, 1, 2).astype(np.float32) / 255)
    points = torch.from_numpy(truth[..., :2].copy())
    mirrored = torch.from_numpy(lot.random(n) < 0.5)
    images[mirrored] = images[mirrored].flip(3)
    turned = points[mirrored].flip(1)[:, :, SWAP]
    turned[..., 0] = WIDTH - 1 - turned[..., 0]
    points[mirrored] = turned
    scale = torch.from_numpy(np.exp(lot.uniform(-0.25, 0.2, n)).astype(np.float32))
    move = torch.from_numpy(lot.uniform(-0.1, 0.1, (n, 2)).astype(np.float32))
    theta = torch.zeros(n, 2, 3)
    theta[:, 0, 0] = theta[:, 1, 1] = 1 / scale
    theta[:, :, 2] = move
    grid = torch.nn.functional.affine_grid(theta, images.shape, align_corners=False)
    images = torch.nn.functional.grid_sample(images, grid, padding_mode="reflection", align_corners=False)
    size = torch.tensor([WIDTH, HEIGHT], dtype=torch.float32)
    unit = (points + 0.5) / size * 2 - 1
    unit = (unit - move[:, None, None]) * scale[:, None, None, None]
    points = (unit + 1) / 2 * size - 0.5
    gain = torch.from_numpy(lot.uniform(0.7, 1.3, (n, 3, 1, 1)).astype(np.float32))
    noise = torch.from_numpy(lot.standard_normal(images.shape).astype(np.float32)) * float(lot.uniform(0, 0.04))
    if lot.random() < 0.3:
        images = torch.nn.functional.avg_pool2d(images, 3, 1, 1)
    return (images * gain + noise).clamp(0, 1), points


def loss(torch, net, images, points, there):
    """Distance of the points, spread of the maps, and whether fencers are there."""
    maps, logits = net.features(images - 0.5)
    flat = maps.reshape(-1, MAPS, GRID[0] * GRID[1])
    log = torch.log_softmax(flat, 2)
    chance = log.exp()
    target = points.reshape(-1, MAPS, 2)
    inside = ((target >= 0) & (target < torch.tensor([WIDTH, HEIGHT]))).all(2) & there[:, None]
    weight = inside.float()
    x, y = (chance * net.grid_x).sum(2), (chance * net.grid_y).sum(2)
    far = (x - target[..., 0]).abs() + (y - target[..., 1]).abs()
    dx, dy = net.grid_x - target[..., :1], net.grid_y - target[..., 1:]
    wanted = torch.softmax(-(dx**2 + dy**2) / (2 * (STRIDE * 1.0) ** 2), 2)
    spread = -(wanted * log).sum(2)
    total = weight.sum().clamp(min=1)
    presence = torch.nn.functional.binary_cross_entropy_with_logits(logits, there.float()[:, None].expand_as(logits))
    return ((0.25 * far + spread) * weight).sum() / total + presence


def train(torch, net, pixels, truth, seconds, seed, log):
    """Trains for so many seconds of this thread's time, the rate falling to nothing at the end."""
    torch.set_num_threads(1)
    torch.manual_seed(seed)
    lot = np.random.default_rng(seed)
    optimiser = torch.optim.AdamW(net.parameters(), 2e-3, weight_decay=1e-3)
    there = torch.from_numpy(truth[..., 2].any((1, 2)))
    began, step, shown = time.thread_time(), 0, 0.0
    net.train()
    while (spent := time.thread_time() - began) < seconds:
        for group in optimiser.param_groups:
            group["lr"] = 2e-3 * min(1.0, (step + 1) / 50) * 0.5 * (1 + np.cos(np.pi * spent / seconds))
        some = lot.integers(0, len(pixels), 24)
        images, points = augmented(torch, pixels[some], truth[some], lot)
        value = loss(torch, net, images, points, there[torch.from_numpy(some)])
        optimiser.zero_grad()
        value.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 5.0)
        optimiser.step()
        step, shown = step + 1, 0.98 * shown + 0.02 * value.item() if step else value.item()
        if step % 50 == 0:
            print(f"{spent:6.0f} s  step {step}  loss {shown:.3f}", file=log, flush=True)
    return step


def export(torch, net, path):
    """Writes the graph, batch free, without anything that changes from run to run."""
    import onnx

    net.eval()
    torch.onnx.export(
        net,
        torch.zeros(1, 3, HEIGHT, WIDTH),
        str(path),
        input_names=["images"],
        output_names=["predictions"],
        dynamic_axes={"images": {0: "batch"}, "predictions": {0: "batch"}},
        opset_version=17,
        dynamo=False,
    )
    model = onnx.load(str(path))
    model.producer_name, model.producer_version = "frameloom", ""
    for node in model.graph.node:
        node.doc_string = ""
    onnx.save(model, str(path))


def predictions(path, pixels):
    """What the exported graph says, by ONNX Runtime."""
    session, parts = session_of(path), []
    for at in range(0, len(pixels), 8):
        images = pixels[at : at + 8].transpose(0, 3, 1, 2).astype(np.float32) / 255
        parts.append(session.run(None, {"images": images})[0])
    return np.concatenate(parts)


def measure(path, pixels, truth):
    """Errors in pixels of 1280×720 on frames of seeds that were not trained on, and false alarms in empty halls."""
    out = predictions(path, pixels)
    there = truth[..., 2].any((1, 2))
    points = out[:, 5:].transpose(0, 2, 1).reshape(-1, PERSONS, JOINTS, 3)[..., :2]
    far = np.hypot(*np.moveaxis(points[there] - truth[there][..., :2], -1, 0)) * 1280 / WIDTH
    seen = truth[there][..., 2] > 0
    result = {
        "frames": int(there.sum()),
        "empty_halls": int((~there).sum()),
        "pck_8px": round(float((far[seen] <= 8).mean()), 4),
        "pck_16px": round(float((far[seen] <= 16).mean()), 4),
        "median_px": {name: round(float(np.median(far[:, :, of])), 2) for name, of in GROUPS.items()},
        "missed": round(float((out[there, 4] < 0.25).mean()), 4),
        "false_alarms": round(float((out[~there, 4] >= 0.25).mean()), 4),
    }
    return result


def bars():
    """Two pictures that any language can make: 0.5 + 0.5 sin(0.31 x (c + 1) + 0.17 y + n), in double precision, then f32."""
    n, c, y, x = np.meshgrid(np.arange(2), np.arange(3), np.arange(HEIGHT), np.arange(WIDTH), indexing="ij")
    return (0.5 + 0.5 * np.sin(0.31 * x * (c + 1) + 0.17 * y + n)).astype("<f4")


def describe(path, measured):
    """Writes everything beside the weights: manifest, card, golden answer, figures."""
    (FOLDER / "golden").mkdir(parents=True, exist_ok=True)
    session_of(path).run(None, {"images": bars()})[0].astype("<f4").tofile(FOLDER / "golden" / "bars.f32")
    (FOLDER / "measured.json").write_text(json.dumps(measured, indent=2) + "\n")
    (FOLDER / "model.toml").write_text(MANIFEST.format(sha256=sum_of(path), height=HEIGHT, width=WIDTH))
    (FOLDER / "card.md").write_text(card(measured))


MANIFEST = """\
# Fencer keypoints 1: two fencers in a side view, seventeen joints each. What it can and cannot: see card.md.
schema = 1
name = "fencer-keypoints"
title = "Fencer keypoints 1"
slot = "pose"
kind = "trained"
version = "1"
file = "model.onnx"
sha256 = "{sha256}"
licence = "Apache-2.0"
card = "card.md"

[batch]
max = 8

# A picture, letterboxed.
[[input]]
role = "images"
name = "images"
dtype = "f32"
layout = "nchw"
shape = ["batch", 3, {height}, {width}]
range = [0.0, 1.0]
channels = "rgb"

# What a pose model of Ultralytics gives, with two candidates: the left fencer and the right one. A box's centre, width and
# height, its confidence, and seventeen times x, y and certainty, in pixels of the input.
[[output]]
role = "predictions"
name = "predictions"
dtype = "f32"
shape = ["batch", 56, 2]

[warmup]
runs = 2
"""


def percent(part):
    return f"{100 * part:.1f} %"


def card(measured):
    """The model card."""
    groups = "\n".join(f"| {name} | {far} |" for name, far in measured["median_px"].items())
    return f"""# Fencer keypoints 1

Finds two fencers in a side view of a piste and seventeen joints of each (COCO's). Small enough to be built in, so that a bout can
be judged with nothing installed. **Trained and measured on drawn bouts alone: what it does on real footage is unverified**, and
for real footage a model that was made for real people should take its place (`referee.model`).

| | |
|---|---|
| kind | trained: a convolutional network of {measured["parameters"]:,} parameters with a heat map for each joint |
| takes | {WIDTH}×{HEIGHT} pixels, RGB, letterboxed |
| gives | two candidates in the form of an Ultralytics pose model: the left fencer and the right one |
| trained on | {measured["trained_on"]:,} frames drawn by this program (`media/bout`), mirrored, moved, scaled and recoloured by lot |
| by | `models/recipes/fencer_keypoints.py`, {measured["steps"]:,} steps of 24 frames on one core |

## Measured on {measured["frames"]:,} drawn frames of other seeds

Distances are in pixels of a picture of 1280×720.

| | |
|---|---|
| joints within 8 pixels | {percent(measured["pck_8px"])} |
| joints within 16 pixels | {percent(measured["pck_16px"])} |
| fencers missed | {percent(measured["missed"])} |
| found in one of {measured["empty_halls"]} halls without fencers | {percent(measured["false_alarms"])} |

| joints | median distance |
|---|---|
{groups}

## Limits

- Two fencers, one on each side, seen from the side. Others are not looked for, and whoever stands nearest to the camera may be
  taken for one.
- The weapon is not found, and hands are found worst: a tenth of them lie more than 30 pixels off.
- Feet lie off by as much as the baseline rules' threshold for standing still, so pauses come out ragged.
- In one of a dozen empty halls it sees somebody.
- No real picture was used, neither to train nor to measure.
"""


def session_of(path):
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def sum_of(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def check():
    """Holds weights, manifest, golden answer and card to each other."""
    path = FOLDER / "model.onnx"
    measured = json.loads((FOLDER / "measured.json").read_text())
    manifest = MANIFEST.format(sha256=sum_of(path), height=HEIGHT, width=WIDTH)
    assert (FOLDER / "model.toml").read_text() == manifest, "model.toml is not the recipe's for this file"
    assert (FOLDER / "card.md").read_text() == card(measured), "card.md is not the recipe's for measured.json"
    out = session_of(path).run(None, {"images": bars()})[0]
    known = np.fromfile(FOLDER / "golden" / "bars.f32", "<f4").reshape(out.shape)
    worst = float(np.abs(out - known).max())
    assert worst < 0.05, f"the golden answer differs by {worst}"
    print(f"fencer-keypoints: weights, manifest, card and golden answer agree, largest difference {worst:.2g}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--describe", action="store_true", help="measure and describe the weights that are there")
    parser.add_argument("--frameloom", type=Path, help="the program that draws")
    parser.add_argument("--data", type=Path, default=Path("drawn"), help="where drawn frames are kept")
    parser.add_argument("--frames", type=int, default=8_000)
    parser.add_argument("--budget-cpu-seconds", type=float, default=660)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    if options.check:
        return check()
    options.data.mkdir(exist_ok=True)
    for name, count, seed in (("train", options.frames, TRAIN_SEED), ("test", 1_200, TEST_SEED)):
        draw(options.frameloom, options.data / f"{name}.bin", count, seed)
    path = FOLDER / "model.onnx"
    FOLDER.mkdir(exist_ok=True)
    made = known() if options.describe else make(options, path)
    describe(path, measure(path, *load(options.data / "test.bin")) | made)


def known():
    """What was told of the weights when they were made."""
    measured = json.loads((FOLDER / "measured.json").read_text())
    return {name: measured[name] for name in ("parameters", "steps", "trained_on")}


def make(options, path):
    """Trains and exports; gives what is to be known of it."""
    import torch

    net = network(torch)
    steps = train(torch, net, *load(options.data / "train.bin"), options.budget_cpu_seconds, options.seed, sys.stderr)
    export(torch, net, path)
    return {"parameters": sum(p.numel() for p in net.parameters()), "steps": steps, "trained_on": options.frames}


if __name__ == "__main__":
    main()
