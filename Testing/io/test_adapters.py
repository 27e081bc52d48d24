"""Images in the forms of other libraries, against SimpleITK's own reading of the same file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from SuperResRadiomicsLib.errors import GridError, ImageError, MaskError
from SuperResRadiomicsLib.grid import Grid, to_sitk
from SuperResRadiomicsLib.io.adapters import as_image, as_mask
from SuperResRadiomicsLib.io.image import Image, write_image
from SuperResRadiomicsLib.io.reading import read_image

SIZE = (7, 5, 3)
OBLIQUE = Grid(SIZE, (0.7, 0.9, 3.5), (-31.5, 42.25, 17.0), (0.8, -0.6, 0.0, 0.48, 0.64, -0.6, 0.36, 0.48, 0.8))
LEFT_HANDED = Grid(SIZE, (0.5, 0.5, 2.0), (3.0, -4.0, 5.0), (-1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0))
PLAIN = Grid(SIZE, (0.8, 1.1, 5.0), (10.0, -20.0, 30.0))
GRIDS = {"plain": PLAIN, "oblique": OBLIQUE, "left-handed": LEFT_HANDED}


@pytest.fixture(params=GRIDS)
def image(request) -> Image:
    return image_on(GRIDS[request.param])


def image_on(grid: Grid) -> Image:
    """Every voxel differs, so that a swapped or flipped axis shows."""
    voxels = np.arange(np.prod(grid.shape), dtype=np.int16).reshape(grid.shape)
    return Image(voxels, grid, "MR", "arbitrary")


@pytest.fixture
def file(image, tmp_path) -> Path:
    write_image(image, tmp_path / "image.nii.gz")
    return tmp_path / "image.nii.gz"


def assert_same(found: Image, expected: Image) -> None:
    assert found.grid.matches(expected.grid, tolerance=1e-4)
    assert np.allclose(found.grid.direction, expected.grid.direction, atol=1e-5)
    assert found.voxels.shape == expected.voxels.shape and np.array_equal(found.voxels, expected.voxels)
    assert (found.modality, found.unit) == (expected.modality, expected.unit)


def loaded_by_nibabel(path: Path):
    return pytest.importorskip("nibabel").load(path)


def loaded_by_torchio(path: Path):
    return pytest.importorskip("torchio").ScalarImage(path)


def loaded_by_monai(path: Path):
    transforms = pytest.importorskip("monai.transforms")
    return transforms.LoadImage(image_only=True, ensure_channel_first=True)(path)


def loaded_by_monai_in_lps(path: Path):
    """As a pipeline that works in LPS leaves it."""
    loaded = loaded_by_monai(path)
    loaded.affine = np.diag((-1.0, -1.0, 1.0, 1.0)) @ loaded.affine.numpy()
    loaded.meta["space"] = "LPS"
    return loaded


LOADERS = [
    loaded_by_nibabel,
    loaded_by_torchio,
    loaded_by_monai,
    loaded_by_monai_in_lps,
]


@pytest.mark.parametrize("load", LOADERS, ids=lambda load: load.__name__)
def test_other_libraries_give_the_image_that_simpleitk_reads(load, file):
    assert_same(as_image(load(file), "MR"), read_image(file, "MR"))


@pytest.mark.parametrize("load", LOADERS[:3], ids=lambda load: load.__name__)
def test_masks_come_from_the_same_objects(load, image, tmp_path):
    mask = image.voxels % 5 == 0
    write_image(image.with_voxels(3 * mask.astype(np.uint8)), tmp_path / "mask.nii.gz")
    # A NIfTI file rounds to single precision: the image is read as well.
    write_image(image, tmp_path / "image.nii.gz")
    read = read_image(tmp_path / "image.nii.gz", "MR")
    for label in (None, 3):
        assert np.array_equal(as_mask(load(tmp_path / "mask.nii.gz"), read, label), mask)
    with pytest.raises(MaskError, match="no voxel of label 2"):
        as_mask(load(tmp_path / "mask.nii.gz"), read, 2)


angles = st.floats(-3.1, 3.1)
lengths = st.floats(0.2, 8.0)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.tuples(angles, angles, angles), st.tuples(lengths, lengths, lengths), st.tuples(*[st.floats(-300, 300)] * 3),
    st.booleans(),
)  # fmt: skip
def test_any_affine_matrix_places_voxels_as_simpleitk_does(tmp_path, rotation, spacing, origin, mirrored):
    nibabel = pytest.importorskip("nibabel")
    turned = sitk.Euler3DTransform((0.0, 0.0, 0.0), *rotation).GetMatrix()
    axes = np.reshape(turned, (3, 3)) * (-1 if mirrored else 1, 1, 1)
    affine = np.eye(4)
    affine[:3, :3], affine[:3, 3] = axes * spacing, origin
    voxels = np.arange(np.prod(SIZE), dtype=np.int16).reshape(SIZE)
    nifti = nibabel.Nifti1Image(voxels, affine)
    nibabel.save(nifti, tmp_path / "any.nii")
    assert_same(as_image(nifti, "MR"), read_image(tmp_path / "any.nii", "MR"))


def test_simpleitk_images_and_arrays(image):
    assert_same(as_image(to_sitk(image.voxels, image.grid), "MR"), image)
    bare = as_image(image.voxels, "MR", spacing=image.spacing)
    assert np.array_equal(bare.voxels, image.voxels) and bare.spacing == image.spacing
    assert as_image((image.voxels, image.spacing), "MR").grid == bare.grid
    assert as_image(image) is image and as_image(image, "US").modality == "US"


def test_the_modality_is_guessed_as_from_a_file(image):
    air = image.with_voxels(image.voxels - 1000)
    assert as_image(to_sitk(air.voxels, air.grid)).modality == "CT"
    assert as_image(to_sitk(image.voxels, image.grid)).modality == "unknown"


@pytest.mark.parametrize("order", [1, -1])
def test_pydicom_datasets_are_the_series_that_simpleitk_reads(test_data, order):
    pydicom = pytest.importorskip("pydicom")
    folder = test_data / "ct" / "dcmqi-dicom"
    paths = [path for path in folder.rglob("*.dcm") if "seg" not in path.name]
    datasets = [pydicom.dcmread(path) for path in paths][::order]
    single = {path.parent for path in paths}.pop()
    expected = read_image(single, "CT")
    found = as_image(datasets)
    assert_same(found, expected)


def test_slices_that_do_not_belong_together_are_refused(test_data):
    pydicom = pytest.importorskip("pydicom")
    paths = [path for path in (test_data / "ct" / "dcmqi-dicom").rglob("*.dcm") if "seg" not in path.name]
    datasets = [pydicom.dcmread(path) for path in paths]
    moved = pydicom.dcmread(paths[0])
    moved.ImagePositionPatient[2] += 0.3
    with pytest.raises(ImageError, match="uneven"):
        as_image([*datasets, moved])
    datasets[0].SeriesInstanceUID = "1.2.3"
    with pytest.raises(ImageError, match="2 DICOM series"):
        as_image(datasets)
    with pytest.raises(ImageError, match="no DICOM image series"):
        as_image([pydicom.Dataset()])


VOXELS = np.zeros((3, 4, 5), np.float32)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (VOXELS, "An array alone does not say how large its voxels are"),
        ((VOXELS[0], (1, 1, 1)), "2 dimensions"),
        ((VOXELS, (1, 1)), "Give three numbers in mm"),
        (7, "of type int is not an image. Give a path"),
        ([], "of type list is not an image"),
        (sitk.Image((4, 4, 4), sitk.sitkVectorFloat32, 3), "3 values in each voxel"),
    ],
)
def test_what_is_no_image_is_refused(source, message):
    with pytest.raises(ImageError, match=message):
        as_image(source)


def test_an_affine_matrix_that_places_nothing_is_refused():
    nibabel = pytest.importorskip("nibabel")
    flat, sheared = np.diag((1.0, 0.0, 1.0, 1.0)), np.eye(4)
    sheared[0, 2] = 0.3
    with pytest.raises(ImageError, match="axis of length zero"):
        as_image(nibabel.spatialimages.SpatialImage(VOXELS, flat))
    with pytest.raises(GridError, match="right angles"):
        as_image(nibabel.Nifti1Image(VOXELS, sheared))
    with pytest.raises(ImageError, match="three dimensions"):
        as_image(nibabel.Nifti1Image(np.zeros((3, 4, 5, 2), np.float32), np.eye(4)))


def test_several_channels_and_other_spaces_are_refused():
    data = pytest.importorskip("monai.data")
    torch = pytest.importorskip("torch")
    with pytest.raises(ImageError, match="One channel"):
        as_image(data.MetaTensor(torch.zeros(2, 3, 4, 5)))
    with pytest.raises(ImageError, match="space SCREEN"):
        as_image(data.MetaTensor(torch.zeros(1, 3, 4, 5), meta={"space": "screen"}))


def test_masks_of_another_grid_or_of_fractions_are_refused(image):
    mask = image.voxels > 20
    assert as_mask(mask, image) is mask
    assert np.array_equal(as_mask(mask.astype(np.uint8), image), mask)
    with pytest.raises(MaskError, match=r"has shape \(2, 5, 7\)"):
        as_mask(mask[1:], image)
    with pytest.raises(MaskError, match="not whole numbers"):
        as_mask(mask * 0.5, image)
    with pytest.raises(MaskError, match="empty"):
        as_mask(np.zeros(image.voxels.shape, np.uint8), image)
    with pytest.raises(MaskError, match="another grid|wholly outside"):
        as_mask(sitk.GetImageFromArray(mask.astype(np.uint8)), image)
