import gzip
import json
import os
import subprocess
import sys

import pytest
from PIL import Image

from digitnet.__main__ import main
from tests.conftest import PROJECT

SEVEN = [[[0, 0], [10, 0], [4, 20]]]


def test_predict_prints_a_line_a_picture(tmp_path, test_set, capsys):
    path = tmp_path / "seven.png"
    Image.fromarray(test_set[0][0].numpy()).save(path)
    blank = tmp_path / "blank.png"
    Image.new("L", (20, 20)).save(blank)
    assert main(["predict", str(path), str(blank)]) == 0
    first, second = capsys.readouterr().out.splitlines()
    assert first.startswith(f"{path}: 7 (")
    assert second == f"{blank}: blank"


@pytest.mark.parametrize("suffix", ["jsonl", "jsonl.gz"])
def test_evaluate_counts_per_model_and_digit(tmp_path, suffix, capsys):
    path = tmp_path / f"drawings.{suffix}"
    lines = [{"label": 7, "strokes": SEVEN}] * 3 + [{"label": 1, "strokes": SEVEN}]
    content = "".join(json.dumps(line) + "\n" for line in lines).encode()
    path.write_bytes(gzip.compress(content) if suffix.endswith("gz") else content)
    assert main(["evaluate", str(path), "--models", "cnn"]) == 0
    *_, row = capsys.readouterr().out.splitlines()
    assert row.split() == ["cnn", "75.00", "-", "0.0", "-", "-", "-", "-", "-", "100.0", "-", "-"]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (None, "cannot be read"),
        (b"", "holds no drawings"),
        (b"nonsense\n", "line 1"),
        (b'{"label": 7, "strokes": []}\n{"label": "x", "strokes": []}\n', "line 2"),
        (b"[1]\n", "line 1"),
        (b'{"label": 7, "strokes": "picture.png"}\n', "line 1"),
        (b"[" * 100_000 + b"\n", "line 1"),
        (b'{"label": 3, "strokes": [[["a", "b"]]]}\n', "line 1: A drawing is a list of strokes"),
    ],
)
def test_evaluate_says_what_is_wrong(tmp_path, content, sentence, capsys):
    path = tmp_path / "drawings.jsonl"
    if content is not None:
        path.write_bytes(content)
    assert main(["evaluate", str(path)]) == 2
    assert sentence in capsys.readouterr().err


def test_predict_goes_on_after_a_broken_picture(tmp_path, capsys):
    good, broken = tmp_path / "good.png", tmp_path / "broken.png"
    Image.new("L", (20, 20)).save(good)
    broken.write_bytes(b"broken")
    assert main(["predict", str(broken), str(good), str(tmp_path / "none.png"), str(good)]) == 2
    printed = capsys.readouterr()
    assert printed.out.splitlines() == [f"{good}: blank"] * 2
    first, second = printed.err.splitlines()
    assert f"{broken}: The picture could not be read" in first and "There is no picture" in second


def test_teach_makes_no_folder_for_a_recipe_that_does_not_exist(tmp_path, capsys):
    arguments = ["teach", str(tmp_path / "x.jsonl"), "--output", str(tmp_path / "out")]
    assert main([*arguments, "--recipe", "../secret"]) == 2
    assert "There is no recipe '../secret'" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def as_people_do(*arguments, **options):
    return subprocess.Popen(
        [sys.executable, "-m", "digitnet", *arguments],
        cwd=PROJECT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        **options,
    )


def test_a_reader_that_goes_away_is_no_error(tmp_path):
    """As `| head -1` does, once there is more than a pipe holds."""
    name = tmp_path / ("x" * 200)
    Image.new("L", (20, 20)).save(name, "png")
    process = as_people_do("predict", "--model", "linear", *[str(name)] * 1000)
    process.stdout.close()
    said = process.stderr.read().decode()
    process.wait(timeout=120)
    assert said == ""


def test_a_terminal_without_unicode_gets_what_it_can_show(tmp_path):
    name = tmp_path / "sieben-é-７.png"
    Image.new("L", (20, 20)).save(name)
    environment = os.environ | {"PYTHONIOENCODING": "ascii"}
    process = as_people_do("predict", str(name), str(name) + "x", env=environment)
    out, said = (text.decode("ascii") for text in process.communicate(timeout=120))
    assert process.returncode == 2 and "Traceback" not in said
    assert "sieben-\\xe9-\\uff17.png: blank" in out and "There is no picture" in said


@pytest.mark.parametrize("arguments", [[], ["recognise"], ["predict"], ["push", "nobody"]])
def test_wrong_arguments_get_one_sentence(arguments, capsys):
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2 and capsys.readouterr().err.count("\n") == 1


def test_predict_says_what_is_wrong(tmp_path, capsys):
    assert main(["predict", str(tmp_path / "none.png")]) == 2
    assert "There is no picture" in capsys.readouterr().err
    assert main(["predict", "x.png", "--recipe", "secret"]) == 2
    assert "article" in capsys.readouterr().err
