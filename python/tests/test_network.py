"""Are networks from ONNX and PyTorch what the command line imports?"""

import pathlib

import numpy as np
import pytest
import signloop

CASES = pathlib.Path(__file__).parent / "../../tests/cases/onnx"


def test_an_onnx_model_brings_shapes_and_weights():
    model = CASES / "small.onnx"
    network = signloop.from_onnx(model, quantize_all=True)
    assert network.name == model.stem and network.layers
    same = signloop.from_onnx(model.read_bytes(), name=model.stem, quantize_all=True)
    assert same.layers == network.layers
    options = {"schemes": "ternary", "methods": "zero-skip"}
    report = signloop.simulate("apple-m1", network, **options)
    assert report["totals"] == signloop.simulate("apple-m1", same, **options)["totals"]
    assert [layer["name"] for layer in report["layers"]] == [
        layer["name"] for layer in network.layers
    ]
    with pytest.raises(signloop.Error):
        signloop.from_onnx(b"\x00\x01 no model")


class Tensor:
    """What the package uses of a PyTorch tensor."""

    def __init__(self, values):
        self.values = values

    def detach(self):
        return self

    cpu = float = detach

    def numpy(self):
        return self.values

    def __array__(self, *_):
        raise RuntimeError("a tensor that requires grad has no array")


def test_state_dicts_of_tensors_are_read(random):
    latents = random.standard_normal((4, 2, 3, 3), dtype=np.float32)
    one, other = signloop.quantize(Tensor(latents)), signloop.quantize(latents)
    np.testing.assert_array_equal(one.codes, other.codes)
    shapes = {layer["tensor"]: layer for layer in signloop.network("mlp-mnist").layers}
    state = {
        name: random.standard_normal(
            (layer["shape"]["out_channels"], layer["shape"]["in_channels"]), dtype=np.float32
        )
        for name, layer in shapes.items()
    }
    tensors = {name: Tensor(values) for name, values in state.items()}
    assert signloop.stats("mlp-mnist", tensors) == signloop.stats("mlp-mnist", state)
    del state[next(layer["tensor"] for layer in shapes.values() if layer["quantized"])]
    with pytest.raises(signloop.Error, match="no tensor named"):
        signloop.stats("mlp-mnist", state)


def test_a_pytorch_module():
    torch = pytest.importorskip("torch")
    model = torch.nn.Sequential(
        torch.nn.Conv2d(3, 8, 3, padding=1, bias=False),
        torch.nn.BatchNorm2d(8),
        torch.nn.ReLU(),
        torch.nn.Conv2d(8, 8, 3, stride=2, padding=1, bias=False),
        torch.nn.Flatten(),
        torch.nn.Linear(8 * 16 * 16, 10),
    )
    network = signloop.from_torch(model, (3, 32, 32))
    assert model.training and len(network.layers) == 3
    [layer] = [layer for layer in network.layers if layer["quantized"]]
    quantized = signloop.quantize(model[3].weight, "ternary")
    [row] = signloop.stats(network, schemes="ternary")
    assert row["layer"] == layer["name"]
    assert row["stats"]["effectual"] == np.count_nonzero(quantized.codes)
