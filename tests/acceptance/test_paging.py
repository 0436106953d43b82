"""Whom it wakes, and how often: real workers, a real broker, and the envelopes that reach a real server for Sentry."""

from __future__ import annotations

from collections import Counter
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from tasks.orders import hash_email
from tests.acceptance.kit import Shop, WorkerProcess, code, eventually, order
from tests.acceptance.kit.ingest import Ingest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.acceptance.kit import System
    from worker.dev.sandbox import Sandbox

DYING = Shop("pagedead", number="7001", api_key="key-of-pagedead")
ILL = Shop("pageill", number="7002", api_key="key-of-pageill")
LOCKED = Shop("pagelocked", number="7003", api_key="wrong-key-of-pagelocked")
HANGING = Shop("pagehangs", number="7004", api_key="key-of-pagehangs")


def fingerprints(ingest: Ingest) -> Counter[tuple[str, ...]]:
    return Counter(tuple(event["fingerprint"]) for event in ingest.pages())


def page(ingest: Ingest, alarm: str) -> dict[str, Any]:
    """The only page of that name, once it has come."""
    (only,) = eventually(lambda: [one for one in ingest.pages() if one["tags"]["alarm"] == alarm], what=alarm)
    return only


def lines(name: str, *workers: WorkerProcess) -> list[dict[str, Any]]:
    return [entry for worker in workers for entry in worker.entries(name)]


def test_each_trouble_is_told_once_by_one_of_the_workers(make_system: Callable[..., System], partners: Sandbox) -> None:
    with Ingest() as ingest:
        system = make_system(DYING, ILL, LOCKED, SENTRY_DSN=ingest.dsn)
        system.environment["SENTRY_ENVIRONMENT"] = "staging"
        with system.worker("one") as one, system.worker("two") as two:
            partners.fail("503", partner="sovendus", account=ILL.number)
            dead = [code(f"EXPIRED-PD-{n}", "uniqodo", validation_key="vk-4711") for n in range(40)]
            system.emit(order(DYING, "1", *dead, email="j4ne@example.com"), order(LOCKED, "2", code("PL-1", "uniqodo")))
            system.send(*(order(ILL, str(n), code(f"ILL-{n}")) for n in range(12)))

            died = page(ingest, "dead_letters")
            assert died["fingerprint"] == ["redeem", "dead letter", "uniqodo", "pagedead", "rejected", "202"]
            assert (died["level"], died["environment"], died["release"]) == (
                "warning", "staging", f"redeem@{version('redeem')}",
            )  # fmt: skip
            assert died["tags"]["partner"] == "uniqodo"
            assert died["extra"]["money"] == {"EUR": "49.90"}
            assert died["extra"]["id"].startswith("uniqodo:pagedead:1:EXPIRED-PD-")
            assert "redeem dead list --partner uniqodo --shop pagedead" in died["extra"]["press"]
            assert (page(ingest, "key_refused")["level"], page(ingest, "breaker_opened")["level"]) == (
                "error",
                "warning",
            )

            partners.clear_faults()
            assert page(ingest, "breaker_closed")["level"] == "info"
            assert fingerprints(ingest) == {
                ("redeem", "dead letter", "uniqodo", "pagedead", "rejected", "202"): 1,
                ("redeem", "breaker", "uniqodo", "pagelocked"): 1,
                ("redeem", "breaker", "sovendus", "pageill"): 2,
            }
            assert len(ingest.items()) == len(ingest.pages()), "and nothing else: transient failures are no news"
            for alarm in ("dead_letters", "key_refused", "breaker_opened", "breaker_closed"):
                (line,) = lines(f"page.{alarm}", one, two)
                assert line["level"] == page(ingest, alarm)["level"]
            (line,) = lines("page.dead_letters", one, two)
            told = {name: line[name] for name in ("partner", "shop", "reason", "error_code", "money")}
            assert told == {
                "partner": "uniqodo", "shop": "pagedead", "reason": "rejected", "error_code": "202",
                "money": {"EUR": "49.90"},
            }  # fmt: skip
            counted = system.ledger.redis.hgetall(system.ledger.key("pages"))
            assert counted["dead_letters|uniqodo:pagedead"] == "1"
        text = b"".join(ingest.envelopes())
        for needle in (b"j4ne", hash_email("j4ne@example.com").encode(), b"vk-4711", b"key-of-page"):
            assert needle not in text


def test_a_sentry_that_does_not_answer_holds_up_nothing(make_system: Callable[..., System]) -> None:
    with Ingest(hangs=True) as ingest:
        system = make_system(HANGING, SENTRY_DSN=ingest.dsn)
        with system.worker() as worker:
            fine = [order(HANGING, str(n), code(f"FINE-PH-{n}")) for n in range(50)]
            system.emit(order(HANGING, "dead", code("EXPIRED-PH", "uniqodo")))
            eventually(ingest.envelopes, what="an envelope that nobody answers")
            assert {record.state.value for record in system.until_settled(system.emit(*fine))} == {"redeemed"}
            # The SDK waits for an answer for half a minute, the end of a worker for two seconds.
            assert worker.stop(grace=20) == 0
