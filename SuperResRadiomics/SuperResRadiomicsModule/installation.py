"""What the module needs besides Slicer itself, and how it is installed after one question.

Nothing here imports torch: whether a package is there is read from its metadata, as
torch belongs to the child process.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import logging
import re
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import slicer
from slicer.i18n import tr as _

REQUESTER = "SuperResRadiomics"
KEPT_PACKAGES = ("numpy", "scipy", "SimpleITK", "requests", "torch")
"""What other parts of Slicer rely on: pip must not replace it."""


@dataclass(frozen=True)
class Package:
    """A Python package that runs need.

    Attributes:
        name: Its distribution's name.
        minimum: The least version.
        optional: Runs work without it, more slowly; it is offered, but never a reason to ask.
        needsRecord: Without pip's list of its files it counts as damaged, as it does for the extension PyTorch.
    """

    name: str
    minimum: str
    optional: bool = False
    needsRecord: bool = False

    @property
    def requirement(self) -> str:
        """As pip takes it, without spaces."""
        return f"{self.name}>={self.minimum}"

    @property
    def isMissing(self) -> bool:
        """Not installed, damaged, or older than needed."""
        version = installedVersion(self.name)
        if version is None or _numbers(version) < _numbers(self.minimum):
            return True
        # Reading the list as `files` does takes a quarter of a second for torch.
        return self.needsRecord and importlib.metadata.distribution(self.name).read_text("RECORD") is None


@dataclass(frozen=True)
class Function:
    """Something that the module does.

    Attributes:
        title: What it is called.
        packages: What it needs besides what Slicer brings (numpy, scipy, SimpleITK).
    """

    title: str
    packages: tuple[Package, ...]


TORCH = Package("torch", "2.1", needsRecord=True)
ENHANCE = Function(_("Enhancing"), (TORCH, Package("safetensors", "0.4.3")))
# The engine "exact" computes them without numba, several times more slowly.
FEATURES = Function(_("Features"), (Package("numba", "0.60", optional=True),))
WAVELETS = Function(_("Wavelet filters"), (Package("PyWavelets", "1.6"),))
PARAMETER_FILES = Function(_("Parameter files in YAML"), (Package("PyYAML", "6"),))
PAGE = Function(_("HTML page with a picture"), (Package("Jinja2", "3.1"), Package("matplotlib", "3.8")))
DICOM = Function(_("DICOM objects"), (Package("highdicom", "0.25"), Package("pydicom", "3")))
MAPS = Function(_("Maps of features"), (Package("numba", "0.60"),))
HABITATS = Function(_("Habitats"), (Package("numba", "0.60"), Package("scikit-learn", "1.3")))
FUNCTIONS = (ENHANCE, FEATURES, WAVELETS, PARAMETER_FILES, PAGE, DICOM, MAPS, HABITATS)


class InstallationError(Exception):
    """Why nothing could be installed: a sentence with what to do."""


def installedVersion(name: str) -> str | None:
    """The version of a distribution, None where it is not installed."""
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def missingPackages(functions: Iterable[Function]) -> list[Package]:
    """What is still to be installed for these functions."""
    needed = dict.fromkeys(package for function in functions for package in function.packages)
    return [package for package in needed if package.isMissing]


def ensureInstalled(
    functions: tuple[Function, ...], showStatus: Callable[..., None], includeOptional: bool = False
) -> bool:
    """Have everything that these functions need, after one question if something has to be installed.

    Args:
        functions: What is wanted.
        showStatus: Told why it is not possible.
        includeOptional: Also ask where it would work, only more slowly.

    Returns:
        Whether it can be done. The module stays usable where it cannot.
    """
    missing = missingPackages(functions)
    if not missing or not (includeOptional or _required(missing)):
        return True
    try:
        _check(missing)
        if not slicer.util.confirmOkCancelDisplay(_question(missing), _("Install Python packages")):
            raise InstallationError(_("Nothing was installed."))
        with slicer.util.WaitCursor():
            _install(missing)
    except InstallationError as error:
        isError = bool(_required(missingPackages(functions)))
        showStatus(f"{error} {stillMissing(functions)}".strip(), isError=isError)
    return not _required(missingPackages(functions))


def stillMissing(functions: Iterable[Function]) -> str:
    """A sentence for each function that lacks something; empty when nothing."""
    return "\n".join(filter(None, (_lack(function) for function in functions)))


def overview() -> str:
    """Every function, with what it needs and whether that is there."""
    lines = []
    for function in FUNCTIONS:
        lack = _lack(function)
        ready = _("{title}: ready.").format(title=function.title)
        sign = "\N{BALLOT X}" if _required(missingPackages([function])) else "\N{CHECK MARK}"
        lines.append(f"{sign} {lack or ready}")
    return "\n".join(lines)


def _lack(function: Function) -> str:
    missing = missingPackages([function])
    required = _required(missing)
    if required:
        return _("{title}: needs {names}, which is missing.").format(title=function.title, names=_listed(required))
    if missing:
        return _("{title}: computed more slowly without {names}.").format(title=function.title, names=_listed(missing))
    return ""


def offlineCommands() -> tuple[str, str]:
    """How to install without a network: the command for a machine with one, and Slicer's own; FOLDER is a folder."""
    requirements = " ".join(package.requirement for package in ENHANCE.packages)
    quoted = " ".join(f'"{package.requirement}"' for package in ENHANCE.packages)
    return (
        f"PythonSlicer -m pip download --dest FOLDER {quoted}",
        f'slicer.util.pip_install("--no-index --find-links FOLDER {requirements}")',
    )


def _required(packages: Iterable[Package]) -> list[Package]:
    return [package for package in packages if not package.optional]


def _listed(packages: Iterable[Package]) -> str:
    return ", ".join(package.requirement for package in packages)


def _numbers(version: str) -> tuple[int, ...]:
    """The leading numbers of a version; ``2.10.0+cu126`` is (2, 10, 0)."""
    match = re.match(r"\d+(\.\d+)*", version)
    return tuple(int(number) for number in match.group().split(".")) if match else ()


def _question(missing: Iterable[Package]) -> str:
    lines = []
    for package in missing:
        remark = _(" (the computing library, some gigabytes with a GPU)") if package is TORCH else ""
        remark = _(" (optional, makes features faster)") if package.optional else remark
        lines.append(f"- {package.requirement}{remark}")
    return _(
        "These Python packages will be downloaded and installed into Slicer:\n\n{packages}\n\n"
        "No image and no other data leaves this machine. This takes some minutes. Continue?"
    ).format(packages="\n".join(lines))


def _check(missing: Iterable[Package]) -> None:
    """Find out before the question what would make an installation fail.

    Raises:
        InstallationError: Something has to be done by hand first.
    """
    if slicer.app.testingEnabled():
        raise InstallationError(_("Slicer runs in testing mode, in which nothing is installed."))
    if TORCH not in missing:
        return
    logic = _pyTorchLogic()
    damaged = _(
        "PyTorch is damaged or too old. Restart Slicer, open the module 'PyTorch Utils', press 'Uninstall', restart "
        "Slicer, then try again."
    )
    if installedVersion(TORCH.name):
        raise InstallationError(damaged)
    try:
        logic.torchInstalled()  # Not installed, so this loads nothing.
    except TypeError as error:  # What it does on the remains of a broken installation.
        raise InstallationError(damaged) from error


def _pyTorchLogic() -> Any:
    try:
        import PyTorchUtils
    except ModuleNotFoundError as error:
        raise InstallationError(
            _(
                "PyTorch comes through Slicer's extension 'PyTorch', which is not installed. Install it with the "
                "Extensions Manager, restart Slicer, then try again."
            )
        ) from error
    return PyTorchUtils.PyTorchUtilsLogic()


def _install(missing: list[Package]) -> None:
    """Install, torch first.

    Raises:
        InstallationError: Refused on the way, or failed; what was installed until then stays.
    """
    try:
        if (
            TORCH in missing
            and _pyTorchLogic().installTorch(askConfirmation=False, torchVersionRequirement=f">={TORCH.minimum}")
            is None
        ):
            raise InstallationError(_("PyTorch was not installed."))
        for group in (_required(missing), [package for package in missing if package.optional]):
            _pipInstall([package.requirement for package in group if package is not TORCH])
    except InstallationError:
        raise
    except Exception as error:  # pip, light-the-torch and the network fail in many ways.
        logging.exception("SuperResRadiomics: an installation failed")
        raise InstallationError(
            _(
                "The installation failed: {error}. The log has the details. On a machine without a network see "
                "'Without a network' in the documentation."
            ).format(error=error)
        ) from error
    finally:
        importlib.invalidate_caches()


def _pipInstall(requirements: list[str]) -> None:
    """By Slicer's own functions: 5.12 and later show progress and offer a restart, 5.10 just installs."""
    if not requirements:
        return
    with tempfile.TemporaryDirectory(prefix="SuperResRadiomics-") as folder:
        constraints = Path(folder) / "constraints.txt"
        constraints.write_text(_constraints(), encoding="utf-8")
        try:
            packaging = importlib.import_module("slicer.packaging")
        except ModuleNotFoundError:
            slicer.util.pip_install([*requirements, "-c", str(constraints)])
            return
        packaging.pip_ensure(requirements, constraints=constraints, prompt_install=False, requester=REQUESTER)


def _constraints() -> str:
    versions = {name: installedVersion(name) for name in KEPT_PACKAGES}
    return "".join(f"{name}=={version}\n" for name, version in versions.items() if version)
