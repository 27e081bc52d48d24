"""The child process that holds torch: one JSON request a line in, JSON lines out.

3D Slicer runs this as a process of its own, so that neither a crash, nor an
out-of-memory, nor a Cancel can touch the scene. It lives on between clicks and keeps
loaded models warm. It is started as ``python -m SuperResRadiomicsLib.worker`` or by
path, and ends when its standard input ends.

What is said is described in `SuperResRadiomicsLib.worker.protocol`: a request names one of the functions below, or
of `SuperResRadiomicsLib.worker.lesion_commands`, and its keyword arguments. The process' memory is limited, see
`SuperResRadiomicsLib.worker.memory_limit`.
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, TextIO

import SuperResRadiomicsLib as srr
from SuperResRadiomicsLib.errors import OUT_OF_MEMORY, RegionError, SuperResError, is_out_of_memory
from SuperResRadiomicsLib.progress import StageProgress
from SuperResRadiomicsLib.worker import protocol
from SuperResRadiomicsLib.worker.diagnosis import diagnose
from SuperResRadiomicsLib.worker.lesion_commands import COMMANDS as LESION_COMMANDS
from SuperResRadiomicsLib.worker.lesion_commands import feature_settings
from SuperResRadiomicsLib.worker.memory_limit import limit_memory

Result = dict[str, Any]


@lru_cache(maxsize=2)
def _loaded(model: str, device: str, precision: str) -> srr.LoadedModel:
    return srr.load_model(model, device=device, precision=precision)


@lru_cache(maxsize=1)
def _loaded_detector(model: str, device: str) -> srr.LoadedDetector:
    return srr.load_detector(model, device)


def _limit_memory_on(device: str) -> None:
    from SuperResRadiomicsLib.enhancement.device import resolve_device

    limit_memory(on_gpu=resolve_device(device) != "cpu")


def enhance(
    progress: StageProgress,
    *,
    image: str,
    out: str,
    model: str,
    mask: str | None = None,
    box: dict[str, list[int]] | None = None,
    modality: str | None = None,
    slice_axis: int | None = None,
    device: str = "auto",
    precision: str = "fp32",
    options: dict[str, Any] | None = None,
    features: dict[str, Any] | None = None,
    whole: dict[str, Any] | None = None,
) -> Result:
    """Enhance the lesion (with a mask or a box) or the whole volume, into files in ``out``.

    Args:
        progress: Told at once, and after every tile.
        image: File of the image.
        out: Folder for the results.
        model: Name or folder of a model.
        mask: File of the lesion's mask on the image's grid.
        box: Instead of a mask: ``start`` and ``stop`` of the lesion's voxels along i, j, k.
        modality: ``CT``, ``MR`` or ``US``; ``None`` for the reader's guess.
        slice_axis: Axis (0, 1, 2 for i, j, k) across the slices as they were acquired; ``None`` where that is not
            known.
        device: ``auto``, ``cpu``, ``cuda:0`` or ``mps``.
        precision: ``fp32``, ``bf16`` or ``fp16``.
        options: Further keyword arguments of `SuperResRadiomicsLib.enhancement.enhance`.
        features: Arguments of `FeatureSettings` to compute the feature table with, which needs
            a mask; ``None`` for no table. Where the table cannot be had, a warning says why.
        whole: What the image is a part of, where it is one: its grid as ``input`` and its figures as
            ``intensities``, as the provenance of an enhancement gives them.

    Returns:
        ``files`` (names within ``out``; of a model that draws samples also ``sd``, their standard deviation, and
        ``samples``, which `read_lesion` reads), ``features``, ``residual``, ``provenance`` and ``warnings``.
    """
    from SuperResRadiomicsLib.enhancement.pipeline import DEFAULT_MARGIN_MM
    from SuperResRadiomicsLib.enhancement.result import as_part
    from SuperResRadiomicsLib.grid import box_of_mask

    progress("prepare", 0, 0)
    _limit_memory_on(device)
    original, lesion = srr.read_image(image, modality), None
    if mask:
        original, lesion = srr.read_image_with_mask(image, mask, modality)
    original = _stacked_along(original, slice_axis)
    if whole is not None:
        original = as_part(original, whole, "input")
    network = _loaded(model, device, precision)
    tiles_done = partial(progress, "enhance")
    marked = box_of_mask(lesion) if lesion is not None else _box(box) if box else None
    if marked is not None:
        _check_surroundings(original, marked, network, (options or {}).get("margin_mm", DEFAULT_MARGIN_MM))
    elif not network.card.refines_slices:
        return _enhance_all(original, network, out, tiles_done, options or {})
    enhancement = srr.enhance(
        original,
        network,
        mask=lesion,
        box=_box(box) if box else None,
        progress=tiles_done,
        **(options or {}),
    )
    warnings = list(enhancement.warnings)
    table = None
    if features is not None and lesion is not None:
        progress("features", 0, 0)
        try:
            table = _feature_table(enhancement, features)
        except (SuperResError, ModuleNotFoundError) as error:
            warnings.append(f"There is no feature table: {_describe(error)['message']}")
    return {
        "files": _hand_over(enhancement, Path(out)),
        "features": table,
        "residual": enhancement.residual,
        "provenance": enhancement.provenance,
        "warnings": warnings,
    }


def _enhance_all(
    image: srr.Image, network: srr.LoadedModel, out: str, progress: Callable[[int, int], None], options: dict[str, Any]
) -> Result:
    """Enhance a whole volume slab by slab; what it gives is as from `enhance`, without features and samples."""
    chosen = {name: value for name, value in options.items() if name != "margin_mm"}
    found = srr.enhance_whole(image, network, out, compress=False, progress=progress, **chosen)
    return {
        "files": {name: file.name for name, file in found.files.items() if name != "provenance"},
        "features": None,
        "residual": found.residual,
        "provenance": found.provenance,
        "warnings": list(found.warnings),
    }


def _hand_over(enhancement: srr.Enhancement, folder: Path) -> dict[str, str]:
    """Write the images of a region for the application; the files by name."""
    from SuperResRadiomicsLib.io.handover import hand_over, hand_over_stack
    from SuperResRadiomicsLib.io.steps import run_steps

    images = {"enhanced": enhancement.enhanced, "bicubic": enhancement.bicubic, "sd": enhancement.sd}
    files = {name: f"{name}.nrrd" for name, image in images.items() if image is not None}
    for name, image in images.items():
        if image is not None:
            run_steps(hand_over(image.voxels, image.grid, folder / files[name]))
    if enhancement.samples:
        files["samples"] = "samples.nrrd"
        voxels = [sample.voxels for sample in enhancement.samples]
        run_steps(hand_over_stack(voxels, enhancement.enhanced.grid, folder / files["samples"]))
    return files


def _check_surroundings(image: srr.Image, lesion: srr.Box, network: srr.LoadedModel, margin_mm: float) -> None:
    """Refuse a part of an image that ends where the network would still look: its result would be another.

    Raises:
        RegionError: The part is too small.
    """
    from SuperResRadiomicsLib.enhancement.lesions import voxels_seen
    from SuperResRadiomicsLib.grid import expand_box, grow_box, holds, shift_box

    placed = shift_box(lesion, image.held.start)
    seen = grow_box(expand_box(placed, image.whole_grid, margin_mm), image.whole_grid, voxels_seen(network, image))
    if not holds(image.held, seen):
        raise RegionError(
            f"The model '{network.card.name}' looks further around the lesion than the part of the image that it was "
            "given. Give all of the image."
        )


def _box(given: dict[str, list[int]]) -> srr.Box:
    (i0, j0, k0), (i1, j1, k1) = given["start"], given["stop"]
    return srr.Box((i0, j0, k0), (i1, j1, k1))


def _stacked_along(image: srr.Image, slice_axis: int | None) -> srr.Image:
    """Tell an image along which axis its slices were acquired, where that is known."""
    return image if slice_axis is None else replace(image, through_plane=slice_axis)


def detect(
    progress: StageProgress,
    *,
    image: str,
    model: str,
    modality: str | None = None,
    slice_axis: int | None = None,
    device: str = "auto",
) -> Result:
    """Suggest where the lesion is, for a reader to check.

    Args:
        progress: Told when the computation starts.
        image: File of the image.
        model: Name or folder of a detector.
        modality: As for `enhance`.
        slice_axis: As for `enhance`.
        device: As for `enhance`.

    Returns:
        As from `LesionDetection.to_dict`; ``lesion`` holds the ``box`` and its ``probability``.
    """
    progress("detect", 0, 0)
    _limit_memory_on(device)
    looked_at = _stacked_along(srr.read_image(image, modality), slice_axis)
    return srr.detect_lesion(looked_at, _loaded_detector(model, device)).to_dict()


def propose(
    progress: StageProgress,
    *,
    image: str,
    box: dict[str, list[int]] | None = None,
    modality: str | None = None,
    slice_axis: int | None = None,
    whole: dict[str, Any] | None = None,
    model_folders: list[str] | None = None,
) -> Result:
    """Measure a scan, and propose what would help it most. Needs no torch.

    Args:
        progress: Told when the work starts.
        image: File of the image.
        box: As for `enhance`: the lesion, around which is measured; all of the image without.
        modality: As for `enhance`.
        slice_axis: As for `enhance`.
        whole: As for `enhance`.
        model_folders: Folders of models' folders to choose from besides those shipped.

    Returns:
        ``summary`` of what was measured, the proposal (``what``, ``title``, ``reason``), ``task`` and name of the
        ``model`` for it (empty where there is none), whether it is told what was measured (``auto``), and that in
        words (``told``); ``notes`` on what could not be measured.
    """
    from SuperResRadiomicsLib.enhancement.automatic import choose_automatically
    from SuperResRadiomicsLib.enhancement.result import as_part
    from SuperResRadiomicsLib.enhancement.steering import steer
    from SuperResRadiomicsLib.io.reading import read_image
    from SuperResRadiomicsLib.models import list_models

    progress("scan", 0, 0)
    looked_at = _stacked_along(read_image(image, modality), slice_axis)
    if whole is not None:
        looked_at = as_part(looked_at, whole, "input")
    chosen = choose_automatically(looked_at, list_models(model_folders or ()), _box(box) if box else None)
    proposal, card = chosen.proposal, chosen.card
    return {
        "summary": proposal.quality.summary,
        "what": proposal.what,
        "title": proposal.title,
        "reason": proposal.reason,
        "task": "" if card is None else card.task,
        "model": "" if card is None else card.folder.name,
        "auto": chosen.blur is not None or chosen.noise is not None,
        "told": "" if card is None else steer(proposal.quality, card, chosen.blur, chosen.noise).told,
        "notes": list(proposal.quality.notes),
    }


def compare(progress: StageProgress, *, enhancement: str, features: dict[str, Any] | None = None) -> Result:
    """Compute the feature table of a saved enhancement.

    Args:
        progress: Told when the computation starts.
        enhancement: Folder that an `Enhancement` was saved to, with a mask.
        features: Arguments of `FeatureSettings`.

    Returns:
        ``features``, as from `FeatureTable.to_dict`.
    """
    progress("features", 0, 0)
    return {"features": _feature_table(srr.load_enhancement(enhancement), features or {})}


def _feature_table(enhancement: srr.Enhancement, settings: dict[str, Any]) -> dict[str, Any]:
    return srr.compare(enhancement, feature_settings(settings)).to_dict()


def models(progress: StageProgress) -> Result:
    """List the models that enhance, by name."""
    return {
        "models": {
            card.name: {"display_name": card.display_name, "objective": card.objective}
            for card in srr.list_models()
            if not card.detects
        }
    }


def devices(progress: StageProgress) -> Result:
    """List the devices that torch can use here, the fastest first, and what each of them is."""
    from SuperResRadiomicsLib.enhancement import available_devices
    from SuperResRadiomicsLib.enhancement.device import describe_device

    found = available_devices()
    return {"devices": found, "names": {device: describe_device(device) for device in found}}


def fetch_sample(progress: StageProgress, *, folder: str) -> Result:
    """Have the files of the sample case `lung1` in a folder, fetching them with pip when they are not there.

    Args:
        progress: Told the stage ``fetch`` when the work starts.
        folder: Where the files are kept; made if needed.

    Returns:
        Paths of the ``image`` and of the ``label``, both checked by their SHA-256.

    Raises:
        SampleError: As `SuperResRadiomicsLib.demo.sample.lung1`.
    """
    from SuperResRadiomicsLib.demo.sample import fetch_lung1
    from SuperResRadiomicsLib.demo.sample_files import IMAGE, LABEL

    progress("fetch", 0, 0)
    fetch_lung1(Path(folder))
    return {"image": str(Path(folder) / IMAGE), "label": str(Path(folder) / LABEL)}


def shutdown(progress: StageProgress) -> Result:
    """End the worker after this answer."""
    return {}


COMMANDS: dict[str, Callable[..., Result]] = {
    **{
        function.__name__: function
        for function in (enhance, propose, detect, compare, models, devices, diagnose, fetch_sample, shutdown)
    },
    **LESION_COMMANDS,
}


class Worker:
    """Answers requests, one after the other.

    Args:
        requests: Lines of requests.
        responses: Where the answers are written to.
    """

    def __init__(self, requests: Iterable[str], responses: TextIO) -> None:
        self._requests = requests
        self._responses = responses
        self._writing = threading.Lock()  # The sign of life comes from a thread of its own.

    def run(self) -> None:
        """Answer until the requests end or one asks to shut down."""
        self._send(protocol.Ready(srr.__version__, srr.NOT_FOR_CLINICAL_USE))
        for line in self._requests:
            if self._answer(line) == "shutdown":
                return

    def tell_alive(self, seconds: float = protocol.ALIVE_SECONDS) -> None:
        """Say again and again that the process is alive, until nobody listens; for a thread of its own."""
        with contextlib.suppress(OSError, ValueError):
            while True:
                time.sleep(seconds)
                self._send(protocol.Alive())

    def _answer(self, line: str) -> str | None:
        """Answer one request; returns its command."""
        identifier, command = protocol.UNREADABLE, None
        try:
            request = protocol.read_request(line)
            identifier, command = request.id, request.command
            result = COMMANDS[command](partial(self._progress, identifier), **request.parameters)
            self._send(protocol.Result(identifier, result))
        except BrokenPipeError:
            raise  # Nobody listens any more.
        except Exception as error:
            self._send(protocol.Failure(identifier, **_describe(error)))
        return command

    def _progress(self, identifier: int, stage: str, done: int, total: int) -> None:
        self._send(protocol.Progress(identifier, stage, done, total))

    def _send(self, message: protocol.Message) -> None:
        line = message.line()
        with self._writing:
            self._responses.write(line)
            self._responses.flush()


def _describe(error: Exception) -> dict[str, str]:
    """Describe what went wrong, and whether the user can correct it."""
    name = type(error).__name__
    if isinstance(error, SuperResError):
        return {"kind": "user", "error": name, "message": str(error)}
    if isinstance(error, ModuleNotFoundError):
        return {"kind": "user", "error": "MissingDependencyError", "message": _missing_package(error.name)}
    traceback.print_exc(file=sys.stderr)
    if is_out_of_memory(error):
        return {"kind": "user", "error": "OutOfMemoryError", "message": OUT_OF_MEMORY}
    return {"kind": "internal", "error": name, "message": f"{name}: {error}"}


def _missing_package(name: str | None) -> str:
    return (
        f"The Python package '{name}' is missing. Install it with pip; in 3D Slicer type "
        f"slicer.util.pip_install('{name}') into the Python console (torch: install the extension 'PyTorch'), "
        "then try again."
    )


def _claim_standard_output() -> TextIO:
    """Keep the real standard output for the protocol; whatever else prints goes to standard error."""
    messages = os.fdopen(os.dup(1), "w", encoding="utf-8", newline="\n")
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    return messages


def main() -> None:
    """Serve standard input until it ends."""
    responses = _claim_standard_output()
    # A line that is no UTF-8 becomes one that is no request; the worker goes on.
    with open(0, encoding="utf-8", errors="replace", closefd=False) as requests:
        try:
            worker = Worker(requests, responses)
            threading.Thread(target=worker.tell_alive, daemon=True).start()
            worker.run()
        except BrokenPipeError:
            os._exit(0)  # The parent is gone; flushing at exit would only fail again.
