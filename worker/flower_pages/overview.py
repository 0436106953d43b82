"""/overview: is something wrong, how much money is it, why, and what to press; then every account in numbers."""

from __future__ import annotations

from tornado.web import HTTPError, authenticated

from tasks import audit
from tasks.identity import UNROUTED
from tasks.ledger import Account, Ledger
from tasks.runtime import Runtime
from tasks.standing.status import AccountStatus, accounts_of, percentile
from worker.flower_pages.current import CurrentPage
from worker.flower_pages.headline import headline
from worker.flower_pages.plots import days_plot

ACTIONS = ("pause", "resume")


class Overview(CurrentPage):
    """The page, and all that changes of it where `fragment` is asked for."""

    @authenticated
    async def get(self) -> None:
        """How things stand."""
        snapshot = await self.snapshot()
        self.show(
            "overview_part.html" if self.is_fragment else "overview.html",
            snapshot=snapshot,
            headline=headline(snapshot),
            rows=[row for row in snapshot.rows if row.partner not in ("", UNROUTED)],
            elsewhere=[
                f"{row.partner} {row.shop}"
                for row in snapshot.rows
                if row.health and row.health.here not in (None, "same")
            ],
            homeless=sum(row.states["dead"] for row in snapshot.rows if row.partner in ("", UNROUTED)),
            percentile=percentile,
            days_plot=days_plot,
        )


class AccountPage(CurrentPage):
    """Asks whether an account shall be paused or resumed, and does it."""

    @authenticated
    async def get(self) -> None:
        """The question. Changes nothing."""
        self.refuse_if_read_only()
        action = self._action(self.get_query_argument("action", ""))
        account = await self._account(
            self.get_query_argument("partner", "") or "", self.get_query_argument("shop", "") or ""
        )
        snapshot = await self.snapshot()
        row = next(
            (one for one in snapshot.rows if (one.partner, one.shop) == (account.partner, account.shop)),
            AccountStatus(account.partner, account.shop),
        )
        self.show("account.html", action=action, row=row)

    @authenticated
    async def post(self) -> None:
        """Do it, and go back to the overview."""
        self.refuse_if_read_only()
        action = self._action(self.get_body_argument("action", ""))
        account = await self._account(
            self.get_body_argument("partner", "") or "", self.get_body_argument("shop", "") or ""
        )
        await self.in_thread(act_on_account, self.ledger, action, account, self.who)
        self.changed()
        self.redirect(self.link("overview"), status=303)

    def _action(self, action: str | None) -> str:
        if action not in ACTIONS:
            raise HTTPError(400, "neither pause nor resume")
        return action

    async def _account(self, partner: str, shop: str) -> Account:
        found = await self.in_thread(_find, self.runtime, partner, shop)
        if found is None:
            raise HTTPError(404, "There is no such account.")
        return found


def act_on_account(ledger: Ledger, action: str, account: Account, who: str) -> bool:
    """Pause or resume it, with an entry in the audit trail; False where it was so already.

    Raises redis.RedisError.
    """
    changed = ledger.pause(account, by=who) if action == "pause" else bool(ledger.resume(account))
    if changed:
        audit.record(ledger, action, count=1, what=account.name, who=who)
    return changed


def _find(runtime: Runtime, partner: str, shop: str) -> Account | None:
    return next((one for one in accounts_of(runtime) if (one.partner, one.shop) == (partner, shop)), None)
