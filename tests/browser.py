"""What tests of pages share."""

from playwright.sync_api import Page


def drawn(page: Page) -> None:
    """Wait until what the last input asked for has been drawn: a matter of frames, not of time.

    A control asks for the next frame, and a change of size is noticed at the end of one.
    """
    page.evaluate(
        """async () => {
            for (let frame = 0; frame < 3; frame++) await new Promise(requestAnimationFrame);
        }"""
    )
