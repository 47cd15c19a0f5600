"""Arrays survive the way into the page, within the stated error."""

import json
import subprocess
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from implicitbias.explore.codec import decode, encode

ROOT = Path(__file__).parents[2]
SHAPES = array_shapes(min_dims=1, max_dims=4, max_side=5)


@given(arrays(np.float64, SHAPES, elements=st.floats(-100, 100)), st.data())
def test_a_fixed_step_rounds_to_half_a_step(values: np.ndarray, data: st.DataObject) -> None:
    axes = data.draw(st.lists(st.integers(0, values.ndim - 1), min_size=1, max_size=2, unique=True))
    step = 0.01
    error = np.abs(decode(encode(values, step=step, along=axes)) - values)
    assert error.max() <= step / 2 * (1 + 1e-9)


@given(arrays(np.float64, SHAPES, elements=st.floats(-1e30, 1e30)))
def test_without_a_step_values_are_float32(values: np.ndarray) -> None:
    np.testing.assert_array_equal(decode(encode(values)), values.astype(np.float32))


@given(arrays(np.float64, SHAPES, elements=st.floats(1e-60, 1e60) | st.just(0.0)))
def test_a_logarithmic_step_bounds_the_relative_error(values: np.ndarray) -> None:
    step = 0.002
    found = decode(encode(values, step=step, log=True))
    assert (found[values == 0] == 0).all()
    assert (np.abs(found - values) <= (10 ** (step / 2) - 1 + 1e-12) * values).all()


@given(arrays(np.int64, 40, elements=st.integers(-(2**15) + 1, 2**15 - 1)))
def test_jumps_of_more_than_16_bits_wrap_back(values: np.ndarray) -> None:
    np.testing.assert_array_equal(decode(encode(values, step=1.0, along=(0,))), values)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"values": [1.0, np.nan]}, r"w must be finite, found nan at index \[1\]"),
        ({"values": [np.inf], "step": 1.0}, "w must be finite, found inf"),
        ({"values": [1e39]}, "w must fit in float32, found 1e"),
        ({"values": [40000.0], "step": 1.0}, "w must stay within 32767 steps"),
        ({"values": [1.0], "step": 0.0}, "step must be positive and finite, found 0.0"),
        ({"values": [-1.0], "step": 0.1, "log": True}, "w must not be negative, found -1"),
    ],
)
def test_bad_input_is_refused(arguments: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        encode(**arguments, name="w")


@pytest.mark.parametrize("data", ["", "AAAA", "not base64!"])
def test_a_broken_text_is_refused(data: str) -> None:
    code = encode([1.0, 2.0, 3.0])
    with pytest.raises(ValueError, match="data"):
        decode(code | {"data": data})


def test_javascript_reads_what_python_wrote(node: str, tmp_path: Path) -> None:
    generator = np.random.default_rng(0)
    walk = generator.normal(0, 0.05, (3, 4, 7, 5)).cumsum(2)
    codes = [
        encode(walk, step=0.004, along=(2, 1)),
        encode(walk, step=0.004, along=(-1,)),
        encode(walk),
        encode(10 ** (20 * walk) * (walk > 0), step=0.004, log=True, along=(1,)),
        encode(np.array(7.0)),
    ]
    (tmp_path / "codes.json").write_text(json.dumps(codes))
    (tmp_path / "read.mjs").write_text(
        f"""
        import {{ readFileSync }} from "node:fs";
        import {{ buildSync }} from "{(ROOT / "node_modules/esbuild/lib/main.js").as_uri()}";
        const source = "{(ROOT / "implicitbias/explore/src/codec.js").as_posix()}";
        const shared = {{ bundle: true, format: "esm", outfile: "codec.mjs" }};
        buildSync({{ entryPoints: [source], ...shared }});
        const {{ decode }} = await import("./codec.mjs");
        const codes = JSON.parse(readFileSync("codes.json"));
        console.log(JSON.stringify(codes.map((code) => Array.from(decode(code)))));
        """
    )
    command = [node, "read.mjs"]
    run = subprocess.run(command, check=True, capture_output=True, text=True, cwd=tmp_path)
    for code, found in zip(codes, json.loads(run.stdout), strict=True):
        # Powers of ten differ in the last digit between the two languages.
        np.testing.assert_allclose(np.reshape(found, code["shape"]), decode(code), rtol=1e-13)
