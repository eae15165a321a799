"""Are reports and statistics those of the command line's JSON, and errors what it prints?"""

import json
import os

import numpy as np
import pytest
import signloop

ARCH, NETWORK = "xeon-gold-6226", "resnet20-cifar10"


def simulate(**more):
    options = {"schemes": "signed-binary", "methods": ["dense", "zero-skip"], **more}
    return signloop.simulate(ARCH, NETWORK, **options)


def test_a_report_has_the_keys_of_its_schema():
    report = simulate()
    schema = os.path.join(os.path.dirname(__file__), "../../docs/report.schema.json")
    with open(schema, encoding="utf-8") as file:
        known = json.load(file)
    assert set(known["required"]) <= set(report) <= set(known["properties"])
    assert report["schema"] == "signloop-report-1"
    assert (report["arch"], report["workload"]) == (ARCH, NETWORK)
    assert len(report["layers"]) == 20
    # A plain dict for everything that takes one.
    assert json.loads(json.dumps(report)) == report


def test_counts_are_those_of_the_weights():
    report = simulate(methods="zero-skip")
    [total] = [total for total in report["totals"] if total["scheme"] == "signed-binary"]
    rows = signloop.stats(NETWORK, schemes="signed-binary")
    effectual = sum(row["stats"]["effectual"] for row in rows)
    assert total["weights"]["effectual"] == effectual > 0
    # Zero-skip adds every effectual weight but the first of each filter, at every position.
    expected = 0
    for layer in signloop.network(NETWORK).layers:
        if layer["quantized"]:
            kernel = signloop.Kernel.of_layer(NETWORK, layer["name"], "signed-binary")
            out = kernel.output_layout
            positions = out.images * out.height * out.width
            [row] = [row for row in rows if row["layer"] == layer["name"]]
            filters = layer["shape"]["out_channels"]
            assert row["stats"]["filter_density"]["min"] > 0, "no filter is empty"
            expected += (row["stats"]["effectual"] - filters) * positions
    assert total["ops"]["adds_total"] == expected


def test_equal_runs_give_equal_reports_and_verify_is_told():
    assert simulate() == simulate()
    assert simulate()["verified"] is None
    assert simulate(verify=True)["verified"] is not None


def test_weights_by_name_are_those_of_a_file(tmp_path, random):
    layers = signloop.network("resnet8-digits").layers
    state = {}
    for layer in layers:
        shape = layer["shape"]
        sizes = (shape["out_channels"], shape["in_channels"] // shape["groups"])
        kernel = (shape["kernel_height"], shape["kernel_width"])
        kernel = () if shape["kind"] == "linear" else kernel
        state[layer["tensor"]] = random.standard_normal((*sizes, *kernel), dtype=np.float32)
    # What a state dict also holds is passed over.
    state["bn1.num_batches_tracked"] = np.array(7)
    path = tmp_path / "state.npz"
    np.savez(path, **{name: array.astype(np.float32) for name, array in state.items()})

    def totals(weights):
        report = signloop.simulate(ARCH, "resnet8-digits", weights, methods="zero-skip")
        return report["totals"]

    assert totals(state) == totals(path) == totals(str(path))
    # Views of any strides are read right.
    turned = {name: np.asfortranarray(array) for name, array in state.items()}
    assert totals(turned) == totals(path)


def test_progress_is_told_and_ends_the_work():
    heard = []
    simulate(progress=lambda done, all: heard.append((done, all)))
    # 18 quantised layers, 2 methods.
    assert heard[-1] == (36, 36)

    def stop(done, all):
        raise RuntimeError("enough")

    with pytest.raises(RuntimeError, match="enough"):
        simulate(progress=stop)


def test_errors_carry_their_problems(tmp_path):
    with pytest.raises(signloop.Error) as caught:
        simulate(schemes=["tenary", "binary", "nonsense"])
    assert [problem["message"] for problem in caught.value.problems] == [
        "unknown scheme `tenary`",
        "unknown scheme `nonsense`",
    ]
    assert any("ternary" in hint for hint in caught.value.problems[0]["hints"])
    assert caught.value.problems[0]["file"] is None

    text = '[input]\nbatch = 1\n\n[[layer]]\nname = "a"\nkernal = 3\n'
    path = tmp_path / "wrong.toml"
    path.write_text(text)
    with pytest.raises(signloop.Error) as caught:
        signloop.network(path)
    problems = caught.value.problems
    assert len(problems) > 2 and str(path) in str(caught.value)
    assert all(problem["file"] == str(path) for problem in problems)
    lines = text.splitlines()
    for problem in problems:
        if problem["line"]:
            assert 1 <= problem["line"] <= len(lines)
    with pytest.raises(signloop.Error):
        signloop.simulate("no-such-machine", NETWORK)
    with pytest.raises(signloop.Error):
        signloop.simulate(ARCH, NETWORK, tmp_path / "absent.npz")


def test_what_is_shipped_is_read_only():
    assert ARCH in signloop.archs and NETWORK in signloop.workloads
    assert {"eyeriss"} <= set(signloop.accelerators)
    assert set(signloop.schemes) == {"binary", "ternary", "signed-binary", "zero-one"}
    assert "dense" in signloop.methods and all(signloop.methods.values())
    with pytest.raises(TypeError):
        signloop.archs["mine"] = "mine"


def test_data_frames():
    pandas = pytest.importorskip("pandas")
    report = simulate()
    layers, totals = report.to_pandas(), report.to_pandas("totals")
    assert isinstance(layers, pandas.DataFrame)
    # 18 quantised layers under two methods and two fp32 layers.
    assert len(layers) == 38 and len(totals) == 3
    of_method = layers[layers.method == "zero-skip"]
    [total] = totals[totals.method == "zero-skip"]["ops.adds_total"]
    assert of_method["ops.adds_total"].sum() == total
    with pytest.raises(ValueError):
        report.to_pandas("rows")


def test_an_accelerator_gives_the_report_of_its_schema():
    def run(**more):
        options = {"schemes": "signed-binary", "evaluations": 50, **more}
        return signloop.simulate("eyeriss", "resnet8-digits", **options)

    heard = []
    report = run(progress=lambda done, all: heard.append((done, all)))
    schema = os.path.join(os.path.dirname(__file__), "../../docs/map-report.schema.json")
    with open(schema, encoding="utf-8") as file:
        known = json.load(file)
    assert set(report) == set(known["required"]) == set(known["properties"])
    [total] = report["totals"]
    chosen = [layer["front"][layer["chosen"]] for layer in report["layers"]]
    assert total["cycles"] == sum(own["cycles"] for own in chosen) > 0
    assert total["energy_pj"] == pytest.approx(sum(own["energy_pj"] for own in chosen))
    assert heard[-1][0] == heard[-1][1] == 50 * len(chosen)
    assert run() == report
    with pytest.raises(signloop.Error, match="needs a processor"):
        run(methods="dense")
