"""A PyTorch model to a signloop report. Needs `pip install signloop[pandas] torch onnx`.

The five lines are those between the rulers; the model stands in for yours.
"""

from torch import nn


def block(inputs: int, outputs: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU()
    )


model = nn.Sequential(
    block(3, 32), block(32, 32), block(32, 64, 2), block(64, 64),
    nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10),
)  # fmt: skip

# ------------------------------------------------------------------------------------------------
import signloop  # noqa: E402

network = signloop.from_torch(model, (3, 32, 32), name="my-net")
report = signloop.simulate("raspberry-pi-5", network, methods=["dense", "zero-skip", "shared-sum"])
totals = report.to_pandas("totals")
print(totals[["scheme", "method", "ops.adds_total", "energy_pj.total", "time_us"]].to_string())
# ------------------------------------------------------------------------------------------------
