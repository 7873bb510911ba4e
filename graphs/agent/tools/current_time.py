"""Tells the model what its weights cannot know: the time."""

from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from langchain_core.tools import ToolException, tool


@tool
def current_time(time_zone: str = "UTC") -> str:
    """Tell the current date and time in a time zone, named as in "Europe/Berlin" or "UTC"."""
    try:
        zone = ZoneInfo(time_zone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ToolException("There is no such time zone. Use an IANA name such as Europe/Berlin.") from error
    now = datetime.now(zone)
    return f"{now.isoformat(timespec='seconds')} ({now:%A}, {time_zone})"


current_time.handle_tool_error = True
