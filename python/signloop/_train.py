"""Quantisation-aware training on the CPU."""

from __future__ import annotations

import os
from typing import Any, Callable, Dict, Union

from . import _native
from ._arrays import StrPath
from ._quantize import quantize_options


def train(
    dataset: str,
    network: Union[StrPath, _native.Network],
    out: StrPath,
    scheme: str = "signed-binary",
    *,
    epochs: int = 30,
    seed: int = 1,
    resume: bool = False,
    surrogate: str = "ede",
    activation: str = "relu",
    threshold: str = "max:0.05",
    threshold_scope: str = "filter",
    scale: str = "filter",
    assignment: str = "half",
    region_channels: int | None = None,
    teacher: StrPath | None = None,
    teacher_share: float = 0.5,
    batch: int = 64,
    optimizer: str = "adam",
    rate: float | None = None,
    schedule: str = "one-cycle",
    weight_decay: float = 1e-4,
    clip: bool = False,
    crop: int | None = None,
    flip: bool | None = None,
    train_images: int | None = None,
    threads: int | None = None,
    progress: Callable[[Dict[str, Any]], Any] | None = None,
) -> Dict[str, Any]:
    """Trains a network with quantised weights. The options are those of ``signloop train``.

    Args:
        dataset: ``digits`` (built in), ``fashion-mnist:DIR``, ``mnist:DIR`` or ``cifar10:DIR``.
        network: A shipped network, a TOML file, or a :class:`signloop.Network`.
        out: Folder of checkpoint, log, packed weights and fits; made if absent.
        scheme: ``fp32``, or one of :data:`signloop.schemes`.
        progress: Called a few times a second, and after every epoch, with a dict: ``images`` and
            ``images_total`` of the whole run, ``train_loss`` (nats) and ``train_accuracy`` (0 to 1)
            of the epoch so far, ``density``, ``images_per_s``, and ``last_epoch``, the log's row of
            the last finished epoch (None in the first). An exception that it raises ends the run
            before its next step, as Ctrl-C does: the checkpoint of the last whole epoch is kept,
            and ``resume=True`` goes on from it to the bytes of an unbroken run.

    Returns:
        ``log`` (one dict an epoch), and the paths ``checkpoint``, ``log_file``, ``fits`` and
        ``weights`` (None for fp32); ``weights`` is for :func:`signloop.simulate`.
    """
    settings = {
        "scheme": scheme,
        "quantize": quantize_options(
            threshold, threshold_scope, scale, assignment, region_channels
        ),
        "surrogate": surrogate,
        "activation": activation,
        "teacher": None if teacher is None else os.fspath(teacher),
        "teacher_share": teacher_share,
        "epochs": epochs,
        "batch": batch,
        "optimizer": optimizer,
        "rate": rate,
        "schedule": schedule,
        "weight_decay": weight_decay,
        "clip": clip,
        "crop": crop,
        "flip": flip,
        "train_images": train_images,
        "seed": seed,
        "threads": threads,
        "resume": resume,
    }
    return _native.train(dataset, network, out, settings, progress)
