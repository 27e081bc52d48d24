"""Comparators are known only where the laboratory makes them known."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from SuperResRadiomicsLib.networks import architectures
from SuperResRadiomicsLib.papers.app import app
from SuperResRadiomicsLib.papers.registration import ARCHITECTURES, METHODS, register
from SuperResRadiomicsLib.training.app import app as training_app
from SuperResRadiomicsLib.training.config import read_config

REPOSITORY = Path(__file__).resolve().parents[2]
CONFIGURATION = REPOSITORY / "SuperResRadiomicsLib" / "papers" / "configurations" / "us-pix2pix-comparator.yaml"


def test_the_product_knows_no_comparator() -> None:
    program = f"""
import json
from SuperResRadiomicsLib.errors import SettingsError
from SuperResRadiomicsLib.networks import architectures
from SuperResRadiomicsLib.training.config import read_config
try:
    read_config({str(CONFIGURATION)!r})
except SettingsError as error:
    print(json.dumps([str(error), sorted(architectures())]))
"""
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=REPOSITORY)
    message, known = json.loads(run.stdout)
    assert "the name is 'pix2pix'; known methods are supervised, sampling, gan-circle, " in message
    assert not set(known) & set(ARCHITECTURES)


def test_registering_again_changes_nothing() -> None:
    before = architectures()
    register()
    assert architectures() == before and set(ARCHITECTURES) <= set(before)
    config = read_config(CONFIGURATION)
    assert type(config.method) is METHODS["pix2pix"][0]
    assert config.model_dump()["method"]["paired_weight"] == 200.0, "all of its fields are written to the run's folder"


def test_the_laboratory_has_the_commands_of_training_and_its_own() -> None:
    of_training, of_papers = (
        {command.callback.__name__ for command in commands.registered_commands if command.callback}
        for commands in (training_app, app)
    )
    assert of_papers - of_training == {"evaluate_dictionary", "encoder", "results"}
    assert of_training < of_papers
