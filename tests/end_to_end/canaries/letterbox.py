"""A mail server on loopback that keeps what it is sent, and the password it was sent with."""

import base64
import re
import socketserver
import threading
from email import message_from_bytes
from email.policy import default


class Letterbox(socketserver.ThreadingTCPServer):
    """Takes mail from whoever signs in."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Conversation)
        self.passwords: set[str] = set()
        self.letters: list[str] = []
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self.server_address[1])

    def last(self, pattern: str) -> str:
        """Give the first group of a pattern's match in the newest letter."""
        found = re.search(pattern, self.letters[-1], re.MULTILINE)
        assert found is not None, "the letter has no such thing"
        return found[1]

    def stop(self) -> None:
        """End it."""
        self.shutdown()
        self.server_close()


class _Conversation(socketserver.StreamRequestHandler):
    server: Letterbox

    def handle(self) -> None:
        """Speak as much SMTP as Django's client needs."""
        self._say("220 letterbox")
        for line in self.rfile:
            word, _, rest = line.decode().strip().partition(" ")
            match word.upper():
                case "EHLO":
                    self._say("250-letterbox", "250 AUTH PLAIN")
                case "AUTH":
                    self.server.passwords.add(base64.b64decode(rest.split()[-1]).decode().split("\0")[-1])
                    self._say("235 welcome")
                case "DATA":
                    self._say("354 go on")
                    self.server.letters.append(self._read_letter())
                    self._say("250 kept")
                case "QUIT":
                    self._say("221 bye")
                    return
                case _:
                    self._say("250 fine")

    def _say(self, *lines: str) -> None:
        self.wfile.write("".join(f"{line}\r\n" for line in lines).encode())

    def _read_letter(self) -> str:
        lines = []
        for line in self.rfile:
            if line == b".\r\n":
                break
            lines.append(line)
        letter = message_from_bytes(b"".join(lines), policy=default)
        return str(letter.get_content())
