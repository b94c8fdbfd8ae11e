"""A mail server that speaks as much SMTP (RFC 5321) as a client needs, and keeps what it takes."""

import socketserver
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import Message
from email.policy import default


@dataclass
class Mailbox:
    """What the server does: with `code` other than 250 it refuses every recipient."""

    code: int = 250
    taken: list[Message] = field(default_factory=list)


class Session(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        self._say("220 mail.example.com")
        for line in self.rfile:
            verb = line[:4].upper()
            if verb == b"QUIT":
                self._say("221 bye")
                return
            if verb == b"RCPT":
                self._say(f"{self.mailbox.code} recipient")
            elif verb == b"DATA":
                self._take()
            else:
                self._say("250 ok")

    @property
    def mailbox(self) -> Mailbox:
        return self.server.mailbox

    def _take(self) -> None:
        self._say("354 go on")
        lines = []
        while (line := self.rfile.readline()) != b".\r\n":
            lines.append(line[1:] if line.startswith(b".") else line)  # the client doubles a dot that begins a line
        self.mailbox.taken.append(message_from_bytes(b"".join(lines), policy=default))
        self._say("250 taken")

    def _say(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())


class MailServer(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Session)
        self.mailbox = Mailbox()
