"""Draws the pictures that the world box is looked at with: two of them ship as samples of the studio.

A small ray caster in numpy: boxes, a ground, a sky, one sun, soft shadows, fog and grain. All by formula and seed, so
that the same files come out with the same versions (see requirements.txt).

Usage: pictures.py [--out FOLDER]    (without --out only the two samples are written, to studio/samples)
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

ROOT = Path(__file__).resolve().parent.parent.parent
HALF_VIEW = 0.99
EYE = 1.6
"""Height of the camera over the ground, in metres: all scenes below are in metres, x right, y up from the eye, z ahead."""


# === noise ===


def noise(x: np.ndarray, y: np.ndarray, seed: int = 0) -> np.ndarray:
    """Smooth value noise, 0 to 1, one cell a unit."""
    xi, yi = np.floor(x).astype(np.int64), np.floor(y).astype(np.int64)
    fx, fy = x - xi, y - yi
    fx, fy = fx * fx * (3 - 2 * fx), fy * fy * (3 - 2 * fy)

    def corner(i, j):
        h = ((xi + i) * 374761393 + (yi + j) * 668265263 + seed * 974711) & 0xFFFFFFFF
        h = ((h ^ (h >> 13)) * 1274126177) & 0xFFFFFFFF
        return ((h ^ (h >> 16)) & 0xFFFF) / 65535.0

    top = corner(0, 0) * (1 - fx) + corner(1, 0) * fx
    low = corner(0, 1) * (1 - fx) + corner(1, 1) * fx
    return top * (1 - fy) + low * fy


def cloudy(x, y, seed=0, octaves=5):
    """Several octaves of noise, 0 to 1."""
    total, weight = 0.0, 0.0
    for i in range(octaves):
        total = total + noise(x * 2**i, y * 2**i, seed + i) * 0.5**i
        weight += 0.5**i
    return total / weight


def mix(a, b, t):
    t = np.clip(t, 0, 1)[..., None]
    return np.asarray(a) * (1 - t) + np.asarray(b) * t


def step(a, b, x):
    t = np.clip((x - a) / (b - a), 0, 1)
    return t * t * (3 - 2 * t)


def rgb(text: str) -> np.ndarray:
    """A hex colour as linear light."""
    return (np.array([int(text[i : i + 2], 16) for i in (0, 2, 4)]) / 255.0) ** 2.2


# === camera and darkroom ===


def rays(width: int, height: int, horizon: float):
    """x and y of each pixel's ray at depth 1, y up."""
    half = HALF_VIEW / max(width, height)
    x = (np.arange(width) + 0.5 - width / 2) * 2 * half
    y = (horizon * height - np.arange(height) - 0.5) * 2 * half
    return np.meshgrid(x, y)


def develop(light: np.ndarray, size: tuple[int, int], seed: int, grain=0.012, glow=0.25, warm=(1.0, 1.0, 1.0)) -> Image.Image:
    """Linear light to a picture: glow of bright parts, a film curve, vignette, grain, and down to `size`."""
    height, width = light.shape[:2]
    bright = np.clip(light - 0.8, 0, 3)
    small = Image.fromarray((np.clip(bright / 3, 0, 1) * 255).astype(np.uint8)).resize((width // 4, height // 4))
    soft = small.filter(ImageFilter.GaussianBlur(width / 180)).resize((width, height), Image.Resampling.BICUBIC)
    light = (light + np.asarray(soft, dtype=float) / 255 * 3 * glow) * np.asarray(warm)
    film = (light * (2.51 * light + 0.03)) / (light * (2.43 * light + 0.59) + 0.14)
    v, u = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    film = np.clip(film, 0, 1) ** (1 / 2.2) * (1 - 0.14 * (u * u + v * v) / 2)[..., None]
    image = Image.fromarray((np.clip(film, 0, 1) * 255).astype(np.uint8)).resize(size, Image.Resampling.LANCZOS)
    pixels = np.asarray(image, dtype=float) / 255
    pixels = pixels + np.random.default_rng(seed).normal(0, grain, pixels.shape[:2])[..., None]
    return Image.fromarray((np.clip(pixels, 0, 1) * 255 + 0.5).astype(np.uint8))


# === hall: a gallery with tall windows, seen along its length ===

HALF, TOP, END = 2.3, 2.3, 15.0


def window(y, z):
    """1 in the glass of the arched windows of the left wall, 0 in the wall; and the frame's share."""
    across = np.abs((z - 0.9) % 3.0 - 1.5)
    arch = np.where(y > 0.9, np.hypot(across, y - 0.9), across)
    glass = (arch < 0.72) & (y > -0.75)
    bars = (np.abs((across + 0.03) % 0.48 - 0.03) < 0.025) | (np.abs((y + 0.75) % 0.55) < 0.035)
    border = (arch < 0.84) & (y > -0.87) & ~glass
    return glass & ~bars, border | (glass & bars)


def gallery_face(x, y, z, axis_id, palette):
    """Colour of the hall's faces: 0 floor, 1 ceiling, 2 left, 3 right, 4 end. Returns albedo and own light."""
    glow = np.zeros(x.shape + (3,))
    # Floor: planks along the hall, and a runner.
    plank, along = np.floor(x / 0.16), z / 1.7
    shift = noise(plank * 7.1, plank * 0 + 0.5, 3)
    board = np.floor(along + shift * 5)
    tone = noise(plank * 3.7 + 0.5, board * 5.3 + 0.5, 5)
    fibre = cloudy(x * 60, z * 2.2, 9, 3)
    wood = mix(palette["wood"][0], palette["wood"][1], tone * 0.6 + fibre * 0.5)
    joint = (np.abs((x / 0.16) % 1 - 0.5) > 0.475) | (np.abs((along + shift * 5) % 1 - 0.5) > 0.495)
    wood = wood * np.where(joint, 0.45, 1.0)[..., None]
    weave = 0.85 + 0.3 * noise(x * 130, z * 130, 2)
    ornament = np.abs(((z * 1.6) % 1) - 0.5) + np.abs(x) * 1.5
    cloth = mix(palette["runner"][0], palette["runner"][1], ((np.abs(ornament - 0.55) < 0.1) | (np.abs(np.abs(x) - 0.62) < 0.045)).astype(float))
    floor = np.where((np.abs(x) < 0.74)[..., None], cloth * weave[..., None], wood)
    # Ceiling: beams across and a coffer between.
    beam = np.abs(z % 3.0 - 0.9) < 0.22
    coffer = (np.abs(np.abs(x) - 1.5) < 0.05) | (np.abs(np.abs((z - 0.9) % 3.0 - 1.5) - 1.0) < 0.05)
    ceiling = np.where(beam[..., None], palette["beam"], np.where(coffer[..., None], palette["plaster"] * 0.6, palette["plaster"]))
    # Walls: plaster over a panelled dado.
    stain = 0.9 + 0.2 * cloudy(z * 0.9, y * 0.9, 21, 4)
    panel = np.maximum(np.abs((z + 0.6) % 1.5 - 0.75) - 0.6, np.abs(y + 1.12) - 0.26)
    dado = np.where((np.abs(panel) < 0.02)[..., None], palette["dado"] * 0.55, palette["dado"])
    rail = (np.abs(y + 0.78) < 0.05) | (y < -1.46)
    wall = np.where((y < -0.78)[..., None], dado, palette["plaster"] * stain[..., None])
    wall = np.where(rail[..., None], palette["dado"] * 1.25, wall)
    # Right: framed pictures.
    bay, place = np.floor((z - 0.9) / 3.0), np.abs((z - 0.9) % 3.0 - 1.5)
    frame = np.maximum(place / 0.95, np.abs(y - 0.35) / 0.72)
    local = (z - 0.9) % 3.0
    hill = -0.05 + 0.5 * (cloudy(local * 1.1 + bay * 9, bay * 3.1, 40, 4) - 0.35)
    paint = mix(palette["sky"][0], palette["sky"][1], (y + 0.3) / 1.3 + 0.3 * cloudy(local * 2 + bay * 5, y * 3, 44))
    land = mix(palette["land"][0], palette["land"][1], cloudy(local * 5 + bay, y * 9, 48))
    hue = 0.75 + 0.5 * np.stack([noise(bay * 3.3 + i, bay * 0 + i, 50 + i) for i in range(3)], -1)
    art = np.where((y - 0.35 < hill)[..., None], land, paint) * hue
    gilt = palette["gilt"] * (0.7 + 0.6 * np.clip(np.abs(((frame - 0.9) * 10) % 1 - 0.5) * 2, 0, 1))[..., None]
    right = np.where((frame < 0.88)[..., None], art, np.where((frame < 1)[..., None], gilt, wall))
    right = right * np.where((frame > 1) & (frame < 1.12) & (y < 0.6), 0.72, 1)[..., None]
    # Left: windows.
    glass, border = window(y, z)
    left = np.where(border[..., None], palette["dado"] * 1.2, wall)
    garden = mix(palette["leaf"], palette["air"], step(-0.6, 0.5, y + 0.5 * cloudy(z * 2.2, y * 2.2, 60)))
    glow = np.where((glass & (axis_id == 2))[..., None], garden, glow)
    # End: an arch into a bright room.
    arch = np.where(y > 0.55, np.hypot(x, y - 0.55), np.abs(x))
    door = (arch < 0.85) & (y > -EYE)
    trim = (arch < 1.02) & ~door
    beyond = mix(palette["beyond"][0], palette["beyond"][1], step(-1.6, 1.2, y)) * (0.9 + 0.2 * cloudy(x * 3, y * 3, 70))[..., None]
    beyond = np.where((np.abs(x) < 0.32 + 0.1 * (y < -0.9))[..., None] & (y < -0.1)[..., None] & (y > -1.25)[..., None], beyond * 0.45, beyond)
    end = np.where(trim[..., None], palette["dado"] * 1.25, wall)
    glow = np.where((door & (axis_id == 4))[..., None], beyond, glow)
    faces = [floor, ceiling, left, right, end]
    albedo = np.select([(axis_id == i)[..., None] for i in range(5)], faces)
    return np.where(glow.sum(-1, keepdims=True) > 0, 0, albedo), glow


def gallery_hit(ox, oy, oz, dx, dy, dz):
    """Where rays meet the hall's box, and which face."""
    big = 1e9
    t = np.stack([
        np.where(dy < -1e-6, (-EYE - oy) / np.minimum(dy, -1e-6), big),
        np.where(dy > 1e-6, (TOP - oy) / np.maximum(dy, 1e-6), big),
        np.where(dx < -1e-6, (-HALF - ox) / np.minimum(dx, -1e-6), big),
        np.where(dx > 1e-6, (HALF - ox) / np.maximum(dx, 1e-6), big),
        np.where(dz > 1e-6, (END - oz) / np.maximum(dz, 1e-6), big),
    ])
    face = t.argmin(0)
    t = t.min(0)
    return ox + dx * t, oy + dy * t, oz + dz * t, face


def gallery_light(x, y, z, face, palette):
    """Radiance leaving the hall's faces towards the viewer, without reflections."""
    albedo, glow = gallery_face(x, y, z, face, palette)
    sun = np.array([-1.0, 0.95, 0.42])  # towards the sun, through the left windows
    t = (x + HALF) / 1.0
    glass, _ = window(y + sun[1] * t, z + sun[2] * t)
    facing = np.select([face == 0, face == 1, face == 2, face == 3, face == 4], [0.66, 0.0, 0.0, 0.7, 0.0])
    soft = cloudy(x * 1.5 + y, z * 1.5, 80, 3) * 0.3 + 0.85
    direct = np.where(glass, facing * 5.0 * soft, 0)
    # Sky light from the windows, falling off from the left wall and between bays; bounce from the floor.
    bay = np.abs((z - 0.9) % 3.0 - 1.5)
    sky = 0.75 * np.exp(-(x + HALF) / 3.4) * (1.15 - 0.3 * bay / 1.5) + 0.32
    sky = np.where(face == 2, 0.42, sky) * np.where(face == 1, 0.75, 1.0)
    corner = [
        (1 - 0.4 * np.exp(-np.abs(d) / 0.3)) for d in (np.where(face < 2, HALF - np.abs(x), 9), np.where(face >= 2, y + EYE, 9), np.where(face >= 2, TOP - y, 9), np.where(face != 4, END - z, 9))
    ]
    shade = sky * np.prod(corner, axis=0)
    light = shade[..., None] * palette["cool"] + direct[..., None] * palette["warm"]
    return albedo * light + glow


def hall(size, horizon, palette, seed):
    width, height = size[0] * 2, size[1] * 2
    dx, dy = rays(width, height, horizon)
    dz = np.ones_like(dx)
    zero = np.zeros_like(dx)
    x, y, z, face = gallery_hit(zero, zero, zero, dx, dy, dz)
    light = gallery_light(x, y, z, face, palette)
    # Polished boards mirror the room, the more the flatter one looks at them.
    length = np.sqrt(dx * dx + dy * dy + 1)
    polish = np.where((face == 0) & (np.abs(x) > 0.74), 0.05 + 0.6 * (1 - np.abs(dy) / length) ** 4, 0)
    wave = (noise(x * 9, z * 9, 90) - 0.5) * 0.03
    mx, my, mz, mface = gallery_hit(x, np.full_like(y, -EYE + 1e-4), z, dx + wave, np.abs(dy) + 1e-4, dz)
    light = light + gallery_light(mx, my, mz, mface, palette) * polish[..., None]
    haze = (1 - np.exp(-z / 140))[..., None]
    shaft = 0.045 * np.exp(-np.abs(x + 0.9) / 1.4) * step(1.0, 8.0, z)
    light = light * (1 - haze) + haze * palette["warm"] * 0.9 + shaft[..., None] * palette["warm"]
    return develop(light * 0.82, size, seed, glow=0.16)


HALL = dict(
    wood=(rgb("6b4226"), rgb("a8703f")), runner=(rgb("7a1f24"), rgb("c9a25a")), plaster=rgb("d9cbb2"), dado=rgb("8f9a8b"),
    beam=rgb("6e4c30"), gilt=rgb("b98a3c"), sky=(rgb("d8b98a"), rgb("7fa3bd")), land=(rgb("39452f"), rgb("7d7a45")),
    leaf=rgb("7fae62") * 1.4, air=rgb("dbeeff") * 2.6, beyond=(rgb("e8b978") * 1.2, rgb("fff1d6") * 1.9),
    cool=rgb("e6eefa"), warm=rgb("ffd9a0"),
)  # fmt: skip
CLOISTER = dict(
    HALL, wood=(rgb("59606b"), rgb("8d949c")), runner=(rgb("1f4a63"), rgb("d9d2b4")), plaster=rgb("b9c4c9"), dado=rgb("4d6a78"),
    beam=rgb("3b4650"), gilt=rgb("c7c2b0"), beyond=(rgb("6fb3c7") * 1.1, rgb("e9fbff") * 1.8), warm=rgb("ffe9c9"),
)  # fmt: skip


# === outdoors ===


def sky(dx, dy, top, low, sun, seed, clouds=0.55):
    """A sky with soft clouds, brighter round the sun (its place in ray coordinates)."""
    up = np.clip(dy, 0, None)
    colour = mix(low, top, (up / 0.55) ** 0.7)
    plane = 1 / (up + 0.12)
    body = cloudy(dx * plane * 0.9 + 3, plane * 1.1, seed, 6)
    cover = step(clouds, clouds + 0.22, body) * step(0.0, 0.12, dy)
    edge = cloudy(dx * plane * 0.9 + 3.05, plane * 1.1 + 0.06, seed, 6)
    white = mix(low * 0.9, np.ones(3) * 1.35, 0.5 + 2.2 * (body - edge))
    colour = mix(colour, white, cover * 0.85)
    near = np.hypot(dx - sun[0], dy - sun[1])
    return colour + (0.9 * np.exp(-near * 3.2) + 3.0 * np.exp(-near * 14))[..., None] * rgb("ffd08a")


def ridge(x, base, height, scale, seed):
    return base + height * (cloudy(x * scale, x * 0 + seed, seed, 6) - 0.3)


def leaves(light, cx, cy, radius, depth, tone, haze, seed, flat=1.0):
    """Paints a crown of leaf clumps into a picture: centre and radius in pixels, lit from the upper right."""
    rng = np.random.default_rng(seed)
    height, width = light.shape[:2]
    for i in range(46):
        angle, reach = rng.uniform(0, 2 * np.pi), np.sqrt(rng.uniform()) * 0.8
        x, y = cx + np.cos(angle) * reach * radius * flat, cy + np.sin(angle) * reach * radius
        r = radius * rng.uniform(0.22, 0.4)
        x0, x1, y0, y1 = int(max(x - r, 0)), int(min(x + r + 1, width)), int(max(y - r, 0)), int(min(y + r + 1, height))
        if x0 >= x1 or y0 >= y1:
            continue
        v, u = np.mgrid[y0:y1, x0:x1]
        u, v = (u - x) / r, (v - y) / r
        grainy = cloudy(u * 4.5 + i * 7, v * 4.5 + seed, seed, 3)
        mask = (np.hypot(u, v) + (grainy - 0.5) * 1.3) < 0.72
        lit = np.clip(0.5 + 0.42 * u - 0.5 * v + 0.35 * (np.cos(angle) * reach - np.sin(angle) * reach), 0.05, 1.4)
        colour = mix(tone[0], tone[1], lit * 0.8 + (grainy - 0.5) * 1.1)
        colour = colour * (1 - depth) + haze * depth
        light[y0:y1, x0:x1] = np.where(mask[..., None], colour, light[y0:y1, x0:x1])


def trunk(light, x, top, bottom, half, tone, depth, haze):
    height, width = light.shape[:2]
    x0, x1, y0, y1 = int(max(x - half * 2, 0)), int(min(x + half * 2, width)), int(max(top, 0)), int(min(bottom, height))
    if x0 >= x1 or y0 >= y1:
        return
    v, u = np.mgrid[y0:y1, x0:x1]
    wide = half * (0.75 + 0.5 * np.clip((v - top) / (bottom - top), 0, 1) ** 3)
    side = (u - x) / wide
    bark = cloudy(side * 2.5, v / half * 0.5, int(x) % 97, 3)
    colour = mix(tone * 0.35, tone * 1.5, 0.45 + 0.35 * side + (bark - 0.5) * 1.2) * (1 - depth) + haze * depth
    light[y0:y1, x0:x1] = np.where((np.abs(side) < 1)[..., None], colour, light[y0:y1, x0:x1])


def meadow(x, z, tones, seed):
    blades = cloudy(x * 9, z * 3.5, seed, 4)
    patch = cloudy(x * 0.35, z * 0.35, seed + 5, 4)
    flowers = noise(x * 14, z * 9, seed + 9) > 0.93
    grass = mix(tones[0], tones[1], 0.2 + 0.7 * (patch - 0.2) + 0.9 * (blades - 0.5))
    return np.where((flowers & (patch > 0.5) & (z < 22))[..., None], tones[2], grass)


def road(size, seed):
    """An avenue in late light: a lane between rows of trees, hills at its end."""
    width, height = size[0] * 2, size[1] * 2
    horizon = 0.52
    dx, dy = rays(width, height, horizon)
    haze = rgb("f2cfa0") * 1.05
    light = sky(dx, dy, rgb("5d8fc4"), rgb("f6d7a8") * 1.1, (0.08, 0.10), seed)
    for i, (base, tall, tone) in enumerate([(0.045, 0.13, "93a1b5"), (0.02, 0.10, "7d8f8c"), (0.0, 0.055, "66794f")]):
        line = ridge(dx, base, tall, 3.0 + 2 * i, seed + 31 * i)
        light = np.where((dy < line)[..., None], mix(rgb(tone) * 0.9, haze, 0.55 - 0.2 * i + 2.0 * (line - dy)), light)
    z = EYE / np.maximum(-dy, 1e-4)
    x = dx * z
    bend = 0.0
    ground = meadow(x, z, (rgb("2f4a1c"), rgb("8fa043"), rgb("f4e6a0")), seed)
    gravel = mix(rgb("8d7a62"), rgb("cbb392"), cloudy(x * 26, z * 12, seed + 60, 3) * 0.9 + 0.35 * (cloudy(x * 2.2, z * 0.7, seed + 61) - 0.5))
    rut = np.exp(-(((np.abs(x - bend) - 0.72) / 0.24) ** 2))
    gravel = gravel * (1 - 0.33 * rut)[..., None]
    edge = 1.55 + 0.35 * (cloudy(z * 1.3, np.sign(x) * 3 + z * 0, seed + 70, 4) - 0.5)
    middle = np.exp(-((x / 0.28) ** 2)) * step(0.42, 0.62, cloudy(x * 6, z * 2.5, seed + 75, 4))
    lane = mix(gravel, rgb("6f8a3a"), middle)
    ground = mix(lane, ground, step(edge - 0.12, edge + 0.12, np.abs(x)))
    # Trees stand every 3.4 m; their shadows fall towards the viewer, over the lane, with gaps of light.
    dapple = cloudy(x * 1.1 + 0.25 * z, z * 0.8, seed + 80, 5)
    band = 0.5 + 0.5 * np.cos((z - 0.45 * x) * 2 * np.pi / 3.4)
    lit = step(0.36, 0.64, 0.62 * dapple + 0.4 * band)
    ground = ground * (0.30 * rgb("9fb6dc") + 1.5 * lit[..., None] * rgb("ffdca6"))
    far = (1 - np.exp(-z / 60))[..., None]
    light = np.where((dy < 0)[..., None], ground * (1 - far) + haze * 0.8 * far, light)
    focal = max(width, height) / (2 * HALF_VIEW)
    rng = np.random.default_rng(seed)
    for k in range(22, -1, -1):
        for side in (-1, 1):
            depth = 3.1 + 3.4 * k + rng.uniform(-0.3, 0.3)
            at = side * (2.75 + rng.uniform(-0.15, 0.15))
            px = width / 2 + focal * at / depth
            foot, scale = horizon * height + focal * EYE / depth, focal / depth
            fog = 1 - np.exp(-depth / 75)
            tone = (rgb("1c3312"), mix(rgb("a9b545"), rgb("d6a24a"), np.array(rng.uniform(0, 0.55))))
            trunk(light, px, foot - 3.4 * scale, foot, 0.17 * scale, rgb("6b543c"), fog, haze)
            for level, wide in ((3.3, 1.25), (4.4, 1.45), (5.6, 1.1)):
                leaves(light, px + rng.uniform(-0.3, 0.3) * scale, foot - level * scale, wide * scale, fog, tone, haze, seed + 5 * k + side + int(level * 9))
    return develop(light, size, seed, glow=0.35, warm=(1.03, 1.0, 0.95))


def valley(size, seed):
    """Open ground: a meadow, a lake, mountains."""
    width, height = size[0] * 2, size[1] * 2
    horizon = 0.56
    dx, dy = rays(width, height, horizon)
    haze = rgb("cfdfee")
    air = sky(dx, dy, rgb("3f7cc0"), rgb("d3e5f3") * 1.1, (-0.75, 0.42), seed, 0.5)
    light = air
    for i, (base, tall, low, high) in enumerate([(0.10, 0.34, "7f93ab", "eef4fa"), (0.03, 0.2, "5b7387", "8fa3a8"), (0.0, 0.09, "2f4a38", "57743f")]):
        line = ridge(dx, base, tall, 2.2 + 1.6 * i, seed + 17 * i)
        crag = cloudy(dx * (14 + 8 * i) + dy * 9, dy * (22 + 8 * i), seed + 3 * i, 5)
        face = mix(rgb(low), rgb(high), (dy / max(tall * 0.8, 0.02)) + 1.3 * (crag - 0.5)) * (0.6 + 0.9 * crag)[..., None]
        light = np.where((dy < line)[..., None], mix(face, haze, 0.42 - 0.16 * i), light)
    z = EYE / np.maximum(-dy, 1e-4)
    x = dx * z
    ground = meadow(x, z, (rgb("2c5220"), rgb("9bb04a"), rgb("f7f2e0")), seed)
    path = np.abs(x - 1.2 * np.sin(z * 0.16) * step(2, 10, z)) - 0.55 - 0.12 * (cloudy(z * 2, x * 0, seed + 3) - 0.5)
    ground = mix(mix(rgb("a08560"), rgb("d4bd94"), cloudy(x * 22, z * 10, seed + 8)), ground, step(-0.06, 0.1, path))
    ground = ground * (0.75 + 0.6 * step(0.35, 0.62, cloudy(x * 0.07, z * 0.05, seed + 12, 3)))[..., None]
    shore = 34 + 10 * (cloudy(x * 0.05, x * 0, seed + 20, 4) - 0.5)
    flip = np.clip(-dy, 0, None)
    lake = mix(rgb("3c6f98"), rgb("b8d4e6"), flip * 9 + 0.5 * (noise(x * 0.6, z * 4, 5) - 0.5))
    ground = np.where((z > shore)[..., None], lake, ground * 1.25)
    far = (1 - np.exp(-z / 160))[..., None]
    light = np.where((dy < 0)[..., None], ground * (1 - far) + haze * far, light)
    return develop(light, size, seed, glow=0.2)


def street(size, seed):
    """A narrow street of plastered houses under an evening sky."""
    width, height = size[0] * 2, size[1] * 2
    horizon = 0.55
    dx, dy = rays(width, height, horizon)
    light = sky(dx, dy, rgb("6b8fc9"), rgb("ffd9b0") * 1.1, (0.05, 0.12), seed, 0.6)
    half, haze = 3.2, rgb("ffdcb4")
    z = half / np.maximum(np.abs(dx), 1e-4)
    y = dy * z
    side = np.sign(dx)
    house = np.floor(z / 4.2 + (side > 0) * 0.37)
    local = (z / 4.2 + (side > 0) * 0.37) % 1
    draw = lambda i: noise(house * 5.7 + 0.5, side * 3 + i * 11 + 0.5, seed + i)
    tall = 4.2 + 3.6 * draw(0)
    tone = mix(mix(rgb("d9a86c"), rgb("e6d8c0"), draw(1)), mix(rgb("b9665a"), rgb("8fa9a5"), draw(2)), draw(3))
    wall = tone * (0.62 + 0.55 * cloudy(z * 1.5, y * 1.5, seed + 9, 5))[..., None]
    wx, wy = (local * 3) % 1, ((y + 0.7) % 2.1) / 2.1
    pane = (np.abs(wx - 0.5) < 0.2) & (np.abs(wy - 0.5) < 0.3) & (y > -0.7)
    rim = (np.abs(wx - 0.5) < 0.26) & (np.abs(wy - 0.5) < 0.36) & (y > -0.7)
    shutter = (np.abs(wx - 0.5) < 0.4) & (np.abs(wy - 0.5) < 0.31) & (y > -0.7)
    shut = mix(rgb("2f5d4f"), rgb("365a86"), draw(4)) * (0.7 + 0.5 * ((wy * 16) % 1 > 0.3))[..., None]
    wall = np.where(shutter[..., None], shut, wall)
    wall = np.where(rim[..., None], rgb("efe4d0"), wall)
    lamp = noise(np.floor(local * 3) + house * 3, np.floor((y + 0.7) / 2.1) + side, seed + 4) > 0.62
    glass = np.where(lamp[..., None], rgb("ffc46b") * 1.7, rgb("31465c"))
    wall = np.where((pane & (np.abs(wx - 0.5) > 0.012) & (np.abs(wy - 0.5) > 0.008))[..., None], glass, wall)
    door = (np.abs((local * 3) % 1 - 0.5) < 0.22) & (y < 0.55) & (np.floor(local * 3) == 1)
    wall = np.where(door[..., None], mix(rgb("5a2f22"), rgb("274a52"), draw(5)) * (0.7 + 0.4 * ((wx * 12) % 1 > 0.15))[..., None], wall)
    wall = np.where((y < -1.25)[..., None] & ~door[..., None], rgb("7c756c"), wall)
    wall = np.where((local < 0.012)[..., None], wall * 0.4, wall)
    wall = np.where((np.abs(y - tall + 0.14) < 0.14)[..., None], rgb("8a5a43"), wall)
    wall = wall * np.where(side > 0, 0.5, 1.0)[..., None] * mix(rgb("a8bde8"), rgb("ffd7a0") * 1.25, (side < 0) * 0.85)
    fog = (1 - np.exp(-z / 42))[..., None]
    built = (y < tall) & (z < 70)
    light = np.where(built[..., None], wall * (1 - fog) + haze * fog, light)
    gz = EYE / np.maximum(-dy, 1e-4)
    gx = dx * gz
    row = np.floor(gz / 0.28)
    stone = np.abs(((gx / 0.34 + 0.5 * (row % 2)) % 1) - 0.5) * 2
    joint = np.maximum(stone, np.abs((gz / 0.28) % 1 - 0.5) * 2)
    worn = noise(np.floor(gx / 0.34 + 0.5 * (row % 2)) * 3.1 + 0.5, row * 1.7 + 0.5, seed + 2)
    cobble = mix(rgb("6a6358"), rgb("a99a86"), worn * 0.8 + 0.5 * (cloudy(gx * 11, gz * 11, seed + 6) - 0.5))
    cobble = cobble * (1 - 0.55 * step(0.72, 0.98, joint))[..., None]
    kerb = np.abs(np.abs(gx) - 2.25)
    cobble = np.where((np.abs(gx) > 2.25)[..., None], mix(rgb("8a8074"), rgb("a39a8c"), cloudy(gx * 6, gz * 6, seed + 7)), cobble)
    cobble = np.where((kerb < 0.07)[..., None], rgb("b9ab98"), cobble)
    shade = 0.5 + 0.75 * np.exp(-(((gx + 1.6) / 1.7) ** 2))
    fog = (1 - np.exp(-gz / 42))[..., None]
    floor = cobble * shade[..., None] * rgb("ffe2bd") * (1 - fog) + haze * fog
    light = np.where(((dy < 0) & (np.abs(gx) < half))[..., None], floor, light)
    return develop(light, size, seed, glow=0.3)


def drawing(size, seed):
    """Ink and wash on paper: a lane of crooked houses to a hill with a castle."""
    width, height = size[0] * 2, size[1] * 2
    rng = np.random.default_rng(seed)
    page = Image.new("RGB", (width, height), "#f4ead6")
    pen = ImageDraw.Draw(page)
    vx, vy = width * 0.5, height * 0.5
    wash = lambda points, fill: pen.polygon(points, fill=fill)

    def ink(points, thick=5):
        for (x0, y0), (x1, y1) in zip(points, points[1:]):
            count = max(int(np.hypot(x1 - x0, y1 - y0) / 24), 2)
            t = np.linspace(0, 1, count)
            jitter = rng.normal(0, 1.2, (count, 2))
            pen.line([(x0 + (x1 - x0) * a + j[0], y0 + (y1 - y0) * a + j[1]) for a, j in zip(t, jitter)], fill="#2b2430", width=thick)

    at = lambda x, y, z: (vx + x / z * width * 0.5, vy - y / z * width * 0.5)
    wash([(0, 0), (width, 0), (width, vy), (0, vy)], "#bfdbe3")
    for i in range(9):
        x, y = rng.uniform(0, width), rng.uniform(0.03, 0.3) * height
        for j in range(5):
            r = rng.uniform(30, 80)
            pen.ellipse([x + j * 50 - r, y - r * 0.5, x + j * 50 + r, y + r * 0.5], fill="#f4ead6")
    wash([(0, vy), (width * 0.3, vy - 150), (width * 0.52, vy - 240), (width * 0.75, vy - 120), (width, vy)], "#9dbb8b")
    for dx, tall in ((-90, 150), (-30, 240), (40, 190), (90, 130)):
        x = width * 0.52 + dx
        box = [(x - 26, vy - 215), (x - 26, vy - 215 - tall), (x + 26, vy - 215 - tall), (x + 26, vy - 215)]
        wash(box, "#d7c4b0")
        ink(box, 4)
        roof = [(x - 34, vy - 215 - tall), (x, vy - 300 - tall), (x + 34, vy - 215 - tall)]
        wash(roof, "#b5594a")
        ink(roof, 4)
    wash([(0, height), (0, vy), (width, vy), (width, height)], "#cbb98c")
    for z in np.geomspace(1.1, 14, 16):
        ink([at(-1.35, -1, z), at(1.35, -1, z)], max(int(5 / z**0.5), 2))
    for x in np.linspace(-1.35, 1.35, 9):
        ink([at(x, -1, 1.0), at(x, -1, 18)], 3)
    colours = ["#d98c6a", "#e3c16f", "#8fb0a3", "#c9a0a8", "#a9b7d1", "#dfb08c"]
    for k in range(8, -1, -1):
        for side in (-1, 1):
            z0, z1, tall = 0.85 + 1.15 * k, 0.85 + 1.15 * (k + 0.94), rng.uniform(0.9, 1.7)
            x = side * 1.5
            face = [at(x, -1, z0), at(x, tall, z0), at(x, tall, z1), at(x, -1, z1)]
            wash(face, colours[int(rng.integers(6))])
            ink([*face, face[0]], max(int(9 / z0**0.5), 3))
            mid = (z0 + z1) / 2
            gable = [at(x, tall, z0), at(x, tall + 0.55, mid), at(x, tall, z1)]
            wash(gable, "#a4503f")
            ink(gable, max(int(9 / z0**0.5), 3))
            for row in range(2):
                for a, b in ((0.16, 0.38), (0.6, 0.82)):
                    w0, w1 = z0 + (z1 - z0) * a, z0 + (z1 - z0) * b
                    low = -0.35 + 0.75 * row
                    pane = [at(x, low, w0), at(x, low + 0.42, w0), at(x, low + 0.42, w1), at(x, low, w1)]
                    wash(pane, "#f7e3a1" if rng.uniform() < 0.5 else "#54677a")
                    ink([*pane, pane[0]], max(int(6 / z0**0.5), 2))
    light = np.asarray(page, dtype=float) / 255
    v, u = np.mgrid[0:height, 0:width]
    paper = 0.94 + 0.1 * cloudy(u / 9, v / 9, seed, 3) - 0.12 * (cloudy(u / 260, v / 260, seed + 4, 4) - 0.5)
    image = Image.fromarray((np.clip(light * paper[..., None], 0, 1) * 255).astype(np.uint8))
    return image.resize(size, Image.Resampling.LANCZOS)


# === the set ===

WIDE, TALL, FRAME = (1216, 704), (704, 1216), (608, 352)
PICTURES = {
    "hall": lambda: hall(WIDE, 0.47, HALL, 1),
    "road": lambda: road(WIDE, 7),
    "street": lambda: street(WIDE, 4),
    "valley": lambda: valley(WIDE, 11),
    "cloister": lambda: hall(TALL, 0.5, CLOISTER, 3),
    "drawing": lambda: drawing(WIDE, 5),
}
SAMPLES = ("hall", "road")


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--out", type=Path, help="write every picture here, and no sample")
    arguments.add_argument("--only", help="a single picture")
    chosen = arguments.parse_args()
    folder = chosen.out or ROOT / "studio" / "samples"
    folder.mkdir(parents=True, exist_ok=True)
    for name, paint in PICTURES.items():
        if (chosen.out or name in SAMPLES) and chosen.only in (None, name):
            paint().save(folder / f"{name}.jpg", quality=78, optimize=True, subsampling="4:2:0")
            print(folder / f"{name}.jpg", (folder / f"{name}.jpg").stat().st_size)


if __name__ == "__main__":
    main()
