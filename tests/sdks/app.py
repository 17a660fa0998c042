# A program with the real Python SDK: an error with an attachment, a trace, log lines, a job that reports, a session.
import logging
import os

import sentry_sdk
from sentry_sdk.crons import monitor

sentry_sdk.init(
    dsn=os.environ["DSN"],
    release="backend@1.4.0",
    environment="production",
    traces_sample_rate=1.0,
    enable_logs=True,
    auto_session_tracking=True,
)
client = sentry_sdk.get_client()
sentry_sdk.set_user({"id": "7", "email": "ada@example.com"})
sentry_sdk.set_tag("plan", "pro")


def charge(order):
    total = order["total"]
    raise ValueError(f"order {order['id']} cannot be charged {total}")


@monitor(
    monitor_slug="nightly-report",
    monitor_config={
        "schedule": {"type": "crontab", "value": "5 2 * * *"},
        "timezone": "Europe/Berlin",
        "checkin_margin": 5,
        "max_runtime": 20,
    },
)
def report():
    return 42


with sentry_sdk.isolation_scope() as scope:
    scope.start_session()
    with sentry_sdk.start_transaction(op="http.server", name="/orders/{id}/charge", source="route"):
        with sentry_sdk.start_span(op="db", name="SELECT * FROM orders WHERE id = %s"):
            logging.getLogger("shop").warning("order 17 is late")
        sentry_sdk.logger.info("charging order {id}", id=17)
        try:
            charge({"id": 17, "total": 990})
        except ValueError as error:
            scope.add_attachment(bytes=b"the order as it was", filename="order.txt", content_type="text/plain")
            print(sentry_sdk.capture_exception(error))
    scope.end_session()
report()
sentry_sdk.flush(timeout=10)
client.close(timeout=10)
