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
    haze = (1 - np.exp(-z / 55))[..., None]
    shaft = 0.10 * np.exp(-np.abs(x + 0.9) / 1.4) * step(1.0, 8.0, z)
    return develop(light * (1 - haze) + haze * palette["cool"] * 1.1 + shaft[..., None] * palette["warm"], size, seed)


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
