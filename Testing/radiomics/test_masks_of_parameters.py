"""What parameter files say of masks (correctMask, minimumROIDimensions), beside pyradiomics' own extractor."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
import yaml
from radiomics.featureextractor import RadiomicsFeatureExtractor

from SuperResRadiomicsLib.cli.groups import with_parameters
from SuperResRadiomicsLib.errors import MaskError
from SuperResRadiomicsLib.grid import Grid, to_sitk
from SuperResRadiomicsLib.io.choices import ANY_MASK
from SuperResRadiomicsLib.io.masks import read_image_with_mask
from SuperResRadiomicsLib.radiomics import extract_features, read_parameter_file
from Testing.radiomics.test_pyradiomics_parameters import made_up

CLASSES = "featureClass: {shape: , firstorder: , glcm: , gldm: , glrlm: , glszm: , ngtdm: }\n"
CORRECT = CLASSES + "setting: {correctMask: true, binWidth: 25, label: 2}"
LINE = CLASSES + "setting: {minimumROIDimensions: 1, binWidth: 25}"
ENGINES = pytest.mark.parametrize("engine", ["pyradiomics", "exact"])
TURNED = (0.8, -0.6, 0.0, 0.6, 0.8, 0.0, 0.0, 0.0, 1.0)
OTHER_GRIDS = {
    "coarser": Grid((20, 24, 17), (1.5, 1.3, 2.2), (-12.0, 29.0, 7.5), made_up()[0].grid.direction),
    "finer": Grid((90, 90, 60), (0.3, 0.3, 0.6), (-4.0, 40.0, 10.0), made_up()[0].grid.direction),
    "turned": Grid((50, 50, 40), (0.7, 0.7, 1.0), (-22.0, 30.0, 5.0), TURNED),
    "half a voxel off": Grid(
        (31, 36, 23), (0.9, 0.8, 1.5), (-12.5 + 0.4, 30.0 - 0.3, 7.0 + 0.6), made_up()[0].grid.direction
    ),
}


def files(folder: Path, mask: sitk.Image) -> tuple[Path, Path]:
    """The made-up lesion's image and a mask as files."""
    image = made_up()[0]
    sitk.WriteImage(to_sitk(image.voxels, image.grid), folder / "image.nrrd")
    sitk.WriteImage(mask, folder / "mask.nrrd")
    return folder / "image.nrrd", folder / "mask.nrrd"


def on_grid(grid: Grid) -> sitk.Image:
    """The made-up lesion as label 2 on another grid."""
    image, mask = made_up()
    source = to_sitk(2 * mask.astype(np.uint8), image.grid)
    blank = to_sitk(np.zeros(grid.shape, dtype=np.uint8), grid)
    return sitk.Resample(source, blank, sitk.Transform(), sitk.sitkNearestNeighbor)


def theirs(image: Path, mask: Path, parameters: Path) -> dict[str, float]:
    extractor = RadiomicsFeatureExtractor(yaml.safe_load(parameters.read_text()), additionalInfo=False)
    values = extractor.execute(str(image), str(mask))
    return {key: float(np.real(value)) for key, value in values.items()}


def ours(image: Path, mask: Path, parameters: Path, engine: str) -> tuple[dict[str, float], tuple[str, ...]]:
    asked = read_parameter_file(parameters, engine)
    scan, lesion = read_image_with_mask(image, mask, "CT", mask_choice=with_parameters(ANY_MASK, asked))
    return extract_features(scan, lesion, asked.settings), scan.notes


def check(found: dict[str, float], expected: dict[str, float]) -> None:
    assert expected and found.keys() == expected.keys()
    for key, value in expected.items():
        relative = 1e-3 if "_shape_" in key else 1e-6 if key.endswith("MCC") else 1e-9
        assert found[key] == pytest.approx(value, rel=relative, abs=1e-6, nan_ok=True), key


@ENGINES
@pytest.mark.parametrize("grid", OTHER_GRIDS.values(), ids=OTHER_GRIDS)
def test_a_mask_on_another_grid_is_resampled_as_pyradiomics_does_and_said(tmp_path, grid, engine):
    image, mask = files(tmp_path, on_grid(grid))
    (tmp_path / "p.yaml").write_text(CORRECT)
    found, notes = ours(image, mask, tmp_path / "p.yaml", engine)
    check(found, theirs(image, mask, tmp_path / "p.yaml"))
    assert [note for note in notes if "correctMask" in note and "mm3 after" in note]


def test_without_the_setting_both_refuse(tmp_path):
    image, mask = files(tmp_path, on_grid(OTHER_GRIDS["coarser"]))
    (tmp_path / "p.yaml").write_text(CORRECT.replace("true", "false"))
    with pytest.raises((ValueError, RuntimeError)):
        theirs(image, mask, tmp_path / "p.yaml")
    with pytest.raises(MaskError, match="another grid.*correctMask: true"):
        ours(image, mask, tmp_path / "p.yaml", "exact")


def test_a_lesion_over_the_edge_is_refused_by_both(tmp_path):
    image, _ = made_up()
    grid = Grid((20, 24, 17), (1.5, 1.3, 2.2), (-12.0, 29.0, 7.5), image.grid.direction)
    marked = np.zeros(grid.shape, dtype=np.uint8)
    marked[3:6, 4:8, 15:] = 2
    files_of = files(tmp_path, to_sitk(marked, grid))
    (tmp_path / "p.yaml").write_text(CORRECT)
    with pytest.raises(ValueError, match="larger than image space"):
        theirs(*files_of, tmp_path / "p.yaml")
    with pytest.raises(MaskError, match="over the edge of the image, which has 31 x 36 x 23"):
        ours(*files_of, tmp_path / "p.yaml", "exact")


def test_a_lesion_between_the_voxels_is_refused_by_both(tmp_path):
    image, _ = made_up()
    grid = Grid((40, 40, 40), (0.1, 0.1, 0.1), tuple(image.grid.index_to_world((10.2, 10.2, 10.2))))
    marked = np.zeros(grid.shape, dtype=np.uint8)
    marked[1:3, 1:3, 1:3] = 2
    files_of = files(tmp_path, to_sitk(marked, grid))
    (tmp_path / "p.yaml").write_text(CORRECT)
    with pytest.raises((ValueError, RuntimeError)):
        theirs(*files_of, tmp_path / "p.yaml")
    with pytest.raises(MaskError, match="centre of no voxel"):
        ours(*files_of, tmp_path / "p.yaml", "exact")


def marked_voxels(*where: slice | int) -> sitk.Image:
    image, _ = made_up()
    marked = np.zeros(image.voxels.shape, dtype=np.uint8)
    marked[where] = 1
    return to_sitk(marked, image.grid)


@ENGINES
@pytest.mark.parametrize("where", [(9, 20, slice(8, 15)), (slice(4, 10), 20, 12)], ids=["along i", "along k"])
def test_a_line_of_voxels_where_one_dimension_is_enough(tmp_path, where, engine):
    image, mask = files(tmp_path, marked_voxels(*where))
    (tmp_path / "p.yaml").write_text(LINE)
    found, _ = ours(image, mask, tmp_path / "p.yaml", engine)
    check(found, theirs(image, mask, tmp_path / "p.yaml"))


@ENGINES
def test_a_line_is_refused_by_default_and_a_single_voxel_always(tmp_path, engine):
    (tmp_path / "line.yaml").write_text(LINE)
    (tmp_path / "p.yaml").write_text(LINE.replace("minimumROIDimensions: 1, ", ""))
    line = files(tmp_path, marked_voxels(9, 20, slice(8, 15)))
    with pytest.raises(ValueError, match="too few dimensions"):
        theirs(*line, tmp_path / "p.yaml")
    with pytest.raises(MaskError, match="at least 2 axes"):
        ours(*line, tmp_path / "p.yaml", engine)
    voxel = files(tmp_path, marked_voxels(9, 20, 10))
    with pytest.raises(ValueError, match="1 segmented voxel"):
        theirs(*voxel, tmp_path / "line.yaml")
    with pytest.raises(MaskError, match="1 x 1 x 1 .*at least 1 axis"):
        ours(*voxel, tmp_path / "line.yaml", engine)
