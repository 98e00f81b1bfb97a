"""A consumer of the notifications topic that is written from docs/stream.md and docs/events.md alone.

It folds the topic into the status of each delivery, reading the topic TIMES times, and prints one JSON object a delivery. It
ends with status 1 where a record or a tick says that events are missing.

usage: fold.py BROKERS TOPIC HEAD TIMES, where HEAD is the position up to which every partition has to be complete.
"""

import json
import sys
import time

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaException, TopicPartition

ENDS_WITHIN = 60


def headers_of(message):
    return {name: value.decode() for name, value in message.headers() or []}


class Deliveries:
    """The status of each delivery, by (tenant, notification, channel)."""

    def __init__(self):
        self.all = {}

    def fold(self, name, subject, event):
        tenant, notification = subject.split("/")
        if name == "NotificationAccepted":
            for line in event["plan"]:
                outcome = line["outcome"]
                self.all[tenant, notification, line["channel"]] = {
                    "tenant": tenant,
                    "notification": notification,
                    "channel": line["channel"],
                    "status": outcome["state"],
                    "reason": outcome.get("reason"),
                    "attempts": 0,
                    "cause": None,
                    "possibleDuplicate": False,
                }
            return
        delivery = self.all.get((tenant, notification, event.get("channel")))
        if delivery is None:
            return
        if name == "AttemptStarted":
            delivery["status"] = "SENDING"
            delivery["attempts"] = max(delivery["attempts"], event["attempt"])
            delivery["possibleDuplicate"] |= event.get("possibleDuplicate", False)
        elif name == "AttemptSucceeded":
            delivery["status"] = "SENT"
        elif name == "AttemptFailed":
            delivery["cause"] = event["cause"]
            if "nextDue" in event:
                delivery["status"] = "RETRYING"
        elif name == "AttemptOutcomeUnknown":
            delivery["cause"] = event.get("cause", delivery["cause"])
            if "resendDue" in event:
                delivery["status"] = "RETRYING"
            elif not event.get("settles", False):
                delivery["status"] = "UNKNOWN"
        elif name == "OutcomeResolved":
            delivery["status"] = {"delivered": "SENT", "resend": "RETRYING", "drop": "FAILED"}[event["resolution"]]
            if event["resolution"] == "drop":
                delivery["cause"] = "dropped"
        elif name == "DeliveryHeld":
            delivery["status"], delivery["cause"] = "UNKNOWN", event["cause"]
        elif name == "ReceiptRecorded":
            if event.get("proves", False):
                delivery["status"] = "SENT"
        elif name == "DeliveryRequeued":
            delivery["status"], delivery["reason"] = "RETRYING", None
        elif name == "DeliveryAbandoned":
            delivery["status"], delivery["cause"] = "FAILED", event["cause"]
        elif name == "DeliverySkipped":
            delivery["status"], delivery["reason"] = "SKIPPED", event["reason"]


def read(consumer, topic, head, handled, deliveries):
    """Reads the topic from its beginning until each partition is complete up to the head."""
    partitions = sorted(consumer.list_topics(topic, 10).topics[topic].partitions)
    consumer.assign([TopicPartition(topic, partition, OFFSET_BEGINNING) for partition in partitions])
    complete, until = dict.fromkeys(partitions, 0), time.monotonic() + ENDS_WITHIN
    while min(complete.values()) < head:
        if time.monotonic() > until:
            sys.exit(f"partitions are complete up to {complete}, expected {head}")
        message = consumer.poll(1)
        if message is None:
            continue
        if message.error():
            raise KafkaException(message.error())
        headers, partition = headers_of(message), message.partition()
        position, after = int(headers["ce_position"]), int(headers["ce_after"])
        if after > max(handled[partition], complete[partition]):
            sys.exit(f"partition {partition}: events between {handled[partition]} and {after} are missing")
        complete[partition] = max(complete[partition], position)
        if headers["ce_type"] == "orqestra.tick" or position <= handled[partition]:
            continue
        handled[partition] = position
        if headers["ce_aggregatetype"] == "Notification":
            name = headers["ce_type"].removeprefix("orqestra.")
            deliveries.fold(name, headers["ce_subject"], json.loads(message.value())[name])


def main():
    brokers, topic, head, times = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    consumer = Consumer({"bootstrap.servers": brokers, "group.id": "fold", "enable.auto.commit": False})
    deliveries = Deliveries()
    handled = dict.fromkeys(range(1000), 0)
    for _ in range(times):
        read(consumer, topic, head, handled, deliveries)
    consumer.close()
    for delivery in deliveries.all.values():
        print(json.dumps(delivery))


if __name__ == "__main__":
    main()
