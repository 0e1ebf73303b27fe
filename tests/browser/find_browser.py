"""Find a Chromium for the browser tests, or install one.

python -m tests.browser.find_browser     installs one where there is none

A Chromium of the system's packages is used where there is one, else Playwright's own.
"""

import os
import shutil
import subprocess
import sys

from benchmarks.browser import find_chromium

INSTALL_LINE = "python -m tests.browser.find_browser"
DOWNLOAD_SECONDS = 600  # at most, for Playwright's download


def install() -> None:
    """Have Playwright download its Chromium; failing that, ask Debian's or Ubuntu's packages."""
    playwright = [sys.executable, "-m", "playwright", "install", "--with-deps", "chromium"]
    try:
        if subprocess.run(playwright, timeout=DOWNLOAD_SECONDS).returncode == 0:
            return
    except subprocess.TimeoutExpired:
        pass
    if shutil.which("apt-get"):
        print("Playwright could not install its Chromium; trying the system's packages.")
        sudo = [] if os.geteuid() == 0 else ["sudo"]
        subprocess.run([*sudo, "apt-get", "update"], check=True)
        subprocess.run([*sudo, "apt-get", "install", "-y", "chromium"], check=True)


if __name__ == "__main__":
    if not find_chromium():
        install()
    print(
        find_chromium()
        or sys.exit("No Chromium could be installed; install Chromium or Chrome yourself.")
    )
