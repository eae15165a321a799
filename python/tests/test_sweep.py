"""Are sweeps from Python those of the command line, whole, in shards and after a stop?"""

import csv
import io

import pytest
import signloop

SWEEP = """
[grid]
arch = ["xeon-gold-6226", "raspberry-pi-5"]
workload = ["resnet20-cifar10"]
scheme = ["binary", "signed-binary"]
method = ["dense", "zero-skip"]

[[axis]]
key = "arch.core.clock_ghz"
from = 1.0
to = 2.0
step = 0.01
"""
POINTS = 2 * 2 * 2 * 101


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "sweep.toml"
    path.write_text(SWEEP)
    return path


def test_shards_in_memory_and_on_disk_make_the_whole(file, tmp_path):
    heard = []
    whole = tmp_path / "whole.csv"
    told = signloop.sweep(file, whole, progress=lambda *points: heard.append(points))
    assert told == (POINTS, 0) and heard[-1] == (POINTS, POINTS)
    shards = [tmp_path / f"part-{index}.csv" for index in (1, 2, 3)]
    for index, shard in enumerate(shards, 1):
        signloop.sweep(file, shard, f"{index}/3")
    with pytest.raises(signloop.Error, match="shards are missing: 2"):
        signloop.merge([shards[2], shards[0]], tmp_path / "merged.csv")
    manifest = signloop.merge(shards, tmp_path / "merged.csv")
    assert manifest["all_points"] == POINTS
    assert (tmp_path / "merged.csv").read_bytes() == whole.read_bytes()
    rows = [signloop.sweep_rows(file, f"{index}/3") for index in (1, 2, 3)]
    joined = rows[0] + b"".join(part.split(b"\n", 1)[1] for part in rows[1:])
    assert joined == whole.read_bytes()
    assert len(list(csv.DictReader(io.StringIO(joined.decode())))) == POINTS


def test_a_stopped_sweep_goes_on(file, tmp_path):
    class Enough(Exception):
        pass

    def stop(done, all):
        if done:
            raise Enough

    out, whole = tmp_path / "out.csv", tmp_path / "whole.csv"
    signloop.sweep(file, whole)
    try:
        signloop.sweep(file, out, progress=stop)
    except Enough:
        pass
    assert signloop.sweep(file, out)[0] == POINTS
    assert out.read_bytes() == whole.read_bytes()
    with pytest.raises(signloop.Error, match="expected `i/n`"):
        signloop.sweep(file, out, "4/3")
