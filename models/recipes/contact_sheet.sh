#!/usr/bin/env bash
# Draws docs/images/world-contact-sheet.jpg: six pictures, and what becomes of each on a walk. Takes some minutes.
# Needs the recipe's Python packages and ImageMagick's montage.
set -euo pipefail
cd "$(dirname "$0")/../.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
names=(hall road street valley drawing cloister)

python3 models/recipes/pictures.py --out "$work"
cargo build --release --example walk
for name in "${names[@]}"; do
    target/release/examples/walk "$work/$name.jpg" "$work/$name" w 2,6,10
    target/release/examples/walk "$work/$name.jpg" "$work/$name" sad 1.5
done

tiles=()
for name in "${names[@]}"; do
    tiles+=(-label "$name" "$work/$name.jpg")
    for frame in "w-002.0:w 2 s" "w-006.0:w 6 s" "w-010.0:w 10 s" "s-001.5:s 1.5 s" "a-001.5:a 1.5 s" "d-001.5:d 1.5 s"; do
        tiles+=(-label "${frame#*:}" "$work/$name-${frame%%:*}.jpg")
    done
done
montage -background '#16181c' -fill '#c9ced6' -pointsize 13 "${tiles[@]}" -tile 7x6 -geometry 272x158+3+2 -quality 84 \
    docs/images/world-contact-sheet.jpg
