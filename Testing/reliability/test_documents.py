"""Bombs, nonsense and numbers that are none, in every document that users write: a sentence at once, no traceback."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from SuperResRadiomicsLib.errors import ModelError, SuperResError
from SuperResRadiomicsLib.io.documents import brief, parse_json, read_json, read_yaml
from SuperResRadiomicsLib.models import load_card
from SuperResRadiomicsLib.radiomics import read_parameter_file
from SuperResRadiomicsLib.stability import read_signature
from SuperResRadiomicsLib.study.protocol import read_protocol
from SuperResRadiomicsLib.training.config import read_config
from Testing.conftest import TINY_CARD

READERS = {
    "parameters": read_parameter_file, "protocol": read_protocol, "training": read_config, "signature": read_signature
}  # fmt: skip
LINES = ["a: &a [x,x,x,x,x,x,x,x,x]"]
for before, name in zip("abcdefgh", "bcdefghi", strict=True):
    LINES.append(f"{name}: &{name} [{','.join([f'*{before}'] * 9)}]")
BOMBS = {
    "of lists": "\n".join(LINES),
    "in a setting": "setting: {binWidth: &a [x,x,x,x,x,x,x,x,x], label: [" + "*a, " * 5000 + "]}",
    "that holds itself": "setting: &a {binWidth: *a}",
    "that is deep": "[" * 50_000,
    "that is a deep mapping": "{a: " * 20_000,
    "of one huge number": "setting: {binWidth: " + "9" * 100_000 + "}",
    "no UTF-8": b"\xff\xfe\x00",
    "another kind": "[1, 2, 3]",
    "a date that is none": "setting: 2001-99-99",
    "a tag": "setting: !!python/object/apply:os.system [ls]",
}  # fmt: skip


@pytest.mark.parametrize("reader", READERS.values(), ids=READERS)
@pytest.mark.parametrize("bomb", BOMBS.values(), ids=BOMBS)
def test_a_bomb_is_refused_at_once(tmp_path, reader, bomb):
    path = tmp_path / "bomb.yaml"
    path.write_bytes(bomb if isinstance(bomb, bytes) else bomb.encode())
    began = time.process_time()
    with pytest.raises(SuperResError) as refused:
        reader(path)
    assert time.process_time() - began < 5
    assert len(str(refused.value)) < 3000


LEAVES = st.none() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False) | st.text()


@given(st.recursive(LEAVES, lambda part: st.lists(part) | st.dictionaries(st.text(), part), max_leaves=10))
def test_what_is_harmless_is_read_as_ever(tmp_path_factory, value):
    path = tmp_path_factory.mktemp("yaml") / "a.yaml"
    text = yaml.safe_dump(value, allow_unicode=True)
    path.write_text(text, encoding="utf-8")
    assert read_yaml(path) == yaml.safe_load(text)
    assert parse_json(json.dumps(value)) == value


def test_an_alias_that_is_used_twice_is_fine(tmp_path):
    (tmp_path / "a.yaml").write_text("a: &x [1, 2]\nb: *x\nc: {<<: {d: 1}}")
    assert read_yaml(tmp_path / "a.yaml") == {"a": [1, 2], "b": [1, 2], "c": {"d": 1}}


@pytest.mark.parametrize("text", ["NaN", "[Infinity]", '{"a": -Infinity}', "", "[" * 100_000, '{"a":'])
def test_what_is_no_json_is_refused(tmp_path, text):
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(ValueError, match="it "):
        read_json(tmp_path / "a.json")


def test_large_values_are_shown_in_brief():
    assert len(brief({"a" * 500: ["b" * 500] * 500})) < 500


@pytest.mark.parametrize(
    ("place", "text"),
    [("valid_spacing_mm", "[NaN, 1.0]"), ("intensity", '{"window": [0, Infinity], "unit": "HU"}'), ("results", "NaN")],
)
def test_a_card_with_a_number_that_is_none_is_refused(tmp_path: Path, place: str, text: str) -> None:
    content = {"schema_version": 1, **TINY_CARD, "weights": {"sha256": "0" * 64}}
    content[place] = "HERE"
    (tmp_path / "metadata.json").write_text(json.dumps(content).replace('"HERE"', text))
    with pytest.raises(ModelError, match="no number in JSON"):
        load_card(tmp_path)
