"""A real SMTP server (aiosmtpd) whose behaviour the local part of the recipient's address chooses.

Every message that was accepted is a line of JSON in the file named by the first argument, written and flushed before
the server answers. The local part, up to a `+`, is one of:

  fail451-N   the first N tries are answered 451 after the content; then it is taken
  fail550     RCPT is answered 550
  cut-N       the first N tries are taken and the connection is cut before the answer; then it is answered
  lose-N      the first N tries are not taken and the connection is cut instead of an answer
  hang-N      the first N tries are not taken and get no answer at all
  stall-N     the first N tries are taken and get no answer at all
  anything else is taken

The second argument is `host:port`; port 0 picks a free one. The port is the first line of standard output.

With `starttls` or `tls` as the third argument the server speaks TLS with the certificate and key of the PEM files in
the fourth and fifth, and takes mail only from who authenticates as `shop` with `hunter2`.
"""

import asyncio
import email
import email.policy
import json
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword


class Handler:
    def __init__(self, path):
        self.file = open(path, "a", encoding="utf-8")
        self.tries = {}

    def turn(self, address, behaviour):
        """Whether this try still counts among the first N of the behaviour."""
        name = address.split("@")[0].split("+")[0]
        if not name.startswith(behaviour + "-"):
            return False
        self.tries[address] = self.tries.get(address, 0) + 1
        return self.tries[address] <= int(name[len(behaviour) + 1 :])

    async def handle_RCPT(self, server, session, envelope, address, rcpt_options):
        if address.startswith("fail550"):
            return f"550 5.1.1 <{address}>: no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        address = envelope.rcpt_tos[0]
        if self.turn(address, "fail451"):
            return "451 try again later"
        if self.turn(address, "hang"):
            await asyncio.sleep(3600)
        if self.turn(address, "lose"):
            server.transport.abort()
            return "250 OK"
        self.keep(session, envelope)
        if self.turn(address, "stall"):
            await asyncio.sleep(3600)
        if self.turn(address, "cut"):
            server.transport.abort()
        return "250 OK"

    def keep(self, session, envelope):
        content = envelope.original_content
        if envelope.smtp_utf8:
            message = email.message_from_string(content.decode("utf-8"), policy=email.policy.SMTPUTF8)
        else:
            message = email.message_from_bytes(content, policy=email.policy.default)
        bodies = {}
        for part in message.walk():
            if not part.is_multipart():
                bodies[part.get_content_type()] = part.get_content()
        mailboxes = {
            name: [[mailbox.display_name, mailbox.addr_spec] for mailbox in message[name].addresses]
            for name in ("from", "to")
        }
        line = {
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "headers": {name.lower(): str(value) for name, value in message.items()},
            "mailboxes": mailboxes,
            "bodies": bodies,
        }
        self.file.write(json.dumps(line) + "\n")
        self.file.flush()


def authenticate(server, session, envelope, mechanism, data):
    return AuthResult(success=data == LoginPassword(b"shop", b"hunter2"), handled=False)


def manners(mode, certificate, key):
    """What the mode adds to every connection, and the context of a server that encrypts from the start."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    more = {"authenticator": authenticate, "auth_required": True}
    if mode == "tls":
        # Its connections are encrypted below what it knows of.
        return more | {"auth_require_tls": False}, context
    return more | {"tls_context": context, "require_starttls": True}, None


async def main(path, address, *tls):
    host, port = address.rsplit(":", 1)
    handler = Handler(path)
    loop = asyncio.get_running_loop()
    more, context = manners(*tls) if tls else ({}, None)

    def connection():
        return SMTP(handler, hostname="smtp.test", enable_SMTPUTF8=True, loop=loop, timeout=3600, **more)

    server = await loop.create_server(connection, host, int(port), ssl=context)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


asyncio.run(main(*sys.argv[1:]))
