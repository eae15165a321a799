"""Do kernels compute the layer, on the caller's arrays, without copies and without the lock?"""

import subprocess
import sys
import textwrap
import threading
import time

import numpy as np
import pytest
import signloop


def convolve(images, weights, stride=1, padding=0, groups=1):
    """The definition: N×C×H×W with K×C×R×S."""
    images = np.pad(images, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    count, channels, height, width = images.shape
    filters, depth, rows, columns = weights.shape
    out_height = (height - rows) // stride + 1
    out_width = (width - columns) // stride + 1
    out = np.zeros((count, filters, out_height, out_width), dtype=np.result_type(images, weights))
    for k in range(filters):
        first = k // (filters // groups) * depth
        for c in range(depth):
            for r in range(rows):
                for s in range(columns):
                    part = images[:, first + c, r:, s:][:, ::stride, ::stride]
                    out[:, k] += weights[k, c, r, s] * part[:, :out_height, :out_width]
    return out


def weights(random, *shape, scheme="signed-binary"):
    return signloop.quantize(random.standard_normal(shape, dtype=np.float32), scheme)


@pytest.mark.parametrize("scheme", ["binary", "ternary", "signed-binary", "zero-one"])
@pytest.mark.parametrize(
    "case",
    [
        {"shape": (2, 4, 9, 7), "filters": (6, 4, 3, 3), "padding": 1},
        {"shape": (1, 4, 8, 8), "filters": (6, 4, 3, 3), "padding": 1, "stride": 2},
        {"shape": (1, 8, 5, 5), "filters": (4, 2, 3, 3), "groups": 4},
        {"shape": (3, 16), "filters": (10, 16)},
    ],
    ids=["same", "stride", "groups", "linear"],
)
def test_kernels_are_the_convolution(random, scheme, case):
    case = dict(case)
    shape, filters = case.pop("shape"), case.pop("filters")
    quantized = weights(random, *filters, scheme=scheme)
    four = (*shape, 1, 1)[:4]
    codes = quantized.codes.reshape((*filters, 1, 1)[:4])
    dense = codes * quantized.scales[:, None, None, None]
    bias = random.standard_normal(filters[0]).astype(np.float32)

    images = random.standard_normal(four, dtype=np.float32)
    kernel = signloop.Kernel(quantized, shape, bias=bias, finish="relu", **case)
    expected = np.maximum(convolve(images, dense, **case) + bias[:, None, None], 0)
    np.testing.assert_allclose(kernel(images.reshape(shape)), expected, rtol=1e-4, atol=1e-4)

    # Integers are exact.
    images = random.integers(0, 256, four, dtype=np.uint8)
    kernel = signloop.Kernel(quantized, shape, activations="u8", threads=2, **case)
    expected = convolve(images.astype(np.int32), codes.astype(np.int32), **case)
    assert kernel(images.reshape(shape)).dtype == np.int32
    np.testing.assert_array_equal(kernel(images.reshape(shape)), expected)


def test_a_layer_of_a_network_and_its_own_weights_agree(random):
    kernel = signloop.Kernel.of_layer("resnet20-cifar10", "layer1.0.conv1", "signed-binary")
    images = random.standard_normal(kernel.input_layout.shape, dtype=np.float32)
    # The identity's columns are the kernel's own weights: read them back, and build from them.
    probe = np.zeros(kernel.input_layout.shape, dtype=np.float32)
    dense = np.zeros((16, 16, 3, 3), dtype=np.float32)
    for channel in range(16):
        probe[...] = 0
        probe[0, channel, 5, 5] = 1
        dense[:, channel] = kernel(probe)[0, :, 4:7, 4:7][:, ::-1, ::-1]
    scales = np.abs(dense).max(axis=(1, 2, 3))
    codes = np.sign(dense).astype(np.int8)
    rebuilt = signloop.Kernel(
        signloop.Quantized(codes, scales, "signed-binary"), images.shape, padding=1
    )
    np.testing.assert_allclose(rebuilt(images), kernel(images), rtol=1e-4, atol=1e-5)


def test_arrays_are_read_and_written_in_place(random, tmp_path):
    kernel = signloop.Kernel(weights(random, 8, 4, 3, 3), (1, 4, 16, 16), padding=1)
    planes, out = kernel.input_array(), kernel.output_array()
    assert planes.ctypes.data % 64 == out.ctypes.data % 64 == 0
    seen, made = kernel.input_layout.view(planes), kernel.output_layout.view(out)
    assert np.shares_memory(seen, planes) and np.shares_memory(made, out)
    # Written through the views, whose memory stays where it was.
    images = random.standard_normal(seen.shape, dtype=np.float32)
    seen[...] = images
    before = out.__array_interface__["data"]
    kernel.run(planes, out)
    assert out.__array_interface__["data"] == before
    np.testing.assert_array_equal(made, kernel(images))
    # Memory of another owner: a file mapped read-only in, a shared file mapped out.
    np.asarray(planes).tofile(tmp_path / "in")
    source = np.memmap(tmp_path / "in", dtype=np.float32, mode="r")
    target = np.memmap(tmp_path / "out", dtype=np.float32, mode="w+", shape=out.shape)
    kernel.run(source, target)
    target.flush()
    written = np.fromfile(tmp_path / "out", dtype=np.float32)
    np.testing.assert_array_equal(kernel.output_layout.view(written), made)


def test_no_copy_fits_beside_the_arrays():
    # Of 256 MiB in and 256 MiB out; the process may grow by 64 MiB only.
    if sys.platform != "linux":
        pytest.skip("limits the address space as Linux does")
    code = """
        import resource, numpy as np, signloop
        weights = signloop.Quantized(np.ones((1, 1), np.int8), np.full(1, 2, np.float32), "binary")
        kernel = signloop.Kernel(weights, (1, 1, 8192, 8192))
        x, y = kernel.input_array(), kernel.output_array()
        assert x.nbytes >= 1 << 28 and y.nbytes >= 1 << 28
        x[:] = 1.5
        y[:] = 0
        small = signloop.Kernel(weights, (1, 1, 8, 8))
        small.run(small.input_array(), small.output_array())
        with open("/proc/self/statm") as file:
            used = int(file.read().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (used + (64 << 20),) * 2)
        try:
            x.copy()
            raise SystemExit("a copy fits")
        except MemoryError:
            pass
        kernel.run(x, y)
        view = kernel.output_layout.view(y)
        assert all((view[0, 0, row] == 3.0).all() for row in range(8192))
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], capture_output=True)
    assert done.returncode == 0, done.stderr.decode()


def test_layers_follow_each_other_through_views(random):
    first, second = weights(random, 8, 4, 3, 3), weights(random, 6, 8, 3, 3)
    one = signloop.Kernel(first, (2, 4, 12, 12), padding=1, finish="relu")
    two = signloop.Kernel(second, (2, 8, 12, 12), padding=1)
    images = random.standard_normal((2, 4, 12, 12), dtype=np.float32)
    planes, between = one.input_array(), one.output_array()
    onward, out = two.input_array(), two.output_array()
    one.input_layout.view(planes)[...] = images
    one.run(planes, between)
    two.input_layout.view(onward)[...] = one.output_layout.view(between)
    two.run(onward, out)
    dense = [part.codes * part.scales[:, None, None, None] for part in (first, second)]
    expected = convolve(np.maximum(convolve(images, dense[0], padding=1), 0), dense[1], padding=1)
    np.testing.assert_allclose(two.output_layout.view(out), expected, rtol=1e-3, atol=1e-3)


def test_the_lock_is_released(random):
    kernel = signloop.Kernel(weights(random, 128, 128, 3, 3), (1, 128, 128, 128), padding=1)
    planes, out = kernel.input_array(), kernel.output_array()

    def longest_pause():
        """Longest time that this thread was kept waiting, over the time of a run."""
        worker = threading.Thread(target=lambda: [kernel.run(planes, out) for _ in range(4)])
        begun = last = time.perf_counter()
        pause = 0.0
        worker.start()
        while worker.is_alive():
            now = time.perf_counter()
            pause, last = max(pause, now - last), now
        worker.join()
        return pause / (time.perf_counter() - begun)

    # Held, a run's whole time would be one pause: 1/4. A busy machine may need a second look.
    assert min(longest_pause() for _ in range(5)) < 0.125


def test_threads_share_a_kernel(random):
    kernel = signloop.Kernel(weights(random, 32, 32, 3, 3), (1, 32, 24, 24), activations="u4")
    images = random.integers(0, 16, (8, 1, 32, 24, 24), dtype=np.uint8)
    expected = [kernel(image).copy() for image in images]
    found = [None] * len(images)

    def work(index):
        for _ in range(20):
            found[index] = kernel(images[index]).copy()

    workers = [threading.Thread(target=work, args=(index,)) for index in range(len(images))]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    np.testing.assert_array_equal(found, expected)


def test_wrong_arrays_are_refused(random):
    kernel = signloop.Kernel(weights(random, 4, 2, 3, 3), (1, 2, 8, 8), padding=1)
    planes, out = kernel.input_array(), kernel.output_array()
    for wrong in [planes.astype(np.float64), planes[:-1], planes[::2], list(planes), planes[None]]:
        with pytest.raises(TypeError, match="expected a contiguous array"):
            kernel.run(wrong, out)
    with pytest.raises(TypeError, match="output"):
        kernel.run(planes, out.astype(np.int32))
    out.flags.writeable = False
    with pytest.raises(TypeError, match="writeable"):
        kernel.run(planes, out)
    # One array as both, whichever part of it.
    same = np.zeros(max(planes.size, kernel.output_array().size), dtype=np.float32)
    with pytest.raises(TypeError, match="share memory"):
        kernel.run(same[: planes.size], same[: out.size])
    # Two arrays over one buffer, which NumPy takes for strangers.
    buffer = bytearray(same.nbytes)
    with pytest.raises(TypeError, match="share memory"):
        kernel.run(
            np.frombuffer(buffer, np.float32, planes.size),
            np.frombuffer(buffer, np.float32, out.size),
        )
    with pytest.raises(TypeError, match="shape"):
        kernel._kernel.pack(np.zeros((1, 2, 8, 9), np.float32), planes)
    strided = signloop.Kernel(weights(random, 4, 2, 3, 3), (1, 2, 8, 8), stride=2)
    with pytest.raises(ValueError, match="pack"):
        strided.input_layout.view(strided.input_array())


def test_wrong_kernels_are_told(random):
    quantized = weights(random, 4, 2, 3, 3)
    for more in [
        {"groups": 3},
        {"activations": "u9"},
        {"finish": "sums"},
        {"method": "bit-packed"},
        {"threads": 0},
        {"isa": "mmx"},
        {"bias": [1.0]},
    ]:
        with pytest.raises(signloop.Error):
            signloop.Kernel(quantized, (1, 2, 8, 8), **more)
    with pytest.raises(signloop.Error, match="not a binary weight"):
        zeros = np.zeros((4, 2, 3, 3), np.int8)
        signloop.Kernel(signloop.Quantized(zeros, np.ones(4), "binary"), (1, 2, 8, 8))
    with pytest.raises(signloop.Error, match="layer1.0.conv1"):
        signloop.Kernel.of_layer("resnet20-cifar10", "layer1.0.conv", "binary")


def fp32_kernel(random, **more):
    return signloop.Kernel(weights(random, 8, 4, 3, 3), (1, 4, 8, 8), padding=1, **more)


@pytest.mark.parametrize(
    "shape", [(1, 8, 8, 4), (256,), (4, 1, 8, 8), (2, 2, 8, 8), (1, 4, 64), (1, 4, 8), (4, 8, 8)]
)
@pytest.mark.parametrize("activations", ["fp32", "u8"])
def test_other_shapes_are_refused(random, shape, activations):
    kernel = fp32_kernel(random, activations=activations)
    images = np.ones(shape, np.float32 if activations == "fp32" else np.uint8)
    for call in (kernel, lambda given: kernel.pack(given, kernel.input_array())):
        with pytest.raises(ValueError, match="expected the shape"):
            call(images)


@pytest.mark.parametrize(
    "bits, value, dtype, error",
    [
        (8, -1, "i1", ValueError),
        (8, 300, "i4", ValueError),
        (8, 256, "u2", ValueError),
        (8, 1.5, "f4", TypeError),
        (8, 1.0, "f8", TypeError),
        (8, 1, "c8", TypeError),
        (4, 16, "u1", ValueError),
        (4, 255, "u1", ValueError),
        (1, 2, "u1", ValueError),
        (4, np.nan, "f4", TypeError),
        (4, 1, "O", TypeError),
    ],
)
def test_values_that_integer_kernels_do_not_hold_are_refused(random, bits, value, dtype, error):
    kernel = fp32_kernel(random, activations=f"u{bits}")
    with pytest.raises(error, match="images: expected"):
        kernel(np.full((1, 4, 8, 8), value, dtype))


def test_integers_of_any_width_that_fit_are_taken(random):
    kernel = fp32_kernel(random, activations="u4")
    images = random.integers(0, 16, (1, 4, 8, 8))
    expected = kernel(images.astype(np.uint8))
    for dtype in ["i1", "i2", "u2", "i8", "u8"]:
        np.testing.assert_array_equal(kernel(images.astype(dtype)), expected)
    np.testing.assert_array_equal(kernel(images > 7), kernel((images > 7).astype(np.uint8)))


@pytest.mark.parametrize(
    "images, error",
    [
        (np.ones((1, 4, 8, 8)), TypeError),
        (np.ones((1, 4, 8, 8), np.int32), TypeError),
        (np.ones((1, 4, 8, 8), np.complex64), TypeError),
        (np.full((1, 4, 8, 8), np.nan, np.float32), ValueError),
        (np.full((1, 4, 8, 8), np.inf, np.float32), ValueError),
    ],
    ids=["float64", "int32", "complex", "nan", "infinity"],
)
def test_values_that_fp32_kernels_do_not_hold_are_refused(random, images, error):
    with pytest.raises(error, match="images: expected"):
        fp32_kernel(random)(images)


def test_small_types_and_strange_strides_are_exact(random):
    kernel = fp32_kernel(random)
    images = random.integers(-100, 100, (1, 4, 8, 8)).astype(np.float32)
    expected = kernel(images).copy()
    for dtype in ["f2", "i1", "i2"]:
        np.testing.assert_array_equal(kernel(images.astype(dtype)), expected)
    channels_last = np.ascontiguousarray(images.transpose(0, 2, 3, 1))
    np.testing.assert_array_equal(kernel(channels_last.transpose(0, 3, 1, 2)), expected)
    np.testing.assert_array_equal(kernel(np.repeat(images, 2, axis=3)[..., ::2]), expected)


def test_bytes_beyond_the_bits_are_refused_in_place(random):
    kernel = fp32_kernel(random, activations="u4")
    planes, out = kernel.input_array(), kernel.output_array()
    kernel.input_layout.view(planes)[0, 3, 7, 7] = 16
    with pytest.raises(ValueError, match="0 to 15"):
        kernel.run(planes, out)


def test_packing_clears_what_the_array_held(random):
    kernel = fp32_kernel(random)
    images = random.standard_normal((1, 4, 8, 8), dtype=np.float32)
    expected = kernel(images).copy()
    planes, out = kernel.input_array(), kernel.output_array()
    planes[:] = 7
    kernel.pack(images, planes)
    kernel.run(planes, out)
    np.testing.assert_array_equal(kernel.output_layout.view(out), expected)


def test_views_need_arrays_that_lie_together(random):
    layout = fp32_kernel(random).input_layout
    size = layout.channels * layout.plane
    for wrong in [np.zeros(2 * size)[::2], np.zeros(size - 1), np.zeros((1, size)), [0.0] * size]:
        with pytest.raises(ValueError, match="expected a"):
            layout.view(wrong)


def test_shapes_and_codes_are_whole_numbers(random):
    quantized = weights(random, 8, 4, 3, 3, scheme="ternary")
    with pytest.raises(TypeError):
        signloop.Kernel(quantized, (1, 4, 8.9, 8), padding=1)
    with pytest.raises(TypeError):
        signloop.Kernel(quantized, (1, 4, 8, 8), padding=1.5)
    for shape in [(1, 4, 8), (4,), (1, 4, 8, 8, 1)]:
        with pytest.raises(ValueError, match="input_shape"):
            signloop.Kernel(quantized, shape)
    codes = quantized.codes.astype(np.float32)
    kernel = signloop.Kernel(quantized._replace(codes=codes), (1, 4, 8, 8))
    assert kernel.code_bytes > 0
    for wrong in [codes + 0.5, codes + 256, codes * np.nan]:
        with pytest.raises(ValueError, match="codes: expected"):
            signloop.Kernel(quantized._replace(codes=wrong), (1, 4, 8, 8))
    with pytest.raises(TypeError, match="real numbers"):
        signloop.quantize(codes.astype(np.complex64))
    with pytest.raises(ValueError, match="float32"):
        signloop.quantize(np.full((2, 2), 1e300))
