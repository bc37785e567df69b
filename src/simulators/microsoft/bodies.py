"""An event's body: the HTML that Exchange makes of what was sent, and the part in it that carries the Teams meeting.

https://learn.microsoft.com/en-us/graph/outlook-calendar-online-meetings shows both; the words here are our own.
"""

import re
from html import escape, unescape

RULE = '<div style="width:100%"><span style="color:gray">' + "_" * 80 + "</span></div>"
PREVIEW_LENGTH = 255


def from_request(body: dict[str, str] | None) -> str:
    """The HTML that is kept for an itemBody; text becomes HTML, and a fragment a document."""
    content = (body or {}).get("content", "")
    if (body or {}).get("contentType", "text").lower() == "text":
        content = escape(content).replace("\n", "<br>\r\n")
    if "<html" in content.lower():
        return content
    head = '<meta http-equiv="Content-Type" content="text/html; charset=utf-8">'
    return f"<html>\r\n<head>\r\n{head}\r\n</head>\r\n<body>\r\n{content}\r\n</body>\r\n</html>\r\n"


def with_meeting(html: str, join_url: str, conference: str) -> str:
    """The body with the meeting's part at its end."""
    part = (
        f'{RULE}\r\n<div class="me-email-text"><a class="me-email-headline" href="{escape(join_url)}">Join the'
        f" simulated Teams meeting</a>\r\n<div>Meeting ID: {conference}</div></div>\r\n{RULE}\r\n"
    )
    before, closing, after = html.rpartition("</body>")
    return before + part + closing + after if closing else html + part


def keeps_meeting(html: str, join_url: str) -> bool:
    """Whether the meeting's part is still there."""
    return "me-email-headline" in html and (join_url in html or escape(join_url) in html)


def preview(html: str) -> str:
    """The beginning of the body as text."""
    inner = re.sub(r"<head>.*?</head>", "", html, flags=re.DOTALL | re.IGNORECASE)
    text = unescape(re.sub(r"<[^>]+>", "", inner))
    return re.sub(r"(\s*\r?\n\s*)+", "\r\n", text).strip()[:PREVIEW_LENGTH]
