"""Pictures of every mail in every theme and scheme, for eyes: python -m tests.render.screenshots FOLDER [PART]…

With PARTs only the mails whose names contain one of them, e.g. ``digest.de`` or ``low-glare``.
"""

from __future__ import annotations

import sys
from pathlib import Path

from tests.render.browsing import SCHEMES, Screen, chromium
from tests.render.mails import named, written

WIDTHS = (375, 800)


def main(folder: Path, *parts: str) -> None:
    """Write the pictures into ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    with chromium() as browser:
        screen = Screen(browser)
        for mail in named():
            if parts and not any(part in str(mail) for part in parts):
                continue
            for scheme in SCHEMES:
                for width in WIDTHS:
                    screen.show(written(mail).html, width=width, scheme=scheme)
                    screen.page.screenshot(path=folder / f"{mail}.{scheme}.{width}.png", full_page=True)
            print(mail, flush=True)
    print(f"{len(list(folder.glob('*.png')))} pictures in {folder}")


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
