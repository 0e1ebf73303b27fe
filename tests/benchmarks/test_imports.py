import re

from tests.conftest import PROJECT


def test_benchmarks_import_no_tests():
    """Tests import benchmarks; the other way round would be a circle."""
    files = list((PROJECT / "benchmarks").glob("*.py"))
    assert files
    for file in files:
        text = file.read_text(encoding="utf-8")
        assert not re.search(r"^\s*(from|import) tests\b", text, re.MULTILINE), file
        assert "sys.path" not in text, file
