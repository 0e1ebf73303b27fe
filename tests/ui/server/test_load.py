"""benchmarks/load.py and benchmarks/long_run.py in short: what they count, not how fast it is."""

import sys

import pytest
from anyio.from_thread import start_blocking_portal

from benchmarks import long_run
from benchmarks.load import Page, digits


@pytest.fixture(scope="module")
def page(address):
    page = Page(address, address.process, digits(), answers=True)
    page.learn()
    return page


def test_visitors_at_once_all_get_their_own_answers(page):
    assert len({str(digit.said) for digit in page.digits}) >= 10  # not one answer fits all
    with start_blocking_portal() as portal:  # the browser's tests have a loop in this thread
        measured = portal.call(page.measure, 12, 3)  # visitors, seconds
    assert (measured.errors, measured.silent, measured.wrong) == ([], 0, 0)
    assert measured.digits > 0


@pytest.mark.skipif(sys.platform != "linux", reason="/proc says what a process holds")
def test_a_run_leaves_no_threads_and_no_files(page, temporary_folder):
    counts = {"predictions": 100, "page loads": 5, "pictures": 3, "trainings": 1}
    found = long_run.run(page, temporary_folder, counts, reports=11)
    for begun, ended in found.values():
        assert ended.temporary_files == begun.temporary_files <= 2  # one is there before
        assert ended.threads <= begun.threads + 5  # Gradio's pool comes and goes
        assert ended.open_files <= begun.open_files + 10
        assert ended.memory - begun.memory < long_run.MAX_GROWTH
