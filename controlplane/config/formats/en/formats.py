"""Dates that sort, fit a column and tell the second: what is looked for here is when exactly."""

DATE_FORMAT = "Y-m-d"
TIME_FORMAT = "H:i:s"
DATETIME_FORMAT = "Y-m-d H:i:s"
