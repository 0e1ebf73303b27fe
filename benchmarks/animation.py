"""Make the README's animated picture: a digit is drawn, and the network changes with it.

docs/page.png, which links to the page show, is made with it.

python -m benchmarks.animation [--output docs/page.webp]
"""

import argparse
import io
import itertools
from pathlib import Path

from PIL import Image
from playwright.sync_api import ViewportSize, sync_playwright

from benchmarks import PROJECT
from benchmarks.browser import FLAGS, find_chromium, place, wait_for_engine
from benchmarks.serving import served

WINDOW: ViewportSize = {"width": 1240, "height": 1900}
STILL = PROJECT / "docs" / "page.png"  # what links to the page show
WIDTH = 620  # pixels, of the picture
FRAME, LAST_FRAME = 90, 2500  # milliseconds
QUALITY = 60
# A three, in shares of the sketchpad.
THREE = [
    *((0.28, 0.22), (0.40, 0.13), (0.56, 0.13), (0.66, 0.22), (0.66, 0.33), (0.57, 0.43)),
    *((0.44, 0.47), (0.60, 0.51), (0.70, 0.62), (0.69, 0.75), (0.58, 0.86), (0.42, 0.88)),
    *((0.28, 0.80),),
]
STEPS = 3  # frames from each of these points to the next


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, default=PROJECT / "docs" / "page.webp")
    options = parser.parse_args()
    frames = []
    with served(PROJECT) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=FLAGS)
        page = browser.new_page(viewport=WINDOW, reduced_motion="reduce")
        page.goto(f"{address}/?__theme=light")
        wait_for_engine(page)

        def take() -> None:
            page.evaluate("() => new Promise(requestAnimationFrame)")
            area = page.locator("#draw").bounding_box()
            network = page.locator("#network").bounding_box()
            assert area and network
            clip = {
                "x": area["x"],
                "y": area["y"],
                "width": area["width"],
                "height": network["y"] + network["height"] - area["y"],
            }
            picture = Image.open(io.BytesIO(page.screenshot(clip=clip)))  # type: ignore[arg-type]
            height = round(picture.height * WIDTH / picture.width)
            small = picture.convert("RGB").resize((WIDTH, height), Image.Resampling.LANCZOS)
            frames.append(small)

        take()
        page.mouse.move(*place(page, THREE[0]))
        page.mouse.down()
        for (x0, y0), (x1, y1) in itertools.pairwise(THREE):
            for step in range(1, STEPS + 1):
                share = step / STEPS
                at = x0 + share * (x1 - x0), y0 + share * (y1 - y0)
                page.mouse.move(*place(page, at))
                take()
        page.mouse.up()
        page.locator("#network .answers .part").nth(3).hover()
        take()
        page.screenshot(path=STILL, clip={"x": 0, "y": 0, "width": 1240, "height": 900})
        browser.close()
    durations = [FRAME] * (len(frames) - 1) + [LAST_FRAME]
    frames[0].save(
        *(options.output, "WEBP"),
        save_all=True,
        append_images=frames[1:],
        duration=durations,
        loop=0,
        quality=QUALITY,
        method=6,  # the smallest file
    )
    print(f"{options.output}: {len(frames)} frames, {options.output.stat().st_size / 1e3:.0f} kB")


if __name__ == "__main__":
    main()
