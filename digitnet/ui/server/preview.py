"""What others show of a link to the page: title, sentence, picture, address and icon."""

import html
import re
from dataclasses import dataclass
from pathlib import Path

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import FileResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from digitnet.ui.server.limits import route_of

PICTURE = "preview.png"  # its address, below the page's
# Those of Gradio's template, which says of every page that it is Gradio, and has no option for it.
TAGS = re.compile(r'<meta\s+(?:property="og:|name="twitter:)[^>]*>\s*')
PLACE = re.compile(rf"{TAGS.pattern}|</head>")


@dataclass
class Preview:
    """Middleware that puts the page's own preview into its HTML, and serves the picture of it.

    Attributes
    ----------
    app : the application
    title, sentence : what the page is called, and what it is
    picture : a PNG file
    """

    app: ASGIApp
    title: str
    sentence: str
    picture: Path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] not in ("GET", "HEAD"):
            return await self.app(scope, receive, send)
        route = route_of(scope)
        if route == PICTURE:
            return await FileResponse(self.picture)(scope, receive, send)
        if route == "":
            send = self._with_tags(send, address_of(scope))
        await self.app(scope, receive, send)

    def tags(self, address: str) -> str:
        """The HTML of the preview of the page at `address`."""
        properties = {
            "og:type": "website",
            "og:title": self.title,
            "og:description": self.sentence,
            "og:image": address + PICTURE,
            "og:url": address,
        }
        lines = [
            f"<title>{html.escape(self.title)}</title>",
            f'<meta name="description" content="{html.escape(self.sentence)}">',
            '<meta name="twitter:card" content="summary">',
            '<link rel="icon" href="./favicon.ico">',
        ]
        lines += [
            f'<meta property="{name}" content="{html.escape(value)}">'
            for name, value in properties.items()
        ]
        return "\n".join(lines) + "\n"

    def _with_tags(self, send: Send, address: str) -> Send:
        start: list[Message] = []
        content = bytearray()

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                if not Headers(scope=message).get("content-type", "").startswith("text/html"):
                    return await send(message)
                return start.append(message)
            if not start:
                return await send(message)
            content.extend(message.get("body", b""))
            if message.get("more_body"):
                return None
            body = self._replaced(content.decode(), address).encode()
            MutableHeaders(scope=start[0])["content-length"] = str(len(body))
            await send(start.pop())
            await send({"type": "http.response.body", "body": body})

        return sending

    def _replaced(self, page: str, address: str) -> str:
        """A page with the tags of this preview instead of Gradio's."""
        place = PLACE.search(page)
        if place is None:
            return page
        return page[: place.start()] + self.tags(address) + TAGS.sub("", page[place.start() :])


def address_of(scope: Scope) -> str:
    """Where a visitor sees the page, with a slash at its end; a proxy says it in headers."""
    prefix = scope.get("root_path", "").rstrip("/")
    if prefix.startswith(("http://", "https://")):
        return f"{prefix}/"
    headers = Headers(scope=scope)
    scheme = headers.get("x-forwarded-proto", scope["scheme"])
    host = headers.get("x-forwarded-host", headers.get("host", ""))
    scheme, host = (one.partition(",")[0].strip() for one in (scheme, host))
    return f"{scheme}://{host}{prefix}/"
