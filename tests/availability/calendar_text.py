"""Calendar files for tests."""


def event(*lines: str, uid: str = "1") -> str:
    return "\r\n".join(["BEGIN:VEVENT", f"UID:{uid}", "DTSTAMP:20261101T000000Z", *lines, "END:VEVENT"])


def calendar(*parts: str) -> bytes:
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Tests//EN", *parts, "END:VCALENDAR", ""]
    return "\r\n".join(lines).encode()


NINE_TO_TEN = event("DTSTART:20261201T090000Z", "DTEND:20261201T100000Z", "SUMMARY:Dentist")
