import re

from tests.conftest import PROJECT


def test_benchmarks_import_no_tests():
    """Tests import benchmarks; the other way round would be a circle."""
    files = list((PROJECT / "benchmarks").glob("*.py"))
    assert files
    for file in files:
        assert not re.search(r"^\s*(from|import) tests\b", file.read_text(), re.MULTILINE), file
        assert "sys.path" not in file.read_text(), file
