"""What the tests share. Run them with python/run-tests.sh."""

import numpy as np
import pytest


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    """Plans of a test are its own."""
    monkeypatch.setenv("SIGNLOOP_CACHE_DIR", str(tmp_path / "plan-cache"))


@pytest.fixture
def random():
    return np.random.default_rng(7)
