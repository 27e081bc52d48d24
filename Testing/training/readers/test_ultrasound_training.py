"""Training on images of two devices, paired or not: what is drawn, first steps, figures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from pydantic import ValidationError

from SuperResRadiomicsLib.enhancement import load_model
from SuperResRadiomicsLib.errors import SettingsError
from SuperResRadiomicsLib.training.config import DataConfig, TrainingConfig
from SuperResRadiomicsLib.training.evaluation import evaluate_enhancement
from SuperResRadiomicsLib.training.export import export_run
from SuperResRadiomicsLib.training.pairs import PairSampler
from SuperResRadiomicsLib.training.systems import GENERATOR
from SuperResRadiomicsLib.training.trainer import Trainer
from SuperResRadiomicsLib.training.volumes import list_volumes, load_stack
from Testing.training.readers.samples import texture, write_picture
from Testing.training.tiny import read_log, shrink

CONFIGURATION = Path(__file__).resolve().parents[3] / "Resources" / "training" / "us-cyclegan-usenhance.yaml"
SHAPE = (56, 64)
UNPAIRED = {"name": "cycle-gan", "paired_weight": 0.0, "perceptual_weight": 0.0, "critic_widths": (4, 4, 4, 4)}


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten patients of two organs as USenhance comes: the low-end image is half as bright and noisy."""
    folder = tmp_path_factory.mktemp("usenhance")
    for number in range(10):
        rng = np.random.default_rng(number)
        high = (120 + 0.6 * texture(SHAPE, number)).clip(10, 250)
        low = (0.5 * high + rng.normal(0, 8, SHAPE)).clip(0, 255)
        for organ, name in (("thyroid", f"p{number}_1"), ("breast", f"p{number}_2")):
            for quality, image in (("low_quality", low), ("high_quality", high)):
                write_picture(folder / "train_datasets" / quality / organ / f"{name}.png", image.astype(np.uint8))
    return folder


def changed(config: TrainingConfig, **sections: dict[str, Any]) -> TrainingConfig:
    content = config.model_dump()
    for name, fields in sections.items():
        content[name] = fields if "name" in fields else content[name] | fields
    return TrainingConfig.model_validate(content)


def run(config: TrainingConfig, folder: Path) -> dict[str, list[tuple[int, float]]]:
    trainer = Trainer(config, folder)
    before = [p.detach().clone() for p in trainer.system.networks[GENERATOR].parameters()]
    trainer.run()
    after = trainer.system.networks[GENERATOR].parameters()
    assert any(not torch.equal(a, b) for a, b in zip(before, after, strict=True))
    log = read_log(folder)
    assert [step for step, _ in log["loss"]] == list(range(1, trainer.step + 1))
    assert all(np.isfinite([value for _, value in values]).all() for values in log.values())
    return log


def test_the_shipped_configuration_runs_its_first_steps_and_its_model_is_measured(images: Path, tmp_path: Path) -> None:
    config = shrink(CONFIGURATION, images)
    config = changed(config, run={"workers": 0})
    log = run(config, tmp_path / "run")
    assert {"loss/cycle", "loss/paired", "loss/perceptual", "validation/measured/psnr_network"} <= set(log)
    card = export_run(tmp_path / "run", config, tmp_path / "models")
    assert card.degradation["operator"] == "low-end ultrasound scanner, measured"
    results = evaluate_enhancement(load_model(card.folder, "cpu"), config, list_volumes(config.data, config.run.seed))
    figures = results["degradations"]["measured"]
    assert len(figures["volumes"]) == 2 and figures["regions"]["body"]["patients"] == 1
    # Scaled by its window, the low-end image differs from the truth by its noise alone.
    assert 15 < figures["mean"]["psnr_degraded"] < 30


def test_a_cycle_gan_learns_from_images_that_are_no_pairs(images: Path, tmp_path: Path) -> None:
    for path in sorted((images / "train_datasets" / "low_quality").rglob("*.png"))[1:]:
        low = tmp_path / "data" / "low_quality" / f"other_{path.name}"
        low.parent.mkdir(parents=True, exist_ok=True)
        low.write_bytes(path.read_bytes())
    (tmp_path / "data" / "high_quality").symlink_to(images / "train_datasets" / "high_quality")
    config = shrink(CONFIGURATION, tmp_path / "data", 3)
    config = changed(config, data={"paired": False}, method=UNPAIRED, run={"workers": 0})
    log = run(config, tmp_path / "run")
    assert not any(name.startswith("validation/") for name in log), "there is no truth to compare with"
    model = load_model(export_run(tmp_path / "run", config, tmp_path / "models").folder, "cpu")
    with pytest.raises(SettingsError, match="not paired: there is no truth to compare with"):
        evaluate_enhancement(model, config, list_volumes(config.data, 0))


def configure(folder: Path, **more: Any) -> DataConfig:
    return DataConfig(layout="ultrasound-pairs", modality="US", folder=folder, patch=24, context=0, **more)


def write_ramps(folder: Path) -> None:
    """Images that tell by their values which row, column and image they show; the low-end ones are darker."""
    rows, columns = np.indices((40, 40))
    for number in range(8):
        value = 20 + 2 * rows + columns + 10 * number
        write_picture(folder / "high_quality" / f"p{number}_1.png", value.astype(np.uint8))
        write_picture(folder / "low_quality" / f"p{number}_1.png", (value // 2).astype(np.uint8))


def sampler(data: DataConfig) -> PairSampler:
    return PairSampler([load_stack(e, data) for e in list_volumes(data, 0) if e.role == "train"], data)


def test_pairs_show_the_same_place_and_keep_the_direction_of_depth(tmp_path: Path) -> None:
    write_ramps(tmp_path)
    batch = sampler(configure(tmp_path)).batch(32, 1, 2)
    assert batch.target.shape == batch.coarse.shape == (32, 24, 24)
    assert np.array_equal(batch.coarse, batch.interpolated)
    assert np.abs(batch.coarse - batch.target).max() < 0.03, "the same image, place and side"
    assert (np.diff(batch.target, axis=1) > 0).all(), "depth is never turned round"
    to_the_right = np.diff(batch.target, axis=2).mean(axis=(1, 2)) > 0
    assert to_the_right.any() and not to_the_right.all()
    again, next_ = (sampler(configure(tmp_path)).batch(32, 1, step) for step in (2, 3))
    assert np.array_equal(batch.coarse, again.coarse) and not np.array_equal(batch.coarse, next_.coarse)


def test_sides_that_are_no_pairs_are_drawn_independently(tmp_path: Path) -> None:
    write_ramps(tmp_path)
    batch = sampler(configure(tmp_path, paired=False)).batch(64, 0)
    low, high = batch.coarse.mean(axis=(1, 2)), batch.target.mean(axis=(1, 2))
    assert abs(np.corrcoef(low, high)[0, 1]) < 0.4
    turned = [np.diff(side, axis=2).mean(axis=(1, 2)) > 0 for side in (batch.coarse, batch.target)]
    assert 0.2 < (turned[0] != turned[1]).mean() < 0.8


def test_batches_of_several_sides_have_about_as_many_pixels(tmp_path: Path) -> None:
    write_ramps(tmp_path)
    drawn = sampler(configure(tmp_path, patch_sides=(16, 24, 32)))
    shapes = {drawn.batch(8, step).target.shape for step in range(20)}
    assert shapes == {(18, 16, 16), (8, 24, 24), (4, 32, 32)}


def test_a_side_without_training_images_is_named(tmp_path: Path) -> None:
    write_ramps(tmp_path)
    names = [f"high_quality/p{n}_1.png,{n},train" for n in range(4)]
    names += [f"low_quality/p{n}_1.png,{n},test" for n in range(4, 8)]
    (tmp_path / "splits.csv").write_text("\n".join(["path,patient,role", *names]))
    with pytest.raises(SettingsError, match=r"No low-end image has the role 'train'.*'splits.csv'"):
        sampler(configure(tmp_path, paired=False))


def test_images_smaller_than_a_patch_are_not_used(tmp_path: Path) -> None:
    write_ramps(tmp_path)
    with pytest.raises(SettingsError, match=r"as large as a patch .*\(48 pixels\)"):
        sampler(configure(tmp_path, patch_sides=(48,)))


def test_another_layout_is_refused_by_the_training(tmp_path: Path) -> None:
    config = shrink(CONFIGURATION, tmp_path)
    with pytest.raises(SettingsError, match=r"no low_quality images .*low_quality/thyroid/0001.png and high_quality"):
        Trainer(config, tmp_path / "run").run()
    with pytest.raises(SettingsError, match="no data folder 'absent'"):
        Trainer(shrink(CONFIGURATION, tmp_path / "absent"), tmp_path / "run").run()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"data": {"layout": "volumes"}}, "sampling measured and data.layout ultrasound-pairs go together"),
        ({"degradation": {"sampling": "low-end-ultrasound"}}, "go together"),
        ({"degradation": {"factor": 2}, "data": {"patch": 48}}, "must be"),
        ({"data": {"paired": False}}, "the method cycle-gan with its weights compares images of a pair"),
        ({"data": {"paired": False}, "method": {"name": "supervised"}}, "the method supervised with its weights"),
        (
            {"data": {"paired": False, "layout": "volumes"}, "degradation": {"sampling": "average"}},
            "data.paired false is for data.layout ultrasound-pairs",
        ),
    ],
)
def test_settings_that_do_not_go_together(changes: dict[str, Any], message: str, tmp_path: Path) -> None:
    with pytest.raises(ValidationError, match=message):
        changed(shrink(CONFIGURATION, tmp_path), **changes)
