"""The partner sandbox: Sovendus' and Uniqodo's redemption APIs on this machine, with faults on demand.

Partners (the base URL of both is the sandbox's own URL)
  POST /redeem/{trafficSourceNumber}                    Sovendus; number 9999 is "wrong" and answers 500
  GET  /redeem/{apiKey}/{code}/{merchantId}?orderId=…   Uniqodo; a key that starts with "wrong" answers 101

Uniqodo's errors, by a word in the code (no letter may touch it)
  REDEEMED 201   EXPIRED 202   UNKNOWN 204   EXHAUSTED 206   ODD 209   LIMIT 210   ERRnnn nnn
  A Uniqodo code works once: its second redemption answers 201. Codes are compared case-insensitively.

Faults, by a mark in the code of either partner:  <sign><FAULT>[x<times>][@<parameter>]
  sign   - the fault instead of the redemption      + the redemption is booked, then the fault
  times  how many calls with this code fail, then it works: 1 unless said, * for all
  Several marks play one after the other: SUMMER-503x2+HANG is 503, 503, booked without an answer, then works.

  FAULT      what the caller sees                       @parameter
  300 … 599  this status; in a code it needs x or @     Retry-After, in seconds (429: 1 unless said)
  HANG       no answer until the caller gives up        closes after so many seconds
  TIMEOUT    the same as +HANG
  RESET      the connection is reset (RST)
  CLOSE      the connection is closed without a word
  GARBAGE    200 with a page that is not JSON
  TRUNCATED  200 whose body ends too early
  EMPTY      200 without a body
  NOISE      bytes that are not HTTP
  HUGE       200 with a body that is far too large      MiB (64)
  SLOW       the right answer, late                     seconds (1)
  DRIP       the right answer, byte by byte             seconds a byte (0.2)
  HINTS      103 Early Hints, then the right answer
  HANGUP     the right answer, then the connection is closed unannounced
  SLOW, DRIP, HINTS and HANGUP always redeem: -SLOW waits before it, +SLOW after it.

Control (JSON in and out; lists are JSON Lines)
  GET    /_sandbox/calls            every call received: raw path, headers, body, status, fault, committed
  GET    /_sandbox/redemptions      what is booked, by partner, account, order and code, and how often
         both take ?partner= &account= &order_id= &code=
  DELETE /_sandbox/books            forget both, and which codes are used up
  POST   /_sandbox/faults           {"fault": "503@2", "times": 5, "partner": "uniqodo", "account": "k1"}
                                    and "order_id", "code"; all but "fault" optional; no times: until cleared
                                    or {"mix": {"503": 0.1, "+HANG": 0.02}, "seed": 7, …}: chances a call
  GET    /_sandbox/faults           the standing faults
  DELETE /_sandbox/faults           clear them; ?partner= … only those set for it
  GET    /_sandbox/policy           who is accepted
  PATCH  /_sandbox/policy           {"accepted_keys": ["k1"] or null, "wrong_ids": ["9999"],
                                     "error_status": 200, "error_code_as_text": false,
                                     "require_validation_key": false}
  POST   /_sandbox/reset            everything as at the start

  curl -d '{"fault": "503", "partner": "uniqodo", "times": 5}' URL/_sandbox/faults
"""

from __future__ import annotations

GUIDE = __doc__ or ""
"""What `GET /` and `redeem sandbox --help` print: the one description of the sandbox."""
