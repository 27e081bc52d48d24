"""Devices and precisions: what this machine has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import DeviceError, MissingDependencyError

if TYPE_CHECKING:
    import torch

PRECISIONS = ("fp32", "bf16", "fp16")
MEMORY_WORDS = ("out of memory", "can't allocate memory", "not enough memory")
"""How torch's errors say it."""


def require_torch() -> None:
    """Raise MissingDependencyError, with what to do, where PyTorch cannot be imported."""
    try:
        import torch  # noqa: F401
    except ImportError as error:
        raise MissingDependencyError(
            "PyTorch is needed to run a model and cannot be imported. Install it as its own page says, "
            "https://pytorch.org/get-started/locally (the CPU build is enough), or in 3D Slicer with the extension "
            '"PyTorch".'
        ) from error


def available_devices() -> list[str]:
    """List the devices on which a model can run here, the fastest first; ``cpu`` is always last."""
    require_torch()
    import torch

    devices = [f"cuda:{n}" for n in range(torch.cuda.device_count())] if torch.cuda.is_available() else []
    if torch.backends.mps.is_available():
        devices.append("mps")
    return [*devices, "cpu"]


def resolve_device(device: str) -> str:
    """Turn ``auto`` or a device's name into a device that is here.

    Raises:
        DeviceError: The device is not known or not available.

    Examples:
        >>> resolve_device("cpu")
        'cpu'
    """
    present = available_devices()
    if device == "auto":
        return present[0]
    wanted = "cuda:0" if device == "cuda" else device
    if wanted not in present:
        raise DeviceError(f"The device '{device}' is not available here. Available: auto, {', '.join(present)}.")
    return wanted


def resolve_precision(precision: str, device: str) -> torch.dtype:
    """Choose the number type that a precision stands for.

    Raises:
        DeviceError: Not one of `PRECISIONS`, or fp16 on a CPU.
    """
    import torch

    if precision not in PRECISIONS:
        raise DeviceError(f"The precision '{precision}' is not known. Choose one of: {', '.join(PRECISIONS)}.")
    if precision == "fp16" and device == "cpu":
        raise DeviceError("The precision fp16 needs a GPU. On the CPU choose fp32 (the default) or bf16.")
    return {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}[precision]


def is_out_of_memory(error: BaseException) -> bool:
    """Say whether an error means that a device's memory, or this process' limit, was exceeded.

    CUDA has an exception of its own; the CPU and Apple's GPU only say it in a RuntimeError's text.
    """
    import torch

    if isinstance(error, (MemoryError, torch.cuda.OutOfMemoryError)):
        return True
    return isinstance(error, RuntimeError) and any(words in str(error).lower() for words in MEMORY_WORDS)


def release_memory(device: str) -> None:
    """Give a GPU's memory back that torch keeps for later."""
    import torch

    if device.startswith("cuda"):
        torch.cuda.empty_cache()


def describe_device(device: str) -> str:
    """Name the device for the provenance, without anything that names the machine."""
    import torch

    if device.startswith("cuda"):
        return f"{device} ({torch.cuda.get_device_name(device)})"
    threads = torch.get_num_threads()
    return f"{device} ({threads} thread{'s' if threads > 1 else ''})" if device == "cpu" else device
