"""Is the quantiser that of import and training?"""

import numpy as np
import pytest
import signloop


def test_thresholds_signs_and_scales_by_hand():
    # max|w| = 1: the threshold 0.05 keeps 0.05 and drops 0.04; filter 0 is {0,+1}, filter 1 {0,-1}.
    latents = np.array([[1.0, -0.05, 0.04, 0.0], [-1.0, 0.05, -0.04, 0.5]], dtype=np.float32)
    codes = {scheme: signloop.quantize(latents, scheme).codes for scheme in signloop.schemes}
    assert codes["binary"].tolist() == [[1, -1, 1, 1], [-1, 1, -1, 1]]
    assert codes["ternary"].tolist() == [[1, -1, 0, 0], [-1, 1, 0, 1]]
    assert codes["signed-binary"].tolist() == [[1, 0, 0, 0], [-1, 0, 0, 0]]
    assert codes["zero-one"].tolist() == [[1, 0, 0, 0], [0, 1, 0, 1]]
    ternary = signloop.quantize(latents, "ternary")
    np.testing.assert_allclose(ternary.scales, [1.05 / 2, 1.55 / 3], rtol=1e-6)
    assert (ternary.codes.dtype, ternary.scales.dtype) == (np.int8, np.float32)
    assert ternary.density == 5 / 8


def test_options_and_shapes(random):
    latents = random.standard_normal((8, 6, 3, 3))
    one = signloop.quantize(latents, "ternary", threshold="mean:0.7", scale="one")
    assert one.codes.shape == latents.shape and (one.scales == 1).all()
    kept = np.abs(latents.astype(np.float32))
    limit = 0.7 * kept.mean(axis=(1, 2, 3), keepdims=True)
    assert (one.codes == np.sign(latents) * (kept >= limit)).all()
    halves = signloop.quantize(latents, assignment="interleaved").codes
    assert (halves[::2] >= 0).all() and (halves[1::2] <= 0).all()
    tiles = signloop.quantize(latents, region_channels=2).codes
    assert tiles.min() == -1 and tiles.max() == 1
    # Any strides, any number type.
    np.testing.assert_array_equal(signloop.quantize(np.asfortranarray(latents)).codes,
                                  signloop.quantize(latents).codes)


@pytest.mark.parametrize(
    "latents, options, words",
    [
        (np.zeros(3), {}, "2 or 4 dimensions"),
        (np.full((2, 2), np.nan), {}, "weight 0 is NaN"),
        (np.ones((2, 2)), {"scheme": "terary"}, "did you mean `ternary`"),
        (np.ones((2, 2)), {"threshold": "max:2", "scale": "two"}, "--threshold"),
    ],
)
def test_wrong_input_is_told(latents, options, words):
    with pytest.raises(signloop.Error, match=words):
        signloop.quantize(latents, **options)


def test_all_wrong_options_at_once():
    with pytest.raises(signloop.Error) as caught:
        signloop.quantize(np.ones((2, 2)), threshold="max:2", scale="two", assignment="thirds")
    assert len(caught.value.problems) == 3
