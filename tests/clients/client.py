"""The official Python client as a program: takes commands as JSON lines, tells what happens as JSON lines.

Commands and words are those of client.mjs; tests/src/realtime.rs drives both.
"""

import asyncio
import json
import os
import sys

# Installed elsewhere, see scripts/setup-test.sh.
sys.path.insert(0, os.environ["ORQESTRA_TEST_CLIENTS"] + "/python")

from centrifuge import Client, ClientEventHandler, SubscriptionEventHandler  # noqa: E402


def tell(what, **more):
    sys.stdout.write(json.dumps({"is": what, **more}) + "\n")
    sys.stdout.flush()


class ClientEvents(ClientEventHandler):
    async def on_connected(self, ctx):
        tell("connected")

    async def on_connecting(self, ctx):
        tell("connecting", code=ctx.code, reason=ctx.reason)

    async def on_disconnected(self, ctx):
        tell("disconnected", code=ctx.code, reason=ctx.reason)

    async def on_error(self, ctx):
        tell("error", code=getattr(ctx, "code", 0), reason=str(getattr(ctx, "error", "")))


class SubscriptionEvents(SubscriptionEventHandler):
    def __init__(self, channel):
        self.channel = channel

    async def on_subscribed(self, ctx):
        tell("subscribed", channel=self.channel, wasRecovering=ctx.was_recovering, recovered=ctx.recovered)

    async def on_unsubscribed(self, ctx):
        tell("unsubscribed", channel=self.channel, code=ctx.code, reason=ctx.reason)

    async def on_publication(self, ctx):
        tell("publication", channel=self.channel, data=ctx.pub.data, offset=ctx.pub.offset or 0)


async def main():
    tokens = asyncio.Queue()
    client = None

    async def get_token():
        tell("token_asked")
        return await tokens.get()

    loop = asyncio.get_running_loop()
    lines = asyncio.StreamReader(limit=1 << 20)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    tell("ready")
    while line := await lines.readline():
        command = json.loads(line)
        match command["do"]:
            case "connect":
                if client is None:
                    client = Client(
                        command["url"],
                        events=ClientEvents(),
                        token=command.get("token", ""),
                        get_token=get_token,
                        min_reconnect_delay=0.05,
                        max_reconnect_delay=0.5,
                        proxy=None,
                    )
                asyncio.create_task(client.connect())
            case "token":
                tokens.put_nowait(command["token"])
            case "subscribe":
                channel = command["channel"]
                subscription = client.new_subscription(
                    channel,
                    events=SubscriptionEvents(channel),
                    positioned=True,
                    recoverable=True,
                    min_resubscribe_delay=0.05,
                    max_resubscribe_delay=0.5,
                )
                asyncio.create_task(subscription.subscribe())
            case "disconnect":
                asyncio.create_task(client.disconnect())


asyncio.run(main())
