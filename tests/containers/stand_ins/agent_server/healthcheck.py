"""Ends with 0 while the server answers."""

from urllib.request import urlopen

urlopen("http://127.0.0.1:8000/ok", timeout=4)
