# One recipe for each step of .ci/run, and a few for every day. `just` alone lists them.

_list:
    @just --list --unsorted

# Everything that must pass before a change is merged.
ci:
    .ci/run

# Is the code formatted?
fmt:
    cargo fmt --all --check

# Does the compiler have anything to say?
clippy:
    cargo clippy --all-targets --locked -- -D warnings

# All tests: units, the integration binary, the browser.
test *filter:
    cargo nextest run --locked {{filter}}

# The built-in graphs come out of their recipes byte for byte (needs models/recipes/requirements.txt installed).
recipes:
    for recipe in world_box affine golden fencer_keypoints; do python3 models/recipes/$recipe.py --check; done

# The PTX is what the kernels' sources give.
kernels:
    scripts/kernels --check

# The Python that plays somebody else's clients in the tests, and brings ONNX Runtime for them.
peers:
    python3 -m venv target/peers && target/peers/bin/python -m pip install -q -r tests/peers/requirements.txt

# The tests that said they cannot run here, in the last `cargo nextest run --profile ci`.
skipped:
    scripts/skipped

# TensorRT's method numbers against the vendor's headers and libraries, which are fetched first.
vendor:
    scripts/vendor-tensorrt && FRAMELOOM_VENDOR_TESTS=1 cargo nextest run --locked -p tensorrt-rs

# The examples in the documentation.
doc-test:
    cargo test --doc --locked

# The documentation itself, with broken links as errors.
doc:
    RUSTDOCFLAGS="-D warnings" cargo doc --no-deps --locked --document-private-items

# Licences, bans, advisories and sources of all dependencies (needs cargo-deny).
deny:
    cargo deny check

# The benchmarks.
bench *filter:
    cargo bench --locked {{filter}}

# The server, as a user would start it.
serve *args:
    cargo run --release --locked -- serve {{args}}

# The merged settings and where each came from.
config *args:
    cargo run --locked -- config print {{args}}
