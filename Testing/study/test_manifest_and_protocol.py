"""Manifests and protocols: what is accepted, and one clear message for each mistake."""

from __future__ import annotations

from dataclasses import replace

import pytest
import yaml

from SuperResRadiomicsLib.errors import StudyError
from SuperResRadiomicsLib.radiomics.parameter_file import parse_parameters
from SuperResRadiomicsLib.study.manifest import read_manifest
from SuperResRadiomicsLib.study.protocol import Protocol, read_protocol
from SuperResRadiomicsLib.study.setup import find_cases, init_study
from Testing.study.cohort import PROTOCOL

HEAD = "case,patient,image,mask\n"


def test_a_manifest_is_read(study):
    cases = read_manifest(study / "manifest.csv")
    assert [case.name for case in cases] == [f"c{n}" for n in range(7)]
    assert (cases[6].patient, cases[6].group, cases[6].modality) == ("p5", "a", "CT")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("case,patient,image\nx,p,i\n", "lacks the column mask"),
        (HEAD, "lists no case"),
        (HEAD + "x,p,i.nrrd\n", "line 2: 3 cells, but 4 columns"),
        (HEAD + "x,,i.nrrd,m.nrrd\n", "line 2, column patient: is empty"),
        (HEAD + "a/b,p,i.nrrd,m.nrrd\n", "line 2, column case: 'a/b' is not allowed"),
        (HEAD + "x,p,i.nrrd,m.nrrd\n", "line 2, column image: there is no file"),
        ("case,patient,image,mask,label\nx,p,i,m,0\n", "column label: '0' is not a whole number above 0"),
        ("case,patient,image,mask,label\nx,p,i,m,1.5\n", "column label: '1.5' is not a whole number above 0"),
        ("case,patient,image,mask,modality\nx,p,i,m,PET\n", "'PET' is not one of CT, MR, US"),
        ("case,patient,image,mask,modalty\nx,p,i,m,CT\n", "Is 'modality' meant"),
    ],
)
def test_mistakes_in_a_manifest(tmp_path, text, message):
    (tmp_path / "manifest.csv").write_text(text)
    with pytest.raises(StudyError, match=message):
        read_manifest(tmp_path / "manifest.csv")


def test_a_column_is_no_slip_of_one_that_is_there(study):
    text = (study / "manifest.csv").read_text().splitlines()
    lines = [f"{text[0]},age,cause", *(f"{line},60,accident" for line in text[1:])]
    (study / "manifest.csv").write_text("\n".join(lines) + "\n")
    assert read_manifest(study / "manifest.csv")[0].covariates == {"age": "60", "cause": "accident"}


def test_a_case_twice(study):
    text = (study / "manifest.csv").read_text()
    (study / "manifest.csv").write_text(text + text.splitlines()[1] + "\n")
    with pytest.raises(StudyError, match="stands in line 2 already"):
        read_manifest(study / "manifest.csv")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"kind": "other"}, "kind"),
        ({"binz": {}}, "binz: Extra inputs"),
        ({"bins": {"counts": [1]}}, "bins|bin count"),
        ({"versions": {"a": {"source": "interpolated", "scale": 2}}}, "exactly one of source original"),
        ({"versions": {"a": {"source": "original"}, "b": {"source": "interpolated"}}}, "give its scale"),
        ({"versions": {"a": {"source": "original"}, "b": {"source": "model"}}}, "names its model"),
        ({"perturbations": {"x": {"kind": "melting"}}}, "allowed are opening, closing"),
        ({"perturbations": {"x": {"kind": "rotation", "angle": 3}}}, "rotation takes degrees"),
        ({"perturbations": {"x": {"kind": "rotation"}}}, "not complete"),
        ({"perturbations": {"a/b": {"kind": "opening"}}}, "the name 'a/b' is not allowed"),
        ({"statistics": {"chosen_bins": 7}}, "allowed are auto, 8 bins, 16 bins"),
        ({"kind": "restoration"}, "exactly one of source reference"),
        ({"features": {"filters": ["Sharper"]}}, "image type 'Sharper' is not on offer"),
        ({"features": {"filters": ["Wavelet", "Wavelet"]}}, "features: .*Wavelet"),
        ({"features": {"parameters": {"setings": {}}}}, "the section 'setings' is not known"),
        ({"features": {"parameters": {}, "classes": ["glcm"]}}, "leave out classes"),
        ({"features": {"parameters": "nowhere.yaml"}}, r"parameters: .*'nowhere.yaml': it cannot be read"),
    ],
)
def test_mistakes_in_a_protocol(tmp_path, change, message):
    (tmp_path / "protocol.yaml").write_text(yaml.safe_dump({**PROTOCOL, **change}))
    with pytest.raises(StudyError, match=message):
        read_protocol(tmp_path / "protocol.yaml")


def test_a_protocol_takes_all_settings_but_bins_from_a_parameter_file(tmp_path):
    asked = {
        "imageType": {"Original": {}, "LoG": {"sigma": [1.0]}},
        "featureClass": {"glcm": ["Contrast"]},
        "setting": {"binWidth": 3, "normalize": True, "label": 2, "force2D": True},
    }
    (tmp_path / "Params.yaml").write_text(yaml.safe_dump(asked, sort_keys=False))
    (tmp_path / "protocol.yaml").write_text(
        yaml.safe_dump({**PROTOCOL, "features": {"engine": "exact", "parameters": "Params.yaml"}})
    )
    protocol = read_protocol(tmp_path / "protocol.yaml")
    assert protocol.features.label == 2
    whole = replace(parse_parameters(asked, "exact").settings, bin_width=None, bin_count=16)
    assert protocol.settings("16 bins") == whole
    assert protocol.identity()["features"]["parameters"] == asked, "a changed file is a changed study"
    assert Protocol.model_validate(protocol.model_dump(mode="json")) == protocol


@pytest.mark.parametrize("kind", ["robustness", "restoration"])
def test_what_init_writes_is_a_valid_protocol(tmp_path, kind):
    init_study(tmp_path / "s", kind)
    assert read_protocol(tmp_path / "s" / "protocol.yaml").kind == kind
    with pytest.raises(StudyError, match=r"holds a protocol.yaml already"):
        init_study(tmp_path / "s", kind)


def test_cases_of_a_folder(study):
    found = find_cases(study, "*_mask.nrrd", "*_mask.nrrd", "CT", {"c1": "x"})
    assert len(found) == 7 and found[1].group == "x"
    with pytest.raises(StudyError, match="must hold one"):
        find_cases(study, "image.nrrd", "*_mask.nrrd")
    with pytest.raises(StudyError, match="holds no mask"):
        find_cases(study, "*.nrrd", "*_gtv.nrrd")
