"""Builds models/world-box/model.onnx: a walk through one picture, as pure geometry.

The picture is thought to be painted on the inside of a box: floor, ceiling, two walls and a back. Each pixel of the
new view is a ray; where the ray meets the box, the hit is projected into the reference camera, and that is the place of
the picture to sample. No number in the graph is learned.

Usage: world_box.py [--check]    (--check compares with the committed files and writes nothing)
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from graph import Graph, Value
from model_files import write_or_check

FOLDER = Path(__file__).resolve().parent.parent / "world-box"

HALF_VIEW = 0.99
"""Half the long side of the picture at depth 1: 0.5 / fx with fx = 0.50505, GameCraft's normalised focal length."""
COARSE = 4
"""The geometry is computed on every fourth pixel and interpolated: the mapping is smooth but for the box's edges."""
ABSENT = 16.0
"""A floor or wall farther than this is taken as not there (open ground has no walls, a flat picture no floor)."""
FAR = 64.0
CEILING = 0.8
"""Height of a ceiling over the eye, in heights of the eye over the floor: a 1.6 m eye in a room of 2.9 m."""
SHARPEN, SHARPEN_MOST = 0.8, 0.55
"""Weight of the unsharp mask for each unit of magnification over 1, and its bound: more rings after some chunks."""
RENEW_STEP = 0.8
"""How far back the view is taken that a renewal passes over to, in distances of the back."""


def build() -> bytes:
    g = Graph("world-box")
    image = g.input("image", ["batch", 3, "height", "width"])
    pose = g.input("pose", ["batch", 6])
    scene = g.input("scene", ["batch", 4])
    view = Lens(g, image)
    box = Box(g, scene, view)
    *pose, renewal = columns(g, pose, 6)
    frame = sharpened(g, *drawn(g, image, pose, box, view), view)
    # A renewal costs a second sampling, so that branch runs only while there is one in the batch.
    weight = g.op("Clip", g.op("Unsqueeze", renewal, g.ints(3)), 0.0, 1.0)
    with g.branch(frame) as renewed:
        pose[2] = pose[2] - box.back * RENEW_STEP
        farther, _ = drawn(g, image, pose, box, view)
        renewed.give(frame + (farther - frame) * weight)
    some = g.op("Greater", g.op("ReduceMax", weight, keepdims=0), g.value(0.0))
    g.output(renewed.choose(some), "frame", ["batch", 3, "height", "width"])
    return g.serialise("frameloom/models/recipes/world_box.py", "Walk through a picture: analytic box geometry, nothing learned.")


def drawn(g: Graph, image: Value, pose: list[Value], box: "Box", view: "Lens") -> tuple[Value, Value]:
    """The frame seen at a pose, and its magnification on the coarse grid."""
    origin, ray = camera(g, pose, box, view)
    gx, gy, magnification = project(g, box, view, *hit(g, box, origin, ray))
    return sample(g, image, view, gx, gy), magnification


class Lens:
    """The picture's size and the coarse grid of view coordinates, -1 to 1 from the first pixel's centre to the last's.

    `rise` [height, rows] and `spread` [columns, width] interpolate a coarse [.., rows, columns] to every pixel; `across`
    and `down` together are every pixel's own coordinates, [1, 2, height, width] once added.
    """

    def __init__(self, g: Graph, image: Value):
        shape = g.op("Shape", image)
        height, width = (g.op("Gather", shape, g.ints(i), axis=0) for i in (2, 3))
        longest = g.op("Cast", g.op("Max", height, width), to=1)
        self.a = g.op("Cast", width, to=1) / longest * HALF_VIEW
        self.b = g.op("Cast", height, to=1) / longest * HALF_VIEW
        columns, pixels = axis(g, width)
        across = g.op("Reshape", pixels, g.ints(1, 1, 1, -1))
        self.across = g.op("Concat", across, across * 0.0, axis=1)
        self.u = g.op("Reshape", columns, g.ints(1, 1, -1))
        self.spread = hats(g, g.op("Reshape", pixels, g.ints(1, -1)), g.op("Reshape", columns, g.ints(-1, 1)), width)
        rows, pixels = axis(g, height)
        down = g.op("Reshape", pixels, g.ints(1, 1, -1, 1))
        self.down = g.op("Concat", down * 0.0, down, axis=1)
        self.v = g.op("Reshape", rows, g.ints(1, -1, 1))
        self.rise = hats(g, g.op("Reshape", pixels, g.ints(-1, 1)), g.op("Reshape", rows, g.ints(1, -1)), height)


def axis(g: Graph, side: Value) -> tuple[Value, Value]:
    """The view coordinates of the coarse grid and of every pixel along one side, both from -1 to 1."""
    return line(g, g.op("Div", side, g.ints(COARSE))), line(g, g.op("Sub", side, g.ints(1)))


def line(g: Graph, cells: Value) -> Value:
    scalar = lambda value: g.op("Squeeze", value, g.ints(0))
    steps = g.op("Range", scalar(g.ints(0)), scalar(g.op("Add", cells, g.ints(1))), scalar(g.ints(1)))
    return g.op("Cast", steps, to=1) * 2.0 / g.op("Cast", cells, to=1) - 1.0


def hats(g: Graph, pixels: Value, knots: Value, side: Value) -> Value:
    """Weights of linear interpolation: 1 at a knot, falling to 0 at its neighbours."""
    cells = g.op("Cast", g.op("Div", side, g.ints(COARSE)), to=1)
    return g.op("Relu", 1.0 - abs(pixels - knots) * (cells * 0.5))


class Box:
    """The box round the reference camera, which stands at the origin and looks along +z; x is right, y is down."""

    def __init__(self, g: Graph, scene: Value, view: Lens):
        horizon, floor, wall, back = columns(g, scene, 4)
        self.centre = g.op("Clip", horizon, 0.05, 0.95) * 2.0 - 1.0
        self.floor = g.op("Clip", floor, 0.05, FAR)
        self.wall = g.op("Clip", abs(wall), 0.05, FAR)
        self.back = g.op("Clip", back, 0.5, FAR)
        present = lambda value: g.op("Cast", g.op("Less", value, g.value(ABSENT)), to=1)
        has_floor, has_wall = present(self.floor), present(self.wall)
        has_ceiling = g.op("And", g.op("Greater", wall, g.value(0.0)), g.op("Less", wall, g.value(ABSENT)))
        self.ceiling = g.op("Where", has_ceiling, self.floor * CEILING, g.value(FAR))
        # Depth at which a line parallel to the view leaves the picture: per unit of x, of y down and of y up.
        self.near_x = has_wall / view.a
        self.near_down = has_floor / ((1.0 - self.centre) * view.b)
        self.near_up = has_wall / ((1.0 + self.centre) * view.b)


def columns(g: Graph, tensor: Value, count: int) -> list[Value]:
    """Splits [batch, count] into `count` tensors of [batch, 1, 1]."""
    cube = g.op("Unsqueeze", tensor, g.ints(2))
    return g.op("Split", cube, axis=1, num_outputs=count, outputs=count)


def camera(g: Graph, pose: list[Value], box: Box, view: Lens):
    """Where the new camera stands, kept inside the box, and the direction of each ray, kept ahead of it."""
    x, y, z, yaw, pitch = pose
    inside = lambda value, low, high: g.op("Min", g.op("Max", value, low), high)
    x = inside(x, box.wall * -0.9, box.wall * 0.9)
    y = inside(y, box.ceiling * -0.9, box.floor * 0.9)
    z = inside(z, g.value(-FAR), box.back * 0.9)
    yaw, pitch = (g.op("Clip", angle, -0.5, 0.5) for angle in (yaw, pitch))
    dx, dy = view.u * view.a, (view.v - box.centre) * view.b
    cos, sin = g.op("Cos", pitch), g.op("Sin", pitch)
    dy, ahead = dy * cos - sin, g.max(dy * sin + cos, 0.05)
    cos, sin = g.op("Cos", yaw), g.op("Sin", yaw)
    dx, ahead = dx * cos + ahead * sin, g.max(ahead * cos - dx * sin, 0.05)
    return (x, y, z), (dx, dy, ahead)


def hit(g: Graph, box: Box, origin, ray):
    """The nearest face along each ray. The inverse of its distance is the largest of five, so nothing branches."""
    (x, y, z), (dx, dy, ahead) = origin, ray
    inverse = g.max(
        ahead / (box.back - z),
        dx / (box.wall - x),
        -(dx / (box.wall + x)),
        dy / (box.floor - y),
        -(dy / (box.ceiling + y)),
    )
    return x + dx / inverse, y + dy / inverse, z + ahead / inverse, inverse


def project(g: Graph, box: Box, view: Lens, x: Value, y: Value, z: Value, inverse: Value):
    """Reference picture coordinates of a hit, and how much larger it is drawn than in the reference.

    What the picture does not show is mirrored: first in depth (floor, ceiling and walls go on behind the picture's
    edge in right perspective), then, for what has no face to go on along, at the picture's edge.
    """
    near = g.max(abs(x) * box.near_x, y * box.near_down, -(y * box.near_up))
    depth = near + abs(z - near)
    gx = x / (depth * view.a)
    gy = y / (depth * view.b) + box.centre
    return mirror(g, gx), mirror(g, gy), depth * inverse


def mirror(g: Graph, value: Value) -> Value:
    """The triangle wave that is the identity on [-1, 1] and stays inside it everywhere."""
    turns = (value + 1.0) * 0.25
    return 1.0 - abs((turns - g.op("Floor", turns)) * 4.0 - 2.0)


def sample(g: Graph, image: Value, view: Lens, gx: Value, gy: Value) -> Value:
    """Interpolates the coarse grid to every pixel and samples the picture there.

    The interpolation is two matrix products with weights made on the spot: what `Resize` gives (linear, align_corners),
    at a tenth of its time in rten. Only the offset from the unmoved view is interpolated, so that pose zero is exact.
    """
    offsets = g.op("Concat", g.op("Unsqueeze", gx - view.u, g.ints(1)), g.op("Unsqueeze", gy - view.v, g.ints(1)), axis=1)
    fine = g.op("MatMul", view.rise, g.op("MatMul", offsets, view.spread)) + view.across + view.down
    grid = g.op("Transpose", fine, perm=[0, 2, 3, 1])
    return g.op("GridSample", image, grid, mode="linear", padding_mode="zeros", align_corners=1)


def sharpened(g: Graph, frame: Value, magnification: Value, view: Lens) -> Value:
    """Gives back some of the edge that sampling takes: an unsharp mask, as strong as the picture is enlarged there.

    Nothing where nothing is enlarged, so pose zero stays exact and a chain of chunks does not ring. The mean of the
    picture stays as it is: the mask sums to zero.
    """
    binomial = np.outer([1, 2, 1], [1, 2, 1]).astype("<f4") / 16
    mask = -np.broadcast_to(binomial, (3, 1, 3, 3)).copy()
    mask[:, :, 1, 1] += 1
    # Strides and dilations are the defaults; rten wants them said.
    edge = g.op("Conv", frame, g.constant(mask), group=3, pads=[1] * 4, strides=[1, 1], dilations=[1, 1])
    amount = g.op("Clip", (magnification - 1.0) * SHARPEN, 0.0, SHARPEN_MOST)
    amount = g.op("Unsqueeze", amount, g.ints(1))
    amount = g.op("MatMul", view.rise, g.op("MatMul", amount, view.spread))
    return g.op("Clip", frame + edge * amount, 0.0, 1.0)


if __name__ == "__main__":
    sys.exit(write_or_check(FOLDER, build(), __doc__.splitlines()[0]))
