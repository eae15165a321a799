"""Does training run, tell, stop and go on?"""

import os
import signal
import subprocess
import sys
import textwrap
import time

import pytest
import signloop

SMALL = {"dataset": "digits", "network": "resnet8-digits", "train_images": 128, "threads": 1}


def test_weights_come_out_and_every_epoch_is_told(tmp_path):
    heard = []
    done = signloop.train(out=tmp_path / "run", epochs=3, progress=heard.append, **SMALL)
    assert [row["epoch"] for row in done["log"]] == [1, 2, 3]
    epochs = {told["last_epoch"]["epoch"] for told in heard if told["last_epoch"]}
    assert epochs >= {1, 2}
    assert heard[-1]["images"] == heard[-1]["images_total"] == 3 * 128
    report = signloop.simulate(
        "raspberry-pi-5", "resnet8-digits", done["weights"], methods="zero-skip"
    )
    assert [weights["scheme"] for weights in report["weights"]] == ["signed-binary"]
    assert os.path.exists(done["checkpoint"]) and os.path.exists(done["fits"])


def test_an_exception_stops_and_resume_gives_the_same_bytes(tmp_path):
    whole = signloop.train(out=tmp_path / "whole", epochs=3, **SMALL)

    def stop(told):
        if told["last_epoch"]:
            raise ArithmeticError("enough")

    with pytest.raises(ArithmeticError):
        signloop.train(out=tmp_path / "broken", epochs=3, progress=stop, **SMALL)
    with pytest.raises(signloop.Error, match="holds a run already"):
        signloop.train(out=tmp_path / "broken", epochs=3, **SMALL)
    again = signloop.train(out=tmp_path / "broken", epochs=3, resume=True, **SMALL)
    for file in ["checkpoint", "weights", "fits"]:
        with open(whole[file], "rb") as one, open(again[file], "rb") as other:
            assert one.read() == other.read(), file


def test_control_c_is_a_keyboard_interrupt(tmp_path):
    # A shell's background job inherits that the signal is ignored.
    code = f"""
        import signal
        import signloop
        signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            signloop.train("digits", "resnet8-digits", {str(tmp_path / "run")!r}, epochs=10000,
                           progress=lambda told: print("going", flush=True))
        except KeyboardInterrupt:
            print("interrupted")
    """
    child = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code)], stdout=subprocess.PIPE, text=True
    )
    assert child.stdout.readline() == "going\n"
    child.send_signal(signal.SIGINT)
    begun = time.monotonic()
    rest = child.stdout.read()
    assert child.wait(timeout=60) == 0 and rest.endswith("interrupted\n")
    assert time.monotonic() - begun < 60


def test_wrong_settings_are_told_together(tmp_path):
    with pytest.raises(signloop.Error) as caught:
        signloop.train(out=tmp_path / "run", epochs=0, batch=0, schedule="step", rate=-1.0, **SMALL)
    assert len(caught.value.problems) == 4
    assert not (tmp_path / "run").exists()
